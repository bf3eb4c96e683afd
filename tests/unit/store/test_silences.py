"""What becomes of silences: made, changed, expired, found, forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from amp._core import decode_silences, encode_silence
from amp.clock import SECOND_NS
from amp.errors import BadRequest, NotFound, StoreUnavailable
from amp.store.base import SilenceEntry
from amp.store.silence import Silence
from houses import House, build
from stores import BrokenStore, MemoryStore

if TYPE_CHECKING:
    from pathlib import Path

A = ("a", "=", "1")
B = ("b", "=~", "x|y")


@pytest.fixture
async def house(tmp_path: Path) -> House:
    """Silences over a store in memory."""
    house = build(tmp_path, MemoryStore(), max_silences=6, max_size_bytes=400, log_changes=True)
    await house.storage.open()
    return house


def wanted(
    house: House, *matchers: tuple[str, str, str], start: float = 0, end: float = 60
) -> Silence:
    """A silence as a request asks for it, relative to now in seconds."""
    now_ns = house.clock.now_ns()
    starts, ends = (now_ns + int(at * SECOND_NS) for at in (start, end))
    return Silence("", (matchers or (A,),), starts, ends, created_by="me", comment="why")


async def test_a_new_silence_starts_now_at_the_earliest(house: House) -> None:
    id = await house.silences.set(wanted(house, start=-100))
    silence = house.silences.get(id)
    assert silence.starts_at_ns == silence.updated_at_ns == house.clock.now_ns()
    sets, starts_at_ns, _ = house.alerts.silences[id]
    assert [(m.name, m.op, m.value) for m in sets[0]] == [A]
    assert starts_at_ns == house.clock.now_ns()


async def test_an_active_silence_is_updated_in_place(house: House) -> None:
    silences = house.silences
    id = await silences.set(wanted(house, A, B))
    first = silences.get(id)
    await house.clock.advance(10)
    later = replace(first, ends_at_ns=first.ends_at_ns + 1, comment="new", annotations={"k": "v"})
    assert await silences.set(later) == id
    assert silences.get(id) == replace(later, updated_at_ns=house.clock.now_ns())
    assert len(silences) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"matcher_sets": ((B, A),)},
        {"matcher_sets": ((A,),)},
        {"starts_at_ns": SECOND_NS * 4_000_000_000, "ends_at_ns": SECOND_NS * 4_100_000_000},
    ],
)
async def test_a_change_of_history_makes_a_new_silence(
    house: House, change: dict[str, object]
) -> None:
    silences = house.silences
    id = await silences.set(wanted(house, A, B))
    await house.clock.advance(10)
    changed = replace(silences.get(id), **change)
    other = await silences.set(changed)
    assert other != id
    assert silences.get(id).ends_at_ns == house.clock.now_ns()
    assert silences.get(id).state(house.clock.now_ns()) == "expired"
    assert silences.get(other).matcher_sets == changed.matcher_sets


async def test_a_pending_silence_moves_in_the_future_only(house: House) -> None:
    silences = house.silences
    id = await silences.set(wanted(house, start=10))
    sooner = replace(silences.get(id), starts_at_ns=house.clock.now_ns() + 1)
    assert await silences.set(sooner) == id
    past = replace(sooner, starts_at_ns=house.clock.now_ns() - 1)
    assert await silences.set(past) != id


async def test_the_start_is_compared_in_whole_seconds(house: House) -> None:
    id = await house.silences.set(wanted(house))
    moved = replace(house.silences.get(id), starts_at_ns=house.clock.now_ns() + 5)
    assert await house.silences.set(moved) == id


async def test_an_expired_silence_is_replaced_without_being_touched(house: House) -> None:
    silences = house.silences
    id = await silences.set(wanted(house))
    await silences.expire(id)
    before = silences.get(id)
    await house.clock.advance(1)
    again = replace(before, ends_at_ns=house.clock.now_ns() + 99)
    assert await silences.set(again) != id
    assert silences.get(id) == before


async def test_expiring_ends_now_and_once(house: House) -> None:
    silences = house.silences
    active, pending = await silences.set(wanted(house)), await silences.set(wanted(house, start=9))
    await house.clock.advance(1)
    now_ns = house.clock.now_ns()
    for id in (active, pending):
        await silences.expire(id)
    assert silences.get(active).ends_at_ns == now_ns
    assert silences.get(pending).starts_at_ns == silences.get(pending).ends_at_ns == now_ns
    await house.clock.advance(1)
    await silences.expire(active)
    assert silences.get(active).updated_at_ns == now_ns
    with pytest.raises(NotFound, match=r"^silence not found$"):
        await silences.expire("nobody")


@pytest.mark.parametrize(
    ("matchers", "text"),
    [
        (
            [("", "=", "x")],
            'invalid silence: invalid label matcher 0 in set 0: invalid label name ""',
        ),
        (
            [A, ("a", "=~", "(")],
            'invalid silence: invalid label matcher 1 in set 0: invalid regular expression "(": '
            "error parsing regexp: ",
        ),
        (
            [("a", "=", ""), ("b", "=~", "x|"), ("c", "=~", ".*")],
            "invalid silence: matcher set 0: at least one matcher must not match the empty string",
        ),
    ],
)
async def test_bad_matchers_are_refused(
    house: House, matchers: list[tuple[str, str, str]], text: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        await house.silences.set(wanted(house, *matchers))
    assert str(refusal.value).startswith(text)


async def test_negative_matchers_never_match_the_empty_string(house: House) -> None:
    await house.silences.set(wanted(house, ("a", "!=", "x")))


async def test_times_are_refused_first(house: House) -> None:
    with pytest.raises(BadRequest, match="start time must be before end time"):
        await house.silences.set(replace(wanted(house, end=0), id="nobody"))
    with pytest.raises(BadRequest, match="end time can't be in the past"):
        await house.silences.set(wanted(house, ("", "", ""), start=-9, end=-1))
    with pytest.raises(NotFound):
        await house.silences.set(replace(wanted(house), id="nobody"))


async def test_sets_are_never_empty(house: House) -> None:
    for sets in ((), ((),)):
        with pytest.raises(BadRequest, match="at least one matcher"):
            await house.silences.set(replace(wanted(house), matcher_sets=sets))


async def test_limits(house: House) -> None:
    with pytest.raises(BadRequest, match=r"silence exceeded maximum size: \d+ bytes \(limit: 400"):
        await house.silences.set(replace(wanted(house), comment="x" * 400))
    ids = [await house.silences.set(wanted(house)) for _ in range(6)]
    text = r"exceeded maximum number of silences: 6 \(limit: 6\)"
    with pytest.raises(BadRequest, match=text):
        await house.silences.set(wanted(house))
    replaced = replace(house.silences.get(ids[0]), matcher_sets=((B,),))
    with pytest.raises(BadRequest, match=text):
        await house.silences.set(replaced)
    assert house.silences.get(ids[0]).state(house.clock.now_ns()) == "active"
    await house.silences.set(replace(house.silences.get(ids[0]), comment="in place"))


async def test_the_size_is_that_of_upstreams_record(house: House) -> None:
    id = await house.silences.set(wanted(house))
    [entry] = house.silences.entries()
    assert house.silences.snapshot() == bytes([len(entry.record)]) + entry.record
    [record] = decode_silences(house.silences.snapshot())
    assert record[0] == id
    assert record[5] == record[3] + 3600 * SECOND_NS


async def test_order_and_states_of_a_query(house: House) -> None:
    silences = house.silences
    last, first = (
        await silences.set(wanted(house, end=90)),
        await silences.set(wanted(house, end=9)),
    )
    later = await silences.set(wanted(house, start=50))
    sooner = await silences.set(wanted(house, start=40))
    old, older = await silences.set(wanted(house)), await silences.set(wanted(house))
    await silences.expire(older)
    await house.clock.advance(1)
    await silences.expire(old)
    found = [silence.id for silence in silences.query([])]
    assert found == [first, last, sooner, later, old, older]
    assert [s.id for s in silences.query([], expired=False, pending=False)] == [first, last]
    assert silences.query([], active=False, expired=False, pending=False) == []
    assert silences.counts(house.clock.now_ns()) == {"active": 2, "pending": 2, "expired": 2}


async def test_filters_compare_matchers_not_values(house: House) -> None:
    id = await house.silences.set(wanted(house, A, B))
    for filters, hits in (
        ([A], [id]),
        ([B, A], [id]),
        ([("b", "=", "x")], []),
        ([A, ("c", "=", "1")], []),
    ):
        assert [silence.id for silence in house.silences.query(filters)] == hits


async def test_retention_ends_a_silence(house: House) -> None:
    id = await house.silences.set(wanted(house, end=60))
    await house.clock.advance(60 + 3600 - 1)
    assert house.silences.collect_garbage() == 0
    await house.clock.advance(1)
    assert house.silences.collect_garbage() == 1
    assert house.alerts.silences == {}
    assert house.sample("alertmanager_silences_state_size") == 0
    with pytest.raises(NotFound):
        house.silences.get(id)


async def test_a_silence_that_does_not_compile_is_kept_and_mutes_nothing(house: House) -> None:
    row = ("id", [[("a", "=~", "(")]], 1, 1 << 62, 1, 1 << 62, "me", "why", {})
    assert house.silences.merge([SilenceEntry("id", 1, 1 << 62, encode_silence(row))])
    assert house.silences.get("id").comment == "why"
    assert house.alerts.silences == {}
    stage = {"stage": "load_snapshot"}
    assert house.sample("alertmanager_silences_matcher_compile_errors_total", **stage) == 1
    assert house.sample("alertmanager_silences_matcher_index_size") == 0
    await house.silences.expire("id")
    assert house.silences.get("id").state(house.clock.now_ns()) == "expired"


async def test_several_matcher_sets_are_kept(house: House) -> None:
    row = ("id", [[A], [B, ("c", "!=", "1")]], 1, 1 << 62, 1, 1 << 62, "me", "why", {})
    house.silences.merge([SilenceEntry("id", 1, 1 << 62, encode_silence(row))])
    assert len(house.alerts.silences["id"][0]) == 2
    assert [silence.id for silence in house.silences.query([B])] == ["id"]
    assert house.silences.query([A, B]) == []
    [kept] = decode_silences(house.silences.snapshot())
    assert kept == row


async def test_corrupt_and_old_records_are_left_out(house: House) -> None:
    now_ns = house.clock.now_ns()
    corrupt = SilenceEntry("bad", 1, 1 << 62, b"\xff")
    expired = SilenceEntry("old", 1, now_ns, b"")
    assert house.silences.merge([corrupt, expired]) == []
    assert house.sample("alertmanager_silences_gc_errors_total") == 1


async def test_a_year_beyond_the_nanoseconds_is_kept(house: House) -> None:
    ends_at_ns = 250_000_000_000 * SECOND_NS
    id = await house.silences.set(replace(wanted(house), ends_at_ns=ends_at_ns))
    assert house.silences.get(id).ends_at_ns == ends_at_ns
    assert house.alerts.silences[id][2] == (1 << 63) - 1


async def test_a_store_that_is_away_changes_nothing(tmp_path: Path) -> None:
    store = BrokenStore()
    house = build(tmp_path, store)
    await house.storage.open()
    id = await house.silences.set(wanted(house))
    before = house.silences.get(id)
    store.broken = "no space"
    for change in (
        house.silences.set(wanted(house, B)),
        house.silences.set(replace(before, comment="other")),
        house.silences.set(replace(before, matcher_sets=((B,),))),
        house.silences.expire(id),
    ):
        with pytest.raises(StoreUnavailable, match="no space"):
            await change
    assert house.silences.query([]) == [before]
    assert list(house.alerts.silences) == [id]


async def test_what_was_half_done_in_the_store_is_undone(tmp_path: Path) -> None:
    store = BrokenStore()
    house = build(tmp_path, store)
    await house.storage.open()
    id = await house.silences.set(wanted(house))
    store.broken_after = "the answer was lost"
    with pytest.raises(StoreUnavailable):
        await house.silences.set(replace(house.silences.get(id), matcher_sets=((B,),)))
    assert len(store.kept_silences) == 2, "the store did it, and nobody was told"
    store.broken_after = ""
    await house.writer.flush()
    assert list(store.kept_silences.values()) == house.silences.entries()


async def test_a_change_ends_even_if_nobody_waits_for_it(house: House) -> None:
    asking = asyncio.create_task(house.silences.set(wanted(house)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await house.silences.set(wanted(house, B))
    assert len(house.silences) == 2


async def test_changes_are_told_when_asked(house: House) -> None:
    id = await house.silences.set(wanted(house, A, ("c", "!~", "d e")))
    await house.silences.set(replace(house.silences.get(id), comment="new"))
    await house.silences.set(replace(house.silences.get(id), matcher_sets=((B,),)))
    lines = [line.split("msg=", 1)[1] for line in house.log.getvalue().splitlines()]
    assert lines[0] == (
        f'"create silence" component=silences Id={id} CreatedBy=me Comment=why '
        'StartsAt=2026-01-01T00:00:00Z EndsAt=2026-01-01T00:01:00Z Matchers="a=1,c!~d e"'
    )
    assert [line.split('"')[1] for line in lines] == [
        "create silence",
        "update silence",
        "expire silence",
        "create silence",
    ]
