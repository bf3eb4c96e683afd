"""Events as lines on standard output. Upstream: eventrecorder/stdout.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.events.file import write_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.events.output import Event

STDOUT = 1


class StdoutOutput:
    """Writes to a stream of the process that somebody else owns."""

    name = "stdout"

    def __init__(self, file: int = STDOUT) -> None:
        self._file = file

    def open(self) -> None:
        """Nothing: the stream is open."""

    def send(self, events: Sequence[Event]) -> list[int]:
        """Writes a line for each event."""
        lines = [event.line + b"\n" for event in events]
        write_all(self._file, b"".join(lines))
        return [len(line) for line in lines]

    async def close(self, seconds: float) -> None:
        """Nothing: the stream stays open."""
