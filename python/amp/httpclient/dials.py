"""Bounds how many connections to one destination are made at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

DIALS = 16
SLOW_DIAL_SECONDS = 0.05
"""A dial that takes longer gives its place back: waiting for the network costs nobody anything."""


class _Line:
    __slots__ = ("dialing", "waiting")

    def __init__(self) -> None:
        self.dialing = 0
        self.waiting: deque[asyncio.Future[None]] = deque()


class Dials:
    """A line for each destination: who stands in it dials in turn, or takes what others gave back.

    A destination that refuses connections is then asked by a few at a time, so that the loop has
    time for others, and a burst makes as many connections as it needs and not one each.

    Args:
        size: how many dials to one destination are under way at a time.
    """

    def __init__(self, size: int = DIALS) -> None:
        self._size = size
        self._lines: dict[Hashable, _Line] = {}

    def dialing(self, key: Hashable) -> int:
        """How many dials hold a place."""
        line = self._lines.get(key)
        return 0 if line is None else line.dialing

    async def turn(self, key: Hashable, idle: Callable[[Hashable], object]) -> None:
        """Returns when a connection may be made, or when an idle one is there to be taken."""
        line = self._lines.get(key)
        again = False
        while line is not None and line.dialing >= self._size and not idle(key):
            turn = asyncio.get_running_loop().create_future()
            if again:
                line.waiting.appendleft(turn)
            else:
                line.waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.wake(key)
                raise
            again = True
            line = self._lines.get(key)

    def dial(self, key: Hashable) -> _Place:
        """A context that holds a place, but not for longer than dialing usually takes."""
        return _Place(self, key)

    def enter(self, key: Hashable) -> None:
        """Counts a dial."""
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = _Line()
        line.dialing += 1

    def wake(self, key: Hashable) -> None:
        """Lets the first in line look again: a place or a connection became free."""
        line = self._lines.get(key)
        while line is not None and line.waiting:
            turn = line.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def leave(self, key: Hashable) -> None:
        """Gives a place back to the first in line."""
        line = self._lines[key]
        line.dialing -= 1
        self.wake(key)
        if not line.dialing and not line.waiting:
            del self._lines[key]


class _Place:
    """One dial's place in the count, given back once."""

    __slots__ = ("_dials", "_held", "_key", "_slow")

    def __init__(self, dials: Dials, key: Hashable) -> None:
        self._dials = dials
        self._key = key

    def __enter__(self) -> None:
        self._dials.enter(self._key)
        self._held = True
        self._slow = asyncio.get_running_loop().call_later(SLOW_DIAL_SECONDS, self._leave)

    def __exit__(self, *_: object) -> None:
        self._slow.cancel()
        self._leave()

    def _leave(self) -> None:
        if self._held:
            self._held = False
            self._dials.leave(self._key)
