"""`amtool config routes test` (Upstream: cli/test_routing.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp._core import RouteTree
from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.routes import Branch, RouteNode, drawn, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.cli.amtool.invocation import Invocation


def show_receivers(invocation: Invocation) -> int:
    """Shows the receivers that an alert with these labels reaches; 1 when others were wanted."""
    values = invocation.values
    config = load(invocation)
    labels = _labels(invocation)
    if values.given("tree"):
        tree = drawn(_matching(RouteNode.root(config), labels))
        invocation.write(f"Matching routes:\n{tree}\n\n")
    receivers = ",".join(match.receiver for match in RouteTree(config.plan()).match(labels))
    invocation.write(f"{receivers}\n")
    wanted = values.text("verify.receivers")
    if wanted in ("", receivers):
        return 0
    invocation.write("WARNING: Expected receivers did not match resolved receivers.\n")
    return 1


def _labels(invocation: Invocation) -> dict[str, str]:
    refusal = "Labels must be specified as key=value pairs"
    try:
        return invocation.pairs(invocation.values.texts("labels"), refusal)
    except ToolError:
        raise
    except ValueError as error:
        raise ToolError(f"Failed to parse labels: {error}") from None


def _matching(route: RouteNode, labels: Mapping[str, str]) -> Branch:
    """The routes that an alert passes; where it stays, the receiver is shown."""
    branches: list[Branch] = []
    for child in route.routes:
        if child.matches(labels):
            branches.append(_matching(child, labels))
            if not child.continues:
                break
    text = route.text(shows_continue=False, shows_receiver=not branches)
    return Branch(text, branches)
