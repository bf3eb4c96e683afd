"""Webhooks (Upstream: notify/webhook)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.fields.codec import Anything, Flag, Int, Text
from amp.fields.duration import Duration, GoDuration
from amp.fields.http import HttpConfig
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.template_url import TemplateUrl

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


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
        if not self.url and not self.url_file:
            raise refused("one of url or url_file must be configured", "url")
        if self.url and self.url_file:
            raise refused("at most one of url & url_file must be configured", "url")
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        if self.http_config is not None:
            return self
        return dataclasses.replace(self, http_config=defaults.http_config)
