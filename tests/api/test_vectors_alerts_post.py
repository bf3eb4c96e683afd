"""Bodies of POST /api/v2/alerts: the same answers, the same alerts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vectors.facts import cases, names
from vectors.record.moments import fill, offsets, shade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compat.servers import Server

DEFAULT_END = 300
LONG_AGO = "2000-01-01T00:00:00.000Z"


@pytest.fixture
def server(serve: Callable[..., Server]) -> Iterator[Server]:
    """A server without alerts."""
    running = serve()
    yield running
    forget(running)


STORED = {
    "annotations": {},
    "endsAt": "{now+300}",
    "fingerprint": "d2b371819297f98a",
    "receivers": [{"name": "r"}],
    "startsAt": "{now}",
    "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "active"},
    "updatedAt": "{now}",
    "labels": {"a": "b"},
}
DIFFERS = {"second alert without labels": [STORED]}
"""What we store and the reference does not: a bad alert spoils no other (docs/differences.md)."""


def forget(server: Server) -> None:
    """Ends all alerts by an interval that touches theirs nowhere."""
    found = []
    for alert in server.get("/api/v2/alerts").json():
        at = min(alert["startsAt"], LONG_AGO)
        found.append({"labels": alert["labels"], "startsAt": at, "endsAt": at})
    assert server.post("/api/v2/alerts", found).status == 200
    assert server.get("/api/v2/alerts").json() == []


@pytest.mark.parametrize("case", cases("alerts_post"), ids=names("alerts_post"))
def test_a_post_is_answered_and_stored_as_the_reference_does(
    case: dict[str, Any], server: Server
) -> None:
    words = {0, DEFAULT_END}
    for post in case["posts"]:
        words |= offsets(post["body"])
        body = fill(post["body"]).encode()
        answer = server.request("POST", "/api/v2/alerts", body, post["headers"])
        if "crash" in post:
            assert answer.status == 400
            return
        assert (answer.status, shade(answer.body, words)) == (
            post["status"],
            post.get("answer", ""),
        )
        kind = {name.lower(): value for name, value in answer.headers}.get("content-type")
        assert kind == post.get("content_type")
    found = json.loads(shade(server.get("/api/v2/alerts").body, words))
    assert found == DIFFERS.get(case["name"], case["alerts"])
