"""The plan: what the core needs of a configuration (CONTRIBUTING.md, Interfaces)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amp.fields.matchers import matcher_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from amp._core import Matcher
    from amp.config.inhibit_rule import InhibitRule
    from amp.config.route import Route
    from amp.fields.matchers import Pattern


def plan(route: Route, rules: Iterable[InhibitRule], mode: str) -> bytes:
    """Routes and inhibit rules as JSON."""
    found = {"mode": mode, "route": _route(route), "inhibit_rules": [_rule(rule) for rule in rules]}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _route(route: Route) -> dict[str, Any]:
    return {
        "receiver": route.receiver,
        "matchers": _matchers(route.match, route.match_re, route.matchers),
        "continue": route.continue_matching,
        "group_by": None if route.group_by is None else list(route.group_by),
        "group_wait_ns": route.group_wait,
        "group_interval_ns": route.group_interval,
        "repeat_interval_ns": route.repeat_interval,
        "labels": route.labels,
        "mute_time_intervals": list(route.mute_time_intervals),
        "active_time_intervals": list(route.active_time_intervals),
        "routes": [_route(child) for child in route.routes],
    }


def _rule(rule: InhibitRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "source_matchers": _matchers(rule.source_match, rule.source_match_re, rule.source_matchers),
        "target_matchers": _matchers(rule.target_match, rule.target_match_re, rule.target_matchers),
        "equal": list(rule.equal),
    }


def _matchers(
    equal: Mapping[str, str], patterns: Mapping[str, Pattern], matchers: Iterable[Matcher]
) -> list[list[str]]:
    """Legacy maps and matchers together, sorted as upstream sorts them."""
    found = [[name, "=", value] for name, value in equal.items()]
    found += [[name, "=~", pattern.anchored] for name, pattern in patterns.items()]
    found += [[matcher.name, matcher.op, matcher.value] for matcher in matchers]
    return sorted(found, key=lambda part: matcher_order(*part))
