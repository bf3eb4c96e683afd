"""Deletes from PostgreSQL's tables in small steps; the caller holds the transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg

from amp._core import flush_alerts, history_id
from amp.history.base import Swept
from amp.history.postgres_rows import DAY_US, day_name
from amp.history.sweep import SCANNED_ROWS, UNUSED, Sweep
from amp.store.postgres_line import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

LINKS = ("episode_group", "episode_receiver", "episode_silence")
SEQUENCES = (("event", "seq"), ("delivery", "id"), ("flush", "id"))

DAYS = """
SELECT substring(inhrelid::regclass::text FROM 'event_([0-9]+)$')::bigint AS day FROM pg_inherits
WHERE inhparent = 'event'::regclass ORDER BY day LIMIT 1"""
ENDED = """
SELECT starts_at_ns, series_id FROM episode WHERE ends_at_ns < %s ORDER BY ends_at_ns LIMIT %s"""
USED_FIRES = """
UPDATE series SET fires = CASE
  WHEN EXISTS (SELECT 1 FROM episode WHERE series_id = series.id)
  THEN greatest(1, series.fires - gone.count) ELSE 0 END
FROM unnest(%s::bigint[], %s::bigint[]) AS gone (id, count) WHERE series.id = gone.id"""
UNUSED_SERIES = """
SELECT id, labels::text FROM series
WHERE fires = 0 AND open_at_ns IS NULL
  AND NOT EXISTS (SELECT 1 FROM event WHERE event.series_id = series.id)
