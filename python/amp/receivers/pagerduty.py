"""PagerDuty (Upstream: notify/pagerduty)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.codec import (
    Anything,
    Flag,
    HttpUrl,
    ListOf,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


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
