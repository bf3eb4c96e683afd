"""A server that holds a number of active alerts, and what is measured on it."""

import statistics
import time
from typing import Any, Protocol

from harness.generator import Load, Query
from harness.result import Result, Sizes
from harness.server import Server

SETTLE_SECONDS = 1.0
"""How long work that a request leaves behind may take before the CPU time is read."""

_NAMESPACE = "namespace-123"
_NAMESPACES = 200


class Sender(Protocol):
    """Who sends a plan and keeps its report."""

    @property
    def result(self) -> Result:
        """Where the figures go."""

    @property
    def sizes(self) -> Sizes:
        """How much of everything."""

    def send(self, name: str, plan: Load) -> dict[str, Any]:
        """Sends alerts."""

    def ask(self, name: str, plan: Query) -> dict[str, Any]:
        """Asks for alerts."""


class Stage:
    """A server with a number of active alerts."""

    def __init__(self, bench: Sender, server: Server, active: int) -> None:
        self._bench = bench
        self._server = server
        self._active = active
        self._starts_at = int(time.time())
        self._next_value = 1

    def send_new(self) -> None:
        """Sends every alert for the first time."""
        self._posts("cpu_per_new_alert", 64, alerts=self._active)

    def send_again(self) -> None:
        """Sends the known alerts again and again, as Prometheus does."""
        self._posts("cpu_per_alert", 64, seconds=self._bench.sizes.seconds)

    def send_one(self) -> None:
        """Sends POSTs of one alert."""
        self._posts("cpu_per_post", 1, seconds=self._bench.sizes.seconds)

    def send_at(self, rate: float, batch: int, seconds: float) -> dict[str, Any]:
        """Sends known alerts at a fixed rate of POSTs."""
        before = self._server.cpu_seconds()
        plan = self._plan(batch, rate=rate, seconds=seconds, connections=8)
        report = self._bench.send(f"load_{self._active}_{batch}", plan)
        report["cpu_seconds"] = self._server.cpu_seconds() - before
        return report

    def latency(self, batch: int) -> None:
        """The 99th percentile at 500 POSTs a second: the median of the rounds."""
        rounds = [
            self.send_at(500, batch, self._bench.sizes.latency_seconds)["latency"]
            for _ in range(self._bench.sizes.rounds)
        ]
        for name in ("p50", "p95", "p99"):
            value = statistics.median(latency[f"{name}_us"] for latency in rounds)
            self._bench.result.figures[f"{name}_post_of_{batch}"] = value / 1e6

    def gets(self, *, whole: bool) -> None:
        """GETs of one namespace and, when asked for, of everything, alone and in groups."""
        filtered = f"/api/v2/alerts?filter=namespace%3D%22{_NAMESPACE}%22"
        kinds = [("get_filter", filtered, False, _NAMESPACE)]
        if whole:
            kinds.append(("get_all", "/api/v2/alerts", False, ""))
            kinds.append(("get_groups", "/api/v2/alerts/groups", True, ""))
        for name, path, grouped, namespace in kinds:
            before = self._server.cpu_seconds()
            plan = Query(
                self._server.address,
                path,
                grouped=grouped,
                active=self._active,
                expected=self._active // _NAMESPACES if namespace else self._active,
                namespace=namespace,
                seconds=self._bench.sizes.seconds,
                first_value=self._next_value,
                starts_at=self._starts_at,
            )
            report = self._bench.ask(f"{name}_{self._active}", plan)
            report["cpu_seconds"] = self._server.cpu_seconds() - before
            self._next_value = report["next_value"]
            p50 = report["latency"]["p50_us"] / 1e6
            self._bench.result.figures[f"{name}_{self._active}"] = p50

    def _posts(self, name: str, batch: int, *, seconds: float = 0, alerts: int = 0) -> None:
        before = self._server.cpu_seconds()
        plan = self._plan(batch, seconds=seconds, alerts=alerts)
        report = self._bench.send(f"{name}_{self._active}", plan)
        time.sleep(SETTLE_SECONDS)
        report["cpu_seconds"] = self._server.cpu_seconds() - before
        sent = max(report["alerts"], 1)
        figures = self._bench.result.figures
        figures[f"{name}_{self._active}"] = report["cpu_seconds"] / sent
        figures[f"{name}_{self._active}_rate"] = sent / report["seconds"]

    def _plan(
        self,
        batch: int,
        *,
        rate: float = 0,
        seconds: float = 0,
        alerts: int = 0,
        connections: int = 2,
    ) -> Load:
        return Load(
            self._server.address,
            self._active,
            batch,
            starts_at=self._starts_at,
            connections=connections,
            rate=rate,
            seconds=seconds,
            alerts=alerts,
        )
