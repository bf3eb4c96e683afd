"""Where an output keeps what it was given until it is handed on."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

Item = TypeVar("Item")


class Waiting(Generic[Item]):
    """A bounded line between the recorder's thread, which adds, and tasks of the loop, which take.

    Args:
        limit: how many wait at most.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[Item] = deque()
        self._loop = asyncio.get_running_loop()
        self._come = asyncio.Event()
        self.closing = False

    def __len__(self) -> int:
        return len(self._items)

    def add(self, items: Sequence[Item]) -> int:
        """Adds what there is room for, from any thread; how many were dropped."""
        room = max(0, self._limit - len(self._items))
        self._items.extend(items[:room])
        self._loop.call_soon_threadsafe(self._come.set)
        return max(0, len(items) - room)

    def take(self) -> Item | None:
        """The oldest; None when nothing waits."""
        return self._items.popleft() if self._items else None

    @property
    def come(self) -> asyncio.Event:
        """Set when something came or the end is near; whoever waits for it clears it before."""
        return self._come

    async def next(self) -> Item | None:
        """The oldest, as soon as there is one; None when nothing waits and nothing will come."""
        while not self._items:
            if self.closing:
                return None
            self._come.clear()
            await self._come.wait()
        return self._items.popleft()

    def close(self) -> None:
        """Nothing comes any more."""
        self.closing = True
        self._come.set()
