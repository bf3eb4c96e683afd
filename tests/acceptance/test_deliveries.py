"""The delivery ledger of whole processes, on both databases."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from acceptance.conftest import webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server
    from sink import SinkProcess

PATH = "/api/amp/v1/deliveries"
SECRET = "/hooks/T0P-s3cr3t-9b8a7c?token=w0rd&x=1"
ALERT = {
    "labels": {"alertname": "Down", "instance": "a:1"},
    "annotations": {"summary": f"see {SECRET}"},
}


def wait_for(running: Server, query: dict[str, Any], count: int) -> list[Any]:
    """The ledger's attempts, once there are so many."""
    deadline = time.monotonic() + 30
    while True:
        answer = running.get(PATH, query)
        # At the start the history may open a moment after the process is ready.
        assert answer.status in (200, 503), answer.body
        found: list[Any] = answer.json().get("deliveries", [])
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, answer.body
        time.sleep(0.05)


def test_three_attempts_and_one_more(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    sink.behave(SECRET, status=503, times=2, body=f"away: {SECRET}")
    with server(webhook(sink.url(SECRET)), *store_flags) as running:
        assert running.post("/api/v2/alerts", [ALERT]).status == 200
        sink.wait(3)
        sink.behave(SECRET, body="w0rd taken")
        third, second, first = wait_for(running, {}, 3)
        assert [one["attempt"] for one in (first, second, third)] == [1, 2, 3]
        assert {one["flush_id"] for one in (first, second, third)} == {first["flush_id"]}
        assert [one["status"] for one in (first, second, third)] == [
            "failed",
            "failed",
            "delivered",
        ]
        assert (first["status_code"], first["failure"]) == (503, "serverError")
        assert first["reason"] == "first notification"
        assert first["target"] == f"http://127.0.0.1:{sink.port}"

        again = running.request("POST", f"{PATH}/{first['id']}/resend")
        assert again.status == 200, again.body
        assert again.json()["status"] == "delivered"
        told = sink.wait(4)[-1].json()
        assert told["notification_reason"] == "resend"
        assert told["alerts"][0]["labels"] == ALERT["labels"]
        [resent] = wait_for(running, {"reason": "resend"}, 1)
        assert resent["id"] == again.json()["id"]

        shown = running.get(f"{PATH}/{resent['id']}")
        detail = shown.json()
        assert [one["id"] for one in detail["attempts"]] == [
            one["id"] for one in (first, second, third)
        ]
        assert detail["answer"] == "<secret> taken"
        assert json.loads(detail["request"])["receiver"] == "team"
        assert [one["status"] for one in detail["alerts"]] == ["firing"]

        answers = [running.get(f"{PATH}/{one['id']}").body for one in (first, second, third)]
        # What an alert says is the alert's: only what was sent and answered is redacted.
        kept = [json.loads(text) for text in [*answers, shown.body]]
        for one in kept:
            one["alerts"] = None
        text = json.dumps(kept) + running.get(PATH).body
        for part in ("T0P-s3cr3t-9b8a7c", "w0rd"):
            assert part not in text

        failed = wait_for(
            running, {"status": "failed", "fingerprint": detail["alerts"][0]["fingerprint"]}, 2
        )
        assert [one["id"] for one in failed] == [second["id"], first["id"]]

        running.write(webhook(sink.url("/elsewhere")).replace("team", "others"))
        assert running.request("POST", "/-/reload").status == 200
        gone = running.request("POST", f"{PATH}/{first['id']}/resend")
        assert gone.status == 409
        assert "no webhook[0] of receiver 'team'" in gone.json()["error"]

        running.stop()
        running.start()
        kept = [one["id"] for one in wait_for(running, {"receiver": "team"}, 4)]
        assert kept == [resent["id"], third["id"], second["id"], first["id"]]
