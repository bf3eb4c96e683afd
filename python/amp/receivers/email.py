"""Mail (Upstream: notify/email)."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.global_config import HOST_PORT
from amp.fields.http import canonical_header
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.tls import TlsConfig
from amp.httpclient import RequestError
from amp.httpclient.exchange import CURRENT
from amp.httpclient.files import WatchedFile
from amp.smtpclient import SmtpClient, SmtpError
from amp.smtpclient.address import AddressError, parse_addresses
from amp.smtpclient.mechanism import CramMd5, Login, Plain
from amp.smtpclient.message import compose, local_time, message_id

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.hostport import HostPort
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification
    from amp.smtpclient import Session
    from amp.smtpclient.connection import Connection
    from amp.smtpclient.mechanism import Mechanism

IMPLICIT_TLS_PORT = "465"
THREAD_DIGITS = 16
SHOWN_HEADERS = frozenset({"From", "To", "Subject"})
ALERTS_AT_ONCE = 10
"""Of more a mail is rendered beside the loop: each takes tens of microseconds."""
LEAVING_SECONDS = 5.0
"""By then the server has the message, or has refused it."""


@dataclass(frozen=True, slots=True)
class Threading(Struct):
    """Whether mails of a group form a thread, `none` or `daily` by date."""

    GO = "config.ThreadingConfig"

    enabled: bool = entry(Flag())
    thread_by_date: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `email_configs`; None means that `global` decides."""

    GO = "config.plain"
    NEEDS = ("to",)

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    to: str = entry(Text())
    from_address: str = entry(Text(), name="from")
    hello: str = entry(Text())
    smarthost: HostPort = entry(HOST_PORT)
    auth_username: str = entry(Text())
    auth_password: Secret = entry(SecretText())
    auth_password_file: str = entry(Text())
    auth_secret: Secret = entry(SecretText())
    auth_secret_file: str = entry(Text())
    auth_identity: str = entry(Text())
    headers: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    html: str = entry(Text(), '{{ template "email.default.html" . }}')
    text: str = entry(Text())
    require_tls: bool | None = entry(Flag(optional=True))
    tls_config: TlsConfig | None = entry(StructOf(TlsConfig))
    force_implicit_tls: bool | None = entry(Flag(optional=True))
    threading: Threading = entry(StructOf(Threading, pointer=False))

    def checked(self) -> Self:
        """An address, and headers whose names differ in more than their case."""
        if not self.to:
            raise refused("missing to address in email config", "to")
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            normal = canonical_header(name)
            if normal in headers:
                raise refused(f"duplicate header {quote(normal)} in email config", "headers")
            headers[normal] = value
        self._check_threading(headers)
        return dataclasses.replace(self, headers=headers)

    def _check_threading(self, headers: dict[str, str]) -> None:
        if not self.threading.enabled:
            return
        for name in ("References", "In-Reply-To"):
            if name in headers:
                raise refused(
                    "conflicting configuration: threading.enabled conflicts with custom"
                    f" {name} header",
                    "threading",
                )
        if self.threading.thread_by_date not in ("none", "daily"):
            raise refused("threading.thread_by_date must be either 'none' or 'daily'", "threading")

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if not self.smarthost and not defaults.smtp_smarthost:
            raise refused("no global SMTP smarthost set", "smarthost")
        if not self.from_address and not defaults.smtp_from:
            raise refused("no global SMTP from set", "from")
        password = self if self.auth_password or self.auth_password_file else None
        secret = self if self.auth_secret or self.auth_secret_file else None
        return dataclasses.replace(
            self,
            smarthost=self.smarthost or defaults.smtp_smarthost,
            from_address=self.from_address or defaults.smtp_from,
            hello=self.hello or defaults.smtp_hello,
            auth_username=self.auth_username or defaults.smtp_auth_username,
            auth_password=self.auth_password if password else defaults.smtp_auth_password,
            auth_password_file=(
                self.auth_password_file if password else defaults.smtp_auth_password_file
            ),
            auth_secret=self.auth_secret if secret else defaults.smtp_auth_secret,
            auth_secret_file=self.auth_secret_file if secret else defaults.smtp_auth_secret_file,
            auth_identity=self.auth_identity or defaults.smtp_auth_identity,
            require_tls=_first(self.require_tls, defaults.smtp_require_tls),
            tls_config=_first(self.tls_config, defaults.smtp_tls_config),
            force_implicit_tls=_first(self.force_implicit_tls, defaults.smtp_force_implicit_tls),
        )

    def with_standard_headers(self) -> Self:
        """The config with the headers that every mail has, as upstream's dump shows them."""
        standard = {
            "Subject": '{{ template "email.default.subject" . }}',
            "To": self.to,
            "From": self.from_address,
        }
        return dataclasses.replace(self, headers=standard | self.headers)


