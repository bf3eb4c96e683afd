"""A history is merged between two writes of the writer, which goes on with what is there then."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from amp.backup.history import HistoryMerge
from amp.backup.inbox import LOOK_SECONDS, Inbox
from amp.backup.outcome import REQUEST, STATE_REQUEST, TAKEN, Outcome
from amp.backup.read import Backup
from amp.backup.source import history_of
from amp.backup.table import STATE
from amp.errors import StoreUnavailable
from amp.history.errand import Errands
from amp.log import Logger
from amp.store.base import Changes, SilenceEntry
from amp.store.silence import Silence
from fakes import settle
from history_play import Play
from houses import Alerts, House, alert, build, caught_up, record, until
from houses import running as runs
from stores import BrokenStore
from unit.backup.stories import FAR_NS, Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = ("sqlite", "postgres")


def merge(path: Path, play: Play, between: Callable[[], None]) -> HistoryMerge:
    """Merges a backup's history as the inbox does; something happens after each step."""
    backup = Backup(path)
    verified = backup.verify()
    merge = HistoryMerge(verified.header.made_at_ns, frozenset(play.engine.firing()))
    errands = play.writer.errands
    errands.holding = True
    for table, rows in backup.rows(verified):
        if table not in STATE:
            done = errands.add(partial(merge.add, table, rows))
            play.write()
            done.result(0)
            between()
    errands.holding = False
    backup.close()
    return merge


@pytest.mark.parametrize("kind", KINDS)
async def test_the_writer_goes_on_between_and_after(
    kind: str, empty: Callable[[str], Place]
) -> None:
    first, second = empty("sqlite"), empty(kind)
    first.write(Changes())
    told = Play(history_of(first.url, first.folder))
    told.post("B", "A", summary="one")
    told.write()
    await told.later(30)
    told.post("B", ends=True)
    told.write()
    path = first.backed_up()
    told.store.close()

    await told.later(3600)
    play = Play(history_of(second.url, second.folder), clock=told.clock)
    play.post("C", "B", summary="two")
    play.write()
    names = iter(f"N{number}" for number in range(100))
    assert merge(path, play, lambda: play.post(next(names), "A")).left_out == 0
    await play.later(60)
    play.post("C", ends=True)
    play.write(6)
    sql = """
        SELECT label.value, count(*), sum(CASE WHEN ends_at_ns IS NULL THEN 1 ELSE 0 END)
        FROM episode JOIN label ON label.id = episode.name_id
        WHERE label.value IN ('A', 'B', 'C') GROUP BY label.value ORDER BY label.value"""
    assert [tuple(map(int, row[1:])) for row in play.rows(sql)] == [(2, 1), (2, 1), (1, 0)]
    fires = """
        SELECT count(*) FROM series
        WHERE fires != (SELECT count(*) FROM episode WHERE series_id = series.id)"""
    assert play.rows(fires) == [(0,)]
    open_at = """
        SELECT count(*) FROM episode JOIN series ON series.id = series_id
        WHERE ends_at_ns IS NULL AND open_at_ns != starts_at_ns"""
    assert play.rows(open_at) == [(0,)]
    assert play.rows("SELECT count(*) FROM event WHERE kind = 3") == [(2,)]
    assert sum(row[1] == "N0" for row in play.rows("SELECT name, value FROM label")) == 1
    play.store.close()


