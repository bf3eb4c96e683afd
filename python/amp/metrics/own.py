"""AMP's own instruments, `amp_*`. What question each one answers is in docs/metrics.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

from amp.metrics.vector import Counts, Levels, Spreads

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from prometheus_client import CollectorRegistry

    from amp.metrics.vector import Count, Level

RESULTS = ("new", "refreshed", "changed", "resolved", "invalid", "dropped")
REASONS_TO_TELL = {
    "first notification": "first",
    "new alerts added": "new_alerts",
    "some alerts resolved": "some_resolved",
    "all alerts resolved": "all_resolved",
    "repeat interval elapsed": "repeat",
}
"""The reasons of the notification log, and how the metric calls them."""

RESENDS = ("delivered", "failed", "refused")
HELD_BY = ("silence", "inhibition", "mute_time_interval", "active_time_interval")
TASKS = (
    "dispatcher", "flush", "garbage", "history", "pulse", "reload", "request", "storage", "stream",
    "timeouts",
)  # fmt: skip
TRANSPORTS = ("sse", "websocket")
CACHE_RESULTS = {"memory": ("hit", "miss"), "redis": ("hit", "miss", "error", "skipped")}
FILES = ("nflog", "silences", "database", "history")

FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
PATIENT = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
WAITS = (1, 5, 15, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)
SIZES = (1, 2, 5, 10, 25, 64, 128, 256, 512, 1000, 5000, 10000, 50000)


class OwnMetrics:
    """The instruments that Alertmanager does not have."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._ingest()
        self._receivers()
        self._dispatch()
        self._delivery()
        self._process()
        self._stream()
        self._storage()
        self._history()

    def _counts(self, name: str, text: str, labels: Sequence[str] = ()) -> Counts:
        return Counts(name, text, labels, self.registry)

    def _levels(self, name: str, text: str, labels: Sequence[str] = ()) -> Levels:
        return Levels(name, text, labels, self.registry)

    def _spreads(
        self, name: str, text: str, bounds: Sequence[float], labels: Sequence[str] = ()
    ) -> Spreads:
        return Spreads(name, text, labels, self.registry, bounds)

    def _ingest(self) -> None:
        self.ingested = self._counts(
            "amp_ingest_alerts", "What became of posted alerts.", ("result",)
        )
        for result in RESULTS:
            self.ingested.labels(result)
        self.ingest_seconds = self._spreads(
            "amp_ingest_duration_seconds", "Time to decode, check and group one POST.", FAST
        ).only
        self.ingest_alerts = self._spreads(
            "amp_ingest_batch_alerts", "Alerts in one POST.", SIZES
        ).only

    def _receivers(self) -> None:
        self._receiver_notifications = self._counts(
            "amp_receiver_notifications",
            "Notifications of a receiver that were delivered, respectively given up.",
            ("receiver", "result"),
        )
        self._receiver_success = self._levels(
            "amp_receiver_last_success_timestamp_seconds",
            "When a receiver was last told, Unix seconds; 0 when it was not since the start.",
            ("receiver",),
        )
        sent = self._counts(
            "amp_notifications_delivered", "Notifications delivered, by why they were due.",
            ("reason",),
        )  # fmt: skip
        self.delivered_for = {reason: sent.labels(name) for reason, name in REASONS_TO_TELL.items()}
        self.first_delay = self._spreads(
            "amp_first_notification_delay_seconds",
            "From the arrival of a group's first alert to its first notification.",
            WAITS,
        ).only
        held = self._counts(
            "amp_notifications_held",
            "Group flushes after which nobody was told, by what held all alerts back.",
            ("reason",),
        )
        self.held = {reason: held.labels(reason) for reason in HELD_BY}
        reloads = self._counts(
            "amp_config_reloads", "Configuration reloads asked for.", ("result",)
        )
        self.reloaded = reloads.labels("success")
        self.reload_failed = reloads.labels("failure")

    def receiver(self, name: str) -> tuple[Count, Count, Level]:
        """What is counted of a receiver: delivered, given up, when it was last told."""
        vector = self._receiver_notifications
        return (
            vector.labels(name, "delivered"),
            vector.labels(name, "failed"),
            self._receiver_success.labels(name),
        )

    def keep_receivers(self, names: Collection[str]) -> None:
        """Prepares the series of these receivers and forgets those of others."""
        self._receiver_notifications.keep(names)
        self._receiver_success.keep(names)
        for name in names:
            self.receiver(name)

    def _dispatch(self) -> None:
        self.flushes = self._counts("amp_dispatch_flushes", "Group flushes.").only
        self.flush_lag = self._spreads(
            "amp_dispatch_flush_lag_seconds", "How late groups began to flush.", PATIENT
        ).only
        self.flush_seconds = self._spreads(
            "amp_dispatch_flush_duration_seconds", "Flush of a group, retries included.", PATIENT
        ).only
        self.loop_errors = Counter(
            "amp_internal_errors",
            "Errors that a supervisor caught.",
            ("task",),
            registry=self.registry,
        )
        for task in TASKS:
            self.loop_errors.labels(task)

    def _delivery(self) -> None:
        self.delivery_seconds = self._spreads(
            "amp_delivery_duration_seconds", "Duration of delivery attempts.", PATIENT,
            ("integration",),
        )  # fmt: skip
        self.deliveries_retrying = self._levels(
            "amp_deliveries_retrying", "Deliveries that pause before another attempt."
        ).only
        resends = self._counts(
            "amp_delivery_resends", "Deliveries that somebody asked to send again.", ("result",)
        )
        self.resends = {result: resends.labels(result) for result in RESENDS}
        self.template_seconds = self._spreads(
            "amp_template_render_duration_seconds", "Rendering one or several texts.", FAST
        ).only
        self.template_errors = self._counts("amp_template_errors", "Renderings that failed.").only

    def _process(self) -> None:
        self.loop_lag = self._spreads(
            "amp_loop_lag_seconds", "How late the event loop comes back to a timer.", FAST
        ).only
        self.gc_pause = self._spreads(
            "amp_gc_pause_seconds", "Pauses in which Python looks for garbage.", FAST
        ).only
        self.ready = self._levels(
            "amp_ready", "Whether stored state is back, so that notifications are decided."
        ).only

    def _stream(self) -> None:
        self.stream_clients = self._levels(
            "amp_stream_clients", "Clients of the live stream.", ("transport",)
        )
        for transport in TRANSPORTS:
            self.stream_clients.labels(transport)
        self.stream_frames = self._counts(
            "amp_stream_frames", "Events written to clients of the live stream."
        ).only
        self.stream_cut = self._counts(
            "amp_stream_cut", "Clients of the live stream that were cut: they stood still."
        ).only

    def _storage(self) -> None:
        self.store_up = Gauge(
            "amp_store_up", "Whether the store takes writes.", registry=self.registry
        )
        self.store_write_seconds = Histogram(
            "amp_store_write_duration_seconds",
            "Duration of one group commit.",
            registry=self.registry,
            buckets=FAST,
        )
        self.store_written = Gauge(
            "amp_store_last_write_timestamp_seconds",
            "When the store last took a write, Unix seconds; 0 before the first.",
            registry=self.registry,
        )
        self.store_errors = Counter(
            "amp_store_errors", "Writes that failed.", registry=self.registry
        )
        self.store_lost = Counter(
            "amp_store_lost_rows",
            "Rows that the store refused and that exist in memory only.",
            registry=self.registry,
        )
        self.store_bytes = self._levels(
            "amp_store_size_bytes", "Size of the store's parts.", ("part",)
        )
        self.storage_bytes = self._levels(
            "amp_storage_size_bytes", "Size of the filesystem of --storage.path."
        ).only
        self.storage_free = self._levels(
            "amp_storage_free_bytes", "What is free on the filesystem of --storage.path."
        ).only
        self.restored = self._levels(
            "amp_restored_alerts", "Alerts that came back from the store at the start."
        ).only
        self.snapshot_written = self._levels(
            "amp_snapshot_written_timestamp_seconds",
            "When the snapshot file was last written, Unix seconds; 0 before the first.",
            ("file",),
        )
        for file in FILES[:2]:
            self.snapshot_written.labels(file)
        self.snapshot_corrupt = Counter(
            "amp_snapshot_corrupt",
            "Snapshot files and databases moved aside.",
            ("file",),
            registry=self.registry,
        )
        for file in FILES:
            self.snapshot_corrupt.labels(file)

    def _history(self) -> None:
        self.history_cache = self._counts(
            "amp_history_cache_requests",
            "Questions to the history's cache, by tier and what it had.",
            ("tier", "result"),
        )
        for tier, results in CACHE_RESULTS.items():
            for result in results:
                self.history_cache.labels(tier, result)
        self.history_write_seconds = Histogram(
            "amp_history_write_duration_seconds",
            "Duration of one transaction of the history.",
            registry=self.registry,
            buckets=FAST,
        )
        self.history_written = Gauge(
            "amp_history_last_write_timestamp_seconds",
            "When the history was last written, Unix seconds; 0 before the first time.",
            registry=self.registry,
        )
