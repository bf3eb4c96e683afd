"""Looks into `amp.db` and `history.db` without changing a byte beside or in them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

TABLES = ("alert", "silence", "notification_log")
BUSY_SECONDS = 5.0
MOST_COPIED_BYTES = 64 << 20
"""Of a larger file that nobody closed, only what its log was worked into is looked at."""


def count(file: Path) -> dict[str, int]:
    """Rows of each table of the state.

    Raises:
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    return asked(file, _counts)


def schema(file: Path) -> int:
    """The version of its tables; 0 before the first.

    Raises:
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    return asked(file, _version)


def bounds(file: Path) -> tuple[int | None, int | None]:
    """When the first and the last event of a history were, None without any.

    Raises:
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    return asked(file, _bounds)


def asked(file: Path, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """What a question says of a database.

    Raises:
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    log, index = Path(f"{file}-wal"), Path(f"{file}-shm")
    if not log.exists() or (not index.exists() and log.stat().st_size == 0):
        # Closed for good: without the promise that nobody writes SQLite would make both files.
        return _asked(file, "mode=ro&immutable=1", question)
    if index.exists():
        try:
            # A server runs, or was killed: its index is read and not written.
            return _asked(file, "mode=ro&readonly_shm=1", question)
        except sqlite3.OperationalError:
            pass  # the index is of no use to one who may not write it
    if file.stat().st_size > MOST_COPIED_BYTES:
        return _asked(file, "mode=ro&immutable=1", question)
    return _asked_copy(file, log, question)


def _asked_copy(file: Path, log: Path, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """Of a copy, in which SQLite may work through the log."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return _asked(copy, "mode=rw", question)


def _asked(file: Path, how: str, question: Callable[[sqlite3.Connection], Answer]) -> Answer:
    address = f"file:{quote(str(file.absolute()))}?{how}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return question(connection)


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {
        table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in TABLES
    }


def _version(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    return int(row[0] or 0)


def _bounds(connection: sqlite3.Connection) -> tuple[int | None, int | None]:
    first, last = connection.execute(
        "SELECT (SELECT at_ns FROM event ORDER BY seq LIMIT 1),"
        " (SELECT at_ns FROM event ORDER BY seq DESC LIMIT 1)"
    ).fetchone()
    return first, last
