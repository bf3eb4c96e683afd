"""Plain requests: status, headers and body as the reference gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from vectors.facts import cases
from vectors.record.moments import STAMP

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Answer, Server

FRAMING = {"content-length", "transfer-encoding", "date", "connection", "server"}
METHODS = re.compile(r"\[([A-Z,]+)\]")
REQUESTS = [(case, request) for case in cases("api") for request in case["requests"]]

INVENTED = {"BREW"}
"""Methods of no standard: our HTTP parser refuses them before a route (docs/differences.md)."""


def title(case: dict[str, Any], request: dict[str, Any]) -> str:
    """The id of a test."""
    return f"{case['name']}: {request['method']} {request['path']}"


def given(request: dict[str, Any]) -> tuple[int, list[tuple[str, str]], str]:
    """The recorded answer, its framing left out."""
    headers = [(name.lower(), value) for name, value in request["answer_headers"]]
    kept = sorted(one for one in headers if one[0] not in FRAMING)
    return request["status"], kept, request["answer"]


def seen(answer: Answer, page: bool) -> tuple[int, list[tuple[str, str]], str]:
    """Our answer in the same form."""
    headers = []
    for name, value in answer.headers:
        text = ",".join(sorted(value.split(","))) if name.lower() == "allow" else value
        text = value if " " in value else text
        if name.lower() not in FRAMING:
            headers.append((name.lower(), text))
    body = METHODS.sub(lambda m: f"[{','.join(sorted(m.group(1).split(',')))}]", answer.body)
    body = STAMP.sub('"{time}"', body)
    return answer.status, sorted(headers), "{page}" if page else body


@pytest.mark.parametrize(
    ("case", "request_"), REQUESTS, ids=[title(case, request) for case, request in REQUESTS]
)
def test_a_request_is_answered_as_the_reference_does(
    case: dict[str, Any], request_: dict[str, Any], serve: Callable[..., Server]
) -> None:
    prefix = case.get("prefix", "")
    empty = case.get("empty", False)
    flags = (*case.get("flags", ()), *(("--log.level=debug",) if empty else ()))
    server = serve(flags, case["config"], prefix or "/")
    if not empty and not server.request("GET", f"{prefix}/api/v2/alerts").json():
        assert server.post(f"{prefix}/api/v2/alerts", case["alerts"]).status == 200
    body = request_.get("body", "").encode() or None
    answer = server.request(request_["method"], request_["path"], body, request_.get("headers", {}))
    if request_["method"] in INVENTED:
        assert answer.status == 400
        return
    assert seen(answer, request_["answer"] == "{page}") == given(request_)
