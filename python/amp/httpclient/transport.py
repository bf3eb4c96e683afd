"""The one place that touches aiohttp: one request out, one answer back, no decisions."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_exceptions import InvalidUrlClientError
from aiohttp.client_proto import ResponseHandler
from aiohttp.payload import BytesPayload
from multidict import CIMultiDict, istr
from yarl import URL

from amp.httpclient import socks
from amp.httpclient.dials import Dials
from amp.httpclient.failure import (
    RequestError,
    broken_text,
    dial_text,
    forget_frames,
    lookup_text,
    tls_text,
)
from amp.httpclient.proxy import SOCKS
from amp.httpclient.resolver import Resolver
from amp.httpclient.response import MAX_BODY_BYTES, Response

if TYPE_CHECKING:
    from amp.httpclient.dialer import Dialer
    from amp.httpclient.header import Headers
    from amp.httpclient.resolver import Address
    from amp.httpclient.target import Target
    from amp.httpclient.via import Via

IDLE_SECONDS = 300.0
HANDSHAKE_SECONDS = 10.0
NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
MAX_HEADER_BYTES = 64 << 10
MAX_INFORMATIONAL = 1000
KNOWN_URLS = 256
SHOWN_CHARACTERS = 100
NOT_GUESSED = frozenset({istr("Content-Type")})


class _Connector(aiohttp.TCPConnector):
    """aiohttp's connector with upstream's bound for the TLS handshake, and with SOCKS proxies.

    Attributes:
        socks: the proxy of each destination (host, port) that is reached through one.
    """

    def __init__(self, resolver: Resolver, handshake_seconds: float, dialer: Dialer) -> None:
        self._handshake_seconds = handshake_seconds
        super().__init__(
            limit=0, keepalive_timeout=IDLE_SECONDS, resolver=resolver, ttl_dns_cache=1
        )
        self.socks: dict[tuple[str, int], Target] = {}
        self._lookups = resolver
        self._dials = Dials()
        self._dialer = dialer
        self._factory: partial[Any] = partial(_Protocol, dialer, loop=self._loop)

    async def connect(self, req: Any, traces: Any, timeout: Any) -> aiohttp.connector.Connection:  # noqa: ASYNC109  # aiohttp's
        await self._dials.turn(req.connection_key, self._conns.__contains__)
        return await super().connect(req, traces, timeout)

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        self._dials.wake(key)

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # aiohttp's
        with self._dials.dial(req.connection_key):
            # A refusal may come within the call: without this they would all come in one turn.
            await asyncio.sleep(0)
            self._dialer.attempted += 1
            try:
                protocol = await self._dial(req, traces, timeout)
            except BaseException as error:
                self._dialer.fail(_reason(error))
                raise
            self._dialer.established += 1
            protocol.counted = True
            return protocol

    async def _dial(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # aiohttp's
        proxy = self.socks.get((req.url.raw_host, req.port)) if self.socks else None
        if proxy is None:
            return await super()._create_connection(req, traces, timeout)
        opened = await socks.connect(proxy, req.url.raw_host, req.port, self._lookups)
        secured: dict[str, Any] = {}
        if req.is_ssl():
            name = req.server_hostname or req.url.raw_host
            secured = {"ssl": self._get_ssl_context(req), "server_hostname": name}
            secured["ssl_handshake_timeout"] = self._handshake_seconds
        _, protocol = await self._loop.create_connection(self._factory, sock=opened, **secured)
        return protocol

    async def _wrap_create_connection(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("ssl") is not None:
            kwargs["ssl_handshake_timeout"] = self._handshake_seconds
        return await super()._wrap_create_connection(*args, **kwargs)


class _Protocol(ResponseHandler):
    """aiohttp's side of a connection, with a bound for informational answers.

    Its end is counted if its beginning was.
    """

    def __init__(self, dialer: Dialer, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._dialer = dialer
        self.counted = False
        self._informed = 0

    def set_response_params(self, **given: Any) -> None:
        self._informed = 0
        super().set_response_params(**given)

    async def read(self) -> Any:
        answer = await super().read()
        if answer[0].code // 100 == 1:
            self._informed += 1
            if self._informed > MAX_INFORMATIONAL:
                raise RequestError("net/http: too many 1xx informational responses")
        return answer

    def connection_lost(self, exc: BaseException | None) -> None:
        if self.counted:
            self._dialer.closed += 1
            self.counted = False
        super().connection_lost(exc)


class _Request(aiohttp.ClientRequest):
    """A request that says nothing of its own accord; compression is not asked for."""

    DEFAULT_HEADERS: dict[istr, str] = {}  # noqa: RUF012  # aiohttp's declaration


class Transport:
    """Pooled connections. Bounds are the caller's, except where upstream has one.

    It uses aiohttp's connector, request and response without its session: a session's cookies,
    redirects, middlewares and timers cost a third of a delivery and are not wanted here.

    Args:
        dialer: where connections are counted.
        handshake_seconds: how long a TLS handshake may take.
        max_body_bytes: how much of an answer's body is read.
    """

    def __init__(
        self,
        dialer: Dialer,
        handshake_seconds: float = HANDSHAKE_SECONDS,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._max_body_bytes = max_body_bytes
        self._loop = asyncio.get_running_loop()
        self._resolver = Resolver()
        self._connector = _Connector(self._resolver, handshake_seconds, dialer)
        self._urls: dict[Target, URL] = {}

    async def send(
        self, method: str, target: Target, headers: Headers, body: bytes, via: Via | None
    ) -> Response:
        """Sends one request and reads its answer.

        Raises:
            RequestError: worded as Go's client words it.
        """
        try:
            told = CIMultiDict(headers)
            request = _Request(
                method,
                self._url(target),
                headers=told,
                skip_auto_headers=None if "Content-Type" in told else NOT_GUESSED,
                data=BytesPayload(body) if body else None,
                loop=self._loop,
                **({} if via is None else self._route(target, via)),
            )
            return await self._exchange(request)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            text = _text(error, self._resolver)
            forget_frames(error)
            raise RequestError(text) from None

    def _route(self, target: Target, via: Via) -> dict[str, Any]:
        """What aiohttp must know of a way that does not simply go to its target."""
        more: dict[str, Any] = {}
        if via.context is not None:
            more["ssl"] = via.context
            more["server_hostname"] = via.server_name
        if via.proxy is not None and via.proxy.scheme in SOCKS:
            self._connector.socks[target.host, target.port] = via.proxy
        elif via.proxy is not None:
            more["proxy"] = self._url(via.proxy)
            more["proxy_headers"] = CIMultiDict(via.connect_headers)
        return more

    async def _exchange(self, request: _Request) -> Response:
        connection = await self._connector.connect(request, [], NO_TIMEOUT)
        answer: aiohttp.ClientResponse | None = None
        try:
            connection.protocol.set_response_params(  # type: ignore[union-attr]
                read_until_eof=True,
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
            )
            answer = await request.send(connection)
            await answer.start(connection)
            return await _read(answer, self._max_body_bytes)
        except BaseException:
            if answer is not None:
                answer.close()
            connection.close()
            raise
        finally:
            if answer is not None:
                answer.release()

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, in the system's order; gaierror as the system gives it."""
        return await self._resolver.addresses(host, port)

    async def close(self) -> None:
        """Closes every connection."""
        await self._connector.close()
        await self._resolver.close()

    def _url(self, target: Target) -> URL:
        url = self._urls.get(target)
        if url is None:
            if len(self._urls) >= KNOWN_URLS:
                self._urls.clear()
            url = self._urls[target] = URL(target.url(), encoded=True)
        return url


