"""A clock that only moves when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable

START_NS = 1_767_225_600 * SECOND_NS
"""2026-01-01T00:00:00Z."""


class FakeClock:
    """Implements amp.clock.Clock; `advance` runs everything that falls due, in order."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self._now_ns = now_ns
        self._order = itertools.count()
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []

    def now_ns(self) -> int:
        return self._now_ns

    async def sleep(self, seconds: float) -> None:
        event = asyncio.Event()
        self._alarm(seconds, event.set)
        await event.wait()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        if seconds is None:
            await event.wait()
            return True
        if seconds <= 0:
            return event.is_set()
        over = asyncio.Event()
        self._alarm(seconds, over.set)
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(over.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return event.is_set()

    def timeout(self, seconds: float) -> asyncio.Timeout:
        timeout = asyncio.timeout(None)

        def expire() -> None:
            # A context that is already left cannot be rescheduled.
            if not timeout.expired() and "active" in repr(timeout):
                timeout.reschedule(asyncio.get_running_loop().time())

        self._alarm(seconds, expire)
        return timeout

    async def advance(self, seconds: float) -> None:
        """Moves time on, stopping at every alarm on the way so that what it wakes can run."""
        await settle()
        until_ns = self._now_ns + int(seconds * SECOND_NS)
        while self._alarms and self._alarms[0][0] <= until_ns:
            at_ns, _, ring = heapq.heappop(self._alarms)
            self._now_ns = max(self._now_ns, at_ns)
            ring()
            await settle()
        self._now_ns = until_ns
        await settle()

    def _alarm(self, seconds: float, ring: Callable[[], None]) -> None:
        at_ns = self._now_ns + int(seconds * SECOND_NS)
        heapq.heappush(self._alarms, (at_ns, next(self._order), ring))


async def settle() -> None:
    """Lets every task that can run do so."""
    for _ in range(50):
        await asyncio.sleep(0)
