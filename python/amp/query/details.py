"""What is shown of episodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from amp._core import episodes_json
from amp.query.sql import Dialect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.history.base import Reader
    from amp.query.question import Question

ENDED_BY = ("", "sender", "timeout", "unknown")

COLUMNS = (
    "e.starts_at_ns, e.series_id, e.ends_at_ns, e.ended_by, e.silenced, e.inhibited, e.notified, "
    "e.failed, e.flap, s.fingerprint, CAST(s.labels AS TEXT), s.fires, n.annotations, "
    "n.generator_url"
)


def details(
    reader: Reader, question: Question, keys: Sequence[tuple[int, int, int]], now_ns: int
) -> list[bytes]:
    """The episodes of these keys as JSON objects, in the same order."""
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
    texts = zip(rows, episodes_json(rows, fires, now_ns), strict=True)
    shown = {(row[0], row[1]): text for row, text in texts}
    return [shown[key[1:]] for key in keys if key[1:] in shown]


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
