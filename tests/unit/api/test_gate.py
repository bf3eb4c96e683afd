"""The limit of GET requests that are answered at a time."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp.api.answer import plain
from amp.api.gate import Gate, Route
from amp.log import Logger
from amp.metrics import Metrics

if TYPE_CHECKING:
    from amp.api.answer import Answer
    from amp.api.request import Request


async def ask(gate: Gate, method: str) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "method": method, "path": "/x"}
    scope |= {"raw_path": b"/x", "query_string": b"", "headers": []}
    await gate(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def test_one_get_too_many_is_refused_and_counted() -> None:
    free = asyncio.Event()

    async def slow(request: Request) -> Answer:
        await free.wait()
        return plain(200, "done")

    metrics = Metrics(CollectorRegistry())
    gate = Gate(
        {"/x": Route("/x", {"GET": slow, "POST": slow}, sized=True)},
        [],
        prefix="/",
        cors=None,
        get_concurrency=1,
        timeout_seconds=0,
        max_body_bytes=0,
        metrics=metrics,
        log=Logger(io.StringIO()),
    )
    name, labels = "alertmanager_http_concurrency_limit_exceeded_total", {"method": "get"}
    first = asyncio.create_task(ask(gate, "GET"))
    await asyncio.sleep(0)
    in_flight = "alertmanager_http_requests_in_flight"
    assert metrics.registry.get_sample_value(in_flight, labels) == 1
    status, body = await ask(gate, "GET")
    assert status == 503
    assert body == b"Limit of concurrent GET requests reached (1), try again later.\n\n"
    assert metrics.registry.get_sample_value(name, labels) == 1
    free.set()
    assert await first == (200, b"done")
    assert (await ask(gate, "POST"))[0] == 200
    assert metrics.registry.get_sample_value(name, labels) == 1
    assert metrics.registry.get_sample_value(in_flight, labels) == 0
