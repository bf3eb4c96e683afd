"""Series that are counted when somebody scrapes: alerts, silences, build information."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from amp import __version__
from amp.options import UPSTREAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp.running import Running

STATES = ("active", "suppressed", "unprocessed")


class StateCollector(Collector):
    """Asks the engine and the silences at each scrape.

    Args:
        by_group: one set of alert series per group (`--enable-feature=group-key-in-metrics`).
    """

    def __init__(self, running: Running, *, by_group: bool, start_at_ns: int) -> None:
        self._running = running
        self._by_group = by_group
        self._start_at_ns = start_at_ns

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The families of one scrape."""
        now_ns = self._running.clock.now_ns()
        counts = self._running.engine.counts(now_ns)
        if now_ns >= self._start_at_ns:
            yield self._alerts(now_ns, counts)
        for name, text, key in (
            ("alertmanager_dispatcher_aggregation_groups", "Aggregation groups held.", "groups"),
            ("amp_alerts_held", "Alerts in memory, resolved ones included.", "stored"),
        ):
            yield GaugeMetricFamily(name, text, value=counts[key])
        silences = GaugeMetricFamily(
            "alertmanager_silences", "Silences by state.", labels=("state",)
        )
        for state, count in self._running.silences.counts(now_ns).items():
            silences.add_metric((state,), count)
        yield silences
        yield from _builds()
        yield from self._cluster()

    def _cluster(self) -> Iterator[GaugeMetricFamily]:
        """A cluster of one, where the status shows one: the official rules ask for these."""
        if self._running.peer is None:
            return
        for name, text, value in (
            ("alertmanager_cluster_members", "Members of the cluster.", 1),
            ("alertmanager_cluster_failed_peers", "Peers that cannot be reached.", 0),
            ("alertmanager_peer_position", "This replica's place among its peers.", 0),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _alerts(self, now_ns: int, counts: dict[str, int]) -> GaugeMetricFamily:
        engine = self._running.engine
        labels = ("state", "group_key") if self._by_group else ("state",)
        family = GaugeMetricFamily(
            "alertmanager_alerts", "Alerts that are not resolved, by state.", labels=labels
        )
        if self._by_group:
            for key, *numbers in engine.counts_by_group(now_ns):
                for state, count in zip(STATES, numbers, strict=True):
                    family.add_metric((state, key), count)
        else:
            for state in STATES:
                family.add_metric((state,), counts[f"alerts_{state}"])
        return family


def _builds() -> Iterator[GaugeMetricFamily]:
    upstream = GaugeMetricFamily(
        "alertmanager_build_info",
        "The Alertmanager release that this process is compatible with.",
        labels=("branch", "goarch", "goos", "goversion", "revision", "tags", "version"),
    )
    upstream.add_metric(("HEAD", "", sys.platform, "", "", "", UPSTREAM_VERSION), 1)
    yield upstream
    own = GaugeMetricFamily("amp_build_info", "The version of AMP.", labels=("python", "version"))
    own.add_metric((sys.version.split()[0], __version__), 1)
    yield own
