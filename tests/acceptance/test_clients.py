"""The calls that karma, kthxbye and Grafana make, as their own sources make them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from acceptance.conftest import webhook
from acceptance.test_crash import silence, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server

NOWHERE = webhook("http://127.0.0.1:1/")


def test_karma_reads_version_silences_and_groups(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        running.post("/api/v2/alerts", [{"labels": {"alertname": "a", "instance": "i"}}])
        running.post("/api/v2/silences", silence("b"))
        metrics = running.get("/metrics")
        builds = re.findall(
            r'^alertmanager_build_info\{.*?version="(\d+\.\d+\.\d+)".*?\} 1$', metrics.body, re.M
        )
        assert builds == ["0.34.2"]
        # Its text parser takes neither exemplars nor OpenMetrics' end mark.
        assert "# EOF" not in metrics.body
        assert not [line for line in metrics.body.splitlines() if "_created" in line]
        silences = running.get("/api/v2/silences").json()
        assert {"id", "status", "matchers", "startsAt", "endsAt", "createdBy", "comment"} <= set(
            silences[0]
        )
        groups = running.get("/api/v2/alerts/groups").json()
        assert groups[0]["receiver"] == {"name": "team"}
        assert groups[0]["alerts"][0]["fingerprint"]
        status = running.get("/api/v2/status").json()
        assert status["versionInfo"]["version"] == "0.34.2"
        assert status["cluster"]["status"] == "disabled"


def test_kthxbye_extends_a_silence_and_keeps_its_id(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        made = running.post("/api/v2/silences", silence("b") | {"comment": "ACK! mine"})
        silence_id = made.json()["silenceID"]
        running.post("/api/v2/alerts", [{"labels": {"alertname": "b"}}])
        alerts = running.get("/api/v2/alerts", {"silenced": "true", "active": "false"}).json()
        assert alerts[0]["status"]["silencedBy"] == [silence_id]
        whole = running.get(f"/api/v2/silence/{silence_id}").json()
        whole["endsAt"] = stamp(time.time() + 7200)
        answer = running.post("/api/v2/silences", whole)
        assert (answer.status, answer.json()) == (200, {"silenceID": silence_id})
        found = running.get(f"/api/v2/silence/{silence_id}").json()
        assert found["endsAt"][:19] == whole["endsAt"][:19]
        assert len(running.get("/api/v2/silences").json()) == 1


def test_grafana_tells_us_from_mimir(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        assert running.get("/alertmanager/api/v2/status").status == 404
        assert running.get("/api/v2/status").status == 200
        query = {"silenced": "false", "inhibited": "false", "active": "true"}
        assert running.get("/api/v2/alerts/groups", query).json() == []


def test_probes_and_browsers_find_something_at_the_root(server: Callable[..., Server]) -> None:
    with server(NOWHERE) as running:
        assert running.get("/").status == 200
        assert "api/v2/status" in running.get("/").body
        assert running.get("/favicon.ico").status == 200
        assert running.get("/-/healthy").body == "OK"
        assert running.get("/anything/else").status == 404
