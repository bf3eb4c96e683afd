"""The conversation with a mail server. Upstream: Go net/smtp smtp.go."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from contextlib import suppress
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from amp.smtpclient.failure import SmtpError, refused

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from amp.smtpclient.connection import Connection, Reply
    from amp.smtpclient.mechanism import Mechanism

BREAK = "smtp: A line must not contain CR or LF"
BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
QUANTA = re.compile(rb"\A(?:[A-Za-z0-9+/]{4})*")
DIGITS = (ascii_letters + digits + "+/").encode()
PADDING = ord("=")


class Session:
    """One conversation, from the greeting on. Every method raises SmtpError with Go's text.

    Args:
        connection: greeted already.
        host: the server's name.
        secure: whether the connection speaks TLS.
    """

    def __init__(self, connection: Connection, host: str, *, secure: bool) -> None:
        self._connection = connection
        self._host = host
        self._secure = secure
        self._name = "localhost"
        self._greeted = False
        self._greeting_error: str | None = None
        self._extensions: dict[str, str] = {}

    async def hello(self, name: str | None = None) -> None:
        """Says who we are, once; whatever comes first does it, as `localhost`."""
        if name is not None:
            self._name = _line(name)
        if not self._greeted:
            self._greeted = True
            try:
                await self._ehlo()
            except SmtpError:
                await self._helo()
        if self._greeting_error is not None:
            raise SmtpError(self._greeting_error)

    async def extension(self, name: str) -> str | None:
        """The parameters of an extension that the server has; None when it does not have it."""
        with suppress(SmtpError):
            await self.hello()
            return self._extensions.get(name)
        return None

    async def secure(self, context: ssl.SSLContext, name: str | None) -> None:
        """Goes on in TLS (STARTTLS)."""
        reply = await self._connection.secure(context, name)
        if reply.code != 220:
            raise refused(reply)
        self._secure = True
        await self._ehlo()

    async def authenticate(self, mechanism: Mechanism) -> None:
        """Proves who we are. The conversation is over when that fails."""
        first = mechanism.start(self._host, secure=self._secure)
        text = f"AUTH {mechanism.name} {b64encode(first).decode()}".strip()
        reply = await self._connection.command(text)
        while reply.code != 235:
            try:
                if reply.code != 334:
                    raise refused(reply)
                answer = mechanism.answer(_decoded(reply.text))
            except SmtpError:
                with suppress(SmtpError):
                    await self._connection.command("*")
                raise
            reply = await self._connection.command(b64encode(answer).decode())

    async def mail(self, sender: str) -> None:
        """Begins a message."""
        _line(sender)
        await self.hello()
        wanted = [("8BITMIME", " BODY=8BITMIME"), ("SMTPUTF8", " SMTPUTF8")]
        more = "".join(text for name, text in wanted if name in self._extensions)
        await self._command(f"MAIL FROM:<{sender}>{more}", lambda code: code == 250)

    async def recipient(self, address: str) -> None:
        """Names one who gets the message."""
        await self._command(f"RCPT TO:<{_line(address)}>", lambda code: code // 10 == 25)

    async def data(self) -> None:
        """Announces the message itself."""
        await self._command("DATA", lambda code: code == 354)

    async def message(self, content: bytes) -> None:
        """Sends the message; its lines end with CR LF."""
        reply = await self._connection.message(content)
        if reply.code != 250:
            raise refused(reply)

    async def quit(self) -> None:
        """Takes leave."""
        with suppress(SmtpError):
            await self.hello()
        await self._command("QUIT", lambda code: code == 221)

    async def _ehlo(self) -> None:
        reply = await self._command(f"EHLO {self._name}", lambda code: code == 250)
        pairs = [line.partition(" ") for line in reply.text.split("\n")[1:]]
        self._extensions = {name: parameters for name, _, parameters in pairs}

    async def _helo(self) -> None:
        self._extensions = {}
        try:
            await self._command(f"HELO {self._name}", lambda code: code == 250)
        except SmtpError as error:
            self._greeting_error = str(error)

    async def _command(self, line: str, wanted: Callable[[int], bool]) -> Reply:
        reply = await self._connection.command(line)
        if not wanted(reply.code):
            raise refused(reply)
        return reply


def _line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise SmtpError(BREAK)
    return text


def _decoded(text: str) -> bytes:
    """Base64 as Go decodes it, with its complaint."""
    data = text.encode("utf-8", "surrogateescape")
    if BASE64.fullmatch(data):
        return b64decode(data)
    raise SmtpError(f"illegal base64 data at input byte {_bad_byte(data)}")


def _bad_byte(data: bytes) -> int:
    """Where Go stops reading base64 that is none."""
    begin = len(data) - len(QUANTA.sub(b"", data, count=1))
    rest = data[begin:]
    known = len(rest) - len(rest.lstrip(DIGITS))
    if known == len(rest):
        return begin
    if rest[known] != PADDING or known < 2:
        return begin + known
    if known == 2 and len(rest) == 3:
        return len(data)
    if known == 2 and rest[3] != PADDING:
        return begin + 2
    return begin + 4
