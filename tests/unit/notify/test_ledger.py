"""What the ledger keeps of attempts over real connections, and what nobody sees there."""

from __future__ import annotations

import asyncio
import io
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from prometheus_client import CollectorRegistry

from amp._core import Engine, Fold, Journal, flush_alerts, history_id
from amp.clock import SECOND_NS
from amp.config.load import load_config
from amp.config.templates import parse_templates
from amp.log import Logger
from amp.metrics import Metrics
from amp.model import Flush
from amp.notify.deduplicate import DeduplicateStage
from amp.notify.integration import Delivery, Integration
from amp.notify.ledger import skipped
from amp.notify.resend import Resender
from amp.notify.retry import NotifyFailed, RetryStage
from amp.receivers import sender
from amp.receivers.secrets import Secrets
from compat.servers import free_port
from fakes import FakeClock, settle
from listener import reply
from mail_server import MailServer, Script
from service import Service
from web import clients, listeners

if TYPE_CHECKING:
    from pathlib import Path

    from amp.httpclient import HttpClients
    from listener import Heard, Listeners

__all__ = ["clients", "listeners"]

ALERT = b'[{"labels":{"alertname":"Down","team":"infra-7f3a"},"annotations":{"summary":"it is"}}]'
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
TOKEN = 's3cr3t&"word"/1'


class Row(NamedTuple):
    """A row of the table `delivery`."""

    id: int
    flush_id: int
    group_id: int
    receiver_id: int
    integration: str
    position: int
    reason: str
    attempt: int
    delivered: int
    retryable: int
    failure: str
    status_code: int | None
    latency_us: int
    error: str
    target: str
    request: str
    answer: str


class Last:
    """The stage after the one under test."""

    def __init__(self) -> None:
        self.delivered: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)


class Scene:
    """One integration of a receiver, with a journal, over a real client."""

    def __init__(self, block: str, http: HttpClients, *, journal: bool = True) -> None:
        config = load_config(f"{{route: {{receiver: team}}, receivers: [{{name: team, {block}}}]}}")
        self.clock = FakeClock()
        self.journal = Journal(1 << 20, 1 << 20) if journal else None
        templates = parse_templates(config)
        self.engine = Engine()
        self.engine.configure(config.plan(), templates, self.clock.now_ns())
        if self.journal is not None:
            self.engine.journal_to(self.journal)
        [(kind, index, block_config)] = config.receivers[0].integrations
        client = http.client(getattr(block_config, "http_config", None))
        self.integration = Integration(
            receiver="team",
            kind=kind,
            index=index,
            send_resolved=block_config.send_resolved,
            send=sender(kind)(block_config, client),
            secrets=Secrets(block_config),
        )
        self.metrics = Metrics(CollectorRegistry())
        self.last = Last()
        self.output = io.StringIO()
        log = Logger(self.output)
        self.stage = RetryStage(
            self.integration,
            clock=self.clock,
            log=log,
            metrics=self.metrics,
            external_url="http://am",
            templates=templates,
            following=self.last,
            journal=self.journal,
            chance=random.Random(1),
        )
        self.resender = Resender(
            {"team": [self.integration]},
            templates=templates,
            journal=self.journal,
            clock=self.clock,
            log=log,
            metrics=self.metrics,
            external_url="http://am",
        )
        self.fold = Fold(1, 1)
        self.flushes: list[Any] = []
        self.group = 0

    def flush(self, seconds: float = 10) -> Flush:
        now_ns = self.clock.now_ns()
        report = self.engine.ingest(ALERT, now_ns, 300 * SECOND_NS)
        self.group = report.timers[0][0] if report.timers else self.group
        [batch] = self.engine.flush([self.group], now_ns)
        assert batch is not None
        route = self.engine.routes()[batch.route_index]
        return Flush(route, batch, now_ns, now_ns + int(seconds * SECOND_NS))

    async def deliver(self, flush: Flush | None = None) -> list[Row]:
        """The rows of a delivery that succeeds; time goes on only while it pauses."""
        delivery = Delivery(flush or self.flush(), "first notification")
        task = asyncio.create_task(self.stage.deliver(delivery))
        while not task.done():
            await asyncio.sleep(0.001)
            if self.metrics.deliveries_retrying.value:
                await self.clock.advance(0.25)
        await task
        return self.rows()

    async def fail(self, flush: Flush | None = None) -> list[Row]:
        """The rows of a delivery that fails."""
        with pytest.raises(NotifyFailed):
            await self.deliver(flush)
        return self.rows()

    def rows(self) -> list[Row]:
        assert self.journal is not None
        drained = self.journal.take(1000, 0)
        assert self.fold.unknown(drained) is not None
        rows = self.fold.rows(drained)
        self.flushes = rows.flushes
        return [Row(*row) for row in rows.deliveries]


