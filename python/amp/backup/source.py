"""What a backup is made of: all tables of a store as they were at one moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from amp.backup.sqlite import SqliteSource
from amp.errors import AmpError, BackupError
from amp.history.retention import Budget
from amp.history.url import history_for
from amp.options import Options
from amp.store.schema import migrations
from amp.store.url import store_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from amp.backup.table import Row, Table
    from amp.history.base import HistoryStore


class Source(Protocol):
    """A store that stands still while it is read.

    Attributes:
        dialect: `sqlite` or `postgres`.
        state_schema: version of the state's tables.
        history_schema: version of the history's tables, 0 without any.
    """

    dialect: str
    state_schema: int
    history_schema: int

    def rows(self, table: Table) -> Iterator[list[Row]]:
        """All rows of a table, ordered by its key, some at a time.

        Raises:
            BackupError: they cannot be read.
        """

    def close(self) -> None:
        """Lets go of everything."""


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Source]:
    """The store that the server would use, at this moment. A server may run meanwhile.

    Args:
        url: a libpq URL; empty for SQLite.
        folder: `--storage.path`.

    Raises:
        BackupError: there is none, it cannot be read, or another release made it.
    """
    source: Source
    if not url:
        source = SqliteSource(folder)
    else:
        try:
            store_for(url, folder)  # checks the address and that PostgreSQL can be used
        except AmpError as error:
            raise BackupError(str(error)) from error
        # Not before: PostgreSQL is an extra.
        from amp.backup.postgres import PostgresSource

        source = PostgresSource(url)
    try:
        _check("state", source.state_schema, source.dialect)
        if source.history_schema:
            _check("history", source.history_schema, f"history_{source.dialect}")
        yield source
    finally:
        source.close()


def history_of(url: str, folder: Path) -> HistoryStore:
    """The store of the history, not open. The URL was checked before."""
    return history_for(url, folder, Budget(Options().history_retention_seconds))


def _check(what: str, version: int, folder: str) -> None:
    newest = migrations(folder)[-1].version
    if version > newest:
        raise BackupError(
            f"the {what} has schema version {version}, this release knows {newest}: "
            "a newer release wrote it"
        )
    if version < newest:
        raise BackupError(
            f"the {what} has schema version {version}, this release {newest}: "
            "start this release on it once, or run amp migrate up"
        )
