"""VictorOps (Upstream: notify/victorops)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.errors import SendError
from amp.fields.codec import (
    Flag,
    HttpUrl,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import extended, with_final_slash
from amp.receivers.base import check, post_json, read_file
from amp.receivers.body import encode
from amp.receivers.text import truncate_runes

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret
    from amp.httpclient import HttpClient
    from amp.receivers.base import Notification


MAX_MESSAGE_RUNES = 20480
RESOLVED = "RECOVERY"
_KEPT = ("INFO", "WARNING", "CRITICAL")
_RESERVED = (
    "routing_key",
    "message_type",
    "state_message",
    "entity_display_name",
    "monitoring_tool",
    "entity_id",
    "entity_state",
)


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `victorops_configs`."""

    GO = "config.plain"
    NEEDS = ("routing_key",)

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_key: Secret = entry(SecretText())
    api_key_file: str = entry(Text())
    api_url: str | None = entry(HttpUrl())
    routing_key: str = entry(Text())
    message_type: str = entry(Text(), "CRITICAL", keep=True)
    state_message: str = entry(Text(), '{{ template "victorops.default.state_message" . }}')
    entity_display_name: str = entry(
        Text(), '{{ template "victorops.default.entity_display_name" . }}'
    )
    monitoring_tool: str = entry(Text(), '{{ template "victorops.default.monitoring_tool" . }}')
    custom_fields: dict[str, str] = entry(MapOf(Text(), "map[string]string"))

    def checked(self) -> Self:
        """A routing key, at most one API key, no custom field with a name of ours."""
        if not self.routing_key:
            raise refused("missing Routing key in VictorOps config", "routing_key")
        check_at_most_one("api_key", self.api_key, self.api_key_file)
        for name in _RESERVED:
            if name in self.custom_fields:
                raise refused(
                    f"victorOps config contains custom field {name} which cannot be used as it"
                    " conflicts with the fixed/static fields",
                    "custom_fields",
                )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.victorops_api_url
        if url is None:
            raise refused("no global VictorOps URL set", "api_url")
        key = self.api_key or defaults.victorops_api_key
        file = self.api_key_file or defaults.victorops_api_key_file
        if not key and not file:
            raise refused("no global VictorOps API Key set", "api_key")
        return dataclasses.replace(
            self,
            api_url=with_final_slash(url),
            api_key=key,
            api_key_file=file,
            http_config=self.http_config or defaults.http_config,
        )


class Sender:
    """Tells VictorOps (Upstream: notify/victorops/victorops.go Notifier.Notify)."""

    def __init__(self, config: Config, http: HttpClient) -> None:
        self._config = config
        self._http = http
        self._path = ""
        self._url = ""

    async def __call__(self, notification: Notification) -> None:
        """Makes one attempt.

        Raises:
            SendError: when VictorOps did not take it.
        """
        path = self._path_now(notification)
        try:
            body = _body(self._config, notification)
        except SendError as error:
            # Another attempt fails in the same way, but upstream makes it.
            raise SendError(f"templating error: {error}", retryable=True) from None
        # It hardly ever changes, and escaping costs more than the rest.
        if path != self._path:
            self._path, self._url = path, extended(self._config.api_url or "", path)
        check(await post_json(self._http, self._url, encode(body)))

    def _path_now(self, notification: Notification) -> str:
        config = self._config
        if config.api_key:
            key = config.api_key.reveal()
        else:
            key = read_file(config.api_key_file, "failed to read API key from file: ")
        try:
            return f"{key}/{notification.render(config.routing_key)}"
        except SendError as error:
            raise SendError(f"templating error: {error}") from None


def _body(config: Config, notification: Notification) -> dict[str, str]:
    custom = sorted(config.custom_fields)
    kind, state, name, tool, *values = notification.render_all(
        config.message_type,
        config.state_message,
        config.entity_display_name,
        config.monitoring_tool,
        *(config.custom_fields[field] for field in custom),
    )
    if notification.status == "resolved":
        kind = RESOLVED
    elif kind not in _KEPT:
        kind = "CRITICAL"
    state, cut = truncate_runes(state, MAX_MESSAGE_RUNES)
    if cut:
        notification.log.warn(
            "Truncated state_message",
            group_key=notification.group_key,
            max_runes=MAX_MESSAGE_RUNES,
        )
    body = {
        "message_type": kind,
        "entity_id": notification.group_hash,
        "entity_display_name": name,
        "state_message": state,
        "monitoring_tool": tool,
        **dict(zip(custom, values, strict=True)),
    }
    return dict(sorted(body.items()))
