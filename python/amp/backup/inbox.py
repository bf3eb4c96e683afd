"""Restoring while AMP runs: the process takes backups that lie in its storage folder.

Whoever may write there may do this; no HTTP door leads here.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol

from amp.backup.history import HistoryMerge
from amp.backup.outcome import REQUEST, STATE_REQUEST, TAKEN, Outcome
from amp.backup.read import Backup
from amp.backup.state import alerts_of, log_of, silences_of
from amp.backup.table import ALERT, LOG, SILENCE, STATE
from amp.errors import AmpError, BackupError
from amp.store.base import Changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from amp._core import AlertRow, LogRow, NotificationLog
    from amp.backup.read import Verified
    from amp.backup.table import Row, Table
    from amp.clock import Clock
    from amp.history.errand import Errands
    from amp.log import Logger
    from amp.store.silences import Silences
    from amp.store.storage import Timer
    from amp.store.writer import Writer

LOOK_SECONDS = 2.0
BROKEN_OFF = "AMP ended before the restore did, restore again to complete it"

STATE_ROWS = 500
HISTORY_ROWS = 1000
"""Rows of one step: the history's writer goes on in between."""


class AlertSink(Protocol):
    """Who takes alerts back: the engine."""

    def restore(
        self, rows: Sequence[AlertRow], now_ns: int, grace_ns: int
    ) -> tuple[int, list[Timer]]:
        """Takes those that are not known."""

    def mark_all(self) -> None:
        """Makes everything a change that the store must learn."""

    def firing(self) -> list[tuple[int, int]]:
        """Fingerprint and start of each alert that fires."""


class Inbox:
    """Looks for backups in the storage folder and merges them into what runs."""

    def __init__(
        self,
        folder: Path,
        silences: Silences,
        entries: NotificationLog,
        alerts: AlertSink,
        writer: Writer,
        history: Errands | None,
        *,
        grace_seconds: float,
        restored: Callable[[list[Timer]], None],
        clock: Clock,
        log: Logger,
    ) -> None:
        """Takes what it restores into.

        Args:
            folder: `--storage.path`.
            silences: all silences.
            entries: the notification log.
            alerts: the engine.
            writer: the way into the store.
            history: the way into the history; None when none is kept.
            grace_seconds: how long restored alerts live on without a sign of their sender.
            restored: told about the groups of alerts that came back.
            clock: time.
            log: where it is told.
        """
        self._folder = folder
        self._silences = silences
        self._entries = entries
        self._alerts = alerts
        self._writer = writer
        self._history = history
        self._grace_ns = int(grace_seconds * 1e9)
        self._restored = restored
        self._clock = clock
        self._log = log.bind(component="restore")

    async def run(self) -> None:
        """Looks every moment, until cancelled."""
        await asyncio.to_thread(self._tidy)
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            if name := await asyncio.to_thread(self._take):
                await self._restore(with_history=name == REQUEST)

    def _tidy(self) -> None:
        """Tells of a restore that broke off when the process before ended."""
        taken = self._folder / TAKEN
        if os.path.lexists(taken):
            self._log.error("A restore broke off when AMP ended, restore again to complete it")
            self._leave(taken, Outcome("", BROKEN_OFF, {}))

    def _take(self) -> str:
        """Takes what is there; its name, or nothing."""
        for name in (REQUEST, STATE_REQUEST):
            with suppress(OSError):
                (self._folder / name).rename(self._folder / TAKEN)
                return name
        return ""

    async def _restore(self, *, with_history: bool) -> None:
        """Restores what was taken and leaves word of it."""
        taken = self._folder / TAKEN
        outcome = Outcome("", BROKEN_OFF, {})
        self._log.info("Restoring a backup")
        try:
            backup = await asyncio.to_thread(Backup, taken, follow=False)
            try:
                verified = await asyncio.to_thread(backup.verify)
                outcome = Outcome(verified.sha256, BROKEN_OFF, {})
                outcome = await self._merged(backup, verified, with_history=with_history)
            finally:
                backup.close()
            self._log.info("Restored a backup", **outcome.taken)
        except AmpError as error:
            outcome = outcome._replace(error=str(error))
            self._log.error("Restoring a backup failed", err=str(error))
        except Exception as error:
            outcome = outcome._replace(error=f"{type(error).__name__}: {error}")
            raise
        finally:
            self._leave(taken, outcome)

    def _leave(self, taken: Path, outcome: Outcome) -> None:
        with suppress(OSError):
            taken.rmdir() if taken.is_dir() and not taken.is_symlink() else taken.unlink()
        try:
            outcome.write(self._folder)
        except OSError as error:
            self._log.error("What became of a restore cannot be told", err=str(error))

    async def _merged(self, backup: Backup, verified: Verified, *, with_history: bool) -> Outcome:
        """Merges everything."""
        merge: HistoryMerge | None = None
        note = ""
        if not with_history:
            note = ""
        elif self._history is not None:
            firing = frozenset(self._alerts.firing())
            merge = HistoryMerge(verified.header.made_at_ns, firing)
            self._history.holding = True
        elif verified.header.history_schema:
            note = "its history was left out: this AMP keeps none"
        taken: dict[str, int] = {}
        rows = backup.rows(verified)
        try:
            while (found := await asyncio.to_thread(next, rows, None)) is not None:
                table, some = found
                if table in STATE:
                    count = await self._merge_state(table, some)
                    taken[table.name] = taken.get(table.name, 0) + count
                elif merge is not None:
                    await self._merge_history(merge, table, some)
        finally:
            if self._history is not None:
                self._history.holding = False
        if taken.get(ALERT.name):
            # What the engine took from a store it takes for stored.
            self._alerts.mark_all()
            self._writer.alerts_changed()
        if merge is not None:
            taken |= merge.read
            note = merge.note
        return Outcome(verified.sha256, "", taken, note)

    async def _merge_history(self, merge: HistoryMerge, table: Table, rows: Sequence[Row]) -> None:
        history = self._history
        if history is None:
            return
        for at in range(0, len(rows), HISTORY_ROWS):
            piece = rows[at : at + HISTORY_ROWS]
            await asyncio.wrap_future(history.add(partial(merge.add, table, piece)))

    async def _merge_state(self, table: Table, rows: Sequence[Row]) -> int:
        """Merges rows of state, into the store before memory; how many were news."""
        count = 0
        for at in range(0, len(rows), STATE_ROWS):
            count += await self._merge_piece(table, rows[at : at + STATE_ROWS])
        return count

    async def _merge_piece(self, table: Table, rows: Sequence[Row]) -> int:
        now_ns = self._clock.now_ns()
        if table is SILENCE:
            held = {entry.id: entry.updated_at_ns for entry in self._silences.entries()}
            silences = [
                entry
                for entry in silences_of(rows, now_ns)
                if entry.id not in held or entry.updated_at_ns > held[entry.id]
            ]
            if silences:
                await self._writer.write(Changes(silences=silences))
            return len(self._silences.merge(silences))
        if table is LOG:
            entries = log_of(rows, now_ns)
            if entries:
                await self._writer.write(Changes(log=entries))
            return self._merge_log(entries, now_ns)
        count, timers = self._alerts.restore(alerts_of(rows, now_ns), now_ns, self._grace_ns)
        self._restored(timers)
        return count

    def _merge_log(self, rows: Sequence[LogRow], now_ns: int) -> int:
        try:
            return self._entries.merge(rows, now_ns)
        except ValueError as error:
            raise BackupError(f"a log entry is corrupt: {error}") from error
