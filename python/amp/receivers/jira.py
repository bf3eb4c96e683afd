"""Jira (Upstream: notify/jira)."""

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
    Text,
)
from amp.fields.duration import Duration, PrometheusDuration
from amp.fields.http import HttpConfig
from amp.fields.node import SCALAR, Node
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from typing import Self

    from amp.fields.decode import Decoder
    from amp.fields.duration import Duration
    from amp.fields.global_config import GlobalConfig


@dataclass(frozen=True, slots=True)
class Field(Struct):
    """A text of an issue; `enable_update` unset means that updates set it too."""

    GO = "jira.plain"

    template: str = entry(Text())
    enable_update: bool | None = entry(Flag(optional=True))


class _FieldOf(StructOf):
    """Reads a field from a text, or from a mapping over the default."""

    def __init__(self, template: str) -> None:
        super().__init__(Field, pointer=False, defaults={"template": template})

    def read(self, decoder: Decoder, node: Node) -> Any:
        """A text alone is the template."""
        if node.kind == SCALAR:
            return Field(Text().read(decoder, node))
        return super().read(decoder, node)


_SUMMARY = '{{ template "jira.default.summary" . }}'
_DESCRIPTION = '{{ template "jira.default.description" . }}'


@dataclass(frozen=True, slots=True)
class Config(Struct):
    """One entry of `jira_configs`."""

    GO = "jira.plain"

    send_resolved: bool = entry(Flag(), default=True, keep=True)
    http_config: HttpConfig | None = entry(StructOf(HttpConfig))
    api_url: str | None = entry(HttpUrl())
    api_type: str = entry(Text(), "auto")
    project: str = entry(Text())
    summary: Field = entry(_FieldOf(_SUMMARY), Field(_SUMMARY))
    description: Field = entry(_FieldOf(_DESCRIPTION), Field(_DESCRIPTION))
    labels: tuple[str, ...] = entry(ListOf(Text(), "[]string"))
    priority: str = entry(Text(), '{{ template "jira.default.priority" . }}')
    issue_type: str = entry(Text())
    reopen_transition: str = entry(Text())
    resolve_transition: str = entry(Text())
    wont_fix_resolution: str = entry(Text())
    reopen_duration: Duration = entry(PrometheusDuration())
    fields: dict[str, Any] = entry(MapOf(Anything(), "map[string]interface {}"))

    def checked(self) -> Self:
        """The keys that every issue needs."""
        if not self.project:
            raise refused("missing project in jira_config", "project")
        if not self.issue_type:
            raise refused("missing issue_type in jira_config", "issue_type")
        if self.api_type not in ("auto", "cloud", "datacenter"):
            raise refused(
                "unknown api_type on jira_config, must be auto, cloud or datacenter", "api_type"
            )
        return self

    def inherit(self, defaults: GlobalConfig) -> Self:
        """The config with what it takes from `global`."""
        url = self.api_url or defaults.jira_api_url
        if url is None:
            raise refused("no global Jira Cloud URL set", "api_url")
        return dataclasses.replace(
            self, api_url=url, http_config=self.http_config or defaults.http_config
        )
