"""Owns time: when each aggregation group flushes, and that it does so once at a time.

Upstream: dispatch/dispatch.go Dispatcher, aggrGroup.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.dispatch.groups import GroupTimer, Told
from amp.dispatch.line import Line
from amp.errors import AmpError
from amp.model import Flush

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from amp._core import Batch, Engine, Route
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.model import Stage

MINIMUM_DEADLINE_NS = 10 * SECOND_NS
FLUSH_SLICE = 32
"""How many due groups are frozen in one call; between slices the loop serves requests."""

CROWD = 64
CROWDED_SLICE = 8
"""While this many flushes are under way, new ones begin a few at a time: most end soon."""

AT_ONCE = 256
"""So many groups of one request are flushed at a time."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do.

    Attributes:
        groups: by receiver.
        default: groups that no route but the root took.
        unflushed: groups of which nobody was told yet: they wait for the first flush.
        in_line: groups that are due and wait for their turn.
        under_way: flushes that go on.
    """

    groups: Mapping[str, int]
    default: int
    unflushed: int
    in_line: int
    under_way: int


class Dispatcher:
    """Flushes groups when they are due. One lives as long as one configuration.

    Args:
        engine: holds the groups and freezes their alerts.
        pipeline: the first stage.
        start_at_ns: nothing is flushed before (`--dispatch.start-delay` after process start).
        changed: called after a flush that changed what the store must learn.
    """

    def __init__(
        self,
        engine: Engine,
        pipeline: Stage,
        *,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
        start_at_ns: int = 0,
        maintenance_interval_seconds: float = 30.0,
        peer_wait_seconds: float = 0.0,
    ) -> None:
        self._engine = engine
        self._pipeline = pipeline
        self._clock = clock
        self._log = log.bind(component="dispatcher")
        self._metrics = metrics
        self._start_at_ns = start_at_ns
        self._maintenance_ns = int(maintenance_interval_seconds * SECOND_NS)
        self._peer_wait_ns = int(peer_wait_seconds * SECOND_NS)
        self._routes: Sequence[Route] = engine.routes()
        self._timers: dict[int, GroupTimer] = {}
        self._heap: list[tuple[int, int]] = []
        self._line = Line()
        self._wake = asyncio.Event()
        self._stopping = False
        self._under_way = 0
        self._groups = [0] * len(self._routes)
        self._unflushed = 0

    def add(self, groups: Iterable[tuple[int, int, bool]], now_ns: int) -> None:
        """Starts the timers of new groups: (group id, route index, flush at once)."""
        for group_id, route_index, at_once in groups:
            if route_index >= len(self._routes):
                continue  # a batch decoded across a reload: its groups are gone
            route = self._routes[route_index]
            due_ns = max(now_ns if at_once else now_ns + route.group_wait_ns, self._start_at_ns)
            known = self._timers.get(group_id)
            if known is not None:
                self._forget(known)
            self._groups[route_index] += 1
            self._unflushed += 1
            self._timers[group_id] = GroupTimer(group_id, route, now_ns, due_ns)
            self._push(due_ns, group_id)

    def load(self) -> Load:
        """How much there is to do, for metrics."""
        groups: Counter[str] = Counter()
        for route, count in zip(self._routes, self._groups, strict=True):
            groups[route.receiver] += count
        return Load(groups, self._groups[-1], self._unflushed, len(self._line), self._under_way)

    def next_flush_ns(self, group_id: int) -> int | None:
        """When a group flushes next, None for an unknown group."""
        timer = self._timers.get(group_id)
        return None if timer is None else timer.due_ns

    async def flush_now(
        self, group_ids: Sequence[int], deadline_ns: int, *, without: Sequence[str] = ()
    ) -> dict[int, Told]:
        """Flushes groups at once, each when its flush that goes on is over; their ticks stay.

        Args:
            group_ids: of living groups.
            deadline_ns: when nobody waits any more, Unix nanoseconds; deliveries end then.
            without: fingerprints of alerts that are left out of these flushes.

        Returns:
            What became of each group's flush.
        """
        told = {group_id: Told() for group_id in group_ids}
        free = asyncio.Semaphore(AT_ONCE)

        async def flush(group_id: int) -> None:
            async with free:
                await self._at_once(group_id, told[group_id], deadline_ns, without)

        if self._clock.now_ns() >= self._start_at_ns:
            await asyncio.gather(*(flush(group_id) for group_id in told))
        return told

    async def _at_once(
        self, group_id: int, told: Told, deadline_ns: int, without: Sequence[str]
    ) -> None:
        timer = self._timers.get(group_id)
        if timer is None or not await self._idle(timer, deadline_ns):
            return
        now_ns = self._clock.now_ns()
        batch = self._engine.flush([group_id], now_ns)[0]
        if batch is None:
            self._forget(timer)
            return
        if without:
            batch = batch.without(without)
        told.began = True
        flushing = self._flush(timer, batch, now_ns, told, deadline_ns)
        task = timer.task = asyncio.create_task(flushing)
        self._under_way += 1
        # The flush goes on when whoever waits for it goes away.
        await asyncio.wait({task})
        told.ended = not task.cancelled() and self._clock.now_ns() < deadline_ns

    async def _idle(self, timer: GroupTimer, deadline_ns: int) -> bool:
        """Waits until the group is not being flushed; whether it may be now."""
        try:
            async with self._clock.timeout((deadline_ns - self._clock.now_ns()) / SECOND_NS):
                while timer.task is not None:
                    await asyncio.wait({timer.task})
        except TimeoutError:
            return False
        living = self._timers.get(timer.group_id) is timer
        return living and not self._stopping and self._clock.now_ns() < deadline_ns

    async def run(self) -> None:
        """Serves deadlines until cancelled; then `stop` ends what is in flight."""
        maintain_at_ns = self._clock.now_ns() + self._maintenance_ns
        while True:
            now_ns = self._clock.now_ns()
            if now_ns >= maintain_at_ns:
                self._engine.maintain_groups()
                maintain_at_ns = now_ns + self._maintenance_ns
            if self._flush_due(now_ns):
                await asyncio.sleep(0)
                continue
            next_ns = self._heap[0][0] if self._heap else maintain_at_ns
            self._wake.clear()
            seconds = (min(next_ns, maintain_at_ns) - self._clock.now_ns()) / SECOND_NS
            await self._clock.wait(self._wake, seconds)

    def _push(self, due_ns: int, group_id: int) -> None:
        heapq.heappush(self._heap, (due_ns, group_id))
        if self._heap[0][1] == group_id:
            self._wake.set()

    def _flush_due(self, now_ns: int) -> bool:
        """Starts some of the flushes whose time has come; false when there are none."""
        while self._heap and self._heap[0][0] <= now_ns:
            due_ns, group_id = heapq.heappop(self._heap)
            timer = self._timers.get(group_id)
            if timer is None or timer.due_ns != due_ns:
                continue
            self._rearm(timer, now_ns)
            if timer.task is None:
                if not timer.waiting:
                    timer.late_ns = due_ns
                self._line.add(timer)
            elif timer.overdue_ns is None:
                timer.overdue_ns = due_ns
        due = self._line.take(FLUSH_SLICE if self._under_way < CROWD else CROWDED_SLICE)
        self._start(due, now_ns)
        return bool(due)

    def _rearm(self, timer: GroupTimer, now_ns: int) -> None:
        """Sets the next tick before the flush, so that ticks keep their distance."""
        timer.due_ns = now_ns + timer.route.group_interval_ns
        self._push(timer.due_ns, timer.group_id)

    def _start(self, due: Sequence[GroupTimer], now_ns: int) -> None:
        timers = []
        for timer in due:
            if timer.task is None:
                timers.append(timer)
            elif timer.overdue_ns is None:
                # While it stood in line somebody had it flushed at once.
                timer.overdue_ns = timer.late_ns
        if not timers:
            return
        lag = self._metrics.flush_lag
        batches = self._engine.flush([timer.group_id for timer in timers], now_ns)
        for timer, batch in zip(timers, batches, strict=True):
            if batch is None:
                self._forget(timer)
            else:
                lag.observe((now_ns - timer.late_ns) / SECOND_NS)
                task = asyncio.create_task(self._flush(timer, batch, now_ns))
                timer.task = task
                self._under_way += 1

    async def _flush(
        self,
        timer: GroupTimer,
        batch: Batch,
        now_ns: int,
        told: Told | None = None,
        latest_ns: int | None = None,
    ) -> None:
        began = perf_counter()
        allowed_ns = max(timer.route.group_interval_ns, MINIMUM_DEADLINE_NS) + self._peer_wait_ns
        deadline_ns = now_ns + allowed_ns
        self._metrics.flushes.inc()
        if self._log.debugging:
            self._log.debug(
                "flushing",
                aggrGroup=batch.group_key,
                numAlerts=batch.count,
                alerts=batch.labels_text(),
            )
        for name, text in batch.route_label_errors:
            self._log.error("failed to render route label", label=name, err=text)
        if latest_ns is not None:
            deadline_ns = min(deadline_ns, latest_ns)
        flush = Flush(timer.route, batch, now_ns, deadline_ns)
        if told is not None:
            flush.outcomes, flush.held = told.outcomes, told.held
        if not timer.flushed:
            timer.flushed = True
            self._unflushed -= 1
            flush.first_at_ns = timer.began_ns
        try:
            await self._pipeline.run(flush)
        except asyncio.CancelledError:
            self._log.debug("Notify for alerts failed", err="context canceled")
            raise
        except AmpError as error:
            self._log.error(
                "Notify for alerts failed",
                aggrGroup=batch.group_key,
                num_alerts=batch.count,
                err=error,
            )
        except Exception as error:  # noqa: BLE001  # the supervisor's edge: one group never stops others
            self._metrics.loop_errors.labels("flush").inc()
            self._log.error(
                "Notify for alerts failed",
                aggrGroup=batch.group_key,
                num_alerts=batch.count,
                err=f"{type(error).__name__}: {error}",
            )
        else:
            if self._engine.complete(batch, self._clock.now_ns()):
                self._forget(timer)
        finally:
            self._metrics.flush_seconds.observe(perf_counter() - began)
            self._finish(timer)

    def _forget(self, timer: GroupTimer) -> None:
        """Ends a timer; a newer one of the same group stays."""
        if self._timers.get(timer.group_id) is timer:
            del self._timers[timer.group_id]
            self._groups[timer.route.index] -= 1
            if not timer.flushed:
                self._unflushed -= 1

    def _finish(self, timer: GroupTimer) -> None:
        timer.task = None
        self._under_way -= 1
        overdue_ns, timer.overdue_ns = timer.overdue_ns, None
        if overdue_ns is not None and not self._stopping and timer.group_id in self._timers:
            timer.late_ns = overdue_ns
            now_ns = self._clock.now_ns()
            self._rearm(timer, now_ns)
            self._start([timer], now_ns)

    async def stop(self) -> None:
        """Cancels the flushes in flight and waits for their end."""
        self._stopping = True
        tasks = [timer.task for timer in self._timers.values() if timer.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
