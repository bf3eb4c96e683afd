"""Ours and the reference take turns on one storage folder: nothing is lost, nobody paged again."""

from __future__ import annotations

import datetime
import time
from typing import TYPE_CHECKING, Any

import pytest

from compat.servers import Server
from compat.sink import Sink

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
route: {receiver: r, group_by: [g], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
receivers: [{name: r, webhook_configs: [{url: 'http://SINK/r'}]}]
"""
WITHIN_SECONDS = 15.0
QUIET_SECONDS = 4.0


def moment(seconds: float) -> str:
    """A moment relative to now."""
    at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alert(name: str, group: str, ends: float = 3600) -> dict[str, Any]:
    """An alert that fires since a while, as Prometheus repeats it."""
    labels = {"alertname": name, "g": group}
    return {"labels": labels, "startsAt": moment(-600), "endsAt": moment(ends)}


def silence(server: Server, name: str, ends: float) -> str:
    """Creates a silence of an alert name; its id."""
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
        "startsAt": moment(0),
        "endsAt": moment(ends),
        "createdBy": "swap",
        "comment": f"by {server.binary.name}",
        "annotations": {"ticket": "1"},
    }
    answer = server.post("/api/v2/silences", body)
    assert answer.status == 200, answer.body
    return str(answer.json()["silenceID"])


def silences(server: Server) -> dict[str, Any]:
    """All silences by id, without the state, which time may change."""
    found = server.get("/api/v2/silences").json()
    return {one["id"]: {key: one[key] for key in one if key != "status"} for one in found}


@pytest.mark.parametrize("first", ["amp", "reference"])
def test_taking_turns_keeps_silences_and_pages_nobody_again(
    first: str, reference: Path, amp_server: Path, tmp_path: Path
) -> None:
    turns = [amp_server, reference] * 2 if first == "amp" else [reference, amp_server] * 2
    names = ["One", "Two", "Three", "Four"]
    known: dict[str, Any] = {}
    with Sink() as sink:
        config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
        for turn, binary in enumerate(turns):
            with Server(binary, tmp_path, config) as server:
                assert silences(server) == known
                if turn == 0:
                    silence(server, "Quiet", 3600)
                alerts = [alert(name, name) for name in names[: turn + 1]]
                assert server.post("/api/v2/alerts", [*alerts, alert("Quiet", "q")]).status == 200
                assert sink.wait(turn + 1, WITHIN_SECONDS)
                expired = silence(server, f"Expired{turn}", 3600)
                silence(server, f"Kept{turn}", 3600 + turn)
                assert server.request("DELETE", f"/api/v2/silence/{expired}").status == 200
                time.sleep(QUIET_SECONDS)
                known = silences(server)
        paged = [one.body["groupLabels"]["g"] for one in sink.accepted()]
    assert paged == names
    assert len(known) == 1 + 2 * len(turns)


def test_an_alert_that_resolved_under_the_other_stays_resolved(
    reference: Path, amp_server: Path, tmp_path: Path
) -> None:
    with Sink() as sink:
        config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
        for binary, ends, pages in ((amp_server, 3600, 1), (reference, -1, 2)):
            with Server(binary, tmp_path, config) as server:
                server.post("/api/v2/alerts", [alert("A", "1")])
                time.sleep(QUIET_SECONDS)
                server.post("/api/v2/alerts", [alert("A", "1", ends)])
                assert sink.wait(pages, WITHIN_SECONDS)
        with Server(amp_server, tmp_path, config):
            time.sleep(QUIET_SECONDS)
        reasons = [one.body["notification_reason"] for one in sink.accepted()]
    assert reasons == ["first notification", "all alerts resolved"]


@pytest.mark.parametrize("first", ["amp", "reference"])
def test_a_resolved_alert_is_told_by_the_other(
    first: str, reference: Path, amp_server: Path, tmp_path: Path
) -> None:
    turns = [amp_server, reference] if first == "amp" else [reference, amp_server]
    with Sink() as sink:
        config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
        with Server(turns[0], tmp_path, config) as server:
            server.post("/api/v2/alerts", [alert("A", "1")])
            assert sink.wait(1, WITHIN_SECONDS)
            time.sleep(QUIET_SECONDS)
        with Server(turns[1], tmp_path, config) as server:
            server.post("/api/v2/alerts", [alert("A", "1")])
            time.sleep(QUIET_SECONDS)
            server.post("/api/v2/alerts", [alert("A", "1", -1)])
            assert sink.wait(2, WITHIN_SECONDS)
        reasons = [one.body["notification_reason"] for one in sink.accepted()]
    assert reasons == ["first notification", "all alerts resolved"]
