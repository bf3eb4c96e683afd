"""What the command line, the environment and `amp.yml` decide before anything starts."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass

from amp.errors import AmpError

UPSTREAM_VERSION = "0.34.2"
"""The Alertmanager release that AMP is compatible with; what `versionInfo` and `build_info` say."""

BUILD_CONTEXT = (
    f"(python={platform.python_version()}, platform={sys.platform}/{os.uname().machine})"
)
"""What AMP runs on, for the log and the first event."""

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Options:
    """Every setting of a process. Durations are seconds; 0 means off where upstream says so."""

    config_file: str = "alertmanager.yml"
    storage_path: str = "data/"
    data_retention_seconds: float = 120 * HOUR
    maintenance_interval_seconds: float = 900.0
    max_silences: int = 0
    max_silence_size_bytes: int = 0
    log_silences: bool = False
    alerts_gc_interval_seconds: float = 1800.0
    per_alertname_limit: int = 0
    dispatch_maintenance_interval_seconds: float = 30.0
    dispatch_start_delay_seconds: float = 0.0
    listen_addresses: tuple[str, ...] = (":9093",)
    systemd_socket: bool = False
    web_config_file: str = ""
    external_url: str = ""
    route_prefix: str | None = None
    cors_origin: str = ""
    get_concurrency: int = 0
    web_timeout_seconds: float = 0.0
    cluster_listen_address: str = "0.0.0.0:9094"
    cluster_advertise_address: str = ""
    cluster_peer_name: str = ""
    cluster_peers: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    log_level: str = "info"
    log_format: str = "logfmt"
    database_url: str = ""
    redis_url: str = ""
    own_config_file: str = ""
    max_body_bytes: int = 64 << 20
    max_alerts: int = 50_000
    max_name_bytes: int = 1 << 10
    max_value_bytes: int = 64 << 10
    deliveries_per_destination: int = 512
    history_retention_seconds: float = 720 * HOUR
    history_max_bytes: int = 0
    history_queue_bytes: int = 64 << 20
    stream_clients: int = 1000
    webhook_resolve_timeout_seconds: float = 24 * HOUR
    webhook_rate: int = 0

    @property
    def matcher_mode(self) -> str:
        """How matchers are read: `classic`, `utf8` or `fallback`."""
        if "classic-mode" in self.features:
            return "classic"
        if "utf8-strict-mode" in self.features:
            return "utf8"
        return "fallback"


def check_options(options: Options) -> None:
    """Refuses what the start refuses before it reads anything.

    Raises:
        AmpError: with upstream's text.
    """
    if not options.config_file:
        raise AmpError("alertmanager/app: Options.ConfigFile is required")
    for name, seconds in (
        ("Retention", options.data_retention_seconds),
        ("MaintenanceInterval", options.maintenance_interval_seconds),
        ("AlertGCInterval", options.alerts_gc_interval_seconds),
        ("DispatchMaintenanceInterval", options.dispatch_maintenance_interval_seconds),
    ):
        if seconds <= 0:
            raise AmpError(f"alertmanager/app: Options.{name} must be positive")
    if options.webhook_resolve_timeout_seconds <= 0:
        raise AmpError("--amp.webhook.resolve-timeout must be positive")
