"""Mattermost (Upstream: notify/mattermost)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    ListOf,
    SecretUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "mattermost.plain"

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
