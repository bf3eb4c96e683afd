"""Writes what the fold made into SQLite's tables, in the order in which rows need each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from amp._core import HistoryRows

LINKS = ("episode_group", "episode_receiver", "episode_silence")

PUT_NOTE = """
INSERT OR IGNORE INTO note (id, hash, alert_name, annotations, generator_url, url_hash)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)"""
PUT_WORDS = "INSERT INTO note_words (rowid, words) VALUES (?, ?)"
CHANGE_SERIES = """
UPDATE series SET open_at_ns = ?, last_at_ns = ?, flap = ?, fires = fires + ? WHERE id = ?"""
PUT_EPISODE = """
INSERT INTO episode VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
PUT_DELIVERY = f"INSERT OR IGNORE INTO delivery VALUES ({', '.join('?' * 17)})"


def write_rows(connection: sqlite3.Connection, rows: HistoryRows) -> None:
    """Writes all of it; the caller holds the transaction."""
    many = connection.executemany
    batches: tuple[tuple[str, Sequence[tuple[Any, ...]]], ...] = (
        ("INSERT OR IGNORE INTO label VALUES (?, ?, ?)", rows.labels),
        ("INSERT OR IGNORE INTO text VALUES (?, ?)", rows.texts),
        (PUT_NOTE, [row[:6] for row in rows.notes]),
        (PUT_WORDS, [(row[0], row[6]) for row in rows.notes]),
        ("INSERT OR IGNORE INTO route_group VALUES (?, ?, ?, ?)", rows.groups),
        ("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows.series_new),
        (CHANGE_SERIES, rows.series_changed),
        ("INSERT OR IGNORE INTO series_label VALUES (?, ?)", rows.series_labels),
        *((MOVE.format(table), rows.episodes_moved) for table in ("episode", *LINKS)),
        (PUT_EPISODE, rows.episodes_new),
        (CHANGE_EPISODE, rows.episodes_changed),
        ("INSERT OR IGNORE INTO episode_group VALUES (?, ?, ?)", rows.episode_groups),
        ("INSERT OR IGNORE INTO episode_receiver VALUES (?, ?, ?)", rows.episode_receivers),
        ("INSERT OR IGNORE INTO episode_silence VALUES (?, ?, ?)", rows.episode_silences),
        ("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?)", rows.events),
        ("INSERT OR IGNORE INTO flush VALUES (?, ?, ?, ?, ?)", rows.flushes),
        (PUT_DELIVERY, rows.deliveries),
    )
    for sql, batch in batches:
        if batch:
            many(sql, batch)
