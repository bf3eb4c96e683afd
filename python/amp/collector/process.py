"""Series of the process that the library does not have."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

NETSTAT = Path("/proc/self/net/netstat")
UNLIMITED_BYTES = 2.0**64
"""What upstream's library shows when there is no limit."""


class ProcessLimits(Collector):
    """The limit of the address space, and the bytes of the network namespace."""

    def collect(self) -> Iterator[Metric]:
        """The families of one scrape."""
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        yield GaugeMetricFamily(
            "process_virtual_memory_max_bytes",
            "Limit of the address space.",
            value=UNLIMITED_BYTES if limit == resource.RLIM_INFINITY else limit,
        )
        octets: dict[str, float] = {}
        with suppress(OSError, ValueError):
            octets = octets_of(NETSTAT.read_text(encoding="ascii"))
        for name, text, key in (
            ("process_network_receive_bytes", "Bytes received over IP.", "InOctets"),
            ("process_network_transmit_bytes", "Bytes sent over IP.", "OutOctets"),
        ):
            if key in octets:
                yield CounterMetricFamily(name, text, value=octets[key])


def octets_of(netstat: str) -> dict[str, float]:
    """The counters of the line `IpExt` by name; the kernel writes names and values in pairs."""
    lines = [line.split() for line in netstat.splitlines() if line.startswith("IpExt:")]
    names, values = lines
    return {name: float(value) for name, value in zip(names[1:], values[1:], strict=True)}
