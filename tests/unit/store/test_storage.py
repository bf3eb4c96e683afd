"""The life of all state together, on both stores: restarts, outages, files, two processes."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from amp._core import encode_silence, frame_silences
from amp.clock import SECOND_NS
from amp.errors import AmpError, StoreLocked
from amp.store.silence import Silence
from fakes import FakeClock
from houses import House, alert, build, caught_up, knows, record, running, until
from stores import BrokenStore, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.store.base import Store

RECORDED = Path(__file__).parents[2] / "vectors" / "snapshots"
RECORDED_AT_NS = 1_795_322_280 * SECOND_NS
"""2026-11-22T04:38:00Z, when the recorded log entries were still valid."""


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return [path.name for path in folder.iterdir()]


async def silenced(house: House) -> str:
    """Makes a silence."""
    now_ns = house.clock.now_ns()
    wanted = Silence("", ((("a", "=", "1"),),), now_ns, now_ns + 60 * SECOND_NS, comment="é")
    return await house.silences.set(wanted)


async def test_everything_is_back_after_a_kill(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    store = make_store()
    async with running(build(tmp_path, store)) as house:
        id = await silenced(house)
        record(house)
        house.alerts.put(alert(1), alert(2))
        house.writer.alerts_changed()
        await house.clock.advance(0.1)
        await caught_up(house)
        before = house.silences.get(id)
    store.close()
    house.storage.release()
    async with running(build(tmp_path, make_store(), house.clock)) as again:
        assert again.silences.query([]) == [before]
        assert list(again.alerts.silences) == [id]
        assert knows(again)
        assert sorted(again.alerts.rows) == sorted(house.alerts.rows)
        assert again.alerts.grace_ns == 60 * SECOND_NS
        again.storage.release()


async def test_the_files_alone_bring_silences_and_log_back(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    house = build(tmp_path, MemoryStore())
    await house.storage.open()
    id = await silenced(house)
    record(house)
    await house.storage.close()
    again = build(tmp_path, make_store(), house.clock)
    await again.storage.open()
    assert again.silences.get(id) == house.silences.get(id)
    assert knows(again)
    await again.storage.close()
    for name in ("nflog", "silences"):
        (tmp_path / name).unlink()
    third = build(tmp_path, make_store(), house.clock)
    await third.storage.open()
    assert third.silences.get(id) == house.silences.get(id), "the store learned it from the file"
    assert knows(third)
    await third.storage.close()


async def test_files_of_the_reference_are_taken_over(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    for name in ("nflog", "silences"):
        shutil.copyfile(RECORDED / name, tmp_path / name)
    house = build(tmp_path, make_store(), FakeClock(RECORDED_AT_NS))
    await house.storage.open()
    assert len(house.silences) == 5
    assert len(house.entries) == 3
    await house.storage.close()
    for name in ("nflog", "silences"):
        assert len((tmp_path / name).read_bytes()) == len((RECORDED / name).read_bytes())


async def test_alerts_are_stale_once_another_program_wrote_the_files(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    house = build(tmp_path, make_store())
    await house.storage.open()
    house.alerts.put(alert(1))
    record(house)
    await house.storage.close()
    other = build(tmp_path / "other", MemoryStore(), house.clock)
    other.entries.load_snapshot((tmp_path / "nflog").read_bytes(), house.clock.now_ns())
    record(other, "theirs")
    (tmp_path / "nflog").write_bytes(other.entries.snapshot())
    again = build(tmp_path, make_store(), house.clock)
    await again.storage.open()
    assert knows(again, "theirs")
    assert again.alerts.rows == {}
    assert list(again.store.alert_rows()) == []
    again.alerts.put(alert(2))
    await again.writer.flush()
    again.storage.release()
    third = build(tmp_path, make_store(), house.clock)
    await third.storage.open()
    assert list(third.alerts.rows) == [alert(2)[0]], "a kill is no foreign hand"
    third.storage.release()


async def test_the_newer_of_store_and_file_wins(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    house = build(tmp_path, make_store())
    await house.storage.open()
    id = await silenced(house)
    await house.storage.maintain()
    await house.clock.advance(1)
    await house.silences.expire(id)
    expired = house.silences.get(id)
    house.store.close()
    house.storage.release()
    again = build(tmp_path, make_store(), house.clock)
    await again.storage.open()
    assert again.silences.get(id) == expired, "the file is older than the store"
    await again.storage.close()


async def test_expired_state_is_forgotten_everywhere(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    store = make_store()
    async with running(build(tmp_path, store)) as house:
        await silenced(house)
        record(house)
        await house.writer.flush()
        await house.clock.advance(2 * 3600)
        await caught_up(house)
        await house.storage.maintain()
        assert (len(house.silences), len(house.entries)) == (0, 0)
        # On the store's thread: renewals of the lease may still be under way there.
        assert await house.writer.on_thread(store.silences) == []
        assert await house.writer.on_thread(lambda: list(store.log_rows())) in ([], [[]])
        for name in ("nflog", "silences"):
            assert (tmp_path / name).read_bytes() == b""
        house.storage.release()


async def test_corrupt_files_do_not_stop_the_start(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    for name in ("nflog", "silences"):
        (tmp_path / name).write_bytes(b"\xff" * 40)
    house = build(tmp_path, make_store())
    await house.storage.open()
    for name in ("nflog", "silences"):
        assert house.sample("amp_snapshot_corrupt_total", file=name) == 1
        assert len([path for path in names(tmp_path) if path.startswith(f"{name}.corrupt-")]) == 1
    await house.storage.close()


async def test_maintenance_is_measured(tmp_path: Path) -> None:
    async with running(build(tmp_path, MemoryStore(), interval_seconds=30)) as house:
        await silenced(house)
        record(house)
        # The entry is in the store first: an entry that is nowhere goes to the file ahead of time.
        await house.clock.advance(0.1)
        await caught_up(house)
        for count in (1, 2):
            await house.clock.advance(30.1)
            await until(lambda: house.sample("alertmanager_nflog_snapshot_size_bytes") > 0)
            assert house.sample("alertmanager_nflog_maintenance_total") == count
            assert house.sample("alertmanager_silences_maintenance_total") == count
            house.metrics.log_snapshot_bytes.set(0)
            await caught_up(house)
        size = (tmp_path / "silences").stat().st_size
        assert house.sample("alertmanager_silences_snapshot_size_bytes") == size
        (tmp_path / "nflog.new").mkdir()
        await house.storage.maintain()
        assert house.sample("alertmanager_nflog_maintenance_errors_total") == 1
        assert house.sample("alertmanager_silences_maintenance_errors_total") == 0
        house.storage.release()


async def test_an_outage_sends_the_log_to_its_file(tmp_path: Path) -> None:
    store = BrokenStore()
    async with running(build(tmp_path, store)) as house:
        store.broken = "away"
        record(house)
        for _ in range(5):
            await house.clock.advance(5)
            await caught_up(house)
        await until(lambda: "nflog" in names(tmp_path))
        other = build(tmp_path, MemoryStore(), house.clock)
        house.storage.release()
        await other.storage.open()
        assert knows(other)
        other.storage.release()


async def test_a_store_that_is_away_at_start_is_merged_when_it_returns(tmp_path: Path) -> None:
    store = BrokenStore()
    first = build(tmp_path, store)
    await first.storage.open()
    in_store = await silenced(first)
    record(first, "in store")
    first.alerts.put(alert(1))
    await first.writer.flush()
    first.storage.release()

    store.broken = "away"
    house = build(tmp_path, store, first.clock)
    async with running(house):
        timers: list[tuple[int, int, bool]] = []
        house.storage.restored = timers.extend
        assert not house.writer.health.ok
        assert "Starting from the snapshots" in house.log.getvalue()
        record(house, "meanwhile")
        house.alerts.put(alert(2))
        house.writer.alerts_changed()
        for _ in range(12):
            await house.clock.advance(5)
            await caught_up(house)
        assert not knows(house, "in store")
        store.broken = ""
        for _ in range(12):
            await house.clock.advance(5)
            await caught_up(house)
        assert house.silences.get(in_store)
        assert knows(house, "in store")
        assert len(house.alerts.rows) == 2
        assert timers == [(1, 0, True)]
        assert (len(store.kept_log), len(store.kept_alerts)) == (2, 2)
        assert house.writer.health.ok
        house.storage.release()


async def test_a_store_that_somebody_else_has_by_then_does_not_end_the_process(
    tmp_path: Path,
) -> None:
    store = BrokenStore()
    store.broken = "away"
    async with running(build(tmp_path, store)) as house:
        store.broken = ""
        store.locked = "the database is used by somebody"
        for _ in range(4):
            await house.clock.advance(5)
            await caught_up(house)
        assert house.writer.health.detail == store.locked
        store.locked = ""
        for _ in range(4):
            await house.clock.advance(5)
            await caught_up(house)
        assert house.writer.health.ok
        house.storage.release()


async def test_instants_out_of_reach_are_kept(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    year_1, year_9999 = -62_135_596_800 * SECOND_NS, 253_402_300_799 * SECOND_NS
    row = ("id", [[("a", "=", "b")]], year_1, year_9999, year_1, year_9999, "", "", {})
    (tmp_path / "silences").write_bytes(frame_silences([encode_silence(row)]))
    house = build(tmp_path, make_store())
    await house.storage.open()
    assert house.writer.health.ok
    assert [entry.id for entry in house.store.silences()] == ["id"]
    silence = house.silences.get("id")
    assert (silence.starts_at_ns, silence.ends_at_ns) == (year_1, year_9999)
    await house.storage.close()


async def test_the_start_waits_as_long_as_it_may(tmp_path: Path) -> None:
    store = BrokenStore()
    store.broken = "away"
    house = build(tmp_path, store, patience_seconds=30.0)
    opening = asyncio.create_task(house.storage.open())
    for _ in range(50):
        await house.clock.advance(0.5)
        await caught_up(house)
    assert not opening.done()
    store.broken = ""
    await house.clock.advance(1)
    await caught_up(house)
    await opening
    assert house.writer.health.ok
    house.storage.release()


async def test_a_second_process_is_refused_and_told_by_whom(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    house = build(tmp_path, make_store())
    await house.storage.open()
    second = build(tmp_path, make_store())
    with pytest.raises(StoreLocked, match=r"used by process \d+ on "):
        await second.storage.open()
    await second.storage.close()
    assert not (tmp_path / "nflog").exists(), "a refused process writes nothing"
    await house.storage.close()
    third = build(tmp_path, make_store())
    await third.storage.open()
    await third.storage.close()


async def test_a_folder_that_cannot_be_locked_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "amp.lock").mkdir()
    house = build(tmp_path, MemoryStore())
    with pytest.raises(AmpError, match="unable to lock the storage folder"):
        await house.storage.open()


async def test_what_waits_is_written_at_the_end(
    make_store: Callable[[], Store], tmp_path: Path
) -> None:
    house = build(tmp_path, make_store())
    await house.storage.open()
    house.alerts.put(alert(1))
    record(house)
    await house.storage.close()
    again = build(tmp_path, make_store())
    await again.storage.open()
    assert len(again.alerts.rows) == 1
    assert knows(again)
    await again.storage.close()
