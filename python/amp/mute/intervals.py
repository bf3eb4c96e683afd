"""Holds back whole groups by the clock. Upstream: notify/mute.go TimeActiveStage, TimeMuteStage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.model import Held, fingerprints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp._core import Engine, Journal, TimeInterval
    from amp.model import Flush, Stage, Suppressed


class Intervals:
    """The named time intervals of a configuration."""

    __slots__ = ("_named",)

    def __init__(self, named: Mapping[str, Sequence[TimeInterval]]) -> None:
        self._named = named

    def matching(self, names: Sequence[str], at_ns: int) -> list[str]:
        """The names whose interval holds the instant; a name repeats per matching entry."""
        return [
            name for name in names for interval in self._named[name] if interval.contains_ns(at_ns)
        ]


class ActiveIntervalStage:
    """Drops everything while none of the route's active intervals holds."""

    __slots__ = ("_engine", "_intervals", "_journal", "_next", "_suppressed")

    def __init__(
        self,
        engine: Engine,
        intervals: Intervals,
        suppressed: Suppressed,
        following: Stage,
        journal: Journal | None = None,
    ) -> None:
        self._engine = engine
        self._intervals = intervals
        self._suppressed = suppressed
        self._next = following
        self._journal = journal

    async def run(self, flush: Flush) -> None:
        """Passes the flush on inside an active interval, or when the route has none."""
        names = flush.route.active_time_intervals
        if names and not self._intervals.matching(names, flush.now_ns):
            self._engine.set_muted_by(flush.batch.group_id, names)
            self._suppressed("active_time_interval", flush.batch.count)
            if self._journal is not None:
                self._journal.held(flush.batch, "active_time_interval", names, flush.now_ns)
            _hold(flush, "active_time_interval", names)
            return
        await self._next.run(flush)


class MuteIntervalStage:
    """Drops everything while one of the route's mute intervals holds."""

    __slots__ = ("_engine", "_intervals", "_journal", "_next", "_suppressed")

    def __init__(
        self,
        engine: Engine,
        intervals: Intervals,
        suppressed: Suppressed,
        following: Stage,
        journal: Journal | None = None,
    ) -> None:
        self._engine = engine
        self._intervals = intervals
        self._suppressed = suppressed
        self._next = following
        self._journal = journal

    async def run(self, flush: Flush) -> None:
        """Passes the flush on outside the mute intervals, and says so in the group's marker."""
        route = flush.route
        if route.mute_time_intervals or route.active_time_intervals:
            muting = self._intervals.matching(route.mute_time_intervals, flush.now_ns)
            self._engine.set_muted_by(flush.batch.group_id, muting)
            if self._journal is not None:
                # None: what held the group back before, of either kind, no longer does.
                self._journal.held(flush.batch, "mute_time_interval", muting, flush.now_ns)
            if muting:
                self._suppressed("mute_time_interval", flush.batch.count)
                _hold(flush, "mute_time_interval", muting)
                return
        await self._next.run(flush)


def _hold(flush: Flush, by: str, names: Sequence[str]) -> None:
    if flush.held is not None:
        flush.held.append(Held(by, fingerprints(flush.batch), tuple(dict.fromkeys(names))))
