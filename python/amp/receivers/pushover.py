"""Pushover (Upstream: notify/pushover)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from amp.fields.codec import (
    Flag,
    SecretText,
    Text,
)
from amp.fields.duration import HOUR, MINUTE, Duration, go_duration_text
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.base import check, read_secret, request
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


API_URL = "https://api.pushover.net/1/messages.json"
MAX_TITLE_RUNES = 250
MAX_MESSAGE_RUNES = 1024
MAX_URL_RUNES = 512
NO_MESSAGE = "(no details)"
_TEXT = {"Content-Type": "text/plain"}

_DURATION = go_duration_text()


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `pushover_configs`."""

    GO = "config.plain"
    NEEDS = (("user_key", "user_key_file"), ("token", "token_file"))

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    user_key: Secret = entry(SecretText())
    user_key_file: str = entry(Text())
    token: Secret = entry(SecretText())
    token_file: str = entry(Text())
    title: str = entry(Text(), '{{ template "pushover.default.title" . }}')
    message: str = entry(Text(), '{{ template "pushover.default.message" . }}')
    url: str = entry(Text(), '{{ template "pushover.default.url" . }}')
    url_title: str = entry(Text())
    device: str = entry(Text())
    sound: str = entry(Text())
    priority: str = entry(Text(), '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}')
    retry: Duration = entry(_DURATION, Duration(MINUTE))
    expire: Duration = entry(_DURATION, Duration(HOUR))
    ttl: Duration = entry(_DURATION)
    html: bool = entry(Flag())
    monospace: bool = entry(Flag())

    def checked(self) -> Self:
        """One source each of user key and token, one kind of text."""
        for name in ("user_key", "token"):
            inline, file = getattr(self, name), getattr(self, f"{name}_file")
            check_exactly_one(name, inline, file)
        if self.html and self.monospace:
            raise refused("at most one of monospace & html must be configured", "html")
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/pushover/pushover.go Notifier.Notify).

    Raises:
        SendError: when Pushover did not take it.
    """
    token = _secret(config.token, config.token_file, "token_file")
    user = _secret(config.user_key, config.user_key_file, "user_key_file")
    before = (token, user, config.title)
    after = (config.url, config.url_title, config.priority, config.device, config.sound)
    if config.html:
        token, user, title = notification.render_all(*before)
        message = notification.render(config.message, html=True)
        url, url_title, priority, device, sound = notification.render_all(*after)
    else:
        token, user, title, message, url, url_title, priority, device, sound = (
            notification.render_all(*before, config.message, *after)
        )
    title = _cut(notification, "title", title, MAX_TITLE_RUNES)
    message = _cut(notification, "message", message, MAX_MESSAGE_RUNES).strip() or NO_MESSAGE
    url = _cut(notification, "URL", url, MAX_URL_RUNES)
    parameters = {"device": device, "expire": str(int(config.expire.seconds))}
    if config.html:
        parameters["html"] = "1"
    parameters["message"] = message
    if config.monospace:
        parameters["monospace"] = "1"
    parameters |= {
        "priority": priority,
        "retry": str(int(config.retry.seconds)),
        "sound": sound,
        "title": title,
        "token": token,
    }
    if config.ttl.seconds >= 1:
        parameters["ttl"] = str(int(config.ttl.seconds))
    parameters |= {"url": url, "url_title": url_title, "user": user}
    group_key = notification.group_key
    notification.log.debug("Sending message", group_key=group_key, incident=group_key)
    query = urlencode(parameters, errors="surrogateescape")
    check(await request(http, "POST", f"{API_URL}?{query}", headers=_TEXT))


def _secret(inline: Secret, file: str, what: str) -> str:
    return inline.reveal() if inline else read_secret(file, what, strip=False)


def _cut(notification: Notification, what: str, text: str, limit: int) -> str:
    text, cut = truncate_runes(text, limit)
    if cut:
        group_key = notification.group_key
        notification.log.warn(
            f"Truncated {what}", group_key=group_key, incident=group_key, max_runes=limit
        )
    return text
