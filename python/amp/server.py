"""The HTTP server on sockets that are bound already: the only file that touches uvicorn.

uvicorn runs inside our event loop, with TLS below it where the web configuration asks for it.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from amp.web.listen import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from amp.web.secured import Secured

    Below = Callable[[Callable[[], asyncio.Protocol], set[Secured]], asyncio.Protocol]

HEAD_BYTES = 1 << 20
"""Longest request line and headers, as Go's server has it."""
KEEP_ALIVE_SECONDS = 300
STOP_SECONDS = 4
WEBSOCKET_HEADERS = 120
WEBSOCKET_LINE_BYTES = 8000
WEBSOCKET_MESSAGE_BYTES = 4 << 10
"""Clients have nothing to say."""
PING_SECONDS = 15.0
PONG_SECONDS = 30.0


class _Bounded(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with a limit on what comes before a body.

    Args:
        websocket_path: the one path whose requests may become WebSockets.
        given: what uvicorn gives.
    """

    def __init__(self, websocket_path: bytes, **given: Any) -> None:
        super().__init__(**given)
        self._websocket_path = websocket_path

    def on_message_begin(self) -> None:
        """A new request starts to count anew; streams find the transport in its scope."""
        super().on_message_begin()
        self._head_bytes = 0
        self.scope["amp.transport"] = self.transport  # type: ignore[typeddict-unknown-key]

    def on_url(self, url: bytes) -> None:
        """Counts the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts one header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise ValueError("request head is too large")

    def _should_upgrade(self) -> bool:
        """Everywhere else an upgrade is not heeded, as with Go: the answer is the ordinary one.

        The library for WebSockets reads the head again, with limits of its own.
        """
        return (
            self.url.partition(b"?")[0] == self._websocket_path
            and super()._should_upgrade()
            and self.scope["method"] == "GET"
            and len(self.headers) <= WEBSOCKET_HEADERS
            and len(self.url) <= WEBSOCKET_LINE_BYTES
            and all(len(name) + len(value) <= WEBSOCKET_LINE_BYTES for name, value in self.headers)
        )


def _websocket(**given: Any) -> asyncio.Protocol:
    from amp.websocket import WebSocket

    return WebSocket(**given)


class _Embedded(uvicorn.Server):
    """uvicorn inside our own loop: signals stay ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield


class Server:
    """Serves one ASGI application on several sockets until stopped.

    Args:
        below: makes what stands between a connection and HTTP: TLS; None for plain HTTP.
        websocket_path: the path with WebSockets, prefix included.
    """

    def __init__(
        self,
        application: Any,
        listeners: Sequence[socket.socket],
        below: Below | None = None,
        *,
        websocket_path: str = "",
    ) -> None:
        self._websocket_path = websocket_path.encode()
        self._listeners = list(listeners)
        self._handshaking: set[Secured] = set()
        self._server = _Embedded(
            uvicorn.Config(
                application,
                http=self._bounded if below is None else self._with(below),  # type: ignore[arg-type]
                interface="asgi3",
                ws=_websocket,  # type: ignore[arg-type]
                ws_max_size=WEBSOCKET_MESSAGE_BYTES,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PONG_SECONDS,
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        self._task: asyncio.Task[None] | None = None

    def _bounded(self, **given: Any) -> asyncio.Protocol:
        return _Bounded(self._websocket_path, **given)

    def _with(self, below: Below) -> Callable[..., asyncio.Protocol]:
        def connection(**given: Any) -> asyncio.Protocol:
            return below(lambda: self._bounded(**given), self._handshaking)

        return connection

    def connections(self) -> int:
        """How many connections are open."""
        return len(self._server.server_state.connections)

    async def start(self) -> None:
        """Starts to accept. uvicorn owns the sockets from here on."""
        self._task = asyncio.create_task(self._server.serve(sockets=self._listeners))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Stops accepting and lets requests in flight end, within five seconds in all."""
        if self._task is None:
            return
        self._server.should_exit = True
        for connection in list(self._handshaking):
            connection.abort()
        try:
            async with asyncio.timeout(STOP_SECONDS + 0.5):
                await self._task
        except TimeoutError:
            self._server.force_exit = True
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
