"""One page of episodes, and how many there are in all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.query.bounds import BOUNDS, Bounds
from amp.query.candidates import counted, counting, keys
from amp.query.cursor import Cursor
from amp.query.details import details
from amp.query.driver import Region, firing
from amp.query.plan import Plan, plan, total
from amp.query.scope import Scope, scope
from amp.query.sql import Sql, all_of, together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp.history.base import Reader
    from amp.query.candidates import Count
    from amp.query.driver import Driver
    from amp.query.question import Question

NEVER_NS = (1 << 63) - 1
"""When an open episode ends, where episodes are sorted by their end."""

Key = tuple[int, int, int]
"""Value of the sort, start, series."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a question's answer holds.

    Attributes:
        lines: the episodes, a JSON object each.
    """

    lines: list[bytes]
    total: int
    estimated: bool
    next_cursor: str | None

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The episodes, read."""
        found: list[dict[str, Any]] = json.loads(b"[%b]" % b",".join(self.lines))
        return found


def page(
    reader: Reader,
    question: Question,
    now_ns: int,
    limit: int,
    cursor: Cursor | None,
    bounds: Bounds = BOUNDS,
) -> Page:
    """The episodes after the cursor, `limit` of them."""
    if cursor is not None:
        now_ns = cursor.now_ns
    asked = scope(question, reader, now_ns, bounds)
    if asked.nothing:
        return Page([], 0, False, None)
    begins = cursor is None and question.sort == "starts_at"
    chosen = plan(reader, asked, limit + 1 if begins else 0)
    listed: list[Key] | None = None
    after = None
    if cursor is None:
        counts, listed = _begun(reader, asked, chosen, limit + 1)
        number, estimated = total(reader, asked, chosen, *counts)
    else:
        number, estimated = cursor.total, cursor.estimated
        after = (cursor.key, cursor.starts_at_ns, cursor.series_id)
    if question.sort == "starts_at":
        found = _by_start(reader, asked, chosen, after, limit + 1, listed)
    else:
        found = _by_value(reader, asked, chosen, after, limit + 1, number)
    shown = found[:limit]
    following = None
    if len(found) > limit:
        key, start, series = shown[-1]
        last = Cursor(key, start, series, now_ns, number, estimated)
        following = last.text(question.digest())
    return Page(details(reader, question, shown, now_ns), number, estimated, following)


def _begun(
    reader: Reader, asked: Scope, chosen: Plan, most: int
) -> tuple[tuple[Count, Count | None], list[Key] | None]:
    """The matches of the region and from before it, and what the list begins with, asked at once.

    There is no such list for other sorts than by start.
    """
    region, before = chosen.counted, None
    asking = []
    if region is None:
        asking.append(counting(asked, chosen.driver, chosen.region))
    if chosen.before is not None and not (region and region.capped):
        asking.append(counting(asked, chosen.before, Region()))
    counts = len(asking)
    descending = asked.question.descending
    if asked.question.sort == "starts_at" and chosen.listed is None:
        driver, first = _parts(chosen, descending)[0]
        asking.append(keys(asked, driver, first, None, descending=descending, most=most))
    answers = together(reader, asking) if asking else []
    found = [counted(asked, rows[0]) for rows in answers[:counts]]
    if region is None:
        region = found.pop(0)
    if found:
        before = found[0]
    listed = answers[counts] if answers[counts:] else chosen.listed
    return (region, before), None if listed is None else _keyed(listed, descending)


def _parts(chosen: Plan, descending: bool) -> list[tuple[Driver, Region]]:
    """In order of the start: the region's episodes all start after those from before it."""
    parts = [(chosen.walker, chosen.region)]
    if chosen.before is not None:
        parts.insert(1 if descending else 0, (chosen.before, Region()))
    return parts


def _keyed(rows: Iterable[tuple[Any, ...]], descending: bool) -> list[Key]:
    return sorted(((start, start, series) for start, series in rows), reverse=descending)


def _by_start(
    reader: Reader,
    asked: Scope,
    chosen: Plan,
    after: Key | None,
    most: int,
    listed: list[Key] | None,
) -> list[Key]:
    """In order of the start; the first part may be there already."""
    descending = asked.question.descending
    found = listed or []
    past = None if after is None else after[1:]
    for driver, region in _parts(chosen, descending)[0 if listed is None else 1 :]:
        if len(found) >= most:
            break
        query = keys(asked, driver, region, past, descending=descending, most=most - len(found))
        found += _keyed(reader.rows(query.text, query.values), descending)
    return found


