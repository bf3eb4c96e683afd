"""Writes what the journal tells, on a thread of its own, and keeps the history within its bounds.

Whatever happens to the store, the journal goes on; what it has to drop is counted here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Protocol

from amp._core import Fold
from amp.clock import SECOND_NS
from amp.errors import AmpError
from amp.history.errand import Errands
from amp.history.health import HistoryHealth
from amp.history.retention import Budget, Retention
from amp.store.base import StoreCorruptError, StoreRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import Drained, HistoryRows, Journal
    from amp.clock import Clock
    from amp.history.base import HistoryStore
    from amp.log import Logger
    from amp.metrics import Metrics

MOST_EVENTS = 4_000
CROWDED_EVENTS = 20_000
"""Of one transaction while many wait: it costs less for each, and more memory."""

LEAST_EVENTS = 100
BYTES_AN_EVENT = 128 << 10
"""Of the budget, for each event of one transaction: the log must hold all that it changes."""

IDLE_SECONDS = 1.0
PAUSE_SECONDS = 0.1
"""Between transactions, so that rows share them."""

RETENTION_PAUSE_SECONDS = 0.02
RETENTION_STEPS = 8
"""Steps between two transactions where there is too much."""

FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 15.0
CLOSE_SECONDS = 2.0
"""How long the last write may take at shutdown."""

INTERRUPT_SECONDS = 1.0

TELL_NS = 60 * SECOND_NS
ANNOUNCED_AT_ONCE = 20_000

RECONCILE_NS = 30 * SECOND_NS
"""Between two times that all that fires is told again: that alone may fill the queue."""


class AlertTeller(Protocol):
    """Who knows what fires: the engine."""

    def firing(self) -> list[tuple[int, int]]:
        """Signed fingerprint and start of every firing alert."""

    def announce(self, now_ns: int, first: int, limit: int) -> int | None:
        """Tells the journal of so many of them again, from a place on; where to go on."""


@dataclass(frozen=True, slots=True)
class InHand:
    """Rows that wait for their transaction.

    Attributes:
        events: how many events they came from.
        seq: the last one's number; 0 for rows that came from none.
    """

    rows: HistoryRows
    events: int
    seq: int
    first_at_ns: int = 0


class HistoryWriter:
    """Owns the thread that owns the store.

    Attributes:
        health: what the last attempt said.
        opened: whether the store was opened once, so that it can be asked.
        generation: the number of the newest event that was committed.
        written: events written since the start.
        retention: what the history takes and what was deleted of it.
        errands: work of others on the store, such as a restore.
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
        replaced: Callable[[], None] = lambda: None,
    ) -> None:
        self.health = HistoryHealth(since_ns=clock.now_ns())
        self.opened = False
        self.generation = 0
        self.written = 0
        self.retention = Retention(store, budget)
        self.errands = Errands(journal.wake)
        self._store = store
        self._journal = journal
        self._alerts = alerts
        self._budget = budget
        self._settled = settled
        self._replaced = replaced
        self._clock = clock
        self._log = log.bind(component="history")
        self._metrics = metrics
        self._fold: Fold | None = None
        self._hand: InHand | None = None
        self._drained: Drained | None = None
        self._nothing_waited_ns = clock.now_ns()
        self._bound = self._limit = MOST_EVENTS
        self._reconcile = True
        self._reconciled_ns: int | None = None
        self._announcing: int | None = None
        self._suspected = False
        self._told = False
        self._told_ns = 0
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="amp-history", daemon=True)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def suspect(self) -> None:
        """Says that a reader found the store damaged."""
        self._suspected = True
        self._journal.wake()

    def measured(self) -> HistoryHealth:
        """The health, with what waits now."""
        self.health.waiting = self._journal.pending() + self._held()
        return self.health

    def _held(self) -> int:
        hand, drained = self._hand, self._drained
        return (0 if hand is None else hand.events) + (0 if drained is None else drained.count)

    def lag_seconds(self) -> float:
        """For how long the oldest event has waited, about."""
        now_ns = self._clock.now_ns()
        if not self.measured().waiting:
            self._nothing_waited_ns = now_ns
        hand, drained = self._hand, self._drained
        first_at_ns = drained.first_at_ns if drained is not None else hand and hand.first_at_ns
        return max(0.0, (now_ns - (first_at_ns or self._nothing_waited_ns)) / SECOND_NS)

    def close(self) -> None:
        """Writes a last time within `CLOSE_SECONDS` and closes the store."""
        self._stop.set()
        self._journal.wake()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS + INTERRUPT_SECONDS)
            if self._thread.is_alive():
                self._store.interrupt()
                self._thread.join(INTERRUPT_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self.turn())
        self._guarded(self._last)
        self._guarded(self._closed)

    def turn(self, patience_seconds: float = IDLE_SECONDS) -> float:
        """One round on the writer's thread; how many seconds to wait before the next.

        Args:
            patience_seconds: how long it waits for the first event.
        """
        return self._guarded(lambda: self._turn(patience_seconds))

    def _guarded(self, work: Callable[[], float]) -> float:
        """Does some work and heeds its failure; how many seconds to wait then."""
        try:
            return work()
        except StoreCorruptError as error:
            return self._rebuild(error)
        except StoreRefusedError as error:
            self._log.error("History refused rows, they are lost", err=str(error))
            self._give_up()
        except AmpError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001  # the supervisor's edge: nobody else would
            self._metrics.loop_errors.labels("history").inc()
            self._log.error("task failed, started again", task="history", err=repr(error))
            self._give_up()
        wait, self._retry_seconds = (
            self._retry_seconds,
            min(self._retry_seconds * 2, LAST_RETRY_SECONDS),
        )
        return wait

    def _turn(self, patience_seconds: float) -> float:
        """One round: some events into the store, some old rows out of it."""
        if self._suspected:
            raise StoreCorruptError("a reader found it damaged")
        if self._fold is None:
            self._open()
        now_ns = self._clock.now_ns()
        if refusal := self.retention.refusal(now_ns):
            self._count_missed()
            self._failed(refusal)
            return RETENTION_PAUSE_SECONDS if self._retain() else IDLE_SECONDS
        if self._hand is None:
            if not self._journal.pending():
                self._nothing_waited_ns = now_ns
            self._hand = self._taken(0.0 if len(self.errands) else patience_seconds)
        more = self._written()
        if self._helped():
            return 0.0
        self._reconciled()
        self._announced()
        if self._retain():
            return RETENTION_PAUSE_SECONDS
        return 0.0 if more else PAUSE_SECONDS

    def _helped(self) -> bool:
        """Does the work of others on the store; whether there is more to come.

        They may write what the fold and the retention hold for known.
        """
        if self.errands.run(self._store):
            self._fold = None
            self._reconcile = True
            self.generation += 1
            self._store.sweep_anew()
            self.retention.restart()
        return self.errands.holding

    def _open(self) -> None:
        self._store.open()
        marks = self._store.marks()
        self._fold = Fold(marks.series_id + 1, marks.note_id + 1)
        self.generation = max(self.generation, marks.seq)
        found = self._store.footprint()
        most = self._budget.most_bytes(found.volume)
        self._bound = max(LEAST_EVENTS, most // BYTES_AN_EVENT)
        self._limit = min(self._bound, MOST_EVENTS)
        self.opened = True

    def _taken(self, wait_seconds: float) -> InHand | None:
        """The next events as rows; None when there is none."""
        fold = self._fold
        if fold is None:
            return None
        drained = self._drained
        if drained is None:
            crowded = self._journal.pending() >= 2 * CROWDED_EVENTS
            limit = min(self._bound, CROWDED_EVENTS) if crowded else self._limit
            drained = self._journal.take(limit, wait_seconds)
            self._count_missed()
            if not drained.count:
                return None
            # Here until they are rows: that asks the store, which may be away.
            self._drained = drained
        fingerprints, hashes = fold.unknown(drained)
        if fingerprints or hashes:
            fold.learn(*self._store.known(fingerprints, hashes))
        rows = fold.rows(drained)
        self._drained = None
        return InHand(rows, drained.count, drained.last_seq, drained.first_at_ns)

    def _count_missed(self) -> None:
        if missed := self._journal.missed():
            self._lose(missed)

    def _lose(self, events: int) -> None:
        self.health.dropped += events
        self._reconcile = True

    def _written(self) -> bool:
        """Writes what is in hand; whether it was as much as one transaction takes."""
        hand = self._hand
        if hand is None:
            if not self.health.ok:
                self._store.footprint()
                self._succeeded()
            return False
        self._write(hand.rows, hand.seq)
        self._hand = None
        # What came from no event changes answers, too.
        self.generation = max(self.generation + 1, hand.seq)
        self.written += hand.events
        return hand.events >= self._limit

    def _write(self, rows: HistoryRows, seq: int) -> None:
        begun = perf_counter()
        self._store.write(rows, seq)
        self._metrics.history_write_seconds.observe(perf_counter() - begun)
        self._metrics.history_written.set(self._clock.now_ns() / SECOND_NS)
        self._succeeded()

    def _reconciled(self) -> None:
        """Ends what the store takes for open and what does not fire; tells of what fires.

        Only when little waits: what is still in the journal tells better how it went.
        """
        fold = self._fold
        if not self._reconcile or fold is None or not self._settled():
            return
        if self._journal.pending() >= self._limit:
            return
        now_ns, last_ns = self._clock.now_ns(), self._reconciled_ns
        if last_ns is not None and last_ns <= now_ns < last_ns + RECONCILE_NS:
            return
        self._reconcile = False
        try:
            held = self._store.open_series()
            fold.learn(held, [])
            open_rows = [(row[0], row[2]) for row in held if row[2] is not None]
            rows = fold.lost(open_rows, self._alerts.firing(), now_ns)
            if len(rows):
                self._hand = InHand(rows, 0, 0)
                self._written()
        except BaseException:
            self._reconcile = True
            raise
        self._reconciled_ns = now_ns
        self._announcing = 0

    def _announced(self) -> None:
        """Lets some of what fires be told again: all at once might not fit the journal."""
        if self._announcing is not None and self._journal.pending() < self._limit:
            now_ns = self._clock.now_ns()
            self._announcing = self._alerts.announce(now_ns, self._announcing, ANNOUNCED_AT_ONCE)

    def _retain(self) -> bool:
        """Deletes a little; whether there is more to do at once."""
        retention = self.retention
        more = False
        for _ in range(RETENTION_STEPS):
            now_ns = self._clock.now_ns()
            more = retention.step(now_ns)
            if retention.hopeless:
                self._clear()
                break
            if retention.forget:
                retention.forget = False
                if self._hand is not None:
                    # It may name what is gone.
                    self._give_up()
                if self._fold is not None:
                    self._fold.forget()
            if not more or not retention.pressed(now_ns):
                break
        return more

    def _clear(self) -> None:
        """Begins anew, because the state needs the room."""
        self._log.error("History is cleared: the volume is full, and state comes first")
        self._give_up()
        self._fold = None
        self._store.clear()
        self._replaced()
        self.retention.restart()

    def _give_up(self) -> None:
        """Drops what is in hand: writing it again would fail again."""
        self._lose(self._held())
        self._hand = self._drained = None
        self._reconcile = True
        if self._fold is not None:
            self._fold.forget()

    def _rebuild(self, error: StoreCorruptError) -> float:
        """Begins a new store; what is in hand names rows of the damaged one."""
        self._suspected = False
        self._give_up()
        self._fold = None
        self.retention.restart()
        self._metrics.snapshot_corrupt.labels("history").inc()
        try:
            aside = self._store.rebuild()
        except (AmpError, StoreCorruptError, StoreRefusedError) as failure:
            self._failed(f"{error}; {failure}")
            return LAST_RETRY_SECONDS
        finally:
            self._replaced()
        self._log.error(
            "History is damaged, moved aside and begun anew", err=str(error), aside=aside
        )
        return 0.0

    def _last(self) -> float:
        """The last writes: what waits, as far as the time goes."""
        deadline = monotonic() + CLOSE_SECONDS
        while self._fold is not None and monotonic() < deadline:
            if self.retention.refusal(self._clock.now_ns()):
                break
            if self._hand is None:
                self._hand = self._taken(0.0)
            if self._hand is None:
                break
            self._written()
        return 0.0

    def _closed(self) -> float:
        self.errands.refuse("AMP shuts down")
        self._store.close()
        return 0.0

    def _failed(self, detail: str) -> None:
        """Keeps that nothing is written; logs it once, and no more than once a minute."""
        self.errands.refuse(detail)
        now_ns = self._clock.now_ns()
        if self.health.ok:
            self.health.since_ns = now_ns
            self._told = not self._told_ns <= now_ns < self._told_ns + TELL_NS
            if self._told:
                self._told_ns = now_ns
                self._log.error("History is not written, events wait and are dropped", err=detail)
        self.health.ok, self.health.detail = False, detail

    def _succeeded(self) -> None:
        """Keeps that all is well; logs it when it was not before."""
        self._retry_seconds = FIRST_RETRY_SECONDS
        if not self.health.ok:
            if self._told:
                self._log.info("History is written again", dropped=self.health.dropped)
            self.health.since_ns = self._clock.now_ns()
            self.health.ok, self.health.detail = True, ""
