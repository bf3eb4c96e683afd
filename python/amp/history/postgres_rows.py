"""Writes what the fold made into PostgreSQL's tables: one statement a table, rows as arrays."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from amp.store.postgres_line import blobs, numbers, texts

if TYPE_CHECKING:
    import psycopg

    from amp._core import HistoryRows

LINKS = ("episode_group", "episode_receiver", "episode_silence")
DAY_US = 86_400_000_000
WORD_CHARACTERS = 255
WORDS_BYTES = 500_000
"""PostgreSQL keeps no longer word and no more words of one row."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

PUT = {
    "label": "INSERT INTO label SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])",
    "text": "INSERT INTO text SELECT * FROM unnest(%s::bigint[], %s::text[])",
    "note": """
INSERT INTO note SELECT id, hash, name, annotations, url, url_hash,
  array_to_tsvector(string_to_array(words, ' '))
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[],
  %s::text[]) AS new (id, hash, name, annotations, url, url_hash, words)""",
    "route_group": """
INSERT INTO route_group SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])""",
    "series": """
INSERT INTO series SELECT id, fingerprint, labels::jsonb, name_id, severity_id, namespace_id,
  open_at_ns, last_at_ns, flap, fires
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::double precision[], %s::bigint[])
  AS new (id, fingerprint, labels, name_id, severity_id, namespace_id, open_at_ns, last_at_ns,
    flap, fires)""",
    "series_label": "INSERT INTO series_label SELECT * FROM unnest(%s::bigint[], %s::bigint[])",
    "event": """
INSERT INTO event SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[],
  %s::bigint[], %s::bigint[])""",
    "flush": """
INSERT INTO flush SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::integer[],
  %s::bytea[])""",
    "delivery": """
INSERT INTO delivery SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::text[], %s::integer[], %s::text[], %s::integer[], %s::smallint[], %s::smallint[], %s::text[],
  %s::integer[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])""",
    **{
        link: f"INSERT INTO {link} SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
        for link in LINKS
    },
}
"""Inserts of a table; what is there stays."""

Column = Callable[[Sequence[Any]], str]
SERIES: tuple[Column, ...] = (numbers, numbers, texts, *[numbers] * 7)
DELIVERY: tuple[Column, ...] = (
    *[numbers] * 4, texts, numbers, texts, *[numbers] * 3, texts, numbers, numbers, *[texts] * 4,
)  # fmt: skip

CHANGE_SERIES = """
UPDATE series SET open_at_ns = new.open_at_ns, last_at_ns = new.last_at_ns, flap = new.flap,
  fires = series.fires + new.fires
FROM unnest(%s::bigint[], %s::bigint[], %s::double precision[], %s::bigint[], %s::bigint[])
  AS new (open_at_ns, last_at_ns, flap, fires, id)
WHERE series.id = new.id"""
PUT_EPISODE = """
INSERT INTO episode SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::smallint[],
  %s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[], %s::smallint[],
  %s::double precision[], %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (starts_at_ns, series_id) DO UPDATE SET
  ends_at_ns = excluded.ends_at_ns, ended_by = excluded.ended_by, note_id = excluded.note_id,
  silenced = greatest(episode.silenced, excluded.silenced),
  inhibited = greatest(episode.inhibited, excluded.inhibited),
  notified = greatest(episode.notified, excluded.notified),
  failed = greatest(episode.failed, excluded.failed),
  flap = greatest(episode.flap, excluded.flap)"""
CHANGE_EPISODE = """
UPDATE episode SET ends_at_ns = coalesce(new.ends_at_ns, episode.ends_at_ns),
  ended_by = greatest(episode.ended_by, new.ended_by),
  note_id = coalesce(new.note_id, episode.note_id),
  silenced = greatest(episode.silenced, new.silenced),
  inhibited = greatest(episode.inhibited, new.inhibited),
  notified = greatest(episode.notified, new.notified),
  failed = greatest(episode.failed, new.failed),
  flap = greatest(episode.flap, new.flap)
FROM unnest(%s::bigint[], %s::smallint[], %s::bigint[], %s::smallint[], %s::smallint[],
  %s::smallint[], %s::smallint[], %s::double precision[], %s::bigint[], %s::bigint[])
  AS new (ends_at_ns, ended_by, note_id, silenced, inhibited, notified, failed, flap,
    starts_at_ns, series_id)
WHERE episode.starts_at_ns = new.starts_at_ns AND episode.series_id = new.series_id"""


