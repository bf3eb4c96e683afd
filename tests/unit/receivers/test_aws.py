"""What recorded cases of SNS cannot show: keys over time, and machines that give them."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import sys
import time
from urllib.parse import parse_qs

import pytest

from amp._core import Engine, Templates
from amp.clock import SECOND_NS
from amp.config.load import load_config
from amp.errors import SendError
from amp.log import Logger
from amp.receivers.base import SHOWN_BYTES, Notification
from amp.receivers.sns import Sender
from service import Service

KEYS = "region: us-east-1, access_key: AKID, secret_key: secret"
ROLE = """<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>{}</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2030-01-01T00:15:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
REFUSED = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>not you</Message></Error></ErrorResponse>"""
ROLE_AT_NS = 1_893_456_000 * SECOND_NS
"""2030-01-01T00:00:00Z."""
MACHINE = "http://HERE/latest/meta-data/iam/security-credentials/"
MACHINE_ROLE = """{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIDMACHINE",
"SecretAccessKey": "s", "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The service; where AWS's files would be, there are none, and this is no machine of AWS."""
    with Service(tmp_path) as started:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", started.fill("http://HERE"))
        monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")
        yield started


class Topic:
    """One `sns_configs` that is sent the same group again and again."""

    def __init__(self, service, clients, sigv4=KEYS, environment=None, more=""):
        clients.environment = {
            name: service.fill(text) for name, text in (environment or {}).items()
        }
        config = load_config(
            service.fill(
                "{route: {receiver: team}, receivers: [{name: team, sns_configs: [{api_url:"
                f" 'http://HERE', topic_arn: t, sigv4: {{{sigv4}}}{more}}}]}}]}}"
            )
        )
        [(_, _, block)] = config.receivers[0].integrations
        engine, templates = Engine(), Templates()
        now_ns = time.time_ns()
        engine.configure(config.plan(), templates, now_ns)
        report = engine.ingest(b'[{"labels":{"alertname":"Down"}}]', now_ns, 10**12)
        [batch] = engine.flush([report.timers[0][0]], now_ns)
        assert batch is not None
        self.written = io.StringIO()
        self.notification = Notification(
            batch,
            "team",
            batch.group_key,
            "first notification",
            "http://here",
            ROLE_AT_NS,
            templates,
            Logger(self.written, level="debug"),
        )
        self.service = service
        self.send = Sender(block, clients.client(block.http_config))

    async def tell(self, seconds=0.0):
        """Sends at so many seconds after 2030 began; what came."""
        came = len(self.service.arrived)
        now_ns = ROLE_AT_NS + int(seconds * SECOND_NS)
        await self.send(dataclasses.replace(self.notification, now_ns=now_ns))
        return [self.key(one) for one in self.service.arrived[came:]]

    @staticmethod
    def key(arrived):
        """Path and key of a request."""
        authorization = dict(arrived.headers).get("Authorization", "")
        key = authorization.partition("Credential=")[2].partition("/")[0]
        return arrived.url.removeprefix("http://HERE"), key


def role(service, clients):
    return Topic(
        service,
        clients,
        f"{KEYS}, role_arn: r",
        {"AWS_ENDPOINT_URL_STS": "http://HERE/sts"},
    )


async def test_a_role_is_asked_for_once_until_its_keys_end(service, clients):
    service.answers["http://HERE/sts"] = [{"body": ROLE.format(name)} for name in ("ONE", "TWO")]
    topic = role(service, clients)
    assert await topic.tell() == [("/sts", "AKID"), ("/", "ONE")]
    assert await topic.tell(599) == [("/", "ONE")]
    assert await topic.tell(601) == [("/sts", "AKID"), ("/", "TWO")]


async def test_refused_keys_are_looked_up_again(service, clients):
    service.answers["http://HERE/sts"] = [{"body": ROLE.format(name)} for name in ("ONE", "TWO")]
    service.answers["http://HERE/"] = [{"status": 403}, {}]
    topic = role(service, clients)
    with pytest.raises(SendError, match="unexpected status code 403: UnknownError"):
        await topic.tell()
    assert await topic.tell() == [("/sts", "AKID"), ("/", "TWO")]


@pytest.mark.parametrize("body", ["no XML", "<a>", "<AssumeRoleResponse></AssumeRoleResponse>"])
async def test_a_role_without_keys_is_an_error(service, clients, body):
    service.answers["http://HERE/sts"] = [{"body": body}]
    topic = role(service, clients)
    with pytest.raises(SendError) as caught:
        await topic.tell()
    assert str(caught.value) == (
        "operation error SNS: Publish, get identity: get credentials: operation error STS:"
        " AssumeRole, no credentials in the answer"
    )
    assert caught.value.retryable


async def test_new_keys_of_a_profile_are_found_within_a_minute(service, clients):
    file = service.folder / "credentials"
    text = "[team]\naws_access_key_id = {}\naws_secret_access_key = s\n"
    file.write_text(text.format("ONE"))
    topic = Topic(service, clients, "region: us-east-1, profile: team")
    assert await topic.tell() == [("/", "ONE")]
    file.write_text(text.format("TWO"))
    assert await topic.tell(59) == [("/", "ONE")]
    assert await topic.tell(60) == [("/", "TWO")]


async def test_the_machine_is_asked_only_without_other_keys(service, clients, monkeypatch):
    service.answers["http://HERE/latest/api/token"] = [{"body": "a token"}]
    service.answers[MACHINE] = [{"body": "the-role"}]
    service.answers[f"{MACHINE}the-role"] = [{"body": MACHINE_ROLE}]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert await Topic(service, clients, "region: r").tell() == [("/", "AKIDENV")]
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked = [
        "http://HERE/latest/api/token",
        MACHINE,
        f"{MACHINE}the-role",
    ]
    assert await Topic(service, clients, "region: r").tell() == [
        *[(url.removeprefix("http://HERE"), "") for url in asked],
        ("/", "AKIDMACHINE"),
    ]


async def test_a_machine_that_hangs_holds_up_nobody(service, clients):
    service.answers["http://HERE/latest/api/token"] = [{"hang": True}]
    topic = Topic(service, clients, "region: r")
    telling = asyncio.create_task(topic.tell())
    # The service is another thread, and an attempt may fail before it asks.
    while not (service.arrived or telling.done()):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling


async def test_the_missing_library_is_told(service, clients, monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(SendError) as caught:
        await Topic(service, clients).tell()
    assert str(caught.value) == (
        "the AWS library is not installed: run `pip install 'alertmanager-plus-plus[sns]'` and"
        " restart"
    )
    assert not caught.value.retryable


async def test_several_attributes(service, clients):
    attributes = ", attributes: {b: two, '{{ \"a\" }}': one, a: last}, message: m, subject: ''"
    await Topic(service, clients, more=attributes).tell()
    assert parse_qs(service.arrived[0].body) == {
        "Action": ["Publish"],
        "Message": ["m"],
        "MessageAttributes.entry.1.Name": ["a"],
        "MessageAttributes.entry.1.Value.DataType": ["String"],
        "MessageAttributes.entry.1.Value.StringValue": ["last"],
        "MessageAttributes.entry.2.Name": ["b"],
        "MessageAttributes.entry.2.Value.DataType": ["String"],
        "MessageAttributes.entry.2.Value.StringValue": ["two"],
        "TopicArn": ["t"],
        "Version": ["2010-03-31"],
    }


async def test_success_is_told_when_debugging(service, clients):
    service.answers["http://HERE/"] = [
        {"body": "<PublishResult><MessageId>567</MessageId></PublishResult>"}
    ]
    topic = Topic(service, clients)
    await topic.tell()
    assert 'msg="SNS message successfully published" message_id=567' in topic.written.getvalue()


async def test_secrets_are_in_no_error(service, clients):
    service.answers["http://HERE/"] = [{"status": 400, "body": "no"}]
    topic = Topic(service, clients, "region: r, access_key: AKID, secret_key: hunter2")
    with pytest.raises(SendError) as caught:
        await topic.tell()
    assert "hunter2" not in str(caught.value)


async def test_a_role_of_the_profile(service, clients, monkeypatch):
    (service.folder / "config").write_text(
        "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/team\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.fill("http://HERE/sts"))
    service.answers["http://HERE/sts"] = [{"body": ROLE.format("ONE")}]
    topic = Topic(service, clients, "region: eu-west-1, profile: team")
    assert await topic.tell() == [("/sts", "AKIDBASE"), ("/", "ONE")]


async def test_a_container_gives_keys(service, clients, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.fill("http://HERE/keys"))
    service.answers["http://HERE/keys"] = [{"body": MACHINE_ROLE}]
    topic = Topic(service, clients, "region: eu-west-1")
    assert await topic.tell() == [("/keys", ""), ("/", "AKIDMACHINE")]


async def test_a_refused_role_of_the_profile_is_told(service, clients, monkeypatch):
    (service.folder / "config").write_text(
        "[profile team]\nrole_arn = arn:aws:iam::123456789012:role/team\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = hunter2\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.fill("http://HERE/sts"))
    service.answers["http://HERE/sts"] = [{"status": 403, "body": REFUSED}]
    with pytest.raises(SendError) as caught:
        await Topic(service, clients, "region: eu-west-1, profile: team").tell()
    assert "AssumeRole operation: not you" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.retryable


async def test_a_file_that_cannot_be_read_is_told(service, clients):
    (service.folder / "config").write_bytes(b"[default\xff\nregion")
    with pytest.raises(SendError, match=r"^failed to load final config for SNS: ") as caught:
        await Topic(service, clients, "region: r").tell()
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<Code>" * 100_000, "UnknownError"),
        ("<Message>" + "x" * 100_000 + "</Message>", "x" * SHOWN_BYTES + "…"),
    ],
)
async def test_long_answers_are_read_within_bounds(service, clients, body, message):
    service.answers["http://HERE/"] = [{"status": 400, "body": body}]
    with pytest.raises(SendError) as caught:
        await Topic(service, clients).tell()
    assert str(caught.value) == f"unexpected status code 400: {message}"
