"""Answers that are sent while they are made."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from amp.api.answer import Stream
from amp.api.gate import Gate, Route
from amp.log import Logger
from amp.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from amp.api.answer import Answer
    from amp.api.request import Request


class Client:
    """One request whose client can leave."""

    def __init__(self, method: str = "GET") -> None:
        self.sent: list[Any] = []
        self.gone = asyncio.Event()
        self.chunk_came = asyncio.Event()
        self._asked = False
        self.scope: Any = {"type": "http", "method": method, "path": "/x", "raw_path": b"/x"}
        self.scope |= {"query_string": b"", "headers": []}

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("more_body"):
            self.chunk_came.set()


class Source:
    """Chunks that a test gives; it knows whether it was closed."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.closed = asyncio.Event()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            while (chunk := await self.waiting.get()) is not None:
                if chunk == b"fault":
                    raise ValueError("the source broke")
                yield chunk
        finally:
            self.closed.set()


def gate_of(source: Source) -> tuple[Gate, Metrics]:
    async def handler(request: Request) -> Answer:
        return Stream(headers=[("content-type", "text/csv")], chunks=source.chunks())

    metrics = Metrics(CollectorRegistry())
    gate = Gate(
        {"/x": Route("/x", {"GET": handler, "HEAD": handler}, sized=False)},
        [],
        prefix="/",
        cors=None,
        get_concurrency=1,
        timeout_seconds=0,
        max_body_bytes=0,
        metrics=metrics,
        log=Logger(io.StringIO()),
    )
    return gate, metrics


async def test_chunks_are_sent_as_they_come() -> None:
    source, client = Source(), Client()
    gate, _ = gate_of(source)
    for chunk in (b"one", b"two", None):
        source.waiting.put_nowait(chunk)
    await gate(client.scope, client.receive, client.send)
    start, *parts = client.sent
    assert start["headers"] == [(b"content-type", b"text/csv")]
    assert [part["body"] for part in parts] == [b"one", b"two", b""]
    assert [part.get("more_body", False) for part in parts] == [True, True, False]
    assert source.closed.is_set()


async def test_a_client_that_leaves_closes_the_source() -> None:
    source, client = Source(), Client()
    gate, metrics = gate_of(source)
    answering = asyncio.create_task(gate(client.scope, client.receive, client.send))
    source.waiting.put_nowait(b"one")
    await client.chunk_came.wait()
    labels = {"method": "get"}
    in_flight = metrics.registry.get_sample_value("alertmanager_http_requests_in_flight", labels)
    assert in_flight == 0
    client.gone.set()
    await answering
    assert source.closed.is_set()
    assert len(client.sent) == 2


async def test_an_error_in_the_middle_cuts_the_answer_and_is_counted() -> None:
    source, client = Source(), Client()
    gate, metrics = gate_of(source)
    source.waiting.put_nowait(b"one")
    source.waiting.put_nowait(b"fault")
    with pytest.raises(ValueError, match="the source broke"):
        await gate(client.scope, client.receive, client.send)
    assert [message.get("more_body") for message in client.sent] == [None, True]
    labels = {"task": "request"}
    assert metrics.registry.get_sample_value("amp_internal_errors_total", labels) == 1


async def test_head_sends_no_chunk() -> None:
    source, client = Source(), Client("HEAD")
    gate, _ = gate_of(source)
    await gate(client.scope, client.receive, client.send)
    assert [message.get("body") for message in client.sent] == [None, b""]
