"""The store in PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import psycopg

from amp.errors import StoreLocked, StoreUnavailable
from amp.store.base import (
    CHUNK_ROWS,
    Changes,
    SilenceEntry,
    StoreRefusedError,
)
from amp.store.holder import HolderId, holder_name
from amp.store.postgres_line import address_of, blobs, connect, cut, first_line, numbers, texts
from amp.store.schema import STATE_VERSIONS, migrate_postgres

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from amp._core import AlertRow, LogRow

LEASE_SECONDS = 15.0
STATEMENT_SECONDS = 10

HOLD = """
INSERT INTO lease (name, holder, holder_id, expires_at)
VALUES ('store', %(name)s, %(id)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET
  holder = excluded.holder, holder_id = excluded.holder_id, expires_at = excluded.expires_at
WHERE lease.expires_at < clock_timestamp() OR lease.holder_id IN (excluded.holder_id, %(dead)s)
RETURNING 1"""
PUT_SILENCE = """
INSERT INTO silence (id, updated_at_ns, expires_at_ns, record)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
ON CONFLICT (id) DO UPDATE SET
  updated_at_ns = excluded.updated_at_ns, expires_at_ns = excluded.expires_at_ns,
  record = excluded.record
WHERE excluded.updated_at_ns >= silence.updated_at_ns"""
PUT_LOG = """
INSERT INTO notification_log (id, timestamp_ns, expires_at_ns, entry)
SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bigint[], %s::bytea[])
ON CONFLICT (id) DO UPDATE SET
  timestamp_ns = excluded.timestamp_ns, expires_at_ns = excluded.expires_at_ns,
  entry = excluded.entry
WHERE excluded.timestamp_ns >= notification_log.timestamp_ns"""
PUT_ALERT = """
INSERT INTO alert (fingerprint, labels, annotations, starts_at_ns, ends_at_ns, updated_at_ns,
  timeout, generator_url)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::boolean[], %s::text[])
