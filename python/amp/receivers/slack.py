"""Slack (Upstream: notify/slack)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
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
from amp.fields.quote import quote
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.answer import members, parse
from amp.receivers.base import check, given_or_read, in_channel, post_json_within, shown
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.httpclient import HttpClient, Response
    from amp.receivers.base import Notification


POST_MESSAGE = "https://slack.com/api/chat.postMessage"
UPDATE = "https://slack.com/api/chat.update"
MAX_TITLE_RUNES = 1024
MARKED_UP = ("fallback", "pretext", "text")
EVEN_EMPTY = frozenset({"text", "fallback", "callback_id", "footer"})
ANSWER = {"ok": bool, "error": str, "channel": str, "ts": str}


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "config.plain"
    NEEDS = ("title", "value")

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
    NEEDS = ("text",)

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
    NEEDS = ("type", "text", ("name", "url"))

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


class Sender:
    """Sends one block's messages. Upstream: notify/slack/slack.go Notifier.Notify."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._texts = _texts(config)

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt; an update of the group's message where that is wished and known.

        Raises:
            SendError: when Slack did not take it.
        """
        config = self._config
        texts = iter(_rendered(notification, self._texts))
        attachment = _attachment(config, texts, notification)
        channel, username, icon_emoji, icon_url, text = texts
        url = given_or_read(config.api_url, config.api_url_file)
        ts = ""
        if config.update_message:
            ts, known = _sent(notification)
            if ts:
                url, channel = UPDATE, known
        message = filled(
            channel=channel,
            ts=ts,
            username=username,
            icon_emoji=icon_emoji,
            icon_url=icon_url,
            link_names=config.link_names,
            text=text,
        )
        message["attachments"] = [attachment]
        body = encode(message)
        response = await post_json_within(self._config.timeout, "slack", self._http, url, body)
        try:
            check(response)
            answer = _taken(response)
        except SendError as error:
            raise in_channel(error, channel) from None
        if config.update_message:
            _keep(answer, notification)


def _texts(config: Config) -> tuple[str, ...]:
    """The templates in the order in which upstream renders them."""
    texts = [config.title, config.title_link, config.pretext, config.text, config.fallback]
    texts += [config.callback_id, config.image_url, config.thumb_url, config.footer, config.color]
    for field in config.fields:
        texts += [field.title, field.value]
    for action in config.actions:
        texts += [action.type, action.text, action.url, action.style, action.name, action.value]
        if (confirm := action.confirm) is not None:
            texts += [confirm.title, confirm.text, confirm.ok_text, confirm.dismiss_text]
    texts += [config.channel, config.username, config.icon_emoji, config.icon_url]
    return (*texts, config.message_text)


def _rendered(notification: Notification, texts: tuple[str, ...]) -> list[str]:
    """The texts rendered. From one that fails on they are empty: upstream sends what it has."""
    try:
        return notification.render_all(*texts)
    except SendError as error:
        notification.log.warn(
            "Template failed, its text and those after it are left out",
            group_key=notification.group_key,
            err=error,
        )
    done: list[str] = []
    try:
        for text in texts:
            done.append(notification.render(text))  # noqa: PERF401  # keeps what came before
    except SendError:
        pass
    return done + [""] * (len(texts) - len(done))


def _attachment(config: Config, texts: Iterator[str], notification: Notification) -> dict[str, Any]:
    """The message's one attachment; takes its texts."""
    title, title_link, pretext, text, fallback, callback_id = islice(texts, 6)
    image_url, thumb_url, footer, color = islice(texts, 4)
    title, cut = truncate_runes(title, MAX_TITLE_RUNES)
    if cut:
        notification.log.warn(
            "Truncated title", group_key=notification.group_key, max_runes=MAX_TITLE_RUNES
        )
    attachment = {
        "title": title,
        "title_link": title_link,
        "pretext": pretext,
        "text": text,
        "fallback": fallback,
        "callback_id": callback_id,
        "fields": [_field(config, field, texts) for field in config.fields],
        "actions": [_action(action, texts) for action in config.actions],
        "image_url": image_url,
        "thumb_url": thumb_url,
        "footer": footer,
        "color": color,
        "mrkdwn_in": config.mrkdwn_in or MARKED_UP,
    }
    return {name: value for name, value in attachment.items() if value or name in EVEN_EMPTY}


def _field(config: Config, field: Field, texts: Iterator[str]) -> dict[str, Any]:
    short = config.short_fields if field.short is None else field.short
    title, value = islice(texts, 2)
    return filled(title=title, value=value) | {"short": short}


def _action(action: Action, texts: Iterator[str]) -> dict[str, Any]:
    kind, text, url, style, name, value = islice(texts, 6)
    button = filled(type=kind, text=text, url=url, style=style, name=name, value=value)
    if action.confirm is not None:
        title, text, ok_text, dismiss_text = islice(texts, 4)
        button["confirm"] = filled(
            text=text, title=title, ok_text=ok_text, dismiss_text=dismiss_text
        )
    return button


def _sent(notification: Notification) -> tuple[str, str]:
    """Time stamp and channel of the group's message; both empty unless both are known."""
    ts, channel = (str(notification.data.get(name, "")) for name in ("threadTs", "channelId"))
    notification.log.debug(
        "attempt recovering threadTs and channelId to update an existing message",
        threadTs=ts,
        channelId=channel,
    )
    if not ts or not channel:
        return "", ""
    notification.log.debug("updating previously sent message", threadTs=ts, channelId=channel)
    return ts, channel


def _keep(answer: dict[str, Any], notification: Notification) -> None:
    """Remembers the message, so that the group's next notification changes it."""
    ts, channel = answer["ts"], answer["channel"]
    if ts and channel:
        notification.data.update(threadTs=ts, channelId=channel)
        notification.log.debug("stored threadTs and channelId", threadTs=ts, channelId=channel)


def _taken(response: Response) -> dict[str, Any]:
    """Slack's answer; success is said in it, not by its status.

    Raises:
        SendError: when it says otherwise.
    """
    body = response.body
    if not response.content_type.startswith("application/json"):
        if body == b"ok":
            return {"ts": "", "channel": ""}
        text = f"received an error response from Slack: {shown(body)}"
        raise SendError(text, reason="clientError")
    try:
        answer = members(parse(body), ANSWER, "slack.slackResponse")
    except ValueError as error:
        raise SendError(
            f"could not unmarshal JSON response {quote(shown(body))}: {error}",
            reason="clientError",
            retryable=True,
        ) from None
    if not answer["ok"]:
        raise SendError(f"error response from Slack: {answer['error']}", reason="clientError")
    return answer
