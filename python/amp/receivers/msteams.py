"""Microsoft Teams, the old connectors (Upstream: notify/msteams)."""

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

COLORS = {"firing": "8C1A1A", "resolved": "2DC72D"}


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `msteams_configs`."""

    GO = "msteams.plain"
    NEEDS = (("webhook_url", "webhook_url_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    webhook_url: Secret | None = entry(SecretUrl())
    webhook_url_file: str = entry(Text())
    title: str = entry(Text(), '{{ template "msteams.default.title" . }}')
    summary: str = entry(Text(), '{{ template "msteams.default.summary" . }}')
    text: str = entry(Text(), '{{ template "msteams.default.text" . }}')

    def checked(self) -> Self:
        """Exactly one source of the URL."""
        check_exactly_one("webhook_url", self.webhook_url is not None, self.webhook_url_file)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/msteams/msteams.go Notifier.Notify).

    Raises:
        SendError: when the receiver did not take it.
    """
    title, text, summary = notification.render_all(config.title, config.text, config.summary)
    url = given_or_read(config.webhook_url, config.webhook_url_file, "webhook_url_file")
    card = {
        "@context": "http://schema.org/extensions",
        "type": "MessageCard",
        "title": title,
        "summary": summary,
        "text": text,
        "themeColor": COLORS[notification.status],
    }
    check(await post_json(http, url, encode(card)))
