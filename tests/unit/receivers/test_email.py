"""Mail to a real server, and what happens around it: bounds, patience, certificates, time."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hmac
import json
import ssl
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from amp.clock import SECOND_NS
from amp.config.load import load_config
from amp.errors import SendError
from amp.fields.tls import TlsConfig
from amp.httpclient import HttpClients
from amp.receivers.email import Sender
from amp.smtpclient.message import compose
from fakes import settle
from mail_server import MailServer, Script
from receivers.alerts import ONE, TWO, over
from receivers.team import Team

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

CHALLENGE = b"<1@mail.test>"


class Server(SMTP):
    """Asks for names and passwords as upstream knows it."""

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"


@dataclass
class Post:
    """A handler that keeps what comes, and holds it back until it may go on."""

    go: asyncio.Event
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    envelopes: list[Any] = field(default_factory=list)
    users: list[Any] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.users.append(session.auth_data)
        self.arrived.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.gone.set()
            raise
        return "250 kept"

    async def auth_CRAM__MD5(self, server: Any, arguments: list[str]) -> AuthResult:  # noqa: N802
        answer = await server.challenge_auth(CHALLENGE)
        user, _, digest = answer.decode().partition(" ")
        right = hmac.new(b"secret\n", CHALLENGE, "md5").hexdigest()
        known = LoginPassword(user.encode(), b"")
        return AuthResult(success=digest == right, handled=False, auth_data=known)

    def message(self, which: int = 0) -> EmailMessage:
        content = self.envelopes[which].original_content
        return email.message_from_bytes(content, policy=email.policy.default)  # type: ignore[return-value]


def allow(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(
        success=data == LoginPassword(b"me", b"secret"), handled=False, auth_data=data
    )


@asynccontextmanager
async def post(*, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Any]:
    """A server; it says where it is."""
    handler = Post(asyncio.Event())
    handler.go.set()

    def factory() -> SMTP:
        return Server(handler, hostname="mail.test", enable_SMTPUTF8=True, **options)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=implicit)
    try:
        yield handler, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def configuration(port: int, **block: Any) -> str:
    mail = {
        "smarthost": f"127.0.0.1:{port}",
        "from": "Alertmänager <alerts@example.com>",
        "to": "team@example.com, On Call <oncall@example.com>",
        **block,
    }
    receiver = {"name": "team", "email_configs": [mail]}
    route = {"receiver": "team", "group_by": ["alertname"]}
    return json.dumps({"route": route, "receivers": [receiver]}, ensure_ascii=False)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


async def test_starttls_with_a_private_authority(clients, authority, tmp_path):
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    tls = {"ca_file": str(ca), "server_name": "mail.test"}
    auth = {"auth_username": "me", "auth_password": "secret"}
    text = "{{ range .Alerts }}{{ .Labels.instance }} größer als 5 €\n{{ end }}"
    context = server_context(authority, "mail.test")
    options = {"authenticator": allow, "auth_exclude_mechanism": ["LOGIN"]}
    async with post(tls_context=context, require_starttls=True, **options) as (to, port):
        team = Team(configuration(port, tls_config=tls, text=text, **auth), clients)
        assert await team.tell(TWO) is None
    envelope, message = to.envelopes[0], to.message()
    assert to.users == [LoginPassword(b"me", b"secret")]
    assert envelope.mail_from == "alerts@example.com"
    assert envelope.rcpt_tos == ["team@example.com", "oncall@example.com"]
    assert "BODY=8BITMIME" in envelope.mail_options
    assert message["Subject"].startswith("[FIRING:2]")
    assert [one.addr_spec for one in message["To"].addresses] == envelope.rcpt_tos
    assert message["Date"].datetime.tzinfo is not None
    assert message.defects == []
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    instances = ["db1:9100", "db2:9100"]
    assert plain.get_content().splitlines() == [f"{one} größer als 5 €" for one in instances]
    assert "2 alerts for" in html.get_content()


async def test_implicit_tls_with_a_client_certificate(clients, authority):
    context = server_context(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    client = authority.issue_cert("client.test")
    tls = {
        "ca": authority.cert_pem.bytes().decode(),
        "cert": client.cert_chain_pems[0].bytes().decode(),
        "key": client.private_key_pem.bytes().decode(),
    }
    auth = {"auth_username": "me", "auth_password": "secret"}
    options = {
        "auth_require_tls": False,
        "authenticator": allow,
        "auth_exclude_mechanism": ["PLAIN"],
    }
    async with post(implicit=context, **options) as (to, port):
        block = {"tls_config": tls, "force_implicit_tls": True, **auth}
        assert await Team(configuration(port, **block), clients).tell(ONE) is None
        assert to.users == [LoginPassword(b"me", b"secret")]
        without = {name: value for name, value in tls.items() if name == "ca"}
        error = await Team(configuration(port, **block | {"tls_config": without}), clients).tell(
            ONE
        )
    assert error is not None
    assert error.retryable


async def test_cram_md5_with_a_secret_from_a_file(clients, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    auth = {"auth_username": "me", "auth_secret_file": str(secret)}
    options = {"auth_require_tls": False, "auth_exclude_mechanism": ["PLAIN", "LOGIN"]}
    async with post(**options) as (to, port):
        team = Team(configuration(port, require_tls=False, **auth), clients)
        assert await team.tell(ONE) is None
        assert to.users == [LoginPassword(b"me", b"")]
        secret.write_text("another")
        error = await team.tell(over(ONE) + TWO[1:])
    assert str(error) == '*smtp.cramMD5Auth auth: 535 "5.7.8 Authentication credentials invalid"'


async def test_a_changed_authority_is_read_again(clients, authority, tmp_path):
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    context = server_context(authority, "127.0.0.1")
    async with post(tls_context=context, require_starttls=True) as (to, port):
        team = Team(configuration(port, tls_config={"ca_file": str(ca)}), clients)
        error = await team.tell(ONE)
        assert "x509: certificate signed by unknown authority" in str(error)
        authority.cert_pem.write_to_path(ca)
        assert await team.tell(ONE) is None
    assert len(to.envelopes) == 1


async def test_versions_of_tls(clients, authority):
    context = server_context(authority, "127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    tls = {"ca": authority.cert_pem.bytes().decode(), "min_version": "TLS13"}
    with MailServer(Script(extensions=["STARTTLS"]), context) as server:
        error = await Team(configuration(server.port, tls_config=tls), clients).tell(ONE)
    assert str(error) == (
        "send STARTTLS command: remote error: tls: protocol version not supported"
    )


async def test_each_server_has_so_many_places():
    clients = HttpClients(environment={}, in_flight=1)
    async with post() as (to, port):
        to.go.clear()
        text = configuration(port, require_tls=False)
        first = asyncio.create_task(Team(text, clients).tell(ONE))
        await to.arrived.wait()
        second = asyncio.create_task(Team(text, clients).tell(TWO))
        await settle()
        assert [(one.origin, one.in_flight, one.waiting) for one in clients.load()] == [
            (("smtp", "127.0.0.1", port), 1, 1)
        ]
        to.go.set()
        assert await asyncio.gather(first, second) == [None, None]
        assert [to.message(which)["Subject"][:10] for which in (0, 1)] == [
            "[FIRING:1]",
            "[FIRING:2]",
        ]
    assert list(clients.load()) == []
    await clients.close()


async def test_who_gives_up_hangs_up(clients):
    async with post() as (to, port):
        to.go.clear()
        sending = asyncio.create_task(
            Team(configuration(port, require_tls=False), clients).tell(ONE)
        )
        await to.arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await to.gone.wait()
    assert list(clients.load()) == []


@pytest.mark.parametrize(
    ("goodbye", "problem"), [("500 no", '500 "no"'), ("", "i/o timeout"), (None, "EOF")]
)
async def test_a_bad_goodbye_is_only_told(clients, goodbye, problem):
    with MailServer(Script(replies={"QUIT": goodbye})) as server:
        team = Team(configuration(server.port, require_tls=False), clients)
        seconds = 0.0 if goodbye == "" else 60.0
        team.send = Sender(team.block, clients.client(), leaving_seconds=seconds)
        assert await team.tell(ONE) is None
        line = json.loads(team.written.getvalue())
        assert (line["msg"], line["err"]) == ("failed to close SMTP connection", problem)


async def test_a_failed_delivery_does_not_tell_of_the_goodbye(clients):
    with MailServer(Script(replies={"MAIL": "550 no", "QUIT": "500 no"})) as server:
        team = Team(configuration(server.port, require_tls=False), clients)
        assert str(await team.tell(ONE)) == 'send MAIL command: 550 "no"'
        assert team.written.getvalue() == ""


def test_equal_tls_configs_share_their_context():
    clients = HttpClients(environment={})
    first = clients.tls(TlsConfig(ca_file="/ca.pem"))
    assert clients.tls(TlsConfig(ca_file="/ca.pem")) is first
    assert clients.tls(TlsConfig(ca_file="/other.pem")) is not first


@pytest.fixture
def far_east(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_east")
async def test_days_and_dates_are_local(clients):
    now_ns = 1_767_225_600 * SECOND_NS
    assert b"\r\nDate: Thu, 01 Jan 2026 14:00:00 +1400\r\n" in compose(
        [("a", "b")], [], now_ns=now_ns
    )
    threads = {"enabled": True, "thread_by_date": "daily"}
    async with post() as (to, port):
        team = Team(configuration(port, require_tls=False, threading=threads), clients)
        before = time.strftime("%Y-%m-%d")
        assert await team.tell(ONE) is None
        after = time.strftime("%Y-%m-%d")
    assert to.message()["References"][24:34] in (before, after)


async def test_a_service_by_name(clients):
    config = load_config(configuration(1).replace("127.0.0.1:1", "127.0.0.1:no-such-service"))
    [(_, _, block)] = config.receivers[0].integrations
    sender = Sender(block, clients.client())
    with pytest.raises(SendError) as caught:
        await sender(None)  # type: ignore[arg-type]  # it does not come to the notification
    assert str(caught.value) == (
        "establish connection to server: dial tcp: lookup tcp/no-such-service: unknown port"
    )