class Sender:
    """Mails to what one block names.

    Upstream: notify/email/email.go Email.Notify. A message is rendered whole before it is begun.

    Args:
        config: the block with what it takes from `global`.
        http: whose look-ups and bounds mail shares.
        leaving_seconds: how long the server may take to say goodbye.
    """

    def __init__(
        self, config: Config, http: HttpClient, *, leaving_seconds: float = LEAVING_SECONDS
    ) -> None:
        self._config = config
        self._leaving_seconds = leaving_seconds
        self._headers = config.with_standard_headers().headers
        self._client = SmtpClient(config.smarthost, config.tls_config or TlsConfig(), http)
        self._implicit_tls = config.force_implicit_tls
        if self._implicit_tls is None:
            self._implicit_tls = config.smarthost.port == IMPLICIT_TLS_PORT
        self._host = socket.gethostname()

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt over a connection of its own.

        Raises:
            SendError: when the server did not take the message.
        """
        exchange = CURRENT.get()
        if exchange is not None:
            exchange.asked("MAIL", self._client.place, "")
        async with self._client.turn():
            connection = await self._connect()
            try:
                with during("create SMTP client"):
                    session = await self._client.session(
                        connection, secure=bool(self._implicit_tls)
                    )
                try:
                    await self._prepare(session)
                    await self._deliver(session, notification)
                except SendError:
                    await self._leave(session)
                    raise
                problem = await self._leave(session)
                if problem is not None:
                    notification.log.warn("failed to close SMTP connection", err=problem)
            finally:
                connection.close()

    async def _connect(self) -> Connection:
        client = self._client
        if not self._implicit_tls:
            with during("establish connection to server"):
                return await client.open(await client.dial(), None)
        secure = await self._tls()
        with during("establish TLS connection to server"):
            return await client.open(await client.dial(), secure)

    async def _tls(self) -> tuple[ssl.SSLContext, str]:
        try:
            return await self._client.context()
        except RequestError as error:
            raise SendError(f"parse TLS configuration: {error}") from None

    async def _prepare(self, session: Session) -> None:
        """Greets, secures the connection and authenticates."""
        config = self._config
        if config.hello:
            with during("send EHLO command"):
                await session.hello(config.hello)
        if config.require_tls and not self._implicit_tls:
            if await session.extension("STARTTLS") is None:
                shown = quote(str(config.smarthost))
                raise SendError(
                    f"'require_tls' is true (default) but {shown} does not advertise the STARTTLS"
                    " extension",
                    retryable=True,
                )
            secure = await self._tls()
            with during("send STARTTLS command"):
                await session.secure(*secure)
        mechanisms = await session.extension("AUTH")
        if mechanisms is not None and config.auth_username:
            with during("find auth mechanism"):
                mechanism = choose(config, mechanisms.split(" "))
            with during(f"{mechanism.shown} auth"):
                await session.authenticate(mechanism)

    async def _deliver(self, session: Session, notification: Notification) -> None:
        config = self._config
        sender = rendered(notification, config.from_address, "execute 'from' template")
        to = rendered(notification, config.to, "execute 'to' template")
        senders = parsed(sender, "parse 'from' addresses")
        if len(senders) != 1:
            raise SendError(f"must be exactly one 'from' address (got: {len(senders)})")
        with during("send MAIL command"):
            await session.mail(senders[0])
        for address in parsed(to, "parse 'to' addresses"):
            with during("send RCPT command"):
                await session.recipient(address)
        if notification.batch.count > ALERTS_AT_ONCE:
            content = await asyncio.to_thread(self._content, notification)
        else:
            content = self._content(notification)
        with during("send DATA command"):
            await session.data()
        with during("delivery failure"):
            await session.message(content)

    def _content(self, notification: Notification) -> bytes:
        config = self._config
        now_ns = notification.now_ns
        headers = [
            (name, rendered(notification, text, f"execute {quote(name)} header template"))
            for name, text in self._headers.items()
        ]
        exchange = CURRENT.get()
        if exchange is not None:
            exchange.request = "\n".join(
                f"{name}: {value}" for name, value in headers if name in SHOWN_HEADERS
            )
        if "Message-Id" not in self._headers:
            headers.append(("Message-Id", message_id(now_ns, self._host)))
        if config.threading.enabled:
            day = ""
            if config.threading.thread_by_date != "none":
                day = local_time(now_ns).strftime("%Y-%m-%d")
            thread = f"<alert-{notification.group_hash[:THREAD_DIGITS]}-{day}@alertmanager>"
            headers += [("References", thread), ("In-Reply-To", thread)]
        parts = []
        if config.text:
            text = rendered(notification, config.text, "execute text template")
            parts.append(("text/plain", text))
        if config.html:
            html = rendered(notification, config.html, "execute html template", html=True)
            parts.append(("text/html", html))
        return compose(headers, parts, now_ns=now_ns)

    async def _leave(self, session: Session) -> str | None:
        """Ends the conversation; what went wrong, which changes nothing about the message."""
        try:
            async with asyncio.timeout(self._leaving_seconds):
                await session.quit()
        except SmtpError as error:
            return str(error)
        except TimeoutError:
            return "i/o timeout"
        return None


@contextmanager
def during(what: str) -> Iterator[None]:
    """Says at which step the conversation failed; another attempt may help."""
    try:
        yield
    except SmtpError as error:
        raise SendError(f"{what}: {error}", retryable=True) from None


def rendered(notification: Notification, text: str, what: str, *, html: bool = False) -> str:
    """A template's text; the error says which template it was."""
    try:
        return notification.render(text, html=html)
    except SendError as error:
        raise SendError(f"{what}: {error}") from None


