"""kill -9 at any moment: what was promised is back, and nobody is paged twice or left unpaged."""

from __future__ import annotations

import collections
import http.client
import random
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from acceptance.conftest import webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server
    from sink import SinkProcess

KILLS = 50
WRITTEN_SECONDS = 0.3
"""Alerts are behind by 100 ms at most, the log by 50 ms; the machine may be busy."""


class Load:
    """Posts alerts and silences as fast as they are answered; remembers what was answered."""

    def __init__(self, server: Server, random_numbers: random.Random) -> None:
        self.server = server
        self.random = random_numbers
        self.posted: dict[str, float] = {}
        self.silences: list[str] = []
        self._count = 0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._ended.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """After the server died: its connections break and the thread ends."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def settled(self, killed: float) -> set[str]:
        """The alerts of this round that were answered long enough before the kill."""
        found = {name for name, at in self.posted.items() if at < killed - WRITTEN_SECONDS}
        self.posted.clear()
        return found

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._once()
            except (OSError, http.client.HTTPException):
                # The kill may come before the answer, or in its middle.
                return

    def _once(self) -> None:
        self._count += 1
        name = f"alert{self._count}"
        started = time.time()
        alert = {"labels": {"alertname": name}, "startsAt": stamp(started - 5)}
        if self.server.post("/api/v2/alerts", [alert]).status == 200:
            self.posted[name] = time.monotonic()
        if self._count % 5 == 0:
            answer = self.server.post("/api/v2/silences", silence(f"quiet{self._count}"))
            if answer.status == 200:
                self.silences.append(answer.json()["silenceID"])


def stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def silence(name: str) -> dict[str, Any]:
    now = time.time()
    return {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
        "startsAt": stamp(now),
        "endsAt": stamp(now + 3600),
        "createdBy": "me",
        "comment": "crash",
    }


def test_fifty_kills_under_load(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    chance = random.Random(20261122)
    config = webhook(sink.url("/team"))
    flags = (*store_flags, "--data.maintenance-interval=2s", "--log.level=warn")
    running = server(config, *flags)
    load = Load(running, chance)
    known: set[str] = set()
    with running:
        for _ in range(KILLS):
            load.start()
            time.sleep(chance.uniform(0.05, 0.9))
            running.stop(signal.SIGKILL)
            killed = time.monotonic()
            load.stop()
            known |= load.settled(killed)
            running.start()
            check_silences(running, load.silences)
            check_alerts(running, known)
        # The last groups are told before the counting; every group flushes at once and each second.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if {text(one) for one in sink.received()} >= known:
                break
            time.sleep(0.2)
    check_notifications([text(one) for one in sink.received()], known)
    assert len(load.silences) > KILLS
    assert len(known) > KILLS


def check_silences(running: Server, expected: list[str]) -> None:
    """Every silence that was answered with 200 is there."""
    found = {one["id"] for one in running.get("/api/v2/silences").json()}
    assert found >= set(expected)


def check_alerts(running: Server, expected: set[str]) -> None:
    """Every alert that was answered long enough ago is there, still firing."""
    found = {one["labels"]["alertname"] for one in running.get("/api/v2/alerts").json()}
    assert found >= expected


def text(received: Any) -> str:
    body = received.json()
    assert body["status"] == "firing", "a false resolved"
    return str(body["groupLabels"]["alertname"])


def check_notifications(told: list[str], known: set[str]) -> None:
    """Everybody was told; only what was answered just before a kill may be told again."""
    counts = collections.Counter(told)
    assert set(counts) >= known
    again = sum(count - 1 for count in counts.values())
    # A kill can repeat what the receiver answered in the last 100 ms, never more.
    assert again <= len(told) * 0.2
    assert max(counts.values()) <= 3
