"""Time, given to everything that needs it, so that tests own it."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """What AMP asks of time."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Waits for the event, at most `seconds` (None: for ever); whether it was set."""

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """A context that raises TimeoutError when its body takes longer."""


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Waits for the event, at most `seconds` (None: for ever); whether it was set."""
        if seconds is not None and seconds <= 0:
            return event.is_set()
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """A context that raises TimeoutError when its body takes longer."""
        return asyncio.timeout(seconds)
