"""Webex (Upstream: notify/webex)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `webex_configs`."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    message: str = entry(Text(), '{{ template "webex.default.message" . }}')
    room_id: str = entry(Text())

    def checked(self) -> Self:
        """A room, and an authorization of its own."""
        if not self.room_id:
            raise refused("missing room_id on webex_config", "room_id")
        if self.http_config is None or self.http_config.authorization is None:
            raise refused("missing webex_configs.http_config.authorization", "http_config")
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.webex_api_url
        if url is None:
            raise refused("no global Webex URL set", "api_url")
        return dataclasses.replace(self, api_url=url)
