"""What remembers: the journal, the history behind it, its cache, and the live stream.

Made once in a process. None of it is ever waited for by alerts and notifications.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from amp._core import Journal
from amp.api.answer import go_json
from amp.api.silences import shown
from amp.cache.cache import TTL_SECONDS, Cache
from amp.cache.local import LocalTier
from amp.cache.redis import RedisTier
from amp.history.history import History
from amp.history.retention import Budget
from amp.history.url import history_for
from amp.stream.hub import Hub

if TYPE_CHECKING:
    from pathlib import Path

    from amp._core import Engine
    from amp.clock import Clock
    from amp.config.schema import Config
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.options import Options
    from amp.store.silence import Silence
    from amp.store.silences import Silences
    from amp.store.writer import Writer

KEPT_BYTES = 2 << 20
"""Of events that the history has: streams may go on from them."""

EXPIRE_SECONDS = 1.0
"""How often it is asked which alerts and silences ended by time."""


class Chronicle:
    """Everything that is told of events, and who tells it what nobody else does.

    Attributes:
        journal: takes every event.
        history: keeps them; None when it is off.
        cache: keeps the history's answers.
        stream: tells clients of them.
    """

    def __init__(
        self,
        options: Options,
        folder: Path,
        engine: Engine,
        silences: Silences,
        writer: Writer,
        *,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
    ) -> None:
        """Listens to the engine and to silences; before the first configuration.

        Args:
            options: the flags.
            folder: `--storage.path`; it exists.
            engine: tells of alerts.
            silences: tell of their changes.
            writer: knows when the state is back.
            clock: time.
            log: where outages are told.
            metrics: instruments.
        """
        self._engine = engine
        self._silences = silences
        self._clock = clock
        self.journal = Journal(options.history_queue_bytes, KEPT_BYTES)
        engine.journal_to(self.journal)
        silences.told = self._tell_silence
        self.history: History | None = None
        if options.history_retention_seconds > 0:
            budget = Budget(options.history_retention_seconds, options.history_max_bytes)
            self.history = History(
                history_for(options.database_url, folder, budget),
                self.journal,
                engine,
                budget,
                settled=lambda: writer.opened,
                clock=clock,
                log=log,
                metrics=metrics,
            )
        else:
            self.journal.write_to_history(False)
        shared = None
        if options.redis_url:
            shared = RedisTier(
                options.redis_url, TTL_SECONDS, clock=clock, log=log, metrics=metrics
            )
        owner = options.database_url or f"{os.uname().nodename}:{folder.resolve()}"
        self.cache = Cache(LocalTier(clock, TTL_SECONDS), shared, owner, metrics)
        self.stream = Hub(
            self.journal, options.stream_clients, clock=clock, log=log, metrics=metrics
        )

    def start(self) -> None:
        """Begins to write; once the state is back."""
        if self.history is not None:
            self.history.start()

    async def run(self) -> None:
        """Tells of the alerts and silences that end by time, until it is cancelled."""
        while True:
            await self._clock.sleep(EXPIRE_SECONDS)
            self._engine.expire(self._clock.now_ns())
            self._silences.tell_ended()

    async def close(self) -> None:
        """Writes what waits, after the last notification."""
        if self.history is not None:
            await self.history.close()
        await self.cache.close()

    def reloaded(self, config: Config | None, error: str = "") -> None:
        """Tells that the configuration was loaded again, or why it was not."""
        body = {
            "success": config is not None,
            "hash": "" if config is None else config.digest.hex(),
            "error": error,
        }
        self.journal.reloaded(go_json(body).decode(), self._clock.now_ns())

    def _tell_silence(self, kind: str, silence: Silence, now_ns: int) -> None:
        self.journal.silence(kind, silence.id, go_json(shown(silence, now_ns)).decode(), now_ns)
