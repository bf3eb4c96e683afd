"""The HTTP door before a real engine and real stages, inside the test's own loop and time."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp._core import Engine, NotificationLog
from amp.api.table import gate
from amp.config.load import load_config
from amp.config.own import parse_own
from amp.httpclient import HttpClients
from amp.live import Shared, build
from amp.log import Logger
from amp.metrics import Metrics
from amp.options import Options
from amp.running import Running
from amp.store.silences import Silences
from amp.store.writer import Writer
from fakes import FakeClock
from stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from amp.api.gate import Gate

CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"


@dataclass
class Said:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Doorway:
    """A door, and what is behind it."""

    gate: Gate
    running: Running
    shared: Shared
    clock: FakeClock
    stream: io.StringIO = field(default_factory=io.StringIO)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Said:
        """Sends a request through the door."""
        sent: list[Any] = []

        asked = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if asked.is_set():
                # The client stays until it has its answer.
                await asyncio.Event().wait()
            asked.set()
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        given = {"content-type": "application/json"} if body else {}
        scope: Any = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (name.encode(), value.encode()) for name, value in (given | (headers or {})).items()
            ],
        }
        await self.gate(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Said(sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:]))

    async def post(self, path: str, document: object, **headers: str) -> Said:
        """Sends a document as JSON."""
        return await self.ask("POST", path, json.dumps(document).encode(), headers)

    async def get(self, path: str) -> Said:
        """Asks for a document."""
        return await self.ask("GET", path)

    async def alerts(self) -> list[Any]:
        """What `GET /api/v2/alerts` shows."""
        shown: list[Any] = (await self.get("/api/v2/alerts")).json()
        return shown

    def sample(self, name: str, **labels: str) -> float:
        """The value of a metric."""
        return self.running.metrics.registry.get_sample_value(name, labels) or 0.0

    def configure(self, config: str, own: str = "") -> None:
        """Another configuration, as after a reload; the old dispatcher is given up."""
        live = build(load_config(config, own=parse_own(own)), self.shared)
        live.prepare(self.shared)
        self.running.live = live


@asynccontextmanager
async def doorway(
    config: str = CONFIG, *, own: str = "", flush: bool = False, **options: Any
) -> AsyncIterator[Doorway]:
    """Opens a door; with `flush` groups are flushed when the test's clock says so."""
    given = Options(**options)
    clock, stream = FakeClock(), io.StringIO()
    log, metrics = Logger(stream, level="debug"), Metrics(CollectorRegistry())
    engine, entries = Engine(), NotificationLog()
    engine.set_limits(
        classic_names=False,
        per_alertname=given.per_alertname_limit,
        max_alerts=given.max_alerts,
        max_name_bytes=given.max_name_bytes,
        max_value_bytes=given.max_value_bytes,
    )
    store = MemoryStore()
    store.open()
    writer = Writer(store, engine, entries, clock=clock, log=log, metrics=metrics)
    writer.opened = True
    silences = Silences(
        engine, writer, retention_seconds=3600.0, clock=clock, log=log, metrics=metrics
    )
    http = HttpClients(environment={})
    shared = Shared(
        options=given,
        engine=engine,
        notification_log=entries,
        writer=writer,
        clock=clock,
        log=log,
        metrics=metrics,
        http=http,
        external_url="http://alerts.example",
        start_at_ns=clock.now_ns() + int(given.dispatch_start_delay_seconds * 1e9),
    )
    live = build(load_config(config, own=parse_own(own)), shared)

    async def reload() -> None:
        """Tests call `configure`."""

    running = Running(
        engine=engine,
        silences=silences,
        writer=writer,
        health=writer.health,
        clock=clock,
        log=log,
        metrics=metrics,
        live=live,
        matcher_mode="fallback",
        started_at="2026-01-01T00:00:00.000Z",
        peer=None,
        reload=reload,
        opened=True,
    )
    writing = asyncio.create_task(writer.run())
    if flush:
        live.start(shared)
    else:
        live.prepare(shared)
    try:
        yield Doorway(gate(running, given, "/", "1"), running, shared, clock, stream)
    finally:
        await running.live.stop()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await http.close()
