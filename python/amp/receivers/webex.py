"""Webex (Upstream: notify/webex)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.receivers.base import check, post_json
from amp.receivers.body import encode, filled
from amp.receivers.text import truncate_bytes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification

MAX_MESSAGE_BYTES = 7439


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `webex_configs`."""

    GO = "config.plain"
    NEEDS = ("room_id",)

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


async def send(config: Config, notification: Notification, http: HttpClient) -> None:
    """Makes one attempt (Upstream: notify/webex/webex.go Notifier.Notify).

    Raises:
        SendError: when Webex did not take it.
    """
    message, cut = truncate_bytes(notification.render(config.message), MAX_MESSAGE_BYTES)
    if cut:
        notification.log.debug(
            "message truncated due to exceeding maximum allowed length by webex",
            group_key=notification.group_key,
            truncated_message=message,
        )
    body = encode({"markdown": message} | filled(roomId=_room(config, notification)))
    check(await post_json(http, config.api_url or "", body))


def _room(config: Config, notification: Notification) -> str:
    """The room; none if its template fails, since upstream sends the message even then."""
    try:
        return notification.render(config.room_id)
    except SendError as error:
        notification.log.warn(
            "Template of room_id failed, the message names no room",
            group_key=notification.group_key,
            err=error,
        )
        return ""
