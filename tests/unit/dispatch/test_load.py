"""What the dispatcher says of its load: amp_dispatch_line_length and the groups by receiver."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp.clock import SECOND_NS
from amp.dispatch.dispatcher import FLUSH_SLICE, Dispatcher
from amp.log import Logger
from amp.metrics import Metrics
from fakes import FakeClock
from unit.dispatch.test_dispatcher import Groups, Route

if TYPE_CHECKING:
    from amp.model import Flush


class Routed(Groups):
    """Two routes: the second one is the root."""

    def routes(self) -> list[Route]:
        return [Route("db", 0), Route("team", 1)]


class Hangs:
    """A pipeline that ends when it is let go."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.first_at_ns: list[int | None] = []

    async def run(self, flush: Flush) -> None:
        self.first_at_ns.append(flush.first_at_ns)
        await self.free.wait()


def made(pipeline: Any, engine: Any, clock: FakeClock) -> tuple[Dispatcher, Metrics]:
    metrics = Metrics(CollectorRegistry())
    log = Logger(io.StringIO())
    return Dispatcher(engine, pipeline, clock=clock, log=log, metrics=metrics), metrics


async def test_groups_are_counted_until_they_end() -> None:
    clock, engine, pipeline = FakeClock(), Routed(), Hangs()
    dispatcher, metrics = made(pipeline, engine, clock)
    began_ns = clock.now_ns()
    task = asyncio.create_task(dispatcher.run())
    dispatcher.add([(1, 0, True), (2, 1, True), (3, 1, False)], began_ns)
    await clock.advance(0.5)
    load = dispatcher.load()
    assert dict(load.groups) == {"db": 1, "team": 2}
    assert (load.default, load.unflushed, load.under_way) == (2, 1, 2)
    engine.destroyed = {1}
    pipeline.free.set()
    await clock.advance(4)
    assert dict(dispatcher.load().groups) == {"db": 0, "team": 2}
    assert dispatcher.load().unflushed == 0
    assert pipeline.first_at_ns == [began_ns, began_ns, began_ns, None]
    engine.gone = {2, 3}
    await clock.advance(8)
    assert dict(dispatcher.load().groups) == {"db": 0, "team": 0}
    assert metrics.registry.get_sample_value("amp_dispatch_flush_lag_seconds_count") == 4
    task.cancel()


async def test_due_groups_stand_in_line() -> None:
    clock = FakeClock()
    dispatcher, _ = made(Hangs(), Groups(), clock)
    dispatcher.add([(number, 0, True) for number in range(3 * FLUSH_SLICE)], clock.now_ns())
    task = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0)
    load = dispatcher.load()
    assert (load.in_line, load.under_way) == (2 * FLUSH_SLICE, FLUSH_SLICE)
    task.cancel()
    await dispatcher.stop()


async def test_a_tick_that_waited_for_the_last_flush_is_late() -> None:
    clock, pipeline = FakeClock(), Hangs()
    dispatcher, metrics = made(pipeline, Groups(), clock)
    task = asyncio.create_task(dispatcher.run())
    dispatcher.add([(1, 0, True)], clock.now_ns())
    await clock.advance(9)
    pipeline.free.set()
    await clock.advance(0)
    total = metrics.registry.get_sample_value("amp_dispatch_flush_lag_seconds_sum")
    assert total == (clock.now_ns() - 1_767_225_604 * SECOND_NS) / SECOND_NS == 5
    task.cancel()
    await dispatcher.stop()
