"""Bounds what is under way to one destination; whoever comes later waits in line."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy one destination is."""

    origin: Origin
    in_flight: int
    waiting: int


class _Gate:
    __slots__ = ("free", "line")

    def __init__(self, size: int) -> None:
        self.free = size
        self.line: deque[asyncio.Future[None]] = deque()


class Gates:
    """One gate for each destination (scheme, host, port), first come first served.

    `asyncio.Semaphore` looks at every woken waiter at each release, which costs more than the
    request when thousands wait; here a release hands its place to the first in line.

    Args:
        size: how many requests each gate lets through at a time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._gates: dict[Origin, _Gate] = {}

    async def enter(self, origin: Origin) -> None:
        """Takes one of the destination's places, in the order of asking; `leave` gives it back."""
        gate = self._gates.get(origin)
        if gate is None:
            gate = self._gates[origin] = _Gate(self._size)
        if gate.free:
            gate.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        gate.line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(origin)
            raise

    def leave(self, origin: Origin) -> None:
        """Hands the place to the first that still waits."""
        gate = self._gates[origin]
        while gate.line:
            turn = gate.line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        gate.free += 1
        if gate.free == self._size:
            del self._gates[origin]

    def load(self) -> Iterator[Load]:
        """Every destination that has something under way."""
        for origin, gate in self._gates.items():
            waiting = sum(not turn.done() for turn in gate.line)
            yield Load(origin, self._size - gate.free, waiting)
