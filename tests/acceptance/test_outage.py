"""PostgreSQL goes away and returns: notifications go on, silences answer 503, nothing is lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from acceptance.conftest import webhook
from acceptance.test_crash import silence
from servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server
    from sink import SinkProcess


def until(check: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def store_state(running: Server) -> str:
    state: str = running.get("/ready").json()["parts"]["store"]["status"]
    return state


def test_the_database_goes_away_and_returns(
    server: Callable[..., Server], sink: SinkProcess
) -> None:
    with Postgres() as postgres:
        flags = (f"--amp.database-url={postgres.database()}",)
        with server(webhook(sink.url("/")), *flags) as running:
            kept = running.post("/api/v2/silences", silence("kept")).json()["silenceID"]
            postgres.stop()
            answer = running.post("/api/v2/silences", silence("refused"))
            assert answer.status == 503
            assert len(running.get("/api/v2/silences").json()) == 1
            running.post("/api/v2/alerts", [{"labels": {"alertname": "outage"}}])
            assert sink.wait(1)[0].json()["groupLabels"] == {"alertname": "outage"}
            until(lambda: store_state(running) == "degraded")
            assert "amp_store_up 0" in running.get("/metrics").body
            assert "Store is away" in running.log()
            postgres.start()
            until(lambda: store_state(running) == "ok")
            second = running.post("/api/v2/silences", silence("second")).json()["silenceID"]
            running.stop()
            running.start()
            found = {one["id"] for one in running.get("/api/v2/silences").json()}
            assert found == {kept, second}
            running.post("/api/v2/alerts", [{"labels": {"alertname": "after"}}])
            told = [one.json()["groupLabels"]["alertname"] for one in sink.wait(2)]
            assert told == ["outage", "after"]


def test_a_start_without_the_database_takes_alerts_and_says_so(
    server: Callable[..., Server], sink: SinkProcess
) -> None:
    with Postgres() as postgres:
        flags = (f"--amp.database-url={postgres.database()}",)
        postgres.stop()
        with server(webhook(sink.url("/")), *flags) as running:
            assert running.get("/ready").status == 503
            assert running.post("/api/v2/alerts", [{"labels": {"alertname": "a"}}]).status == 200
            # A reload meanwhile starts nothing either: the log of what was told is still away.
            assert running.request("POST", "/-/reload").status == 200
            for _ in range(20):
                running.get("/api/v2/alerts")
            assert "\namp_dispatch_flushes_total 0\n" in running.get("/metrics").body
            postgres.start()
            until(lambda: running.get("/ready").status == 200)
            assert sink.wait(1)[0].json()["groupLabels"] == {"alertname": "a"}
