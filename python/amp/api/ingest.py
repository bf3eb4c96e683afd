"""Gives alerts to the engine and tells everybody who must hear of them."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from amp.metrics.own import RESULTS

if TYPE_CHECKING:
    from amp._core import IngestReport
    from amp.metrics import Metrics
    from amp.running import Running

LARGE_BODY_BYTES = 1 << 20
"""Bodies above this are decoded beside the event loop."""


class Ingest:
    """The way of alerts into the engine, the same for every door that takes some."""

    def __init__(self, running: Running, metrics: Metrics) -> None:
        self._running = running
        self._received_firing = metrics.received_firing
        self._received_resolved = metrics.received_resolved
        self._ingest_seconds, self._ingest_alerts = metrics.ingest_seconds, metrics.ingest_alerts
        self._processing = metrics.processing
        self._invalid = metrics.alerts_invalid
        self._results = {result: metrics.ingested.labels(result) for result in RESULTS}

    async def take(self, body: bytes, now_ns: int, resolve_timeout_ns: int) -> IngestReport:
        """Takes a JSON array of alerts.

        Args:
            body: as `POST /api/v2/alerts` has it.
            now_ns: the moment of the request, Unix nanoseconds.
            resolve_timeout_ns: how long an alert without an end fires.
        """
        running = self._running
        ingest = running.engine.ingest
        began = perf_counter()
        if len(body) > LARGE_BODY_BYTES:
            report = await asyncio.to_thread(ingest, body, now_ns, resolve_timeout_ns)
        else:
            report = ingest(body, now_ns, resolve_timeout_ns)
        self._took(report, perf_counter() - began)
        if report.timers:
            running.live.dispatcher.add(report.timers, now_ns)
        if report.firing:
            self._received_firing.inc(report.firing)
        if report.resolved:
            self._received_resolved.inc(report.resolved)
        if report.refreshed:
            self._results["refreshed"].inc(report.refreshed)
        if report.new or report.changed or report.ended:
            self._results["new"].inc(report.new)
            self._results["changed"].inc(report.changed)
            self._results["resolved"].inc(report.ended)
        if report.invalid:
            self.refused(report.invalid)
        if report.limited:
            self._results["dropped"].inc(len(report.limited))
            running.limited(report.limited)
        # A refresh may still owe the store a row: its end moved far.
        running.writer.alerts_changed()
        return report

    def refused(self, count: int) -> None:
        """Counts alerts that are none."""
        self._invalid.inc(count)
        self._results["invalid"].inc(count)

    def _took(self, report: IngestReport, seconds: float) -> None:
        if alerts := report.firing + report.resolved:
            self._ingest_alerts.observe(alerts)
            self._ingest_seconds.observe(seconds)
            taken = report.new + report.refreshed + report.changed + report.ended
            self._processing.observe(seconds, taken)
