"""Listening sockets and the HTTP server on them: the only file that touches granian.

granian is embedded in our event loop. It would bind with SO_REUSEPORT, so that a taken port went
unnoticed; here the sockets are bound first, exclusively, and handed over.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server as EmbeddedServer

from amp.errors import AmpError

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG = 1024
BACKPRESSURE = 16_384
"""Requests in flight before granian stops accepting; idle connections count too."""
STOP_SECONDS = 5.0


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


class _OnSocket(EmbeddedServer):
    """granian's embedded server over a socket that is already bound."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        super().__init__(
            application,
            interface=Interfaces.RSGI,
            http=HTTPModes.auto,
            backlog=BACKLOG,
            backpressure=BACKPRESSURE,
            websockets=False,
            log_enabled=False,
        )
        self._listener = listener

    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder
        self._shd: Any = holder(self._listener.detach(), False, BACKLOG)
        self._ssp = None


class Server:
    """Serves one RSGI application on several sockets until stopped."""

    def __init__(self, application: Any, listeners: Sequence[socket.socket]) -> None:
        self._servers = [_OnSocket(application, listener) for listener in listeners]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts to accept; returns at once. granian owns the sockets from here on."""
        self._tasks = [asyncio.create_task(server.serve()) for server in self._servers]

    async def stop(self) -> None:
        """Stops accepting, lets requests in flight end, at most five seconds."""
        for server in self._servers:
            server.stop()  # type: ignore[no-untyped-call]  # the library's
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
