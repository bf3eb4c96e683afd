"""Conversations with one mail server, bounded and secured as configured."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from amp.smtpclient.dial import dial
from amp.smtpclient.failure import SmtpError, refused
from amp.smtpclient.session import Session

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence
    from types import ModuleType

    from amp.fields.hostport import HostPort
    from amp.fields.tls import TlsConfig
    from amp.httpclient import HttpClient
    from amp.httpclient.resolver import Address
    from amp.smtpclient.connection import Connection

    Secure = tuple[ssl.SSLContext, str]

CONNECTION = "amp.smtpclient.connection"
"""Imported with the first mail: it needs aiosmtplib."""


class SmtpClient:
    """Opens connections to one server. There is no timeout but the caller's.

    Args:
        smarthost: the server; its port may be a service's name.
        tls: how TLS is spoken, at once or after STARTTLS.
        http: whose look-ups, TLS contexts and bounds of destinations are shared.
    """

    def __init__(self, smarthost: HostPort, tls: TlsConfig, http: HttpClient) -> None:
        self.host = smarthost.host
        self._port = _port(smarthost.port)
        self._service = smarthost.port
        self._http = http
        self._tls = http.shared.tls(tls)
        self._library: ModuleType | None = None

    @property
    def place(self) -> str:
        """The server, as a target is written."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"smtp://{host}:{self._service}"

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits in line for one of the server's places."""
        origin = ("smtp", self.host, self._port or 0)
        gates = self._http.shared.gates
        await gates.enter(origin)
        try:
            yield
        finally:
            gates.leave(origin)

    async def context(self) -> Secure:
        """TLS as configured, and the name that the server must prove to have.

        Raises:
            RequestError: when a file of `tls_config` cannot be used.
        """
        return await self._tls.context(), self._tls.server_name or self.host

    async def dial(self) -> socket.socket:
        """A connected socket.

        Raises:
            SmtpError: when there is none.
        """
        if self._port is None:
            raise SmtpError(f"dial tcp: lookup tcp/{self._service}: unknown port")
        return await dial(self._resolve, self.host, self._port)

    async def open(self, opened: socket.socket, secure: Secure | None) -> Connection:
        """The connection on a socket, in TLS where that comes first.

        Raises:
            SmtpError: when TLS fails.
        """
        context, name = secure or (None, None)
        try:
            if self._library is None:
                self._library = await asyncio.to_thread(import_module, CONNECTION)
            connection: Connection = await self._library.Connection.open(opened, context, name)
        except BaseException:
            opened.close()
            raise
        return connection

    async def session(self, connection: Connection, *, secure: bool) -> Session:
        """The conversation, after the server's greeting.

        Raises:
            SmtpError: when it does not greet.
        """
        reply = await connection.greeting()
        if reply.code != 220:
            raise refused(reply)
        return Session(connection, self.host, secure=secure)

    async def _resolve(self, host: str, port: int) -> Sequence[Address]:
        return await self._http.addresses(host or "localhost", port)


def _port(service: str) -> int | None:
    if service.isdecimal():
        return int(service)
    try:
        return socket.getservbyname(service, "tcp")
    except OSError:
        return None
