"""Holds back silenced alerts. Upstream: silence, notify/mute.go MuteStage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amp._core import Engine
    from amp.model import Flush, Stage, Suppressed


class SilenceStage:
    """Drops silenced alerts and writes which silences did it into the group's markers."""

    __slots__ = ("_engine", "_next", "_suppressed")

    def __init__(self, engine: Engine, suppressed: Suppressed, following: Stage) -> None:
        self._engine = engine
        self._suppressed = suppressed
        self._next = following

    async def run(self, flush: Flush) -> None:
        """Passes on what is left, if anything is."""
        before = flush.batch.count
        flush.batch = self._engine.drop_silenced(flush.batch, flush.now_ns)
        if flush.batch.count < before:
            self._suppressed("silence", before - flush.batch.count)
        if flush.batch.count:
            await self._next.run(flush)
