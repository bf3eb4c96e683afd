"""PagerDuty (Upstream: notify/pagerduty)."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from amp.errors import SendError
from amp.fields.codec import (
    Anything,
    Flag,
    HttpUrl,
    ListOf,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.duration import Duration, GoDuration, format_go_duration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.answer import first_object, texts_of
from amp.receivers.base import JSON, check, read_file, request
from amp.receivers.body import encode, filled
from amp.receivers.payload import Payload
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient, Response
    from amp.receivers.base import Notification

V1_URL = "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
MAX_EVENT_BYTES = 512_000
MAX_SUMMARY_RUNES = 1024
REMOVED = (
    "Custom details have been removed because the original event exceeds the maximum size of 512KB"
)

_DETAILS = {
    "firing": "{{ .Alerts.Firing | toJson }}",
    "resolved": "{{ .Alerts.Resolved | toJson }}",
    "num_firing": "{{ .Alerts.Firing | len }}",
    "num_resolved": "{{ .Alerts.Resolved | len }}",
}


@dataclass(frozen=True, slots=True)
class Image(Struct):
    """A picture of an incident."""

    GO = "pagerduty.PagerdutyImage"

    src: str = entry(Text())
    alt: str = entry(Text())
    href: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Link(Struct):
    """A link of an incident."""

    GO = "pagerduty.PagerdutyLink"

    href: str = entry(Text())
    text: str = entry(Text())


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `pagerduty_configs`.

    Attributes:
        source: the client when not given.
        severity: `error` when empty.
        timeout: bound of one attempt, none unless positive.
    """

    GO = "pagerduty.plain"
    NEEDS = (("routing_key", "routing_key_file", "service_key", "service_key_file"),)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    service_key: Secret = entry(SecretText())
    service_key_file: str = entry(Text())
    routing_key: Secret = entry(SecretText())
    routing_key_file: str = entry(Text())
    url: str | None = entry(HttpUrl())
    client: str = entry(Text(), '{{ template "pagerduty.default.client" . }}')
    client_url: str = entry(Text(), '{{ template "pagerduty.default.clientURL" . }}')
    description: str = entry(Text(), '{{ template "pagerduty.default.description" .}}')
    details: dict[str, Any] = entry(MapOf(Anything(), "map[string]interface {}"))
    images: tuple[Image, ...] = entry(
        ListOf(StructOf(Image, pointer=False), "[]pagerduty.PagerdutyImage")
    )
    links: tuple[Link, ...] = entry(
        ListOf(StructOf(Link, pointer=False), "[]pagerduty.PagerdutyLink")
    )
    source: str = entry(Text())
    severity: str = entry(Text())
    class_name: str = entry(Text(), name="class")
    component: str = entry(Text())
    group: str = entry(Text())
    timeout: Duration = entry(GoDuration(), keep=True)

    def checked(self) -> Self:
        """A key, each from one source; details and source get their defaults."""
        routing = self.routing_key or self.routing_key_file
        service = self.service_key or self.service_key_file
        if not routing and not service:
            raise refused("missing service or routing key in PagerDuty config", "routing_key")
        check_at_most_one("routing_key", self.routing_key, self.routing_key_file)
        check_at_most_one("service_key", self.service_key, self.service_key_file)
        return dataclasses.replace(
            self, details=_DETAILS | self.details, source=self.source or self.client
        )

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.url or defaults.pagerduty_url
        if url is None:
            raise refused("no global PagerDuty URL set", "url")
        return dataclasses.replace(
            self, url=url, http_config=self.http_config or defaults.http_config
        )


