"""Debian's Prometheus with rules that fire and resolve, AMP, and a webhook."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from compat.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat.servers import Server
    from sink import Received, SinkProcess

RULES = """
groups:
  - name: ours
    interval: 1s
    rules:
      - alert: TargetMissing
        expr: up{job="gone"} == 0
        labels: {severity: critical, team: db}
        annotations: {summary: "{{ $labels.instance }} is <gone> & away"}
      - alert: Brief
        expr: vector(time()) < SOON
        labels: {severity: warning, team: web}
        annotations: {summary: brief}
"""


def prometheus_config(amp_port: int, gone: list[int]) -> str:
    targets = ", ".join(f"'127.0.0.1:{port}'" for port in gone)
    return f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{amp_port}']}}]}}]
scrape_configs:
  - job_name: gone
    static_configs: [{{targets: [{targets}]}}]
"""


def amp_config(sink: SinkProcess) -> str:
    return f"""
route:
  receiver: other
  group_by: [alertname]
  group_wait: 3s
  group_interval: 2s
  routes: [{{receiver: db, matchers: [team = db]}}]
receivers:
  - name: other
    webhook_configs: [{{url: "{sink.url("/other")}"}}]
  - name: db
    webhook_configs: [{{url: "{sink.url("/db")}"}}]
"""


def test_prometheus_fires_and_resolves(
    server: Callable[..., Server], sink: SinkProcess, tmp_path: Path
) -> None:
    program = shutil.which("prometheus")
    assert program is not None, "Prometheus is not installed: run scripts/system test"
    gone = [free_port(), free_port()]
    with server(amp_config(sink)) as running:
        (tmp_path / "prometheus.yml").write_text(prometheus_config(running.port, gone))
        soon = str(int(time.time()) + 15)
        (tmp_path / "rules.yml").write_text(RULES.replace("SOON", soon))
        with (tmp_path / "log").open("wb") as log:
            prometheus = subprocess.Popen(
                [
                    program, "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                    f"--web.listen-address=127.0.0.1:{free_port()}",
                    "--rules.alert.resend-delay=1s",
                ],
                cwd=tmp_path, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            told = wait_for_both(sink)
        finally:
            prometheus.terminate()
            prometheus.wait(20)
    check_grouping(told, gone)


def wait_for_both(sink: SinkProcess) -> list[Received]:
    """Until the lasting alert was told firing, the brief one firing and resolved."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        told = sink.received()
        states = {(one.path, one.json()["status"]) for one in told}
        if states >= {("/db", "firing"), ("/other", "firing"), ("/other", "resolved")}:
            return told
        time.sleep(0.2)
    raise AssertionError([(one.path, one.body) for one in sink.received()])


def check_grouping(told: list[Received], gone: list[int]) -> None:
    body = [one.json() for one in told if one.path == "/db"][-1]
    assert body["groupKey"] == '{}/{team="db"}:{alertname="TargetMissing"}'
    instances = [alert["labels"]["instance"] for alert in body["alerts"]]
    assert instances == sorted(f"127.0.0.1:{port}" for port in gone)
    assert body["commonLabels"]["severity"] == "critical"
    assert body["alerts"][0]["annotations"]["summary"].endswith("is <gone> & away")
    assert body["alerts"][0]["generatorURL"].startswith("http")
    brief = [one.json() for one in told if one.path == "/other"]
    assert [one["status"] for one in brief] == ["firing", "resolved"]
    assert brief[1]["notification_reason"] == "all alerts resolved"
    assert brief[1]["alerts"][0]["endsAt"] > brief[1]["alerts"][0]["startsAt"]
