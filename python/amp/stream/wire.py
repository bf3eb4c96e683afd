"""How frames look on the two transports. One encoding serves every client that gets the frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    Frame = tuple[int, bytes]


class Wire(Protocol):
    """One transport's bytes.

    Attributes:
        name: the value of the metric's label.
    """

    name: str

    def frames(self, frames: Iterable[Frame]) -> bytes:
        """Events: sequence number and JSON line of each."""

    def heartbeat(self, cursor: int) -> bytes:
        """What is sent now and then so that nobody in between takes the connection for dead."""


class WebSocketWire:
    """Text messages of a server: unmasked, in one piece. Pings are the server's own."""

    name = "websocket"

    def frames(self, frames: Iterable[Frame]) -> bytes:
        """One message for each event."""
        parts = []
        for _, line in frames:
            parts += [_head(len(line)), line]
        return b"".join(parts)

    def heartbeat(self, cursor: int) -> bytes:
        """Nothing."""
        return b""


class SseWire:
    """Server-sent events, as chunks of an HTTP/1.1 body."""

    name = "sse"

    def frames(self, frames: Iterable[Frame]) -> bytes:
        """One block for each event. A browser repeats the last `id` when it connects again."""
        parts = []
        for seq, line in frames:
            kind = json.loads(line)["kind"].encode()
            parts += [b"id: %d\nevent: %s\ndata: " % (seq, kind), line, b"\n\n"]
        return _chunk(b"".join(parts))

    def heartbeat(self, cursor: int) -> bytes:
        """A comment, and the place from which to go on: events that did not pass count too."""
        return _chunk(b": heartbeat\nid: %d\n\n" % cursor)


def notice(kind: str, seq: int, **more: object) -> bytes:
    """The JSON line of what a stream says about itself."""
    return json.dumps({"kind": kind, "seq": seq, **more}, separators=(",", ":")).encode()


def _head(size: int) -> bytes:
    if size < 126:
        return bytes((0x81, size))
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)
