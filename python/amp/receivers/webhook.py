"""Webhooks (Upstream: notify/webhook)."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import Anything, Flag, Int, Text
from amp.fields.duration import Duration, GoDuration, format_go_duration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.struct import Struct, StructOf, entry
from amp.fields.template_url import TemplateUrl
from amp.receivers.base import check, post_json, read_secret

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `webhook_configs`.

    Attributes:
        url: where to post; a template when it holds `{{`.
        max_alerts: how many alerts one message holds at most, 0 for all.
        timeout: bound of one attempt, none unless positive.
        payload: what to send instead of the default body, with templates in its texts.
    """

    GO = "webhook.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    url: Secret = entry(TemplateUrl())
    url_file: str = entry(Text(), keep=True)
    max_alerts: int = entry(Int("uint64", 0, (1 << 64) - 1), keep=True)
    timeout: Duration = entry(GoDuration(), keep=True)
    payload: Any = entry(Anything())

    def checked(self) -> Self:
        """Exactly one source of the URL."""
        check_exactly_one("url", self.url, self.url_file)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/webhook/webhook.go Notifier.Notify).

    Raises:
        SendError: when the receiver did not take it.
    """
    if config.payload is not None:
        raise SendError("webhook: `payload` is not built yet")
    body = notification.webhook_json(config.max_alerts)
    url = _url(config, notification)
    if not url:
        raise SendError("webhook URL is empty after templating")
    try:
        if config.timeout > 0:
            async with asyncio.timeout(config.timeout.seconds):
                response = await post_json(http, url, body)
        else:
            response = await post_json(http, url, body)
    except TimeoutError:
        raise SendError(
            f'Post "<redacted>": configured webhook timeout reached'
            f" ({format_go_duration(config.timeout)})",
            retryable=True,
        ) from None
    check(response)


def _url(config: Config, notification: Notification) -> str:
    text = config.url.reveal() if config.url else read_secret(config.url_file, "url_file")
    try:
        return notification.render(text)
    except SendError as error:
        raise SendError(f"failed to template webhook URL: {error}") from None
