"""Events by HTTP, one by one or in batches. Upstream: eventrecorder/webhook.go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from amp.clock import SECOND_NS
from amp.errors import AmpError
from amp.events.waiting import Waiting
from amp.httpclient import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.clock import Clock
    from amp.config.event_recorder import WebhookOutput as Config
    from amp.events.output import Event
    from amp.httpclient import HttpClient, HttpClients
    from amp.log import Logger
    from amp.metrics.events import EventMetrics

TIMEOUT_SECONDS = 10.0
WORKERS = 4
ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
BATCH_EVENTS = 100
BATCH_BYTES = 1 << 20
BATCH_SECONDS = 0.1
QUEUE = 16_384
"""Events that wait for a worker; more are dropped and counted."""
HEADERS = {"Content-Type": "application/json", "User-Agent": "Go-http-client/1.1"}


class WebhookOutput:
    """Posts events; a receiver that is slow or away costs nobody else anything.

    Raises:
        ConfigError: from the constructor, when no client can be made of its `http_config`.
    """

    def __init__(
        self,
        config: Config,
        clients: HttpClients,
        *,
        clock: Clock,
        log: Logger,
        metrics: EventMetrics,
    ) -> None:
        self._url = config.url.reveal() if config.url is not None else ""
        self.name = f"webhook:{shown(self._url)}"
        self._http: HttpClient = clients.client(config.http_config)
        self._clock = clock
        self._log = log
        self._drops = metrics.output_drops.labels(self.name)
        self._timeout_seconds = config.timeout / SECOND_NS or TIMEOUT_SECONDS
        self._workers = config.workers if config.workers > 0 else WORKERS
        self._attempts = config.max_retries if config.max_retries > 0 else ATTEMPTS
        self._pause_seconds = config.retry_backoff / SECOND_NS or FIRST_PAUSE_SECONDS
        self._batch = Batching(config, clock) if config.batch else None
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Starts the workers."""
        self._waiting: Waiting[bytes] = Waiting(QUEUE)
        work = self._one_by_one
        if self._batch is not None:
            self._bodies: asyncio.Queue[bytes | None] = asyncio.Queue(self._workers)
            self._tasks.append(asyncio.create_task(self._gather(self._batch)))
            work = self._batches
        self._tasks += [asyncio.create_task(work()) for _ in range(self._workers)]

    def send(self, events: Sequence[Event]) -> list[int]:
        """Queues the events that there is room for."""
        lines = [event.line for event in events]
        dropped = self._waiting.add(lines)
        if dropped:
            self._drops.inc(dropped)
            self._log.warn(
                "Event recorder HTTP output queue full, dropping event",
                output=self.name,
                dropped=dropped,
            )
        return [len(line) for line in lines]

    async def close(self, seconds: float) -> None:
        """Delivers what waits, for so long at most."""
        self._waiting.close()
        try:
            async with self._clock.timeout(seconds):
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            self._log.warn(
                "Event recorder webhook shutdown during retry backoff, dropping event",
                output=self.name,
                dropped=len(self._waiting),
            )
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    async def _one_by_one(self) -> None:
        while (line := await self._waiting.next()) is not None:
            await self._post(line)

    async def _gather(self, batching: Batching) -> None:
        while (body := await batching.next(self._waiting)) is not None:
            await self._bodies.put(body)
        for _ in range(self._workers):
            await self._bodies.put(None)

    async def _batches(self) -> None:
        while (body := await self._bodies.get()) is not None:
            await self._post(body)

    async def _post(self, body: bytes) -> None:
        pause = self._pause_seconds
        for attempt in range(1, self._attempts + 1):
            error = await self._attempt(body)
            if error is None:
                return
            self._log.warn(
                "Event recorder HTTP output POST failed",
                output=self.name,
                attempt=attempt,
                err=error,
            )
            if attempt < self._attempts:
                await self._clock.sleep(min(pause, LONGEST_PAUSE_SECONDS))
                pause *= 2
        self._log.error(
            "Event recorder HTTP output POST failed after retries, dropping event",
            output=self.name,
            retries=self._attempts,
        )

    async def _attempt(self, body: bytes) -> str | None:
        """What went wrong with one request, or None."""
        try:
            async with self._clock.timeout(self._timeout_seconds):
                response = await self._http.request("POST", self._url, headers=HEADERS, body=body)
        except RequestError as error:
            return f"event recorder webhook POST failed: {error}"
        except TimeoutError:
            return (
                'event recorder webhook POST failed: Post "<redacted>": context deadline exceeded'
            )
        except AmpError as error:
            return f"event recorder webhook POST failed: {error}"
        if response.status // 100 != 2:
            return f"event recorder webhook returned HTTP {response.status}"
        return None


class Batching:
    """Makes JSON lists of events: as many as fit, or what came within the interval."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._clock = clock
        self._max_events = config.batch_max_events or BATCH_EVENTS
        self._max_bytes = config.batch_max_bytes or BATCH_BYTES
        self._interval_ns = config.batch_flush_interval or int(BATCH_SECONDS * SECOND_NS)
        self._left: bytes | None = None

    async def next(self, waiting: Waiting[bytes]) -> bytes | None:
        """The next body; None when there will be none."""
        first = self._left if self._left is not None else await waiting.next()
        self._left = None
        if first is None:
            return None
        lines, size = [first], len(first) + 2
        until_ns = self._clock.now_ns() + self._interval_ns
        while len(lines) < self._max_events and size < self._max_bytes:
            line = await self._within(waiting, until_ns)
            if line is None:
                break
            if size + 1 + len(line) > self._max_bytes:
                self._left = line
                break
            lines.append(line)
            size += 1 + len(line)
        return b"[" + b",".join(lines) + b"]"

    async def _within(self, waiting: Waiting[bytes], until_ns: int) -> bytes | None:
        """An event that comes in time."""
        while (line := waiting.take()) is None:
            seconds = (until_ns - self._clock.now_ns()) / SECOND_NS
            if waiting.closing or seconds <= 0:
                return None
            waiting.come.clear()
            await self._clock.wait(waiting.come, seconds)
        return line


def shown(url: str) -> str:
    """The URL without user information, query and fragment: these may be secrets."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
