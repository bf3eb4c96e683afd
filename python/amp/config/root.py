"""The whole file as it was written (Upstream: config/config.go Config)."""

from __future__ import annotations

from dataclasses import dataclass

from amp.config.event_recorder import EventRecorder
from amp.config.inhibit_rule import InhibitRule, InhibitRuleOf
from amp.config.interval import MuteInterval, NamedInterval
from amp.config.receiver import Receiver
from amp.config.route import Route, RouteOf
from amp.config.tracing import Tracing
from amp.fields.codec import ListOf, Text
from amp.fields.global_config import GlobalConfig
from amp.fields.struct import Struct, StructOf, entry


def _list(cls: type[Struct], go: str) -> ListOf:
    return ListOf(StructOf(cls, pointer=False), go)


@dataclass(frozen=True, slots=True)
class Root(Struct):
    """All top-level blocks."""

    GO = "config.plain"

    global_config: GlobalConfig | None = entry(StructOf(GlobalConfig), name="global")
    route: Route | None = entry(RouteOf())
    inhibit_rules: tuple[InhibitRule, ...] = entry(ListOf(InhibitRuleOf(), "[]common.InhibitRule"))
    receivers: tuple[Receiver, ...] = entry(_list(Receiver, "[]config.Receiver"))
    templates: tuple[str, ...] = entry(ListOf(Text(), "[]string"), keep=True)
    mute_time_intervals: tuple[MuteInterval, ...] = entry(
        _list(MuteInterval, "[]config.MuteTimeInterval")
    )
    time_intervals: tuple[NamedInterval, ...] = entry(_list(NamedInterval, "[]config.TimeInterval"))
    tracing: Tracing = entry(StructOf(Tracing, pointer=False))
    event_recorder: EventRecorder = entry(StructOf(EventRecorder, pointer=False))


ROOT = StructOf(Root)
