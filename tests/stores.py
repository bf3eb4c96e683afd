"""Stores for tests of what stands above a store: one in memory, one that fails when told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.errors import StoreLocked, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp._core import AlertRow, LogRow
    from amp.store.base import Changes, SilenceEntry


class MemoryStore:
    """Implements amp.store.base.Store without a disk."""

    lease_seconds: float | None = None

    def __init__(self) -> None:
        self.kept_silences: dict[str, SilenceEntry] = {}
        self.kept_log: dict[bytes, LogRow] = {}
        self.kept_alerts: dict[str, AlertRow] = {}
        self.written: list[Changes] = []
        self.opened = False

    def open(self) -> None:
        self.opened = True

    def silences(self) -> list[SilenceEntry]:
        return list(self.kept_silences.values())

    def log_rows(self) -> Iterator[list[LogRow]]:
        yield list(self.kept_log.values())

    def alert_rows(self) -> Iterator[list[AlertRow]]:
        yield list(self.kept_alerts.values())

    def write(self, changes: Changes) -> None:
        self.written.append(changes)
        for id in changes.removed_silences:
            self.kept_silences.pop(id, None)
        self.kept_silences |= {entry.id: entry for entry in changes.silences}
        self.kept_log |= {row[0]: row for row in changes.log}
        if changes.no_alerts:
            self.kept_alerts.clear()
        for row in changes.alerts:
            self.kept_alerts[row[0]] = row
            if row[1]:
                del self.kept_alerts[row[0]]

    def renew(self) -> None:
        """Nothing is leased."""

    def sizes(self) -> dict[str, int]:
        return {"database": len(self.written)}

    def interrupt(self) -> None:
        """Nothing hangs."""

    def rebuild(self) -> str:
        raise AssertionError("memory is never corrupt")

    def close(self) -> None:
        self.opened = False


class BrokenStore(MemoryStore):
    """Fails before or after it did its work, with the text it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = ""
        self.broken_after = ""
        self.locked = ""

    def open(self) -> None:
        if self.locked:
            raise StoreLocked(self.locked)
        if self.broken:
            raise StoreUnavailable(self.broken)
        super().open()

    def write(self, changes: Changes) -> None:
        if self.broken:
            raise StoreUnavailable(self.broken)
        super().write(changes)
        if self.broken_after:
            raise StoreUnavailable(self.broken_after)
