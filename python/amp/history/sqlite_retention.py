"""Deletes from the history's SQLite file in small steps; the caller holds the transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amp._core import flush_alerts, history_id
from amp.history.base import Swept
from amp.history.sweep import SCANNED_ROWS, UNUSED, Sweep

if TYPE_CHECKING:
    import sqlite3

LINKS = ("episode_group", "episode_receiver", "episode_silence")
SEQUENCES = (("event", "seq"), ("delivery", "id"), ("flush", "id"))
USED_FIRES = """
UPDATE series SET fires = CASE
  WHEN EXISTS (SELECT 1 FROM episode WHERE series_id = ?2) THEN max(1, fires - ?1) ELSE 0 END
WHERE id = ?2"""
UNUSED_SERIES = """
SELECT id, labels FROM series
WHERE fires = 0 AND open_at_ns IS NULL
  AND NOT EXISTS (SELECT 1 FROM event WHERE event.series_id = series.id)
LIMIT ?"""


class SqliteRetention:
    """What goes, on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sweep: Sweep | None = None

    def oldest_ns(self) -> int | None:
        """When the oldest event, delivery or ended episode was."""
        found = []
        for table, column in SEQUENCES:
            value = self._one(f"SELECT min({column}) FROM {table}")
            if value is not None:
                found.append(value * 1000)
        ended = self._one("SELECT min(ends_at_ns) FROM episode WHERE ends_at_ns IS NOT NULL")
        if ended is not None:
            found.append(ended)
        return min(found, default=None)

    def _one(self, sql: str) -> int | None:
        value: int | None = self._connection.execute(sql).fetchone()[0]
        return value

    def expire(self, cutoff_ns: int, limit: int) -> int:
        """Deletes some of what ended before an instant; how many rows."""
        deleted = self._episodes(cutoff_ns, limit)
        for table, column in SEQUENCES:
            if deleted >= limit:
                break
            deleted += self._connection.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {table} "
                f"WHERE {column} < ? ORDER BY {column} LIMIT ?)",
                (cutoff_ns // 1000, limit - deleted),
            ).rowcount
        return deleted

    def _episodes(self, cutoff_ns: int, limit: int) -> int:
        keys = self._connection.execute(
            "SELECT starts_at_ns, series_id FROM episode WHERE ends_at_ns < ? "
            "ORDER BY ends_at_ns LIMIT ?",
            (cutoff_ns, limit),
        ).fetchall()
        if not keys:
            return 0
        for table in ("episode", *LINKS):
            self._connection.executemany(
                f"DELETE FROM {table} WHERE starts_at_ns = ? AND series_id = ?",
                keys,
            )
        gone: dict[int, int] = {}
        for _, series_id in keys:
            gone[series_id] = gone.get(series_id, 0) + 1
        self._connection.executemany(USED_FIRES, [(count, id) for id, count in gone.items()])
        return len(keys)

    def begin_anew(self) -> None:
        """Ends the round that goes on."""
        self._sweep = None

    def sweep(self, limit: int) -> Swept:
        """A step of a round."""
        deleted = self._series(limit)
        if deleted:
            return Swept(deleted, more=True)
        round_ = self._sweep = self._sweep or Sweep()
        table = round_.table
        if table is not None:
            self._look(round_, table, limit)
            return Swept(0, more=True)
        if self._spare(round_):
            return Swept(0, more=True)
        wanted = round_.some(limit)
        if wanted is None:
            self._sweep = None
            return Swept(0, more=False)
        return Swept(self._delete(*wanted), more=True)

    def _series(self, limit: int) -> int:
        found = self._connection.execute(UNUSED_SERIES, (limit,)).fetchall()
        if not found:
            return 0
        self._mark("series")
        pairs = [
            (series_id, pair) for series_id, labels in found for pair in json.loads(labels).items()
        ]
        ids = {pair: history_id("label", *pair) for _, pair in pairs}
        links = [(ids[pair], series_id) for series_id, pair in pairs]
        many = self._connection.executemany
        many("DELETE FROM series_label WHERE label_id = ? AND series_id = ?", links)
        many("DELETE FROM series WHERE id = ?", [(series_id,) for series_id, _ in found])
        many(
            "DELETE FROM label WHERE name = ?1 AND value = ?2 "
            "AND NOT EXISTS (SELECT 1 FROM series_label WHERE label_id = ?3)",
            [(*pair, label_id) for pair, label_id in ids.items()],
        )
        return len(found)

    def _mark(self, table: str) -> None:
        """Keeps the highest number given: it must never mean another row."""
        self._connection.execute(
            f"INSERT INTO history_mark SELECT '{table}', coalesce(max(id), 0) FROM {table} WHERE 1 "
            "ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
        )

    def _look(self, round_: Sweep, table: str, limit: int) -> None:
        looked = [
            row[0]
            for row in self._connection.execute(
                f"SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?",
                (round_.last_id, limit),
            )
        ]
        unused = [
            row[0]
            for row in self._connection.execute(
                f"SELECT id FROM {table} WHERE id > ? AND id <= ? "
                f"AND {UNUSED[table].format(table)}",
                (round_.last_id, looked[-1] if looked else 0),
            )
        ]
        round_.found(table, looked, unused, limit)

    def _spare(self, round_: Sweep) -> bool:
        """Looks through some events and flushes; whether there may be more."""
        if not any(round_.candidates.values()):
            return False
        events = self._connection.execute(
            "SELECT seq, kind, group_id, ref_id FROM event WHERE seq > ? ORDER BY seq LIMIT ?",
            (round_.event_seq, SCANNED_ROWS),
        ).fetchall()
        round_.spare_events(events)
        flushes = self._connection.execute(
            "SELECT id, group_id, alerts FROM flush WHERE id > ? ORDER BY id LIMIT ?",
            (round_.flush_id, SCANNED_ROWS // 10),
        ).fetchall()
        for flush_id, group_id, alerts in flushes:
            round_.spare_flush(flush_id, group_id, [row[3] for row in flush_alerts(alerts)])
        return bool(events or flushes)

    def _delete(self, table: str, ids: list[int]) -> int:
        if table == "note":
            self._mark("note")
            self._words(ids)
        return self._connection.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?)) "
            f"AND {UNUSED[table].format(table)}",
            (json.dumps(ids),),
        ).rowcount

    def _words(self, ids: list[int]) -> None:
        """Takes notes out of the index of words, which must be told what was put in."""
        found = self._connection.execute(
            "SELECT id, words FROM note "
            f"WHERE id IN (SELECT value FROM json_each(?)) AND {UNUSED['note'].format('note')}",
            (json.dumps(ids),),
        ).fetchall()
        self._connection.executemany(
            "INSERT INTO note_words (note_words, rowid, words) VALUES ('delete', ?, ?)",
            found,
        )
