"""Files that a configuration names and that this user cannot read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amp.cli.check.blocks import values
from amp.cli.check.finding import WARNING, Finding
from amp.config.client_check import read_file
from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.cli.check.blocks import Block
    from amp.config.schema import Config
    from amp.fields.struct import Struct

_NAMES = ("_file", "http_headers.files")


def unreadable(config: Config, reached: list[Block]) -> Iterator[Finding]:
    """One warning for each file: the server starts, what needs the file fails."""
    root = config.root
    named = [
        *(
            (block.file, key, name)
            for block in reached
            for key, name in _files(block.config, block.key)
        ),
        *((None, key, name) for key, name in _files(root.tracing, "tracing")),
        *((None, key, name) for key, name in _files(root.event_recorder, "event_recorder")),
    ]
    told: set[str] = set()
    for file, key, name in named:
        reason = None if name in told else _reason(name)
        if reason is not None:
            told.add(name)
            yield Finding(WARNING, f"cannot be read: {reason}", file=file, key=key)


def _files(block: Struct | None, key: str) -> Iterator[tuple[str, str]]:
    for found in () if block is None else values(block, key):
        name = found.value
        if isinstance(name, str) and name and found.name.endswith(_NAMES):
            yield found.key, name


def _reason(name: str) -> str | None:
    try:
        read_file(name)
    except ConfigError as error:
        if Path(name).is_absolute():
            return error.cause
        return f"{error.cause} (relative to the folder in which the server is started)"
    return None
