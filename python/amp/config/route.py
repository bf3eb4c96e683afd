"""The `route` tree (Upstream: config/config.go Route)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.fields.codec import Flag, ListOf, MapOf, Text
from amp.fields.decode import BAD, Codec, Decoder
from amp.fields.duration import Duration, PrometheusDuration
from amp.fields.matchers import (
    LabelTexts,
    Matchers,
    Pattern,
    Regexes,
    check_classic_names,
    valid_name,
)
from amp.fields.quote import quote
from amp.fields.struct import Struct, StructOf, entry, refused

if TYPE_CHECKING:
    from amp._core import Matcher
    from amp.fields.json_schema import Definitions, Schema
    from amp.fields.node import Node

ALL = "..."
_TEXTS = ListOf(Text(), "[]string")
_DURATION = PrometheusDuration(optional=True)


class _Routes(Codec):
    """Child routes; the struct's own codec is made when first needed."""

    go = "[]*config.Route"
    zero = ()

    def read(self, decoder: Decoder, node: Node) -> Any:
        found = ListOf(RouteOf(), self.go).read(decoder, node)
        if found is not BAD and None in found:
            decoder.path.append(found.index(None))
            raise ConfigError("routes must not have empty entries")
        return found

    def dump(self, value: Any) -> Any:
        return ListOf(RouteOf(), self.go).dump(value)

    def schema(self, definitions: Definitions) -> Schema:
        return ListOf(RouteOf(), self.go).schema(definitions)


@dataclass(frozen=True, slots=True)
class Route(Struct):
    """A node of the routing tree; None and empty texts are inherited from the parent."""

    GO = "config.plain"

    receiver: str = entry(Text())
    group_by: tuple[str, ...] | None = entry(ListOf(Text(), "[]string", optional=True))
    match: dict[str, str] = entry(MapOf(Text(), "map[string]string"))
    match_re: dict[str, Pattern] = entry(Regexes())
    matchers: tuple[Matcher, ...] = entry(Matchers())
    mute_time_intervals: tuple[str, ...] = entry(_TEXTS)
    active_time_intervals: tuple[str, ...] = entry(_TEXTS)
    continue_matching: bool = entry(Flag(), name="continue", keep=True)
    routes: tuple[Route, ...] = entry(_Routes())
    group_wait: Duration | None = entry(_DURATION)
    group_interval: Duration | None = entry(_DURATION)
    repeat_interval: Duration | None = entry(_DURATION)
    labels: dict[str, str] = entry(LabelTexts())

    @property
    def group_by_all(self) -> bool:
        """Whether alerts are grouped by all their labels."""
        return self.group_by is not None and ALL in self.group_by


class RouteOf(StructOf):
    """Reads routes with the rules that depend on the matcher mode."""

    def __init__(self) -> None:
        super().__init__(Route)

    def read(self, decoder: Decoder, node: Node) -> Any:
        route = super().read(decoder, node)
        if route is BAD:
            return route
        check_classic_names(route.match, "match")
        _check_group_by(route.group_by or (), decoder.mode)
        for name in ("group_interval", "repeat_interval"):
            if getattr(route, name) == 0:
                raise refused(f"{name} cannot be zero", name)
        for label in route.labels:
            if not valid_name(label, decoder.mode):
                raise refused(f"invalid label name {quote(label)} in route labels", "labels")
        return route


def _check_group_by(group_by: tuple[str, ...], mode: str) -> None:
    names = [name for name in group_by if name != ALL]
    for name in names:
        if not valid_name(name, mode):
            raise refused(f"invalid label name {quote(name)} in group_by list", "group_by")
    if names and len(names) < len(group_by):
        raise refused(
            "cannot have wildcard group_by (`...`) and other labels at the same time", "group_by"
        )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise refused(f"duplicated label {quote(name)} in group_by", "group_by")
        seen.add(name)


def used_receivers(root: Route) -> set[str]:
    """The names of the receivers that at least one route has."""
    return {root.receiver}.union(*(used_receivers(child) for child in root.routes)) - {""}
