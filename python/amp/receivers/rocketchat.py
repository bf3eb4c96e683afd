"""Rocket.Chat (Upstream: notify/rocketchat)."""

from __future__ import annotations

import dataclasses
import posixpath
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError, SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    ListOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import parse_url
from amp.receivers.answer import members, parse
from amp.receivers.base import JSON, check, in_channel, post_json, read_file, shown
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient, Response
    from amp.receivers.base import Notification

POST_MESSAGE = "api/v1/chat.postMessage"
MAX_TITLE_RUNES = 1024
ANSWER = {"success": bool, "error": str}


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "config.RocketchatAttachmentField"

    short: bool | None = entry(Flag(optional=True), keep=True)
    title: str = entry(Text(), keep=True)
    value: str = entry(Text(), keep=True)


@dataclass(frozen=True, slots=True)
class Action(Struct):
    """One button of an attachment."""

    GO = "config.RocketchatAttachmentAction"

    type: str = entry(Text(), keep=True)
    text: str = entry(Text(), keep=True)
    url: str = entry(Text(), keep=True)
    imageurl: str = entry(Text(), keep=True)
    iswebview: bool = entry(Flag(), keep=True)
    webviewheightratio: str = entry(Text(), keep=True)
    msg: str = entry(Text(), keep=True)
    msginchatwindow: bool = entry(Flag(), keep=True)
    msgprocessingtype: str = entry(Text(), keep=True)


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `rocketchat_configs`."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    token_id: Secret = entry(SecretText())
    token_id_file: str = entry(Text())
    token: Secret = entry(SecretText())
    token_file: str = entry(Text())
    channel: str = entry(Text())
    color: str = entry(Text(), '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}')
    title: str = entry(Text(), '{{ template "rocketchat.default.title" . }}')
    title_link: str = entry(Text(), '{{ template "rocketchat.default.titlelink" . }}')
    text: str = entry(Text(), '{{ template "rocketchat.default.text" . }}')
    fields: tuple[Field, ...] = entry(
        ListOf(StructOf(Field), "[]*config.RocketchatAttachmentField")
    )
    short_fields: bool = entry(Flag(), keep=True)
    emoji: str = entry(Text(), '{{ template "rocketchat.default.emoji" . }}')
    icon_url: str = entry(Text(), '{{ template "rocketchat.default.iconurl" . }}')
    image_url: str = entry(Text())
    thumb_url: str = entry(Text())
    link_names: bool = entry(Flag(), keep=True)
    actions: tuple[Action, ...] = entry(
        ListOf(StructOf(Action), "[]*config.RocketchatAttachmentAction")
    )

    def checked(self) -> Self:
        """At most one source each of token and token id."""
        for name in ("token", "token_id"):
            check_at_most_one(name, getattr(self, name), getattr(self, f"{name}_file"))
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        token_id = self.token_id or defaults.rocketchat_token_id
        token_id_file = self.token_id_file or defaults.rocketchat_token_id_file
        if not token_id and not token_id_file:
            raise refused("no global Rocketchat TokenID set either inline or in a file", "token_id")
        token = self.token or defaults.rocketchat_token
        token_file = self.token_file or defaults.rocketchat_token_file
        if not token and not token_file:
            raise refused("no global Rocketchat Token set either inline or in a file", "token")
        return dataclasses.replace(
            self,
            api_url=self.api_url or defaults.rocketchat_api_url,
            token_id=token_id,
            token_id_file=token_id_file,
            token=token,
            token_file=token_file,
            http_config=self.http_config or defaults.http_config,
        )


class Sender:
    """Sends one block's messages. Upstream: notify/rocketchat/rocketchat.go Notifier.

    Raises:
        ConfigError: when a token's file cannot be read; it is read only once, as upstream does.
    """

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._texts = _texts(config)
        self._url = _url(config.api_url or "")
        self._headers = {
            **JSON,
            "X-Auth-Token": _token(config.token, config.token_file),
            "X-User-Id": _token(config.token_id, config.token_id_file),
        }

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when Rocket.Chat did not take it.
        """
        texts = iter(notification.render_all(*self._texts))
        attachment = _attachment(self._config, texts, notification)
        channel, emoji, avatar = texts
        message = filled(channel=channel, emoji=emoji, avatar=avatar)
        message["attachments"] = [attachment]
        response = await post_json(self._http, self._url, encode(message), self._headers)
        try:
            check(response)
            _check_answer(response)
        except SendError as error:
            raise in_channel(error, channel) from None


def _token(given: Secret, name: str) -> str:
    if not name:
        return given.reveal()
    try:
        return read_file(name)
    except SendError as error:
        raise ConfigError(f"could not read {name}: {error}") from None


def _url(base: str) -> str:
    """Where messages are posted, below a base URL (Go: net/url URL.JoinPath)."""
    url = parse_url(base)
    path = posixpath.normpath(f"/{url.path}/{POST_MESSAGE}")
    return str(dataclasses.replace(url, path=f"/{path.lstrip('/')}"))


def _texts(config: Config) -> tuple[str, ...]:
    """The templates in the order in which upstream renders them."""
    texts = [config.title, config.title_link, config.text]
    texts += [config.image_url, config.thumb_url, config.color]
    for field in config.fields:
        texts += [field.title, field.value]
    for action in config.actions:
        texts += [action.text, action.url, action.msg]
    return (*texts, config.channel, config.emoji, config.icon_url)


def _attachment(config: Config, texts: Iterator[str], notification: Notification) -> dict[str, Any]:
    """The message's one attachment; takes its texts."""
    title, title_link, text, image_url, thumb_url, color = islice(texts, 6)
    title, cut = truncate_runes(title, MAX_TITLE_RUNES)
    if cut:
        notification.log.warn(
            "Truncated title", group_key=notification.group_key, max_runes=MAX_TITLE_RUNES
        )
    return filled(
        title=title,
        title_link=title_link,
        text=text,
        image_url=image_url,
        thumb_url=thumb_url,
        color=color,
        fields=[_field(config, field, texts) for field in config.fields],
        actions=[_action(texts) for _ in config.actions],
    )


def _field(config: Config, field: Field, texts: Iterator[str]) -> dict[str, Any]:
    short = config.short_fields if field.short is None else field.short
    title, value = islice(texts, 2)
    return {"short": short} | filled(title=title, value=value)


def _action(texts: Iterator[str]) -> dict[str, Any]:
    text, url, msg = islice(texts, 3)
    button = filled(type="button", text=text, url=url) | {"is_webview": False}
    return button | filled(msg=msg) | {"msg_in_chat_window": False}


def _check_answer(response: Response) -> None:
    """Accepts the answer that says success; the status alone does not."""
    try:
        answer = members(parse(response.body), ANSWER, "rocketchat.response")
    except ValueError as error:
        text = f"could not unmarshal JSON response {quote(shown(response.body))}: {error}"
        raise SendError(text, reason="clientError", retryable=True) from None
    if not answer["success"]:
        text = f"error response from Rocketchat: {answer['error']}"
        raise SendError(text, reason="clientError")
