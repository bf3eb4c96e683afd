"""Values that several floors hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from amp._core import Batch, Route


@dataclass(slots=True)
class Flush:
    """One tick of one group on its way through the stages.

    Attributes:
        route: the group's route; its durations are nanoseconds.
        batch: the alerts that are left; stages replace it by smaller ones.
        now_ns: the tick's time, which all stages judge by.
        deadline_ns: when the group's time for this flush is over.
    """

    route: Route
    batch: Batch
    now_ns: int
    deadline_ns: int


class Stage(Protocol):
    """One step of the pipeline. It got its collaborators and the next stage when it was built."""

    async def run(self, flush: Flush) -> None:
        """Passes the flush on, or ends it; an exception means that the flush failed."""


class Suppressed(Protocol):
    """Counts alerts that a stage held back."""

    def __call__(self, reason: str, count: int) -> None:
        """Adds `count` to the reason's counter."""
