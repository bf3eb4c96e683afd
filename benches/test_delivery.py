"""What a delivery costs: webhooks of 2 kB to a sink in another process, as many as go at once.

Alone, as stages make it, and with every attempt kept in the delivery ledger.
"""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import TYPE_CHECKING

import pytest
import uvloop
from prometheus_client import CollectorRegistry

from amp._core import Engine, Journal, Templates
from amp.clock import SECOND_NS, SystemClock
from amp.config.load import load_config
from amp.httpclient import HttpClient, HttpClients
from amp.log import Logger
from amp.metrics import Metrics
from amp.model import Flush
from amp.notify.integration import Delivery, Integration
from amp.notify.retry import RetryStage
from amp.receivers import sender
from amp.receivers.secrets import Secrets
from sink import SinkProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_benchmark.fixture import BenchmarkFixture

DELIVERIES = 5_000
REASON = "repeat interval elapsed"
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


class Last:
    """Takes what was delivered."""

    async def deliver(self, delivery: Delivery) -> None:
        """Nothing is recorded."""


def stage(url: str, clients: HttpClients, journal: Journal | None) -> tuple[RetryStage, Flush]:
    """A webhook's retry stage, and a flush whose body has 2 kB."""
    config = load_config(
        f"{{route: {{receiver: r}}, receivers: [{{name: r, webhook_configs: [{{url: '{url}'}}]}}]}}"
    )
    engine, now_ns = Engine(), time.time_ns()
    engine.configure(config.plan(), Templates(), now_ns)
    if journal is not None:
        engine.journal_to(journal)
    alerts = [
        {"labels": {"alertname": "Down", "n": str(n)}, "annotations": {"summary": "x" * 110}}
        for n in range(5)
    ]
    report = engine.ingest(json.dumps(alerts).encode(), now_ns, 3600 * SECOND_NS)
    [batch] = engine.flush([report.timers[0][0]], now_ns)
    assert batch is not None
    [(kind, index, block)] = config.receivers[0].integrations
    made = RetryStage(
        Integration("r", kind, index, True, sender(kind)(block, clients.client()), Secrets(block)),
        clock=SystemClock(),
        log=Logger(io.StringIO()),
        metrics=Metrics(CollectorRegistry()),
        external_url="http://am",
        templates=Templates(),
        following=Last(),
        journal=journal,
    )
    route = engine.routes()[batch.route_index]
    return made, Flush(route, batch, now_ns, now_ns + 3600 * SECOND_NS)


@pytest.mark.parametrize("kept", [False, True], ids=["not kept", "kept"])
def test_five_thousand_notifications_at_once(
    benchmark: BenchmarkFixture, sink: SinkProcess, kept: bool
) -> None:
    cpu_seconds: list[float] = []
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        clients = HttpClients(environment={})
        journal = Journal(64 << 20, 1 << 20) if kept else None
        if journal is not None:
            journal.write_to_history(False)
        retry, flush = stage(sink.url(), clients, journal)

        async def all_at_once() -> None:
            await asyncio.gather(
                *(retry.deliver(Delivery(flush, REASON)) for _ in range(DELIVERIES))
            )

        runner.run(retry.deliver(Delivery(flush, REASON)))

        def once() -> None:
            before = time.process_time()
            runner.run(all_at_once())
            cpu_seconds.append(time.process_time() - before)

        benchmark.pedantic(once, rounds=7, setup=sink.forget)
        runner.run(clients.close())
    benchmark.extra_info["CPU microseconds each"] = round(min(cpu_seconds) / DELIVERIES * 1e6, 1)
