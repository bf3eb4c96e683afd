"""Who fires most, and who flaps, in a window."""

from __future__ import annotations

import math
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from amp.query.details import fingerprint_text, labels_of, score
from amp.query.instant import rfc3339
from amp.query.overlap import counts, overlapping, seconds_within
from amp.query.scope import FLAPPING_RATE, scope
from amp.query.sql import Sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.history.base import Reader
    from amp.query.overlap import Window
    from amp.query.question import Question
    from amp.query.scope import Scope

EVIDENCE = 100
"""Transitions that are shown of a series, the newest."""


def top(
    reader: Reader, question: Question, window: Window, now_ns: int, *, by_name: bool, limit: int
) -> list[dict[str, Any]]:
    """The series, or alert names, with the most episodes. The question has no window of its own."""
    asked = scope(question, reader, now_ns)
    if asked.nothing:
        return []
    column = "name_id" if by_name else "series_id"
    extra: tuple[Sql, ...] = ()
    index = None
    if not by_name and (busiest := _busiest(reader, asked, window, limit)):
        extra, index = (asked.dialect.among("e.series_id", busiest),), "episode_series"
    table = overlapping(asked, window, extra, index)
    rows = reader.rows(
        f"SELECT o.{column}, count(*) AS n, sum({seconds_within(asked, window)}) AS t, "
        f"max(o.starts_at_ns) FROM {table.text} GROUP BY o.{column} "
        f"ORDER BY n DESC, t DESC, o.{column} LIMIT {limit:d}",
        table.values,
    )
    named = _names(reader, asked, rows) if by_name else _series(reader, asked, rows)
    return [
        {
            **named[id],
            "fire_count": fires,
            "total_firing_seconds": round(int(length) / 1e9, 3),
            "mean_firing_seconds": round(int(length) / 1e9 / fires, 3),
            "last_starts_at": rfc3339(last),
        }
        for id, fires, length, last in rows
        if id in named
    ]


def _busiest(reader: Reader, asked: Scope, window: Window, limit: int) -> list[int]:
    """The series with the most episodes, ties with the last included; empty where too many tie."""
    numbers = {series: number for series, (number, _) in counts(reader, asked, window).items()}
    least = min(nlargest(limit, numbers.values()), default=0)
    found = sorted(series for series, number in numbers.items() if number >= least)
    return found if len(found) <= asked.bounds.most_series else []


def _names(
    reader: Reader, asked: Scope, rows: Sequence[tuple[Any, ...]]
) -> dict[int, dict[str, Any]]:
    among = asked.dialect.among("id", [row[0] for row in rows])
    found = reader.rows(
        f"SELECT id, value FROM label WHERE name = 'alertname' AND {among.text}", among.values
    )
    return {0: {"alert_name": ""}} | {id: {"alert_name": name} for id, name in found}


def _series(
    reader: Reader, asked: Scope, rows: Sequence[tuple[Any, ...]]
) -> dict[int, dict[str, Any]]:
    among = asked.dialect.among("id", [row[0] for row in rows])
    found = reader.rows(
        f"SELECT id, fingerprint, CAST(labels AS TEXT) FROM series WHERE {among.text}",
        among.values,
    )
    shown = {}
    for id, fingerprint, text in found:
        labels = labels_of(text)
        shown[id] = {
            "fingerprint": fingerprint_text(fingerprint),
            "alert_name": labels.get("alertname", ""),
            "labels": labels,
        }
    return shown


def flapping(
    reader: Reader,
    question: Question,
    window: Window,
    now_ns: int,
    *,
    min_score: float,
    min_fires: int = 1,
    limit: int,
) -> list[dict[str, Any]]:
    """The series whose rate of transitions was highest, with their transitions.

    The question has no window of its own; `min_fires` is the fewest episodes in the window.
    """
    asked = scope(question, reader, now_ns)
    if asked.nothing or min_score >= 1:
        return []
    rate = -4 * math.log2(1 - min_score)
    bounds = [Sql(f"e.flap >= {rate!r}")]
    index = None
    if rate >= FLAPPING_RATE:
        bounds.append(Sql(f"e.flap >= {FLAPPING_RATE}"))
        index = "episode_flapping"
    table = overlapping(asked, window, tuple(bounds), index)
    rows = reader.rows(
        f"SELECT o.series_id, max(o.flap) AS f FROM {table.text} GROUP BY o.series_id "
        f"HAVING count(*) >= {min_fires:d} ORDER BY f DESC, o.series_id LIMIT {limit:d}",
        table.values,
    )
    named = _series(reader, asked, rows)
    return [
        {**named[id], **_transitions(reader, asked, id, window), "score": score(rate),
         "transitions_per_hour": round(rate, 3)}
        for id, rate in rows
        if id in named
    ]  # fmt: skip


def _transitions(reader: Reader, asked: Scope, series: int, window: Window) -> dict[str, Any]:
    table = asked.dialect.table("episode", "e", "episode_series")
    within = f"BETWEEN {window.from_ns:d} AND {window.to_ns - 1:d}"
    own = f"FROM {table} WHERE e.series_id = {series:d} AND e.starts_at_ns"
    # Episodes of one series do not overlap: whatever ends in the window starts with the last
    # one before it, or later.
    before = f"SELECT max(e.starts_at_ns) {own} < {window.from_ns:d}"
    first = reader.rows(before)[0][0]
    first = window.from_ns if first is None else first
    own = f"{own} >= {first:d} AND e.starts_at_ns < {window.to_ns:d}"
    row = reader.rows(
        f"SELECT sum(CASE WHEN e.starts_at_ns {within} THEN 1 ELSE 0 END), "
        f"sum(CASE WHEN e.ends_at_ns {within} THEN 1 ELSE 0 END) {own}"
    )[0]
    found = reader.rows(
        f"SELECT e.starts_at_ns, e.ends_at_ns {own} ORDER BY e.starts_at_ns DESC LIMIT {EVIDENCE:d}"
    )
    moments = []
    for start, end in found:
        moments += [(end, "resolved")] if end is not None else []
        moments.append((start, "firing"))
    inside = [one for one in moments if window.from_ns <= one[0] < window.to_ns]
    inside.sort(reverse=True)
    return {
        "transitions": int(row[0] or 0) + int(row[1] or 0),
        "evidence": [{"at": rfc3339(at), "to": to} for at, to in inside[:EVIDENCE]],
    }
