"""The history put together as the application does, on a clock and in the turns of a test."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp._core import Engine, Journal, Templates
from amp.api.times import milliseconds
from amp.clock import SECOND_NS
from amp.history.retention import Budget
from amp.history.writer import HistoryWriter
from amp.log import Logger
from amp.metrics import Metrics
from fakes import FakeClock

if TYPE_CHECKING:
    from amp.history.base import HistoryStore

RESOLVE_NS = 300 * SECOND_NS
PLAN = {"mode": "fallback", "route": {"receiver": "team", "group_by": ["alertname"]}}


@dataclass
class Play:
    """An engine, its journal and the writer, without a thread."""

    store: HistoryStore
    budget: Budget = field(default_factory=lambda: Budget(720 * 3600.0))
    clock: FakeClock = field(default_factory=FakeClock)
    queue_bytes: int = 64 << 20
    settled: bool = True

    def __post_init__(self) -> None:
        self.log = io.StringIO()
        self.metrics = Metrics(CollectorRegistry())
        self.engine = Engine()
        self.journal = Journal(self.queue_bytes, 1 << 20)
        self.engine.journal_to(self.journal)
        self.engine.configure(json.dumps(PLAN).encode(), Templates(), self.clock.now_ns())
        self.writer = HistoryWriter(
            self.store,
            self.journal,
            self.engine,
            self.budget,
            settled=lambda: self.settled,
            clock=self.clock,
            log=Logger(self.log),
            metrics=self.metrics,
        )

    def post(self, *names: str, ends: bool = False, lives: float = 0, **annotations: str) -> None:
        """Alerts fire, for some seconds or until the engine gives them up, or end."""
        body: list[dict[str, Any]] = [
            {"labels": {"alertname": name, "severity": "critical"}, "annotations": annotations}
            for name in names
        ]
        for alert in body if ends or lives else ():
            alert["endsAt"] = milliseconds(self.clock.now_ns() + int(lives * SECOND_NS))
        report = self.engine.ingest(json.dumps(body).encode(), self.clock.now_ns(), RESOLVE_NS)
        assert report.status == 200, report.body

    async def later(self, seconds: float) -> None:
        """Time goes on."""
        await self.clock.advance(seconds)

    def write(self, turns: int = 3) -> None:
        """Writes what waits, and does what the writer does beside."""
        for _ in range(turns):
            self.writer.turn(0)
        assert self.writer.health.ok, self.writer.health.detail

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the store says."""
        reader = self.store.reader()
        try:
            reader.begin()
            return reader.rows(sql)
        finally:
            reader.end()
            reader.close()

    def count(self, table: str) -> int:
        """How many rows a table has."""
        found: int = self.rows(f"SELECT count(*) FROM {table}")[0][0]
        return found
