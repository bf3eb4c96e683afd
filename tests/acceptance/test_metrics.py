"""Every `amp_` series moves: most of them here, in one process, the others in the tests of EACH."""

from __future__ import annotations

import datetime
import os
import re
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from acceptance.conftest import webhook
from acceptance.test_outage import until
from compat.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server
    from sink import SinkProcess

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
route:
  receiver: team
  group_by: [name]
  group_wait: 0s
  group_interval: 1s
  routes:
  - {receiver: slow, matchers: [kind = slow]}
  - {receiver: failing, matchers: [kind = failing]}
  - {receiver: retried, matchers: [kind = retried]}
  - {receiver: broken, matchers: [kind = broken]}
  - {receiver: team, matchers: [kind = later], group_wait: 1h}
  - {receiver: team, matchers: [kind = night], mute_time_intervals: [always]}
  - {receiver: team, matchers: [kind = day], active_time_intervals: [never]}
receivers:
- name: team
  webhook_configs: [{url: "SINK/team"}]
- name: slow
  webhook_configs: [{url: "SINK/slow"}]
- name: failing
  webhook_configs: [{url: "SINK/failing"}]
- name: retried
  webhook_configs: [{url: "SINK/retried"}]
- name: broken
  webhook_configs: [{url: "SINK/{{ template `missing` }}"}]
