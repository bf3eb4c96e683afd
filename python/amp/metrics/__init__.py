"""Every instrument, made once per application and passed to whoever moves it.

Names, labels and initial values are upstream's (`alertmanager_*`) or ours (`amp_*`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Gauge, Summary, disable_created_metrics

from amp.metrics.own import OwnMetrics
from amp.metrics.vector import Counts, Spreads, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import CollectorRegistry

    from amp.metrics.vector import Count, Spread

INTEGRATIONS = (
    "email", "pagerduty", "wechat", "pushover", "slack", "opsgenie", "webhook", "victorops", "sns",
    "telegram", "discord", "webex", "msteams", "msteamsv2", "incidentio", "jira", "rocketchat",
    "mattermost",
)  # fmt: skip
REASONS = (
    "other", "clientError", "serverError", "contextCanceled", "contextDeadlineExceeded",
    "authError", "rateLimited",
)  # fmt: skip
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics(OwnMetrics):
    """All instruments on one registry; two applications in one process have two of these."""

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        receiver_names: bool = False,
        alert_names: bool = False,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        super().__init__(registry)
        self.receiver_names = receiver_names
        self._alert_names = alert_names
        self._limited: Counts | None = None
        self._alerts()
        self._notifications()
        self._silences()
        self._log()
        self._http()

    def limited(self, alertname: str, count: int) -> None:
        """Counts alerts dropped by the per-alertname limit; the series begins with the first."""
        if self._limited is None:
            self._limited = self._counter(
                "alertmanager_alerts_limited",
                "Alerts dropped by the limit of one alert name.",
                ("alertname",) if self._alert_names else (),
            )
        counter = self._limited.labels(alertname) if self._alert_names else self._limited.only
        counter.inc(count)

    def _counter(self, name: str, text: str, labels: Iterable[str] = ()) -> Counts:
        return Counts(name, text, tuple(labels), self.registry)

    def _count(self, name: str, text: str) -> Count:
        return self._counter(name, text).only

    def _spread(self, name: str, text: str) -> Spread:
        return self._histogram(name, text).only

    def _gauge(self, name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(name, text, tuple(labels), registry=self.registry)

    def _summary(self, name: str, text: str) -> Summary:
        return Summary(name, text, registry=self.registry)

    def _histogram(
        self,
        name: str,
        text: str,
        labels: Iterable[str] = (),
        buckets: tuple[float, ...] = SECONDS,
    ) -> Spreads:
        return Spreads(name, text, tuple(labels), self.registry, buckets)

    def _alerts(self) -> None:
        received = self._counter(
            "alertmanager_alerts_received", "Alerts posted.", ("status", "version")
        )
        self.received_firing = received.labels("firing", "v2")
        self.received_resolved = received.labels("resolved", "v2")
        self.alerts_invalid = self._counter(
            "alertmanager_alerts_invalid", "Posted alerts that failed validation.", ("version",)
        ).labels("v2")
        self.processing = Totals(
            "alertmanager_dispatcher_alert_processing_duration_seconds",
            "Time to route and group one alert.",
            (),
            self.registry,
        ).only
        self._counter(
            "alertmanager_dispatcher_aggregation_group_limit_reached", "Never moves: no limit."
        )
        self._counter(
            "alertmanager_dispatcher_aggregation_group_creation_retries",
            "Never moves: groups are made under one lock.",
        )
        self._counter(
            "alertmanager_dispatcher_aggregation_group_creation_given_up",
            "Never moves: groups are made under one lock.",
        )
        self.alert_limit = self._gauge(
            "alertmanager_alerts_per_alert_limit", "The limit of alerts per alertname."
        )
        self.receivers = self._gauge("alertmanager_receivers", "Receivers that routes use.")
        self.integrations = self._gauge(
            "alertmanager_integrations", "Integrations of receivers that routes use."
        )
        self.inhibition_rules = self._gauge(
            "alertmanager_inhibition_rules", "Inhibit rules configured."
        )
        self.config_hash = self._gauge(
            "alertmanager_config_hash", "Hash of the configuration file that runs."
        )
        self.reload_ok = self._gauge(
            "alertmanager_config_last_reload_successful", "Whether the last load succeeded."
        )
        self.reload_time = self._gauge(
            "alertmanager_config_last_reload_success_timestamp_seconds",
            "When a configuration was last loaded, Unix seconds.",
        )
        self.cluster_enabled = self._gauge(
            "alertmanager_cluster_enabled", "Whether a cluster address is configured."
        )

    def _notifications(self) -> None:
        labels = ("integration", "receiver_name") if self.receiver_names else ("integration",)
        self.notifications = self._counter(
            "alertmanager_notifications", "Notifications attempted.", labels
        )
        self.notifications_failed = self._counter(
            "alertmanager_notifications_failed", "Notifications that failed.", (*labels, "reason")
        )
        self.requests = self._counter(
            "alertmanager_notification_requests", "Delivery attempts.", labels
        )
        self.requests_failed = self._counter(
            "alertmanager_notification_requests_failed", "Delivery attempts that failed.", labels
        )
        self.latency = self._histogram(
            "alertmanager_notification_latency_seconds",
            "Duration of delivery attempts.",
            labels,
            (1, 5, 10, 15, 20),
        )
        self.suppressed = self._counter(
            "alertmanager_notifications_suppressed", "Alerts held back at a flush.", ("reason",)
        )

    def reset_integrations(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Prepares the notification series at 0.

        Args:
            pairs: (integration, receiver) of the configuration; used with receiver names only.
                Without them each of upstream's is prepared once, and AMP's own that there are.
        """
        pairs = list(pairs)
        vectors: tuple[Counts | Spreads, ...]
        vectors = (self.notifications, self.requests, self.requests_failed, self.latency)
        if self.receiver_names:
            for vector in (*vectors, self.notifications_failed):
                vector.clear()
            keys = [tuple(pair) for pair in pairs]
        else:
            kinds = dict.fromkeys([*INTEGRATIONS, *(kind for kind, _ in pairs)])
            keys = [(kind,) for kind in kinds]
        for key in keys:
            for vector in vectors:
                vector.labels(*key)
            for reason in REASONS:
                self.notifications_failed.labels(*key, reason)

    def _silences(self) -> None:
        prefix = "alertmanager_silences_"
        self.silences_state_size = self._gauge(prefix + "state_size", "Silences held.")
        self.silences_matcher_index_size = self._gauge(
            prefix + "matcher_index_size", "Silences with compiled matchers."
        )
        self.silences_version_index_size = self._gauge(
            prefix + "version_index_size", "Silences in the version index."
        )
        self.silences_queries = self._count(prefix + "queries", "Silence queries.")
        self.silences_query_errors = self._count(prefix + "query_errors", "Failed queries.")
        self.silences_query_seconds = self._spread(
            prefix + "query_duration_seconds", "Duration of silence queries."
        )
        self.silences_scanned = self._count(
            prefix + "query_silences_scanned", "Silences looked at by queries."
        )
        self.silences_skipped = self._count(
            prefix + "query_silences_skipped", "Silences that queries did not need to look at."
        )
        self.silences_gc_seconds = self._summary(
            prefix + "gc_duration_seconds", "Duration of garbage collection."
        )
        self.silences_gc_errors = self._count(prefix + "gc_errors", "Bad records found.")
        self.silences_maintenance = self._count(prefix + "maintenance", "Maintenance runs.")
        self.silences_maintenance_errors = self._count(
            prefix + "maintenance_errors", "Maintenance runs that failed."
        )
        self.silences_snapshot_seconds = self._summary(
            prefix + "snapshot_duration_seconds", "Duration of writing the snapshot."
        )
        self.silences_snapshot_bytes = self._gauge(
            prefix + "snapshot_size_bytes", "Size of the last snapshot."
        )
        errors = self._counter(
            prefix + "matcher_compile_errors", "Matchers that did not compile.", ("stage",)
        )
        self.silences_index_errors = errors.labels("index")
        self.silences_load_errors = errors.labels("load_snapshot")
        self._counter(prefix + "gossip_messages_propagated", "Records passed on to peers.")

    def _log(self) -> None:
        prefix = "alertmanager_nflog_"
        self.log_queries = self._count(prefix + "queries", "Deduplication look-ups.")
        self.log_query_errors = self._count(prefix + "query_errors", "Look-ups without an entry.")
        self.log_query_seconds = self._spread(
            prefix + "query_duration_seconds", "Duration of look-ups."
        )
        self.log_gc_seconds = self._summary(
            prefix + "gc_duration_seconds", "Duration of garbage collection."
        )
        self.log_snapshot_seconds = self._summary(
            prefix + "snapshot_duration_seconds", "Duration of writing the snapshot."
        )
        self.log_snapshot_bytes = self._gauge(
            prefix + "snapshot_size_bytes", "Size of the last snapshot."
        )
        self.log_maintenance = self._count(prefix + "maintenance", "Maintenance runs.")
        self.log_maintenance_errors = self._count(
            prefix + "maintenance_errors", "Maintenance runs that failed."
        )
        self._counter(prefix + "gossip_messages_propagated", "Records passed on to peers.")

    def _http(self) -> None:
        self.scrapes = self._counter(
            "promhttp_metric_handler_requests", "Scrapes by status.", ("code",)
        )
        for code in ("200", "500", "503"):
            self.scrapes.labels(code)
        self._gauge("promhttp_metric_handler_requests_in_flight", "Scrapes being served.").set(1)
        self.http_seconds = self._histogram(
            "alertmanager_http_request_duration_seconds",
            "Duration of HTTP requests.",
            ("handler", "method", "code"),
        )
        self.http_bytes = self._histogram(
            "alertmanager_http_response_size_bytes",
            "Size of HTTP answers.",
            ("handler", "method"),
            (100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8),
        )
        self.http_in_flight = self._gauge(
            "alertmanager_http_requests_in_flight", "GET requests being answered.", ("method",)
        ).labels("get")
        self.http_limited = self._counter(
            "alertmanager_http_concurrency_limit_exceeded",
            "GET requests refused because too many ran.",
            ("method",),
        ).labels("get")
