"""The store of one process: a SQLite file in the storage folder."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import StoreUnavailable
from amp.store.base import CHUNK_ROWS, Changes, SilenceEntry, StoreCorruptError, StoreRefusedError
from amp.store.schema import migrate_sqlite
from amp.store.snapshots import free_name, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp._core import AlertRow, LogRow

BUSY_SECONDS = 5.0
REFUSED = (
    sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError,
    OverflowError, TypeError, ValueError,
)  # fmt: skip
CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

PUT_SILENCE = """
INSERT INTO silence (id, updated_at_ns, expires_at_ns, record) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  updated_at_ns = excluded.updated_at_ns, expires_at_ns = excluded.expires_at_ns,
  record = excluded.record
WHERE excluded.updated_at_ns >= updated_at_ns"""
PUT_LOG = """
INSERT INTO notification_log (id, timestamp_ns, expires_at_ns, entry) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
  timestamp_ns = excluded.timestamp_ns, expires_at_ns = excluded.expires_at_ns,
  entry = excluded.entry
WHERE excluded.timestamp_ns >= timestamp_ns"""
PUT_ALERT = """
INSERT INTO alert VALUES (?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (fingerprint) DO UPDATE SET
  labels = excluded.labels, annotations = excluded.annotations,
  starts_at_ns = excluded.starts_at_ns, ends_at_ns = excluded.ends_at_ns,
  updated_at_ns = excluded.updated_at_ns, timeout = excluded.timeout,
  generator_url = excluded.generator_url"""


class SqliteStore:
    """State in `amp.db`: write-ahead log, one writing connection, readers apart.

    Transactions with silences or log entries are on the disk when they return; those with alerts
    only are safe from the end of the process, not from the end of the machine's power.
    """

    lease_seconds: float | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None

    def open(self) -> None:
        """Opens or creates the file and migrates it."""
        with self._translated():
            self._connection()

    def _connection(self) -> sqlite3.Connection:
        if self._writer is None:
            connection = self._connect()
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._writer = connection
            self._inode = identity(self.path)
        elif self._inode != identity(self.path):
            raise StoreCorruptError(f"{self.path} is no longer the file that was opened")
        return self._writer

    def _connect(self) -> sqlite3.Connection:
        # The writer's thread is not the thread that closes; calls never overlap.
        return sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except REFUSED as error:
            raise StoreRefusedError(f"{self.path.name}: {error}") from error
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in CORRUPT:
                raise StoreCorruptError(f"{self.path}: {error}") from error
            if code not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
                self._forget()
            raise StoreUnavailable(f"{self.path.name}: {error}") from error
        except OSError as error:
            raise StoreUnavailable(f"{self.path.name}: {error.strerror}") from error

    def _read(self, sql: str) -> Iterator[list[tuple[object, ...]]]:
        """The rows of a query in chunks, over a connection of its own."""
        with self._translated():
            reader = self._connect()
            try:
                reader.execute("PRAGMA query_only = ON")
                cursor = reader.execute(sql)
                while rows := cursor.fetchmany(CHUNK_ROWS):
                    yield rows
            finally:
                reader.close()

    def silences(self) -> list[SilenceEntry]:
        """Every silence."""
        chunks = self._read("SELECT id, updated_at_ns, expires_at_ns, record FROM silence")
        return [SilenceEntry(*row) for rows in chunks for row in rows]  # type: ignore[arg-type]

    def log_rows(self) -> Iterator[list[LogRow]]:
        """Every entry of the notification log, in chunks."""
        yield from self._read(  # type: ignore[misc]
            "SELECT id, timestamp_ns, expires_at_ns, entry FROM notification_log"
        )

    def alert_rows(self) -> Iterator[list[AlertRow]]:
        """Every alert, in chunks."""
        for rows in self._read(
            "SELECT fingerprint, 0, labels, annotations, starts_at_ns, ends_at_ns, updated_at_ns, "
            "timeout, generator_url FROM alert"
        ):
            yield [(row[0], False, *row[2:7], bool(row[7]), row[8]) for row in rows]  # type: ignore[misc]

    def write(self, changes: Changes) -> None:
        """Writes all or nothing."""
        with self._translated():
            connection = self._connection()
            level = "FULL" if changes.durable else "NORMAL"
            connection.execute(f"PRAGMA synchronous = {level}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                _apply(connection, changes)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def sizes(self) -> dict[str, int]:
        """The file and its write-ahead log."""
        found = {}
        for part, suffix in (("database", ""), ("wal", "-wal")):
            with suppress(FileNotFoundError):
                found[part] = Path(f"{self.path}{suffix}").stat().st_size
        return found

    def renew(self) -> None:
        """Nothing to do: the folder's lock ends with the process."""

    def interrupt(self) -> None:
        """Ends a statement that runs."""
        connection = self._writer
        if connection is not None:
            connection.interrupt()

    def rebuild(self) -> str:
        """Moves the damaged file and its companions aside and creates an empty one."""
        self._forget()
        with self._translated():
            aside = moved_aside(self.path)
            self._connection()
        return aside

    def close(self) -> None:
        """Merges the write-ahead log into the file and closes it."""
        with suppress(sqlite3.Error):
            if self._writer is not None:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._forget()

    def _forget(self) -> None:
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of its name; None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def moved_aside(path: Path) -> str:
    """Moves a damaged database and its companions aside; where it is now."""
    aside = free_name(f"{path}.corrupt-{stamp()}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    return aside


def _prepare(connection: sqlite3.Connection) -> None:
    # Before the first table: so that deleted pages can be given back to the disk.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    migrate_sqlite(connection, "sqlite")


def _apply(connection: sqlite3.Connection, changes: Changes) -> None:
    if changes.removed_silences:
        connection.executemany(
            "DELETE FROM silence WHERE id = ?", ((item,) for item in changes.removed_silences)
        )
    if changes.silences:
        connection.executemany(PUT_SILENCE, changes.silences)
    if changes.log:
        connection.executemany(PUT_LOG, changes.log)
    if changes.no_alerts:
        connection.execute("DELETE FROM alert")
    gone = [(row[0],) for row in changes.alerts if row[1]]
    if gone:
        connection.executemany("DELETE FROM alert WHERE fingerprint = ?", gone)
    here = changes.alerts if not gone else [row for row in changes.alerts if not row[1]]
    if here:
        connection.executemany(PUT_ALERT, here)
    if changes.expired_at_ns is not None:
        for table in ("silence", "notification_log"):
            connection.execute(
                f"DELETE FROM {table} WHERE expires_at_ns <= ?",  # noqa: S608 - fixed names
                (changes.expired_at_ns,),
            )
