"""Mattermost (Upstream: notify/mattermost)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    ListOf,
    SecretUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.base import check, given_or_read, in_channel, post_json
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

MAX_TEXT_RUNES = 16383
URGENT, STANDARD = "urgent", "standard"
PRIORITIES = (URGENT, "important", STANDARD)


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "mattermost.plain"
    NEEDS = ("title", "value")

    title: str = entry(Text())
    value: str = entry(Text())
    short: bool | None = entry(Flag(optional=True))

    def checked(self) -> Self:
        """Title and value are needed."""
        if not self.title:
            raise refused("missing title in Mattermost field configuration", "title")
        if not self.value:
            raise refused("missing value in Mattermost field configuration", "value")
        return self


_FIELDS = ListOf(StructOf(Field), "[]*mattermost.MattermostField")


@dataclass(frozen=True, slots=True)
class Attachment(Struct):
    """One message attachment."""

    GO = "mattermost.MattermostAttachment"

    fallback: str = entry(Text())
    color: str = entry(Text())
    pretext: str = entry(Text())
    text: str = entry(Text())
    author_name: str = entry(Text())
    author_link: str = entry(Text())
    author_icon: str = entry(Text())
    title: str = entry(Text())
    title_link: str = entry(Text())
    fields: tuple[Field, ...] = entry(_FIELDS)
    thumb_url: str = entry(Text())
    footer: str = entry(Text())
    footer_icon: str = entry(Text())
    image_url: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Props(Struct):
    """Additional properties of a message."""

    GO = "mattermost.MattermostProps"

    card: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Priority(Struct):
    """The priority of a message."""

    GO = "mattermost.MattermostPriority"

    priority: str = entry(Text())
    requested_ack: bool = entry(Flag())
    persistent_notifications: bool = entry(Flag())


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `mattermost_configs`."""

    GO = "mattermost.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    webhook_url: Secret | None = entry(SecretUrl())
    webhook_url_file: str = entry(Text())
    channel: str = entry(Text())
    username: str = entry(Text(), '{{ template "mattermost.default.username" . }}')
    text: str = entry(Text(), '{{ template "mattermost.default.text" . }}')
    fallback: str = entry(Text(), '{{ template "mattermost.default.fallback" . }}')
    color: str = entry(Text(), '{{ template "mattermost.default.color" . }}')
    pretext: str = entry(Text())
    author_name: str = entry(Text())
    author_link: str = entry(Text())
    author_icon: str = entry(Text())
    title: str = entry(Text(), '{{ template "mattermost.default.title" . }}')
    title_link: str = entry(Text(), '{{ template "mattermost.default.titlelink" . }}')
    fields: tuple[Field, ...] = entry(_FIELDS)
    thumb_url: str = entry(Text())
    footer: str = entry(Text())
    footer_icon: str = entry(Text())
    image_url: str = entry(Text())
    icon_url: str = entry(Text())
    icon_emoji: str = entry(Text())
    attachments: tuple[Attachment, ...] = entry(
        ListOf(StructOf(Attachment), "[]*mattermost.MattermostAttachment")
    )
    type: str = entry(Text())
    props: Props | None = entry(StructOf(Props))
    priority: Priority | None = entry(StructOf(Priority))

    def checked(self) -> Self:
        """At most one source of the URL."""
        check_at_most_one("webhook_url", self.webhook_url is not None, self.webhook_url_file)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url, file = self.webhook_url, self.webhook_url_file
        if url is None and not file:
            url = defaults.mattermost_webhook_url
            file = defaults.mattermost_webhook_url_file
        if url is None and not file:
            raise refused(
                "missing webhook_url or webhook_url_file on mattermost_config", "webhook_url"
            )
        return dataclasses.replace(
            self,
            webhook_url=url,
            webhook_url_file=file,
            http_config=self.http_config or defaults.http_config,
        )


