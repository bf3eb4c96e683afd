"""Holds back single alerts: the inhibited and the silenced. Upstream: notify/mute.go MuteStage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.model import Held, fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import Batch
    from amp.model import Flush, Stage, Suppressed


class MuteStage:
    """Drops what a muter holds back; the muter also writes who did it into the group's markers.

    Args:
        reason: the suppression's name in the metric: `inhibition` or `silence`.
        drop: gives the batch without the alerts that are muted at an instant (Unix nanoseconds).
    """

    __slots__ = ("_drop", "_next", "_reason", "_suppressed")

    def __init__(
        self,
        reason: str,
        drop: Callable[[Batch, int], Batch],
        suppressed: Suppressed,
        following: Stage,
    ) -> None:
        self._reason = reason
        self._drop = drop
        self._suppressed = suppressed
        self._next = following

    async def run(self, flush: Flush) -> None:
        """Passes on what is left, if anything is."""
        whole = flush.batch
        flush.batch = self._drop(whole, flush.now_ns)
        left = flush.batch.count
        if left < whole.count:
            self._suppressed(self._reason, whole.count - left, left)
            if flush.held is not None:
                gone = fingerprints(whole) - fingerprints(flush.batch)
                flush.held.append(Held(self._reason, gone))
        if flush.batch.count:
            await self._next.run(flush)
