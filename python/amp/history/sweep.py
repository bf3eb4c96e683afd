"""One round of looking for notes, texts and groups that nothing names any more."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_CANDIDATES = 20_000
"""Looked for in one round: they are held in memory while it goes on."""

SCANNED_ROWS = 4_000
"""Events or flushes that one step looks through."""

KINDS = ("note", "text", "route_group")
RECEIVED, CHANGED, RESOLVED = 1, 2, 3

UNUSED = {
    "note": "NOT EXISTS (SELECT 1 FROM episode WHERE note_id = {}.id)",
    "text": (
        "NOT EXISTS (SELECT 1 FROM delivery WHERE receiver_id = {0}.id) "
        "AND NOT EXISTS (SELECT 1 FROM episode_receiver WHERE receiver_id = {0}.id) "
        "AND NOT EXISTS (SELECT 1 FROM episode_silence WHERE silence_id = {0}.id)"
    ),
    "route_group": (
        "NOT EXISTS (SELECT 1 FROM delivery WHERE group_id = {0}.id) "
        "AND NOT EXISTS (SELECT 1 FROM episode_group WHERE group_id = {0}.id)"
    ),
}
"""What the indexes can tell: no row of another table names this one, events and flushes aside."""


@dataclass(slots=True)
class Sweep:
    """Where a round is: first candidates are found, then what events and flushes name is spared.

    Attributes:
        at: the place in `KINDS`; past its end all candidates are found.
        last_id: up to where the table was looked through.
        candidates: ids that may go, by table.
        event_seq: up to where events were looked through.
        flush_id: up to where flushes were.
    """

    at: int = 0
    last_id: int = 0
    candidates: dict[str, set[int]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    event_seq: int = 0
    flush_id: int = 0

    @property
    def table(self) -> str | None:
        """The table that is looked through; None when all were."""
        return KINDS[self.at] if self.at < len(KINDS) else None

    def found(self, table: str, looked: list[int], unused: list[int], wanted: int) -> None:
        """Takes a step's candidates.

        Args:
            table: which table.
            looked: the ids that the step looked at, in order.
            unused: those of them that may go.
            wanted: how many ids the step asked for.
        """
        self.candidates[table].update(unused)
        full = len(self.candidates[table]) >= MOST_CANDIDATES
        if full or len(looked) < wanted:
            self.at, self.last_id = self.at + 1, 0
        else:
            self.last_id = looked[-1]

    def spare_events(self, rows: list[tuple[int, int, int | None, int | None]]) -> None:
        """Spares what events (seq, kind, group_id, ref_id) name."""
        notes, texts, groups = (self.candidates[kind] for kind in KINDS)
        for _, kind, group_id, ref_id in rows:
            groups.discard(group_id)
            if kind in (RECEIVED, CHANGED):
                notes.discard(ref_id)
            elif kind != RESOLVED:
                texts.discard(ref_id)
        if rows:
            self.event_seq = rows[-1][0]

    def spare_flush(self, flush_id: int, group_id: int, notes: list[int]) -> None:
        """Spares what a flush names."""
        self.candidates["route_group"].discard(group_id)
        self.candidates["note"].difference_update(notes)
        self.flush_id = flush_id

    def some(self, limit: int) -> tuple[str, list[int]] | None:
        """Takes up to `limit` candidates of one table out; None when there is none left."""
        for table, ids in self.candidates.items():
            if ids:
                return table, [ids.pop() for _ in range(min(limit, len(ids)))]
        return None
