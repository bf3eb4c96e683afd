"""Restoring silences, log entries and alerts into a store that nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from amp.backup.table import ALERT, LOG, SILENCE
from amp.store.base import Changes, SilenceEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp._core import AlertRow, LogRow
    from amp.backup.table import Row, Table
    from amp.store.base import Store


def silences_of(rows: Sequence[Row], now_ns: int) -> list[SilenceEntry]:
    """The silences that are not forgotten yet."""
    entries = [SilenceEntry(*cast("tuple[str, int, int, bytes]", row)) for row in rows]
    return [entry for entry in entries if entry.expires_at_ns > now_ns]


def log_of(rows: Sequence[Row], now_ns: int) -> list[LogRow]:
    """The log entries that are not forgotten yet."""
    return [row for row in cast("Sequence[LogRow]", rows) if row[2] > now_ns]


def alerts_of(rows: Sequence[Row], now_ns: int) -> list[AlertRow]:
    """The alerts that still fire: whatever ended since must page nobody again."""
    return [
        (row[0], False, *row[1:6], bool(row[6]), row[7])
        for row in cast("Sequence[tuple[str, str, str, int, int, int, int, str]]", rows)
        if row[4] > now_ns
    ]


class StateMerge:
    """Merges rows into an open store: newer ones win, known alerts stay. Twice is as once.

    Attributes:
        taken: rows of each table that were given to the store.
    """

    def __init__(self, store: Store, now_ns: int) -> None:
        self._store = store
        self._now_ns = now_ns
        self._known = {row[0] for rows in store.alert_rows() for row in rows}
        self.taken = {table.name: 0 for table in (SILENCE, LOG, ALERT)}

    def add(self, table: Table, rows: Sequence[Row]) -> None:
        """Merges some rows, in one transaction."""
        if table is SILENCE:
            silences = silences_of(rows, self._now_ns)
            self._write(table, len(silences), Changes(silences=silences))
        elif table is LOG:
            entries = log_of(rows, self._now_ns)
            self._write(table, len(entries), Changes(log=entries))
        elif table is ALERT:
            alerts = [row for row in alerts_of(rows, self._now_ns) if row[0] not in self._known]
            self._write(table, len(alerts), Changes(alerts=alerts))

    def _write(self, table: Table, count: int, changes: Changes) -> None:
        if count:
            self._store.write(changes)
            self.taken[table.name] += count
