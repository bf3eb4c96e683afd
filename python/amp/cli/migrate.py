"""`amp migrate`: which migrations of the tables ran, and running those that did not."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from amp.cli.command_line.clause import HELP, Argument, Command, UsageError
from amp.cli.command_line.request import Reader, Request
from amp.cli.command_line.usage import terminal_width
from amp.cli.command_line.value import TEXTS
from amp.cli.stored import FLAGS, Stored
from amp.errors import AmpError, StoreUnavailable
from amp.history.url import FILE as HISTORY_FILE
from amp.store.lock import FolderLock
from amp.store.schema import (
    HISTORY_VERSIONS,
    STATE_VERSIONS,
    migrate_postgres,
    migrate_sqlite,
    migrations,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAM = Command(
    "amp migrate",
    "Tells which migrations of the tables of state and history ran (status), or runs those that"
    " did not, under a lock (up). The server does the latter itself when it starts. Exit codes:"
    " 0 done, 1 failed, 2 wrong usage.",
    flags=(HELP, *FLAGS),
    argument=Argument("action", "status or up.", TEXTS),
)
ACTIONS = ("status", "up")
STATE_FILE = "amp.db"
BUSY_SECONDS = 5.0


class Part(NamedTuple):
    """Tables that are migrated together.

    Attributes:
        name: `state` or `history`.
        file: its SQLite file.
        folder: of its migrations, without the dialect.
        versions: its table of versions in PostgreSQL.
    """

    name: str
    file: str
    folder: str
    versions: str


PARTS = (
    Part("state", STATE_FILE, "", STATE_VERSIONS),
    Part("history", HISTORY_FILE, "history_", HISTORY_VERSIONS),
)


def main(arguments: Sequence[str]) -> int:
    """Tells or migrates; the exit code."""
    try:
        request = Reader(PROGRAM, version=str, width=terminal_width(os.environ)).read(arguments)
        if not isinstance(request, Request):
            print(request, end="")
            return 0
        words = request.values.texts("action")
        if len(words) != 1 or words[0] not in ACTIONS:
            raise UsageError("status or up is required")
        stored = Stored.given(request.values.given_values(), os.environ)
    except (AmpError, ValueError) as error:
        print(f"amp migrate: error: {error}, try --help", file=sys.stderr)
        return 2
    try:
        if words[0] == "up":
            _up(stored)
        for line in _status(stored):
            print(line)
    except (AmpError, OSError) as error:
        print(f"amp migrate: {error}", file=sys.stderr)
        return 1
    except sqlite3.Error as error:
        print(f"amp migrate: {stored.folder}: {error}", file=sys.stderr)
        return 1
    return 0


def _dialect(stored: Stored) -> str:
    return "postgres" if stored.url else "sqlite"


def _status(stored: Stored) -> list[str]:
    versions = _postgres_versions(stored.url) if stored.url else _sqlite_versions(stored.folder)
    lines = []
    for part in PARTS:
        version = versions[part.name]
        known = migrations(f"{part.folder}{_dialect(stored)}")
        for migration in known:
            state = "applied" if migration.version <= version else "pending"
            lines.append(f"{part.name:<8} {migration.name:<24} {state}")
        if version > known[-1].version:
            lines.append(f"{part.name:<8} {version:04d}, of a newer release    applied")
    return lines


def _sqlite_versions(folder: Path) -> dict[str, int]:
    return {part.name: _sqlite_version(folder / part.file) for part in PARTS}


def _sqlite_version(file: Path) -> int:
    """The newest migration that ran; 0 without a file."""
    if not file.exists():
        return 0
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as connection:
        made = "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
        if not connection.execute(made).fetchone()[0]:
            return 0
        return connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0


def _postgres_versions(url: str) -> dict[str, int]:
    """The newest migrations that ran; 0 without tables."""
    import psycopg

    from amp.store.postgres_line import address_of, connect, first_line

    versions = {}
    try:
        with closing(connect(address_of(url))) as connection:
            for part in PARTS:
                row = connection.execute("SELECT to_regclass(%s)", (part.versions,)).fetchone()
                found = None
                if row is not None and row[0] is not None:
                    found = connection.execute(
                        f"SELECT max(version) FROM {part.versions}".encode()  # noqa: S608 - fixed names
                    ).fetchone()
                versions[part.name] = (found and found[0]) or 0
    except psycopg.Error as error:
        raise StoreUnavailable(f"PostgreSQL: {first_line(error)}") from None
    return versions


def _up(stored: Stored) -> None:
    if stored.url:
        _up_postgres(stored.url)
    else:
        _up_sqlite(stored.folder)


def _up_postgres(url: str) -> None:
    import psycopg

    from amp.store.postgres_line import address_of, connect, first_line

    try:
        with closing(connect(address_of(url))) as connection:
            for part in PARTS:
                migrate_postgres(connection, f"{part.folder}postgres", part.versions)
    except psycopg.Error as error:
        raise StoreUnavailable(f"PostgreSQL: {first_line(error)}") from None


def _up_sqlite(folder: Path) -> None:
    """Both files, while no server uses the folder."""
    if not folder.is_dir():
        raise AmpError(f"there is no storage folder {folder}")
    lock = FolderLock(folder)
    lock.acquire()
    try:
        for part in PARTS:
            connection = sqlite3.connect(
                folder / part.file, timeout=BUSY_SECONDS, isolation_level=None
            )
            with closing(connection):
                # Before the first table, as the server does.
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                connection.execute("PRAGMA journal_mode = WAL")
                migrate_sqlite(connection, f"{part.folder}sqlite")
    finally:
        lock.release()
