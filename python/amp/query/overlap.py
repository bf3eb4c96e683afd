"""The episodes that reach into a window, as one table for sums over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.query.driver import Region, alive, everything
from amp.query.sql import Sql, all_of, joined

if TYPE_CHECKING:
    from amp.history.base import Reader
    from amp.query.scope import Scope

COLUMNS = (
    "e.starts_at_ns, e.series_id, e.ends_at_ns, e.silenced, e.inhibited, e.notified, e.failed, "
    "e.flap, e.name_id, e.severity_id"
)


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant, included, to another, excluded."""

    from_ns: int
    to_ns: int


def overlapping(
    scope: Scope, window: Window, extra: tuple[Sql, ...] = (), index: str | None = None
) -> Sql:
    """A table `o` of the episodes of a window that pass the filters of labels.

    Args:
        scope: of a question without a window.
        window: where the episodes lie.
        extra: more conditions on an episode `e`.
        index: one of those that started in the window, by start; None: all of them.
    """
    checks = [*scope.conditions(), *extra]
    parts = []
    inside = Region(window.from_ns, window.to_ns)
    for driver, region in ((everything(scope), inside), (alive(scope, window.from_ns), Region())):
        source, own = driver.ways[0]
        if index is not None and driver.name == "":
            source = scope.dialect.table("episode", "e", index)
        where = all_of([own, *region.conditions(driver.start), *checks])
        parts.append(
            Sql(
                f"SELECT {COLUMNS} FROM {source} {driver.episode} WHERE {where.text}",
                where.values,
            )
        )
    union = joined(" UNION ALL ", parts)
    return Sql(f"({union.text}) o", union.values)


def counts(reader: Reader, scope: Scope, window: Window) -> dict[int, tuple[int, int]]:
    """How many episodes of the window each series has that passes, and its severity's label.

    Counted along the index of the series: nothing is sorted, no episode is read.
    """
    table = scope.dialect.table("episode", "x", "episode_series")
    inside = all_of(Region(window.from_ns, window.to_ns).conditions("x.starts_at_ns"))
    checks = all_of(scope.conditions())
    columns = "name_id, severity_id, namespace_id"
    rows = reader.rows(
        f"SELECT e.series_id, e.severity_id, (SELECT count(*) FROM {table} "
        f"WHERE x.series_id = e.series_id AND {inside.text}) "
        f"FROM (SELECT id AS series_id, {columns} FROM series) e WHERE {checks.text}",
        checks.values,
    )
    severities = {row[0]: row[1] for row in rows}
    found = {row[0]: row[2] for row in rows if row[2]}
    reaching = alive(scope, window.from_ns)
    source, own = reaching.ways[0]
    for (series,) in reader.rows(f"SELECT {reaching.series} FROM {source} WHERE {own.text}"):
        if series in severities:
            found[series] = found.get(series, 0) + 1
    return {series: (number, severities[series]) for series, number in found.items()}


def seconds_within(scope: Scope, window: Window) -> str:
    """How long an episode of `o` fired within the window, in nanoseconds."""
    least, most = ("min", "max") if scope.dialect.sqlite else ("LEAST", "GREATEST")
    until = min(window.to_ns, max(scope.now_ns, window.from_ns))
    end = f"{least}(COALESCE(o.ends_at_ns, {until:d}), {until:d})"
    return f"{most}({end} - {most}(o.starts_at_ns, {window.from_ns:d}), 0)"
