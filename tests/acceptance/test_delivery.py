"""The whole process delivers: what is tried again, what is refused, who waits for whom."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from compat.binaries import ours
from compat.servers import Server
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    with SinkProcess() as started:
        yield started


def configuration(sink: SinkProcess) -> str:
    """A receiver for each team; the path of a webhook is the team's name."""
    teams = ("plain", "busy", "gone", "stuck")
    return json.dumps(
        {
            "route": {
                "receiver": "plain",
                "group_by": ["team", "alertname"],
                "group_wait": "0s",
                "group_interval": "5m",
                "routes": [{"receiver": team, "matchers": [f"team={team}"]} for team in teams],
            },
            "receivers": [
                {"name": team, "webhook_configs": [{"url": sink.url(f"/{team}")}]} for team in teams
            ],
        }
    )


def post(server: Server, *labels: dict[str, str]) -> None:
    answer = server.request(
        "POST",
        "/api/v2/alerts",
        json.dumps([{"labels": one} for one in labels]).encode(),
        {"Content-Type": "application/json"},
    )
    assert answer.status == 200, answer.body


def metric(server: Server, series: str) -> float:
    for line in server.request("GET", "/metrics").body.splitlines():
        if line.startswith(f"{series} "):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no {series}")


def until(condition: Callable[[], bool]) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_deliveries(tmp_path: Path, sink: SinkProcess) -> None:
    sink.behave("/busy", status=503, times=2, body="later")
    sink.behave("/gone", status=404, body="no such hook")
    sink.behave("/stuck", delay_seconds=3600)
    flags = ("--amp.deliveries-per-destination=2",)
    with Server(ours(), tmp_path / "amp", configuration(sink), flags) as server:
        post(server, {"alertname": "A", "team": "busy"}, {"alertname": "B", "team": "gone"})
        came = sink.wait(4)
        assert sorted((one.path, one.status) for one in came) == [
            ("/busy", 200),
            ("/busy", 503),
            ("/busy", 503),
            ("/gone", 404),
        ]
        bodies = {one.body for one in came if one.path == "/busy"}
        assert len(bodies) == 1, "every attempt sends the same"
        labels = '{integration="webhook",reason="clientError"}'
        assert metric(server, f"alertmanager_notifications_failed_total{labels}") == 1
        post(server, *({"alertname": f"S{n}", "team": "stuck"} for n in range(2)))
        sink.wait(6)
        post(server, {"alertname": "waits", "team": "plain"})
        until(lambda: metric(server, "amp_delivery_queue_length") == 1)
        with SinkProcess() as other:
            server.write(configuration(other))
            assert server.request("POST", "/-/reload").status == 200
            post(server, {"alertname": "now", "team": "plain"})
            until(
                lambda: any(
                    one.json()["groupLabels"]["alertname"] == "now" for one in other.received()
                )
            )
