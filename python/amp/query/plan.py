"""Which index finds the episodes of a question, judged by how many each one gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from amp.query.candidates import Count, Sizing, count, counted, counting, keys, sizes
from amp.query.driver import Driver, Region, alive, drivers, everything
from amp.query.sql import Sql, all_of

if TYPE_CHECKING:
    from amp.history.base import Reader
    from amp.query.scope import Scope


EDGES = Sql(
    "SELECT (SELECT min(starts_at_ns) FROM episode), (SELECT max(starts_at_ns) FROM episode)"
)
NUMBERS = Sql("SELECT (SELECT max(id) FROM series), (SELECT max(id) FROM note)")


class Total(NamedTuple):
    """How many episodes match.

    Attributes:
        estimated: whether the number is one of several that are likely, all above the bound.
    """

    number: int
    estimated: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is answered.

    Attributes:
        driver: what finds the episodes of the region.
        region: where they start.
        before: what finds those that started before the region and reach into it.
        walker: what lists them in order of their start.
        expected: how many candidates the driver has; above the bound a guess.
        all: how many episodes there are, roughly.
        span: the first and the last start in the region, roughly.
        counted: the matches of the region, where choosing has counted them.
        listed: the first keys of the region, where these were asked for before choosing.
    """

    driver: Driver
    region: Region
    before: Driver | None
    walker: Driver
    expected: int
    all: int
    span: tuple[int, int] = (0, 0)
    counted: Count | None = None
    listed: list[tuple[Any, ...]] | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    driver: Driver
    found: Count
    expected: int


def plan(reader: Reader, scope: Scope, page: int = 0) -> Plan:
    """Chooses.

    Args:
        reader: answers.
        scope: of the question.
        page: how many keys are wanted from the beginning of the list, if at all.
    """
    from_ns, to_ns = scope.question.from_ns, scope.question.to_ns
    if "firing" in scope.flags:
        # What is open reaches into every window that begins before now.
        from_ns = None
    found = drivers(scope)
    until = Region(None, to_ns)
    checks = len(scope.conditions())
    alone = checks == 1
    few = None if from_ns is None else _handful(reader, scope, found, until)
    if few is not None:
        scope.rest.append(Sql(f"(e.ends_at_ns IS NULL OR e.ends_at_ns >= {from_ns:d})"))
        return Plan(few.driver, until, None, few.driver, few.expected, few.expected)
    region = Region(from_ns, to_ns)
    exact, lookup = scope.bounds.exact, scope.bounds.lookup
    if page and (sole := _sole(scope, found, checks)):
        return _at_once(reader, scope, sole, region, page)
    total, judged, span = _judged(reader, scope, found, region)
    best = min(judged, key=lambda one: one.expected, default=total)
    if best is not total and not alone and best.expected * lookup > total.expected:
        best = total
    walkers = [one for one in judged if one.driver.ordered]
    walker = min(walkers, key=lambda one: one.expected, default=total)
    if walker is not total and walker.expected * (1 if alone else lookup) > total.expected:
        walker = total
    before = None if from_ns is None else alive(scope, from_ns)
    listed = best if best.driver.ordered or not best.found.capped else walker
    # What was counted while choosing is the total where nothing else is to be checked.
    whole_answer = checks <= bool(best.driver.name) and best.driver.disjoint
    matches = best.found if whole_answer and best.found.most == exact else None
    return Plan(
        best.driver, region, before, listed.driver, best.expected, total.expected, span, matches
    )


def _sole(scope: Scope, found: list[Driver], checks: int) -> Driver | None:
    """The one way, in order of the start, to answer the question; None where there is a choice."""
    if not found:
        return everything(scope)
    if checks == 1 and len(found) == 1 and found[0].ordered and found[0].disjoint:
        return found[0]
    return None


def _at_once(reader: Reader, scope: Scope, sole: Driver, region: Region, page: int) -> Plan:
    """Counts and lists what the only driver finds, with nothing to choose."""
    descending = scope.question.descending
    first = keys(scope, sole, region, None, descending=descending, most=page)
    if sole.name or not scope.conditions():
        answer = sizes(reader, [Sizing(sole, region, scope.bounds.exact)], [EDGES, first])
        found = answer.counts[0]
    else:
        answer = sizes(reader, [], [EDGES, first, counting(scope, sole, region)])
        found = counted(scope, answer.besides[2][0])
    span = _within(answer.besides[0][0], region)
    expected = extrapolated(found, span)
    from_ns = region.from_ns
    # In rising order the list begins with what was there before.
    before = None if from_ns is None else alive(scope, from_ns)
    listed = answer.besides[1] if before is None or descending else None
    return Plan(sole, region, before, sole, expected, expected, span, found, listed)


def _within(edges: tuple[Any, ...], region: Region) -> tuple[int, int]:
    """The first and the last start in a region, roughly."""
    oldest_ns, newest_ns = edges[0] or 0, edges[1] or 0
    return (
        max(oldest_ns, region.from_ns or 0),
        min(newest_ns, newest_ns if region.to_ns is None else region.to_ns - 1),
    )


