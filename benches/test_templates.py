"""What rendering costs from Python, in one call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from amp._core import TemplateData, Templates

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

LABELS = {"alertname": "DiskFull", "instance": "db1:9100", "job": "node", "severity": "critical"}
ALERT = {
    "status": "firing",
    "labels": LABELS,
    "annotations": {"summary": "Disk <90%> & rising"},
    "startsAt": "2026-01-02T03:04:05Z",
    "generatorURL": "http://prom/graph?g0.expr=up%3D%3D0&g0.tab=1",
}
SLACK = [
    (f'{{{{ template "slack.default.{name}" . }}}}', False)
    for name in ("title", "titlelink", "pretext", "text", "fallback", "color", "username")
]


def data(count: int) -> TemplateData:
    body = {
        "receiver": "team",
        "status": "firing",
        "alerts": [ALERT] * count,
        "groupLabels": {"alertname": "DiskFull", "job": "node"},
        "commonLabels": LABELS,
        "externalURL": "http://am.example",
    }
    return TemplateData(json.dumps(body).encode())


def test_slack_text(benchmark: BenchmarkFixture) -> None:
    templates, one = Templates(), data(1)
    text = '{{ template "slack.default.fallback" . }}'
    assert benchmark(templates.render, text, one, 0).startswith("[FIRING:1] DiskFull node (")


def test_slack_notification(benchmark: BenchmarkFixture) -> None:
    templates, one = Templates(), data(1)
    assert len(benchmark(templates.render_many, SLACK, one, 0)) == len(SLACK)


@pytest.mark.parametrize("count", [1, 10, 200])
def test_mail(benchmark: BenchmarkFixture, count: int) -> None:
    templates, alerts = Templates(), data(count)
    text = '{{ template "email.default.html" . }}'
    mail = benchmark(templates.render, text, alerts, 0, html=True)
    assert f"[{count}] Firing" in mail
