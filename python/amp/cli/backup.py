"""The command line of `amp backup`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from amp.cli.command_line.clause import HELP, Argument, Command, Flag, UsageError
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.cli.command_line.value import BOOLEAN, TEXTS
from amp.cli.stored import FLAGS, Stored
from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = Command(
    "amp backup",
    "Writes all state and history into one file, from SQLite or PostgreSQL, while the server runs"
    " or not. Exit codes: 0 done, 1 failed, 2 wrong usage.",
    flags=(
        HELP,
        *FLAGS,
        Flag("history", "With the history; --no-history leaves it out.", BOOLEAN, default="true"),
    ),
    argument=Argument("file", "The file to write; - is standard output.", TEXTS),
)


def main(arguments: Sequence[str]) -> int:
    """Makes a backup; the exit code."""
    try:
        request = Reader(PROGRAM, version=str, width=terminal_width(os.environ)).read(arguments)
        if not isinstance(request, Request):
            print(request, end="")
            return 0
        target = one_file(request.values.texts("file"))
        if target == "-" and sys.stdout.isatty():
            raise UsageError("a backup is not for a terminal")
        values = request.values.given_values()
        stored = Stored.given(values, os.environ)
    except (AmpError, ValueError) as error:
        print(f"amp backup: error: {error}, try --help", file=sys.stderr)
        return 2
    begun = time.monotonic()
    try:
        rows, size = _make(target, stored, with_history=bool(values.get("history", True)))
    except BrokenPipeError:
        raise
    except (AmpError, OSError) as error:
        print(f"amp backup: {error}", file=sys.stderr)
        return 1
    print(
        f"amp backup: {told(rows)}; {size:,} bytes in {time.monotonic() - begun:.1f} s",
        file=sys.stderr,
    )
    return 0


def one_file(targets: Sequence[str]) -> str:
    """The argument.

    Raises:
        UsageError: there is none, or more than one.
    """
    if not targets:
        raise UsageError("expected a file")
    if len(targets) > 1:
        raise UsageError(f"unexpected {targets[1]}")
    return targets[0]


def told(rows: Mapping[str, int]) -> str:
    """Rows of each kind, for people."""
    names = (
        ("silence", "silences"),
        ("notification_log", "log entries"),
        ("alert", "alerts"),
        ("series", "series"),
        ("episode", "episodes"),
        ("event", "events"),
        ("delivery", "deliveries"),
    )
    return ", ".join(f"{rows[table]:,} {name}" for table, name in names if table in rows)


def _make(target: str, stored: Stored, *, with_history: bool) -> tuple[Mapping[str, int], int]:
    """Rows of each table and the size in bytes."""
    # Not before: help and wrong usage need nothing of it.
    from amp import __version__
    from amp.backup.format import Header
    from amp.backup.source import opened
    from amp.backup.write import replaced, write

    with opened(stored.url, stored.folder) as source:
        header = Header(
            time.time_ns(),
            __version__,
            source.state_schema,
            source.history_schema if with_history else 0,
        )
        if target == "-":
            return write(source, header, sys.stdout.buffer)
        with replaced(Path(target)) as file:
            return write(source, header, file)
