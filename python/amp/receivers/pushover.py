"""Pushover (Upstream: notify/pushover)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    SecretText,
    Text,
)
from amp.fields.duration import HOUR, MINUTE, Duration, go_duration_text
from amp.fields.http import HttpConfig
from amp.fields.pair import check_exactly_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


_DURATION = go_duration_text()


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `pushover_configs`."""

    GO = "config.plain"

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
