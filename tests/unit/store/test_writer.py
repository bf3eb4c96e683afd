"""Writing behind: together, soon, and not lost while the store is away."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from amp.errors import StoreLocked, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, StoreRefusedError
from amp.store.writer import ALERTS_DELAY_SECONDS, LOG_DELAY_SECONDS, SLICE_ROWS
from houses import alert, build, caught_up, record, running
from stores import BrokenStore, MemoryStore

if TYPE_CHECKING:
    from pathlib import Path


def test_the_promises_leave_time_for_the_write() -> None:
    assert ALERTS_DELAY_SECONDS < 0.1
    assert LOG_DELAY_SECONDS < 0.05


async def test_changes_share_a_transaction(tmp_path: Path) -> None:
    store = MemoryStore()
    async with running(build(tmp_path, store)) as house:
        for number in range(3):
            house.alerts.put(alert(number))
            house.writer.alerts_changed()
        await caught_up(house)
        assert store.written == [], "nothing is written at once"
        await house.clock.advance(ALERTS_DELAY_SECONDS)
        await caught_up(house)
        assert [len(changes.alerts) for changes in store.written] == [3]


async def test_log_entries_do_not_wait_for_alerts(tmp_path: Path) -> None:
    store = MemoryStore()
    async with running(build(tmp_path, store)) as house:
        house.alerts.put(alert(1))
        house.writer.alerts_changed()
        record(house)
        await house.clock.advance(LOG_DELAY_SECONDS)
        await caught_up(house)
        assert [(len(changes.log), len(changes.alerts)) for changes in store.written] == [(1, 1)]


async def test_nothing_moves_when_nothing_happens(tmp_path: Path) -> None:
    store = MemoryStore()
    async with running(build(tmp_path, store)) as house:
        await house.clock.advance(600)
        await caught_up(house)
        assert store.written == []


async def test_many_changes_go_in_slices(tmp_path: Path) -> None:
    store = MemoryStore()
    house = build(tmp_path, store)
    await house.storage.open()
    house.alerts.put(*(alert(number) for number in range(2 * SLICE_ROWS + 1)))
    await house.writer.flush()
    assert [len(changes.alerts) for changes in store.written] == [SLICE_ROWS, SLICE_ROWS, 1]


async def test_an_outage_is_seen_outlived_and_over(tmp_path: Path) -> None:
    store = BrokenStore()
    async with running(build(tmp_path, store)) as house:
        store.broken = "disk full"
        house.alerts.put(alert(1))
        house.writer.alerts_changed()
        await house.clock.advance(0.1)
        await caught_up(house)
        health = house.writer.health
        assert (health.ok, health.detail) == (False, "disk full")
        assert health.since_ns > 0
        assert house.sample("amp_store_up") == 0
        assert house.sample("amp_store_errors_total") >= 1
        house.alerts.put(alert(1, ends_at_ns=77), alert(2))
        for _ in range(20):
            await house.clock.advance(5)
            await caught_up(house)
        assert house.log.getvalue().count("Store is away") == 1
        store.broken = ""
        for _ in range(4):
            await house.clock.advance(5)
            await caught_up(house)
        assert health.ok
        assert house.sample("amp_store_up") == 1
        assert {row[5] for row in store.kept_alerts.values()} == {77, 9}
        assert "Store is back" in house.log.getvalue()


class Choosy(MemoryStore):
    """Refuses one alert, whatever it comes with."""

    def write(self, changes: Changes) -> None:
        if any(row[0].endswith("7") for row in changes.alerts):
            raise StoreRefusedError("no sevens")
        super().write(changes)


async def test_a_refused_row_stops_no_other(tmp_path: Path) -> None:
    store = Choosy()
    house = build(tmp_path, store)
    await house.storage.open()
    house.alerts.put(*(alert(number) for number in range(10)))
    record(house)
    await house.writer.flush()
    assert len(store.kept_alerts) == 9
    assert len(store.kept_log) == 1
    assert house.writer.health.lost == 1
    assert house.sample("amp_store_lost_rows_total") == 1
    assert house.writer.health.ok
    assert "no sevens" in house.log.getvalue()


async def test_a_silence_that_is_refused_is_an_outage_for_its_maker_only(tmp_path: Path) -> None:
    house = build(tmp_path, Choosy())
    await house.storage.open()
    refused = alert(7)
    with pytest.raises(StoreUnavailable, match="no sevens"):
        await house.writer.write(Changes(alerts=[refused]))
    assert house.writer.health.ok


async def test_a_lease_is_renewed_and_its_loss_is_seen(tmp_path: Path) -> None:
    store = Leased()
    async with running(build(tmp_path, store)) as house:
        await house.clock.advance(3)
        await caught_up(house)
        assert store.renewals == 1
        store.locked = "taken over"
        await house.clock.advance(3)
        await caught_up(house)
        assert house.writer.health.detail == "taken over"
        store.locked = ""
        await house.clock.advance(3)
        await caught_up(house)
        assert house.writer.health.ok


class Leased(BrokenStore):
    """Wants a sign of life every three seconds."""

    lease_seconds = 9.0

    def __init__(self) -> None:
        super().__init__()
        self.renewals = 0

    def renew(self) -> None:
        if self.locked:
            raise StoreLocked(self.locked)
        self.renewals += 1


async def test_a_durable_write_goes_before_what_waits(tmp_path: Path) -> None:
    store = MemoryStore()
    house = build(tmp_path, store)
    await house.storage.open()
    house.alerts.put(alert(1))
    house.writer.alerts_changed()
    entry = SilenceEntry("a", 1, 2, b"")
    await house.writer.write(Changes(silences=[entry]))
    assert [changes.silences for changes in store.written] == [[entry]]


async def test_nothing_is_written_before_the_store_was_read(tmp_path: Path) -> None:
    house = build(tmp_path, MemoryStore())
    with pytest.raises(StoreUnavailable, match="not open"):
        await house.writer.write(Changes())


async def test_a_store_that_hangs_is_interrupted(tmp_path: Path) -> None:
    store = Hanging()
    house = build(tmp_path, store)
    await house.storage.open()
    asking = asyncio.create_task(house.writer.write(Changes(removed_silences=["a"])))
    await asyncio.to_thread(store.hangs.wait)
    await house.clock.advance(10)
    with pytest.raises(StoreUnavailable, match="no answer within 10 seconds"):
        await asking
    assert store.goes_on.is_set()
    assert not house.writer.health.ok


class Hanging(MemoryStore):
    """Hangs in a write until it is interrupted."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = threading.Event()
        self.goes_on = threading.Event()

    def write(self, changes: Changes) -> None:
        self.hangs.set()
        self.goes_on.wait()
        raise StoreUnavailable("interrupted")

    def interrupt(self) -> None:
        self.goes_on.set()
