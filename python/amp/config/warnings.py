"""What deserves a warning after a successful load (Upstream: app/reloader.go)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amp._core import RouteTree
from amp.fields.duration import SECOND, Duration, format_go_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amp._core import Route as CompiledRoute
    from amp.config.route import Route
    from amp.config.schema import Config


@dataclass(frozen=True, slots=True)
class LoadWarning:
    """A line for the log.

    Attributes:
        message: the text.
        attributes: keys and values that follow it.
    """

    message: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def warnings(config: Config, retention_seconds: float) -> list[LoadWarning]:
    """Intervals that cannot work as written, parents first."""
    compiled = iter(RouteTree(config.plan()).routes())
    retention = Duration(retention_seconds * SECOND)
    return [
        *(
            warning
            for route in _parents_first(config.route, compiled)
            for warning in _of_route(route, retention)
        ),
    ]


def _parents_first(route: Route, compiled: Iterator[CompiledRoute]) -> list[CompiledRoute]:
    """The compiled routes, which come children first, in the order of the file."""
    below = [found for child in route.routes for found in _parents_first(child, compiled)]
    return [next(compiled), *below]


def _of_route(route: CompiledRoute, retention: Duration) -> Iterator[LoadWarning]:
    repeat = format_go_duration(route.repeat_interval_ns)
    if route.repeat_interval_ns > retention:
        yield LoadWarning(
            "repeat_interval is greater than the data retention period. It can lead to"
            " notifications being repeated more often than expected.",
            {
                "repeat_interval": repeat,
                "retention": format_go_duration(retention),
                "route": route.route_key,
            },
        )
    if route.repeat_interval_ns < route.group_interval_ns:
        yield LoadWarning(
            "repeat_interval is less than group_interval. Notifications will not repeat until the"
            " next group_interval.",
            {
                "repeat_interval": repeat,
                "group_interval": format_go_duration(route.group_interval_ns),
                "route": route.route_key,
            },
        )
