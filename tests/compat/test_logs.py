"""What both servers log in the same scenario: the same lines from level INFO on, in both forms."""

from __future__ import annotations

import json
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from compat.normal import UUID
from compat.servers import Server
from compat.sink import Sink
from compat.test_stories import same

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
route:
  receiver: r
  group_by: [a]
  group_wait: 100ms
  group_interval: 30s
  routes:
  - {receiver: bad, matchers: [a=bad], repeat_interval: 500ms}
  - {receiver: r, matchers: [a=x], repeat_interval: 300h}
receivers:
- {name: r, webhook_configs: [{url: 'http://SINK/hook?token=secret'}]}
- {name: bad, webhook_configs: [{url: 'http://SINK/bad?token=secret'}]}
- {name: unused}
"""
FLAGS = (
    "--log.silences",
    "--silences.max-silences=2",
    "--alerts.per-alertname-limit=2",
    "--enable-feature=alert-names-in-metrics,receiver-name-in-metrics,group-key-in-metrics,"
    "event-recorder",
)
SILENCE = {
    "matchers": [{"name": "a", "value": "x y", "isRegex": False}],
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2099-01-01T00:00:00Z",
    "createdBy": "me",
    "comment": 'a "comment"\nof two lines',
}
NO_SILENCE = "00000000-0000-0000-0000-000000000000"
OWN_VALUES = ("time", "source", "version", "build_context", "duration", "address")
"""Keys whose values cannot be the same."""
MOMENTS = ("starts_at", "ends_at", "StartsAt", "EndsAt")
PLACE = re.compile(r" \([^()]*line \d+[^()]*\)$")
PAIR = re.compile(r'([\w@.]+)=("(?:[^"\\]|\\.)*"|\S*)')


def play(binary: Path, folder: Path, form: str) -> list[dict[str, Any]]:
    """The lines of one server."""
    with Sink() as sink:
        sink.statuses = {"/hook?token=secret": 500, "/bad?token=secret": 400}
        config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
        with Server(binary, folder, config, (*FLAGS, f"--log.format={form}")) as server:
            act(server, sink, config)
        text = server.log()
    assert "secret" not in text
    lines = [line for line in text.split("\n") if line]
    return [json.loads(line) if form == "json" else logfmt(line) for line in lines]


def logfmt(line: str) -> dict[str, Any]:
    found = {}
    for key, value in PAIR.findall(line):
        found[key] = json.loads(value) if value.startswith('"') else value
    assert " ".join(f"{key}={value}" for key, value in PAIR.findall(line)) == line
    return found


def act(server: Server, sink: Sink, config: str) -> None:
    post(server, *({"a": "1", "alertname": "limited", "n": str(at)} for at in range(2)))
    post(server, {"a": "1", "alertname": "limited", "n": "2"})
    post(server, {"a": "bad"})
    post(server, {})
    assert sink.wait(3, 20, failed=True)
    sink.statuses["/hook?token=secret"] = 200
    assert sink.wait(1, 20)
    made = server.post("/api/v2/silences", SILENCE).json()["silenceID"]
    kept = server.get(f"/api/v2/silence/{made}").json()["startsAt"]
    for change in (
        {"id": made, "startsAt": kept, "comment": "longer"},
        {"id": made, "startsAt": kept, "matchers": [SILENCE["matchers"][0] | {"value": "z"}]},
        {},
        {"id": NO_SILENCE},
        {"endsAt": "2025-01-01T00:00:00Z"},
        {"startsAt": "2024-01-01T00:00:00Z", "endsAt": "2025-01-01T00:00:00Z"},
    ):
        server.post("/api/v2/silences", SILENCE | change)
    server.request("DELETE", f"/api/v2/silence/{NO_SILENCE}")
    server.request("GET", f"/api/v2/silence/{NO_SILENCE}")
    server.request("POST", "/-/reload")
    server.write("route: {}\n")
    server.request("POST", "/-/reload")
    server.write(config)
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    loaded = "Completed loading of configuration file"
    end = time.monotonic() + 20
    while server.log().count(loaded) < 2 and time.monotonic() < end:
        time.sleep(0.02)


def post(server: Server, *labels: dict[str, str]) -> None:
    server.post("/api/v2/alerts", [{"labels": one} for one in labels])


def normal(line: dict[str, Any]) -> dict[str, Any]:
    """A line without what two servers cannot have alike; keys stay in their order."""
    found = {}
    for key, value in line.items():
        shown = "<own>" if key in OWN_VALUES or key in MOMENTS else value
        if isinstance(shown, str):
            shown = UUID.sub("<id>", PLACE.sub("", shown))
        found[key] = shown
    return found


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_both_log_the_same_lines(
    form: str, reference: Path, amp_server: Path, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(play, reference, tmp_path / "reference", form)
        ours = pool.submit(play, amp_server, tmp_path / "ours", form)
        expected, found = (
            sorted({json.dumps(normal(line)) for line in one})
            for one in (theirs.result(), ours.result())
        )
    assert len(expected) > 25
    same(found, expected)