ON CONFLICT (fingerprint) DO UPDATE SET
  labels = excluded.labels, annotations = excluded.annotations,
  starts_at_ns = excluded.starts_at_ns, ends_at_ns = excluded.ends_at_ns,
  updated_at_ns = excluded.updated_at_ns, timeout = excluded.timeout,
  generator_url = excluded.generator_url"""


class PostgresStore:
    """State in a database that one process at a time holds by a leased row.

    The lease is a row, not an advisory lock, because a transaction pooler may sit in between. Every
    method runs on one thread with one connection; the server's own writing makes commits durable.
    """

    lease_seconds: float | None = LEASE_SECONDS

    def __init__(self, url: str) -> None:
        """Keeps the address; `amp.store.url` has checked it."""
        self._address = address_of(url)
        self._own = str(HolderId.own())
        self._connection: psycopg.Connection[Any] | None = None
        self._cut: psycopg.Connection[Any] | None = None
        self._interrupted = False
        self._held_at = 0.0
        self._rival: tuple[str, str] | None = None

    def open(self) -> None:
        """Connects, migrates, takes the lease.

        Raises:
            StoreLocked: the holder was seen alive.
            StoreUnavailable: no connection, or the lease is held by somebody who may be dead: the
                next attempt will know more.
        """
        with self._translated():
            connection = self._connected()
            with connection.transaction():
                self._hold(connection, opening=True)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is self._cut:
            self._forget()
        if self._connection is None:
            connection = connect(self._address)
            try:
                migrate_postgres(connection, "postgres", STATE_VERSIONS)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.DataError, psycopg.IntegrityError, ValueError) as error:
            raise StoreRefusedError(first_line(error)) from error
        except psycopg.Error as error:
            self._forget()
            raise StoreUnavailable(f"PostgreSQL: {first_line(error)}") from error

    def _hold(self, connection: psycopg.Connection[Any], *, opening: bool = False) -> None:
        """Takes or keeps the lease."""
        dead = ""
        while True:
            values = {
                "name": holder_name(),
                "id": self._own,
                "seconds": LEASE_SECONDS,
                "dead": dead,
            }
            if connection.execute(HOLD, values).fetchone():
                self._held_at, self._rival = monotonic(), None
                return
            row = connection.execute(
                "SELECT holder, holder_id, expires_at::text FROM lease WHERE name = 'store'"
            ).fetchone()
            if row is None:
                continue
            holder, holder_id, expires_at = row
            other = HolderId.parse(holder_id)
            if other is not None and other.is_dead() and dead != holder_id:
                dead = holder_id
                continue
            self._refuse(holder, (holder_id, expires_at), opening=opening)

    def _refuse(self, holder: str, rival: tuple[str, str], *, opening: bool) -> None:
        seen, self._rival = self._rival, rival
        renewed = seen is not None and seen[0] == rival[0] and seen[1] != rival[1]
        if opening and not renewed:
            raise StoreUnavailable(
                f"the database is leased by {holder}, waiting for a sign of life"
            )
        raise StoreLocked(f"the database is used by {holder}")

    def _read(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        with self._translated():
            connection = self._connected()
            with connection.transaction(), connection.cursor(name="amp", withhold=False) as cursor:
                cursor.execute(sql)
                while rows := cursor.fetchmany(CHUNK_ROWS):
                    yield rows

    def silences(self) -> list[SilenceEntry]:
        """Every silence."""
        chunks = self._read("SELECT id, updated_at_ns, expires_at_ns, record FROM silence")
        return [SilenceEntry(*row) for rows in chunks for row in rows]

    def log_rows(self) -> Iterator[list[LogRow]]:
        """Every entry of the notification log, in chunks."""
        yield from self._read("SELECT id, timestamp_ns, expires_at_ns, entry FROM notification_log")

    def alert_rows(self) -> Iterator[list[AlertRow]]:
        """Every alert, in chunks."""
        yield from self._read(
            "SELECT fingerprint, false, labels, annotations, starts_at_ns, ends_at_ns, "
            "updated_at_ns, timeout, generator_url FROM alert"
        )

    def write(self, changes: Changes) -> None:
        """Writes all or nothing, if the lease is still ours.

        A line that broke while nobody used it is no outage: there is a second attempt, which does
        no harm if the first arrived.
        """
        used_before, self._interrupted = self._connection is not None, False
        try:
            self._write(changes)
        except StoreUnavailable:
            if self._interrupted or not used_before:
                raise
            self._write(changes)

    def _write(self, changes: Changes) -> None:
        with self._translated():
            connection = self._connected()
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
                if monotonic() - self._held_at > LEASE_SECONDS / 3:
                    self._hold(connection)
                _apply(connection, changes)

    def renew(self) -> None:
        """Shows that the holder lives, unless a write just did."""
        if monotonic() - self._held_at > LEASE_SECONDS / 6:
            with self._translated():
                connection = self._connected()
                with connection.transaction():
                    self._hold(connection)

    def sizes(self) -> dict[str, int]:
        """The database, all of it; nothing while there is no connection."""
        if self._connection is None:
            return {}
        with self._translated(), self._connection.transaction():
            self._connection.execute("SET LOCAL statement_timeout = '2s'")
            row = self._connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return {} if row is None else {"database": row[0]}

    def rebuild(self) -> str:
        """Never called: a server's files are not ours to move."""
        raise StoreUnavailable("PostgreSQL cannot be rebuilt from here")

    def interrupt(self) -> None:
        """Ends whatever waits for the server, by closing the line under it. From any thread."""
        self._interrupted = True
        connection = self._connection
        if connection is not None:
            self._cut = connection
            cut(connection)

    def close(self) -> None:
        """Gives the lease back and disconnects."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.execute("DELETE FROM lease WHERE holder_id = %s", (self._own,))
        self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = self._cut = None
            self._held_at = 0.0


def _apply(connection: psycopg.Connection[Any], changes: Changes) -> None:
    if changes.removed_silences:
        connection.execute(
            "DELETE FROM silence WHERE id = ANY(%s::text[])", (_array(changes.removed_silences),)
        )
    if changes.silences:
        connection.execute(PUT_SILENCE, _columns(changes.silences, range(4)))
    if changes.log:
        connection.execute(PUT_LOG, _columns(changes.log, range(4)))
    if changes.no_alerts:
        connection.execute("DELETE FROM alert")
    gone = [row[0] for row in changes.alerts if row[1]]
    if gone:
        connection.execute("DELETE FROM alert WHERE fingerprint = ANY(%s::text[])", (_array(gone),))
    here = [row for row in changes.alerts if not row[1]]
    if here:
        connection.execute(PUT_ALERT, _columns(here, (0, 2, 3, 4, 5, 6, 7, 8)))
    if changes.expired_at_ns is not None:
        for table in ("silence", "notification_log"):
            connection.execute(
                f"DELETE FROM {table} WHERE expires_at_ns <= %s",  # noqa: S608 - fixed names
                (changes.expired_at_ns,),
            )


def _columns(rows: Sequence[Sequence[Any]], wanted: Iterable[int]) -> list[str]:
    """The rows as one array literal a column, the last of each key: none may come twice."""
    newest = list({row[0]: row for row in rows}.values())
    return [_array([row[at] for row in newest]) for at in wanted]


def _array(values: Sequence[str] | Sequence[bytes] | Sequence[int]) -> str:
    match values[0]:
        case str():
            return texts(cast("Sequence[str]", values))
        case bytes():
            return blobs(cast("Sequence[bytes]", values))
        case _:
            return numbers(cast("Sequence[int]", values))