LIMIT %s"""


class PostgresRetention:
    """What goes; keeps where the sweep is between its steps."""

    def __init__(self) -> None:
        self._sweep: Sweep | None = None

    def oldest_ns(self, connection: Connection[Any]) -> int | None:
        """When the oldest event, delivery or ended episode was."""
        found = []
        for table, column in SEQUENCES:
            value = _one(connection, f"SELECT min({column}) FROM {table}")
            if value is not None:
                found.append(value * 1000)
        ended = _one(connection, "SELECT min(ends_at_ns) FROM episode")
        if ended is not None:
            found.append(ended)
        return min(found, default=None)

    def drop_day(self, connection: Connection[Any], cutoff_ns: int) -> int:
        """Drops the oldest day's events if all of them are too old; how many there were.

        A reader that is in the way is not waited for long: the next attempt comes soon.
        """
        day = _one(connection, DAYS)
        if day is None or (day + 1) * DAY_US > cutoff_ns // 1000:
            return 0
        count = _one(
            connection,
            f"SELECT count(*) FROM {day_name(day)}",
        )
        try:
            with connection.transaction():
                connection.execute("SET LOCAL lock_timeout = '1s'")
                connection.execute(f"DROP TABLE {day_name(day)}".encode())
        except psycopg.errors.LockNotAvailable:
            return 0
        return max(1, count or 0)

    def expire(self, connection: Connection[Any], cutoff_ns: int, limit: int) -> int:
        """Deletes some of what ended before an instant; how many rows."""
        deleted = self._episodes(connection, cutoff_ns, limit)
        for table, column in SEQUENCES:
            if deleted >= limit:
                break
            deleted += connection.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table} "
                f"WHERE {column} < %s ORDER BY {column} LIMIT %s)".encode(),
                (cutoff_ns // 1000, limit - deleted),
            ).rowcount
        return deleted

    def _episodes(self, connection: Connection[Any], cutoff_ns: int, limit: int) -> int:
        keys = connection.execute(ENDED, (cutoff_ns, limit)).fetchall()
        if not keys:
            return 0
        columns = [numbers([row[at] for row in keys]) for at in range(2)]
        for table in ("episode", *LINKS):
            connection.execute(
                f"DELETE FROM {table} USING unnest(%s::bigint[], %s::bigint[]) "
                f"AS gone (starts_at_ns, series_id) WHERE {table}.starts_at_ns = gone.starts_at_ns "
                f"AND {table}.series_id = gone.series_id".encode(),
                columns,
            )
        gone: dict[int, int] = {}
        for _, series_id in keys:
            gone[series_id] = gone.get(series_id, 0) + 1
        connection.execute(USED_FIRES, (numbers(list(gone)), numbers(list(gone.values()))))
        return len(keys)

    def begin_anew(self) -> None:
        """Ends the round that goes on."""
        self._sweep = None

    def sweep(self, connection: Connection[Any], limit: int) -> Swept:
        """A step of a round."""
        deleted = self._series(connection, limit)
        if deleted:
            return Swept(deleted, more=True)
        round_ = self._sweep = self._sweep or Sweep()
        table = round_.table
        if table is not None:
            self._look(connection, round_, table, limit)
            return Swept(0, more=True)
        if self._spare(connection, round_):
            return Swept(0, more=True)
        wanted = round_.some(limit)
        if wanted is None:
            self._sweep = None
            return Swept(0, more=False)
        return Swept(self._delete(connection, *wanted), more=True)

    def _series(self, connection: Connection[Any], limit: int) -> int:
        found = connection.execute(UNUSED_SERIES, (limit,)).fetchall()
        if not found:
            return 0
        _mark(connection, "series")
        links = [
            (history_id("label", name, value), series_id)
            for series_id, labels in found
            for name, value in json.loads(labels).items()
        ]
        labels = numbers([label_id for label_id, _ in links])
        connection.execute(
            "DELETE FROM series_label "
            "USING unnest(%s::bigint[], %s::bigint[]) AS gone (label, series) "
            "WHERE label_id = gone.label AND series_id = gone.series",
            (labels, numbers([series_id for _, series_id in links])),
        )
        connection.execute(
            "DELETE FROM series WHERE id = ANY(%s::bigint[])", (numbers([row[0] for row in found]),)
        )
        connection.execute(
            "DELETE FROM label WHERE id = ANY(%s::bigint[]) "
            "AND NOT EXISTS (SELECT 1 FROM series_label WHERE label_id = label.id)",
            (labels,),
        )
        return len(found)

    def _look(self, connection: Connection[Any], round_: Sweep, table: str, limit: int) -> None:
        looked = _ids(
            connection,
            f"SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s",
            (round_.last_id, limit),
        )
        unused = _ids(
            connection,
            f"SELECT id FROM {table} WHERE id > %s AND id <= %s AND {UNUSED[table].format(table)}",
            (round_.last_id, looked[-1] if looked else 0),
        )
        round_.found(table, looked, unused, limit)

    def _spare(self, connection: Connection[Any], round_: Sweep) -> bool:
        """Looks through some events and flushes; whether there may be more."""
        if not any(round_.candidates.values()):
            return False
        events = connection.execute(
            "SELECT seq, kind, group_id, ref_id FROM event WHERE seq > %s ORDER BY seq LIMIT %s",
            (round_.event_seq, SCANNED_ROWS),
        ).fetchall()
        round_.spare_events(events)
        flushes = connection.execute(
            "SELECT id, group_id, alerts FROM flush WHERE id > %s ORDER BY id LIMIT %s",
            (round_.flush_id, SCANNED_ROWS // 10),
        ).fetchall()
        for flush_id, group_id, alerts in flushes:
            round_.spare_flush(flush_id, group_id, [row[3] for row in flush_alerts(alerts)])
        return bool(events or flushes)

    def _delete(self, connection: Connection[Any], table: str, ids: list[int]) -> int:
        if table == "note":
            _mark(connection, "note")
        return connection.execute(
            f"DELETE FROM {table} WHERE id = ANY(%s::bigint[]) "
            f"AND {UNUSED[table].format(table)}".encode(),
            (numbers(ids),),
        ).rowcount


def _one(connection: Connection[Any], sql: str) -> int | None:
    row = connection.execute(sql.encode()).fetchone()
    return None if row is None else row[0]


def _ids(connection: Connection[Any], sql: str, parameters: Sequence[int]) -> list[int]:
    return [row[0] for row in connection.execute(sql.encode(), parameters)]


def _mark(connection: Connection[Any], table: str) -> None:
    """Keeps the highest number given: it must never mean another row."""
    connection.execute(
        f"INSERT INTO history_mark SELECT '{table}', coalesce(max(id), 0) FROM {table} "
        "ON CONFLICT (name) DO UPDATE SET "
        "value = greatest(history_mark.value, excluded.value)".encode()
    )
