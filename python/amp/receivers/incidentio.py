"""incident.io (Upstream: notify/incidentio)."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import ConfigError, SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    Int,
    SecretText,
    Text,
)
from amp.fields.duration import Duration, GoDuration, format_go_duration
from amp.fields.http import Authorization, HttpConfig
from amp.fields.pair import check_at_most_one, check_exactly_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.answer import first_object, texts_of
from amp.receivers.base import check, post_json, read_file, read_secret
from amp.receivers.body import encode

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig
    from amp.httpclient import HttpClient, Response
    from amp.receivers.base import Notification

MAX_BODY_BYTES = 512 << 10
RETRY = frozenset({429})
_WEBHOOK_VERSION, _VERSION = b'"version":"4","groupKey":', b'"version":"1","groupKey":'
_CUT = "Truncated alert content due to incident.io payload size limit"


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `incidentio_configs`.

    Attributes:
        max_alerts: how many alerts one message holds at most, 0 for all.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "incidentio.plain"
    NEEDS = (("url", "url_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    url: str | None = entry(HttpUrl(), keep=True)
    url_file: str = entry(Text(), keep=True)
    alert_source_token: Secret = entry(SecretText())
    alert_source_token_file: str = entry(Text())
    max_alerts: int = entry(Int("uint64", 0, (1 << 64) - 1), keep=True)
    timeout: Duration = entry(GoDuration(), keep=True)

    def checked(self) -> Self:
        """One URL and one kind of credentials."""
        check_exactly_one("url", self.url is not None, self.url_file)
        check_at_most_one(
            "alert_source_token", self.alert_source_token, self.alert_source_token_file
        )
        token = self.alert_source_token or self.alert_source_token_file
        if self.http_config is None:
            return self
        if self.http_config.authorization is not None:
            if token:
                raise refused(
                    "cannot specify alert_source_token or alert_source_token_file when using"
                    " http_config.authorization",
                    "http_config.authorization",
                )
        elif not token:
            raise refused(
                "at least one of alert_source_token, alert_source_token_file or"
                " http_config.authorization must be configured",
                "http_config",
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)


class Sender:
    """Sends to one alert source (Upstream: notify/incidentio/incidentio.go Notifier)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        token = config.alert_source_token
        if config.alert_source_token_file:
            try:
                failure = "failed to read alert_source_token_file: "
                token = Secret(read_file(config.alert_source_token_file, failure))
            except SendError as error:
                raise ConfigError(str(error)) from None
        if token:
            # It comes before whatever `http_config` has, which may be the one of `global`.
            own = dataclasses.replace(
                config.http_config or HttpConfig(), authorization=Authorization("Bearer", token)
            )
            http = http.derived(own)
        self._http = http

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when incident.io did not take it.
        """
        config = self._config
        body = self._body(notification)
        url = read_secret(config.url_file, "url_file") if config.url is None else config.url
        try:
            async with asyncio.timeout(config.timeout.seconds if config.timeout > 0 else None):
                response = await post_json(self._http, url, body)
        except TimeoutError:
            reached = (
                f"configured incident.io timeout reached ({format_go_duration(config.timeout)})"
            )
            raise SendError(f'Post "<redacted>": {reached}', retryable=True) from None
        check(response, retry=RETRY, details=_told(response))

    def _body(self, notification: Notification) -> bytes:
        """The webhook's body in incident.io's version; one too large has its first alert only."""
        before, _, after = notification.webhook_json(self._config.max_alerts).rpartition(
            _WEBHOOK_VERSION
        )
        body = before + _VERSION + after
        if len(body) <= MAX_BODY_BYTES:
            return body
        message = json.loads(body)
        message["alerts"] = message["alerts"][:1]
        cut = encode(message)
        sizes = {"original_size": len(body), "final_size": len(cut), "max_size": MAX_BODY_BYTES}
        if len(cut) <= MAX_BODY_BYTES:
            notification.log.warn(_CUT, **sizes)
        else:
            notification.log.error(f"{_CUT}, but still exceeds limit", **sizes)
        return cut


def _told(response: Response) -> str:
    """What an answer says of a failure; nothing when it is no JSON."""
    try:
        told = first_object(response.body, {"message": str, "errors": list, "error": str})
        parts = [told["message"], told["error"], ", ".join(texts_of(told["errors"]))]
    except ValueError:
        return ""
    return ": ".join(part for part in parts if part)
