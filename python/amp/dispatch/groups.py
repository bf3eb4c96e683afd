"""The timer of one aggregation group, and what is told of a flush that somebody waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from amp._core import Route
    from amp.model import Held, Outcome


class GroupTimer:
    """When a group flushes next, and whether it is flushing now.

    Attributes:
        due_ns: the next tick.
        began_ns: when the group's first alert came.
        late_ns: the tick of the flush that comes or goes on.
        flushed: whether it was flushed before.
        waiting: whether it is due and stands in line.
        task: the running flush; at most one a group.
        overdue_ns: the tick that came while the last flush still ran, None when there was none.
    """

    __slots__ = (
        "began_ns", "due_ns", "flushed", "group_id", "late_ns", "overdue_ns", "route", "task",
        "waiting",
    )  # fmt: skip

    def __init__(self, group_id: int, route: Route, began_ns: int, due_ns: int) -> None:
        self.group_id = group_id
        self.route = route
        self.began_ns = began_ns
        self.due_ns = due_ns
        self.late_ns = due_ns
        self.flushed = False
        self.waiting = False
        self.task: asyncio.Task[None] | None = None
        self.overdue_ns: int | None = None


@dataclass(slots=True)
class Told:
    """What became of a flush that somebody waits for.

    Attributes:
        outcomes: of the integrations that were asked to tell it, or need not.
        held: what stages held back.
        began: whether the group was flushed at all.
        ended: whether the flush ended in its time.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    began: bool = False
    ended: bool = False
