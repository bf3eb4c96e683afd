"""How long another receiver waits while one hangs with 5,000 groups due to it.

One alert after the other is posted for the other receiver, whose groups are due at once. Measured
is the time from the POST to the arrival of the notification: alone, while the 5,000 come due, and
once they hang.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

from compat.binaries import ours
from compat.servers import Server
from sink import SinkProcess

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

GROUPS = 5_000
ALERTS = 300
CHUNK = 500
JSON = {"Content-Type": "application/json"}


def configuration(good: SinkProcess, hanging: SinkProcess) -> str:
    """Two receivers at two destinations; every alert is a group."""
    route = {
        "receiver": "good",
        "group_by": ["alertname"],
        "group_wait": "0s",
        "routes": [{"receiver": "hanging", "matchers": ['team="hanging"']}],
    }
    receivers = [
        {"name": "good", "webhook_configs": [{"url": good.url()}]},
        {"name": "hanging", "webhook_configs": [{"url": hanging.url("/stuck")}]},
    ]
    return json.dumps({"route": route, "receivers": receivers})


def post(server: Server, names: list[str], team: str) -> None:
    alerts = [{"labels": {"alertname": name, "team": team}} for name in names]
    answer = server.request("POST", "/api/v2/alerts", json.dumps(alerts).encode(), JSON)
    assert answer.status == 200


def delays(server: Server, good: SinkProcess, kind: str) -> list[float]:
    """Milliseconds from each POST to its notification."""
    good.forget()
    posted: dict[str, int] = {}
    for number in range(ALERTS):
        name = f"{kind}{number}"
        posted[name] = time.time_ns()
        post(server, [name], "good")
        time.sleep(0.01)
    came = good.wait(ALERTS)
    arrived = {one.json()["groupLabels"]["alertname"]: one.at_ns for one in came}
    return [(arrived[name] - at) / 1e6 for name, at in posted.items()]


def waiting(server: Server) -> float:
    """How many deliveries stand in line."""
    lines = server.request("GET", "/metrics").body.splitlines()
    [line] = [one for one in lines if one.startswith("amp_delivery_queue_length ")]
    return float(line.split()[1])


def test_another_receiver_while_one_hangs(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    with SinkProcess() as good, SinkProcess() as hanging:
        hanging.behave("/stuck", delay_seconds=3600)
        with Server(ours(), tmp_path / "amp", configuration(good, hanging)) as server:
            delays(server, good, "warm")
            alone = delays(server, good, "alone")
            for first in range(0, GROUPS, CHUNK):
                post(server, [f"stuck{first + number}" for number in range(CHUNK)], "hanging")
            due = delays(server, good, "due")
            assert waiting(server) == GROUPS - 512
            hung = benchmark.pedantic(delays, (server, good, "hung"), rounds=1)
            assert waiting(server) == GROUPS - 512
    for name, found in (("alone", alone), ("coming due", due), ("hanging", hung)):
        p99 = statistics.quantiles(found, n=100)[98]
        benchmark.extra_info[f"{name} p50 ms"] = round(statistics.median(found), 2)
        benchmark.extra_info[f"{name} p99 ms"] = round(p99, 2)