async def test_a_delivery_that_succeeds(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(reply("200 OK", b"thanks for {}"))
    scene = Scene(
        f'webhook_configs: [{{url: "{server.url("/hooks/9f8e7d6c5b4a?key=abcd")}"}}]', clients
    )
    [row] = await scene.deliver()
    assert row.receiver_id == history_id("text", "team")
    assert (row.integration, row.position, row.attempt) == ("webhook", 0, 1)
    assert (row.delivered, row.retryable, row.failure, row.error) == (1, 0, "", "")
    assert row.reason == "first notification"
    assert (row.status_code, row.answer) == (200, "thanks for {}")
    assert row.target == f"http://127.0.0.1:{server.port}"
    assert row.request == "POST\n" + server.heard[0].body.decode()
    [flush] = scene.flushes
    assert flush[0] == row.flush_id
    assert len(flush_alerts(flush[4])) == 1


async def test_attempts_until_it_succeeds(clients: HttpClients, listeners: Listeners) -> None:
    answers = [reply("503 Away", b"not now"), b"", reply("200 OK", b"now")]
    server = await listeners.start(lambda _: answers.pop(0))
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients)
    flush = scene.flush()
    first, second, third = await scene.deliver(flush)
    assert [row.attempt for row in (first, second, third)] == [1, 2, 3]
    assert {row.flush_id for row in (first, second, third)} == {flush.flush_id}
    assert (first.status_code, first.failure, first.retryable) == (503, "serverError", 1)
    assert (first.error, first.answer) == ("unexpected status code 503: not now", "not now")
    assert (second.status_code, second.failure, second.answer) == (None, "other", "")
    assert second.error == 'Post "<redacted>": EOF'
    assert (third.delivered, third.answer) == (1, "now")
    assert len(scene.flushes) == 1


async def test_a_refusal(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(reply("403 No", b"who are you?"))
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients)
    [row] = await scene.fail()
    assert (row.delivered, row.retryable, row.failure) == (0, 0, "authError")
    assert row.answer == "who are you?"


async def test_nobody_listens(clients: HttpClients) -> None:
    port = free_port()
    scene = Scene(f'webhook_configs: [{{url: "http://127.0.0.1:{port}/"}}]', clients)
    rows = await scene.fail(scene.flush(seconds=2))
    assert [row.attempt for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0].target == f"http://127.0.0.1:{port}"
    assert "connection refused" in rows[0].error
    assert rows[0].request.startswith("POST\n{")


async def test_the_time_is_over(clients: HttpClients, listeners: Listeners) -> None:
    heard = asyncio.Event()

    async def hang(_: Heard) -> bytes:
        heard.set()
        return await asyncio.Event().wait() and b""

    server = await listeners.start(hang)
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients)
    flush = scene.flush(seconds=1)
    flush.outcomes = []
    task = asyncio.create_task(scene.stage.deliver(Delivery(flush, "repeat")))
    await heard.wait()
    await scene.clock.advance(2)
    with pytest.raises(NotifyFailed):
        await task
    [row] = scene.rows()
    assert (row.delivered, row.failure) == (0, "contextDeadlineExceeded")
    assert row.error == "context deadline exceeded"
    assert (row.status_code, row.answer) == (None, "")
    assert row.request.startswith("POST\n{")
    [outcome] = flush.outcomes
    assert (outcome.delivered, outcome.error) == (False, "context deadline exceeded")


