"""Integrations that only AMP has: their blocks in `amp.yml`, at the start and at reloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from compat.servers import Server
    from sink import SinkProcess

CONFIG = """
global: {http_config: {http_headers: {X-Team: {values: [a]}}}}
route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers: [{name: team}, {name: other}]
"""
FAILED = 'alertmanager_notifications_failed_total{integration="rootly",reason="other"} '


def alert(name: str) -> list[dict[str, object]]:
    return [{"labels": {"alertname": name}}]


def test_own_integrations_deliver_and_are_reloaded(
    server: Callable[..., Server], sink: SinkProcess, tmp_path: Path
) -> None:
    running = server(CONFIG)
    home = tmp_path / "amp"
    home.mkdir(exist_ok=True)
    (home / "chat").write_text(sink.url("/chat?token=hunter2"))
    own = home / "amp.yml"
    chat = "googlechat_configs: [{url_file: chat}]"
    own.write_text(f"receivers: [{{name: team, {chat}}}]")
    with running:
        assert 'integration="rootly"' not in running.get("/metrics").body
        assert 'integration="googlechat",reason="other"} 0' in running.get("/metrics").body
        running.post("/api/v2/alerts", alert("a"))
        [told] = sink.wait(1)
        assert told.path.startswith("/chat?token=hunter2&messageReplyOption=")
        assert told.json()["text"].startswith("*[FIRING:1] a*\n🔥 alertname=a")
        assert told.headers["X-Team"] == "a"

        own.write_text(f"receivers: [{{name: nobody, {chat}}}]")
        answer = running.request("POST", "/-/reload")
        assert answer.status == 500
        assert "undefined receiver" in answer.body
        assert "amp.yml, line 1, receivers[0].name" in answer.body
        assert "alertmanager_config_last_reload_successful 0" in running.get("/metrics").body
        assert "Loading configuration file failed" in running.log()
        running.post("/api/v2/alerts", alert("b"))
        assert "*[FIRING:1] b*" in sink.wait(2)[1].json()["text"]

        rootly = f"rootly_configs: [{{url: '{sink.url('/rootly')}', secret: hunter3}}]"
        own.write_text(f"receivers: [{{name: team, {rootly}}}]")
        assert running.request("POST", "/-/reload").status == 200
        assert "alertmanager_config_last_reload_successful 1" in running.get("/metrics").body
        assert f"{FAILED}0" in running.get("/metrics").body
        running.post("/api/v2/alerts", alert("c"))
        told = next(one for one in sink.wait(5)[2:] if "[FIRING:1] c " in one.body)
        assert told.path == "/rootly"
        assert told.headers["Authorization"] == "Bearer hunter3"

        names = [one["name"] for one in running.get("/api/v2/receivers").json()]
        assert names == ["team", "other"]
        original = running.get("/api/v2/status").json()["config"]["original"]
        assert "rootly" not in original
        assert "hunter" not in running.log() + original
