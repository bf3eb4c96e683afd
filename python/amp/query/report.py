"""The parts of a report over a window; each stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.query.overlap import overlapping, seconds_within
from amp.query.scope import scope
from amp.query.sql import Sql, all_of

if TYPE_CHECKING:
    from amp.history.base import Reader
    from amp.query.overlap import Window
    from amp.query.question import Question

MOST_RECEIVERS = 100


def summary(reader: Reader, question: Question, window: Window, now_ns: int) -> dict[str, Any]:
    """Sums over the episodes of the window."""
    asked = scope(question, reader, now_ns)
    rows: list[tuple[Any, ...]] = []
    if not asked.nothing:
        table = overlapping(asked, window)
        length = seconds_within(asked, window)
        rows = reader.rows(
            "SELECT s.v, count(*), sum(s.n), sum(s.o), sum(s.a), sum(s.b), sum(s.c), sum(s.d), "
            "sum(s.t) FROM (SELECT o.series_id, max(o.severity_id) AS v, count(*) AS n, "
            "sum(CASE WHEN o.ends_at_ns IS NULL THEN 1 ELSE 0 END) AS o, sum(o.silenced) AS a, "
            "sum(o.inhibited) AS b, sum(o.notified) AS c, sum(o.failed) AS d, "
            f"sum({length}) AS t FROM {table.text} GROUP BY o.series_id) s GROUP BY s.v",
            table.values,
        )
    among = asked.dialect.among("id", [row[0] for row in rows if row[0]])
    names = {
        row[0]: row[1]
        for row in reader.rows(
            f"SELECT id, value FROM label WHERE name = 'severity' AND {among.text}", among.values
        )
    }
    sums = [sum(int(row[position]) for row in rows) for position in range(1, 9)]
    alerts, episodes, firing, silenced, inhibited, notified, failed, length_ns = sums
    return {
        "episodes": episodes,
        "firing": firing,
        "resolved": episodes - firing,
        "distinct_alerts": alerts,
        "by_severity": dict(sorted((names.get(row[0], ""), int(row[2])) for row in rows)),
        "silenced": silenced,
        "inhibited": inhibited,
        "notified": notified,
        "failed": failed,
        "mean_firing_seconds": round(length_ns / 1e9 / episodes, 3) if episodes else 0.0,
    }


def receivers(reader: Reader, window: Window) -> list[dict[str, Any]]:
    """Attempts to deliver in the window, by receiver. They are of groups: no filter of labels."""
    rows = reader.rows(
        "SELECT t.body, s.n, s.f, s.l FROM (SELECT receiver_id, count(*) AS n, "
        "sum(1 - delivered) AS f, avg(latency_us) AS l FROM delivery "
        f"WHERE id >= {window.from_ns // 1000:d} AND id < {window.to_ns // 1000:d} "
        f"GROUP BY receiver_id ORDER BY n DESC LIMIT {MOST_RECEIVERS}) s "
        "LEFT JOIN text t ON t.id = s.receiver_id"
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
