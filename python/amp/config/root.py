"""The whole file as it was written (Upstream: config/config.go Config)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amp.config.inhibit_rule import InhibitRule, InhibitRuleOf
from amp.config.interval import MuteInterval, NamedInterval
from amp.config.receiver import Receiver
from amp.config.route import Route, RouteOf
from amp.fields.codec import ListOf, Text
from amp.fields.global_config import GlobalConfig
from amp.fields.struct import Struct, StructOf, entry

if TYPE_CHECKING:
    from amp.config.event_recorder import EventRecorder
    from amp.config.tracing import Tracing
    from amp.fields.json_schema import Definitions, Schema


class _RareBlock(StructOf):
    """A block that few files have: its module is imported with the first one; without it None."""

    zero = None

    def empty(self, value: Any) -> bool:
        return value is None or super().empty(value)


class _RootRouteOf(RouteOf):
    """The route that is everybody's parent."""

    def schema(self, definitions: Definitions) -> Schema:
        """It takes all alerts, so it has a receiver."""
        return super().schema(definitions) | {"required": ["receiver"]}


def _tracing() -> type[Struct]:
    from amp.config.tracing import Tracing

    return Tracing


def _event_recorder() -> type[Struct]:
    from amp.config.event_recorder import EventRecorder

    return EventRecorder


def _list(cls: type[Struct], go: str) -> ListOf:
    return ListOf(StructOf(cls, pointer=False), go)


@dataclass(frozen=True, slots=True)
class Root(Struct):
    """All top-level blocks."""

    GO = "config.plain"
    NEEDS = ("route", "receivers")

    global_config: GlobalConfig | None = entry(StructOf(GlobalConfig), name="global")
    route: Route | None = entry(_RootRouteOf())
    inhibit_rules: tuple[InhibitRule, ...] = entry(ListOf(InhibitRuleOf(), "[]common.InhibitRule"))
    receivers: tuple[Receiver, ...] = entry(_list(Receiver, "[]config.Receiver"))
    templates: tuple[str, ...] = entry(ListOf(Text(), "[]string"), keep=True)
    mute_time_intervals: tuple[MuteInterval, ...] = entry(
        _list(MuteInterval, "[]config.MuteTimeInterval")
    )
    time_intervals: tuple[NamedInterval, ...] = entry(_list(NamedInterval, "[]config.TimeInterval"))
    tracing: Tracing | None = entry(_RareBlock(_tracing, pointer=False))
    event_recorder: EventRecorder | None = entry(_RareBlock(_event_recorder, pointer=False))


ROOT = StructOf(Root)
