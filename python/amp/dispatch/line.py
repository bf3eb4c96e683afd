"""Groups whose time has come, taken from each receiver in turn."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp.dispatch.groups import GroupTimer


class Line:
    """Where due groups wait for their flush.

    Thousands of groups that are due to one receiver shall not hold up the one of another receiver.
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[GroupTimer]] = {}
        self._turns: deque[str] = deque()

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def add(self, timer: GroupTimer) -> None:
        """Lets a group wait, unless it waits already."""
        if timer.waiting:
            return
        timer.waiting = True
        receiver = timer.route.receiver
        line = self._lines.get(receiver)
        if line is None:
            line = self._lines[receiver] = deque()
            self._turns.append(receiver)
        line.append(timer)

    def take(self, count: int) -> list[GroupTimer]:
        """At most so many groups; of each receiver the one that waits longest, in turn."""
        taken: list[GroupTimer] = []
        while self._turns and len(taken) < count:
            receiver = self._turns.popleft()
            line = self._lines[receiver]
            timer = line.popleft()
            timer.waiting = False
            taken.append(timer)
            if line:
                self._turns.append(receiver)
            else:
                del self._lines[receiver]
        return taken