class Sender:
    """Sends one block's messages. Upstream: notify/mattermost/mattermost.go Notifier.Notify."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._texts = _texts(config)

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when Mattermost did not take it.
        """
        config = self._config
        url = given_or_read(config.webhook_url, config.webhook_url_file)
        if not url:
            raise SendError("webhook url missing")
        message = _message(config, iter(notification.render_all(*self._texts)), notification)
        response = await post_json(self._http, url, encode(message))
        try:
            check(response)
        except SendError as error:
            raise in_channel(error, message.get("channel", "")) from None
        notification.log.debug("Message sent to Mattermost successfully", status=response.status)


def _texts(config: Config) -> tuple[str, ...]:
    """The templates in the order in which upstream renders them."""
    texts = [config.text, config.channel, config.username]
    texts += [config.icon_url, config.icon_emoji, config.type]
    if config.priority is not None and config.priority.priority:
        texts.append(config.priority.priority)
    if config.props is not None and config.props.card:
        texts.append(config.props.card)
    for part in config.attachments or (config,):
        texts += [part.fallback, part.color, part.pretext]
        if config.attachments:
            texts.append(part.text)
        texts += [part.author_name, part.author_link, part.author_icon, part.title]
        texts += [part.title_link, part.thumb_url, part.footer, part.footer_icon, part.image_url]
        for field in part.fields:
            texts += [field.title, field.value]
    return tuple(texts)


def _message(config: Config, texts: Iterator[str], notification: Notification) -> dict[str, Any]:
    text, channel, username, icon_url, icon_emoji, kind = islice(texts, 6)
    priority, props = config.priority, config.props
    ranked = None
    if priority is not None and priority.priority:
        ranked = _priority(priority, next(texts), notification)
    card = next(texts) if props is not None and props.card else None
    if config.attachments:
        attachments = [_attachment(part, None, texts) for part in config.attachments]
        text, cut = truncate_runes(text, MAX_TEXT_RUNES)
        if cut:
            notification.log.warn(
                "Truncated text", key=notification.group_key, max_runes=MAX_TEXT_RUNES
            )
    else:
        attachments = [_attachment(config, text, texts)]
        text = ""
    message = filled(
        text=text,
        channel=channel,
        username=username,
        icon_url=icon_url,
        icon_emoji=icon_emoji,
        attachments=attachments,
        type=kind,
    )
    if card is not None:
        message["props"] = filled(card=card)
    if ranked is not None:
        message["priority"] = ranked
    return message


def _attachment(
    part: Config | Attachment, text: str | None, texts: Iterator[str]
) -> dict[str, Any]:
    """One attachment; its text is the next but two unless it is given."""
    fallback, color, pretext = islice(texts, 3)
    if text is None:
        text = next(texts)
    author_name, author_link, author_icon, title = islice(texts, 4)
    title_link, thumb_url, footer, footer_icon, image_url = islice(texts, 5)
    return filled(
        fallback=fallback,
        color=color,
        pretext=pretext,
        text=text,
        author_name=author_name,
        author_link=author_link,
        author_icon=author_icon,
        title=title,
        title_link=title_link,
        fields=[_field(field, texts) for field in part.fields],
        thumb_url=thumb_url,
        footer=footer,
        footer_icon=footer_icon,
        image_url=image_url,
    )


def _field(field: Field, texts: Iterator[str]) -> dict[str, Any]:
    title, value = islice(texts, 2)
    shown = filled(title=title, value=value)
    return shown if field.short is None else shown | {"short": field.short}


def _priority(given: Priority, name: str, notification: Notification) -> dict[str, Any]:
    """The priority with what Mattermost allows beside it; the rest is dropped and logged."""
    log, key = notification.log, notification.group_key
    level = name.lower()
    if level not in PRIORITIES:
        log.warn("Priority is set to standard due to invalid value", key=key, priority=name)
        level = STANDARD
    acknowledged, persistent = given.requested_ack, given.persistent_notifications
    if acknowledged and level == STANDARD:
        log.warn("RequestedAck is set to false due to priority is standard", key=key)
        acknowledged = False
    if persistent and level != URGENT:
        log.warn("PersistentNotifications is set to false due to priority is not urgent", key=key)
        persistent = False
    return filled(priority=level, requested_ack=acknowledged, persistent_notifications=persistent)
