"""A clock, a log and the event recorder's instruments, for tests of events."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from amp.api.exposition import exposition
from amp.log import Logger
from amp.metrics.events import EventMetrics
from fakes import FakeClock


@dataclass
class Scene:
    """A clock, a log and instruments."""

    clock: FakeClock = field(default_factory=FakeClock)
    stream: io.StringIO = field(default_factory=io.StringIO)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.log = Logger(self.stream)
        self.metrics = EventMetrics(self.registry, lambda: 0.0)

    def lines(self, text: str) -> list[str]:
        """The log's lines that have the text."""
        return [line for line in self.stream.getvalue().splitlines() if text in line]

    def series(self, name: str) -> dict[str, float]:
        """The values of a counter by its labels, as the exposition writes them."""
        found = {}
        for line in exposition(self.registry).decode().splitlines():
            key, _, value = line.rpartition(" ")
            if key.startswith(f"alertmanager_{name}"):
                found[key.removeprefix(f"alertmanager_{name}")] = float(value)
        return found
