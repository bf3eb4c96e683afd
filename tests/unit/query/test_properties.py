"""Random questions on random stories: both databases answer as a plain look at everything does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from amp._core import fingerprint
from amp.clock import SECOND_NS
from amp.query.bounds import BOUNDS, Bounds
from amp.query.cursor import read_cursor
from amp.query.episodes import page
from amp.query.filters import EPISODE_FILTERS, PAGING, Parameters, question
from amp.query.instant import rfc3339
from amp.query.overlap import Window
from amp.query.ranking import flapping, top
from amp.query.report import summary
from history_rows import (
    GROUP_KEYS,
    NAMES,
    NAMESPACES,
    RECEIVERS,
    SEVERITIES,
    SILENCES,
    START_NS,
    URLS,
    expected,
)  # fmt: skip

if TYPE_CHECKING:
    from amp.history.base import ReaderConnection
    from history_rows import Story

TIGHT = Bounds(exact=6, handful=3, sample=5, most_series=4, sparse=4, lookup=1.5)
"""So small that every way to answer is taken by small stories."""

SECONDS = START_NS // SECOND_NS
TRUE = st.sampled_from(["true", "false"])
MATCHERS = [
    'alertname=~"Disk.*"', 'alertname!~"Disk.*"', 'severity!="critical"', 'severity=~".*"',
    'severity=~"critical|"', 'team="db"', 'team!="db"', 'team=~"d.|w.*"', 'team!~"d."', 'team=""',
    'team!=""', 'team=~"^$"', 'instance=~"1.*"', 'instance!~"1.*"', 'none=""', 'none!=""',
    'none=~".+"', 'namespace!~"o.*"', 'namespace=""', 'namespace!=""', 'team=~"db|"',
]  # fmt: skip


def values(name: str, allowed: list[str] | tuple[str, ...]) -> Any:
    one = st.sampled_from(list(allowed))
    return st.lists(one, min_size=1, max_size=3).map(lambda found: [(name, v) for v in found])


def single(name: str, allowed: Any) -> Any:
    return allowed.map(lambda value, name=name: [(name, value)])


FILTERS = [
    values("status", ["firing", "resolved"]), values("severity", SEVERITIES),
    values("namespace", NAMESPACES), values("alert_name", NAMES),
    values("label[team]", ["db", "web", "", "none"]), values("label[instance]", ["1", "2", "3"]),
    values("label[severity]", SEVERITIES), values("filter", MATCHERS),
    values("alert_name_pattern", ["*", "Disk*", "*o*", "?piSlow", "Disk[*]?", "none", "*Do?n*"]),
    single("search", st.sampled_from(
        ["disk", "dis ful", "DiskFull", "groß", "node 7", "9", "zzz", "the", "secret", "do"])),
    values("generator_url", [*URLS, "http://none/"]),
    single("min_duration", st.sampled_from(["0", "60", "10m", "1h", "12h30m", "3d"])),
    single("max_duration", st.sampled_from(["0", "60", "1h", "9h", "4d"])),
    single("is_resolved", TRUE), values("receiver", [*RECEIVERS, "none"]),
    single("silenced", TRUE), single("inhibited", TRUE), single("is_flapping", TRUE),
    values("group_key", [*GROUP_KEYS, "none"]), values("silence_id", [*SILENCES, "none"]),
    values("delivery_status", ["delivered", "failed", "pending"]),
    single("has_classification", TRUE),
    st.integers(0, 96 * 4).map(lambda n: [("from", str(SECONDS + n * 900))]),
    st.integers(1, 96 * 4).map(lambda n: [("to", str(SECONDS + n * 900))]),
]  # fmt: skip

QUESTIONS = st.lists(st.sampled_from(range(len(FILTERS))), max_size=4, unique=True).flatmap(
    lambda picked: st.tuples(*(FILTERS[index] for index in picked))
)


def pages(
    made: Story, reader: ReaderConnection, asked: Any, limit: int, bounds: Bounds
) -> tuple[list[dict[str, Any]], Any]:
    found, cursor, first = [], None, None
    for _ in range(1000):
        one = page(reader, asked, made.now_ns, limit, cursor, bounds)
        first = first or one
        found += one.alerts
        if one.next_cursor is None:
            return found, first
        assert len(one.alerts) == limit
        cursor = read_cursor(one.next_cursor, asked.digest())
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("bounds", [BOUNDS, TIGHT], ids=["wide", "tight"])
def test_pages_are_what_a_plain_look_finds(
    told: list[tuple[Story, ReaderConnection]], bounds: Bounds
) -> None:
    @settings(max_examples=200, deadline=None, database=None)
    @given(
        number=st.sampled_from(range(len(told))),
        filters=QUESTIONS,
        limit=st.sampled_from([1, 2, 5, 1000]),
        sort=st.sampled_from(["starts_at", "ends_at", "duration"]),
        order=st.sampled_from(["asc", "desc"]),
    )
    def check(number: int, filters: Any, limit: int, sort: str, order: str) -> None:
        made, reader = told[number]
        given_all = [*itertools.chain(*filters), ("sort", sort), ("order", order)]
        parameters = Parameters(given_all, EPISODE_FILTERS | PAGING)
        ends = [int((parameters.many(name) or [default])[0])
                for name, default in (("from", "0"), ("to", "9999999999"))]  # fmt: skip
        assume(ends[0] < ends[1])
        assume(not (parameters.many("min_duration") and parameters.many("max_duration")))
        asked = question(parameters, "fallback")
        wanted = expected(made, asked)
        found, first = pages(made, reader, asked, limit, bounds)
        keys = [(one["fingerprint"], one["starts_at"]) for one in found]
        assert keys == [(one.key[0], rfc3339(one.start)) for one in wanted]
        if len(wanted) <= bounds.exact:
            assert (first.total, first.estimated) == (len(wanted), False)
        else:
            assert first.total > bounds.exact
        reaching = made.within(asked.from_ns, asked.to_ns)
        for row, one in zip(found, wanted, strict=True):
            check_row(made, row, one, sum(other.series == one.series for other in reaching))

    check()


def check_row(made: Story, row: dict[str, Any], one: Any, fires: int) -> None:
    assert row["labels"] == one.labels
    assert row["status"] == ("firing" if one.end is None else "resolved")
    assert row["ends_at"] == (None if one.end is None else rfc3339(one.end))
    assert row["duration_seconds"] == pytest.approx(one.length(made.now_ns) / 1e9)
    assert row["fire_count"] == fires
    assert row["receivers"] == sorted({receiver for _, receiver in one.groups})
    assert row["generator_url"] == one.note[1]
    assert row["annotations"].get("summary", "") == one.note[0]
    assert row["silenced"] == one.flags["silenced"]
    assert row["delivery"] == {"delivered": one.flags["notified"], "failed": one.flags["failed"]}
    assert row["flapping_score"] == pytest.approx(1 - 2 ** (-one.flap / 4), abs=1e-4)


WINDOWS = [(0, 96), (10, 20), (30, 31), (50, 90), (1, 60)]


@pytest.mark.parametrize("window", WINDOWS)
def test_sums_are_what_a_plain_look_finds(
    told: list[tuple[Story, ReaderConnection]], window: tuple[int, int]
) -> None:
    hour = 3600 * SECOND_NS
    within = Window(START_NS + window[0] * hour, START_NS + window[1] * hour)
    for made, reader in told:
        asked = question(Parameters([("severity", "critical")], EPISODE_FILTERS), "fallback")
        inside = [
            one
            for one in made.within(within.from_ns, within.to_ns)
            if one.labels.get("severity") == "critical"
        ]
        lengths: dict[str, list[int]] = {}
        for one in inside:
            until = min(within.to_ns, made.now_ns, one.end or made.now_ns)
            length = max(until - max(one.start, within.from_ns), 0)
            lengths.setdefault(fingerprint(one.labels), []).append(length)
        rows = top(reader, asked, within, made.now_ns, by_name=False, limit=100)
        assert {
            row["fingerprint"]: (row["fire_count"], row["total_firing_seconds"]) for row in rows
        } == {key: (len(found), pytest.approx(sum(found) / 1e9)) for key, found in lengths.items()}
        counts = [row["fire_count"] for row in rows]
        assert counts == sorted(counts, reverse=True)
        sums = summary(reader, asked, within, made.now_ns)
        assert sums["episodes"] == len(inside)
        assert sums["firing"] == sum(one.end is None for one in inside)
        assert sums["distinct_alerts"] == len(lengths)
        assert sums["silenced"] == sum(one.flags["silenced"] for one in inside)
        assert sums["by_severity"] == ({"critical": len(inside)} if inside else {})


def test_flappers_come_with_their_transitions(
    told: list[tuple[Story, ReaderConnection]],
) -> None:
    hour = 3600 * SECOND_NS
    within = Window(START_NS + 5 * hour, START_NS + 70 * hour)
    everything = question(Parameters([], EPISODE_FILTERS), "fallback")
    for made, reader in told:
        for least, rate in ((0.5, 4.0), (0.0, 0.0)):
            rows = flapping(reader, everything, within, made.now_ns, min_score=least, limit=100)
            inside = made.within(within.from_ns, within.to_ns)
            wanted = {fingerprint(one.labels) for one in inside if one.flap >= rate}
            assert {row["fingerprint"] for row in rows} == wanted
            for row in rows:
                own = [
                    one for one in made.episodes if fingerprint(one.labels) == row["fingerprint"]
                ]
                moments = [(one.start, "firing") for one in own]
                moments += [(one.end, "resolved") for one in own if one.end is not None]
                moments = [m for m in moments if within.from_ns <= m[0] < within.to_ns]
                assert row["transitions"] == len(moments)
                shown = sorted((one["at"], one["to"]) for one in row["evidence"])
                assert shown == sorted((rfc3339(at), to) for at, to in moments)
