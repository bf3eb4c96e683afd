"""`POST /webhook` through the door: what is stored, counted, answered, and how long it lives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorway import Doorway, doorway
from unit.webhook.test_any_json import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ZERO = "0001-01-01T00:00:00Z"
START = "2025-12-31T23:00:00Z"


@pytest.fixture
async def door() -> AsyncIterator[Doorway]:
    async with doorway() as opened:
        yield opened


def v4(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"version": "4", "alerts": list(alerts), "truncatedAlerts": 0, **more}


def alert(status: str = "firing", name: str = "A", **given: Any) -> dict[str, Any]:
    labels = {"alertname": name}
    return {"status": status, "labels": labels, "startsAt": START, "endsAt": ZERO, **given}


async def test_what_was_taken_and_what_was_not(door: Doorway) -> None:
    bad = alert(name="B", annotations={"x": "y" * (65 << 10)})
    address = alert(name="C", generatorURL="no address")
    said = await door.post("/webhook", v4(alert(), 7, bad, address, truncatedAlerts=3))  # type: ignore[arg-type]
    assert said.status == 200
    answer = said.json()
    rejected = answer.pop("rejected")
    assert answer == {
        "status": "success",
        "format": "alertmanager_v4",
        "received": 4,
        "accepted": 1,
        "truncated": 3,
    }
    assert [(one["index"], one["alert_name"]) for one in rejected] == [(1, ""), (2, "B"), (3, "C")]
    assert "fingerprint" not in rejected[0]
    assert len(rejected[1]["fingerprint"]) == 16
    assert rejected[1]["error"].startswith("invalid annotations: a value of 66560 bytes")
    assert rejected[2]["error"] == 'generatorURL in body must be of type uri: "no address"'
    assert [one["labels"]["alertname"] for one in await door.alerts()] == ["A"]
    assert door.sample("alertmanager_alerts_invalid_total", version="v2") == 3
    assert door.sample("amp_ingest_alerts_total", result="invalid") == 3
    assert door.sample("amp_ingest_alerts_total", result="new") == 1
    assert 'err="it is a number, not an object"' in door.stream.getvalue()


async def test_nothing_was_taken(door: Doorway) -> None:
    said = await door.post("/webhook", v4(alert(labels={})))
    assert said.status == 400
    assert said.json()["error"] == "no alert could be accepted: at least one label is needed"
    assert said.json()["rejected"][0]["index"] == 0
    unknown = await door.post("/webhook", {"hello": "world"})
    assert unknown.status == 400
    assert "looked for an Alertmanager webhook" in unknown.json()["error"]
    assert (await door.post("/webhook", v4())).status == 200


async def test_it_lives_until_its_resolved_message(door: Doorway) -> None:
    await door.post("/webhook", v4(alert()))
    await door.clock.advance(23 * 3600)
    assert len(await door.alerts()) == 1
    await door.post("/webhook", v4(alert()))
    await door.clock.advance(23 * 3600)
    [shown] = await door.alerts()
    assert shown["startsAt"] == "2025-12-31T23:00:00.000Z"
    resolved = await door.post("/webhook", v4(alert("resolved")))
    assert resolved.json()["accepted"] == 1
    await door.clock.advance(1)
    assert await door.alerts() == []
    assert door.sample("amp_ingest_alerts_total", result="resolved") == 1


async def test_it_ends_after_the_timeout(door: Doorway) -> None:
    await door.post("/webhook", v4(alert()))
    await door.clock.advance(24 * 3600 + 1)
    assert await door.alerts() == []


async def test_the_timeout_is_a_flag() -> None:
    async with doorway(webhook_resolve_timeout_seconds=60.0) as door:
        await door.post("/webhook", [{"labels": {"alertname": "A"}}])
        [shown] = await door.alerts()
        assert shown["endsAt"] == "2026-01-01T00:01:00.000Z"


async def test_prometheus_knows_better_when_it_ends(door: Doorway) -> None:
    await door.post("/webhook", v4(alert()))
    await door.post("/api/v2/alerts", [{"labels": {"alertname": "A"}}])
    [shown] = await door.alerts()
    assert shown["endsAt"] == "2026-01-01T00:05:00.000Z"
    assert shown["startsAt"] == "2025-12-31T23:00:00.000Z"
    await door.clock.advance(240)
    await door.post("/webhook", v4(alert()))
    await door.clock.advance(240)
    assert len(await door.alerts()) == 1
    ends = {"labels": {"alertname": "A"}, "startsAt": START, "endsAt": "2026-01-01T00:10:00Z"}
    await door.post("/api/v2/alerts", [ends])
    [shown] = await door.alerts()
    assert shown["endsAt"] == "2026-01-01T00:10:00.000Z"
    await door.post("/webhook", v4(alert("resolved")))
    await door.clock.advance(1)
    assert await door.alerts() == []


async def test_prometheus_end_is_moved_by_a_webhook(door: Doorway) -> None:
    ends = {"labels": {"alertname": "A"}, "startsAt": START, "endsAt": "2026-01-01T00:04:00Z"}
    await door.post("/api/v2/alerts", [ends])
    await door.post("/webhook", v4(alert()))
    [shown] = await door.alerts()
    assert shown["endsAt"] == "2026-01-02T00:00:00.000Z"


async def test_limits() -> None:
    async with doorway(max_alerts=1, per_alertname_limit=1, max_body_bytes=1000) as door:
        many = await door.post("/webhook", v4(alert(), alert()))
        assert many.status == 413
        assert many.json()["error"] == (
            "too many alerts in one request: 2 (limit: 1) (--amp.limits.alerts)"
        )
        assert (await door.ask("POST", "/webhook", b" " * 1001)).status == 413
        assert (await door.post("/webhook", v4(alert()))).status == 200
        other = alert(labels={"alertname": "A", "b": "c"})
        said = await door.post("/webhook", v4(other))
        assert said.status == 400
        assert "limit" in said.json()["rejected"][0]["error"]
        assert door.sample("amp_ingest_alerts_total", result="dropped") == 1


async def test_a_rate() -> None:
    async with doorway(webhook_rate=1) as door:
        statuses = [(await door.post("/webhook", [])).status for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        said = await door.post("/webhook", [])
        assert said.headers["retry-after"] == "1"
        assert "--amp.webhook.rate" in said.json()["error"]
        await door.clock.advance(1)
        assert (await door.post("/webhook", [])).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"content-type": ""}, 200),
        ({"content-type": "application/vnd.alerts+json; charset=utf-8"}, 200),
        ({"content-type": "text/plain"}, 200),
        ({"content-type": "application/x-www-form-urlencoded"}, 200),
        ({"content-type": "nonsense;;="}, 200),
        ({"content-type": "text/plain", "origin": "http://elsewhere"}, 415),
        ({"content-type": "application/json", "origin": "http://elsewhere"}, 200),
        ({"content-type": "text/html"}, 415),
        ({"content-type": "application/soap+xml"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
    ],
)
async def test_content_types(door: Doorway, headers: dict[str, str], status: int) -> None:
    body = json.dumps([{"labels": {"alertname": "A"}}]).encode()
    assert (await door.ask("POST", "/webhook", body, headers)).status == status


async def test_other_methods(door: Doorway) -> None:
    assert (await door.get("/webhook")).status == 405


async def test_large_bodies_are_read_beside_the_loop(door: Doorway) -> None:
    alerts = [alert(name=f"A{number}", annotations={"x": "y" * 500}) for number in range(2500)]
    said = await door.post("/webhook", v4(*alerts))
    assert said.json()["accepted"] == 2500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(document=DOCUMENTS, path=st.sampled_from(["/webhook", "/webhook/proxy"]))
async def test_any_document(door: Doorway, document: Any, path: str) -> None:
    said = await door.post(path, document)
    assert said.status in (200, 207, 400, 413)
    assert said.json()
