"""The server's WebSocket connections. Loaded with the first one: who has none does not pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from websockets.http11 import Request

CLOSE_SECONDS = 5.0
"""How long a client has to answer a close before its connection is cut."""
STOP_SECONDS = 0.5
_RESPONSES = {
    "http.response.start": "websocket.http.response.start",
    "http.response.body": "websocket.http.response.body",
}


class WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's connection; a refusal is the application's ordinary HTTP answer."""

    def handle_connect(self, event: Request) -> None:
        """Makes the scope look like that of a GET, with the transport in it."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extended: dict[str, Any] = self.scope  # type: ignore[assignment]  # ours has more
            extended["method"] = "GET"
            extended["amp.transport"] = self.transport

    async def send(self, message: Any) -> None:
        """Takes HTTP answers for refusals, and closes without waiting for a slow client."""
        kind = message["type"]
        if kind in _RESPONSES:
            message = {**message, "type": _RESPONSES[kind]}
        elif kind == "websocket.close":
            self.writable.set()
        await super().send(message)
        if kind == "websocket.close" and self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Gives a client up that does not answer pings; what it did not take is dropped."""
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Closes; the client has a moment to take the rest and to answer."""
        if self.close_timer is None:
            super().shutdown()
        self.loop.call_later(STOP_SECONDS, self.transport.abort)
