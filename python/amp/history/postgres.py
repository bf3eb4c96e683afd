"""The history in PostgreSQL, in the database of the state, over connections of its own."""

from __future__ import annotations

import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.types.string import TextLoader

from amp.errors import StoreUnavailable
from amp.history.base import READ_SECONDS, Footprint, Marks
from amp.history.postgres_retention import PostgresRetention
from amp.history.postgres_rows import RowWriter
from amp.store.base import StoreRefusedError
from amp.store.holder import HolderId
from amp.store.postgres_line import address_of, connect, cut, first_line, numbers
from amp.store.schema import HISTORY_VERSIONS, migrate_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp._core import HistoryRows
    from amp.history.base import NoteRow, SeriesRow, Swept

STATEMENT_SECONDS = 30

SERIES = (
    "SELECT fingerprint, id, open_at_ns, last_at_ns, flap, name_id, severity_id, namespace_id "
    "FROM series"
)
BEGIN = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    f"SET LOCAL statement_timeout = '{READ_SECONDS:g}s'; "
    "SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1"
)
"""A reader's moment. What is asked ends soon: compiling it takes longer than doing without, and the
pages that indexes lead to are in memory or on a disk without arms."""

TABLES = (
    "series", "label", "series_label", "note", "episode", "route_group", "episode_group",
    "episode_receiver", "episode_silence", "text", "flush", "delivery", "history_mark",
)  # fmt: skip


class PostgresHistory:
    """One writing connection, used on one thread, and a reader for each thread that asks.

    The process that holds the state's lease writes; a mark in the tables says which one did last,
    so that one that lost the lease writes nothing more.
    """

    def __init__(self, url: str) -> None:
        """Keeps the address; `amp.store.url` has checked it."""
        self._address = address_of(url)
        self._own = HolderId.own()
        self._token = secrets.randbits(62)
        self._connection: psycopg.Connection[Any] | None = None
        self._cut: psycopg.Connection[Any] | None = None
        self._interrupted = False
        self._rows = RowWriter()
        self._retention = PostgresRetention()

    def open(self) -> None:
        """Connects, migrates, and becomes the one that writes.

        Raises:
            StoreUnavailable: no connection, or another living process holds the state.
        """
        with self._translated():
            self._connected()

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is not None and self._connection is self._cut:
            self._forget()
        if self._connection is None:
            connection = connect(self._address)
            try:
                self._check_lease(connection)
                migrate_postgres(connection, "history_postgres", HISTORY_VERSIONS)
                connection.execute(
                    "INSERT INTO history_mark VALUES ('writer', %s) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (self._token,),
                )
            except BaseException:
                connection.close()
                raise
            self._rows.forget()
            self._connection = connection
        return self._connection

    def _check_lease(self, connection: psycopg.Connection[Any]) -> None:
        found = connection.execute("SELECT to_regclass('lease') IS NOT NULL").fetchone()
        if found is None or not found[0]:
            return
        row = connection.execute(
            "SELECT holder, holder_id FROM lease "
            "WHERE name = 'store' AND expires_at > clock_timestamp()"
        ).fetchone()
        if row is None:
            return
        other = HolderId.parse(row[1])
        if other is not None and (other[:3] == self._own[:3] or other.is_dead()):
            return
        raise StoreUnavailable(f"the database is used by {row[0]}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.DataError, psycopg.IntegrityError, ValueError, OverflowError) as error:
            raise StoreRefusedError(f"PostgreSQL: {first_line(error)}") from error
        except psycopg.Error as error:
            self._forget()
            raise StoreUnavailable(f"PostgreSQL: {first_line(error)}") from error

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction of the process that writes; gives the line's connection."""
        with self._translated():
            connection = self._connected()
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'".encode())
                row = connection.execute(
                    "SELECT value FROM history_mark WHERE name = 'writer' FOR UPDATE"
                ).fetchone()
                if row is None or row[0] != self._token:
                    self._cut = connection
                    raise StoreUnavailable("another process writes the history")
                yield connection

    def marks(self) -> Marks:
        """The highest numbers so far."""
        with self._transaction() as connection:
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
        with self._transaction() as connection:
            series = connection.execute(
                f"{SERIES} WHERE fingerprint = ANY(%s::bigint[])".encode(),
                (numbers(fingerprints),),
            ).fetchall()
            notes = connection.execute(
                "SELECT hash, id FROM note WHERE hash = ANY(%s::bigint[])", (numbers(hashes),)
            ).fetchall()
            return series, notes

    def open_series(self) -> list[SeriesRow]:
        """Every series with an open episode."""
        with self._transaction() as connection:
            return connection.execute(f"{SERIES} WHERE open_at_ns IS NOT NULL".encode()).fetchall()

    def write(self, rows: HistoryRows, seq: int) -> None:
        """Writes all or nothing, once.

        A line that broke while nobody used it is no outage: there is a second attempt, which finds
        out whether the first arrived.
        """
        used_before, self._interrupted = self._connection is not None, False
        try:
            self._write(rows, seq)
        except StoreUnavailable:
            if self._interrupted or not used_before or self._cut is not None:
                raise
            self._write(rows, seq)
        self._rows.committed(rows)

    def _write(self, rows: HistoryRows, seq: int) -> None:
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT value FROM history_mark WHERE name = 'written'"
            ).fetchone()
            if row is not None and seq == row[0]:
                return
            newest = _highest(connection, "event", "seq")
            self._rows.write(connection, rows, newest)
            if seq:
                connection.execute(
                    "INSERT INTO history_mark VALUES ('written', %(seq)s), ('seq', %(seq)s) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    {"seq": seq},
                )

    def footprint(self) -> Footprint:
        """The tables with their indexes; what a server has free cannot be told from here."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(pg_total_relation_size(name)), 0)::bigint FROM ("
                "SELECT unnest(%s::text[])::regclass AS name "
                "UNION ALL SELECT inhrelid::regclass FROM pg_inherits "
                "WHERE inhparent = 'event'::regclass) AS tables",
                (list(TABLES),),
            ).fetchone()
        return Footprint({"database": 0 if row is None else row[0]}, bounded=False)

    def oldest_ns(self) -> int | None:
        """When the oldest event, delivery or ended episode was."""
        with self._transaction() as connection:
            return self._retention.oldest_ns(connection)

    def expire(self, cutoff_ns: int, limit: int) -> int:
        """Deletes some of what ended before an instant; whole days of events at once."""
        with self._transaction() as connection:
            dropped = self._retention.drop_day(connection, cutoff_ns)
            if dropped:
                self._rows.forget()
                return dropped
            return self._retention.expire(connection, cutoff_ns, limit)

    def sweep(self, limit: int) -> Swept:
        """Deletes some of what nothing names any more."""
        with self._transaction() as connection:
            return self._retention.sweep(connection, limit)

    def sweep_anew(self) -> None:
        """Ends the round that goes on."""
        self._retention.begin_anew()

    def shrink(self, limit: int) -> bool:
        """Nothing to do: the server's own cleaning makes room for the next rows."""
        return False

    def clear(self) -> None:
        """Nothing to do: its room is not the state's."""

    def reader(self) -> PostgresReader:
        """A reader for the calling thread."""
        return PostgresReader(self._address)

    def rebuild(self) -> str:
        """Never called: a server's files are not ours to move."""
        raise StoreUnavailable("PostgreSQL cannot be rebuilt from here")

    def interrupt(self) -> None:
        """Ends whatever waits for the server."""
        self._interrupted = True
        connection = self._connection
        if connection is not None:
            self._cut = connection
            cut(connection)

    def close(self) -> None:
        """Disconnects."""
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = self._cut = None


