"""A journal in memory, a server with nothing but the stream, and clients of it."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from prometheus_client import CollectorRegistry

from amp.api.cors import Cors
from amp.api.gate import Gate, Route
from amp.api.stream import PATH, StreamApi
from amp.clock import SystemClock
from amp.log import Logger
from amp.metrics import Metrics
from amp.server import Server
from amp.stream.hub import Hub
from amp.web.entrance import open_entrance
from amp.web.listen import address_of, listen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import Matcher

PATIENCE_SECONDS = 30.0
WITHOUT_LABELS = ("config_reloaded", "silence_created", "silence_changed", "silence_expired")


class MemoryJournal:
    """Keeps the newest events; `reads` counts how often it was asked."""

    def __init__(self, first_seq: int, most: int = 10_000) -> None:
        self._seq = first_seq
        self._most = most
        self._forgotten = 0
        self._events: list[tuple[int, str, dict[str, str], bytes]] = []
        self.reads = 0

    def add(self, kind: str = "received", text: str = "", **labels: str) -> int:
        """Adds an event; its sequence number."""
        self._seq += 1
        event = {"seq": self._seq, "kind": kind, "labels": labels, "text": text}
        self._events.append((self._seq, kind, labels, json.dumps(event).encode()))
        if len(self._events) > self._most:
            self._forgotten = self._events.pop(0)[0]
        return self._seq

    def last_seq(self) -> int:
        return self._seq if self._events else 0

    def read(
        self, after_seq: int, limit: int, kinds: Sequence[str] | None, matchers: Sequence[Matcher]
    ) -> tuple[list[tuple[int, bytes]], int, bool]:
        self.reads += 1
        frames: list[tuple[int, bytes]] = []
        for seq, kind, labels, line in self._events:
            if seq <= after_seq or (kinds is not None and kind not in kinds):
                continue
            if matchers and kind in WITHOUT_LABELS:
                continue
            if all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers):
                frames.append((seq, line))
                if len(frames) == limit:
                    return frames, seq, after_seq < self._forgotten
        return frames, max(after_seq, self.last_seq()), after_seq < self._forgotten


class StreamHouse:
    """A listening server; `async with`."""

    def __init__(
        self,
        *,
        most_clients: int = 1000,
        prefix: str = "/",
        cors: str = "",
        external_url: str = "",
        web_file: str = "",
        timeout_seconds: float = 0,
        scheme: str = "http",
    ) -> None:
        self.log, self.clock = Logger(io.StringIO()), SystemClock()
        self.metrics = Metrics(CollectorRegistry())
        self.hub: Hub
        self.journal: MemoryJournal
        self._given = (most_clients, prefix, cors, external_url, web_file, timeout_seconds)
        self.path = prefix.rstrip("/") + PATH
        self._scheme = scheme

    async def __aenter__(self) -> Self:
        most, prefix, cors, external_url, web_file, timeout_seconds = self._given
        self.journal = MemoryJournal(self.clock.now_ns() // 1000 + 1_000_000)
        self.hub = Hub(self.journal, most, clock=self.clock, log=self.log, metrics=self.metrics)
        self.journal.add("config_reloaded")
        rule = Cors(cors) if cors else None
        api = StreamApi(self.hub, rule, external_url, "fallback")
        gate = Gate(
            {PATH: Route(PATH, {"GET": api.get}, sized=False)},
            [],
            prefix=prefix,
            cors=rule,
            get_concurrency=1,
            timeout_seconds=timeout_seconds,
            max_body_bytes=0,
            metrics=self.metrics,
            log=self.log,
        )
        self._entrance = open_entrance(web_file, gate, self.clock, self.log)
        listener = listen(["127.0.0.1:0"])[0]
        self.port = int(address_of(listener).rpartition(":")[2])
        self._server = Server(
            self._entrance.application,
            [listener],
            self._entrance.below,
            websocket_path=self.path,
        )
        await self._server.start()
        self.session = aiohttp.ClientSession(f"{self._scheme}://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self.session.close()
        self._entrance.close()

    async def stop(self) -> None:
        await self.hub.close()
        await self._server.stop()

    async def websocket(
        self, query: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> WebSocketClient:
        path = f"{self.path}?{query}" if query else self.path
        socket = await self.session.ws_connect(path, headers=headers, **more)
        return WebSocketClient(socket)

    async def sse(
        self, query: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> SseClient:
        path = f"{self.path}?{query}" if query else self.path
        response = await self.session.get(path, headers=headers, **more)
        assert response.status == 200, await response.text()
        return SseClient(response)

    async def clients(self, number: int) -> None:
        """Waits until so many are connected."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.hub) != number:  # noqa: ASYNC110  # nobody tells tests
                await asyncio.sleep(0.01)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


class WebSocketClient:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> Any:
        return json.loads(await self.socket.receive_str(timeout=PATIENCE_SECONDS))

    async def end(self) -> int | None:
        """Reads on to the end: the close code."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for _ in self.socket:
                pass
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()


class SseClient:
    """`next` is the event's data; `id` and `event` are those of the last block."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.id = self.event = ""

    async def next(self) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            data = ""
            async for line in self.response.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    self.id = value
                elif name == "event":
                    self.event = value
                elif name == "data":
                    data = value
                elif not name and data:
                    return json.loads(data)
        return None

    async def close(self) -> None:
        self.response.close()
