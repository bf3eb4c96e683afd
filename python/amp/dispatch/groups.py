"""The timer of one aggregation group."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from amp._core import Route


class GroupTimer:
    """When a group flushes next, and whether it is flushing now.

    Attributes:
        due_ns: the next tick.
        waiting: whether it is due and stands in line.
        task: the running flush; at most one a group.
        overdue_ns: the tick that came while the last flush still ran, None when there was none.
    """

    __slots__ = ("due_ns", "group_id", "overdue_ns", "route", "task", "waiting")

    def __init__(self, group_id: int, route: Route, due_ns: int) -> None:
        self.group_id = group_id
        self.route = route
        self.due_ns = due_ns
        self.waiting = False
        self.task: asyncio.Task[None] | None = None
        self.overdue_ns: int | None = None