class PostgresReader:
    """A connection that cannot write, in transactions that see one moment."""

    dialect = "postgres"

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: psycopg.Connection[Any] | None = None
        self._cut = False

    def begin(self) -> None:
        """Starts a moment; over another line where the last one broke meanwhile."""
        used_before = self._connection is not None
        try:
            self._begin()
        except StoreUnavailable:
            if not used_before or self._cut:
                raise
            self._begin()

    def _begin(self) -> None:
        with self._translated():
            if self._connection is None:
                connection = connect(self._address)
                connection.adapters.register_loader("jsonb", TextLoader)
                self._connection = connection
            if self._cut:
                raise StoreUnavailable("nobody waits for the answer")
            self._connection.execute(BEGIN.encode())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.ProgrammingError, psycopg.DataError):
            raise  # a fault of whoever asks
        except psycopg.Error as error:
            self.close()
            raise StoreUnavailable(f"PostgreSQL: {first_line(error)}") from error

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        if self._connection is None:
            raise StoreUnavailable("PostgreSQL: not connected")
        with self._translated():
            return self._connection.execute(
                sql.replace("?", "%s").encode(), list(parameters)
            ).fetchall()

    def end(self) -> None:
        """Lets the moment go."""
        if self._cut:
            self.close()
            self._cut = False
        if self._connection is not None:
            try:
                self._connection.rollback()
            except psycopg.Error:
                self.close()

    def interrupt(self) -> None:
        """Ends a query that runs."""
        self._cut = True
        connection = self._connection
        if connection is not None:
            cut(connection)

    def close(self) -> None:
        """Disconnects."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _highest(connection: psycopg.Connection[Any], table: str, column: str) -> int:
    row = connection.execute(f"SELECT max({column}) FROM {table}".encode()).fetchone()
    return 0 if row is None or row[0] is None else row[0]
