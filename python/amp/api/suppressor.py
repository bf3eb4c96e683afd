"""Names what held an alert back."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from amp._core import Matcher, SilenceIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.model import Held
    from amp.running import Running


class Suppressor:
    """Looks up what is at work right now; made for one request."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def reason(self, held: Held, labels: Mapping[str, str]) -> str:
        """Who held an alert with these labels back, for people."""
        if held.by == "silence":
            return _named("silence", self._silences.silenced_by(labels))
        if held.by == "inhibition":
            return self._inhibition(labels)
        return _named(held.by, [f'"{name}"' for name in held.names])

    def _inhibition(self, labels: Mapping[str, str]) -> str:
        running = self._running
        found = running.engine.inhibited_by(labels, running.clock.now_ns())
        if not found:
            return "inhibition"
        rule, source, _ = found[0]
        rules = running.live.config.root.inhibit_rules
        name = rules[rule].name if rule < len(rules) else ""
        shown = f'"{name}"' if name else str(rule)
        return f"inhibition by {source} (rule {shown})"

    @cached_property
    def _silences(self) -> SilenceIndex:
        index = SilenceIndex()
        for silence in self._running.silences.query([], expired=False, pending=False):
            sets = [[Matcher(*one) for one in matchers] for matchers in silence.matcher_sets]
            index.set(silence.id, sets)
        return index


def _named(what: str, names: list[str]) -> str:
    return f"{what} {', '.join(names)}" if names else what
