"""Which index finds the episodes of a question, judged by how many each one gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.query.candidates import Count, count, size
from amp.query.driver import Driver, Region, alive, drivers, everything
from amp.query.sql import Sql, all_of

if TYPE_CHECKING:
    from amp.history.base import Reader
    from amp.query.scope import Scope


@dataclass(frozen=True, slots=True)
class Total:
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
    """

    driver: Driver
    region: Region
    before: Driver | None
    walker: Driver
    expected: int
    all: int
    span: tuple[int, int] = (0, 0)
    counted: Count | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    driver: Driver
    found: Count
    expected: int


def plan(reader: Reader, scope: Scope) -> Plan:
    """Chooses."""
    from_ns, to_ns = scope.question.from_ns, scope.question.to_ns
    if "firing" in scope.flags:
        # What is open reaches into every window that begins before now.
        from_ns = None
    found = drivers(scope)
    until = Region(None, to_ns)
    share = _share(reader, scope, until) if scope.words else 0.0
    oldest_ns, newest_ns = _span(reader)
    checks = len(scope.conditions())
    alone = checks == 1
    few = None if from_ns is None else _handful(reader, scope, found, until)
    if few is not None:
        scope.rest.append(Sql(f"(e.ends_at_ns IS NULL OR e.ends_at_ns >= {from_ns:d})"))
        return Plan(few.driver, until, None, few.driver, few.expected, few.expected)
    region = Region(from_ns, to_ns)
    span = (
        max(oldest_ns, from_ns or 0),
        min(newest_ns, newest_ns if to_ns is None else to_ns - 1),
    )
    whole, exact, lookup = everything(scope), scope.bounds.exact, scope.bounds.lookup
    total = _judge(reader, whole, region, span, scope.bounds.handful if found else exact)
    judged = _judged(reader, scope, found, region, span, total.expected, share)
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
    counted = best.found if whole_answer and best.found.most == exact else None
    return Plan(
        best.driver, region, before, listed.driver, best.expected, total.expected, span, counted
    )


def _judged(
    reader: Reader,
    scope: Scope,
    found: list[Driver],
    region: Region,
    span: tuple[int, int],
    all: int,
    share: float,
) -> list[_Judged]:
    """All drivers with what each one finds in the region; the index of words last, if at all."""
    judged: list[_Judged] = []
    for driver in sorted(found, key=lambda one: one.name == "words"):
        if driver.name == "words" and _index_of_words_is_slow(reader, scope, share, judged, all):
            continue
        guess = _guess(reader, scope, driver, all, share)
        judged.append(_judge(reader, driver, region, span, scope.bounds.exact, guess))
    return judged


def _handful(reader: Reader, scope: Scope, found: list[Driver], until: Region) -> _Judged | None:
    """The driver with the fewest episodes in whatever window, where these are few."""
    few = None
    for driver in found:
        if driver.name == "words" or (driver.ordered and not driver.drops):
            continue
        taken = size(reader, driver, until, scope.bounds.handful)
        if not taken.capped and (few is None or taken.number < few.expected):
            few = _Judged(driver, taken, taken.number)
    return few


def _share(reader: Reader, scope: Scope, region: Region) -> float:
    """In which share of the newest episodes the searched words are."""
    whole, sample = everything(scope), scope.bounds.sample
    source, _ = whole.ways[0]
    where = all_of(region.conditions("e.starts_at_ns"))
    matches = scope.dialect.note_matches(scope.words)
    newest = (
        f"SELECT e.note_id FROM {source} WHERE {where.text} "
        f"ORDER BY e.starts_at_ns DESC, e.series_id DESC LIMIT {sample}"
    )
    row = reader.rows(
        f"SELECT count(*), sum(CASE WHEN {matches.text} THEN 1 ELSE 0 END) FROM ({newest}) e",
        (*matches.values, *where.values),
    )[0]
    return int(row[1] or 0) / row[0] if row[0] == sample else 0.0


def _index_of_words_is_slow(
    reader: Reader, scope: Scope, share: float, judged: list[_Judged], all: int
) -> bool:
    """Whether to do without the index of words: it must read all that it has of each word."""
    if not share:
        return False
    rivals = [one.expected for one in judged]
    if rivals and min(rivals) < 2 * share * all:
        return True
    notes = reader.rows("SELECT max(id) FROM note")[0][0] or 0
    reading = share * notes * len(scope.words) * scope.bounds.note
    walking = scope.bounds.exact / share * scope.bounds.lookup
    return bool(walking < reading)


def _span(reader: Reader) -> tuple[int, int]:
    row = reader.rows(
        "SELECT (SELECT min(starts_at_ns) FROM episode), (SELECT max(starts_at_ns) FROM episode)"
    )[0]
    return row[0] or 0, row[1] or 0


def _judge(
    reader: Reader,
    driver: Driver,
    region: Region,
    span: tuple[int, int],
    most: int,
    guess: int = 0,
) -> _Judged:
    found = size(reader, driver, region, most)
    if found.capped and not driver.ordered:
        return _Judged(driver, found, max(guess, found.number))
    return _Judged(driver, found, extrapolated(found, span))


def _guess(reader: Reader, scope: Scope, driver: Driver, all: int, share: float) -> int:
    """How many episodes an unordered driver may have when they are too many to count."""
    if driver.name == "series":
        series = reader.rows("SELECT max(id) FROM series")[0][0] or 1
        return int(all * len(scope.series or ()) / series)
    return int(all * share) if driver.name == "words" else all // 2


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


def total(reader: Reader, scope: Scope, plan: Plan) -> Total:
    """How many episodes match: counted up to a bound, guessed above."""
    found = plan.counted or count(reader, scope, plan.driver, plan.region)
    number, capped = found.number, found.capped
    if plan.before is not None and not capped:
        number += count(reader, scope, plan.before, Region()).number
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
