"""Discord (Upstream: notify/discord)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import ConfigError
from amp.fields.codec import (
    Flag,
    SecretUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.struct import Struct, StructOf, entry
from amp.fields.url import parse_url
from amp.receivers.base import check, given_or_read, post_json
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

MAX_TITLE_RUNES, MAX_DESCRIPTION_RUNES, MAX_CONTENT_RUNES = 256, 4096, 2000
COLORS = {"firing": 0x992D22, "resolved": 0x2ECC71}


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `discord_configs`."""

    GO = "discord.plain"
    NEEDS = (("webhook_url", "webhook_url_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    webhook_url: Secret | None = entry(SecretUrl())
    webhook_url_file: str = entry(Text())
    content: str = entry(Text())
    title: str = entry(Text(), '{{ template "discord.default.title" . }}')
    message: str = entry(Text(), '{{ template "discord.default.message" . }}')
    username: str = entry(Text())
    avatar_url: str = entry(Text())

    def checked(self) -> Self:
        """Exactly one source of the URL."""
        check_exactly_one("webhook_url", self.webhook_url is not None, self.webhook_url_file)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


class Sender:
    """Sends one block's messages. Upstream: notify/discord/discord.go Notifier.Notify."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._avatar_parses = _parses(config.avatar_url)
        avatar_url = config.avatar_url if self._avatar_parses else ""
        self._sender = filled(username=config.username, avatar_url=avatar_url)

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when Discord did not take it.
        """
        config = self._config
        title, message, content = notification.render_all(
            config.title, config.message, config.content
        )
        title = _cut(title, MAX_TITLE_RUNES, "Truncated title", notification)
        message = _cut(message, MAX_DESCRIPTION_RUNES, "Truncated message", notification)
        content = _cut(content, MAX_CONTENT_RUNES, "Truncated message", notification)
        url = given_or_read(config.webhook_url, config.webhook_url_file, "webhook_url_file")
        if not self._avatar_parses:
            key = notification.group_key
            notification.log.warn("Bad avatar url", group_key=key, key=key)
        color = COLORS[notification.status]
        embed = {"title": title, "description": message, "color": color}
        body = encode({"content": content, "embeds": [embed], **self._sender})
        check(await post_json(self._http, url, body))


def _cut(text: str, limit: int, warning: str, notification: Notification) -> str:
    shown, cut = truncate_runes(text, limit)
    if cut:
        notification.log.warn(warning, group_key=notification.group_key, max_runes=limit)
    return shown


def _parses(url: str) -> bool:
    try:
        parse_url(url)
    except ConfigError:
        return False
    return True