class Sender:
    """Sends one block's events, by v1 of the API where there is a service key, else by v2.

    Upstream: notify/pagerduty/pagerduty.go Notifier.
    """

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._v1 = bool(config.service_key or config.service_key_file)
        version, to = ("v1", " v1") if self._v1 else ("v2", "")
        self._about = f"failed to template PagerDuty {version} message"
        self._refused = f"failed to post message to PagerDuty{to}: "
        self._url = V1_URL if self._v1 else str(config.url)
        self._retry = {403} if self._v1 else {429}
        self._details = {name: Payload(config.details[name]) for name in sorted(config.details)}
        self._details_texts = [
            ("failed to render details", text)
            for payload in self._details.values()
            for text in payload.texts
        ]
        self._after_key = [(self._about, text) for text in _texts_after_key(config)]

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when PagerDuty did not take it.
        """
        resolved = notification.status == "resolved"
        details, texts = self._rendered(notification, resolved=resolved)
        dedup = notification.group_hash
        if self._v1:
            event = self._event_v1(notification, dedup, details, texts, resolved=resolved)
            holder, name = event, "details"
        else:
            event = self._event_v2(notification, dedup, details, texts, resolved=resolved)
            holder, name = event["payload"], "custom_details"
        body = _encoded(event)
        if len(body) > MAX_EVENT_BYTES:
            holder[name] = {"error": REMOVED}
            notification.log.warn(
                f"Truncated Details because message of size {_metric(len(body))} exceeds limit"
                f" {_metric(MAX_EVENT_BYTES)}"
            )
            body = _encoded(event)
        self._check(await self._post(body))

    def _rendered(
        self, notification: Notification, *, resolved: bool
    ) -> tuple[dict[str, Any], Iterator[str]]:
        """The details, and the other texts in the order in which upstream renders them."""
        config, about = self._config, self._about
        try:
            key = self._key()
        except SendError:
            # Details come before the key, everything else after it.
            notification.render_named(self._details_texts)
            raise
        own = [(about, text) for text in (config.description, config.client, config.client_url)]
        if self._v1:
            own = [own[0], (about, key), *([] if resolved else own[1:])]
        else:
            own = [*own, (about, key), *self._after_key]
        rendered = iter(notification.render_named([*self._details_texts, *own]))
        return {name: one.build(rendered) for name, one in self._details.items()}, rendered

    def _key(self) -> str:
        config = self._config
        if self._v1:
            key, file, name = config.service_key, config.service_key_file, "service"
        else:
            key, file, name = config.routing_key, config.routing_key_file, "routing"
        return key.reveal() if key else read_file(file, f"failed to read {name} key from file: ")

    def _event_v1(
        self,
        notification: Notification,
        dedup: str,
        details: dict[str, Any],
        texts: Iterator[str],
        *,
        resolved: bool,
    ) -> dict[str, Any]:
        description = _cut(notification, next(texts), "description")
        key = next(texts)
        if not key:
            raise SendError("service key cannot be empty")
        client, client_url = ("", "") if resolved else islice(texts, 2)
        return (
            {"service_key": key, "incident_key": dedup, "event_type": _action(resolved=resolved)}
            | filled(description=description)
            | {"event_action": "", "payload": None}
            | filled(client=client, client_url=client_url, details=details)
        )

    def _event_v2(
        self,
        notification: Notification,
        dedup: str,
        details: dict[str, Any],
        texts: Iterator[str],
        *,
        resolved: bool,
    ) -> dict[str, Any]:
        config = self._config
        summary = _cut(notification, next(texts), "summary")
        client, client_url, key = islice(texts, 3)
        if not key:
            raise SendError("routing key cannot be empty")
        source, severity, class_name, component, group = islice(texts, 5)
        payload = {"summary": summary, "source": source, "severity": severity} | filled(
            **{"class": class_name}, component=component, group=group, custom_details=details
        )
        images = [dict(zip(("src", "alt", "href"), texts, strict=False)) for _ in config.images]
        links = [dict(zip(("href", "text"), texts, strict=False)) for _ in config.links]
        event = {"routing_key": key, "dedup_key": dedup, "event_action": _action(resolved=resolved)}
        return (
            event
            | {"payload": payload}
            | filled(
                client=client,
                client_url=client_url,
                images=[image for image in images if image["src"]],
                links=[link for link in links if link["href"]],
            )
        )

    async def _post(self, body: bytes) -> Response:
        timeout = self._config.timeout
        try:
            async with asyncio.timeout(timeout.seconds if timeout > 0 else None):
                return await request(self._http, "POST", self._url, body, JSON, redacted=False)
        except SendError as error:
            raise SendError(f"{self._refused}{error}", retryable=True) from None
        except TimeoutError:
            cause = f"configured pagerduty timeout reached ({format_go_duration(timeout)})"
            text = f'{self._refused}Post "{self._url}": {cause}: {cause}'
            raise SendError(text, retryable=True) from None

    def _check(self, response: Response) -> None:
        try:
            check(response, retry=self._retry, details=_told(response))
        except SendError as error:
            if self._v1:
                error.reason = "other"
            raise


def _texts_after_key(config: Config) -> list[str]:
    texts = [config.source, config.severity or "error", config.class_name]
    texts += [config.component, config.group]
    for image in config.images:
        texts += [image.src, image.alt, image.href]
    for link in config.links:
        texts += [link.href, link.text]
    return texts


def _action(*, resolved: bool) -> str:
    return "resolve" if resolved else "trigger"


def _cut(notification: Notification, text: str, name: str) -> str:
    text, cut = truncate_runes(text, MAX_SUMMARY_RUNES)
    if cut:
        notification.log.warn(
            f"Truncated {name}", key=notification.group_key, max_runes=MAX_SUMMARY_RUNES
        )
    return text


def _encoded(event: dict[str, Any]) -> bytes:
    try:
        return encode(event)
    except SendError as error:
        raise SendError(f"failed to encode PagerDuty message: {error}") from None


def _metric(size: int) -> str:
    """Bytes as `512KB345B`. Upstream: alecthomas/units MetricBytes.String."""
    text = ""
    for unit in ("B", "KB", "MB", "GB"):
        size, rest = divmod(size, 1000)
        if rest:
            text = f"{rest}{unit}{text}"
    return text


def _told(response: Response) -> str:
    """What an answer with 400 says; nothing of other answers."""
    if response.status != 400:
        return ""
    try:
        told = first_object(response.body, {"status": str, "message": str, "errors": list})
        return f"{told['message']}: {','.join(texts_of(told['errors']))}"
    except ValueError:
        return ""
