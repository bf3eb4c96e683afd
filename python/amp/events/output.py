"""One event, and what somebody who wants to be told of all events looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Event(NamedTuple):
    """Something that happened.

    Attributes:
        kind: `alert_created`, `notification`, …
        at_ns: when.
        line: the event as one line of JSON, without the line's end.
    """

    kind: str
    at_ns: int
    line: bytes


class Output(Protocol):
    """Is told of every event, in their order. Upstream: eventrecorder/recorder.go Destination."""

    @property
    def name(self) -> str:
        """The value of the metrics' label `output`; without secrets."""

    def open(self) -> None:
        """Gets ready, on the event loop.

        Raises:
            AmpError: when it cannot.
        """

    def send(self, events: Sequence[Event]) -> list[int]:
        """Takes events on the recorder's thread; how many bytes each came to.

        What is slow is queued, within bounds: other outputs wait for the return.

        Raises:
            OSError: when they are lost.
        """

    async def close(self, seconds: float) -> None:
        """Hands on what it holds, for so long at most, and lets go of everything."""
