"""What is shown of episodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amp.query.instant import rfc3339
from amp.query.sql import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amp.history.base import Reader
    from amp.query.question import Question

ENDED_BY = ("", "sender", "timeout", "unknown")

COLUMNS = (
    "e.starts_at_ns, e.series_id, e.ends_at_ns, e.ended_by, e.silenced, e.inhibited, e.notified, "
    "e.failed, e.flap, s.fingerprint, CAST(s.labels AS TEXT), s.fires, n.annotations, "
    "n.generator_url"
)
JSON = (10, 12, 14)
"""Where labels, annotations and the list of receivers are."""


def details(
    reader: Reader, question: Question, keys: Sequence[tuple[int, int, int]], now_ns: int
) -> list[dict[str, Any]]:
    """The episodes of these keys as objects, in the same order."""
    if not keys:
        return []
    dialect = Dialect(reader.dialect)
    pairs = dialect.keys([key[1:] for key in keys])
    join = dialect.join
    group = dialect.table("episode_group", "g", "episode_group_episode")
    receivers = (
        f"SELECT {dialect.json_list('r.receiver')} FROM {group} "
        f"{join} route_group r ON r.id = g.group_id "
        "WHERE g.series_id = k.b AND g.starts_at_ns = k.a"
    )
    rows = reader.rows(
        f"WITH k (a, b) AS ({pairs.text}) SELECT {COLUMNS}, ({receivers}) "
        f"FROM k {dialect.episode('k.a', 'k.b')} {join} series s ON s.id = k.b "
        "LEFT JOIN note n ON n.id = e.note_id",
        pairs.values,
    )
    fires = _fires(reader, dialect, question, sorted({series for _, _, series in keys}))
    parsed = _parsed(row[column] for row in rows for column in JSON)
    labels = {row[10]: dict(sorted(parsed[row[10]].items())) for row in rows}
    shown = {(row[0], row[1]): _shown(row, fires, labels[row[10]], parsed, now_ns) for row in rows}
    return [shown[key[1:]] for key in keys if key[1:] in shown]


def _parsed(texts: Iterable[str | None]) -> dict[str | None, Any]:
    """What JSON texts say; many are the same, and all together are read fastest."""
    distinct = sorted({text for text in texts if text is not None})
    found: dict[str | None, Any] = {None: None}
    found.update(zip(distinct, json.loads(f"[{','.join(distinct)}]"), strict=True))
    return found


def _fires(
    reader: Reader, dialect: Dialect, question: Question, series: Sequence[int]
) -> dict[int, int] | None:
    """How many episodes each series has in the window; None without one."""
    from_ns, to_ns = question.from_ns, question.to_ns
    if from_ns is None and to_ns is None:
        return None
    table = dialect.table("episode", "e", "episode_series")
    own = f"FROM {table} WHERE e.series_id = s.id"
    until = "" if to_ns is None else f" AND e.starts_at_ns < {to_ns:d}"
    since = "" if from_ns is None else f" AND e.starts_at_ns >= {from_ns:d}"
    last = "SELECT 0"
    if from_ns is not None:
        # Episodes of one series do not overlap: only the last one before the window can reach in.
        last = (
            "SELECT CASE WHEN l.ends_at_ns IS NULL "
            f"OR l.ends_at_ns >= {from_ns:d} THEN 1 ELSE 0 END FROM (SELECT e.ends_at_ns {own} "
            f"AND e.starts_at_ns < {from_ns:d} ORDER BY e.starts_at_ns DESC LIMIT 1) l"
        )
    among = dialect.among("s.id", series)
    rows = reader.rows(
        f"SELECT s.id, (SELECT count(*) {own}{since}{until}), ({last}) "
        f"FROM series s WHERE {among.text}",
        among.values,
    )
    return {row[0]: row[1] + (row[2] or 0) for row in rows}


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
    fires: dict[int, int] | None,
    labels: dict[str, str],
    parsed: dict[str | None, Any],
    now_ns: int,
) -> dict[str, Any]:
    (
        start, series, end, ended_by, silenced, inhibited, notified, failed, flap, fingerprint,
        _, kept, annotations, url, receivers,
    ) = row  # fmt: skip
    seconds = max((now_ns if end is None else end) - start, 0) / 1e9
    return {
        "fingerprint": fingerprint_text(fingerprint),
        "alert_name": labels.get("alertname", ""),
        "status": "firing" if end is None else "resolved",
        "labels": labels,
        "annotations": parsed[annotations] or {},
        "starts_at": rfc3339(start),
        "ends_at": None if end is None else rfc3339(end),
        "duration_seconds": round(seconds, 3),
        "fire_count": kept if fires is None else fires.get(series, 0),
        "generator_url": url or "",
        "receivers": sorted(set(parsed[receivers] or ())),
        "silenced": bool(silenced),
        "inhibited": bool(inhibited),
        "delivery": {"delivered": bool(notified), "failed": bool(failed)},
        "flapping_score": score(flap),
        "ended_by": ENDED_BY[ended_by] or None,
    }
