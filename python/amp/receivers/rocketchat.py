"""Rocket.Chat (Upstream: notify/rocketchat)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.fields.codec import (
    Flag,
    HttpUrl,
    ListOf,
    SecretText,
    Text,
)
from amp.fields.http import HttpConfig
from amp.fields.pair import check_at_most_one
from amp.fields.secret import Secret
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.global_config import GlobalConfig
    from amp.fields.secret import Secret


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """One field of an attachment."""

    GO = "config.RocketchatAttachmentField"

    short: bool | None = entry(Flag(optional=True), keep=True)
    title: str = entry(Text(), keep=True)
    value: str = entry(Text(), keep=True)


@dataclass(frozen=True, slots=True)
class Action(Struct):
    """One button of an attachment."""

    GO = "config.RocketchatAttachmentAction"

    type: str = entry(Text(), keep=True)
    text: str = entry(Text(), keep=True)
    url: str = entry(Text(), keep=True)
    imageurl: str = entry(Text(), keep=True)
    iswebview: bool = entry(Flag(), keep=True)
    webviewheightratio: str = entry(Text(), keep=True)
    msg: str = entry(Text(), keep=True)
    msginchatwindow: bool = entry(Flag(), keep=True)
    msgprocessingtype: str = entry(Text(), keep=True)


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `rocketchat_configs`."""

    GO = "config.plain"

    send_resolved: bool = entry(Flag(), default=False, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    token_id: Secret = entry(SecretText())
    token_id_file: str = entry(Text())
    token: Secret = entry(SecretText())
    token_file: str = entry(Text())
    channel: str = entry(Text())
    color: str = entry(Text(), '{{ if eq .Status "firing" }}red{{ else }}green{{ end }}')
    title: str = entry(Text(), '{{ template "rocketchat.default.title" . }}')
    title_link: str = entry(Text(), '{{ template "rocketchat.default.titlelink" . }}')
    text: str = entry(Text(), '{{ template "rocketchat.default.text" . }}')
    fields: tuple[Field, ...] = entry(
        ListOf(StructOf(Field), "[]*config.RocketchatAttachmentField")
    )
    short_fields: bool = entry(Flag(), keep=True)
    emoji: str = entry(Text(), '{{ template "rocketchat.default.emoji" . }}')
    icon_url: str = entry(Text(), '{{ template "rocketchat.default.iconurl" . }}')
    image_url: str = entry(Text())
    thumb_url: str = entry(Text())
    link_names: bool = entry(Flag(), keep=True)
    actions: tuple[Action, ...] = entry(
        ListOf(StructOf(Action), "[]*config.RocketchatAttachmentAction")
    )

    def checked(self) -> Self:
        """At most one source each of token and token id."""
        for name in ("token", "token_id"):
            check_at_most_one(name, getattr(self, name), getattr(self, f"{name}_file"))
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        token_id = self.token_id or defaults.rocketchat_token_id
        token_id_file = self.token_id_file or defaults.rocketchat_token_id_file
        if not token_id and not token_id_file:
            raise refused("no global Rocketchat TokenID set either inline or in a file", "token_id")
        token = self.token or defaults.rocketchat_token
        token_file = self.token_file or defaults.rocketchat_token_file
        if not token and not token_file:
            raise refused("no global Rocketchat Token set either inline or in a file", "token")
        return dataclasses.replace(
            self,
            api_url=self.api_url or defaults.rocketchat_api_url,
            token_id=token_id,
            token_id_file=token_id_file,
            token=token,
            token_file=token_file,
            http_config=self.http_config or defaults.http_config,
        )
