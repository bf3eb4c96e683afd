"""Opsgenie (Upstream: notify/opsgenie)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    ListOf,
    MapOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused
from amp.fields.url import with_final_slash

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


_TYPES = ("team", "teams", "user", "escalation", "schedule")


@dataclass(frozen=True, slots=True)
class Responder(Struct):
    """Who is responsible for an alert."""

    GO = "opsgenie.OpsGenieConfigResponder"

    id: str = entry(Text())
    name: str = entry(Text())
    username: str = entry(Text())
    type: str = entry(Text())

    def __str__(self) -> str:
        return f"{{{self.id} {self.name} {self.username} {self.type}}}"


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `opsgenie_configs`."""

    GO = "opsgenie.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_key: Secret = entry(SecretText())
    api_key_file: str = entry(Text())
    api_url: str | None = entry(HttpUrl())
    message: str = entry(Text(), '{{ template "opsgenie.default.message" . }}')
    description: str = entry(Text(), '{{ template "opsgenie.default.description" . }}')
    source: str = entry(Text(), '{{ template "opsgenie.default.source" . }}')
    details: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    entity: str = entry(Text())
    responders: tuple[Responder, ...] = entry(
        ListOf(StructOf(Responder, pointer=False), "[]opsgenie.OpsGenieConfigResponder")
    )
    actions: str = entry(Text())
    tags: str = entry(Text())
    note: str = entry(Text())
    priority: str = entry(Text())
    update_alerts: bool = entry(Flag())

    def checked(self) -> Self:
        """One key, and responders that can be addressed."""
        check_at_most_one("api_key", self.api_key, self.api_key_file)
        for responder in self.responders:
            _check(responder)
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.opsgenie_api_url
        if url is None:
            raise refused("no global OpsGenie URL set", "api_url")
        key = self.api_key or defaults.opsgenie_api_key
        file = self.api_key_file or defaults.opsgenie_api_key_file
        if not key and not file:
            raise refused("no global OpsGenie API Key set either inline or in a file", "api_key")
        return dataclasses.replace(
            self,
            api_url=with_final_slash(url),
            api_key=key,
            api_key_file=file,
            http_config=self.http_config or defaults.http_config,
        )


def _check(responder: Responder) -> None:
    if not (responder.id or responder.name or responder.username):
        raise refused(
            f"opsGenieConfig responder {responder} has to have at least one of id, username or"
            " name specified",
            "responders",
        )
    if "{{" in responder.type:
        _check_template(responder)
    elif responder.type.lower() not in _TYPES:
        shown = dataclasses.replace(responder, type=responder.type.lower())
        raise refused(
            f"opsGenieConfig responder {shown} type does not match valid options"
            f" ^({'|'.join(_TYPES)})$",
            "responders",
        )


def _check_template(responder: Responder) -> None:
    from amp._core import TemplateError, check_template

    try:
        check_template(responder.type, True)
    except TemplateError as error:
        raise refused(
            f"opsGenieConfig responder {responder} type contains invalid template syntax: {error}",
            "responders",
        ) from None
