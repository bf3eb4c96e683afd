"""AMP's own series that are counted at a scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

    from amp._core import NotificationLog
    from amp.httpclient import HttpClients
    from amp.running import Running

SOON = (("1h", 3600.0), ("24h", 86400.0))
TAKEN = ("new", "refreshed", "changed", "resolved")


class OwnCollector(Collector):
    """Asks everybody how much there is.

    Args:
        connections: how many connections the server has.
    """

    def __init__(
        self,
        running: Running,
        http: HttpClients,
        entries: NotificationLog,
        connections: Callable[[], int],
    ) -> None:
        self._running = running
        self._http = http
        self._entries = entries
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """The families of one scrape."""
        yield from self._groups()
        yield from self._silences()
        yield from self._subscribers()
        yield from self._connections_made()
        yield from self._history()
        running, loads = self._running, list(self._http.load())
        for name, text, value in (
            ("amp_deliveries_in_flight", "Requests under way to receivers.",
             sum(load.in_flight for load in loads)),
            ("amp_delivery_queue_length", "Deliveries waiting for their destination's limit.",
             sum(load.waiting for load in loads)),
            ("amp_store_pending_rows", "Rows waiting for the store.", running.writer.waiting()),
            ("amp_log_entries", "Entries of the notification log.", len(self._entries)),
            ("amp_http_connections", "Open connections of clients.", self._connections()),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, text, value=value)

    def _groups(self) -> Iterator[Metric]:
        load = self._running.live.dispatcher.load()
        groups = GaugeMetricFamily("amp_groups", "Groups by receiver.", labels=("receiver",))
        for receiver, count in load.groups.items():
            groups.add_metric((receiver,), count)
        yield groups
        for name, text, value in (
            ("amp_default_route_groups", "Groups that no route but the root took.", load.default),
            ("amp_groups_waiting", "Groups that wait for their first flush.", load.unflushed),
            ("amp_dispatch_line_length", "Groups that are due and wait.", load.in_line),
            ("amp_dispatch_flushes_under_way", "Flushes under way.", load.under_way),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _silences(self) -> Iterator[Metric]:
        running = self._running
        ending = GaugeMetricFamily(
            "amp_silences_ending", "Active silences that end soon.", labels=("within",)
        )
        for within, seconds in SOON:
            count = running.silences.ending(running.clock.now_ns(), seconds)
            ending.add_metric((within,), count)
        yield ending

    def _history(self) -> Iterator[Metric]:
        running = self._running
        history, journal = running.history, running.journal
        if history is None or journal is None:
            return
        writer, kept = history.writer, history.writer.retention
        health = history.health
        for name, text, counted in (
            ("amp_history_events", "Events written to the history.", writer.written),
            ("amp_history_dropped_events", "Events that the history lost.", health.dropped),
            ("amp_history_deleted_rows", "Rows that became too old or too many.", kept.deleted),
        ):
            yield CounterMetricFamily(name, text, value=counted)
        for name, text, value in (
            ("amp_history_up", "Whether the history is written.",
             float(health.ok and writer.opened)),
            ("amp_history_queue_length", "Events that wait to be written.", health.waiting),
            ("amp_history_queue_bytes", "Memory of events that are kept.", journal.size_bytes()),
            ("amp_history_lag_seconds", "Age of the oldest unwritten event.", writer.lag_seconds()),
            ("amp_history_oldest_timestamp_seconds", "When the oldest event was, Unix seconds; "
             "0 without any.", (kept.oldest_ns or 0) / 1e9),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, text, value=value)
        sizes = GaugeMetricFamily(
            "amp_history_size_bytes", "Size of the history's parts.", labels=("part",)
        )
        if kept.footprint is not None:
            for part, size in kept.footprint.parts.items():
                sizes.add_metric((part,), size)
        yield sizes

    def _connections_made(self) -> Iterator[Metric]:
        """What upstream's library counts of the HTTP clients."""
        prefix = "net_conntrack_dialer_conn_"
        families = {
            what: CounterMetricFamily(prefix + what, text, labels=("dialer_name",))
            for what, text in (
                ("attempted", "Connections asked for."),
                ("established", "Connections made."),
                ("closed", "Connections that ended."),
            )
        }
        failed = CounterMetricFamily(
            prefix + "failed", "Connections that were not made.", labels=("dialer_name", "reason")
        )
        for name, dialer in self._http.dialers.items():
            for what, family in families.items():
                family.add_metric((name,), getattr(dialer, what))
            for reason, count in dialer.failed.items():
                failed.add_metric((name, reason), count)
        yield from families.values()
        yield failed

    def _subscribers(self) -> Iterator[Metric]:
        """Every alert that was taken went to both; upstream has nothing before the first."""
        ingested = self._running.metrics.ingested
        taken = sum(ingested.labels(result).value for result in TAKEN)
        if taken:
            writes = CounterMetricFamily(
                "alertmanager_alerts_subscriber_channel_writes",
                "Alerts handed on.",
                labels=("subscriber",),
            )
            for subscriber in ("dispatcher", "inhibitor"):
                writes.add_metric((subscriber,), taken)
            yield writes
