"""The parts of a report over a window; each stands alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from amp.query.overlap import counts, overlapping, seconds_within
from amp.query.scope import scope
from amp.query.sql import Dialect, Sql, all_of

if TYPE_CHECKING:
    from amp.history.base import Reader
    from amp.query.overlap import Window
    from amp.query.question import Question

MOST_RECEIVERS = 100


def summary(reader: Reader, question: Question, window: Window, now_ns: int) -> dict[str, Any]:
    """Sums over the episodes of the window."""
    asked = scope(question, reader, now_ns)
    sums, alerts, severities = [0] * 7, 0, Counter[int]()
    if not asked.nothing:
        table = overlapping(asked, window)
        length = seconds_within(asked, window)
        # In microseconds: nanoseconds of millions of episodes are more than a number holds.
        row = reader.rows(
            "SELECT count(*), sum(CASE WHEN o.ends_at_ns IS NULL THEN 1 ELSE 0 END), "
            "sum(o.silenced), sum(o.inhibited), sum(o.notified), sum(o.failed), "
            f"sum({length} / 1000) FROM {table.text}",
            table.values,
        )[0]
        sums = [int(one or 0) for one in row]
        numbers = counts(reader, asked, window)
        alerts = len(numbers)
        for number, severity in numbers.values():
            severities[severity] += number
    among = asked.dialect.among("id", [one for one in severities if one])
    names = {
        row[0]: row[1]
        for row in reader.rows(
            f"SELECT id, value FROM label WHERE name = 'severity' AND {among.text}", among.values
        )
    }
    episodes, firing, silenced, inhibited, notified, failed, length_us = sums
    by_severity = sorted((names.get(id, ""), number) for id, number in severities.items())
    return {
        "episodes": episodes,
        "firing": firing,
        "resolved": episodes - firing,
        "distinct_alerts": alerts,
        "by_severity": dict(by_severity),
        "silenced": silenced,
        "inhibited": inhibited,
        "notified": notified,
        "failed": failed,
        "mean_firing_seconds": round(length_us / 1e6 / episodes, 3) if episodes else 0.0,
    }


def receivers(reader: Reader, window: Window) -> list[dict[str, Any]]:
    """Attempts to deliver in the window, by receiver. They are of groups: no filter of labels."""
    table = Dialect(reader.dialect).table("delivery", "d", "delivery_receiver")
    own = (
        f"FROM {table} WHERE d.receiver_id = r.id "
        f"AND d.id >= {window.from_ns // 1000:d} AND d.id < {window.to_ns // 1000:d}"
    )
    # Each receiver's part of the index is walked for itself: no attempt is read, nothing sorted.
    rows = reader.rows(
        "WITH RECURSIVE r (id) AS (SELECT min(receiver_id) FROM delivery UNION ALL "
        "SELECT (SELECT min(d.receiver_id) FROM delivery d WHERE d.receiver_id > r.id) FROM r "
        f"WHERE r.id IS NOT NULL) SELECT t.body, s.n, s.f, s.l FROM (SELECT r.id, "
        f"(SELECT count(*) {own}) AS n, (SELECT sum(1 - d.delivered) {own}) AS f, "
        f"(SELECT avg(d.latency_us) {own}) AS l FROM r WHERE r.id IS NOT NULL) s "
        f"LEFT JOIN text t ON t.id = s.id WHERE s.n > 0 ORDER BY s.n DESC LIMIT {MOST_RECEIVERS}"
    )
    return [
        {
            "receiver": name or "",
            "deliveries": int(count),
            "failures": int(failures),
            "mean_latency_seconds": round(float(latency) / 1e6, 6),
        }
        for name, count, failures, latency in sorted(rows, key=lambda row: (-row[1], row[0] or ""))
    ]


def silences(
    reader: Reader, question: Question, window: Window, now_ns: int, limit: int
) -> list[dict[str, Any]]:
    """Silences that muted episodes which started in the window, and how many."""
    asked = scope(question, reader, now_ns)
    if asked.nothing:
        return []
    bounds = [
        Sql(f"l.starts_at_ns >= {window.from_ns:d} AND l.starts_at_ns < {window.to_ns:d}"),
        *asked.conditions(),
    ]
    episode = asked.dialect.episode("l.starts_at_ns", "l.series_id") if len(bounds) > 1 else ""
    where = all_of(bounds)
    rows = reader.rows(
        "SELECT t.body, s.n FROM (SELECT l.silence_id, count(*) AS n "
        f"FROM episode_silence l {episode} WHERE {where.text} GROUP BY l.silence_id "
        f"ORDER BY n DESC, l.silence_id LIMIT {limit:d}) s JOIN text t ON t.id = s.silence_id",
        where.values,
    )
    found = sorted(((name, int(count)) for name, count in rows), key=lambda one: (-one[1], one[0]))
    return [{"silence_id": name, "episodes": count} for name, count in found]
