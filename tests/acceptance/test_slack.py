"""A Slack message is kept up to date across a restart."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from service import Arrived, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat.servers import Server

POST_MESSAGE = "https://slack.com/api/chat.postMessage"
UPDATE = "https://slack.com/api/chat.update"
TAKEN = {
    "headers": {"Content-Type": "application/json"},
    "body": '{"ok":true,"channel":"C024BE91L","ts":"1503435956.000247"}',
}
CONFIG = """
route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
  - name: team
    slack_configs:
      - api_url: https://slack.com/api/chat.postMessage
        channel: "#alerts"
        send_resolved: true
        update_message: true
        http_config:
          authorization: {credentials: xoxb-secret}
          proxy_url: http://HERE
          tls_config: {ca_file: FOLDER/authority.pem}
"""
LABELS = {"labels": {"alertname": "a"}}
ENDED = LABELS | {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-01T01:00:00Z"}


def wait(service: Service, count: int) -> list[Arrived]:
    """The requests, once there are so many."""
    deadline = time.monotonic() + 20
    while len(service.arrived) < count:
        assert time.monotonic() < deadline, "too few requests"
        time.sleep(0.02)
    return service.arrived


def test_the_message_is_found_again_after_a_restart(
    server: Callable[..., Server], store_flags: tuple[str, ...], tmp_path: Path
) -> None:
    answers = {POST_MESSAGE: [TAKEN], UPDATE: [TAKEN]}
    with (
        Service(tmp_path, answers) as service,
        server(service.fill(CONFIG), *store_flags) as running,
    ):
        running.post("/api/v2/alerts", [LABELS])
        [first] = wait(service, 1)
        assert first.url == POST_MESSAGE
        running.stop()
        running.start()
        running.post("/api/v2/alerts", [ENDED])
        [_, second] = wait(service, 2)
        told = json.loads(second.body)
        assert (second.url, told["ts"]) == (UPDATE, "1503435956.000247")
        assert told["channel"] == "C024BE91L"
        assert told["attachments"][0]["color"] == "good"
        assert "xoxb-secret" not in running.log()
