"""How old and how large the history may become, and what goes when it is more: a step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.errors import StoreUnavailable

if TYPE_CHECKING:
    from amp.history.base import Footprint, HistoryStore

MIB = 1 << 20
MOST_BYTES = 10 << 30
"""The default budget, where half of the volume is not less."""

LEAST_RESERVE_BYTES = 4 * MIB
MOST_RESERVE_BYTES = 64 * MIB

STEP_ROWS = 500
LEAST_STEP_ROWS = 50
BYTES_A_ROW = 256 << 10
"""Of the budget, for each row of one step: the log must hold all pages that it changes."""

SHRINK_PAGES = 250
AGE_SECONDS = 60.0
"""How often it is asked what is too old, unless a tenth of the retention is less."""

FIRST_SECONDS = 1.0

SWEEP_SECONDS = 3600.0
"""How often it is asked what nothing names, where there is room."""

MEASURE_SECONDS = 1.0
PRESSURE = 0.9
RELIEF = 0.8
WINDOWS = 32
"""When room is needed, what goes is this part of all time at once, the oldest."""

WINDOWS_A_SWEEP = 2
EXHAUSTED_SECONDS = 5.0
"""How long nothing is looked for after nothing was found."""

WORTH_SHRINKING = 0.25
WORTH_CLEARING_BYTES = 2 * MIB
GROWTH = 1.02


@dataclass(frozen=True, slots=True)
class Budget:
    """What the history may take.

    Attributes:
        retention_seconds: `--amp.history.retention`.
        max_bytes: `--amp.history.max-bytes`; 0 is half of the volume, at most 10 GiB.
    """

    retention_seconds: float
    max_bytes: int = 0

    def most_bytes(self, volume: int | None) -> int:
        """The most it may take of a volume of that size."""
        if self.max_bytes > 0:
            return self.max_bytes
        return MOST_BYTES if volume is None else min(MOST_BYTES, volume // 2)


def reserve_bytes(volume: int) -> int:
    """What stays free of a volume for state: the history is not written below."""
    return max(LEAST_RESERVE_BYTES, min(volume // 8, MOST_RESERVE_BYTES))


class Retention:
    """Deletes what is too old, and the oldest where there is too much. On the writer's thread.

    Attributes:
        deleted: rows deleted since the start.
        footprint: how much room the history took when it was last measured; None before.
        oldest_ns: when the oldest event was, at the same time.
        forget: whether rows went that the fold may know.
        hopeless: whether the state is short of room, and what is left here cannot be deleted row by
            row: what is open, and pages that only a larger log could give back.
    """

    def __init__(self, store: HistoryStore, budget: Budget) -> None:
        self._store = store
        self._budget = budget
        self.deleted = 0
        self.footprint: Footprint | None = None
        self.oldest_ns: int | None = None
        self.forget = False
        self.hopeless = False
        self._refused = False
        self._measured_ns = 0
        self._aged_ns = 0
        self._swept_ns = 0
        self._cutoff_ns: int | None = None
        self._windows = 0
        self._expired = 0
        self._swept_rows = 0
        self._unswept = True
        self._sweeping = False
        self._relieving = False
        self._relieved_bytes = 0
        self._exhausted_ns: int | None = None
        self._shrinking = False

    def restart(self) -> None:
        """Forgets where it was: the store is another one now."""
        self._cutoff_ns, self._sweeping, self._shrinking = None, False, False
        self._relieving, self._exhausted_ns, self.footprint = False, None, None
        self._measured_ns = self._aged_ns = 0
        self.hopeless = False

    def refusal(self, now_ns: int) -> str:
        """Why nothing may be written now; empty when it may."""
        refusal = self._refusal(self._measure(now_ns))
        self._refused = bool(refusal)
        return refusal

    def _refusal(self, found: Footprint) -> str:
        most = self._budget.most_bytes(found.volume)
        part, factor = (PRESSURE, 1.25) if self._refused else (1, 1)
        if self._short(found, factor):
            reserve = reserve_bytes(found.volume or 0) // MIB
            return f"the volume has less than {reserve} MiB free, which are kept for the state"
        if found.bounded and found.taken - found.unused > most * part:
            return f"the history has reached its {most} bytes"
        return ""

    def _short(self, found: Footprint, factor: float) -> bool:
        if found.room is None or found.volume is None:
            return False
        return found.room < reserve_bytes(found.volume) * factor

    def _measure(self, now_ns: int) -> Footprint:
        due_ns = self._measured_ns + int(MEASURE_SECONDS * SECOND_NS)
        if self.footprint is None or self._relieving or not self._measured_ns <= now_ns < due_ns:
            self.footprint = self._store.footprint()
            self._measured_ns = now_ns
        return self.footprint

    def pressed(self, now_ns: int) -> bool:
        """Whether there is too much."""
        found = self._measure(now_ns)
        most = self._budget.most_bytes(found.volume)
        live = found.taken - found.unused
        low, factor = (RELIEF, 1.5) if self._relieving else (PRESSURE, 1.25)
        if not found.bounded:
            # Rows that go make room inside; it grows again only when that is used up.
            return self._relieving or live > max(most * PRESSURE, self._relieved_bytes * GROWTH)
        if self._exhausted_ns is not None:
            # Nothing was left to delete: asked again when something can have ended.
            if (
                self._exhausted_ns
                <= now_ns
                < self._exhausted_ns + int(EXHAUSTED_SECONDS * SECOND_NS)
            ):
                return False
            self._exhausted_ns = None
        self._relieving = live > most * low or self._short(found, factor)
        return self._relieving

    def step(self, now_ns: int) -> bool:
        """Does a little; whether there is more to do now."""
        try:
            return self._step(now_ns)
        except StoreUnavailable:
            # Where there is no room left even for deleting, only removing it all makes some.
            found = self.footprint
            if found is not None and self._short(found, 1) and found.taken > WORTH_CLEARING_BYTES:
                self.hopeless = True
                return True
            raise

    def _step(self, now_ns: int) -> bool:
        if self._shrinking:
            self._shrinking = self._store.shrink(SHRINK_PAGES)
            return self._shrinking
        if self._sweeping:
            return self._sweep(now_ns)
        if self.pressed(now_ns):
            return self._relieve(now_ns)
        self._windows = 0
        if self._expired_now(now_ns):
            return True
        return self._tidy(now_ns)

    def _period_ns(self) -> int:
        if self.oldest_ns is None:
            return int(FIRST_SECONDS * SECOND_NS)
        seconds = min(AGE_SECONDS, self._budget.retention_seconds / 10)
        return int(max(FIRST_SECONDS, seconds) * SECOND_NS)

    def _expired_now(self, now_ns: int) -> bool:
        if self._cutoff_ns is None:
            if self._aged_ns <= now_ns < self._aged_ns + self._period_ns():
                return False
            self._cutoff_ns = now_ns - int(self._budget.retention_seconds * SECOND_NS)
        if self._expire(self._cutoff_ns):
            return True
        self._cutoff_ns, self._aged_ns = None, now_ns
        self.oldest_ns = self._store.oldest_ns()
        return False

    def _expire(self, cutoff_ns: int) -> int:
        count = self._store.expire(cutoff_ns, self._step_rows())
        self.deleted += count
        self._expired += count
        self._unswept = self._unswept or count > 0
        return count

    def _step_rows(self) -> int:
        found = self.footprint
        most = self._budget.most_bytes(None if found is None else found.volume)
        return max(LEAST_STEP_ROWS, min(most // BYTES_A_ROW, STEP_ROWS))

    def _relieve(self, now_ns: int) -> bool:
        """Deletes the oldest part; then the sweep, then it is measured again."""
        self._relieving = True
        if self._cutoff_ns is None:
            oldest_ns = self.oldest_ns = self._store.oldest_ns()
            if oldest_ns is None:
                if self._unswept:
                    self._sweeping = True
                    return True
                self._exhausted_ns, self._relieving = now_ns, False
                found = self.footprint = self._store.footprint()
                self.hopeless = self._short(found, 1) and found.taken > WORTH_CLEARING_BYTES
                self._shrinking = not self.hopeless
                return True
            # Senders may name an end that is still to come.
            self._cutoff_ns = oldest_ns + max(SECOND_NS, (now_ns - oldest_ns) // WINDOWS)
        if self._expire(self._cutoff_ns):
            return True
        self._cutoff_ns = None
        self._windows += 1
        self._shrinking = self._short(self._store.footprint(), 1.5)
        if self._windows >= WINDOWS_A_SWEEP:
            self._windows, self._sweeping = 0, True
        return True

    def _tidy(self, now_ns: int) -> bool:
        """Sweeps and shrinks where enough went."""
        due = not self._swept_ns <= now_ns < self._swept_ns + int(SWEEP_SECONDS * SECOND_NS)
        if self._expired and due:
            self._sweeping = True
            return True
        return False

    def _sweep(self, now_ns: int) -> bool:
        swept = self._store.sweep(2 * self._step_rows())
        self.deleted += swept.deleted
        self._swept_rows += swept.deleted
        self.forget = self.forget or swept.deleted > 0
        if not swept.more:
            self._sweeping, self._expired, self._swept_ns = False, 0, now_ns
            # A round that deleted may have stopped at its bound.
            self._unswept, self._swept_rows = self._swept_rows > 0, 0
            found = self.footprint = self._store.footprint()
            if not found.bounded:
                self._relieving, self._relieved_bytes = False, found.taken
                return True
            worth = found.unused > found.taken * WORTH_SHRINKING
            self._shrinking = self._short(found, 1.5) or (not self._relieving and worth)
            over = found.taken > self._budget.most_bytes(found.volume)
            self._shrinking = self._shrinking or over
        return True
