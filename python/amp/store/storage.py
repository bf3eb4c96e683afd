"""The state that survives: one object that opens, keeps, snapshots and closes it."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, TypeVar

from amp._core import decode_silences, encode_silence
from amp.errors import AmpError, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, StoreCorruptError, within_reach
from amp.store.lock import FolderLock
from amp.store.marks import Marks
from amp.store.snapshots import SnapshotFile
from amp.store.writer import FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from amp._core import AlertRow, LogRow, NotificationLog, SilenceRow
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.store.base import Store
    from amp.store.silences import Silences
    from amp.store.writer import Writer

Result = TypeVar("Result")

Timer = tuple[int, int, bool]
"""A new group: its id, its route's index, whether to flush it at once."""

OUTAGE_SNAPSHOT_SECONDS = 10.0
"""How often the log goes to its file while the store is away."""

WATCH_SECONDS = 15.0
"""How often sizes are looked up."""

CLOSE_SECONDS = 3.0
"""How long the last writes may take at shutdown."""


class AlertSink(Protocol):
    """Who takes alerts back: the engine."""

    def restore(
        self, rows: Sequence[AlertRow], now_ns: int, grace_ns: int
    ) -> tuple[int, list[Timer]]:
        """Merges stored alerts into memory; how many were taken, and the new groups."""


