"""Flushes that somebody asks for and waits for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from amp.clock import SECOND_NS
from amp.model import Held, Outcome
from fakes import settle
from unit.dispatch.test_dispatcher import Scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from amp.dispatch.groups import Told
    from amp.model import Flush

LONG = 30.0


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.end()


async def now(scene: Scene, *group_ids: int, seconds: float = LONG) -> dict[int, Told]:
    deadline_ns = scene.clock.now_ns() + int(seconds * SECOND_NS)
    return await scene.dispatcher.flush_now(group_ids, deadline_ns)


async def test_the_ticks_stay(scene: Scene) -> None:
    scene.add(1)
    await scene.clock.advance(1)
    told = await now(scene, 1)
    assert (told[1].began, told[1].ended) == (True, True)
    assert scene.engine.completed == [1]
    await scene.clock.advance(6)
    assert scene.first.ticks == [(1, 1), (1, 2), (1, 6)]


async def test_what_stages_tell_is_told(scene: Scene) -> None:
    outcome, held = Outcome("team", "webhook", 0, True), Held("silence", frozenset("a"))
    run = scene.first.run

    async def telling(flush: Flush) -> None:
        if flush.outcomes is not None and flush.held is not None:
            flush.outcomes.append(outcome)
            flush.held.append(held)
        await run(flush)

    scene.first.run = telling  # type: ignore[method-assign]
    scene.add(1)
    scene.add(2)
    told = await now(scene, 1, 2)
    assert [(one.outcomes, one.held) for one in told.values()] == [([outcome], [held])] * 2
    await scene.clock.advance(2)
    assert len(scene.first.ticks) == 4


async def test_the_deadline_is_the_earlier_one(scene: Scene) -> None:
    scene.add(1)
    await now(scene, 1, seconds=3)
    await now(scene, 1, seconds=300)
    assert scene.first.deadlines == [3, 10]


async def test_a_flush_that_goes_on_is_waited_for(scene: Scene) -> None:
    async def slow() -> None:
        await scene.clock.sleep(3)

    scene.first.act = slow
    scene.add(1, at_once=True)
    await scene.clock.advance(1)
    asked = [asyncio.create_task(now(scene, 1)) for _ in range(2)]
    await scene.clock.advance(12)
    assert [(await one)[1].ended for one in asked] == [True, True]
    # The tick at 4 comes while the second one runs, and is made up for in between.
    assert [at for _, at in scene.first.ticks[:4]] == [0, 3, 6, 9]


async def test_nobody_waits_longer_than_the_deadline(scene: Scene) -> None:
    async def slow() -> None:
        await scene.clock.sleep(5)

    scene.first.act = slow
    scene.add(1, at_once=True)
    scene.add(2)
    await scene.clock.advance(1)
    asked = asyncio.create_task(now(scene, 1, 2, seconds=2))
    await scene.clock.advance(2)
    await scene.clock.advance(5)
    told = await asked
    assert (told[1].began, told[1].ended) == (False, False)
    assert (told[2].began, told[2].ended) == (True, False)


async def test_unknown_and_empty_groups(scene: Scene) -> None:
    scene.engine.gone.add(1)
    scene.add(1)
    told = await now(scene, 1, 2)
    assert [one.began for one in told.values()] == [False, False]
    assert scene.dispatcher.next_flush_ns(1) is None


async def test_nothing_before_the_start() -> None:
    scene = Scene(start_delay=7)
    scene.add(1)
    assert not (await now(scene, 1))[1].began
    assert scene.first.ticks == []
    await scene.end()


async def test_a_group_in_line_is_flushed_once_at_a_time(scene: Scene) -> None:
    running: list[int] = []
    asked: list[asyncio.Task[dict[int, Told]]] = []

    async def watch() -> None:
        group_id = scene.first.ticks[-1][0]
        assert group_id not in running
        running.append(group_id)
        if not asked:
            # More groups fell due than are begun at a time: the last ones stand in line.
            assert scene.dispatcher.load().in_line == 68
            asked.append(asyncio.create_task(now(scene, 99)))
        await scene.clock.sleep(1)
        running.remove(group_id)

    for group_id in range(100):
        scene.add(group_id)
    scene.first.act = watch
    await scene.clock.advance(4.5)
    assert asked[0].result()[99].ended
    assert [at for group_id, at in scene.first.ticks if group_id == 99] == [2, 3]


async def test_a_dispatcher_that_stops_begins_nothing() -> None:
    scene = Scene()

    async def hang() -> None:
        await asyncio.Event().wait()

    scene.first.act = hang
    scene.add(1, at_once=True)
    await scene.clock.advance(1)
    asked = asyncio.create_task(now(scene, 1))
    await settle()
    await scene.end()
    told = await asked
    assert (told[1].began, told[1].ended) == (False, False)
    assert len(scene.first.ticks) == 1


async def test_the_flush_outlives_who_asked(scene: Scene) -> None:
    free = asyncio.Event()

    async def wait() -> None:
        await free.wait()

    scene.first.act = wait
    scene.add(1)
    asked = asyncio.create_task(now(scene, 1))
    await settle()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    free.set()
    await settle()
    assert scene.engine.completed == [1]