inhibit_rules:
- {source_matchers: [name = source], target_matchers: [kind = inhibited]}
time_intervals:
- {name: always, time_intervals: [{months: ['1:12']}]}
- {name: never, time_intervals: [{years: ['1970']}]}
"""
FLAGS = (
    "--data.maintenance-interval=1s",
    "--amp.deliveries-per-destination=1",
    "--alerts.per-alertname-limit=1",
)
EACH = {
    "amp_dispatch_line_length": "tests/unit/dispatch/test_load.py",
    "amp_gc_pause_seconds": "tests/unit/test_pulse.py",
    "amp_history_deleted_rows": "tests/acceptance/test_metrics.py",
    "amp_history_dropped_events": "tests/acceptance/test_metrics.py",
    "amp_history_lag_seconds": "tests/acceptance/test_metrics.py",
    "amp_history_queue_length": "tests/acceptance/test_metrics.py",
    "amp_history_up": "tests/acceptance/test_metrics.py",
    "amp_internal_errors": "tests/unit/test_supervisor.py",
    "amp_ready": "tests/acceptance/test_metrics.py",
    "amp_restored_alerts": "tests/acceptance/test_metrics.py",
    "amp_storage_size_bytes": "tests/acceptance/test_metrics.py",
    "amp_store_errors": "tests/acceptance/test_metrics.py",
    "amp_store_lost_rows": "tests/unit/store/test_writer.py",
    "amp_store_pending_rows": "tests/acceptance/test_metrics.py",
    "amp_store_up": "tests/acceptance/test_metrics.py",
    "amp_stream_clients": "tests/acceptance/test_stream.py",
    "amp_stream_cut": "tests/acceptance/test_stream.py",
    "amp_stream_frames": "tests/acceptance/test_stream.py",
}
"""Series that need a fault or clients of their own: where they move."""


def families(text: str) -> dict[str, dict[str, float]]:
    """The values of each family of ours."""
    return {
        family.name: {
            f"{one.name}{sorted(one.labels.items())}": one.value for one in family.samples
        }
        for family in text_string_to_metric_families(text)
        if family.name.startswith("amp_")
    }


def alerts(kind: str, *names: str, ends: float | None = None) -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.UTC)
    times: dict[str, str] = {"startsAt": (now - datetime.timedelta(seconds=1)).isoformat()}
    if ends is not None:
        times["endsAt"] = (now + datetime.timedelta(seconds=ends)).isoformat()
    return [
        {"labels": {"alertname": f"{kind}-{name}", "name": name, "kind": kind}, **times}
        for name in names
    ]


def silence(running: Server) -> None:
    now = datetime.datetime.now(datetime.UTC)
    matcher = {"name": "kind", "value": "silenced", "isRegex": False, "isEqual": True}
    answer = running.post(
        "/api/v2/silences",
        {
            "matchers": [matcher],
            "startsAt": now.isoformat(),
            "endsAt": (now + datetime.timedelta(minutes=30)).isoformat(),
            "createdBy": "test",
            "comment": "c",
        },
    )
    assert answer.status == 200


def test_every_metric_moves(server: Callable[..., Server], sink: SinkProcess) -> None:
    config = CONFIG.replace("SINK", sink.url("").rstrip("/"))
    with server(config, *FLAGS) as running:
        at_start = families(running.get("/metrics").body)
        story(running, sink, config)
        with socket.create_connection(("127.0.0.1", running.port)):
            still = stays(running, at_start, set(at_start) - set(EACH) - {"amp_build_info"})
    assert still == set()


def story(running: Server, sink: SinkProcess, config: str) -> None:
    """A damaged file, and everything that happens on a busy day."""
    running.stop()
    (running.folder / "data" / "silences").write_bytes(b"\xff\xff")
    running.start()
    sink.behave("/failing", status=400)
    sink.behave("/retried", status=503)
    sink.behave("/slow", delay_seconds=2)
    silence(running)
    for kind in ("silenced", "inhibited", "night", "day", "later", "failing", "retried", "broken"):
        running.post("/api/v2/alerts", alerts(kind, "source" if kind == "later" else "one"))
    running.post("/api/v2/alerts", alerts("team", "one") + alerts("team", "one"))
    running.post("/api/v2/alerts", [{"labels": {}}, *alerts("team", "two", ends=600)])
    running.post("/api/v2/alerts", alerts("team", "two", ends=-0.5))
    running.post("/api/v2/alerts", alerts("slow", "one", "two", "three"))
    resend(running)
    running.write(config)
    assert running.request("POST", "/-/reload").status == 200
    running.write("nonsense")
    assert running.request("POST", "/-/reload").status == 500


def resend(running: Server) -> None:
    """Sends a delivery again, once the ledger has one."""
    deadline = time.monotonic() + 30
    while not (found := running.get("/api/amp/v1/deliveries").json().get("deliveries")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    path = f"/api/amp/v1/deliveries/{found[0]['id']}/resend"
    assert running.request("POST", path).status == 200
    assert running.get("/history").status == 200


def stays(running: Server, at_start: dict[str, dict[str, float]], wanted: set[str]) -> set[str]:
    """What did not move within some time, seen at any moment of it."""
    deadline = time.monotonic() + 30
    while wanted and time.monotonic() < deadline:
        now = families(running.get("/metrics").body)
        wanted = {name for name in wanted if now[name] == at_start[name]}
        time.sleep(0.05)
    return wanted


def test_a_store_that_is_away_shows(server: Callable[..., Server]) -> None:
    flag = f"--amp.database-url=postgresql://u@127.0.0.1:{free_port()}/d"
    with server("{route: {receiver: r}, receivers: [{name: r}]}", flag) as running:
        running.post("/api/v2/alerts", alerts("team", "one"))
        shown = families(running.get("/metrics").body)
    assert shown["amp_ready"] == {"amp_ready[]": 0}
    assert shown["amp_store_up"] == {"amp_store_up[]": 0}
    assert shown["amp_store_errors"]["amp_store_errors_total[]"] > 0
    assert shown["amp_store_pending_rows"] == {"amp_store_pending_rows[]": 1}
    assert shown["amp_history_up"] == {"amp_history_up[]": 0}
    assert shown["amp_history_queue_length"]["amp_history_queue_length[]"] > 0
    assert shown["amp_history_lag_seconds"]["amp_history_lag_seconds[]"] > 0


def test_a_history_that_is_short_shows(server: Callable[..., Server]) -> None:
    flags = ("--amp.history.retention=1s", "--amp.history.queue-bytes=4096")
    with server("{route: {receiver: r}, receivers: [{name: r}]}", *flags) as running:
        at_start = families(running.get("/metrics").body)
        names = [str(number) for number in range(500)]
        running.post("/api/v2/alerts", alerts("team", *names))
        running.post("/api/v2/alerts", alerts("team", *names, ends=-0.5))
        wanted = {"amp_history_dropped_events", "amp_history_deleted_rows"}
        assert stays(running, at_start, wanted) == set()


def test_what_comes_back_and_what_room_there_is(
    server: Callable[..., Server], store_flags: tuple[str, ...]
) -> None:
    config = "{route: {receiver: r}, receivers: [{name: r}]}"
    with server(config, *store_flags) as running:
        running.post("/api/v2/alerts", alerts("team", "one") + alerts("team", "two"))
        running.stop()
        running.start()
        shown = measured(running)
        room = os.statvfs(running.folder)
    assert shown["amp_restored_alerts"] == {"amp_restored_alerts[]": 2}
    assert shown["amp_storage_size_bytes"]["amp_storage_size_bytes[]"] == (
        room.f_blocks * room.f_frsize
    )
    assert shown["amp_store_size_bytes"]["amp_store_size_bytes[('part', 'database')]"] > 4096


def measured(running: Server) -> dict[str, dict[str, float]]:
    """The metrics once sizes were looked up."""
    deadline = time.monotonic() + 20
    while True:
        shown = families(running.get("/metrics").body)
        if shown.get("amp_store_size_bytes"):
            return shown
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_needs_a_fault_is_moved_where_the_table_says() -> None:
    for name, path in EACH.items():
        assert name in (ROOT / path).read_text(encoding="utf-8")


def test_each_metric_is_documented_and_looked_at(server: Callable[..., Server]) -> None:
    with server(webhook("http://127.0.0.1:9/")) as running:
        # The history opens beside the start, and is measured then.
        until(lambda: "amp_history_size_bytes" in measured(running))
        shown = set(measured(running))
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(amp_\w+?)(?:_total)?`", text, re.MULTILINE))
    assert documented == shown
    looked = (ROOT / "deploy/grafana/amp.json").read_text(encoding="utf-8")
    looked += (ROOT / "deploy/prometheus/amp.rules.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"\bamp_\w+", looked))
    suffix = re.compile(r"_(total|bucket|sum|count)$")
    assert {suffix.sub("", name) for name in named} == shown