async def _read(answer: aiohttp.ClientResponse, max_body_bytes: int) -> Response:
    """The answer; a body that breaks off counts as empty, as with upstream."""
    body, broken = b"", False
    if answer.content_length != 0:
        try:
            body = await _body(answer, max_body_bytes)
        except aiohttp.ClientError:
            broken = True
            answer.close()
    headers = answer.headers
    return Response(
        answer.status,
        answer.reason or "",
        headers.get("Location", ""),
        headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        body,
        broken,
    )


async def _body(answer: aiohttp.ClientResponse, max_body_bytes: int) -> bytes:
    pieces, size = [], 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > max_body_bytes:
            answer.close()
            break
    return b"".join(pieces)[:max_body_bytes]


def _reason(error: BaseException) -> str | None:
    """Why there is no connection; None when there was one and TLS failed on it."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "resolution"
    if isinstance(error, (asyncio.CancelledError, TimeoutError)):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return None
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    lost = isinstance(cause, ConnectionError) and cause.errno is None
    if isinstance(cause, ssl.SSLError) or lost:
        return None
    code = getattr(cause, "errno", None)
    return "refused" if code == errno.ECONNREFUSED else "unknown"


def _text(error: Exception, resolver: Resolver) -> str:
    match error:
        case aiohttp.ClientHttpProxyError():
            return error.message
        case aiohttp.ClientResponseError():
            return f"net/http: HTTP/1.x transport connection broken: {_malformed(error.message)}"
        case aiohttp.ClientConnectorCertificateError():
            return tls_text(error.certificate_error)  # type: ignore[arg-type]
        case aiohttp.ClientConnectorDNSError():
            return lookup_text(error.host, error.os_error)  # type: ignore[arg-type]
        case aiohttp.ClientProxyConnectionError():
            return f"proxyconnect tcp: {_dial(error, resolver)}"
        case aiohttp.ClientConnectorError():
            return _dial(error, resolver)
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.ClientPayloadError():
            return "unexpected EOF"
        case InvalidUrlClientError():
            return "http: no Host in request URL"
    cause = error.__cause__
    return broken_text(cause if isinstance(cause, ssl.SSLError) else error)


def _malformed(message: str) -> str:
    """One short line of what aiohttp's parser said, which quotes the bad line under its text."""
    lines = [line.strip() for line in message.splitlines() if line.strip(" ^")]
    if lines and lines[0].startswith("Bad status line"):
        quoted = lines[-1].removeprefix("b").strip("'\"")[:SHOWN_CHARACTERS]
        return f'malformed HTTP response "{quoted}"'
    return " ".join(lines)[:SHOWN_CHARACTERS]


def _dial(error: aiohttp.ClientConnectorError, resolver: Resolver) -> str:
    cause = error.os_error
    if isinstance(cause, ssl.SSLError):
        return tls_text(cause)
    if isinstance(cause, ConnectionAbortedError) and cause.errno is None:
        return "net/http: TLS handshake timeout"
    gone = isinstance(cause, ConnectionResetError) and cause.errno is None
    if gone or cause.errno == errno.EBADF:  # asyncio's, respectively uvloop's way to say so
        return "EOF"
    if isinstance(cause, socket.gaierror):
        return lookup_text(error.host, cause)
    return dial_text((resolver.first(error.host), error.port or 0), cause)
