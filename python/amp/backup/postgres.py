"""Reading a PostgreSQL database as it is at one moment, beside a server that writes it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import IsolationLevel

from amp.backup.table import SERIES
from amp.errors import BackupError
from amp.store.postgres_line import address_of, first_line
from amp.store.schema import HISTORY_VERSIONS, STATE_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amp.backup.table import Row, Table

CHUNK_ROWS = 2000

_FORMS: Mapping[tuple[str, str], str] = {
    ("alert", "timeout"): "timeout::integer",
}
"""Columns that SQLite keeps in another form, which is the file's."""


class PostgresSource:
    """One transaction over state and history; rows come through cursors of the server."""

    dialect = "postgres"

    def __init__(self, url: str) -> None:
        with _translated():
            self._connection: psycopg.Connection[Any] = psycopg.connect(
                address_of(url), prepare_threshold=None
            )
        try:
            with _translated():
                self._connection.isolation_level = IsolationLevel.REPEATABLE_READ
                self._connection.read_only = True
                self.state_schema = self._schema(STATE_VERSIONS)
                self.history_schema = self._schema(HISTORY_VERSIONS)
            if not self.state_schema:
                raise BackupError("there are no tables of AMP in the database: nothing to back up")
        except BaseException:
            self.close()
            raise

    def _schema(self, versions: str) -> int:
        row = self._connection.execute("SELECT to_regclass(%s)::text", (versions,)).fetchone()
        if row is None or row[0] is None:
            return 0
        row = self._connection.execute(f"SELECT max(version) FROM {versions}".encode()).fetchone()  # noqa: S608 - fixed names
        return int((row and row[0]) or 0)

    def rows(self, table: Table) -> Iterator[list[Row]]:
        """All rows of a table, ordered by its key, some at a time."""
        columns = ", ".join(_FORMS.get((table.name, name), name) for name in table.columns)
        key = ", ".join(table.columns[: table.key])
        with _translated(), self._connection.cursor(name="backup") as cursor:
            cursor.execute(f"SELECT {columns} FROM {table.name} ORDER BY {key}".encode())  # noqa: S608 - fixed names
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield [_plain(row) for row in rows] if table is SERIES else rows

    def close(self) -> None:
        """Lets go of the moment and the connection."""
        self._connection.close()


def _plain(row: Row) -> Row:
    """A series with its labels as text, in the order of their names as in SQLite."""
    labels = json.dumps(row[2], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return (*row[:2], labels, *row[3:])


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL: {first_line(error)}") from error
