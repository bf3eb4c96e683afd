"""Webhooks (Upstream: notify/webhook)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import Anything, Flag, Int, Text
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.struct import Struct, StructOf, entry
from amp.fields.template_url import TemplateUrl
from amp.receivers.base import check, post_json_within, read_secret
from amp.receivers.body import encode
from amp.receivers.payload import Payload

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

_BAD_PAYLOAD = "failed to render custom payload"
_BAD_URL = "failed to template webhook URL"


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
    NEEDS = (("url", "url_file"),)

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


class Sender:
    """Sends to one webhook (Upstream: notify/webhook/webhook.go Notifier)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._payload = None if config.payload is None else Payload(config.payload)

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when the receiver did not take it.
        """
        config = self._config
        url, payload = self._rendered(notification.first(config.max_alerts))
        body = notification.webhook_json(config.max_alerts) if payload is None else payload
        if not url:
            raise SendError("webhook URL is empty after templating")
        response = await post_json_within(config.timeout, "webhook", self._http, url, body)
        check(response)

    def _rendered(self, notification: Notification) -> tuple[str, bytes | None]:
        """The URL, and the payload's body where there is one, whose failures come first."""
        payload = self._payload
        texts = [] if payload is None else [(_BAD_PAYLOAD, text) for text in payload.texts]
        try:
            url = self._url()
        except SendError:
            notification.render_named(texts)
            raise
        if not texts and "{{" not in url:
            return url, None if payload is None else _encoded(payload, [])
        *rendered, url = notification.render_named([*texts, (_BAD_URL, url)])
        return url, None if payload is None else _encoded(payload, rendered)

    def _url(self) -> str:
        config = self._config
        return config.url.reveal() if config.url else read_secret(config.url_file, "url_file")


def _encoded(payload: Payload, rendered: list[str]) -> bytes:
    try:
        return encode(payload.build(iter(rendered)))
    except SendError as error:
        raise SendError(f"{_BAD_PAYLOAD}: {error}") from None
