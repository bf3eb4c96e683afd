"""When groups flush: waits, intervals, old alerts, overlong flushes, start delay."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from amp.clock import SECOND_NS
from amp.dispatch.dispatcher import Dispatcher
from amp.errors import AmpError
from amp.log import Logger
from amp.metrics import Metrics
from fakes import START_NS, FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from amp.model import Flush


@dataclass
class Route:
    receiver: str = "team"
    index: int = 0
    group_wait_ns: int = 2 * SECOND_NS
    group_interval_ns: int = 4 * SECOND_NS


@dataclass
class Batch:
    group_id: int
    group_key: str = "{}:{}"
    count: int = 1
    route_label_errors: list[tuple[str, str]] = field(default_factory=list)


class Groups:
    """What the dispatcher asks of the engine, with groups that live until `gone` names them."""

    def __init__(self) -> None:
        self.gone: set[int] = set()
        self.completed: list[int] = []
        self.destroyed: set[int] = set()
        self.maintained = 0

    def routes(self) -> list[Route]:
        return [Route()]

    def flush(self, group_ids: Sequence[int], now_ns: int) -> list[Batch | None]:
        return [None if group_id in self.gone else Batch(group_id) for group_id in group_ids]

    def complete(self, batch: Batch, now_ns: int) -> bool:
        self.completed.append(batch.group_id)
        return batch.group_id in self.destroyed

    def maintain_groups(self) -> int:
        self.maintained += 1
        return 0


class Recorder:
    """The first stage: notes when it was reached."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.ticks: list[tuple[int, float]] = []
        self.deadlines: list[float] = []
        self.act: Callable[[], Any] | None = None

    async def run(self, flush: Flush) -> None:
        seconds = (self.clock.now_ns() - START_NS) / SECOND_NS
        self.ticks.append((flush.batch.group_id, seconds))
        self.deadlines.append((flush.deadline_ns - flush.now_ns) / SECOND_NS)
        if self.act is not None:
            await self.act()


class Scene:
    def __init__(self, start_delay: float = 0) -> None:
        self.clock = FakeClock()
        self.engine = Groups()
        self.first = Recorder(self.clock)
        self.output = io.StringIO()
        self.registry = CollectorRegistry()
        self.dispatcher = Dispatcher(
            self.engine,  # type: ignore[arg-type]
            self.first,
            clock=self.clock,
            log=Logger(self.output),
            metrics=Metrics(self.registry),
            start_at_ns=START_NS + int(start_delay * SECOND_NS),
        )
        self.task = asyncio.create_task(self.dispatcher.run())

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.dispatcher.stop()

    def add(self, group_id: int, *, at_once: bool = False) -> None:
        self.dispatcher.add([(group_id, 0, at_once)], self.clock.now_ns())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.end()


async def test_wait_then_interval(scene: Scene) -> None:
    scene.add(1)
    await scene.clock.advance(11)
    assert scene.first.ticks == [(1, 2), (1, 6), (1, 10)]


async def test_old_alerts_flush_at_once(scene: Scene) -> None:
    scene.add(1, at_once=True)
    await scene.clock.advance(5)
    assert scene.first.ticks == [(1, 0), (1, 4)]


async def test_the_deadline_is_at_least_ten_seconds(scene: Scene) -> None:
    scene.add(1, at_once=True)
    await scene.clock.advance(1)
    assert scene.first.deadlines == [10]


async def test_a_destroyed_group_is_forgotten(scene: Scene) -> None:
    scene.engine.destroyed.add(1)
    scene.add(1, at_once=True)
    await scene.clock.advance(9)
    assert scene.first.ticks == [(1, 0)]
    assert scene.dispatcher.next_flush_ns(1) is None


async def test_an_empty_group_is_forgotten(scene: Scene) -> None:
    scene.engine.gone.add(1)
    scene.add(1)
    await scene.clock.advance(9)
    assert scene.first.ticks == []
    assert scene.dispatcher.next_flush_ns(1) is None


async def test_an_overlong_flush_is_followed_by_the_next_at_once(scene: Scene) -> None:
    async def slow() -> None:
        await scene.clock.sleep(5)

    scene.first.act = slow
    scene.add(1, at_once=True)
    await scene.clock.advance(11)
    # Due at 4 while the first flush runs until 5; the next tick counts from there.
    assert scene.first.ticks == [(1, 0), (1, 5), (1, 10)]


async def test_a_late_tick_moves_the_next_one(scene: Scene) -> None:
    async def slow_at_first() -> None:
        if len(scene.first.ticks) == 1:
            await scene.clock.sleep(5)

    scene.first.act = slow_at_first
    scene.add(1, at_once=True)
    await scene.clock.advance(10)
    assert scene.first.ticks == [(1, 0), (1, 5), (1, 9)]


async def test_a_failed_flush_completes_nothing_and_is_tried_again(scene: Scene) -> None:
    async def fail() -> None:
        raise AmpError("team/webhook[0]: no")

    scene.first.act = fail
    scene.add(1, at_once=True)
    await scene.clock.advance(5)
    assert len(scene.first.ticks) == 2
    assert scene.engine.completed == []
    assert 'msg="Notify for alerts failed" component=dispatcher' in scene.output.getvalue()


async def test_a_fault_of_ours_stops_no_other_group(scene: Scene) -> None:
    async def fault() -> None:
        raise ZeroDivisionError

    scene.first.act = fault
    scene.add(1, at_once=True)
    scene.add(2)
    await scene.clock.advance(3)
    assert [group for group, _ in scene.first.ticks] == [1, 2]
    value = scene.registry.get_sample_value("amp_internal_errors_total", {"task": "flush"})
    assert value == 2


async def test_many_groups_flush_in_the_order_of_their_time(scene: Scene) -> None:
    for group_id in range(200):
        scene.add(group_id)
    await scene.clock.advance(2)
    assert [group for group, _ in scene.first.ticks] == list(range(200))


async def test_flushes_that_hang_hold_up_no_other_group(scene: Scene) -> None:
    hanging = asyncio.Event()
    begun = asyncio.Event()

    async def hang() -> None:
        if len(scene.first.ticks) == 1000:
            begun.set()
        await hanging.wait()

    scene.first.act = hang
    for group_id in range(1000):
        scene.add(group_id)
    await scene.clock.advance(2)
    async with asyncio.timeout(30):
        await begun.wait()
    assert [group_id for group_id, _ in scene.first.ticks] == list(range(1000))


async def test_nothing_is_flushed_before_the_start() -> None:
    scene = Scene(start_delay=7)
    scene.add(1, at_once=True)
    await scene.clock.advance(6.9)
    assert scene.first.ticks == []
    await scene.clock.advance(0.1)
    assert scene.first.ticks == [(1, 7)]
    await scene.end()


async def test_stopping_cancels_what_is_in_flight() -> None:
    scene = Scene()
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    scene.first.act = hang
    scene.add(1, at_once=True)
    await scene.clock.advance(1)
    await scene.end()
    assert cancelled.is_set()
    assert scene.engine.completed == []
    assert "level=ERROR" not in scene.output.getvalue()


async def test_maintenance_removes_destroyed_groups(scene: Scene) -> None:
    await scene.clock.advance(31)
    assert scene.engine.maintained == 1
