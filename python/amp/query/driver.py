"""Ways to find candidates among the episodes: one index each.

A driver finds every episode that its own filter allows, in order of the start where its index has
that order. What the question asks besides is checked episode by episode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from amp.query.sql import IN_ORDER, Sql, all_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.query.scope import Scope

MOST_WAYS = 8
"""Up to so many values of one filter are walked beside each other."""

FIRST_NS = -(1 << 63)
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
LONG = (("episode_hour", HOUR), ("episode_shift", 8 * HOUR), ("episode_days", 72 * HOUR))
"""Partial indexes of episodes that lasted at least so long, by start."""

FLAG_INDEXES = {
    "silenced": "episode_silenced",
    "inhibited": "episode_inhibited",
    "failed": "episode_failed",
    "flapping": "episode_flapping",
    "pending": "episode_pending",
}
COLUMN_INDEXES = {
    "name_id": "episode_name",
    "severity_id": "episode_severity",
    "namespace_id": "episode_namespace",
}


_OF_NOTE = "CROSS JOIN LATERAL (SELECT * FROM episode x WHERE x.note_id = w.id OFFSET 0) e"
"""PostgreSQL's planner looks the episodes up note by note then; it would rather read them all."""


class Region(NamedTuple):
    """Starts from the first instant, included, to the second, excluded. None: no bound."""

    from_ns: int | None = None
    to_ns: int | None = None

    def conditions(self, start: str) -> Iterator[Sql]:
        """The bounds as conditions."""
        if self.from_ns is not None:
            yield Sql(f"{start} >= {self.from_ns:d}")
        if self.to_ns is not None:
            yield Sql(f"{start} < {self.to_ns:d}")


@dataclass(frozen=True, slots=True)
class Driver:
    """One index and what it gives.

    Attributes:
        name: of the filter that it sees to; empty for all episodes.
        ways: FROM with its conditions, one for each value.
        start: the column of the start.
        series: the column of the series.
        episode: what joins the episode `e`; empty where that is what FROM names.
        ordered: whether each way comes in order of (start, series).
        disjoint: whether no episode comes in two ways.
        drops: whether its filter needs no check any more.
    """

    name: str
    ways: tuple[tuple[str, Sql], ...]
    start: str = "e.starts_at_ns"
    series: str = "e.series_id"
    episode: str = ""
    ordered: bool = True
    disjoint: bool = True
    drops: bool = False


def drivers(scope: Scope) -> list[Driver]:
    """Every driver that the question's filters allow, besides that of all episodes."""
    dialect = scope.dialect
    found: list[Driver] = []
    for one in scope.label_filters:
        if one.column and not one.negative and len(one.ids) <= MOST_WAYS:
            table = dialect.table("episode", "e", COLUMN_INDEXES[one.column])
            ways = tuple((table, Sql(f"e.{one.column} = {id:d}")) for id in one.ids)
            found.append(Driver(one.column, ways))
    for name, condition in scope.flags.items():
        if name in FLAG_INDEXES:
            table = dialect.table("episode", "e", FLAG_INDEXES[name])
            found.append(Driver(name, ((table, condition),)))
        elif name == "firing":
            found.append(firing(scope))
    for link in scope.links:
        if len(link.ids) <= MOST_WAYS:
            ways = tuple((f"{link.table} d", Sql(f"d.{link.column} = {id:d}")) for id in link.ids)
            found.append(
                Driver(
                    link.table, ways, "d.starts_at_ns", "d.series_id",
                    scope.dialect.episode("d.starts_at_ns", "d.series_id"),
                    disjoint=len(ways) == 1, drops=True,
                )
            )  # fmt: skip
    found += _sets(scope)
    return found


