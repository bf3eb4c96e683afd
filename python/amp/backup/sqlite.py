"""Reading `amp.db` and `history.db` as they are at one moment, beside a server that writes them."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from amp.backup.table import HISTORY
from amp.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from amp.backup.table import Row, Table

BUSY_SECONDS = 10.0
CHUNK_ROWS = 2000


class SqliteSource:
    """Both files of a storage folder. The write-ahead log lets the server write on meanwhile."""

    dialect = "sqlite"

    def __init__(self, folder: Path) -> None:
        state = folder / "amp.db"
        if not state.exists():
            raise BackupError(f"there is no amp.db in {folder}: nothing to back up")
        self._state = _Moment(state)
        self._history: _Moment | None = None
        try:
            self.state_schema = self._state.schema()
            if (folder / "history.db").exists():
                self._history = _Moment(folder / "history.db")
            self.history_schema = self._history.schema() if self._history else 0
        except BaseException:
            self.close()
            raise

    def rows(self, table: Table) -> Iterator[list[Row]]:
        """All rows of a table, ordered by its key, some at a time."""
        moment = self._history if table in HISTORY else self._state
        if moment is not None:
            yield from moment.rows(table)

    def close(self) -> None:
        """Lets go of both files."""
        self._state.close()
        if self._history is not None:
            self._history.close()


class _Moment:
    """One file in one transaction that only reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._translated():
            self._connection = sqlite3.connect(
                f"file:{quote(str(path.absolute()))}?mode=ro",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
            try:
                self._connection.execute("PRAGMA query_only = ON")
                self._connection.execute("BEGIN")
                # The moment is that of the first look.
                self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except BaseException:
                self._connection.close()
                raise

    def schema(self) -> int:
        """The version of its tables, 0 for none."""
        with self._translated():
            found = self._connection.execute(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'"
            ).fetchone()
            if not found[0]:
                return 0
            row = self._connection.execute("SELECT max(version) FROM schema_version").fetchone()
            return int(row[0] or 0)

    def rows(self, table: Table) -> Iterator[list[Row]]:
        with self._translated():
            columns = ", ".join(table.columns)
            key = ", ".join(table.columns[: table.key])
            cursor = self._connection.execute(
                f"SELECT {columns} FROM {table.name} ORDER BY {key}"  # noqa: S608 - fixed names
            )
            while rows := cursor.fetchmany(CHUNK_ROWS):
                yield rows

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BackupError(f"{self._path}: {error}") from error

    def close(self) -> None:
        self._connection.close()
