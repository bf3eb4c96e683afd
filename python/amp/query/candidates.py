"""Counting and listing what drivers find: the SQL of one part of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from amp.query.sql import Sql, all_of, joined, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp.history.base import Reader
    from amp.query.driver import Driver, Region
    from amp.query.scope import Scope


class Count(NamedTuple):
    """How many candidates there are, counted up to a bound.

    Attributes:
        most: the bound; one more is counted.
        ways: number and earliest start that was counted, by way.
    """

    number: int
    most: int
    ways: tuple[tuple[int, int | None], ...]

    @property
    def capped(self) -> bool:
        """Whether there are more than the bound."""
        return self.number > self.most


class Sizing(NamedTuple):
    """What is to be counted: the episodes of a driver before anything else is checked."""

    driver: Driver
    region: Region
    most: int

    def parts(self) -> Iterator[Sql]:
        """A query for each way."""
        driver = self.driver
        for source, own in driver.ways:
            where = all_of([own, *self.region.conditions(driver.start)])
            order = f"ORDER BY {driver.start} DESC, {driver.series} DESC " if driver.ordered else ""
            yield Sql(
                f"SELECT count(*), min(k) FROM (SELECT {driver.start} AS k FROM {source} "
                f"WHERE {where.text} {order}LIMIT {self.most + 1}) c",
                where.values,
            )

    def counted(self, rows: Sequence[tuple[int, int | None]]) -> Count:
        """From the rows of its parts."""
        return Count(min(sum(row[0] for row in rows), self.most + 1), self.most, tuple(rows))


def sizes(reader: Reader, asked: Sequence[Sizing], besides: Sequence[Sql] = ()) -> Sizes:
    """Counts several at once, and asks other queries of two numbers besides."""
    if not asked and not besides:
        return Sizes([], [])
    parts = [list(one.parts()) for one in asked]
    answers = together(reader, [*besides, *(part for own in parts for part in own)])
    counts, at = [], len(besides)
    for one, own in zip(asked, parts, strict=True):
        rows = [(answer[0][0], answer[0][1]) for answer in answers[at : at + len(own)]]
        counts.append(one.counted(rows))
        at += len(own)
    return Sizes(counts, answers[: len(besides)])


class Sizes(NamedTuple):
    """Counts, and the rows of each query besides."""

    counts: list[Count]
    besides: list[list[tuple[Any, ...]]]


def counting(scope: Scope, driver: Driver, region: Region) -> Sql:
    """The query for how many episodes pass everything."""
    keys = _union(scope, driver, region, [], driver.ordered, scope.bounds.exact + 1)
    return Sql(f"SELECT count(*), min(k) FROM ({keys.text}) c", keys.values)


def counted(scope: Scope, row: Sequence[Any]) -> Count:
    """What its row says."""
    return Count(row[0], scope.bounds.exact, ((row[0], row[1]),))


def count(reader: Reader, scope: Scope, driver: Driver, region: Region) -> Count:
    """How many episodes pass everything."""
    query = counting(scope, driver, region)
    return counted(scope, reader.rows(query.text, query.values)[0])


def keys(
    scope: Scope,
    driver: Driver,
    region: Region,
    after: tuple[int, int] | None,
    *,
    descending: bool,
    most: int,
) -> Sql:
    """The keys of the first episodes by start, after the one with this start and series."""
    extra = [] if after is None else [_beyond(driver, after, descending)]
    return _union(scope, driver, region, extra, True, most, descending)


def _beyond(driver: Driver, after: tuple[int, int], descending: bool) -> Sql:
    start, series = after
    sign = "<" if descending else ">"
    return Sql(
        f"{driver.start} {sign}= {start:d} AND "
        f"({driver.start}, {driver.series}) {sign} ({start:d}, {series:d})"
    )


def _union(
    scope: Scope,
    driver: Driver,
    region: Region,
    extra: Sequence[Sql],
    ordered: bool,
    most: int,
    descending: bool = True,
) -> Sql:
    """Starts `k` and series `s` of all ways together, each episode once."""
    way = "DESC" if descending else "ASC"
    checks = scope.conditions(without=driver.name if driver.drops else "")
    parts = []
    for source, own in driver.ways:
        where = all_of([own, *region.conditions(driver.start), *extra, *checks])
        episode = driver.episode if checks else ""
        query = (
            f"SELECT {driver.start} AS k, {driver.series} AS s "
            f"FROM {source} {episode} WHERE {where.text} "
        )
        if ordered and not driver.ordered and not scope.dialect.sqlite:
            # Its planner would rather walk all episodes in order than sort these few.
            query = f"SELECT k, s FROM ({query}OFFSET 0) b ORDER BY k {way}, s {way} "
        elif ordered:
            query += f"ORDER BY {driver.start} {way}, {driver.series} {way} "
        parts.append(Sql(f"{query}LIMIT {most}", where.values))
    if len(parts) == 1:
        return parts[0]
    # Parts with an order of their own stand in brackets of their own in both dialects.
    boxed = [Sql(f"SELECT * FROM ({part.text}) u", part.values) for part in parts]
    union = joined(" UNION ALL " if driver.disjoint else " UNION ", boxed)
    order = f"ORDER BY k {way}, s {way} " if ordered else ""
    return Sql(f"SELECT k, s FROM ({union.text}) v {order}LIMIT {most}", union.values)