def _sets(scope: Scope) -> Iterator[Driver]:
    """Drivers whose episodes come in no order."""
    dialect = scope.dialect
    if scope.series is not None:
        table = dialect.table("episode", "e", "episode_series")
        among = dialect.found_among("e.series_id", scope.series)
        yield Driver("series", ((table, among),), ordered=len(scope.series) == 1, drops=True)
    if scope.words:
        if dialect.sqlite:
            table = dialect.table("episode", "e", "episode_note")
            source = f"note_words {dialect.join} {table} ON e.note_id = note_words.rowid"
            condition = Sql("note_words MATCH ?", (dialect.query(scope.words),))
        else:
            source = f"note w {_OF_NOTE}"
            condition = Sql("w.words @@ CAST(? AS tsquery)", (dialect.query(scope.words),))
        yield Driver("words", ((source, condition),), ordered=False, drops=True)
    if scope.url_hashes:
        hashes = dialect.among("w.url_hash", scope.url_hashes)
        source = f"note w {_OF_NOTE}"
        if dialect.sqlite:
            table = dialect.table("episode", "e", "episode_note")
            source = f"note w {dialect.join} {table} ON e.note_id = w.id"
        yield Driver("urls", ((source, hashes),), ordered=False, drops=True)
    if scope.question.min_duration_ns is not None or scope.question.max_duration_ns is not None:
        yield _by_duration(scope)


def _by_duration(scope: Scope) -> Driver:
    table = scope.dialect.table("episode", "e", "episode_duration")
    length = "(e.ends_at_ns - e.starts_at_ns)"
    bounds = ["e.ends_at_ns IS NOT NULL"]
    if (least := scope.question.min_duration_ns) is not None:
        bounds.append(f"{length} >= {least:d}")
        if not scope.dialect.sqlite:
            # So that its planner does not take an index of the long ones, which has all starts.
            bounds[-1] = f"({length}, e.ends_at_ns) >= ({least:d}, {FIRST_NS})"
    if (most := scope.question.max_duration_ns) is not None:
        bounds.append(f"{length} <= {most:d}")
    open_ones = firing(scope)
    source, condition = open_ones.ways[0]
    return Driver(
        "duration",
        (
            (table, Sql(" AND ".join(bounds))),
            (f"{source} {open_ones.episode}", all_of([condition, scope.flags["duration"]])),
        ),
        ordered=False,
        drops=True,
    )


def everything(scope: Scope) -> Driver:
    """All episodes, in the order in which they lie."""
    return Driver("", ((scope.dialect.table("episode", "e", IN_ORDER), Sql("1 = 1")),))


def firing(scope: Scope) -> Driver:
    """The open episodes, of which each series has one at most."""
    return Driver(
        "firing",
        (
            (
                scope.dialect.table("series", "d", "series_open"),
                Sql("d.open_at_ns IS NOT NULL"),
            ),
        ),
        "d.open_at_ns",
        "d.id",
        scope.dialect.episode("d.open_at_ns", "d.id"),
        drops=True,
    )


def alive(scope: Scope, at_ns: int) -> Driver:
    """Episodes that started before an instant and had not ended before it.

    Whoever lasted longer than an hour (a shift, days) stands in an index of the long ones, so
    that nobody looks through everything that came before.
    """
    table = scope.dialect.table
    parts = [
        f"SELECT e.starts_at_ns, e.series_id FROM {table('episode', 'e', IN_ORDER)} "
        f"WHERE e.starts_at_ns >= {at_ns - HOUR:d} AND e.starts_at_ns < {at_ns:d} "
        f"AND (e.ends_at_ns >= {at_ns:d} OR e.ends_at_ns IS NULL)",
        f"SELECT d.open_at_ns, d.id FROM {table('series', 'd', 'series_open')} "
        f"WHERE d.open_at_ns IS NOT NULL AND d.open_at_ns < {at_ns - HOUR:d}",
    ]
    for position, (index, least) in enumerate(LONG):
        last = position + 1 == len(LONG)
        bound = "" if last else f"AND e.starts_at_ns >= {at_ns - LONG[position + 1][1]:d} "
        parts.append(
            f"SELECT e.starts_at_ns, e.series_id FROM {table('episode', 'e', index)} "
            f"WHERE e.ends_at_ns - e.starts_at_ns >= {least:d} {bound}"
            f"AND e.starts_at_ns < {at_ns - least:d} AND e.ends_at_ns >= {at_ns:d}"
        )
    source = "(" + " UNION ALL ".join(parts) + ") d"
    return Driver(
        "alive", ((source, Sql("1 = 1")),), "d.starts_at_ns", "d.series_id",
        scope.dialect.episode("d.starts_at_ns", "d.series_id"), ordered=False,
    )  # fmt: skip
