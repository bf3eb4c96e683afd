"""The one place that touches aiohttp: one request out, one answer back, no decisions."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_exceptions import InvalidUrlClientError
from yarl import URL

from amp.httpclient.failure import (
    RequestError,
    broken_text,
    dial_text,
    lookup_text,
    tls_text,
)
from amp.httpclient.resolver import Resolver
from amp.httpclient.response import MAX_BODY_BYTES, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.httpclient.target import Target

IDLE_SECONDS = 300.0
HANDSHAKE_SECONDS = 10.0
NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
MAX_HEADER_BYTES = 64 << 10
SHOWN_CHARACTERS = 100
SET_BY_US = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class _Connector(aiohttp.TCPConnector):
    """aiohttp's connector with upstream's bound for the TLS handshake."""

    async def _wrap_create_connection(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("ssl") is not None:
            kwargs["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super()._wrap_create_connection(*args, **kwargs)


class Transport:
    """Pooled connections. Bounds are the caller's, except where upstream has one."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[Target, URL] = {}

    async def send(
        self,
        method: str,
        target: Target,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> Response:
        """Sends one request and reads its answer.

        Raises:
            RequestError: worded as Go's client words it.
        """
        session = self._session or self._open()
        try:
            async with session.request(
                method,
                self._url(target),
                data=body or None,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                return await _read(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise RequestError(_text(error)) from None

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        connector = _Connector(
            limit=0, keepalive_timeout=IDLE_SECONDS, resolver=Resolver(), ttl_dns_cache=1
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=NO_TIMEOUT,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=SET_BY_US,
            auto_decompress=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        return self._session

    def _url(self, target: Target) -> URL:
        url = self._urls.get(target)
        if url is None:
            if len(self._urls) >= 256:
                self._urls.clear()
            url = self._urls[target] = URL(target.url(), encoded=True)
        return url


async def _read(answer: aiohttp.ClientResponse) -> Response:
    body = b""
    if answer.content_length != 0:
        pieces, size = [], 0
        async for piece in answer.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                answer.close()
                break
        body = b"".join(pieces)[:MAX_BODY_BYTES]
    return Response(answer.status, answer.reason or "", answer.headers.get("Location", ""), body)


def _text(error: Exception) -> str:
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
            return f"proxyconnect tcp: {_dial(error)}"
        case aiohttp.ClientConnectorError():
            return _dial(error)
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.ClientPayloadError():
            return "unexpected EOF"
        case InvalidUrlClientError():
            return "http: no Host in request URL"
    return broken_text(error)


def _malformed(message: str) -> str:
    """One short line of what aiohttp's parser said, which quotes the bad line under its text."""
    lines = [line.strip() for line in message.splitlines() if line.strip(" ^")]
    if lines and lines[0].startswith("Bad status line"):
        quoted = lines[-1].removeprefix("b").strip("'\"")[:SHOWN_CHARACTERS]
        return f'malformed HTTP response "{quoted}"'
    return " ".join(lines)[:SHOWN_CHARACTERS]


def _dial(error: aiohttp.ClientConnectorError) -> str:
    cause = error.os_error
    if isinstance(cause, ssl.SSLError):
        return tls_text(cause)
    if isinstance(cause, asyncio.TimeoutError):
        return "net/http: TLS handshake timeout"
    if isinstance(cause, socket.gaierror):
        return lookup_text(error.host, cause)
    return dial_text((error.host, error.port or 0), cause)
