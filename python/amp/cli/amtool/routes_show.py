"""`amtool config routes show` (Upstream: cli/routing.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.cli.amtool.routes import Branch, RouteNode, drawn, load
from amp.cli.command_line.clause import Fatal
from amp.errors import AmpError

if TYPE_CHECKING:
    from amp.cli.amtool.invocation import Invocation


def show_routes(invocation: Invocation) -> None:
    """Draws the routing tree."""
    try:
        root = RouteNode.root(load(invocation))
    except AmpError as error:
        raise Fatal(str(error)) from None
    invocation.write(f"Routing tree:\n{drawn(_branch(root))}\n")


def _branch(route: RouteNode) -> Branch:
    text = route.text(shows_continue=True, shows_receiver=True)
    return Branch(text, [_branch(child) for child in route.routes])
