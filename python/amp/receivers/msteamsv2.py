"""Microsoft Teams workflows (Upstream: notify/msteamsv2)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    SecretUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.struct import Struct, StructOf, entry
from amp.receivers.base import check, given_or_read, post_json
from amp.receivers.body import encode

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

COLORS = {"firing": "Attention", "resolved": "Good"}
CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `msteamsv2_configs`."""

    GO = "msteamsv2.plain"
    NEEDS = (("webhook_url", "webhook_url_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    webhook_url: Secret | None = entry(SecretUrl())
    webhook_url_file: str = entry(Text())
    title: str = entry(Text(), '{{ template "msteamsv2.default.title" . }}')
    text: str = entry(Text(), '{{ template "msteamsv2.default.text" . }}')

    def checked(self) -> Self:
        """Exactly one source of the URL."""
        check_exactly_one("webhook_url", self.webhook_url is not None, self.webhook_url_file)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what `global` gives: its proxy even to an own `http_config`."""
        own, shared = self.http_config, defaults.http_config
        if own is None:
            return dataclasses.replace(self, http_config=shared)
        if own.proxy_url is not None or shared is None or shared.proxy_url is None:
            return self
        return dataclasses.replace(
            self, http_config=dataclasses.replace(own, proxy_url=shared.proxy_url)
        )


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/msteamsv2/msteamsv2.go Notifier.Notify).

    Raises:
        SendError: when the receiver did not take it.
    """
    title, text = notification.render_all(config.title, config.text)
    url = given_or_read(config.webhook_url, config.webhook_url_file, "webhook_url_file")
    heading = {
        "type": "TextBlock",
        "text": title,
        "weight": "Bolder",
        "size": "Medium",
        "wrap": True,
        "style": "heading",
        "color": COLORS[notification.status],
    }
    card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [heading, {"type": "TextBlock", "text": text, "wrap": True}],
        "msteams": {"width": "full"},
    }
    attachment = {"contentType": CARD, "contentUrl": None, "content": card}
    check(await post_json(http, url, encode({"type": "message", "attachments": [attachment]})))
