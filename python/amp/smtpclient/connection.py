"""The one place that touches aiosmtplib: commands out, replies in, TLS."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiosmtplib.errors import (
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol

from amp.httpclient.exchange import CURRENT
from amp.smtpclient.failure import SmtpError, lost, malformed

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Awaitable

MALFORMED = "Malformed SMTP response line: "
LEADING_DOT = re.compile(rb"(?m)^\.")
TOO_SLOW = "TLS handshake timeout"
NAMELESS = "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said, lines of the text joined by line feeds."""

    code: int
    text: str


class Connection:
    """One connection to a mail server. There is no timeout but the caller's.

    Every method raises SmtpError when no reply came.
    """

    def __init__(self, protocol: SMTPProtocol) -> None:
        self._protocol = protocol

    @classmethod
    async def open(
        cls, opened: socket.socket, context: ssl.SSLContext | None, name: str | None
    ) -> Connection:
        """Takes a connected socket over; with a context TLS begins at once."""
        loop = asyncio.get_running_loop()
        try:
            _, protocol = await loop.create_connection(
                SMTPProtocol, sock=opened, ssl=context, server_hostname=name
            )
        except ConnectionAbortedError:
            raise SmtpError(TOO_SLOW) from None
        except OSError as error:
            raise lost(error) from None
        except ValueError:
            raise SmtpError(NAMELESS) from None
        return cls(protocol)

    async def greeting(self) -> Reply:
        """What the server says first."""
        return _heard(await _reply(self._protocol.read_response()))

    async def command(self, line: str) -> Reply:
        """Sends a line and reads its reply."""
        try:
            reply = await _reply(self._protocol.execute_command(_bytes(line)))
        except ValueError:
            raise SmtpError("smtp: a line must not contain control characters") from None
        # What the server says of the message counts, not its goodbye.
        return reply if line == "QUIT" else _heard(reply)

    async def secure(self, context: ssl.SSLContext, name: str | None) -> Reply:
        """STARTTLS; a reply that refuses it is returned like any other."""
        try:
            return _heard(await _reply(self._protocol.start_tls(context, server_hostname=name)))
        except OSError as error:
            raise lost(error) from None
        except ValueError:
            raise SmtpError(NAMELESS) from None

    async def message(self, content: bytes) -> Reply:
        """Sends a message whose lines end with CR LF, and its end, and reads the reply."""
        try:
            self._protocol.write(LEADING_DOT.sub(b"..", content) + b".\r\n")
        except SMTPServerDisconnected as error:
            raise lost(error.__cause__) from None
        return _heard(await _reply(self._protocol.read_response()))

    def close(self) -> None:
        """Ends the connection at once."""
        transport = self._protocol.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        elif transport is not None:
            transport.close()


async def _reply(response: Awaitable[tuple[int, str]]) -> Reply:
    try:
        code, text = await response
    except SMTPResponseException as error:
        if error.code >= 0:
            return _checked(Reply(error.code, error.message))
        line = error.message
        if not line.startswith(MALFORMED):
            raise SmtpError(line.lower()) from None
        raise malformed(line.removeprefix(MALFORMED).rstrip("\r\n")) from None
    except SMTPServerDisconnected as error:
        raise lost(error.__cause__) from None
    except SMTPTimeoutError:
        raise SmtpError(TOO_SLOW) from None
    return _checked(Reply(code, text))


def _heard(reply: Reply) -> Reply:
    exchange = CURRENT.get()
    if exchange is not None:
        exchange.answered(reply.code, reply.text)
    return reply


def _checked(reply: Reply) -> Reply:
    if reply.code < 100:
        raise malformed(f"{reply.code:03d} {reply.text}")
    return reply


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogateescape")
