"""Looks for new events and hands them to everybody who listens.

Nobody waits for a client: each has a cursor in the journal and a bound of unsent bytes. Who does
not keep up reads on later, is told when the journal forgot events meanwhile, and is cut when it
takes nothing at all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from amp.stream.client import GOING_AWAY, TRY_AGAIN_LATER, Ending
from amp.stream.page import Page
from amp.supervisor import keep

if TYPE_CHECKING:
    from collections.abc import Hashable

    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.stream.client import Client
    from amp.stream.filter import Filter
    from amp.stream.page import Source

LOOK_SECONDS = 0.05
SWEEP_LOOKS = 20
"""Every second it is seen who stands still."""
HEARTBEAT_SWEEPS = 15
CLIENTS_A_TURN = 50
"""After as many clients others get their turn."""

TOO_MANY = Ending(TRY_AGAIN_LATER, "too many clients", 2.0)
TOO_SLOW = Ending(TRY_AGAIN_LATER, "the client does not take its events", 5.0)
STOPPING = Ending(GOING_AWAY, "the server stops", 0.5)


class Hub:
    """All clients of one process, and the one task that serves them while there are any.

    Args:
        most_clients: more are refused.
    """

    def __init__(
        self, source: Source, most_clients: int, *, clock: Clock, log: Logger, metrics: Metrics
    ) -> None:
        self._source = source
        self._most_clients = most_clients
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._clients: dict[Client, None] = {}
        self._filters: WeakValueDictionary[Hashable, Filter] = WeakValueDictionary()
        self._born = clock.now_ns() // 1000
        self._task: asyncio.Task[None] | None = None
        self._seen = 0
        self._behind = False
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether another client would be one too many."""
        return self._closed or len(self._clients) >= self._most_clients

    def __len__(self) -> int:
        return len(self._clients)

    async def serve(self, client: Client, leaving: asyncio.Future[None]) -> Ending | None:
        """Serves a client until it leaves or its stream is ended.

        Args:
            client: who has just connected.
            leaving: done once the client closed its connection.

        Returns:
            Why the stream was ended; None when the client left.
        """
        if self._closed:
            return STOPPING
        if self.full:
            return TOO_MANY
        level = self._metrics.stream_clients.labels(client.wire.name)
        self._welcome(client)
        self._clients[client] = None
        level.set(level.value + 1)
        if self._task is None:
            self._task = asyncio.create_task(self._kept())
        try:
            await asyncio.wait((client.ended, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._clients[client]
            level.set(level.value - 1)
        return client.ended.result() if client.ended.done() else None

    def _welcome(self, client: Client) -> None:
        client.filter = self._filters.setdefault(client.filter.key, client.filter)
        last, after = self._source.last_seq(), client.after
        if after is None:
            client.cursor = last
        client.say("hello", last)
        if after is not None and (after > last or 0 < after < self._born):
            # The number is that of an earlier process, whose memory is gone.
            client.say("gap", after)
            client.cursor = min(self._born - 1, last)
        self._behind = True

    async def _kept(self) -> None:
        try:
            await keep("stream", self._run, clock=self._clock, log=self._log, metrics=self._metrics)
        finally:
            self._task = None

    async def _run(self) -> None:
        looks, self._behind = 0, True
        while self._clients:
            last = self._source.last_seq()
            if last != self._seen or self._behind:
                self._seen = last
                await self._tell()
            looks += 1
            if looks % SWEEP_LOOKS == 0:
                await self._sweep(beat=looks % (SWEEP_LOOKS * HEARTBEAT_SWEEPS) == 0)
            await self._clock.sleep(LOOK_SECONDS)

    async def _tell(self) -> None:
        """Hands everybody what is new, until nobody can take more."""
        frames, more = self._metrics.stream_frames, True
        while more:
            more = self._behind = False
            pages: dict[tuple[Filter, int], Page] = {}
            for number, client in enumerate(list(self._clients), 1):
                if number % CLIENTS_A_TURN == 0:
                    await asyncio.sleep(0)
                if client.cursor >= self._seen or client.gone:
                    continue
                if client.full:
                    self._behind = True
                    continue
                asked = (client.filter, client.cursor)
                page = pages.get(asked)
                if page is None:
                    page = pages[asked] = Page(self._source, client.cursor, client.filter)
                client.take(page)
                frames.inc(page.events)
                more = more or page.more
            await asyncio.sleep(0)

    async def _sweep(self, *, beat: bool) -> None:
        for number, client in enumerate(list(self._clients), 1):
            if number % CLIENTS_A_TURN == 0:
                await asyncio.sleep(0)
            if client.ended.done():
                continue
            if client.stands_still():
                self._metrics.stream_cut.inc()
                client.say("cut", client.cursor, reason=TOO_SLOW.reason)
                client.end(TOO_SLOW)
            elif beat:
                client.beat()

    async def close(self) -> None:
        """Ends every stream; no other begins."""
        self._closed = True
        for client in list(self._clients):
            client.end(STOPPING)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
