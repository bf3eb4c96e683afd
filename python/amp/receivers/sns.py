"""Amazon SNS (Upstream: notify/sns)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    MapOf,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.aws import Aws, element
from amp.receivers.sigv4 import Failure, SigV4

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

VERSION = "2010-03-31"
MESSAGE_BYTES = 256 << 10
SMS_BYTES = 1600
OPERATION = "operation error SNS: Publish"


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `sns_configs`."""

    GO = "config.plain"
    NEEDS = (("topic_arn", "phone_number", "target_arn"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str = entry(Text())
    sigv4: SigV4 = entry(StructOf(SigV4, pointer=False), SigV4(), keep=True)
    topic_arn: str = entry(Text())
    phone_number: str = entry(Text())
    target_arn: str = entry(Text())
    subject: str = entry(Text(), '{{ template "sns.default.subject" . }}')
    message: str = entry(Text(), '{{ template "sns.default.message" . }}')
    attributes: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    use_aws_http_client: bool = entry(Flag())

    def checked(self) -> Self:
        """One destination; like upstream, three of them pass too."""
        given = [bool(name) for name in (self.target_arn, self.topic_arn, self.phone_number)]
        if sum(given) not in (1, 3):
            raise refused(
                "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config",
                "topic_arn",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


class Sender:
    """Publishes to one `sns_configs` (Upstream: notify/sns/sns.go Notifier)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._aws = Aws(
            config.sigv4, config.http_config, http, own_client=config.use_aws_http_client
        )

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt (Upstream: Notifier.Notify).

        Raises:
            SendError: when it was not published.
        """
        api_url = self._config.api_url
        if "{{" in api_url:
            [api_url] = _render(notification, [("api_url", api_url)])
        try:
            session = await self._aws.session(notification.now_ns)
            fields = {
                "Action": "Publish",
                "Version": VERSION,
                **_fields(self._config, notification),
            }
            response = await self._aws.request(session, "sns", fields, api_url, notification.now_ns)
        except Failure as failure:
            raise SendError(failure.told(OPERATION), retryable=True) from None
        self._aws.check(response)
        if b"<" in response.body and b"<PublishResult" not in response.body:
            raise SendError(
                f"{OPERATION}, https response error StatusCode: {response.status}, RequestID: ,"
                " deserialization failed, failed to decode response body, PublishResult node not"
                " found",
                retryable=True,
            )
        if notification.log.debugging:
            text = response.body.decode("utf-8", "replace")
            notification.log.debug(
                "SNS message successfully published",
                message_id=element(text, "MessageId"),
                sequence_number=element(text, "SequenceNumber"),
            )


def _fields(config: Config, notification: Notification) -> dict[str, str | bytes]:
    """The parameters that say what is published, and where."""
    pairs = [text for pair in config.attributes.items() for text in pair]
    names = ("topic_arn", "phone_number", "target_arn", "message", "subject")
    rendered = _render(
        notification,
        [("attributes", text) for text in pairs]
        + [(name, getattr(config, name)) for name in names],
    )
    attributes = dict(zip(rendered[: len(pairs) : 2], rendered[1 : len(pairs) : 2], strict=True))
    texts = dict(zip(names, rendered[len(pairs) :], strict=True))
    fields: dict[str, str | bytes] = {}
    message = texts["message"].encode("utf-8", "surrogateescape")
    limit = SMS_BYTES if config.phone_number else MESSAGE_BYTES
    if len(message) > limit:
        attributes["truncated"] = "true"
    fields["Message"] = message[:limit]
    for number, (name, value) in enumerate(sorted(attributes.items()), 1):
        fields[f"MessageAttributes.entry.{number}.Name"] = name
        fields[f"MessageAttributes.entry.{number}.Value.DataType"] = "String"
        fields[f"MessageAttributes.entry.{number}.Value.StringValue"] = value
    if texts["topic_arn"].endswith(".fifo"):
        fields["MessageDeduplicationId"] = fields["MessageGroupId"] = notification.group_hash
    for name, parameter in (
        ("phone_number", "PhoneNumber"),
        ("subject", "Subject"),
        ("target_arn", "TargetArn"),
        ("topic_arn", "TopicArn"),
    ):
        if getattr(config, name):
            fields[parameter] = texts[name]
    return fields


def _render(notification: Notification, texts: list[tuple[str, str]]) -> list[str]:
    """Pairs of what a text is for, and the text, rendered; an error names the first that fails."""
    named = [(f"execute '{name}' template", text) for name, text in texts]
    try:
        return notification.render_named(named)
    except SendError as error:
        raise SendError(str(error), reason="clientError", retryable=True) from None