async def test_errands_are_refused_while_nothing_is_written() -> None:
    woken: list[bool] = []
    errands = Errands(lambda: woken.append(True))
    done = errands.add(lambda store: store)
    assert (len(errands), woken) == (1, [True])
    errands.refuse("the disk is full")
    with pytest.raises(StoreUnavailable, match="the history is not written: the disk is full"):
        done.result(0)
    assert not errands.run(None)  # type: ignore[arg-type]  # there is nothing to do
    failing = errands.add(lambda _: 1 // 0)
    assert errands.run(None)  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        failing.result(0)


class Firing(Alerts):
    """Alerts of which none fires."""

    def firing(self) -> list[tuple[int, int]]:
        return []


@dataclass
class Taking:
    """A house whose inbox runs."""

    house: House
    folder: Path
    timers: list[tuple[int, int, bool]]

    async def takes(self, path: Path, name: str = STATE_REQUEST) -> Outcome:
        """Hands a backup over; what is said then."""
        request = self.folder / name
        await asyncio.to_thread(shutil.copyfile, path, request)
        while await asyncio.to_thread(request.exists):
            await self.house.clock.advance(LOOK_SECONDS)
        found: list[Outcome] = []

        def said() -> bool:
            outcome = Outcome.read(self.folder)
            if outcome is not None:
                found.append(outcome)
                (self.folder / "restore.result").unlink()
            return bool(found)

        await until(said)
        assert not (self.folder / TAKEN).exists()
        return found[0]


def inbox(house: House, folder: Path, timers: list[tuple[int, int, bool]]) -> Inbox:
    alerts = Firing()
    alerts.rows, alerts.changed = house.alerts.rows, house.alerts.changed
    return Inbox(
        folder,
        house.silences,
        house.entries,
        alerts,
        house.writer,
        None,
        grace_seconds=60.0,
        restored=timers.extend,
        clock=house.clock,
        log=Logger(house.log),
    )


def silence_entry(house: House, name: str, updated_at_ns: int) -> SilenceEntry:
    now_ns = house.clock.now_ns()
    matchers = ((("a", "=", "b"),),)
    silence = Silence(name, matchers, now_ns, now_ns + 10**12, updated_at_ns)
    return SilenceEntry(name, updated_at_ns, FAR_NS, silence.encode(FAR_NS))


async def test_state_is_merged_into_what_runs(
    empty: Callable[[str], Place], tmp_path: Path
) -> None:
    place, folder = empty("sqlite"), tmp_path / "house"
    folder.mkdir()
    store = BrokenStore()
    house = build(folder, store)
    now_ns = house.clock.now_ns()
    other = build(tmp_path, BrokenStore(), house.clock)
    record(other, "{}:{told}")
    place.write(
        Changes(
            silences=[silence_entry(house, "kept", 5), silence_entry(house, "new", 5)],
            log=other.entries.drain(9),
            alerts=[
                alert(1, ends_at_ns=now_ns + 10**13),
                alert(2, ends_at_ns=now_ns - 1),
                alert(3, ends_at_ns=now_ns + 10**13),
            ],
        )
    )
    path = place.backed_up()
    async with runs(house):
        house.silences.merge([silence_entry(house, "kept", 7)])
        house.alerts.put(alert(3, ends_at_ns=now_ns + 10**11))
        timers: list[tuple[int, int, bool]] = []
        task = asyncio.create_task(inbox(house, folder, timers).run())
        await settle()
        taking = Taking(house, folder, timers)
        outcome = await taking.takes(path)
        assert outcome.error == ""
        assert outcome.taken["silence"] == outcome.taken["notification_log"] == 1
        await caught_up(house)
        assert {entry.id: entry.updated_at_ns for entry in house.silences.entries()} == {
            "kept": 7, "new": 5,
        }  # fmt: skip
        assert set(store.kept_silences) == {"new"}
        assert house.entries.contains("{}:{told}", "team", "webhook", 0)
        assert len(store.kept_log) == 1
        assert {timer[0] for timer in timers} == {1, 3}, "what is over stays out"

        outcome = await taking.takes(path, REQUEST)
        assert outcome.note == "its history was left out: this AMP keeps none"
        assert outcome.taken["silence"] == 0

        store.broken = "the disk is full"
        house.silences.collect_garbage()
        place.write(Changes(silences=[silence_entry(house, "later", 5)]))
        outcome = await taking.takes(place.backed_up())
        assert outcome.error == "the disk is full"
        assert {entry.id for entry in house.silences.entries()} == {"kept", "new"}
        task.cancel()
        await asyncio.wait([task])


async def test_a_restore_that_broke_off_is_told(tmp_path: Path) -> None:
    house = build(tmp_path, BrokenStore())
    (tmp_path / TAKEN).write_bytes(b"half")
    task = asyncio.create_task(inbox(house, tmp_path, []).run())
    await until(lambda: Outcome.read(tmp_path) is not None)
    outcome = Outcome.read(tmp_path)
    assert outcome is not None
    assert "restore again to complete it" in outcome.error
    assert "restore again to complete it" in house.log.getvalue()
    assert not (tmp_path / TAKEN).exists()
    task.cancel()
    await asyncio.wait([task])


def test_what_is_left_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    assert Outcome.read(tmp_path) is None
    for text in ("", "{", "[]", json.dumps({"sha256": ""})):
        (tmp_path / "restore.result").write_text(text)
        assert Outcome.read(tmp_path) is None
    outcome = Outcome("0", "", {"event": 3}, "so")
    outcome.write(tmp_path)
    assert Outcome.read(tmp_path) == outcome
