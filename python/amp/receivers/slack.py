"""Slack (Upstream: notify/slack)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    ListOf,
    SecretText,
    SecretUrl,
    Text,
)
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import Authorization, HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig


POST_MESSAGE = "https://slack.com/api/chat.postMessage"


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "config.plain"

    title: str = entry(Text())
    value: str = entry(Text())
    short: bool | None = entry(Flag(optional=True))

    def checked(self) -> Self:
        """Title and value are needed."""
        if not self.title:
            raise refused("missing title in Slack field configuration", "title")
        if not self.value:
            raise refused("missing value in Slack field configuration", "value")
        return self


@dataclass(frozen=True, slots=True)
class Confirmation(Struct):
    """The question before an action."""

    GO = "config.plain"

    text: str = entry(Text())
    title: str = entry(Text())
    ok_text: str = entry(Text())
    dismiss_text: str = entry(Text())

    def checked(self) -> Self:
        """The text is needed."""
        if not self.text:
            raise refused("missing text in Slack confirmation configuration", "text")
        return self


@dataclass(frozen=True, slots=True)
class Action(Struct):
    """One button of an attachment."""

    GO = "config.plain"

    type: str = entry(Text())
    text: str = entry(Text())
    url: str = entry(Text())
    style: str = entry(Text())
    name: str = entry(Text())
    value: str = entry(Text())
    confirm: Confirmation | None = entry(StructOf(Confirmation))

    def checked(self) -> Self:
        """A button with a link needs nothing else, and keeps nothing else."""
        if not self.type:
            raise refused("missing type in Slack action configuration", "type")
        if not self.text:
            raise refused("missing text in Slack action configuration", "text")
        if self.url:
            return dataclasses.replace(self, name="", value="", confirm=None)
        if not self.name:
            raise refused("missing name or url in Slack action configuration", "name")
        return self


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `slack_configs`.

    Attributes:
        mrkdwn_in: which texts are marked up; None for fallback, pretext and text.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: Secret | None = entry(SecretUrl())
    api_url_file: str = entry(Text())
    app_token: Secret = entry(SecretText())
    app_token_file: str = entry(Text())
    app_url: str | None = entry(HttpUrl())
    channel: str = entry(Text())
    username: str = entry(Text(), '{{ template "slack.default.username" . }}')
    color: str = entry(Text(), '{{ template "slack.default.color" . }}')
    title: str = entry(Text(), '{{ template "slack.default.title" . }}')
    title_link: str = entry(Text(), '{{ template "slack.default.titlelink" . }}')
    pretext: str = entry(Text(), '{{ template "slack.default.pretext" . }}')
    text: str = entry(Text(), '{{ template "slack.default.text" . }}')
    message_text: str = entry(Text())
    fields: tuple[Field, ...] = entry(ListOf(StructOf(Field), "[]*config.SlackField"))
    short_fields: bool = entry(Flag(), keep=True)
    footer: str = entry(Text(), '{{ template "slack.default.footer" . }}')
    fallback: str = entry(Text(), '{{ template "slack.default.fallback" . }}')
    callback_id: str = entry(Text(), '{{ template "slack.default.callbackid" . }}')
    icon_emoji: str = entry(Text(), '{{ template "slack.default.iconemoji" . }}')
    icon_url: str = entry(Text(), '{{ template "slack.default.iconurl" . }}')
    image_url: str = entry(Text())
    thumb_url: str = entry(Text())
    link_names: bool = entry(Flag(), keep=True)
    mrkdwn_in: tuple[str, ...] | None = entry(ListOf(Text(), "[]string", optional=True))
    actions: tuple[Action, ...] = entry(ListOf(StructOf(Action), "[]*config.SlackAction"))
    update_message: bool = entry(Flag(), keep=True)
    timeout: Duration = entry(GoDuration(), keep=True)

    def checked(self) -> Self:
        """One way to address Slack, and updates only where Slack offers them."""
        check_at_most_one("api_url", self.api_url is not None, self.api_url_file)
        check_at_most_one("app_token", self.app_token, self.app_token_file)
        url = self.api_url is not None or bool(self.api_url_file)
        if url and (self.app_token or self.app_token_file):
            raise refused(
                "at most one of api_url/api_url_file & app_token/app_token_file must be configured",
                "api_url",
            )
        if self.update_message and (self.api_url is None or self.api_url.reveal() != POST_MESSAGE):
            raise refused(
                "update_message can only be used with bot tokens. api_url must be set to"
                f" {POST_MESSAGE}",
                "update_message",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global` (config.md 2.2)."""
        app_url = self.app_url or defaults.slack_app_url
        if app_url is None:
            raise refused("no global Slack App URL set", "app_url")
        token, token_file = self.app_token, self.app_token_file
        own = self.http_config
        authorized = own is not None and own.authorization is not None
        if not token and not token_file and not authorized and self.api_url is None:
            token, token_file = defaults.slack_app_token, defaults.slack_app_token_file
        url, url_file = self.api_url, self.api_url_file
        if url is None and not url_file:
            url, url_file = defaults.slack_api_url, defaults.slack_api_url_file
        if url is None and not (url_file or token or token_file):
            raise refused(
                "no Slack API URL nor App token set either inline or in a file", "api_url"
            )
        http = own or defaults.http_config or HttpConfig()
        if token or token_file:
            if http.authorization is not None:
                raise refused(
                    "http authorization can't be set when using Slack App tokens", "app_token"
                )
            http = dataclasses.replace(
                http, authorization=Authorization("Bearer", token, token_file)
            )
            url = Secret(app_url)
        return dataclasses.replace(
            self,
            app_url=app_url,
            app_token=token,
            app_token_file=token_file,
            api_url=url,
            api_url_file=url_file,
            http_config=http,
        )
