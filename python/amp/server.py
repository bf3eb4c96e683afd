"""Listening sockets and the HTTP server on them: the only file that touches uvicorn.

uvicorn runs inside our event loop. The sockets are bound here, exclusively: a taken port is an
error at start.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BACKLOG = 1024
HEAD_BYTES = 1 << 20
"""Longest request line and headers, as Go's server has it."""
KEEP_ALIVE_SECONDS = 300
STOP_SECONDS = 4


class ListenFailed(AmpError):
    """An address cannot be listened on."""


def bind(address: str) -> socket.socket:
    """Binds `host:port`, `:port` or `[v6]:port`; port 0 takes a free one.

    Raises:
        ListenFailed: with upstream's text, when the address is bad or taken.
    """
    host, separator, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        if not separator:
            raise ListenFailed(f'listen "{address}": address {address}: missing port in address')
        infos = socket.getaddrinfo(
            host or "::", port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ListenFailed(f'listen "{address}": {error.strerror}') from None
    try:
        return _bind_one(infos, any_host=not host)
    except OSError as error:
        text = (error.strerror or str(error)).lower()
        raise ListenFailed(f'listen "{address}": listen tcp {address}: bind: {text}') from None


def _bind_one(infos: Sequence[tuple[Any, ...]], *, any_host: bool) -> socket.socket:
    family, kind, protocol, _, where = infos[0]
    try:
        listener = socket.socket(family, kind, protocol)
    except OSError:
        if not any_host:
            raise
        # A kernel without IPv6: the wildcard is then IPv4's.
        listener, where = socket.socket(socket.AF_INET, kind), ("0.0.0.0", where[1])  # noqa: S104
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if any_host and listener.family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(where)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    """`host:port` of a bound socket, as Go prints it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Bounded(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with a limit on what comes before a body."""

    def on_message_begin(self) -> None:
        """A new request starts to count anew."""
        super().on_message_begin()
        self._head_bytes = 0

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


class _Embedded(uvicorn.Server):
    """uvicorn inside our own loop: signals stay ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield


class Server:
    """Serves one ASGI application on several sockets until stopped."""

    def __init__(self, application: Any, listeners: Sequence[socket.socket]) -> None:
        self._listeners = list(listeners)
        self._server = _Embedded(
            uvicorn.Config(
                application,
                http=_Bounded,
                ws="none",
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
        try:
            async with asyncio.timeout(STOP_SECONDS + 0.5):
                await self._task
        except TimeoutError:
            self._server.force_exit = True
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
