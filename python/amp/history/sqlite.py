"""The history of one process: a SQLite file of its own, so that state never waits for it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amp.errors import StoreUnavailable
from amp.history.base import Footprint, Marks
from amp.history.sqlite_retention import SqliteRetention
from amp.history.sqlite_rows import write_rows
from amp.store.base import StoreCorruptError, StoreRefusedError
from amp.store.schema import migrate_sqlite
from amp.store.sqlite import BUSY_SECONDS, CORRUPT, REFUSED, identity, moved_aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp._core import HistoryRows
    from amp.history.base import NoteRow, SeriesRow, Swept

WRITER_CACHE_KIB = 4096
READER_CACHE_KIB = 8192
STEPS_A_LOOK = 50_000
"""Of SQLite's machine, between two looks whether somebody still waits."""

PAGE_BYTES = 4096
LOG_PAGES = 16_384
"""What the write-ahead log may have before its pages are moved into the file: in a storm the same
pages are written again and again, and few moves cost less than many."""

SERIES = (
    "SELECT fingerprint, id, open_at_ns, last_at_ns, flap, name_id, severity_id, namespace_id "
    "FROM series"
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raises our errors for SQLite's."""
    try:
        yield
    except REFUSED as error:
        raise StoreRefusedError(f"{path.name}: {error}") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT:
            raise StoreCorruptError(f"{path}: {error}") from error
        raise StoreUnavailable(f"{path.name}: {error}") from error
    except OSError as error:
        raise StoreUnavailable(f"{path.name}: {error.strerror}") from error


class SqliteHistory:
    """`history.db`: write-ahead log, one writing connection, readers apart.

    A transaction is safe from the end of the process, not from the end of the machine's power.

    Args:
        path: the file; its folder exists.
        log_pages: how many pages the log may have before they are moved into the file.
    """

    def __init__(self, path: Path, *, log_pages: int = LOG_PAGES) -> None:
        self.path = path
        self._log_pages = log_pages
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._retention: SqliteRetention | None = None

    def open(self) -> None:
        """Opens or creates the file and migrates it."""
        with translated(self.path):
            self._opened()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            # The writer's thread is not the thread that closes; calls never overlap.
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._identity = identity(self.path)
            self._retention = SqliteRetention(connection)
        elif self._identity != identity(self.path):
            raise StoreCorruptError(f"{self.path} is no longer the file that was opened")
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Before the first table: so that deleted pages can be given back to the disk.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
        connection.execute(f"PRAGMA journal_size_limit = {2 * self._log_pages * PAGE_BYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._log_pages}")
        migrate_sqlite(connection, "history_sqlite")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def marks(self) -> Marks:
        """The highest numbers so far."""
        with translated(self.path):
            connection = self._opened()
            kept = dict(connection.execute("SELECT name, value FROM history_mark").fetchall())
            return Marks(
                max(kept.get("series", 0), _highest(connection, "series", "id")),
                max(kept.get("note", 0), _highest(connection, "note", "id")),
                max(kept.get("seq", 0), _highest(connection, "event", "seq")),
            )

    def known(
        self, fingerprints: Sequence[int], hashes: Sequence[int]
    ) -> tuple[list[SeriesRow], list[NoteRow]]:
        """Those of the series and notes that are in the store."""
        with translated(self.path):
            connection = self._opened()
            series = notes = []
            if fingerprints:
                series = connection.execute(
                    f"{SERIES} WHERE fingerprint IN (SELECT value FROM json_each(?))",
                    (json.dumps(fingerprints),),
                ).fetchall()
            if hashes:
                notes = connection.execute(
                    "SELECT hash, id FROM note WHERE hash IN (SELECT value FROM json_each(?))",
                    (json.dumps(hashes),),
                ).fetchall()
            return series, notes

    def open_series(self) -> list[SeriesRow]:
        """Every series with an open episode."""
        with translated(self.path):
            return self._opened().execute(f"{SERIES} WHERE open_at_ns IS NOT NULL").fetchall()

    def write(self, rows: HistoryRows, seq: int) -> None:
        """Writes all or nothing; a failed commit left nothing, so nothing is written twice."""
        with self._transaction() as connection:
            write_rows(connection, rows)
            if seq:
                connection.execute("INSERT OR REPLACE INTO history_mark VALUES ('seq', ?)", (seq,))

    def footprint(self) -> Footprint:
        """File and log, and what the file system has free."""
        with translated(self.path):
            connection = self._opened()
            parts = {}
            for part, suffix in (("database", ""), ("wal", "-wal")):
                with suppress(FileNotFoundError):
                    parts[part] = Path(f"{self.path}{suffix}").stat().st_size
            volume = os.statvfs(self.path.parent)
            return Footprint(
                parts,
                unused=_pragma(connection, "freelist_count") * _pragma(connection, "page_size"),
                room=volume.f_bavail * volume.f_frsize,
                volume=volume.f_blocks * volume.f_frsize,
            )

    def oldest_ns(self) -> int | None:
        """When the oldest event, delivery or ended episode was."""
        with translated(self.path):
            self._opened()
            return self._keeper.oldest_ns()

    @property
    def _keeper(self) -> SqliteRetention:
        if self._retention is None:
            raise StoreUnavailable(f"{self.path.name} is not open")
        return self._retention

    def expire(self, cutoff_ns: int, limit: int) -> int:
        """Deletes some of what ended before an instant."""
        with self._transaction():
            return self._keeper.expire(cutoff_ns, limit)

    def sweep(self, limit: int) -> Swept:
        """Deletes some of what nothing names any more."""
        with self._transaction():
            return self._keeper.sweep(limit)

    def sweep_anew(self) -> None:
        """Ends the round that goes on."""
        if self._retention is not None:
            self._retention.begin_anew()

    def shrink(self, limit: int) -> bool:
        """Gives unused pages at the end back."""
        with translated(self.path):
            connection = self._opened()
            before = _pragma(connection, "freelist_count")
            if before:
                # Each step of the statement frees one page.
                connection.execute(f"PRAGMA incremental_vacuum({limit})").fetchall()
            left = _pragma(connection, "freelist_count")
            if not left:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            return 0 < left < before

    def clear(self) -> None:
        """Removes the file, which needs no room, and begins a new one."""
        self._forget()
        with translated(self.path):
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def reader(self) -> SqliteReader:
        """A reader for the calling thread."""
        return SqliteReader(self.path)

    def interrupt(self) -> None:
        """Ends a statement that runs."""
        connection = self._connection
        if connection is not None:
            connection.interrupt()

    def rebuild(self) -> str:
        """Moves the damaged file and its companions aside and creates an empty one."""
        self._forget()
        with translated(self.path):
            aside = moved_aside(self.path)
            self._opened()
        return aside

    def close(self) -> None:
        """Merges the log into the file and closes it."""
        with suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = self._retention = None


class SqliteReader:
    """A connection that cannot write."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._interrupted = False

    def begin(self) -> None:
        """Starts a moment, on the file that is there now."""
        found = identity(self._path)
        if found is None:
            self.close()
            raise StoreUnavailable(f"{self._path.name} does not exist")
        if found != self._identity:
            self.close()
        with translated(self._path):
            if self._connection is None:
                self._connection = self._connect()
                self._identity = found
            self._connection.execute("BEGIN")

    def _connect(self) -> sqlite3.Connection:
        # Interrupted and closed from other threads, used on one.
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # An interruption between two statements would be lost without it.
            connection.set_progress_handler(lambda: self._interrupted, STEPS_A_LOOK)
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB}")
        except BaseException:
            connection.close()
            raise
        return connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        if self._connection is None:
            raise StoreUnavailable(f"{self._path.name} is not open")
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.ProgrammingError:
            raise  # a fault of whoever asks
        except sqlite3.Error as error:
            with translated(self._path):
                raise error

    def end(self) -> None:
        """Lets the moment go."""
        self._interrupted = False
        with suppress(sqlite3.Error):
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if self._identity is not None and self._identity != identity(self._path):
            # A file that was removed takes its room for as long as it is open.
            self.close()

    def interrupt(self) -> None:
        """Ends a query that runs."""
        self._interrupted = True
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.interrupt()

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = self._identity = None


def _highest(connection: sqlite3.Connection, table: str, column: str) -> int:
    row = connection.execute(f"SELECT max({column}) FROM {table}").fetchone()
    return row[0] or 0


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute(f"PRAGMA {name}").fetchone()
    return int(row[0])
