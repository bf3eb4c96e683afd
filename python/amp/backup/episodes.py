"""Merging episodes: what the store knows of one and what the backup knows make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from amp.backup.table import Row
    from amp.history.base import HistoryStore, SeriesRow

UNKNOWN_END = 3
"""`ended_by` of an episode of whose end nobody was told."""

LOOKED_UP = 500
"""Episodes of one look-up."""

LOOK_UP = """
SELECT starts_at_ns, series_id, ends_at_ns, silenced, inhibited, notified, failed, flap
FROM episode WHERE (starts_at_ns, series_id)"""


class Episodes:
    """Some episodes of a backup against those of a store.

    Attributes:
        new: rows to be added.
        changed: changes of rows that are there: an end, or more that happened to them.
        series_changed: what that means for their series.
    """

    def __init__(
        self,
        store: HistoryStore,
        rows: Sequence[Any],
        series: Sequence[SeriesRow],
        made_at_ns: int,
        firing: Set[tuple[int, int]] | None,
    ) -> None:
        """Compares.

        Args:
            store: where they go.
            rows: of the backup, with the store's numbers of series and notes.
            series: as the store has them.
            made_at_ns: when the backup was made.
            firing: fingerprint and start of each alert that fires here; None: nobody knows.
        """
        self.new: list[Row] = []
        self.changed: list[Row] = []
        self.series_changed: list[Row] = []
        self._made_at_ns = made_at_ns
        self._firing = firing
        self._series = {row[1]: row for row in series}
        self._open: dict[int, int | None] = {row[1]: row[2] for row in series}
        self._fires: dict[int, int] = {}
        held = _held(store, rows)
        for row in rows:
            self._add(row, held.get((row[0], row[1])))
        for series_id, (_, _, open_at_ns, last_at_ns, flap, *_) in self._series.items():
            fires = self._fires.get(series_id, 0)
            if fires or self._open[series_id] != open_at_ns:
                self.series_changed.append(
                    (self._open[series_id], last_at_ns, flap, fires, series_id)
                )

    def _add(self, row: Any, held: Any) -> None:
        starts_at_ns, series_id, ends_at_ns, ended_by, note_id, *told = row
        fires_here = (
            self._firing is not None and (self._series[series_id][0], starts_at_ns) in self._firing
        )
        if ends_at_ns is None and self._firing is not None and not fires_here:
            # It ended since, and nobody was told when.
            ends_at_ns, ended_by = max(self._made_at_ns, starts_at_ns), UNKNOWN_END
        if held is not None:
            ends = held[0] is None and ends_at_ns is not None and not fires_here
            if ends or any(mine > theirs for mine, theirs in zip(told, held[1:], strict=False)):
                self.changed.append(
                    (
                        *((ends_at_ns, ended_by, note_id) if ends else (None, 0, None)),
                        *told[:5],
                        starts_at_ns,
                        series_id,
                    )
                )
            if ends and self._open[series_id] == starts_at_ns:
                self._open[series_id] = None
            return
        if ends_at_ns is None:
            ends_at_ns, ended_by = self._opened(starts_at_ns, series_id)
        self._fires[series_id] = self._fires.get(series_id, 0) + 1
        self.new.append((starts_at_ns, series_id, ends_at_ns, ended_by, note_id, *told))

    def _opened(self, starts_at_ns: int, series_id: int) -> tuple[int | None, int]:
        """End and its cause of an open episode: a series has one that is open, the last."""
        other = self._open[series_id]
        if other is not None and other > starts_at_ns:
            return other, UNKNOWN_END
        if other is not None:
            self.changed.append(
                (starts_at_ns, UNKNOWN_END, None, 0, 0, 0, 0, 0.0, other, series_id)
            )
        self._open[series_id] = starts_at_ns
        return None, 0


def _held(store: HistoryStore, rows: Sequence[Any]) -> dict[tuple[int, int], tuple[Any, ...]]:
    """What the store has of the episodes: end, what happened to them and their rate."""
    found: dict[tuple[int, int], tuple[Any, ...]] = {}
    reader = store.reader()
    try:
        reader.begin()
        for at in range(0, len(rows), LOOKED_UP):
            keys = ", ".join(f"({row[0]:d}, {row[1]:d})" for row in rows[at : at + LOOKED_UP])
            for starts_at_ns, series_id, *rest in reader.rows(f"{LOOK_UP} IN (VALUES {keys})"):
                found[starts_at_ns, series_id] = tuple(rest)
    finally:
        reader.close()
    return found
