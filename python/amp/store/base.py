"""What every store promises, and what is written into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp._core import AlertRow, LogRow

CHUNK_ROWS = 500
"""Rows that are read at once: the loop never waits long for the interpreter."""

FARTHEST_NS = (1 << 63) - 1
"""The last instant that fits a column and the engine (the year 2262)."""


def within_reach(at_ns: int) -> int:
    """The instant, or the nearest one that fits a column and the engine."""
    return max(-FARTHEST_NS, min(at_ns, FARTHEST_NS))


class SilenceEntry(NamedTuple):
    """A silence as the store keeps it: upstream's message and what the store must compare."""

    id: str
    updated_at_ns: int
    expires_at_ns: int
    record: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """What goes into the store in one transaction, in this order: removals first."""

    removed_silences: Sequence[str] = ()
    silences: Sequence[SilenceEntry] = ()
    log: Sequence[LogRow] = ()
    alerts: Sequence[AlertRow] = ()
    no_alerts: bool = False
    """All alerts go first."""
    expired_at_ns: int | None = None
    """Silences and log entries that expire up to here go."""

    @property
    def durable(self) -> bool:
        """Whether the transaction must have reached the disk when it returns."""
        return bool(self.silences or self.removed_silences or self.log)

    @property
    def rows(self) -> int:
        """How many rows change, expired ones aside."""
        return len(self.removed_silences) + len(self.silences) + len(self.log) + len(self.alerts)


class StoreCorruptError(Exception):
    """The store's file is damaged: it has to be moved aside and built anew."""


class StoreRefusedError(Exception):
    """The store refuses a row for what it holds: repeating it cannot help."""


class Store(Protocol):
    """Where state lasts. All methods block and are called on one thread at a time.

    They raise `StoreUnavailable` when a later attempt may help, `StoreLocked` when another process
    owns the store, `StoreCorruptError` when only `rebuild` helps, `StoreRefusedError` when a row
    cannot be kept.
    """

    lease_seconds: float | None
    """How long the store stays ours without a sign of life; None: as long as the process lives."""

    def open(self) -> None:
        """Connects, takes the lock, migrates."""

    def silences(self) -> list[SilenceEntry]:
        """Every silence."""

    def log_rows(self) -> Iterator[list[LogRow]]:
        """Every entry of the notification log, in chunks."""

    def alert_rows(self) -> Iterator[list[AlertRow]]:
        """Every alert, in chunks."""

    def write(self, changes: Changes) -> None:
        """Writes all or nothing; a silence or log entry older than the stored one is left out."""

    def renew(self) -> None:
        """Shows that the holder lives."""

    def sizes(self) -> dict[str, int]:
        """Bytes of each part (`database`, `wal`), as far as they can be told."""

    def interrupt(self) -> None:
        """Ends a call that hangs, from any thread."""

    def rebuild(self) -> str:
        """Moves a damaged store aside and starts an empty one; where the damaged one is now."""

    def close(self) -> None:
        """Lets go of everything."""
