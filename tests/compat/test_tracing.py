"""Spans of both servers, as a collector gets them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from collector import Collector
from compat.servers import Server
from compat.sink import Sink

if TYPE_CHECKING:
    from pathlib import Path

    from collector import Seen

CONFIG = """
route: {receiver: r, group_wait: 100ms}
receivers: [{name: r, webhook_configs: [{url: 'http://SINK/hook?token=secret'}]}]
tracing:
  client_type: http
  endpoint: COLLECTOR
  insecure: true
  sampling_fraction: FRACTION
  compression: gzip
  headers: {X-Scope: {values: [tenant]}, X-Key: {secrets: [hush]}}
"""
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SHARED = {
    "POST /api/v2/alerts": "server",
    "api.postAlertsHandler": "internal",
    "GET /api/v2/status": "server",
    "api.getStatusHandler": "internal",
    "dispatch.AggregationGroup.flush": "internal",
    "notify.RoutingStage.Exec": "internal",
    "notify.MuteStage.Exec": "internal",
    "notify.TimeActiveStage.Exec": "internal",
    "notify.TimeMuteStage.Exec": "internal",
    "notify.DedupStage.Exec": "internal",
    "notify.RetryStage.Exec": "internal",
    "notify.Integration.Notify": "client",
    "HTTP POST": "client",
    "notify.SetNotifiesStage.Exec": "internal",
}


@dataclass
class Told:
    spans: list[Seen]
    headers: list[dict[str, str]]
    paths: set[str]
    delivered: dict[str, str]
    log: str

    def one(self, name: str) -> Seen:
        return next(span for span in self.spans if span.name == name)


def play(binary: Path, folder: Path, fraction: float) -> Told:
    with Sink() as sink, Collector() as collector:
        config = CONFIG.replace("COLLECTOR", collector.address).replace("FRACTION", str(fraction))
        config = config.replace("SINK", f"127.0.0.1:{sink.port}")
        with Server(binary, folder, config) as server:
            server.request(
                "POST",
                "/api/v2/alerts",
                b'[{"labels": {"alertname": "A"}}]',
                {"Content-Type": "application/json", "traceparent": PARENT},
            )
            assert sink.wait(1, 20)
            server.get("/api/v2/status")
        # What was not sent before is sent at the end.
        return Told(
            list(collector.spans),
            collector.headers,
            collector.paths,
            sink.deliveries[0].headers,
            server.log(),
        )


def both(reference: Path, amp_server: Path, folder: Path, fraction: float) -> tuple[Told, Told]:
    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(play, reference, folder / "reference", fraction)
        ours = pool.submit(play, amp_server, folder / "ours", fraction)
        return theirs.result(), ours.result()


@pytest.fixture(scope="module")
def told(
    reference: Path, amp_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Told, Told]:
    return both(reference, amp_server, tmp_path_factory.mktemp("spans"), 1)


def test_both_make_these_spans(told: tuple[Told, Told]) -> None:
    for one in told:
        names = {span.name: span.kind for span in one.spans}
        assert {name: names.get(name) for name in SHARED} == SHARED
        assert {span.service for span in one.spans} == {"alertmanager"}
        assert one.paths == {"/v1/traces"}


def test_ours_makes_no_other_spans(told: tuple[Told, Told]) -> None:
    polled = {"GET /-/ready", "GET /api/v2/status"}
    assert {span.name for span in told[1].spans} <= SHARED.keys() | polled


def test_the_collector_gets_the_headers(told: tuple[Told, Told]) -> None:
    for one in told:
        for headers in one.headers:
            found = {name.lower(): value for name, value in headers.items()}
            wanted = ("x-scope", "x-key", "content-encoding", "content-type")
            assert [found[name] for name in wanted] == [
                "tenant",
                "hush",
                "gzip",
                "application/x-protobuf",
            ]


def test_a_request_belongs_to_its_senders_trace(told: tuple[Told, Told]) -> None:
    for one in told:
        post = one.one("POST /api/v2/alerts")
        assert (post.trace_id, post.parent_id) == tuple(PARENT.split("-")[1:3])
        assert one.one("api.postAlertsHandler").trace_id == post.trace_id
    ours = told[1]
    assert ours.one("api.postAlertsHandler").parent_id == ours.one("POST /api/v2/alerts").span_id


def test_the_receiver_is_told_of_the_trace(told: tuple[Told, Told]) -> None:
    for one in told:
        request = one.one("HTTP POST")
        flush = one.one("dispatch.AggregationGroup.flush")
        headers = {name.lower(): value for name, value in one.delivered.items()}
        *place, flags = headers["traceparent"].split("-")
        assert place == ["00", request.trace_id, request.span_id]
        assert int(flags, 16) & 1
        assert request.trace_id == flush.trace_id
        assert request.parent_id == one.one("notify.Integration.Notify").span_id


def test_attributes_are_the_same(told: tuple[Told, Told]) -> None:
    for name, keys in {
        "dispatch.AggregationGroup.flush": (
            "alerting.aggregation_group.key",
            "alerting.alerts.count",
        ),
        "notify.Integration.Notify": (
            "alerting.notify.integration.name",
            "alerting.alerts.count",
        ),
    }.items():
        theirs, ours = ({key: one.one(name).attributes[key] for key in keys} for one in told)
        assert ours == theirs


def test_our_spans_show_no_secret(told: tuple[Told, Told]) -> None:
    assert "secret" not in str(told[1].spans)
    assert "hush" not in told[1].log


def test_without_sampling_only_sampled_senders_count(
    reference: Path, amp_server: Path, tmp_path: Path
) -> None:
    for one in both(reference, amp_server, tmp_path, 0):
        assert {span.trace_id for span in one.spans} == {PARENT.split("-")[1]}
        assert one.one("api.postAlertsHandler")
        assert "HTTP POST" not in {span.name for span in one.spans}
