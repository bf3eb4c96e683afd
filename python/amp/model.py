"""Values that several floors hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import Batch, Route, TemplateData


@dataclass(slots=True)
class Flush:
    """One tick of one group on its way through the stages.

    Attributes:
        route: the group's route; its durations are nanoseconds.
        batch: the alerts that are left; stages replace it by smaller ones.
        now_ns: the tick's time, which all stages judge by.
        deadline_ns: when the group's time for this flush is over.
        first_at_ns: when the group's first alert came, in its first flush only.
        flush_id: the journal's name of it; 0 until somebody is to be told.
        outcomes: what became of each integration, where somebody waits for it.
        held: what stages held back, where somebody waits for it.
    """

    route: Route
    batch: Batch
    now_ns: int
    deadline_ns: int
    first_at_ns: int | None = None
    flush_id: int = 0
    outcomes: list[Outcome] | None = None
    held: list[Held] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Alerts of a flush that a stage held back.

    Attributes:
        by: `inhibition`, `silence`, `mute_time_interval` or `active_time_interval`.
        fingerprints: of the alerts.
        names: of the time intervals.
    """

    by: str
    fingerprints: frozenset[str]
    names: tuple[str, ...] = ()


def fingerprints(batch: Batch) -> frozenset[str]:
    """Those of a batch's alerts."""
    return frozenset(fingerprint for fingerprint, _ in batch.alert_rows())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one integration of a flush.

    Attributes:
        integration: its type.
        position: among the receiver's integrations of this type.
        delivered: whether it needs no telling any more.
        status_code: of the last answer, None without one.
        latency_seconds: of the last attempt.
        error: why it failed, without secrets; empty when it did not.
        skipped: why nothing was sent: `deduplicated`, or `resolved` where nobody wants to know of
            resolved alerts; empty when something was.
    """

    receiver: str
    integration: str
    position: int
    delivered: bool
    status_code: int | None = None
    latency_seconds: float = 0.0
    error: str = ""
    skipped: str = ""


class Stage(Protocol):
    """One step of the pipeline. It got its collaborators and the next stage when it was built."""

    async def run(self, flush: Flush) -> None:
        """Passes the flush on, or ends it; an exception means that the flush failed."""


class Renderer(Protocol):
    """A configuration's templates, as `amp._core.Templates`."""

    def render(self, text: str, data: TemplateData, now_ns: int, *, html: bool = False) -> str:
        """Renders a text; TemplateError when it fails."""

    def render_many(
        self, texts: Sequence[tuple[str, bool]], data: TemplateData, now_ns: int
    ) -> list[str]:
        """Renders texts, each as HTML or not; the error's `index` says which one failed."""


class Suppressed(Protocol):
    """Counts alerts that a stage held back."""

    def __call__(self, reason: str, count: int, left: int = 0) -> None:
        """Adds `count` to the reason's counter; `left` alerts of the flush go on."""
