"""`POST /webhook/proxy` over real stages: what is delivered at once, what is not, and why."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from amp._core import fingerprint
from amp.clock import SECOND_NS
from amp.store.silence import Silence
from doorway import doorway
from listener import OK, Listeners, reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from doorway import Doorway, Said
    from listener import Heard, Listener

START = "2025-12-31T23:59:59Z"


@pytest.fixture
async def listeners() -> AsyncIterator[Listeners]:
    async with Listeners() as started:
        yield started


@pytest.fixture
async def sink(listeners: Listeners) -> Listener:
    return await listeners.start()


def config(url: str, **more: Any) -> str:
    return json.dumps(
        {
            "route": {
                "receiver": "team",
                "group_by": ["alertname"],
                "group_wait": "10s",
                "group_interval": "1m",
                "routes": more.pop("routes", []),
            },
            "receivers": [
                {"name": "team", "webhook_configs": [{"url": url}]},
                *more.pop("receivers", []),
            ],
            **more,
        }
    )


def alert(name: str = "A", status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, **labels},
        "annotations": {},
        "startsAt": START,
        "endsAt": "0001-01-01T00:00:00Z",
    }


async def proxy(door: Doorway, *alerts: dict[str, Any], **more: Any) -> Said:
    return await door.post("/webhook/proxy", {"version": "4", "alerts": list(alerts), **more})


def told(sink: Listener) -> list[list[str]]:
    """The `n` labels of each notification."""
    return [
        [one["labels"].get("n", "") for one in json.loads(heard.body)["alerts"]]
        for heard in sink.heard
    ]


async def test_delivered_at_once_and_not_again(sink: Listener) -> None:
    async with doorway(config(sink.url()), flush=True) as door:
        said = await proxy(door, alert(n="1"), alert(n="2"), alert("B", n="3"))
        answer = said.json()
        assert said.status == 200
        assert answer["status"] == "success"
        assert answer["alerts_summary"] == {
            "total_received": 3,
            "total_processed": 3,
            "total_filtered": 0,
            "total_published": 3,
            "total_failed": 0,
        }
        first = answer["alert_results"][0]
        [result] = first.pop("publishing_results")
        assert first == {
            "fingerprint": fingerprint({"alertname": "A", "n": "1"}),
            "alert_name": "A",
            "status": "success",
            "filter_action": "passed",
        }
        assert result.pop("latency_seconds") >= 0
        assert result == {"target": "team/webhook[0]", "success": True, "status_code": 200}
        assert answer["processing_seconds"] > 0
        assert sorted(told(sink)) == [["1", "2"], ["3"]]
        await door.clock.advance(120)
        assert len(sink.heard) == 2
        again = (await proxy(door, alert(n="1"))).json()
        [result] = again["alert_results"][0]["publishing_results"]
        assert (result["success"], result["skipped"]) == (True, "deduplicated")
        assert len(sink.heard) == 2


async def test_ticks_stay(sink: Listener) -> None:
    async with doorway(config(sink.url()), flush=True) as door:
        await proxy(door, alert(n="1"))
        await door.post("/webhook", [{"labels": {"alertname": "A", "n": "2"}, "startsAt": START}])
        await door.clock.advance(9)
        assert told(sink) == [["1"]]
        await door.clock.advance(1)
        await heard(sink, 2)
        assert told(sink) == [["1"], ["1", "2"]]


async def heard(sink: Listener, count: int) -> None:
    """Returns once so many requests came."""
    for _ in range(10_000):
        if len(sink.heard) >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came")


async def test_a_resolved_alert_is_told(sink: Listener) -> None:
    async with doorway(config(sink.url()), flush=True) as door:
        await proxy(door, alert())
        said = await proxy(door, alert(status="resolved"))
        assert said.json()["alert_results"][0]["status"] == "success"
        assert [json.loads(one.body)["status"] for one in sink.heard] == ["firing", "resolved"]


async def test_silenced(sink: Listener) -> None:
    async with doorway(config(sink.url()), flush=True) as door:
        now_ns = door.clock.now_ns()
        matchers = ((("n", "=", "1"),),)
        silence = Silence("", matchers, now_ns, now_ns + 3600 * SECOND_NS, comment="c")
        id = await door.running.silences.set(silence)
        said = await proxy(door, alert(n="1"), alert(n="2"))
        first, second = said.json()["alert_results"]
        assert said.status == 200
        assert (first["status"], first["filter_action"]) == ("filtered", "passed")
        assert first["filter_reason"] == f"silence {id}"
        assert first["publishing_results"] == []
        assert second["status"] == "success"
        assert said.json()["alerts_summary"]["total_filtered"] == 1
        assert told(sink) == [["2"]]


async def test_inhibited(sink: Listener) -> None:
    rules = [
        {"source_matchers": ["severity=never"], "target_matchers": ["n=1"]},
        {"name": "worse", "source_matchers": ["severity=critical"], "target_matchers": ["n=1"]},
    ]
    async with doorway(config(sink.url(), inhibit_rules=rules), flush=True) as door:
        said = await proxy(door, alert(n="1"), alert("B", severity="critical", n="2"))
        first, second = said.json()["alert_results"]
        assert first["filter_reason"] == f'inhibition by {second["fingerprint"]} (rule "worse")'
        assert told(sink) == [["2"]]


async def test_intervals(sink: Listener) -> None:
    given = config(
        sink.url(),
        time_intervals=[
            {"name": "always", "time_intervals": [{}]},
            {"name": "never", "time_intervals": [{"years": ["1999"]}]},
        ],
        routes=[
            {"receiver": "team", "matchers": ["n=1"], "mute_time_intervals": ["always"]},
            {"receiver": "team", "matchers": ["n=2"], "active_time_intervals": ["never"]},
        ],
    )
    async with doorway(given, flush=True) as door:
        said = await proxy(door, alert(n="1"), alert(n="2"))
        results = said.json()["alert_results"]
        assert [one["filter_reason"] for one in results] == [
            'mute_time_interval "always"',
            'active_time_interval "never"',
        ]
        assert sink.heard == []


async def test_some_receivers_fail(sink: Listener, listeners: Listeners) -> None:
    gone = await listeners.start(reply("404 Not Found", b"no such hook"))
    given = config(
        sink.url(),
        routes=[
            {"receiver": "gone", "matchers": ["n=~1|2"], "continue": True},
            {"receiver": "team", "matchers": ["n=2"]},
            {"receiver": "none", "matchers": ["n=3"]},
        ],
        receivers=[
            {"name": "gone", "webhook_configs": [{"url": gone.url()}]},
            {"name": "none"},
        ],
    )
    async with doorway(given, flush=True) as door:
        said = await proxy(door, alert("A", n="1"), alert("B", n="2"), alert("C", n="3"))
        answer = said.json()
        assert said.status == 207
        assert answer["status"] == "partial"
        # The first one goes to the root's receiver, too: its routes end with one that continues.
        first, second, third = answer["alert_results"]
        assert (first["status"], second["status"], third["status"]) == (
            "failed",
            "partial",
            "success",
        )
        [failure] = first["publishing_results"]
        assert (failure["target"], failure["success"]) == ("gone/webhook[0]", False)
        assert failure["status_code"] == 404
        assert "404" in failure["error"]
        assert third["publishing_results"] == []
        assert answer["alerts_summary"]["total_failed"] == 2
        alone = await proxy(door, alert("A", n="1"))
        assert (alone.status, alone.json()["status"]) == (207, "failed")


async def test_a_receiver_that_stays_busy(listeners: Listeners) -> None:
    busy = await listeners.start(reply("503 Service Unavailable"))
    async with doorway(config(busy.url()), flush=True) as door:
        asking = asyncio.create_task(proxy(door, alert(n="1")))
        await heard(busy, 1)
        while not asking.done():
            await door.clock.advance(1)
            await asyncio.sleep(0.001)
        said = await asking
        result = said.json()["alert_results"][0]
        assert (said.status, result["status"]) == (207, "partial")
        assert result["publishing_results"][0]["status_code"] == 503


async def test_a_flush_that_goes_on_is_waited_for(listeners: Listeners) -> None:
    free = asyncio.Event()

    async def slow(request: Heard) -> bytes:
        await free.wait()
        return OK

    sink = await listeners.start(slow)
    async with doorway(config(sink.url()), flush=True) as door:
        await door.post("/webhook", [{"labels": {"alertname": "A", "n": "1"}, "startsAt": START}])
        await door.clock.advance(10)
        await heard(sink, 1)
        asking = asyncio.create_task(proxy(door, alert(n="2")))
        await door.clock.advance(5)
        assert told(sink) == [["1"]]
        free.set()
        assert (await asking).json()["status"] == "success"
        assert told(sink) == [["1"], ["1", "2"]]


async def test_a_flush_that_goes_on_for_too_long(listeners: Listeners) -> None:
    never = asyncio.Event()

    async def hang(request: Heard) -> bytes:
        await never.wait()
        return OK

    sink = await listeners.start(hang)
    async with doorway(config(sink.url()), flush=True) as door:
        await door.post("/webhook", [{"labels": {"alertname": "A", "n": "1"}, "startsAt": START}])
        await door.clock.advance(10)
        await heard(sink, 1)
        asking = asyncio.create_task(proxy(door, alert(n="2")))
        await door.clock.advance(31)
        [result] = (await asking).json()["alert_results"]
        assert (result["status"], result["publishing_results"]) == ("partial", [])


FILTERS = """
proxy:
  filters:
    - {name: chatter, matchers: [severity = info]}
    - {name: tests, matchers: ["n =~ test.*", severity != info], action: drop}