def _by_value(
    reader: Reader, asked: Scope, chosen: Plan, after: Key | None, most: int, number: int
) -> list[Key]:
    """In order of the end or the duration."""
    exact, sparse = asked.bounds.exact, asked.bounds.sparse
    if chosen.expected <= exact or (number <= exact and number * sparse <= chosen.all):
        parts = [_gathered(asked, chosen, after, most)]
    else:
        parts = [_ended(asked, after, most), _open(asked, after, most)]
    found: set[Key] = set()
    for query in parts:
        found.update(reader.rows(query.text, query.values))
    return sorted(found, reverse=asked.question.descending)[:most]


def _value(asked: Scope) -> str:
    if asked.question.sort == "ends_at":
        return f"COALESCE(e.ends_at_ns, {NEVER_NS:d})"
    return asked.duration


def _gathered(asked: Scope, chosen: Plan, after: Key | None, most: int) -> Sql:
    """All that match, sorted."""
    value = _value(asked)
    parts = [(chosen.driver, chosen.region)]
    if chosen.before is not None:
        parts.append((chosen.before, Region()))
    pieces = []
    for driver, region in parts:
        checks = asked.conditions(without=driver.name if driver.drops else "")
        for source, own in driver.ways:
            where = all_of([own, *region.conditions(driver.start), *checks])
            pieces.append(
                Sql(
                    f"SELECT {value} AS v, e.starts_at_ns AS k, e.series_id AS s "
                    f"FROM {source} {driver.episode} WHERE {where.text}",
                    where.values,
                )
            )
    text = " UNION ALL ".join(piece.text for piece in pieces)
    values = tuple(value for piece in pieces for value in piece.values)
    names = ["v", "k", "s"]
    bound = _after(names, after, asked)
    where_text = f"WHERE {bound.text} " if bound else ""
    return Sql(
        f"SELECT v, k, s FROM ({text}) g {where_text}{_order(names, asked)} LIMIT {most}",
        values,
    )


def _ended(asked: Scope, after: Key | None, most: int) -> Sql:
    """Along the index of ends, or of durations."""
    value, index = "e.ends_at_ns", "episode_ends"
    own = [Sql("e.ends_at_ns IS NOT NULL")]
    if asked.question.sort == "duration":
        value, index = "(e.ends_at_ns - e.starts_at_ns)", "episode_duration"
        # As the index has it, so that the walk begins and ends at the bounds.
        if (least := asked.question.min_duration_ns) is not None:
            own.append(Sql(f"{value} >= {least:d}"))
        if (longest := asked.question.max_duration_ns) is not None:
            own.append(Sql(f"{value} <= {longest:d}"))
    return _walked(asked, asked.dialect.table("episode", "e", index), value, after, most, own)


def _open(asked: Scope, after: Key | None, most: int) -> Sql:
    driver = firing(asked)
    source, own = driver.ways[0]
    return _walked(asked, f"{source} {driver.episode}", _value(asked), after, most, [own])


def _walked(
    asked: Scope, source: str, value: str, after: Key | None, most: int, own: list[Sql]
) -> Sql:
    from_ns, to_ns = asked.question.from_ns, asked.question.to_ns
    if from_ns is not None:
        own.append(Sql(f"(e.ends_at_ns IS NULL OR e.ends_at_ns >= {from_ns:d})"))
    if to_ns is not None:
        own.append(Sql(f"e.starts_at_ns < {to_ns:d}"))
    names = [value, "e.starts_at_ns", "e.series_id"]
    bound = _after(names, after, asked)
    if bound is not None:
        own.append(bound)
    where = all_of([*own, *asked.conditions()])
    return Sql(
        f"SELECT {', '.join(names)} FROM {source} WHERE {where.text} "
        f"{_order(names, asked)} LIMIT {most}",
        where.values,
    )


def _after(names: list[str], after: Key | None, asked: Scope) -> Sql | None:
    if after is None:
        return None
    sign = "<" if asked.question.descending else ">"
    listed = ", ".join(f"{one:d}" for one in after)
    return Sql(f"{names[0]} {sign}= {after[0]:d} AND ({', '.join(names)}) {sign} ({listed})")


def _order(names: list[str], asked: Scope) -> str:
    way = "DESC" if asked.question.descending else "ASC"
    return "ORDER BY " + ", ".join(f"{name} {way}" for name in names)
