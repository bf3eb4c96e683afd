"""What is shown of episodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amp.query.instant import rfc3339
from amp.query.sql import Dialect, Sql, all_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amp.history.base import Reader
    from amp.query.question import Question

ENDED_BY = ("", "sender", "timeout", "unknown")

COLUMNS = (
    "e.starts_at_ns, e.series_id, e.ends_at_ns, e.ended_by, e.silenced, e.inhibited, e.notified, "
    "e.failed, e.flap, e.note_id"
)


def details(
    reader: Reader, question: Question, keys: Sequence[tuple[int, int, int]], now_ns: int
) -> list[dict[str, Any]]:
    """The episodes of these keys as objects, in the same order."""
    if not keys:
        return []
    dialect = Dialect(reader.dialect)
    pairs = ",".join(f"({start:d},{series:d})" for _, start, series in keys)
    rows = reader.rows(
        f"WITH k (a, b) AS (VALUES {pairs}) SELECT {COLUMNS} FROM k {dialect.episode('k.a', 'k.b')}"
    )
    series = sorted({row[1] for row in rows})
    sources = {
        id: (fingerprint_text(fingerprint), labels_of(text), fires)
        for id, fingerprint, text, fires in _of(
            reader, dialect, "id, fingerprint, CAST(labels AS TEXT), fires", "series", series
        )
    }
    notes = {
        id: (json.loads(annotations), url)
        for id, annotations, url in _of(
            reader,
            dialect,
            "id, annotations, generator_url",
            "note",
            sorted({row[9] for row in rows}),
        )
    }
    fires = _fires(reader, dialect, question, series, sources)
    receivers = _receivers(reader, dialect, pairs)
    shown = {
        (row[0], row[1]): _shown(
            row,
            sources[row[1]],
            notes.get(row[9]),
            fires.get(row[1], 0),
            receivers.get((row[0], row[1]), []),
            now_ns,
        )
        for row in rows
        if row[1] in sources
    }
    return [shown[key[1:]] for key in keys if key[1:] in shown]


def _of(
    reader: Reader, dialect: Dialect, columns: str, table: str, ids: Sequence[int]
) -> list[tuple[Any, ...]]:
    among = dialect.among("id", ids)
    return reader.rows(f"SELECT {columns} FROM {table} WHERE {among.text}", among.values)


def _fires(
    reader: Reader,
    dialect: Dialect,
    question: Question,
    series: Sequence[int],
    sources: dict[int, tuple[Any, ...]],
) -> dict[int, int]:
    """How many episodes each series has in the window."""
    from_ns, to_ns = question.from_ns, question.to_ns
    if from_ns is None and to_ns is None:
        return {id: source[2] for id, source in sources.items()}
    among = dialect.among("e.series_id", series)
    table = dialect.table("episode", "e", "episode_series")
    bounds = [among]
    if to_ns is not None:
        bounds.append(Sql(f"e.starts_at_ns < {to_ns:d}"))
    if from_ns is None:
        where = all_of(bounds)
        rows = reader.rows(
            f"SELECT e.series_id, count(*) FROM {table} WHERE {where.text} GROUP BY e.series_id",
            where.values,
        )
        return {row[0]: row[1] for row in rows}
    where = all_of([*bounds, Sql(f"e.starts_at_ns >= {from_ns:d}")])
    rows = reader.rows(
        f"SELECT e.series_id, count(*) FROM {table} WHERE {where.text} GROUP BY e.series_id",
        where.values,
    )
    counts = {row[0]: row[1] for row in rows}
    # Episodes of one series do not overlap: only the last one before the window can reach into it.
    among = dialect.among("s.id", series)
    last = (
        f"SELECT e.ends_at_ns IS NULL OR e.ends_at_ns >= {from_ns:d} FROM {table} "
        f"WHERE e.series_id = s.id AND e.starts_at_ns < {from_ns:d} "
        "ORDER BY e.starts_at_ns DESC LIMIT 1"
    )
    rows = reader.rows(f"SELECT s.id, ({last}) FROM series s WHERE {among.text}", among.values)
    for id, reaches in rows:
        if reaches:
            counts[id] = counts.get(id, 0) + 1
    return counts


def _receivers(reader: Reader, dialect: Dialect, pairs: str) -> dict[tuple[int, int], list[str]]:
    rows = reader.rows(
        f"WITH k (a, b) AS (VALUES {pairs}) SELECT k.a, k.b, r.receiver FROM k "
        f"{dialect.join} {dialect.table('episode_group', 'g', 'episode_group_episode')} "
        "ON g.series_id = k.b AND g.starts_at_ns = k.a "
        f"{dialect.join} route_group r ON r.id = g.group_id"
    )
    found: dict[tuple[int, int], list[str]] = {}
    for start, series, receiver in rows:
        names = found.setdefault((start, series), [])
        if receiver not in names:
            names.append(receiver)
    for names in found.values():
        names.sort()
    return found


def labels_of(text: str) -> dict[str, str]:
    """Labels as the store has them, by name."""
    return dict(sorted(json.loads(text).items()))


def score(rate: float) -> float:
    """The flapping score of a rate of transitions per hour: 0 to 1, one half at 4."""
    return round(1 - 2 ** (-rate / 4), 4)


def fingerprint_text(signed: int) -> str:
    """A fingerprint as clients know it."""
    return f"{signed % (1 << 64):016x}"


def _shown(
    row: tuple[Any, ...],
    source: tuple[Any, ...],
    note: tuple[Any, ...] | None,
    fires: int,
    receivers: Iterable[str],
    now_ns: int,
) -> dict[str, Any]:
    start, _, end, ended_by, silenced, inhibited, notified, failed, flap, _ = row
    fingerprint, labels, _ = source
    seconds = max((now_ns if end is None else end) - start, 0) / 1e9
    return {
        "fingerprint": fingerprint,
        "alert_name": labels.get("alertname", ""),
        "status": "firing" if end is None else "resolved",
        "labels": labels,
        "annotations": note[0] if note else {},
        "starts_at": rfc3339(start),
        "ends_at": None if end is None else rfc3339(end),
        "duration_seconds": round(seconds, 3),
        "fire_count": fires,
        "generator_url": note[1] if note else "",
        "receivers": list(receivers),
        "silenced": bool(silenced),
        "inhibited": bool(inhibited),
        "delivery": {"delivered": bool(notified), "failed": bool(failed)},
        "flapping_score": score(flap),
        "ended_by": ENDED_BY[ended_by] or None,
    }
