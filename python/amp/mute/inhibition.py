"""Holds back alerts that another alert inhibits. Upstream: inhibit, notify/mute.go MuteStage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp._core import Engine
    from amp.model import Flush, Stage, Suppressed


class InhibitStage:
    """Drops inhibited alerts and writes who inhibits them into the group's markers."""

    __slots__ = ("_engine", "_next", "_suppressed")

    def __init__(self, engine: Engine, suppressed: Suppressed, following: Stage) -> None:
        self._engine = engine
        self._suppressed = suppressed
        self._next = following

    async def run(self, flush: Flush) -> None:
        """Passes on what is left, if anything is."""
        before = flush.batch.count
        flush.batch = self._engine.drop_inhibited(flush.batch, flush.now_ns)
        if flush.batch.count < before:
            self._suppressed("inhibition", before - flush.batch.count)
        if flush.batch.count:
            await self._next.run(flush)
