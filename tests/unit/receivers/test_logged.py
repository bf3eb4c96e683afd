"""What integrations log beside errors: the reference's lines for the same cases."""

from __future__ import annotations

import io
import json
import time

import pytest

from amp._core import Engine
from amp.config.load import load_config
from amp.config.templates import parse_templates
from amp.log import Logger
from amp.receivers import sender
from amp.receivers.base import Notification
from receivers.alerts import LONG, ONE, alert
from service import Service

LONG_KEY = '{}:{alertname="Long"}'
MESSAGE = "{{ range .Alerts }}{{ .Annotations.message }}{{ end }}"
BIG = "{{ range .Alerts }}{{ .Annotations.big }}{{ end }}"
JIRA = {"api_url": "http://HERE/", "project": "OPS", "issue_type": "Bug"}
INCIDENTIO = {"url": "http://HERE/", "alert_source_token": "t"}
COMMON = {"common": "<&>\u2028é"}
OF_EVERY_LINE = {"time", "source"}
PAGERDUTY = {"url": "http://HERE/", "routing_key": "key-of-the-route"}
LINES = {
    "pagerduty: a long description": (
        {"pagerduty_configs": [PAGERDUTY | {"description": MESSAGE}]},
        LONG,
        [{"level": "WARN", "msg": "Truncated summary", "key": LONG_KEY, "max_runes": 1024}],
    ),
    "incidentio: too large": (
        {"incidentio_configs": [INCIDENTIO]},
        [
            alert({"alertname": "Big", "instance": f"i{number}"}, {"big": "b" * 200_000} | COMMON)
            for number in range(3)
        ],
        [
            {
                "level": "WARN",
                "msg": "Truncated alert content due to incident.io payload size limit",
                "original_size": 801086,
                "final_size": 400596,
                "max_size": 524288,
            }
        ],
    ),
    "incidentio: too large with one alert": (
        {"incidentio_configs": [INCIDENTIO]},
        [
            alert({"alertname": "Big", "instance": "i0"}, {"big": "b" * 530_000} | COMMON),
            alert({"alertname": "Big", "instance": "z"}, {"big": "small"}),
        ],
        [
            {
                "level": "ERROR",
                "msg": "Truncated alert content due to incident.io payload size limit,"
                " but still exceeds limit",
                "original_size": 530761,
                "final_size": 530550,
                "max_size": 524288,
            }
        ],
    ),
    "jira: more than one issue": (
        {"jira_configs": [JIRA]},
        ONE,
        [
            {
                "level": "WARN",
                "msg": "more than one issue matched, selecting the most recently resolved",
                "group_key": '{}:{alertname="DiskFull"}',
                "selected_issue": "OPS-1",
            }
        ],
    ),
    "jira: long texts": (
        {"jira_configs": [JIRA | {"summary": MESSAGE, "description": MESSAGE * 7}]},
        LONG,
        [
            {"level": "WARN", "msg": "Truncated summary", "group_key": LONG_KEY, "max_runes": 255},
            {
                "level": "WARN",
                "msg": "Truncated description",
                "group_key": LONG_KEY,
                "max_runes": 32767,
            },
        ],
    ),
    "pagerduty: details too large": (
        {"pagerduty_configs": [PAGERDUTY | {"details": {"big": BIG}}]},
        [alert({"alertname": "Big"}, {"big": "é" * 260_000})],
        [
            {
                "level": "WARN",
                "msg": "Truncated Details because message of size 1MB40KB578B exceeds limit 512KB",
            }
        ],
    ),
}


@pytest.mark.parametrize(("receiver", "alerts", "lines"), LINES.values(), ids=LINES)
async def test_lines(receiver, alerts, lines, tmp_path, clients):
    answers = {"http://HERE/search": [{"body": '{"issues": [{"key": "OPS-1"}, {"key": "OPS-2"}]}'}]}
    if alerts is LONG:
        answers = {"http://HERE/search": [{"body": "{}"}]}
    with Service(tmp_path, answers) as service:
        whole = {
            "route": {"receiver": "team", "group_by": ["alertname"]},
            "receivers": [{"name": "team"} | receiver],
        }
        config = load_config(service.fill(json.dumps(whole)))
        templates = parse_templates(config)
        engine = Engine()
        now_ns = time.time_ns()
        engine.configure(config.plan(), templates, now_ns)
        [(group, _, _)] = engine.ingest(json.dumps(alerts).encode(), now_ns, 10**12).timers
        [batch] = engine.flush([group], now_ns)
        assert batch is not None
        [(kind, _, block)] = config.receivers[0].integrations
        make = sender(kind)
        written = io.StringIO()
        notification = Notification(
            batch,
            "team",
            batch.group_key,
            "first notification",
            "http://am.example",
            now_ns,
            templates,
            Logger(written, form="json"),
        )
        await make(block, clients.client(block.http_config))(notification)
    found = [json.loads(line) for line in written.getvalue().splitlines()]
    kept = [{k: v for k, v in line.items() if k not in OF_EVERY_LINE} for line in found]
    assert kept == lines