def _judged(
    reader: Reader, scope: Scope, found: list[Driver], region: Region
) -> tuple[_Judged, list[_Judged], tuple[int, int]]:
    """What all episodes and each driver have in the region, and its first and last start.

    The index of words comes last, if at all.
    """
    exact = scope.bounds.exact
    plain = [driver for driver in found if driver.name != "words"]
    whole = Sizing(everything(scope), region, scope.bounds.handful if found else exact)
    asked = [whole, *(Sizing(driver, region, exact) for driver in plain)]
    besides = [EDGES]
    if "series" in {driver.name for driver in plain} or scope.words:
        besides.append(NUMBERS)
    if scope.words:
        besides.append(_sample(scope, Region(None, region.to_ns)))
    answer = sizes(reader, asked, besides)
    span = _within(answer.besides[0][0], region)
    series, notes = answer.besides[1][0] if len(besides) > 1 else (1, 0)
    share = _share(scope, answer.besides[2][0]) if scope.words else 0.0
    total = _Judged(whole.driver, answer.counts[0], extrapolated(answer.counts[0], span))
    judged = []
    for driver, taken in zip(plain, answer.counts[1:], strict=True):
        expected = extrapolated(taken, span)
        if taken.capped and not driver.ordered:
            expected = max(_guess(scope, driver, total.expected, series or 1), taken.number)
        judged.append(_Judged(driver, taken, expected))
    for driver in found:
        if driver.name != "words":
            continue
        if _index_of_words_is_slow(scope, share, judged, total.expected, notes or 0):
            continue
        taken = sizes(reader, [Sizing(driver, region, exact)]).counts[0]
        guess = int(total.expected * share) if taken.capped else 0
        judged.append(_Judged(driver, taken, max(guess, taken.number)))
    return total, judged, span


def _handful(reader: Reader, scope: Scope, found: list[Driver], until: Region) -> _Judged | None:
    """The driver with the fewest episodes in whatever window, where these are few."""
    few = None
    some = [
        driver
        for driver in found
        if driver.name != "words" and (driver.drops or not driver.ordered)
    ]
    asked = [Sizing(driver, until, scope.bounds.handful) for driver in some]
    for driver, taken in zip(some, sizes(reader, asked).counts, strict=True):
        if not taken.capped and (few is None or taken.number < few.expected):
            few = _Judged(driver, taken, taken.number)
    return few


def _sample(scope: Scope, region: Region) -> Sql:
    """The query for how many of the newest episodes there are, and how many have the words."""
    whole, sample = everything(scope), scope.bounds.sample
    source, _ = whole.ways[0]
    where = all_of(region.conditions("e.starts_at_ns"))
    matches = scope.dialect.note_matches(scope.words)
    newest = (
        f"SELECT e.note_id FROM {source} WHERE {where.text} "
        f"ORDER BY e.starts_at_ns DESC, e.series_id DESC LIMIT {sample}"
    )
    return Sql(
        f"SELECT count(*), sum(CASE WHEN {matches.text} THEN 1 ELSE 0 END) FROM ({newest}) e",
        (*matches.values, *where.values),
    )


def _share(scope: Scope, row: tuple[Any, ...]) -> float:
    """In which share of the newest episodes the searched words are."""
    return int(row[1] or 0) / row[0] if row[0] == scope.bounds.sample else 0.0


def _index_of_words_is_slow(
    scope: Scope, share: float, judged: list[_Judged], all: int, notes: int
) -> bool:
    """Whether to do without the index of words: it must read all that it has of each word."""
    if not share:
        return False
    rivals = [one.expected for one in judged]
    if rivals and min(rivals) < 2 * share * all:
        return True
    if not scope.dialect.sqlite:
        # It stops looking at notes with the last episode that is counted.
        return False
    reading = share * notes * len(scope.words) * scope.bounds.note
    walking = scope.bounds.exact / share * scope.bounds.lookup
    return bool(walking < reading)


def _guess(scope: Scope, driver: Driver, all: int, series: int) -> int:
    """How many episodes an unordered driver may have when they are too many to count."""
    if driver.name == "series":
        return int(all * len(scope.series or ()) / series)
    return all // 2


def extrapolated(found: Count, span: tuple[int, int]) -> int:
    """What a count up to a bound says of all: as dense before the last counted start as after."""
    expected = 0
    for number, oldest_ns in found.ways:
        if number <= found.most or oldest_ns is None:
            expected += number
            continue
        walked = max(span[1] - oldest_ns, 1)
        expected += max(int(number * ((span[1] - span[0]) / walked)), number)
    return expected


def total(reader: Reader, scope: Scope, plan: Plan, found: Count, before: Count | None) -> Total:
    """How many episodes match: counted up to a bound, guessed above.

    Args:
        reader: answers.
        scope: of the question.
        plan: how it is answered.
        found: the matches of the region.
        before: those from before it, where they were counted.
    """
    number, capped = found.number, found.capped
    if before is not None and not capped:
        number += before.number
        capped = number > scope.bounds.exact
    if not capped:
        return Total(number, False)
    if not found.capped:
        return Total(number, True)
    if plan.driver.ordered:
        return Total(extrapolated(found, plan.span), True)
    return Total(max(sampled(reader, scope, plan), scope.bounds.exact + 1), True)


SERIES = 50
"""So many series stand for all of a set."""


def sampled(reader: Reader, scope: Scope, plan: Plan) -> int:
    """The matches of some series of the set, scaled to all."""
    series = scope.series
    if plan.driver.name != "series" or series is None or len(series) <= SERIES:
        return plan.expected
    step = len(series) // SERIES
    scope.series = series[::step]
    among = scope.dialect.among("e.series_id", scope.series)
    way = ((plan.driver.ways[0][0], among),)
    sample = Driver("series", way, ordered=False, drops=True)
    found = count(reader, scope, sample, plan.region)
    share = len(series) / len(scope.series)
    scope.series = series
    return int(found.number * share)
