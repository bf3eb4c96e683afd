"""What was backed up comes back, in the same database or the other."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from amp.backup.history import Rows
from amp.backup.source import history_of
from amp.store.base import Changes, SilenceEntry
from unit.backup.stories import FAR_NS, START_NS, Place, histories, states

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("sqlite", "postgres")
EVERY_WAY = pytest.mark.parametrize(("here", "there"), [(a, b) for a in KINDS for b in KINDS])
FEW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@EVERY_WAY
@FEW
@given(state=states(), history=histories())
def test_everything_comes_back_and_once(
    here: str, there: str, state: Changes, history: Rows, empty: Callable[[str], Place]
) -> None:
    first, second = empty(here), empty(there)
    first.write(state, history)
    path = first.backed_up()
    second.restore(path)
    whole = first.content()
    assert second.content() == whole
    second.restore(path)
    assert second.content() == whole
    first.restore(second.backed_up())
    assert first.content() == whole


@pytest.mark.parametrize("kind", KINDS)
@FEW
@given(state=states(), history=histories(), other=histories())
def test_another_history_stays_and_numbers_are_given_anew(
    kind: str, state: Changes, history: Rows, other: Rows, empty: Callable[[str], Place]
) -> None:
    first, second = empty("sqlite"), empty(kind)
    first.write(state, history)
    apart = _apart(other)
    second.write(Changes(), apart)
    before = second.content()
    path = first.backed_up()
    second.restore(path)
    both, mine = second.content(), first.content()
    for name, rows in mine.items():
        assert {repr(row) for row in rows} <= {repr(row) for row in both[name]}, name
        assert {repr(row) for row in before[name]} <= {repr(row) for row in both[name]}, name
    second.restore(path)
    assert second.content() == both


def _apart(rows: Rows) -> Rows:
    """A history with the same numbers that tells of other things."""
    return dataclasses.replace(
        rows,
        series_new=[(row[0], row[1] + 1000, *row[2:]) for row in rows.series_new],
        notes=[(row[0], row[1] + 1000, *row[2:]) for row in rows.notes],
        events=[(row[0] + 10**12, *row[1:]) for row in rows.events],
        flushes=[(row[0] + 10**12, *row[1:]) for row in rows.flushes],
        deliveries=[(row[0] + 10**12, *row[1:]) for row in rows.deliveries],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_newer_or_known_stays(kind: str, empty: Callable[[str], Place]) -> None:
    first, second = empty("sqlite"), empty(kind)
    alert = ("0" * 16, False, "{}", "{}", START_NS, FAR_NS, START_NS, False, "old")
    ended = ("1" * 16, False, "{}", "{}", 1, 2, 1, False, "over")
    key = b"k" * 16
    first.write(
        Changes(
            silences=[SilenceEntry("a", 5, FAR_NS, b"old"), SilenceEntry("b", 1, 2, b"over")],
            log=[(key, 5, FAR_NS, b"old")],
            alerts=[alert, ended],
        )
    )
    kept = Changes(
        silences=[SilenceEntry("a", 6, FAR_NS, b"new")],
        log=[(key, 6, FAR_NS, b"new")],
        alerts=[(*alert[:8], "new")],
    )
    second.write(kept)
    before = second.content()
    second.restore(first.backed_up())
    assert second.content() == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_episode_ends_where_one_of_both_knows_it(
    kind: str, empty: Callable[[str], Place]
) -> None:
    older, newer = empty(kind), empty("sqlite")
    older.write(Changes(), _one_episode(None))
    newer.write(Changes(), _one_episode(START_NS + 7))
    older.restore(newer.backed_up())
    assert older.content() == newer.content()
    still = empty("sqlite")
    still.write(Changes(), _one_episode(None))
    older.restore(still.backed_up())
    assert older.content() == newer.content()


def _one_episode(ends_at_ns: int | None) -> Rows:
    ended_by = 0 if ends_at_ns is None else 1
    open_at_ns = START_NS if ends_at_ns is None else None
    return Rows(
        notes=[(1, 1, "A", "{}", "", 0, "a")],
        series_new=[(1, 9, '{"alertname":"A"}', 0, 0, 0, open_at_ns, START_NS, 0.5, 1)],
        episodes_new=[(START_NS, 1, ends_at_ns, ended_by, 1, 0, 0, 1, 0, 0.5, 0, 0, 0)],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_has_one_open_episode(kind: str, empty: Callable[[str], Place]) -> None:
    first, second = empty("sqlite"), empty(kind)
    first.write(Changes(), _one_episode(None))
    second.write(Changes(), _shifted(_one_episode(None), 1000))
    second.restore(first.backed_up())
    episodes = second.content()["episode"]
    assert [row[:4] for row in episodes] == [
        (START_NS, 9, START_NS + 1000, 3),
        (START_NS + 1000, 9, None, 0),
    ]
    series = second.content()["series"]
    assert (series[0][5], series[0][8]) == (START_NS + 1000, 2)


def _shifted(rows: Rows, by_ns: int) -> Rows:
    return dataclasses.replace(
        rows,
        episodes_new=[(row[0] + by_ns, *row[1:]) for row in rows.episodes_new],
        series_new=[
            (*row[:6], row[6] + by_ns, row[7] + by_ns, *row[8:]) for row in rows.series_new
        ],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_words_are_found_again(kind: str, empty: Callable[[str], Place]) -> None:
    first, second = empty("sqlite"), empty(kind)
    note = (1, 1, "DiskFull", '{"summary":"room is low"}', "", 0, "disk full room is low")
    first.write(Changes(), Rows(notes=[note]))
    second.restore(first.backed_up())
    history = history_of(second.url, second.folder)
    reader = history.reader()
    reader.begin()
    sql = {
        "sqlite": "SELECT rowid FROM note_words WHERE note_words MATCH ?",
        "postgres": "SELECT id FROM note WHERE words @@ to_tsquery('simple', ?)",
    }
    query = {"sqlite": '"disk"* "roo"*', "postgres": "'disk':* & 'roo':*"}
    assert reader.rows(sql[kind], (query[kind],)) == [(1,)]
    reader.close()
