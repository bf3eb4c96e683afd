"""The routing tree of a configuration, from a file or from a running Alertmanager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amp._core import Matcher, format_matchers
from amp.cli.amtool.status import status
from amp.cli.command_line.clause import Fatal
from amp.config.load import load_config, load_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amp.cli.amtool.invocation import Invocation
    from amp.config.schema import Config


def load(invocation: Invocation) -> Config:
    """The configuration that the flags name; a file wins over a server.

    Raises:
        Fatal: when neither is named.
        AmpError: when it cannot be had or is refused.
    """
    file = invocation.values.text("config.file")
    remote = invocation.values.get("alertmanager.url") is not None
    if remote and file:
        invocation.warn("Warning: --config.file flag overrides the --alertmanager.url.")
    if file:
        return load_file(file, invocation.mode, invocation.note_matchers)
    if not remote:
        raise Fatal("You have to specify one of --config.file or --alertmanager.url flags.")
    text = status(invocation, "config")["config"]["original"] or ""
    return load_config(text, matcher_mode=invocation.mode, matchers_seen=invocation.note_matchers)


class RouteNode:
    """A route with the receiver that it has, also by inheritance."""

    def __init__(self, plan: Mapping[str, Any], inherited: str = "") -> None:
        self.matchers = [Matcher(*parts) for parts in plan["matchers"]]
        self.receiver = plan["receiver"] or inherited
        self.continues = bool(plan["continue"])
        self.routes = [RouteNode(child, self.receiver) for child in plan["routes"]]

    @classmethod
    def root(cls, config: Config) -> RouteNode:
        """The tree of a configuration."""
        return cls(json.loads(config.plan())["route"])

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels comes here from the parent."""
        return all(matcher.matches(labels.get(matcher.name, "")) for matcher in self.matchers)

    def text(self, *, shows_continue: bool, shows_receiver: bool) -> str:
        """The route as a node of a drawn tree."""
        parts = [format_matchers(self.matchers) if self.matchers else "default-route"]
        if self.continues and shows_continue:
            parts.append("continue: true")
        if shows_receiver:
            parts.append(f"receiver: {self.receiver}")
        return "  ".join(parts)


class Branch:
    """A node of a drawn tree."""

    def __init__(self, text: str, branches: list[Branch]) -> None:
        self.text = text
        self.branches = branches

    def lines(self, before: str = "", last: bool = True) -> Iterator[str]:
        """The node and what hangs on it, line by line."""
        yield f"{before}{'└' if last else '├'}── {self.text}"
        inner = before + ("    " if last else "│   ")
        for branch in self.branches:
            yield from branch.lines(inner, branch is self.branches[-1])


def drawn(branch: Branch) -> str:
    """A tree as text, with a dot for its root."""
    return "\n".join([".", *branch.lines()]) + "\n"