def parsed(text: str, what: str) -> list[str]:
    """The addresses in a text; the error says whose."""
    try:
        return parse_addresses(text)
    except AddressError as error:
        raise SendError(f"{what}: {error}") from None


def choose(config: Config, offered: Sequence[str]) -> Mechanism:
    """The first mechanism that the server offers and for which there is a secret.

    Raises:
        SmtpError: with a line for each that cannot be used.
    """
    problems = []
    for name in offered:
        try:
            return mechanism_of(config, name)
        except SmtpError as error:
            problems.append(str(error))
    raise SmtpError("\n".join(problems))


def mechanism_of(config: Config, name: str) -> Mechanism:
    """A mechanism by its name.

    Raises:
        SmtpError: when it is unknown or its secret is missing.
    """
    if name == "CRAM-MD5":
        secret = secret_of(config.auth_secret, config.auth_secret_file)
        if not secret:
            raise SmtpError("missing secret for CRAM-MD5 auth mechanism")
        return CramMd5(config.auth_username, secret)
    if name not in ("PLAIN", "LOGIN"):
        raise SmtpError(f"unknown auth mechanism: {name}")
    password = secret_of(config.auth_password, config.auth_password_file)
    if config.auth_password_file:
        password = password.strip()
    if not password:
        raise SmtpError(f"missing password for {name} auth mechanism")
    if name == "LOGIN":
        return Login(config.auth_username, password)
    return Plain(config.auth_identity, config.auth_username, password)


def secret_of(inline: Secret, file: str) -> str:
    """A secret's text, read now; the file wins.

    Raises:
        SmtpError: when the file cannot be read.
    """
    if not file:
        return inline.reveal()
    try:
        return WatchedFile(file).read().decode("utf-8", "surrogateescape")
    except RequestError as error:
        cause = str(error).removeprefix(f"unable to read file {file}: ")
        raise SmtpError(f"could not read {file}: {cause}") from None


def _first(own: Any, shared: Any) -> Any:
    return shared if own is None else own
