"""The numbered SQL files that make and change the tables, state's and history's."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from amp.errors import AmpError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    import psycopg

STATE_VERSIONS = "schema_version"
HISTORY_VERSIONS = "history_schema_version"
"""PostgreSQL's table of the history's versions: both live in one database there."""

MIGRATION_LOCK = 0x616D70
"""The advisory lock under which PostgreSQL's tables are made."""


class Migration(NamedTuple):
    """One file: its number, its name and its statements."""

    version: int
    name: str
    statements: list[str]


def migrations(folder: str) -> list[Migration]:
    """The files of a folder (`sqlite`, `postgres`, `history_sqlite`, …) in order."""
    place = resources.files("amp.store") / "migrations" / folder
    files = sorted((item for item in place.iterdir() if item.name.endswith(".sql")), key=str)
    return [
        Migration(
            int(item.name.split("_", 1)[0]),
            item.name.removesuffix(".sql"),
            [part for part in item.read_text(encoding="utf-8").split(";\n") if part.strip()],
        )
        for item in files
    ]


def migrate(folder: str, version: int, execute: Callable[[str], object]) -> int:
    """Brings tables of `version` to the newest; the caller holds the lock and the transaction.

    Raises:
        AmpError: a newer release made the tables.
    """
    known = migrations(folder)
    newest = known[-1].version
    if version > newest:
        raise AmpError(
            f"the store has schema version {version}, this release knows {newest}: "
            "a newer release wrote it"
        )
    for migration in known:
        if migration.version > version:
            for statement in migration.statements:
                execute(statement)
    return newest


def migrate_sqlite(connection: sqlite3.Connection, folder: str) -> None:
    """Brings a file's tables to the newest, in one transaction that locks out other writers."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
        before = row[0] or 0
        after = migrate(folder, before, connection.execute)
        if after != before:
            connection.execute("INSERT INTO schema_version VALUES (?)", (after,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def migrate_postgres(connection: psycopg.Connection[Any], folder: str, versions: str) -> None:
    """Brings a database's tables to the newest, in one transaction under a lock.

    Args:
        connection: commits by itself outside transactions.
        folder: of the files.
        versions: the table that tells which ran.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {versions} (version integer NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())".encode()
        )
        row = connection.execute(f"SELECT max(version) FROM {versions}".encode()).fetchone()  # noqa: S608 - fixed names
        before = (row and row[0]) or 0
        # The text of the files has no parameters and may hold a percent sign.
        after = migrate(folder, before, lambda sql: connection.execute(sql.encode()))
        if after != before:
            connection.execute(
                f"INSERT INTO {versions} (version) VALUES (%s)".encode(),  # noqa: S608 - fixed names
                (after,),
            )
