"""What AMP remembers through outages, kills and reloads, asked over HTTP of whole processes."""

from __future__ import annotations

import http.client
import json
import signal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from acceptance.conftest import webhook
from acceptance.test_crash import silence
from acceptance.test_outage import until
from servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server
    from sink import SinkProcess


def alert(name: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}, "annotations": {"summary": f"{name} is bad"}}


def episodes(running: Server, question: str = "") -> list[dict[str, Any]]:
    answer = running.get(f"/history?order=asc{question}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def names(running: Server, question: str = "") -> list[str]:
    return [one["alert_name"] for one in episodes(running, question)]


def events(running: Server, fingerprint: str) -> list[str]:
    """The kinds of what happened to an alert, the oldest first."""
    found = running.get(f"/history/{fingerprint}").json()["events"]
    return [event["kind"] for event in reversed(found)]


def history_state(running: Server) -> str:
    state: str = running.get("/ready").json()["parts"]["history"]["status"]
    return state


def test_the_life_of_an_alert(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    with server(webhook(sink.url("/")), *store_flags) as running:
        running.post("/api/v2/alerts", [alert("DiskFull", severity="critical")])
        sink.wait(1)
        until(lambda: [one["delivery"]["delivered"] for one in episodes(running)] == [True])
        kept = running.post("/api/v2/silences", silence("DiskFull")).json()["silenceID"]
        until(lambda: names(running, "&silenced=true") == ["DiskFull"])
        assert names(running, f"&silence_id={kept}") == ["DiskFull"]
        running.request("DELETE", f"/api/v2/silence/{kept}")
        ended = alert("DiskFull", severity="critical") | {"endsAt": "2020-01-01T00:00:00Z"}
        del ended["annotations"]
        (one,) = episodes(running)
        ended["startsAt"] = one["starts_at"]
        ended["endsAt"] = one["starts_at"]
        running.post("/api/v2/alerts", [ended])
        until(lambda: names(running, "&is_resolved=true") == ["DiskFull"])
        sink.wait(2)
        fingerprint = one["fingerprint"]
        until(lambda: events(running, fingerprint).count("notified") == 2)
        kinds = events(running, fingerprint)
        assert kinds[:2] == ["received", "grouped"]
        for kind in ("flushed", "notified", "suppressed", "resolved"):
            assert kind in kinds
        (delivery,) = running.get("/api/amp/v1/deliveries?limit=1").json()["deliveries"]
        assert delivery["status"] == "delivered"


def test_a_killed_process_goes_on_with_its_episodes(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    with server(webhook(sink.url("/")), *store_flags) as running:
        running.post("/api/v2/alerts", [alert("Stays"), alert("Ends")])
        sink.wait(2)
        until(lambda: len(names(running, "&delivery_status=delivered")) == 2)
        before = episodes(running)
        running.stop(signal.SIGKILL)
        running.start()
        until(lambda: history_state(running) == "ok")
        # Whoever sent them before the kill sends them again.
        running.post("/api/v2/alerts", [alert("Stays")])
        running.post("/api/v2/alerts", [alert("New")])
        until(lambda: "New" in names(running))
        after = episodes(running)
        assert len(after) == 3
        assert [one["starts_at"] for one in after[:2]] == [one["starts_at"] for one in before]
        assert [one["status"] for one in after] == ["firing"] * 3
        assert events(running, after[0]["fingerprint"]).count("received") == 1


def test_a_database_that_goes_away_costs_no_notification_and_no_event(
    server: Callable[..., Server], sink: SinkProcess
) -> None:
    with Postgres() as postgres:
        url = postgres.database()
        with server(webhook(sink.url("/")), f"--amp.database-url={url}") as running:
            running.post("/api/v2/alerts", [alert("before")])
            sink.wait(1)
            until(lambda: names(running) == ["before"])
            postgres.stop()
            running.post("/api/v2/alerts", [alert("meanwhile")])
            sink.wait(2)
            until(lambda: history_state(running) == "degraded")
            assert running.get("/ready").status == 200
            assert running.get("/history").status == 503
            assert "\namp_history_up 0" in running.get("/metrics").body
            postgres.start()
            until(lambda: history_state(running) == "ok")
            until(lambda: len(names(running, "&delivery_status=delivered")) == 2)
            assert names(running) == ["before", "meanwhile"]
            assert "incomplete" not in running.get("/history").json()
        with psycopg.connect(url) as connection:
            rows = connection.execute(
                "SELECT s.labels ->> 'alertname' FROM episode e "
                "JOIN series s ON s.id = e.series_id ORDER BY e.starts_at_ns"
            ).fetchall()
            partitions = connection.execute(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'event'::regclass"
            ).fetchone()
        assert [row[0] for row in rows] == ["before", "meanwhile"]
        assert partitions is not None
        assert partitions[0] >= 1


def test_events_that_do_not_fit_are_counted_where_people_look(
    server: Callable[..., Server], sink: SinkProcess
) -> None:
    with Postgres() as postgres:
        flags = (f"--amp.database-url={postgres.database()}", "--amp.history.queue-bytes=20000")
        with server(webhook(sink.url("/")), *flags) as running:
            until(lambda: history_state(running) == "ok")
            postgres.stop()
            many = [alert("many", number=str(number)) for number in range(500)]
            running.post("/api/v2/alerts", many)
            assert len(sink.wait(1)[0].json()["alerts"]) == 500
            postgres.start()
            until(lambda: history_state(running) == "ok")
            # What fires is told again, so that the episodes are there all the same.
            until(lambda: running.get("/history").json()["total"] == 500)
            assert running.get("/history").json()["incomplete"]["dropped"] > 0
            assert "\namp_history_dropped_events_total 0" not in running.get("/metrics").body


def first_line(running: Server, path: str, kind: str) -> dict[str, Any]:
    """The first event of a kind that a stream tells."""
    connection = http.client.HTTPConnection(running.host, running.port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        for line in answer:
            if line.startswith(b"data: ") and f'"kind":"{kind}"'.encode() in line:
                found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return found
    finally:
        connection.close()
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("good", [True, False])
def test_reloads_are_remembered(
    server: Callable[..., Server], sink: SinkProcess, good: bool
) -> None:
    with server(webhook(sink.url("/"))) as running:
        if not good:
            running.write("route: {receiver: nobody}")
        running.request("POST", "/-/reload")
        told = first_line(
            running, "/api/amp/v1/stream?kinds=config_reloaded&after=1", "config_reloaded"
        )
        assert told["reload"]["success"] is good
        assert bool(told["reload"]["error"]) is not good
