"""Everything written goes through here: at once and durable, or a moment later and together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, TypeVar

from amp.clock import SECOND_NS
from amp.errors import StoreLocked, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, StoreCorruptError, StoreRefusedError
from amp.store.health import StoreHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amp._core import AlertRow, LogRow
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.store.base import Store

Result = TypeVar("Result")
Row = TypeVar("Row")

ALERTS_DELAY_SECONDS = 0.06
LOG_DELAY_SECONDS = 0.025
PIECE_ROWS = 250
"""Rows that are asked for at once: making them holds the interpreter for 0.2 ms."""

SLICE_ROWS = 1000
"""Rows in one transaction: they share the pages that it writes."""

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 15.0

CLOSE_SECONDS = 1.0
"""How long the store may take to close before it is interrupted."""

WRITE_SECONDS = 10.0
"""How long somebody waits for a write that must last."""


class AlertSource(Protocol):
    """Who knows the changed alerts: the engine."""

    def drain(self, limit: int) -> list[AlertRow]:
        """The oldest changes, each once."""

    def pending(self) -> int:
        """How many there are."""

    def mark_all(self) -> None:
        """Makes everything a change again."""


class LogSource(Protocol):
    """Who knows the changed log entries: the notification log."""

    def drain(self, limit: int) -> list[LogRow]:
        """The oldest changes, each once."""

    def pending(self) -> int:
        """How many there are."""

    def mark_all(self) -> None:
        """Makes everything a change again."""


class Writer:
    """Owns the store's thread.

    Alerts and log entries are written behind: rows are asked for a moment after the first
    `alerts_changed` or `log_changed`, so that they share a transaction. While the store is away
    they stay with their sources, one row a key, and only the slice in hand is kept here.

    Attributes:
        health: what the last attempt on the store said.
        opened: whether what the store holds has been taken; before, nothing is written.
        log_unsaved: whether the notification log changed since its file was written.
        rebuilt: whether the store is a new one that must be told everything.
    """

    def __init__(
        self,
        store: Store,
        alerts: AlertSource,
        entries: LogSource,
        *,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
    ) -> None:
        self.health = StoreHealth(since_ns=clock.now_ns())
        self.opened = False
        self.log_unsaved = False
        self.rebuilt = False
        self._store = store
        self._alerts = alerts
        self._entries = entries
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="amp-store")
        self._alerts_wake = asyncio.Event()
        self._log_wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._in_hand: list[Changes] = []
        self._repairs: dict[str, SilenceEntry | None] = {}
        self._everything: Callable[[], Sequence[SilenceEntry]] = tuple
        metrics.store_up.set(1)

    def alerts_changed(self) -> None:
        """Says that the engine has rows to drain. Cheap: called for every POST, on the loop."""
        self._alerts_wake.set()

    def log_changed(self) -> None:
        """Says that the notification log has rows to drain."""
        self.log_unsaved = True
        self._log_wake.set()

    def keep_whole(self, silences: Callable[[], Sequence[SilenceEntry]]) -> None:
        """Names who knows all silences, for the day when the store has to be built anew."""
        self._everything = silences

    async def run(self) -> None:
        """Writes behind until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._behind(self._alerts_wake, ALERTS_DELAY_SECONDS))
            tasks.create_task(self._behind(self._log_wake, LOG_DELAY_SECONDS))

    async def _behind(self, wake: asyncio.Event, delay_seconds: float) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            await wake.wait()
            await self._clock.sleep(delay_seconds)
            wake.clear()
            while True:
                try:
                    await self.flush()
                except StoreUnavailable:
                    await self._clock.sleep(retry_seconds)
                    retry_seconds = min(retry_seconds * 2, LAST_RETRY_SECONDS)
                else:
                    retry_seconds = FIRST_RETRY_SECONDS
                    break

    async def flush(self) -> None:
        """Writes all that waits, slice by slice.

        Raises:
            StoreUnavailable: the rest waits on.
        """
        async with self._turn:
            while await self._answered(self._slice):
                pass

    async def write(self, changes: Changes) -> None:
        """Writes at once; when it returns, the changes last.

        Raises:
            StoreUnavailable: nothing was changed, or the outcome is unknown: see `repair`.
        """
        try:
            await self._answered(lambda: self._write(changes))
        except StoreRefusedError as error:
            raise StoreUnavailable(str(error)) from error

    async def _answered(self, call: Callable[[], Result]) -> Result:
        """Runs a call on the store's thread, but does not wait for ever."""
        try:
            async with self._clock.timeout(WRITE_SECONDS):
                return await self.on_thread(call)
        except TimeoutError:
            self._store.interrupt()
            self.failed(f"no answer within {WRITE_SECONDS:g} seconds")
            raise StoreUnavailable(self.health.detail) from None

    def repair(self, memory: Mapping[str, SilenceEntry | None]) -> None:
        """Makes the store hold what memory holds, after a write with an unknown outcome.

        Args:
            memory: what these silences are in memory, None for one that must not exist.
        """
        self._repairs.update(memory)
        self._log_wake.set()

    async def on_thread(self, call: Callable[[], Result]) -> Result:
        """Runs a call on the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def interrupt(self) -> None:
        """Ends a call of the store that hangs."""
        self._store.interrupt()

    async def renew(self) -> None:
        """Shows the store that its holder lives; a failure shows in the health."""
        if self.opened:
            try:
                await self._answered(self._store.renew)
            except (StoreUnavailable, StoreLocked) as error:
                self.failed(str(error))
            else:
                self.succeeded()

    def close(self) -> None:
        """Closes the store and ends its thread, which is not waited for when it hangs."""
        closing = self._thread.submit(self._store.close)
        try:
            closing.result(CLOSE_SECONDS)
        except TimeoutError:
            self._store.interrupt()
        self._thread.shutdown(wait=False)

    def _slice(self) -> bool:
        """Writes one slice; whether there may be more."""
        if not self._in_hand:
            changes = self._next()
            if changes is None:
                return False
            self._in_hand.append(changes)
        self._repair()
        while self._in_hand:
            try:
                self._write(self._in_hand[-1])
            except StoreRefusedError as error:
                self._in_hand.extend(self._halves(self._in_hand.pop(), error))
            else:
                self._in_hand.pop()
        return True

    def _repair(self) -> None:
        repaired = dict(self._repairs)
        if not repaired:
            return
        entries = [entry for entry in repaired.values() if entry is not None]
        try:
            self._write(Changes(removed_silences=list(repaired), silences=entries))
        except StoreRefusedError as error:
            self._lose(len(repaired), error)
        for name, entry in repaired.items():
            if self._repairs.get(name) is entry:
                del self._repairs[name]

    def _next(self) -> Changes | None:
        log = _drained(self._entries.drain)
        alerts = _drained(self._alerts.drain)
        if not log and not alerts and not self._repairs:
            return None
        return Changes(log=log, alerts=alerts)

    def _halves(self, changes: Changes, error: StoreRefusedError) -> list[Changes]:
        """The same changes in two parts, to find the row that is refused; none for that row."""
        if changes.rows <= 1:
            self._lose(changes.rows, error)
            return []
        if changes.log and changes.alerts:
            return [Changes(alerts=changes.alerts), Changes(log=changes.log)]
        log, alerts = len(changes.log) // 2, len(changes.alerts) // 2
        return [
            Changes(log=changes.log[log:], alerts=changes.alerts[alerts:]),
            Changes(log=changes.log[:log], alerts=changes.alerts[:alerts]),
        ]

    def _lose(self, rows: int, error: StoreRefusedError) -> None:
        self.health.lost += rows
        self._metrics.store_lost.inc(rows)
        self._log.error("Store refused a row, it exists in memory only", err=str(error))

    def _write(self, changes: Changes) -> None:
        """One transaction, with what its outcome means for health and metrics."""
        if not self.opened:
            raise StoreUnavailable(self.health.detail or "the store is not open yet")
        begun = perf_counter()
        try:
            self._write_whole(changes)
        except (StoreUnavailable, StoreLocked, StoreCorruptError) as error:
            self.failed(str(error))
            raise StoreUnavailable(str(error)) from error
        self._metrics.store_write_seconds.observe(perf_counter() - begun)
        self._metrics.store_written.set(self._clock.now_ns() / SECOND_NS)
        self.succeeded()

    def _write_whole(self, changes: Changes) -> None:
        """Writes into the store, or into the one that has to take its place."""
        try:
            self._fill()
            self._store.write(changes)
        except StoreCorruptError as error:
            self.rebuild(error)
            self._fill()
            self._store.write(changes)

    def rebuild(self, error: StoreCorruptError) -> None:
        """Moves a damaged store aside; the next write fills the new one. On the store's thread."""
        self.rebuilt = True
        aside = self._store.rebuild()
        self._metrics.snapshot_corrupt.labels("database").inc()
        self._log.error("Store is damaged, moved aside and built anew", err=str(error), aside=aside)

    def _fill(self) -> None:
        """Tells a store that was built anew everything; what fails is told again next time."""
        if self.rebuilt:
            self._entries.mark_all()
            self._alerts.mark_all()
            self._store.write(Changes(silences=self._everything()))
            self.rebuilt = False

    def failed(self, detail: str) -> None:
        """Keeps that the store does not answer; logs it once."""
        self._metrics.store_errors.inc()
        if self.health.ok:
            self._log.error("Store is away, state is kept in memory", err=detail)
            self.health.since_ns = self._clock.now_ns()
            self._metrics.store_up.set(0)
        self.health.ok, self.health.detail = False, detail

    def succeeded(self) -> None:
        """Keeps that the store answers; logs it when it did not before."""
        if not self.health.ok:
            self._log.info("Store is back")
            self.health.since_ns = self._clock.now_ns()
            self._metrics.store_up.set(1)
            self.health.ok, self.health.detail = True, ""

    def waiting(self) -> int:
        """How many rows the store does not have yet."""
        held = sum(changes.rows for changes in self._in_hand)
        return held + self._entries.pending() + self._alerts.pending()


def _drained(drain: Callable[[int], list[Row]]) -> list[Row]:
    """The rows of one transaction, taken in pieces."""
    rows: list[Row] = []
    while len(rows) < SLICE_ROWS:
        piece = drain(PIECE_ROWS)
        rows += piece
        if len(piece) < PIECE_ROWS:
            break
    return rows