async def test_a_shutdown(clients: HttpClients, listeners: Listeners) -> None:
    heard = asyncio.Event()

    async def hang(_: Heard) -> bytes:
        heard.set()
        return await asyncio.Event().wait() and b""

    server = await listeners.start(hang)
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients)
    task = asyncio.create_task(scene.stage.deliver(Delivery(scene.flush(), "repeat")))
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [row] = scene.rows()
    assert (row.delivered, row.failure, row.error) == (0, "contextCanceled", "context canceled")


async def test_secrets_of_block_and_client(
    clients: HttpClients, listeners: Listeners, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("pass-from-a-file\n", encoding="utf-8")

    def echo(heard: Heard) -> bytes:
        lines = [f"{name}: {value}" for name, value in heard.headers]
        return reply("400 Bad", "\n".join([heard.path, *lines]).encode())

    server = await listeners.start(echo)
    url = server.url("/hooks/0123456789abcdef?token=t0k3n", host="user:c0unt3r@127.0.0.1")
    scene = Scene(
        f'webhook_configs: [{{url: "{url}", http_config: {{basic_auth: {{username: me,'
        f' password_file: "{tmp_path}/password"}}, http_headers: {{X-Key: {{secrets:'
        ' ["hea&der"]}}}}]',
        clients,
    )
    [row] = await scene.fail()
    for secret in ("0123456789abcdef", "t0k3n", "c0unt3r", "pass-from", "hea&der", "dXNlcjpjMHVu"):
        assert secret not in repr(row)
    assert "X-Key: <secret>" in row.answer
    assert row.answer.startswith("/<secret>\n")
    assert "Authorization: Basic <secret>" in row.answer
    assert row.target == f"http://127.0.0.1:{server.port}"


async def test_a_file_that_changes_while_an_attempt_lasts(
    clients: HttpClients, listeners: Listeners, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("before-0123", encoding="utf-8")

    def turn(heard: Heard) -> bytes:
        file.write_text("after-456789", encoding="utf-8")
        return reply("400 Bad", f"{heard['Authorization']} is not after-456789".encode())

    server = await listeners.start(turn)
    scene = Scene(
        f'webhook_configs: [{{url: "{server.url()}", http_config: {{authorization:'
        f' {{credentials_file: "{file}"}}}}}}]',
        clients,
    )
    [row] = await scene.fail()
    assert row.answer == "Bearer <secret> is not <secret>"
    assert row.error == f"unexpected status code 400: {row.answer}"


async def test_a_url_with_a_token_of_a_label(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(lambda heard: reply("404 No", heard.path.encode()))
    url = server.url("/team/{{ .CommonLabels.team }}")
    scene = Scene(f'webhook_configs: [{{url: "{url}"}}]', clients)
    [row] = await scene.fail()
    assert server.heard[0].path == "/team/infra-7f3a"
    assert row.answer == "/<secret>"
    assert '"team":"<secret>"' in row.request


async def test_a_routing_key_in_a_body(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(reply("400 Bad", b'{"status":"no","message":"R0UT1NG"}'))
    scene = Scene(
        f'pagerduty_configs: [{{url: "{server.url()}", routing_key: "R0UT1NG&{{{{ 7 }}}}"}}]',
        clients,
    )
    [row] = await scene.fail()
    assert b'"routing_key":"R0UT1NG\\u00267"' in server.heard[0].body
    assert '"routing_key":"<secret>"' in row.request


async def test_redirects_count_and_the_last_one_is_kept(
    clients: HttpClients, listeners: Listeners
) -> None:
    server = await listeners.start(reply("200 OK", b"here"))
    first = await listeners.start(reply("307 There", b"there", f"Location: {server.url('/x')}"))
    scene = Scene(f'webhook_configs: [{{url: "{first.url()}"}}]', clients)
    [row] = await scene.deliver()
    assert row.request.startswith("POST 2\n{")
    assert (row.target, row.answer) == (f"http://127.0.0.1:{server.port}", "here")


async def test_long_bodies_are_cut(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(reply("400 Bad", b"\xff\0" + "é".encode() * 5000))
    scene = Scene(
        f'webhook_configs: [{{url: "{server.url()}", payload: {{text: "{"x" * 9000}"}}}}]', clients
    )
    [row] = await scene.fail()
    assert len(row.request.encode()) == 4096
    assert row.request.endswith("x…")
    assert 2045 < len(row.answer.encode()) <= 2048
    assert row.answer.startswith("\ufffd\ufffdé")
    assert 1020 < len(row.error.encode()) <= 1024


async def test_of_what_was_taken_less_is_kept(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(reply("200 OK", b"thanks"))
    scene = Scene(
        f'webhook_configs: [{{url: "{server.url()}", payload: {{text: "{"x" * 9000}"}}}}]', clients
    )
    [row] = await scene.deliver()
    assert len(row.request.encode()) == 1024


async def test_tokens_that_services_give(clients: HttpClients, tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        service.answers = {
            "http://HERE/gettoken": [{"body": '{"access_token": "g1v3n-t0k3n"}'}],
            "http://HERE/message/send": [{"body": '{"errcode": 5, "errmsg": "g1v3n-t0k3n!"}'}],
        }
        scene = Scene(
            'wechat_configs: [{api_url: "http://HERE/", api_secret: word, corp_id: corp}]'.replace(
                "HERE", f"127.0.0.1:{service.port}"
            ),
            clients,
        )
        [row] = await scene.fail()
        assert row.request.startswith("POST 2\n{")
        assert row.error == "<secret>!"
        assert row.answer == '{"errcode": 5, "errmsg": "<secret>!"}'
        service.answers["http://HERE/gettoken"] = [{"body": '{"access_token": 5, "k": "h1dd3n"}'}]
        scene.integration.send._token = ""  # type: ignore[attr-defined]
        [row] = await scene.fail()
        assert (row.request, row.answer, row.status_code) == ("GET\n", "", 200)


async def test_sns(clients: HttpClients, listeners: Listeners) -> None:
    server = await listeners.start(
        lambda heard: reply("403 No", f"<Message>{heard['Authorization']}</Message>".encode())
    )
    scene = Scene(
        f'sns_configs: [{{api_url: "{server.url()}", topic_arn: t, sigv4: {{region: us-east-1,'
        " access_key: AKID, secret_key: word}}]",
        clients,
    )
    [row] = await scene.fail()
    assert row.request.startswith("POST\nAction=Publish&Message=")
    assert (row.status_code, row.target) == (403, f"http://127.0.0.1:{server.port}")


async def test_mail(clients: HttpClients) -> None:
    script = Script(extensions=["AUTH PLAIN"])
    with MailServer(script) as server:
        block = (
            f'email_configs: [{{smarthost: "127.0.0.1:{server.port}", from: a@x.org, to: b@y.org,'
            ' require_tls: false, auth_username: me, auth_password: "p4ssw0rd",'
            ' headers: {Subject: "p4ssw0rd é {{ .CommonLabels.alertname }}"}}]'
        )
        scene = Scene(block, clients)
        [row] = await scene.deliver()
        assert row.target == f"smtp://127.0.0.1:{server.port}"
        assert row.request.splitlines()[0] == "MAIL"
        assert sorted(row.request.splitlines()[1:]) == [
            "From: a@x.org", "Subject: <secret> é Down", "To: b@y.org",
        ]  # fmt: skip
        assert (row.status_code, row.answer) == (250, "queued")
        script.replies = {".": "554 5.7.1 no p4ssw0rd"}
        [row, *_] = await scene.fail(scene.flush(seconds=2))
        assert (row.status_code, row.answer) == (554, "5.7.1 no <secret>")
        assert row.error == 'delivery failure: 554 "5.7.1 no <secret>"'


async def test_without_a_journal_outcomes_are_told(
    clients: HttpClients, listeners: Listeners
) -> None:
    server = await listeners.start(reply("202 Yes"))
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients, journal=False)
    flush = scene.flush()
    flush.outcomes = []
    await scene.stage.deliver(Delivery(flush, "first notification"))
    [outcome] = flush.outcomes
    assert (outcome.receiver, outcome.integration, outcome.position) == ("team", "webhook", 0)
    assert (outcome.delivered, outcome.status_code, outcome.skipped) == (True, 202, "")
    assert outcome.latency_seconds > 0
    assert flush.flush_id == 0


async def test_what_is_not_sent_is_told_as_skipped(
    clients: HttpClients, listeners: Listeners
) -> None:
    from amp._core import NotificationLog

    server = await listeners.start()
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}", send_resolved: false}}]', clients)
    log = NotificationLog()
    stage = DeduplicateStage(scene.integration, log, scene.clock, scene.metrics, scene.stage)
    flush = scene.flush()
    now_ns = scene.clock.now_ns()
    expires_at_ns = now_ns + 3600 * SECOND_NS
    log.record(
        flush.batch, "team", "webhook", 0, now_ns=now_ns, expires_at_ns=expires_at_ns, data={}
    )
    flush.outcomes = []
    await stage.run(flush)
    assert [one.skipped for one in flush.outcomes] == ["deduplicated"]
    assert scene.rows() == []
    assert server.heard == []
    flush.outcomes = None
    skipped(scene.integration, flush, "nobody asks")
    await settle()


async def test_a_fault_of_ours_is_an_end_too(clients: HttpClients, listeners: Listeners) -> None:
    scene = Scene('webhook_configs: [{url: "http://127.0.0.1:1/"}]', clients)

    async def broken(notification: Any) -> None:
        raise ValueError("a fault")

    stage = RetryStage(
        Integration("team", "webhook", 0, True, broken),
        clock=scene.clock,
        log=Logger(scene.output),
        metrics=scene.metrics,
        external_url="",
        templates=parse_templates(load_config("{route: {receiver: r}, receivers: [{name: r}]}")),
        following=scene.last,
        journal=scene.journal,
    )
    with pytest.raises(ValueError, match="a fault"):
        await stage.deliver(Delivery(scene.flush(), "repeat"))
    [row] = scene.rows()
    assert (row.delivered, row.failure, row.target) == (0, "other", "")


async def test_sending_again(clients: HttpClients, listeners: Listeners) -> None:
    answers = [reply("200 OK", b"again"), reply("500 Down", b"no")]
    hung = asyncio.Event()

    async def answer(heard: Heard) -> bytes:
        if answers:
            return answers.pop(0)
        hung.set()
        return await asyncio.Event().wait() and b""

    server = await listeners.start(answer)
    scene = Scene(f'webhook_configs: [{{url: "{server.url()}"}}]', clients)
    integration = scene.resender.find("team", "webhook", 0)
    assert integration is scene.integration
    assert scene.resender.find("team", "webhook", 1) is None
    assert scene.resender.find("other", "webhook", 0) is None
    flush = scene.flush()
    resent = await scene.resender.send(integration, flush.batch, 77)
    [row] = scene.rows()
    assert (row.id, row.flush_id, row.reason) == (resent.delivery_id, 77, "resend")
    assert (row.attempt, row.delivered, row.answer) == (1, 1, "again")
    assert b'"notification_reason":"resend"' in server.heard[0].body
    assert scene.last.delivered == []
    resent = await scene.resender.send(integration, flush.batch, 77)
    assert (resent.outcome.delivered, resent.outcome.status_code) == (False, 500)
    [row] = scene.rows()
    assert (row.failure, row.retryable) == ("serverError", 1)
    task = asyncio.create_task(scene.resender.send(integration, flush.batch, 77))
    await hung.wait()
    await scene.clock.advance(31)
    assert (await task).outcome.error == "context deadline exceeded"
    value = scene.metrics.registry.get_sample_value
    assert value("amp_delivery_resends_total", {"result": "delivered"}) == 1
    assert value("amp_delivery_resends_total", {"result": "failed"}) == 2
