"""Writes what the fold made into SQLite's tables, in the order in which rows need each other."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from amp._core import HistoryRows

LINKS = ("episode_group", "episode_receiver", "episode_silence")

AT_ONCE = 100
"""Rows of one statement: each statement gives the interpreter away and must get it back."""

CHANGE_SERIES = """
UPDATE series SET open_at_ns = ?, last_at_ns = ?, flap = ?, fires = fires + ? WHERE id = ?"""
MERGE_EPISODE = """
ON CONFLICT (starts_at_ns, series_id) DO UPDATE SET
  ends_at_ns = excluded.ends_at_ns, ended_by = excluded.ended_by, note_id = excluded.note_id,
  silenced = max(silenced, excluded.silenced), inhibited = max(inhibited, excluded.inhibited),
  notified = max(notified, excluded.notified), failed = max(failed, excluded.failed),
  flap = max(flap, excluded.flap)"""
CHANGE_EPISODE = """
UPDATE episode SET
  ends_at_ns = COALESCE(?1, ends_at_ns), ended_by = max(ended_by, ?2),
  note_id = COALESCE(?3, note_id), silenced = max(silenced, ?4), inhibited = max(inhibited, ?5),
  notified = max(notified, ?6), failed = max(failed, ?7), flap = max(flap, ?8)
WHERE starts_at_ns = ?9 AND series_id = ?10"""
MOVE = "UPDATE OR REPLACE {} SET starts_at_ns = ? WHERE starts_at_ns = ? AND series_id = ?"


def write_rows(connection: sqlite3.Connection, rows: HistoryRows) -> None:
    """Writes all of it; the caller holds the transaction."""
    many = connection.executemany
    notes = rows.notes
    _put(connection, "OR IGNORE INTO label", rows.labels)
    _put(connection, "OR IGNORE INTO text", rows.texts)
    _put(connection, "OR IGNORE INTO note", notes)
    _put(connection, "INTO note_words (rowid, words)", [(row[0], row[6]) for row in notes])
    _put(connection, "OR IGNORE INTO route_group", rows.groups)
    _put(connection, "INTO series", rows.series_new)
    many(CHANGE_SERIES, rows.series_changed)
    _put(connection, "OR IGNORE INTO series_label", rows.series_labels)
    for table in ("episode", *LINKS):
        many(MOVE.format(table), rows.episodes_moved)
    _put(connection, "INTO episode", rows.episodes_new, MERGE_EPISODE)
    many(CHANGE_EPISODE, rows.episodes_changed)
    _put(connection, "OR IGNORE INTO episode_group", rows.episode_groups)
    _put(connection, "OR IGNORE INTO episode_receiver", rows.episode_receivers)
    _put(connection, "OR IGNORE INTO episode_silence", rows.episode_silences)
    _put(connection, "OR IGNORE INTO event", rows.events)
    _put(connection, "OR IGNORE INTO flush", rows.flushes)
    _put(connection, "OR IGNORE INTO delivery", rows.deliveries)


def _put(
    connection: sqlite3.Connection,
    into: str,
    rows: Sequence[tuple[Any, ...]],
    merge: str = "",
) -> None:
    """Inserts rows, many in a statement: it is the statements that cost, not the rows."""
    if not rows:
        return
    places = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % AT_ONCE
    if whole:
        # The same text each time: SQLite's programs for so many rows are large.
        sql = f"INSERT {into} VALUES {', '.join([places] * AT_ONCE)}{merge}"
        for at in range(0, whole, AT_ONCE):
            connection.execute(sql, list(chain.from_iterable(rows[at : at + AT_ONCE])))
    connection.executemany(f"INSERT {into} VALUES {places}{merge}", rows[whole:])
