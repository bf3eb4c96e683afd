"""What every store of the history promises, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import HistoryRows

SeriesRow = tuple[int, int, "int | None", int, float, int, int, int]
"""fingerprint, id, open_at_ns, last_at_ns, flap, name_id, severity_id, namespace_id."""

NoteRow = tuple[int, int]
"""hash, id."""

READ_SECONDS = 10.0
"""How long one question may take."""


class Marks(NamedTuple):
    """The highest numbers that were ever given; none is given again."""

    series_id: int = 0
    note_id: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Footprint:
    """How much room the history takes.

    Attributes:
        parts: bytes on the disk by part.
        unused: bytes of these that the next rows can use.
        room: bytes that the store's volume has free for it; None where that cannot be told.
        volume: bytes of that volume; None likewise.
        bounded: whether deleting rows makes it smaller, so that a budget can be held to the byte.
    """

    parts: dict[str, int]
    unused: int = 0
    room: int | None = None
    volume: int | None = None
    bounded: bool = True

    @property
    def taken(self) -> int:
        """All parts together."""
        return sum(self.parts.values())


class Swept(NamedTuple):
    """What a step of the sweep did: the rows that it deleted, and whether the round goes on."""

    deleted: int
    more: bool


class Reader(Protocol):
    """Answers one question from one moment: what is written meanwhile does not show.

    Attributes:
        dialect: `sqlite` or `postgres`.
    """

    dialect: str

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Args:
            sql: with `?` for parameters in both dialects; it has no other `?` and no percent sign.
            parameters: in order.

        JSON comes as text in both dialects.
        """


class ReaderConnection(Reader, Protocol):
    """A reader with its life: made, used and closed on one thread, interrupted from any.

    `begin` and `rows` raise `StoreUnavailable`, or `StoreCorruptError` for a damaged file.
    """

    def begin(self) -> None:
        """Starts a moment."""

    def end(self) -> None:
        """Lets the moment go, and any interruption with it; harmless without one."""

    def interrupt(self) -> None:
        """Ends a query that runs, or the next one before `end`."""

    def close(self) -> None:
        """Lets go of the connection."""


class HistoryStore(Protocol):
    """Where the history lasts. All methods but `reader` and `interrupt` are the writer thread's.

    They raise `StoreUnavailable` when a later attempt may help, `StoreCorruptError` when only
    `rebuild` helps, `StoreRefusedError` when rows cannot be kept, `AmpError` for tables of a newer
    release.
    """

    def open(self) -> None:
        """Connects, makes and migrates the tables; again after a failure."""

    def marks(self) -> Marks:
        """The highest numbers so far."""

    def known(
        self, fingerprints: Sequence[int], hashes: Sequence[int]
    ) -> tuple[list[SeriesRow], list[NoteRow]]:
        """Those of the series and notes that are in the store."""

    def open_series(self) -> list[SeriesRow]:
        """Every series with an open episode."""

    def write(self, rows: HistoryRows, seq: int) -> None:
        """Writes all or nothing, once: rows up to a sequence number that are there are left out.

        Args:
            rows: what the fold made.
            seq: the last event's; 0 for rows that came from no event.
        """

    def footprint(self) -> Footprint:
        """How much room everything takes, indexes and logs included."""

    def oldest_ns(self) -> int | None:
        """When the oldest event, delivery or ended episode was; None without any."""

    def expire(self, cutoff_ns: int, limit: int) -> int:
        """Deletes some of what ended before an instant; how many rows, 0 when nothing is left.

        Args:
            cutoff_ns: what was before it goes; what is open stays.
            limit: most rows of one transaction.
        """

    def sweep(self, limit: int) -> Swept:
        """A step in deleting series, labels, notes, texts and groups that nothing names any more.

        A round goes over many steps; after one that deleted, the fold must forget what it knows.
        """

    def sweep_anew(self) -> None:
        """Ends the round that goes on: others wrote what it may hold for unused."""

    def shrink(self, limit: int) -> bool:
        """Gives unused room back to the disk, at most `limit` pages; whether there may be more."""

    def clear(self) -> None:
        """Forgets everything at once, to make room; what can only be cleared in steps stays."""

    def reader(self) -> ReaderConnection:
        """A reader for the calling thread."""

    def interrupt(self) -> None:
        """Ends a call that hangs, from any thread."""

    def rebuild(self) -> str:
        """Moves a damaged store aside and starts an empty one; where the damaged one is now."""

    def close(self) -> None:
        """Lets go of everything."""
