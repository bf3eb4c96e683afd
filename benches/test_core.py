"""What the library costs from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import amp

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LABELS = {
    "alertname": "NodeDown",
    "cluster": "cluster-7",
    "instance": "host-7:9100",
    "job": "node",
    "namespace": "default",
    "pod": "node-exporter",
    "severity": "warning",
    "team": "team-7",
}


def test_fingerprint_of_eight_labels(benchmark: BenchmarkFixture) -> None:
    assert benchmark(amp.fingerprint, LABELS) == "b89bda1b761aab42"


def test_matcher_list_parsed(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(amp.parse_matchers, '{severity="critical",team!="db"}')) == 2


def test_matcher_asked(benchmark: BenchmarkFixture) -> None:
    assert benchmark(amp.Matcher("a", "=~", "b.*").matches, "bcd")
