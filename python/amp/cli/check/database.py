"""Counts what is in `amp.db` without changing a byte beside or in it."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

TABLES = ("alert", "silence", "notification_log")
BUSY_SECONDS = 5.0


def count(file: Path) -> dict[str, int]:
    """Rows of each table.

    Raises:
        sqlite3.Error: it cannot be read.
        OSError: it cannot be read.
    """
    log, index = Path(f"{file}-wal"), Path(f"{file}-shm")
    if not log.exists() or (not index.exists() and log.stat().st_size == 0):
        # Closed for good: without the promise that nobody writes SQLite would make both files.
        return _count(file, "mode=ro&immutable=1")
    if index.exists():
        try:
            # A server runs, or was killed: its index is read and not written.
            return _count(file, "mode=ro&readonly_shm=1")
        except sqlite3.OperationalError:
            pass  # the index is of no use to one who may not write it
    return _count_copy(file, log)


def _count_copy(file: Path, log: Path) -> dict[str, int]:
    """Of a copy, in which SQLite may work through the log."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return _count(copy, "mode=rw")


def _count(file: Path, how: str) -> dict[str, int]:
    address = f"file:{quote(str(file.absolute()))}?{how}"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA query_only = ON")
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in TABLES
        }
