"""Sample groups: alerts that a route would take, in the engine's own hands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from amp._core import Engine, RouteTree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp._core import Route as CompiledRoute
    from amp._core import TemplateData, Templates
    from amp.config.route import Route
    from amp.config.schema import Config

EXTERNAL_URL = "http://alertmanager.example:9093"
SECOND_NS = 1_000_000_000
LABELS = {"alertname": "SampleAlert", "severity": "critical", "job": "sample"}
ANNOTATIONS = {
    "summary": "A sample summary",
    "description": "A sample description",
    "runbook_url": "https://runbooks.example/sample",
}


class Group(NamedTuple):
    """What templates see of one sample group of one route.

    Attributes:
        route: the route's key.
        what: `firing` or `resolved`.
        label_errors: (name, reason) of route labels that do not render.
    """

    receiver: str
    route: str
    what: str
    data: TemplateData
    label_errors: list[tuple[str, str]]


def groups(config: Config, templates: Templates, now_ns: int) -> Iterator[Group]:
    """Two groups of each route, with three alerts each; what routes have in common comes once."""
    compiled = RouteTree(config.plan()).routes()
    seen: set[str] = set()
    for route, labels in zip(compiled, _labels_of(config.route, {}), strict=True):
        wanted = {**{name: f"sample {name}" for name in route.group_by}, **LABELS, **labels}
        same = json.dumps([route.receiver, route.group_by, route.labels, wanted])
        if same not in seen:
            seen.add(same)
            yield from _groups_of(route, wanted, config.matcher_mode, templates, now_ns)


def _labels_of(route: Route, above: dict[str, str]) -> Iterator[dict[str, str]]:
    """The labels that the matchers of a route and its parents ask for, in the compiled order."""
    asked = {matcher.name: matcher.value for matcher in route.matchers if matcher.op == "="}
    here = {**above, **route.match, **asked}
    for child in route.routes:
        yield from _labels_of(child, here)
    yield here


def _groups_of(
    route: CompiledRoute, labels: dict[str, str], mode: str, templates: Templates, now_ns: int
) -> Iterator[Group]:
    engine = Engine()
    engine.configure(_plan(route, mode), templates, now_ns)
    # Alerts of one group differ in a label by which they are not grouped.
    differing = next(name for name in ("instance", "pod", "sample", "n") if name not in labels)
    each = [{**labels, differing: f"host{number}:9100"} for number in (1, 2, 3)]
    timers = _ingest(engine, each, now_ns, ended=False)
    some = 0 if route.group_by_all else 1
    for what, ended, at_ns in (("firing", some, now_ns), ("resolved", 3, now_ns + SECOND_NS)):
        _ingest(engine, each[:ended], at_ns, ended=True)
        [batch] = engine.flush([timers[0][0]], at_ns + SECOND_NS)
        if batch is not None:
            data = batch.template_data("first notification", EXTERNAL_URL)
            yield Group(route.receiver, route.route_key, what, data, batch.route_label_errors)


def _plan(route: CompiledRoute, mode: str) -> bytes:
    """A tree of this route alone, which takes everything."""
    whole = {
        "receiver": route.receiver,
        "matchers": [],
        "continue": False,
        "group_by": ["..."] if route.group_by_all else route.group_by,
        "group_wait_ns": None,
        "group_interval_ns": None,
        "repeat_interval_ns": None,
        "labels": route.labels,
        "mute_time_intervals": [],
        "active_time_intervals": [],
        "routes": [],
    }
    return json.dumps({"mode": mode, "route": whole, "inhibit_rules": []}).encode()


def _ingest(
    engine: Engine, each: list[dict[str, str]], now_ns: int, *, ended: bool
) -> list[tuple[int, int, bool]]:
    body = json.dumps([_alert(labels, now_ns, ended=ended) for labels in each]).encode()
    return engine.ingest(body, now_ns, 300 * SECOND_NS).timers


def _alert(labels: dict[str, str], now_ns: int, *, ended: bool) -> dict[str, object]:
    now = datetime.fromtimestamp(now_ns // SECOND_NS, UTC)
    return {
        "labels": labels,
        "annotations": ANNOTATIONS,
        "startsAt": (now - timedelta(minutes=10)).isoformat(),
        "endsAt": (now if ended else now + timedelta(hours=1)).isoformat(),
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
    }