class RowWriter:
    """Writes into one database; knows which days have their partition."""

    def __init__(self) -> None:
        self._days: set[int] = set()

    def write(self, connection: psycopg.Connection[Any], rows: HistoryRows, newest: int) -> None:
        """Writes all of it; the caller holds the transaction.

        Args:
            connection: in a transaction.
            rows: what the fold made.
            newest: the highest number of an event in the store.
        """
        execute = connection.execute
        _put(connection, "label", rows.labels, numbers, texts, texts)
        _put(connection, "text", rows.texts, numbers, texts)
        notes = [(*row[:6], _words(row[6])) for row in rows.notes]
        _put(connection, "note", notes, numbers, numbers, texts, texts, texts, numbers, texts)
        _put(connection, "route_group", rows.groups, numbers, texts, texts, texts)
        if rows.series_new:
            series = [(*row[:2], _json(row[2]), *row[3:]) for row in rows.series_new]
            execute(PUT["series"], _columns(series, SERIES))
        if rows.series_changed:
            execute(CHANGE_SERIES, _columns(rows.series_changed, [numbers] * 5))
        _put(connection, "series_label", rows.series_labels, numbers, numbers)
        for move in rows.episodes_moved:
            _move(connection, move)
        if rows.episodes_new:
            execute(PUT_EPISODE, _columns(rows.episodes_new, [numbers] * 13))
        if rows.episodes_changed:
            execute(CHANGE_EPISODE, _columns(rows.episodes_changed, [numbers] * 10))
        for link, links in zip(
            LINKS,
            (rows.episode_groups, rows.episode_receivers, rows.episode_silences),
            strict=True,
        ):
            _put(connection, link, links, numbers, numbers, numbers)
        self._events(connection, rows.events, newest)
        _put(connection, "flush", rows.flushes, *[numbers] * 4, blobs)
        _put(connection, "delivery", rows.deliveries, *DELIVERY)

    def _events(
        self, connection: psycopg.Connection[Any], events: Sequence[Any], newest: int
    ) -> None:
        if not events:
            return
        for day in {row[0] // DAY_US for row in events} - self._days:
            make_day(connection, day)
        if min(row[0] for row in events) <= newest:
            # The clock went back: some of these numbers may be taken.
            _put(connection, "event", events, *[numbers] * 6)
            return
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY event (seq, at_ns, kind, series_id, group_id, ref_id) FROM STDIN"
            ) as copy,
        ):
            copy.write("".join(map(_line, events)))

    def committed(self, rows: HistoryRows) -> None:
        """Says that the transaction lasts, and with it the partitions that it made."""
        self._days.update(row[0] // DAY_US for row in rows.events)

    def forget(self) -> None:
        """Says that partitions may be gone."""
        self._days.clear()


def day_name(day: int) -> str:
    """The name of a day's partition.

    Args:
        day: days since 1970 in UTC.
    """
    return f"event_{day}"


def make_day(connection: psycopg.Connection[Any], day: int) -> None:
    """Makes the partition of a day, if there is none."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {day_name(day)} PARTITION OF event "
        f"FOR VALUES FROM ({day * DAY_US}) TO ({(day + 1) * DAY_US})".encode()
    )


def _line(row: Sequence[Any]) -> str:
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def _put(
    connection: psycopg.Connection[Any],
    table: str,
    rows: Sequence[Sequence[Any]],
    *kinds: Column,
) -> None:
    if rows:
        connection.execute(f"{PUT[table]} ON CONFLICT DO NOTHING".encode(), _columns(rows, kinds))


def _columns(rows: Sequence[Sequence[Any]], kinds: Sequence[Column]) -> list[str]:
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]


def _move(connection: psycopg.Connection[Any], move: Sequence[int]) -> None:
    """Gives an episode another start; one that is there already gives way."""
    new, old, series_id = move
    for table in ("episode", *LINKS):
        others = "" if table == "episode" else f", {table.removeprefix('episode_')}_id"
        connection.execute(
            f"DELETE FROM {table} AS old WHERE starts_at_ns = %s AND series_id = %s "
            f"AND EXISTS (SELECT 1 FROM {table} AS moved WHERE starts_at_ns = %s "
            f"AND series_id = %s{_same(others)})".encode(),
            (new, series_id, old, series_id),
        )
        connection.execute(
            f"UPDATE {table} SET starts_at_ns = %s "
            "WHERE starts_at_ns = %s AND series_id = %s".encode(),
            (new, old, series_id),
        )


def _same(column: str) -> str:
    name = column.removeprefix(", ")
    return f" AND moved.{name} = old.{name}" if name else ""


def _json(text: str) -> str:
    """PostgreSQL's JSON has no NUL, escaped or not."""
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


def _words(text: str) -> str:
    if len(text) * 4 <= WORD_CHARACTERS:
        return text
    words = {word[:WORD_CHARACTERS] for word in text.split(" ")}
    kept, size = [], 0
    for word in sorted(words):
        size += len(word.encode()) + 4
        if size > WORDS_BYTES:
            break
        kept.append(word)
    return " ".join(kept)
