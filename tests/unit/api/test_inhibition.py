"""The inhibition API: rules with their sources, who holds back whom, and who would be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doorway import doorway

RULES = "/api/v2/inhibition/rules"
STATUS = "/api/v2/inhibition/status"
CHECK = "/api/v2/inhibition/check"
CONFIG = json.dumps(
    {
        "route": {"receiver": "r"},
        "receivers": [{"name": "r"}],
        "inhibit_rules": [
            {
                "name": "worse",
                "source_matchers": ["severity=critical"],
                "target_matchers": ["severity=~warning|info"],
                "equal": ["host"],
            },
            {"source_match": {"alertname": "Down"}, "target_match_re": {"job": "a.*"}},
        ],
    }
)


def labels(**given: str) -> dict[str, Any]:
    return {"labels": given}


SOURCE = labels(alertname="Disk", severity="critical", host="a")
TARGET = labels(alertname="Slow", severity="warning", host="a")
OTHER = labels(alertname="Slow", severity="warning", host="b")


async def test_rules() -> None:
    async with doorway(CONFIG) as door:
        await door.post("/api/v2/alerts", [SOURCE, TARGET, OTHER])
        said = await door.get(RULES)
        assert said.headers["content-type"] == "application/json"
        assert said.json() == [
            {
                "index": 0,
                "name": "worse",
                "source_matchers": ['severity="critical"'],
                "target_matchers": ['severity=~"warning|info"'],
                "equal": ["host"],
                "active_sources": 1,
            },
            {
                "index": 1,
                "name": "",
                "source_matchers": ['alertname="Down"'],
                "target_matchers": ['job=~"^(?:a.*)$"'],
                "equal": [],
                "active_sources": 0,
            },
        ]
        await door.clock.advance(301)
        assert [rule["active_sources"] for rule in (await door.get(RULES)).json()] == [0, 0]


async def test_status_from_both_sides() -> None:
    async with doorway(CONFIG) as door:
        await door.post("/api/v2/alerts", [SOURCE, TARGET, OTHER])
        found = (await door.get(STATUS)).json()
        [inhibited] = found["inhibited"]
        [source] = found["sources"]
        assert inhibited["labels"] == TARGET["labels"]
        assert source["labels"] == SOURCE["labels"]
        assert inhibited["inhibited_by"] == [
            {"rule": 0, "rule_name": "worse", "source": source["fingerprint"]}
        ]
        assert source["inhibits"] == [
            {"rule": 0, "rule_name": "worse", "target": inhibited["fingerprint"]}
        ]
        assert (await door.get(f"{STATUS}?filter=host%3Db")).json()["inhibited"] == []
        assert (await door.get(f"{STATUS}?filter=%3D")).status == 400


async def test_check() -> None:
    async with doorway(CONFIG) as door:
        await door.post("/api/v2/alerts", [SOURCE])
        one = (await door.post(CHECK, TARGET)).json()["results"]
        assert one[0]["inhibited"] is True
        assert one[0]["inhibited_by"][0]["source"]["labels"] == SOURCE["labels"]
        assert one[0]["inhibited_by"][0]["rule_name"] == "worse"
        many = (await door.post(CHECK, {"alerts": [TARGET, OTHER]})).json()["results"]
        assert [one["inhibited"] for one in many] == [True, False]
        assert len(await door.alerts()) == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "the body is no JSON: "),
        (b"[" * 100_000, "the body is no JSON: "),
        (b"[]", "the body must be an object with labels or alerts"),
        (b"{}", "alert 0 has no labels"),
        (b'{"alerts":{}}', "alerts must be an array"),
        (b'{"alerts":[{"labels":{"a":"b"}},1]}', "alert 1 has no labels"),
        (b'{"labels":{"a":[]}}', "alert 0: labels: the value of 'a' is an array, not a string"),
    ],
)
async def test_bad_bodies(body: bytes, text: str) -> None:
    async with doorway(CONFIG) as door:
        said = await door.ask("POST", CHECK, body)
        assert said.status == 400
        assert said.json().startswith(text)


async def test_families_of_errors() -> None:
    async with doorway(CONFIG, max_alerts=1, cors_origin=".*") as door:
        assert (await door.post(CHECK, {"alerts": [TARGET, OTHER]})).status == 413
        wrong = await door.ask("POST", CHECK, b"{}", {"content-type": "text/plain"})
        assert (wrong.status, wrong.json()["code"]) == (415, 415)
        assert (await door.get(CHECK)).json()["code"] == 405
        unknown = await door.get("/api/v2/inhibition")
        assert (unknown.status, unknown.json()["code"]) == (404, 404)
        allowed = await door.ask("GET", RULES, headers={"origin": "http://a"})
        assert allowed.headers["access-control-allow-origin"] == "http://a"
