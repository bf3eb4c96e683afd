"""TLS under an HTTP connection: handshake with a limit in time, alerts that arrive, Go's answers.

The event loop's own TLS fixes one context for a socket's life and drops the alert of a failed
handshake; here each connection asks for its context, and the alert is sent before the close.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, cast

from amp.errors import ConfigError
from amp.httpclient.failure import tls_text
from amp.web.tls import refused_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp.log import Logger
    from amp.web.tls import ServerContexts

HANDSHAKE_SECONDS = 10.0
READ_BYTES = 16 << 10
"""A TLS record has no more; a larger buffer would be fetched from the system each time."""
PLAIN_HTTP = (b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO")
PLAIN_HTTP_ANSWER = (
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
)
INTERNAL_ERROR = b"\x15\x03\x01\x00\x02\x02\x50"
"""The TLS alert of a server that cannot make a context."""
REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "tls: client didn't provide a certificate",
    "UNSUPPORTED_PROTOCOL": "tls: client offered only unsupported versions",
    "NO_SHARED_CIPHER": "tls: no cipher suite supported by both client and server",
    "WRONG_VERSION_NUMBER": "tls: first record does not look like a TLS handshake",
    "HTTP_REQUEST": "client sent an HTTP request to an HTTPS server",
}


class Secured(asyncio.Protocol):
    """The lower half: speaks TLS with the client, and the bare protocol with what is above.

    Args:
        above: makes the protocol that gets the decrypted bytes, once the handshake is done.
        handshaking: connections before that; who stops the server ends them.
    """

    def __init__(
        self,
        above: Callable[[], asyncio.Protocol],
        contexts: ServerContexts,
        handshaking: set[Secured],
        log: Logger,
        *,
        handshake_seconds: float = HANDSHAKE_SECONDS,
    ) -> None:
        self._make = above
        self._contexts = contexts
        self._handshaking = handshaking
        self._log = log
        self._handshake_seconds = handshake_seconds
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._above: asyncio.Protocol | None = None
        self._allowed: Callable[[ssl.SSLObject], str | None] | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._plain: list[bytes] = []
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Waits for the client's first words."""
        self._transport = cast("asyncio.Transport", transport)
        self._handshaking.add(self)
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(self._handshake_seconds, self._failed, "i/o timeout")

    def data_received(self, data: bytes) -> None:
        """Bytes of the client: a part of the handshake, or of what it sends."""
        if self._closing:
            return
        if self._tls is None and not self._begin(data):
            return
        self._incoming.write(data)
        if self._above is None and not self._shake_hands():
            return
        self._read()

    def _begin(self, data: bytes) -> bool:
        """Takes a context; whether there is one."""
        if data[:5] in PLAIN_HTTP:
            self._failed(REASONS["HTTP_REQUEST"], PLAIN_HTTP_ANSWER)
            return False
        try:
            context, config = self._contexts.current()
        except ConfigError as error:
            self._failed(str(error), INTERNAL_ERROR)
            return False
        self._allowed = lambda connection: refused_names(config, connection)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        return True

    def _shake_hands(self) -> bool:
        """Goes on with the handshake; whether it is done."""
        tls, transport = self._tls, self._transport
        if tls is None or transport is None:
            return False
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:
            self._failed(_text(error), self._outgoing.read())
            return False
        refusal = self._allowed(tls) if self._allowed is not None else None
        if refusal is not None:
            self._failed(refusal)
            return False
        self._over()
        self._flush()
        self._above = self._make()
        self._above.connection_made(_Opened(self, transport, tls))
        return True

    def _read(self) -> None:
        """Hands up what can be decrypted."""
        tls = self._tls
        if tls is None:
            return
        try:
            # Asking an empty connection costs an exception, so it is not asked.
            while not self._closing and (self._incoming.pending or tls.pending()):
                plain = tls.read(READ_BYTES)
                if not plain:
                    self.close()
                    return
                # Asked each time: an upgrade puts another protocol there.
                if self._above is not None:
                    self._above.data_received(plain)
            self._flush()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            # A broken record; OpenSSL wrote an alert about it.
            self._flush()
            self.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends plain bytes, together with what else is written in this turn of the loop."""
        if self._tls is None or self._closing or not data:
            return
        if not self._plain:
            asyncio.get_running_loop().call_soon(self._send)
        self._plain.append(bytes(data))

    def _send(self) -> None:
        """Encrypts what was written: an answer's head and body make one record."""
        if not self._plain or self._tls is None:
            return
        plain = self._plain[0] if len(self._plain) == 1 else b"".join(self._plain)
        self._plain.clear()
        try:
            self._tls.write(plain)
        except ssl.SSLError:
            self.abort()
            return
        self._flush()

    def close(self) -> None:
        """Says good-bye and closes once everything is sent."""
        if self._closing:
            return
        self._send()
        self._closing = True
        if self._tls is not None and self._above is not None:
            try:
                self._tls.unwrap()
            except (ssl.SSLError, ValueError):
                self._flush()
            self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes without a word."""
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._closing or self._transport is None or self._transport.is_closing()

    def put_above(self, protocol: asyncio.Protocol) -> None:
        """Hands what comes from now on to another protocol."""
        self._above = protocol

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None:
            self._transport.write(self._outgoing.read())

    def _failed(self, why: str, last_words: bytes = b"") -> None:
        """Ends a handshake that came to nothing. Upstream: net/http server.go conn.serve."""
        transport = self._transport
        self._over()
        self._closing = True
        if transport is None:
            return
        self._log.info(f"http: TLS handshake error from {_peer(transport)}: {why}")
        if last_words:
            transport.write(last_words)
        transport.close()

    def _over(self) -> None:
        self._handshaking.discard(self)
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def eof_received(self) -> None:
        """The client sends no more: the loop closes the connection."""
        if self._above is not None:
            self._above.eof_received()

    def pause_writing(self) -> None:
        """The client takes too slowly."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """The client took what waited."""
        if self._above is not None:
            self._above.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self._above is not None:
            self._closing = True
            self._above.connection_lost(exc)
        elif not self._closing:
            self._failed("EOF")
        self._over()
        self._transport = None


class _Opened(asyncio.Transport):
    """What the protocol above sees as its connection."""

    def __init__(self, lower: Secured, transport: asyncio.Transport, tls: ssl.SSLObject) -> None:
        super().__init__({"ssl_object": tls, "sslcontext": tls.context})
        self._lower = lower
        self._transport = transport
        self._protocol: asyncio.BaseProtocol | None = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name in ("ssl_object", "sslcontext"):
            return super().get_extra_info(name, default)
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._lower.put_above(cast("asyncio.Protocol", protocol))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._lower.write(data)

    def writelines(self, list_of_data: Any) -> None:
        self._lower.write(b"".join(list_of_data))

    def close(self) -> None:
        self._lower.close()

    def abort(self) -> None:
        self._lower.abort()

    def is_closing(self) -> bool:
        return self._lower.closing

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def can_write_eof(self) -> bool:
        return False


def _text(error: ssl.SSLError) -> str:
    return REASONS.get(error.reason or "") or tls_text(error)


def _peer(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple) or len(peer) < 2:
        return str(peer or "@")
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
