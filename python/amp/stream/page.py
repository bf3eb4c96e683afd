"""What one read of the journal found, for every client that asked the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from amp.stream.wire import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import Matcher
    from amp.stream.filter import Filter
    from amp.stream.wire import Frame, Wire

MOST_EVENTS = 256
MOST_BYTES = 256 << 10
"""Events of one page; a single one that is larger is a page of its own."""


class Source(Protocol):
    """What a stream asks of the journal."""

    def last_seq(self) -> int:
        """The newest event's sequence number, 0 before the first."""

    def read(
        self, after_seq: int, limit: int, kinds: Sequence[str] | None, matchers: Sequence[Matcher]
    ) -> tuple[list[tuple[int, bytes]], int, bool]:
        """Events after a number, from where to go on, and whether some between were lost."""


class Page:
    """Events in order.

    Attributes:
        cursor: from where who took the page goes on.
        more: whether there was more when it was read.
        events: how many it has.
    """

    __slots__ = ("_encoded", "_frames", "cursor", "events", "more")

    def __init__(self, source: Source, after: int, wanted: Filter) -> None:
        frames, cursor, lost = source.read(after, MOST_EVENTS, wanted.kinds, wanted.matchers)
        frames, cursor = _bounded(frames, cursor)
        last = source.last_seq()
        if cursor <= after and lost:
            # Nothing is left of what was: it goes on with what comes.
            cursor = last
        self.events = len(frames)
        self.cursor = cursor
        self.more = after < cursor < last
        if lost:
            frames = [(after, notice("gap", after)), *frames]
        self._frames = frames
        self._encoded: dict[str, bytes] = {}

    def on(self, wire: Wire) -> bytes:
        """The bytes of a transport, made once."""
        encoded = self._encoded.get(wire.name)
        if encoded is None:
            encoded = self._encoded[wire.name] = wire.frames(self._frames) if self._frames else b""
        return encoded


def _bounded(frames: list[Frame], cursor: int) -> tuple[list[Frame], int]:
    size = 0
    for number, (_, line) in enumerate(frames):
        size += len(line)
        if size > MOST_BYTES and number:
            return frames[:number], frames[number - 1][0]
    return frames, cursor
