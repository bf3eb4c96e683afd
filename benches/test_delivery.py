"""What a delivery costs: webhooks of 2 kB to a sink in another process, as many as go at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import uvloop

from amp.httpclient import HttpClient, HttpClients
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

DELIVERIES = 5_000
BODY = b"x" * 2_000
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    with SinkProcess() as started:
        yield started


def test_five_thousand_deliveries_at_once(benchmark: BenchmarkFixture, sink: SinkProcess) -> None:
    cpu_seconds = 0.0

    async def deliver(client: HttpClient, url: str) -> None:
        response = await client.request("POST", url, headers=JSON, body=BODY)
        assert response.status == 200

    async def all_at_once(client: HttpClient) -> None:
        await asyncio.gather(*(deliver(client, sink.url()) for _ in range(DELIVERIES)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        clients = HttpClients(environment={})
        client = clients.client()
        runner.run(deliver(client, sink.url()))

        def once() -> None:
            nonlocal cpu_seconds
            before = time.process_time()
            runner.run(all_at_once(client))
            cpu_seconds = time.process_time() - before

        benchmark.pedantic(once, rounds=3, setup=sink.forget)
        runner.run(clients.close())
    benchmark.extra_info["deliveries per second"] = round(DELIVERIES / benchmark.stats["min"])
    benchmark.extra_info["CPU microseconds each"] = round(cpu_seconds / DELIVERIES * 1e6, 1)
