"""One who listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from amp.stream.wire import notice

if TYPE_CHECKING:
    from amp.stream.filter import Filter
    from amp.stream.page import Page
    from amp.stream.wire import Wire

FULL_BYTES = 768 << 10
"""With as much unsent nothing more is written, so that one page more stays within 1 MiB."""
LEAST_BYTES = 64 << 10
"""What a client must take, or all there is, while `PATIENCE_SWEEPS` go by."""
PATIENCE_SWEEPS = 10

GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013


class Connection(Protocol):
    """What a client needs of a transport of asyncio."""

    def write(self, data: bytes) -> None:
        """Sends bytes, now or later."""

    def get_write_buffer_size(self) -> int:
        """Bytes that are not sent yet."""

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""


class Ending:
    """Why a stream ends.

    Args:
        code: that of a WebSocket (RFC 6455, 7.4).
        reason: for people.
        linger_seconds: how long it is waited until the client has taken the rest.
    """

    __slots__ = ("code", "linger_seconds", "reason")

    def __init__(self, code: int, reason: str, linger_seconds: float) -> None:
        self.code = code
        self.reason = reason
        self.linger_seconds = linger_seconds


class Client:
    """Writes straight to its connection; nothing waits for it.

    Attributes:
        after: the sequence number to go on from, None for what comes from now on.
        cursor: everything up to this number was written, or did not pass.
        ended: set once by whoever ends the stream, but for the client itself.
    """

    __slots__ = ("_connection", "_mark", "_patience", "_written", "after", "cursor", "ended",
                 "filter", "wire")  # fmt: skip

    def __init__(
        self, connection: Connection, wire: Wire, wanted: Filter, after: int | None
    ) -> None:
        self.wire = wire
        self.filter = wanted
        self.after = after
        self.cursor = after or 0
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._connection = connection
        self._written = 0
        self._mark = 0
        self._patience = PATIENCE_SWEEPS

    @property
    def gone(self) -> bool:
        """Whether it hears nothing more."""
        return self.ended.done() or self._connection.is_closing()

    @property
    def full(self) -> bool:
        """Whether it must take something before it gets more."""
        return self._connection.get_write_buffer_size() >= FULL_BYTES

    def take(self, page: Page) -> None:
        """Writes a page and moves the cursor."""
        self._write(page.on(self.wire))
        self.cursor = page.cursor

    def say(self, kind: str, seq: int, **more: object) -> None:
        """Writes what the stream says about itself; `seq` is in the text, the cursor is the id."""
        self._write(self.wire.frames(((self.cursor, notice(kind, seq, **more)),)))

    def beat(self) -> None:
        """Writes a heartbeat, unless something waits anyway."""
        if not self._connection.get_write_buffer_size():
            self._write(self.wire.heartbeat(self.cursor))

    def stands_still(self) -> bool:
        """Whether it took too little for too long. Asked at every sweep."""
        unsent = self._connection.get_write_buffer_size()
        taken = self._written - unsent
        if not unsent or taken - self._mark >= LEAST_BYTES:
            self._mark = taken
            self._patience = PATIENCE_SWEEPS
            return False
        self._patience -= 1
        return self._patience <= 0

    def end(self, ending: Ending) -> None:
        """Ends the stream, once."""
        if not self.ended.done():
            self.ended.set_result(ending)

    def _write(self, data: bytes) -> None:
        if data and not self.gone:
            self._connection.write(data)
            self._written += len(data)
