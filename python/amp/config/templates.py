"""Reads the template files of a configuration (Upstream: template/template.go FromGlobs)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from amp.config.glob import glob
from amp.errors import ConfigError

if TYPE_CHECKING:
    from amp.config.schema import Config

MAX_FILE_BYTES = 8 << 20


def load_templates(config: Config) -> list[tuple[str, str]]:
    """(base name, text) of every template file, in the order in which later ones win.

    Raises:
        ConfigError: for a malformed pattern or a file that cannot be read.
    """
    return [
        (Path(path).name, _read(path, f"templates[{index}]"))
        for index, pattern in enumerate(config.templates)
        for path in glob(pattern, f"templates[{index}]")
    ]


def _read(path: str, key: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"failed to parse templates: open {path}: {reason}", file=path, key=key
        ) from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(
            f"failed to parse templates: {path} is larger than {MAX_FILE_BYTES} bytes",
            file=path,
            key=key,
        )
    return raw.decode(errors="replace")