"""


async def test_the_users_filters(sink: Listener) -> None:
    async with doorway(config(sink.url()), own=FILTERS, flush=True) as door:
        said = await proxy(door, alert(n="1"), alert(n="2", severity="info"), alert("B", n="test1"))
        first, second, third = said.json()["alert_results"]
        assert (first["status"], first["filter_action"]) == ("success", "passed")
        assert "filter_reason" not in first
        assert (second["status"], second["filter_action"]) == ("filtered", "filtered")
        assert second["filter_reason"] == 'filter "chatter"'
        assert third["filter_reason"] == 'filter "tests"'
        assert told(sink) == [["1"]]
        assert len(await door.alerts()) == 3
        await door.clock.advance(10)
        await heard(sink, 3)
        assert sorted(told(sink)) == [["1"], ["1", "2"], ["test1"]]
        door.configure(config(sink.url()))
        said = await proxy(door, alert("C", n="4", severity="info"))
        assert said.json()["alert_results"][0]["filter_action"] == "passed"


async def test_refused_alerts(sink: Listener) -> None:
    async with doorway(config(sink.url()), flush=True) as door:
        said = await proxy(door, alert(n="1"), {"labels": {}}, truncatedAlerts=2)
        answer = said.json()
        assert (said.status, answer["status"], answer["truncated"]) == (207, "partial", 2)
        assert answer["alerts_summary"]["total_processed"] == 1
        assert answer["alert_results"][1] == {
            "index": 1,
            "alert_name": "",
            "error": "at least one label is needed",
            "status": "failed",
            "publishing_results": [],
        }
        nothing = await proxy(door, {"labels": {}})
        assert nothing.status == 400
        assert nothing.json()["error"].startswith("no alert could be accepted")
        other = await door.post("/webhook/proxy", [{"labels": {"alertname": "A"}}])
        assert other.status == 400
        assert (
            'looked for an Alertmanager webhook (an object with version "4"'
            in (other.json()["error"])
        )
        assert (await proxy(door)).status == 200


async def test_nothing_is_delivered_before_its_time(sink: Listener) -> None:
    async with doorway(config(sink.url()), dispatch_start_delay_seconds=60, flush=True) as door:
        said = await proxy(door, alert(n="1"))
        assert said.json()["alert_results"][0]["status"] == "partial"
        door.running.opened = False
        assert (await proxy(door, alert(n="1"))).json()["status"] == "partial"
        assert sink.heard == []


async def test_a_classification_is_attached(sink: Listener) -> None:
    from amp.api.proxy import ProxyApi
    from amp.api.request import Request
    from amp.api.webhook import Intake

    class Classifier:
        async def classify(self, alerts: Any, deadline_ns: int) -> Any:
            return {fingerprint: {"severity": "info"} for fingerprint in alerts}

    async with doorway(config(sink.url()), flush=True) as door:
        intake = Intake(door.running, door.shared.options, door.running.metrics)
        body = json.dumps({"version": "4", "alerts": [alert()]}).encode()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        scope = {"type": "http", "method": "POST", "headers": [], "raw_path": b"/"}
        request = Request(scope, receive, "/webhook/proxy", 0)
        answer = await ProxyApi(door.running, intake, Classifier()).post(request)
        [result] = json.loads(answer.body)["alert_results"]
        assert result["classification"] == {"severity": "info"}
