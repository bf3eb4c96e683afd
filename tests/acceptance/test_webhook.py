"""`/webhook` and `/webhook/proxy` of whole processes: chains of two, and what the proxy answers."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from compat.binaries import ours
from compat.servers import Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sink import SinkProcess

WITHIN_SECONDS = 30.0


def until(condition: Callable[[], bool]) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def names(server: Server) -> list[str]:
    """The alerts that the server shows."""
    return sorted(one["labels"]["alertname"] for one in server.get("/api/v2/alerts").json())


def forwarding(url: str) -> str:
    return json.dumps(
        {
            "route": {"receiver": "next", "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "next", "webhook_configs": [{"url": url, "max_alerts": 2}]}],
        }
    )


def passes_on(first: Server, second: Server) -> None:
    """What one server is told reaches the next one, ends included."""
    began = {"labels": {"alertname": "A"}, "annotations": {"summary": "é"}}
    assert first.post("/api/v2/alerts", [began]).status == 200
    until(lambda: names(second) == ["A"])
    [alert] = second.get("/api/v2/alerts").json()
    [origin] = first.get("/api/v2/alerts").json()
    assert alert["fingerprint"] == origin["fingerprint"]
    assert alert["startsAt"] == origin["startsAt"]
    assert alert["annotations"] == {"summary": "é"}
    assert alert["endsAt"] > origin["endsAt"]
    over = {**began, "endsAt": origin["updatedAt"]}
    assert first.post("/api/v2/alerts", [over]).status == 200
    until(lambda: names(second) == [])
    several = [{"labels": {"alertname": f"A{number}"}} for number in range(3)]
    assert first.post("/api/v2/alerts", several).status == 200
    until(lambda: len(names(second)) == 2)


def test_a_chain_of_two(tmp_path: Path) -> None:
    with Server(ours(), tmp_path / "second", forwarding("http://127.0.0.1:9/")) as second:
        config = forwarding(f"http://127.0.0.1:{second.port}/webhook")
        with Server(ours(), tmp_path / "first", config) as first:
            passes_on(first, second)


def test_it_lives_through_a_restart(tmp_path: Path) -> None:
    body = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "A"}}]}
    with Server(ours(), tmp_path / "amp", forwarding("http://127.0.0.1:9/")) as server:
        assert server.post("/webhook", body).status == 200
        before = server.get("/api/v2/alerts").json()[0]["endsAt"]
        server.stop()
        server.start()
        assert server.get("/api/v2/alerts").json()[0]["endsAt"] == before
        body["alerts"][0]["status"] = "resolved"  # type: ignore[index]
        assert server.post("/webhook", body).json()["accepted"] == 1
        until(lambda: names(server) == [])


def proxied(server: Server, *alerts: dict[str, Any]) -> Any:
    return server.post("/webhook/proxy", {"version": "4", "alerts": list(alerts)})


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": name, **labels},
        "endsAt": "0001-01-01T00:00:00Z",
    }


def test_the_proxy(tmp_path: Path, sink: SinkProcess) -> None:
    sink.behave("/broken", status=404)
    config = json.dumps(
        {
            "route": {
                "receiver": "team",
                "group_by": ["alertname"],
                "group_wait": "2s",
                "group_interval": "2s",
                "routes": [{"receiver": "broken", "matchers": ["alertname=Broken"]}],
            },
            "receivers": [
                {"name": "team", "webhook_configs": [{"url": sink.url("/team")}]},
                {"name": "broken", "webhook_configs": [{"url": sink.url("/broken")}]},
            ],
            "inhibit_rules": [
                {"name": "down", "source_matchers": ["alertname=Down"], "target_matchers": ["x=y"]}
            ],
        }
    )
    own = "proxy: {filters: [{name: chatter, matchers: [severity=info]}]}\n"
    server = Server(ours(), tmp_path / "amp", config)
    server.folder.mkdir()
    (server.folder / "amp.yml").write_text(own, encoding="utf-8")
    with server:
        silence = {
            "matchers": [
                {"name": "alertname", "value": "Quiet", "isRegex": False, "isEqual": True}
            ],
            "startsAt": "2020-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z",
            "createdBy": "me",
            "comment": "quiet",
        }
        silence_id = server.post("/api/v2/silences", silence).json()["silenceID"]
        said = proxied(
            server,
            alert("Down"),
            alert("Quiet"),
            alert("Slow", x="y"),
            alert("Broken"),
            alert("Info", severity="info"),
        )
        assert said.status == 207
        answer = said.json()
        results = {one["alert_name"]: one for one in answer["alert_results"]}
        assert {name: one["status"] for name, one in results.items()} == {
            "Down": "success",
            "Quiet": "filtered",
            "Slow": "filtered",
            "Broken": "failed",
            "Info": "filtered",
        }
        assert results["Quiet"]["filter_reason"] == f"silence {silence_id}"
        assert 'rule "down"' in results["Slow"]["filter_reason"]
        assert results["Info"]["filter_reason"] == 'filter "chatter"'
        [published] = results["Down"]["publishing_results"]
        assert published["target"] == "team/webhook[0]"
        assert results["Broken"]["publishing_results"][0]["status_code"] == 404
        assert sorted(names(server)) == ["Broken", "Down", "Info", "Quiet", "Slow"]
        # The groups' own flushes come: what was filtered is told, what was told is not repeated.
        sink.behave("/broken", status=200)
        until(lambda: {"Broken", "Info"} <= {*told(sink)})
        assert told(sink).count("Down") == 1
        assert "Quiet" not in told(sink)


def told(sink: SinkProcess) -> list[str]:
    """The alert names of each notification that was taken."""
    return [one.json()["groupLabels"]["alertname"] for one in sink.received() if one.status == 200]