class Storage:
    """Opens the store and the snapshot files, merges both, and keeps them until the end.

    `open` before the first notification is decided; `run` as a task; `close` after the last one.

    Attributes:
        restored: told about the groups of alerts that came back after the start, from a store that
            was away until then.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        writer: Writer,
        silences: Silences,
        entries: NotificationLog,
        alerts: AlertSink,
        *,
        interval_seconds: float,
        grace_seconds: float,
        patience_seconds: float,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
    ) -> None:
        """Takes what it keeps together.

        Args:
            folder: `--storage.path`; it exists.
            store: where state lasts.
            writer: the only way into the store.
            silences: all silences.
            entries: the notification log.
            alerts: the engine.
            interval_seconds: `--data.maintenance-interval`.
            grace_seconds: how long restored alerts live on without a sign of their sender.
            patience_seconds: how long `open` tries to reach the store before it goes on without.
            clock: time.
            log: where outages and repairs are told.
            metrics: instruments.
        """
        self._folder = folder
        self._lock = FolderLock(folder)
        self._store = store
        self._writer = writer
        self._silences = silences
        self._entries = entries
        self._alerts = alerts
        self._interval_seconds = interval_seconds
        self._grace_ns = int(grace_seconds * 1e9)
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._log = log
        self._metrics = metrics
        marks = Marks(folder)
        self._log_file = SnapshotFile(folder, "nflog", marks, log=log, metrics=metrics)
        self._silences_file = SnapshotFile(folder, "silences", marks, log=log, metrics=metrics)
        self._whole = False
        self._stale = False
        self.restored: Callable[[list[Timer]], None] = list.clear
        writer.keep_whole(silences.entries)

    async def open(self) -> None:
        """Locks, connects, and brings all state back.

        Raises:
            AmpError: another process owns the folder or the store, the folder cannot be written, or
                a newer release made the store.
        """
        try:
            self._lock.acquire()
        except OSError as error:
            raise AmpError(f"unable to lock the storage folder: {error}") from error
        self._stale = self._log_file.is_foreign() or self._silences_file.is_foreign()
        deadline_ns = self._clock.now_ns() + int(self._patience_seconds * 1e9)
        while not await self._connect():
            if self._clock.now_ns() >= deadline_ns:
                self._log.error("Starting from the snapshots", err=self._writer.health.detail)
                break
            await self._clock.sleep(FIRST_RETRY_SECONDS)
        news = self._read_snapshots()
        self._whole = True
        if self._writer.opened and (news or self._writer.rebuilt):
            await self._push(news)
            self._writer.log_changed()

    async def _connect(self) -> bool:
        """One attempt to open the store and to take what it holds; whether it succeeded."""
        try:
            await self._writer.on_thread(self._repairing(self._store.open))
            entries = await self._writer.on_thread(self._repairing(self._store.silences))
            timers = await self._writer.on_thread(self._repairing(self._restore))
        except StoreUnavailable as error:
            self._writer.failed(str(error))
            return False
        self._silences.merge(entries or ())
        self._writer.opened = True
        if self._stale:
            await self._forget_alerts()
        self._writer.succeeded()
        if self._whole:
            self.restored(timers or [])
        return True

    def _repairing(self, call: Callable[[], Result]) -> Callable[[], Result | None]:
        """The call, moving a damaged store aside where it finds one."""

        def guarded() -> Result | None:
            try:
                return call()
            except StoreCorruptError as error:
                self._writer.rebuild(error)
                return None

        return guarded

    def _restore(self) -> list[Timer]:
        now_ns = self._clock.now_ns()
        timers: list[Timer] = []
        for log_rows in self._store.log_rows():
            self._merge_log(log_rows, now_ns)
        # Whoever wrote the files in between also saw alerts resolve: none may page again.
        for alert_rows in () if self._stale else self._store.alert_rows():
            count, new = self._alerts.restore(alert_rows, now_ns, self._grace_ns)
            self._metrics.restored.value += count
            timers += new
        return timers

    def _merge_log(self, rows: Sequence[LogRow], now_ns: int) -> None:
        try:
            self._entries.merge(rows, now_ns)
        except ValueError as error:
            if len(rows) == 1:
                self._log.error("Log entry is corrupt and left out", err=str(error))
                return
            for row in rows:
                self._merge_log([row], now_ns)

    def _read_snapshots(self) -> list[SilenceEntry]:
        """Merges both files; the silences that only they knew."""
        news: list[SilenceEntry] = []

        def take(data: bytes) -> int:
            news.extend(self._silences.merge(_entry(row) for row in decode_silences(data)))
            return len(news)

        self._silences_file.read(take)
        now_ns = self._clock.now_ns()
        if self._log_file.read(lambda data: self._entries.load_snapshot(data, now_ns)):
            self._writer.log_changed()
        return news

    async def _forget_alerts(self) -> None:
        try:
            await self._writer.write(Changes(no_alerts=True))
            self._stale = False
        except StoreUnavailable:
            self._log.warn("Stale alerts stay in the store until the next start")

    async def _push(self, entries: Sequence[SilenceEntry]) -> None:
        try:
            await self._writer.write(Changes(silences=entries))
        except StoreUnavailable:
            self._writer.repair({entry.id: entry for entry in entries})

    async def run(self) -> None:
        """Writes, keeps house, renews the lease, finds a lost store again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writer.run())
            tasks.create_task(self._maintenance())
            tasks.create_task(self._watch())
            if not self._writer.opened:
                tasks.create_task(self._reconnect())
            if self._store.lease_seconds is not None:
                tasks.create_task(self._renew(self._store.lease_seconds / 3))

    async def _reconnect(self) -> None:
        seconds = FIRST_RETRY_SECONDS
        while not await self._connect_again():
            await self._clock.sleep(seconds)
            seconds = min(seconds * 2, LAST_RETRY_SECONDS)
        await self._push(self._silences.entries())
        self._writer.log_changed()
        self._writer.alerts_changed()

    async def _connect_again(self) -> bool:
        """As _connect, but a store that somebody else has by now does not end this process."""
        try:
            return await self._connect()
        except AmpError as error:
            self._writer.failed(str(error))
            return False

    async def _renew(self, seconds: float) -> None:
        while True:
            await self._clock.sleep(seconds)
            await self._writer.renew()

    async def _watch(self) -> None:
        while True:
            await self.measure()
            await self._clock.sleep(WATCH_SECONDS)

    async def measure(self) -> None:
        """Shows how much room there is and how much the store takes."""
        metrics = self._metrics
        with suppress(OSError):
            room = await asyncio.to_thread(os.statvfs, self._folder)
            metrics.storage_bytes.set(room.f_blocks * room.f_frsize)
            metrics.storage_free.set(room.f_bavail * room.f_frsize)
        if self._writer.opened and self._writer.health.ok:
            with suppress(StoreUnavailable):
                for part, size in (await self._writer.on_thread(self._store.sizes)).items():
                    metrics.store_bytes.labels(part).set(size)

    async def _maintenance(self) -> None:
        due_ns = self._clock.now_ns() + int(self._interval_seconds * 1e9)
        while True:
            wait = (due_ns - self._clock.now_ns()) / 1e9
            await self._clock.sleep(max(0.0, min(wait, OUTAGE_SNAPSHOT_SECONDS)))
            if self._clock.now_ns() >= due_ns:
                due_ns += int(self._interval_seconds * 1e9)
                await self.maintain()
            elif self._writer.log_unsaved and not self._writer.health.ok:
                await self._write_log()

    async def maintain(self) -> None:
        """Forgets what expired and writes both files.

        Upstream: silence/silence.go Maintenance, nflog/nflog.go Maintenance.
        """
        now_ns = self._clock.now_ns()
        await self._write_files(now_ns)
        try:
            await self._writer.write(Changes(expired_at_ns=now_ns))
        except StoreUnavailable:
            return

    async def _write_files(self, now_ns: int) -> None:
        self._silences.collect_garbage()
        await self._write_silences()
        begun = perf_counter()
        await asyncio.to_thread(self._entries.collect_garbage, now_ns)
        self._metrics.log_gc_seconds.observe(perf_counter() - begun)
        await self._write_log()

    async def _write_silences(self) -> None:
        metrics = self._metrics
        metrics.silences_maintenance.inc()
        begun = perf_counter()
        data = self._silences.snapshot()
        size = await self._write_file(self._silences_file, data)
        metrics.silences_snapshot_seconds.observe(perf_counter() - begun)
        metrics.silences_snapshot_bytes.set(size or 0)
        if size is None:
            metrics.silences_maintenance_errors.inc()

    async def _write_log(self) -> None:
        metrics = self._metrics
        metrics.log_maintenance.inc()
        begun = perf_counter()
        self._writer.log_unsaved = False
        data = await asyncio.to_thread(self._entries.snapshot)
        size = await self._write_file(self._log_file, data)
        metrics.log_snapshot_seconds.observe(perf_counter() - begun)
        metrics.log_snapshot_bytes.set(size or 0)
        if size is None:
            self._writer.log_unsaved = True
            metrics.log_maintenance_errors.inc()

    async def _write_file(self, file: SnapshotFile, data: bytes) -> int | None:
        try:
            await asyncio.to_thread(file.write, data)
        except OSError as error:
            self._log.error("Running maintenance failed", err=str(error))
            return None
        self._metrics.snapshot_written.labels(file.name).set(self._clock.now_ns() / 1e9)
        return len(data)

    async def close(self) -> None:
        """Writes everything a last time and lets go of the store and the folder.

        State that was never brought back whole replaces no file.
        """
        if self._whole:
            await self._save()
        await asyncio.to_thread(self.release)

    def release(self) -> None:
        """Lets go of the store and the folder and writes nothing."""
        self._writer.close()
        self._lock.release()

    async def _save(self) -> None:
        try:
            async with self._clock.timeout(CLOSE_SECONDS):
                await self._writer.flush()
        except TimeoutError:
            self._writer.interrupt()
            self._log.error("Last changes are not in the store", err="no answer")
        except StoreUnavailable as error:
            self._log.error("Last changes are not in the store", err=str(error))
        await self._write_files(self._clock.now_ns())


def _entry(row: SilenceRow) -> SilenceEntry:
    """A snapshot's silence as the store keeps it."""
    return SilenceEntry(row[0], within_reach(row[4]), within_reach(row[5]), encode_silence(row))
