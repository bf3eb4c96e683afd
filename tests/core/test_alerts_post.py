"""What POST /api/v2/alerts answers and stores, against the recorded reference.

Upstream stores nothing of a body with one undecodable alert; here the valid ones are stored
(a listed difference), so that such a case only holds the answer.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.vectors import facts

from amp._core import Engine, Templates

SECOND = 10**9
NOW = 1_800_000_000
PLAN = {"route": {"receiver": "r"}, "inhibit_rules": []}
PLAYED = [
    case
    for case in facts.cases("alerts_post")
    if all(
        post["headers"].get("Content-Type", "").startswith("application/json")
        and post.get("status") not in (406, 415)
        for post in case["posts"]
    )
]


def filled(text: str) -> str:
    """The text with its moments: those with decimals where an answer is meant."""

    def moment(found: re.Match[str]) -> str:
        at = datetime.fromtimestamp(NOW + int(found[1] or 0), UTC)
        return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return re.sub(r"\{now([+-]\d+)?\}", moment, text)


def without_update(alert: dict[str, Any]) -> dict[str, Any]:
    """The alert without the moment of the last POST, which the recording only knows roughly."""
    return {key: value for key, value in alert.items() if key != "updatedAt"}


@pytest.mark.parametrize("case", PLAYED, ids=[case["name"] for case in PLAYED])
def test_answers_and_alerts_equal_upstreams(case: dict[str, Any]) -> None:
    engine = Engine()
    engine.configure(json.dumps(PLAN).encode(), Templates(), NOW * SECOND)
    refused = False
    for post in case["posts"]:
        body = filled(post["body"]).encode("utf-8", "surrogateescape")
        report = engine.ingest(body, NOW * SECOND, 300 * SECOND)
        if post.get("crash"):
            assert report.status == 400
            refused = True
            continue
        expected = filled(post.get("answer", "")).replace(".000Z", "Z").encode()
        assert (report.status, report.body.replace(b".000Z", b"Z")) == (post["status"], expected)
        refused = refused or post["status"] == 422 or b'"code":400' in report.body
    if refused:
        return
    shown = engine.query_alerts(
        NOW * SECOND, active=True, silenced=True, inhibited=True, filters=[], receivers=None
    )
    expected = [without_update(alert) for alert in json.loads(filled(json.dumps(case["alerts"])))]
    assert [without_update(alert) for alert in json.loads(shown)] == expected
