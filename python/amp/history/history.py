"""The history of a process: one object that keeps, answers and closes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from amp.errors import StoreUnavailable
from amp.history.readers import Readers
from amp.history.writer import HistoryWriter
from amp.store.base import StoreCorruptError

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import Journal
    from amp.clock import Clock
    from amp.history.base import HistoryStore, Reader
    from amp.history.health import HistoryHealth
    from amp.history.retention import Budget
    from amp.history.writer import AlertTeller
    from amp.log import Logger
    from amp.metrics import Metrics

Answered = TypeVar("Answered")


class History:
    """Writes what the journal tells on a thread of its own; answers on others.

    Nothing here raises into whoever makes events, and nothing waits for the store but those who
    ask.
    """

    def __init__(
        self,
        store: HistoryStore,
        journal: Journal,
        alerts: AlertTeller,
        budget: Budget,
        *,
        settled: Callable[[], bool],
        clock: Clock,
        log: Logger,
        metrics: Metrics,
    ) -> None:
        """Takes what it stands between.

        Args:
            store: where it lasts.
            journal: who tells what happens.
            alerts: who knows what fires: the engine.
            budget: how old and how large it may become.
            settled: whether stored alerts are back, so that what does not fire has ended.
            clock: time.
            log: where outages are told.
            metrics: instruments.
        """
        self._readers = Readers(store.reader, clock)
        self.writer = HistoryWriter(
            store,
            journal,
            alerts,
            budget,
            settled=settled,
            clock=clock,
            log=log,
            metrics=metrics,
            replaced=self._readers.let_go,
        )

    @property
    def health(self) -> HistoryHealth:
        """Whether events are written, and how many are not."""
        return self.writer.measured()

    @property
    def generation(self) -> int:
        """The sequence number of the newest event that was committed."""
        return self.writer.generation

    def start(self) -> None:
        """Begins to write."""
        self.writer.start()

    async def read(self, question: Callable[[Reader], Answered]) -> Answered:
        """Answers a question from one moment of the store, on a reader's thread.

        Raises:
            StoreUnavailable: there is no answer now.
        """
        if not self.writer.opened:
            raise StoreUnavailable(self.writer.health.detail or "the history is not open yet")
        try:
            return await self._readers.read(question)
        except StoreCorruptError as error:
            self.writer.suspect()
            raise StoreUnavailable(str(error)) from error

    async def close(self) -> None:
        """Writes a last time, within bounds, and lets go of everything."""
        await asyncio.to_thread(self._readers.close)
        await asyncio.to_thread(self.writer.close)
