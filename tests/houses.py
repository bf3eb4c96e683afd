"""The state that survives, put together as the application does, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import io
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from amp._core import NotificationLog
from amp.clock import SECOND_NS
from amp.log import Logger
from amp.metrics import Metrics
from amp.store.silences import Silences
from amp.store.storage import Storage
from amp.store.writer import Writer
from fakes import FakeClock, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from amp._core import AlertRow, Matcher
    from amp.store.base import Store


class Alerts:
    """As much of the engine as the store meets: rows by fingerprint, changes, silences."""

    def __init__(self) -> None:
        self.rows: dict[str, AlertRow] = {}
        self.changed: dict[str, AlertRow] = {}
        self.silences: dict[str, tuple[Sequence[Sequence[Matcher]], int, int]] = {}
        self.grace_ns = 0

    def put(self, *rows: AlertRow) -> None:
        """Changes alerts."""
        for row in rows:
            self.changed[row[0]] = row
            if row[1]:
                self.rows.pop(row[0], None)
            else:
                self.rows[row[0]] = row

    def drain(self, limit: int) -> list[AlertRow]:
        """The oldest changes."""
        keys = list(self.changed)[:limit]
        return [self.changed.pop(key) for key in keys]

    def mark_all(self) -> None:
        """Everything is a change again."""
        self.changed = dict(self.rows)

    def pending(self) -> int:
        """How many changes wait."""
        return len(self.changed)

    def restore(
        self, rows: Sequence[AlertRow], now_ns: int, grace_ns: int
    ) -> tuple[int, list[tuple[int, int, bool]]]:
        """Takes rows back, each in a group of its own."""
        del now_ns
        self.grace_ns = grace_ns
        self.rows |= {row[0]: row for row in rows if row[0] not in self.rows}
        return len(rows), [(int(row[0], 16), 0, True) for row in rows]

    def set_silence(
        self,
        id: str,
        matcher_sets: Sequence[Sequence[Matcher]],
        starts_at_ns: int,
        ends_at_ns: int,
    ) -> None:
        """Keeps a silence."""
        self.silences[id] = (matcher_sets, starts_at_ns, ends_at_ns)

    def remove_silence(self, id: str) -> None:
        """Forgets a silence."""
        del self.silences[id]


def alert(number: int, *, gone: bool = False, ends_at_ns: int = 9) -> AlertRow:
    """A row of an alert."""
    labels = f'{{"alertname":"A","n":"{number}"}}'
    return (f"{number:016x}", gone, labels, '{"a":"é"}', 1, ends_at_ns, 2, True, "http://g/\0")


@dataclass
class House:
    """One process's state, put together as the application does."""

    clock: FakeClock
    alerts: Alerts
    entries: NotificationLog
    store: Store
    writer: Writer
    silences: Silences
    storage: Storage
    metrics: Metrics
    log: io.StringIO

    def sample(self, name: str, **labels: str) -> float:
        """The value of a metric."""
        value = self.metrics.registry.get_sample_value(name, labels)
        assert value is not None
        return value


def build(folder: Path, store: Store, clock: FakeClock | None = None, **given: Any) -> House:
    """Puts a house together around a store."""
    log = io.StringIO()
    clock = clock or FakeClock()
    metrics = Metrics(CollectorRegistry())
    shared = {"clock": clock, "log": Logger(log, level="debug"), "metrics": metrics}
    alerts, entries = Alerts(), NotificationLog()
    writer = Writer(store, alerts, entries, **shared)
    storing = {
        "interval_seconds": given.pop("interval_seconds", 900.0),
        "grace_seconds": 60.0,
        "patience_seconds": given.pop("patience_seconds", 0.0),
    }
    silences = Silences(alerts, writer, **{"retention_seconds": 3600.0, **given}, **shared)
    storage = Storage(folder, store, writer, silences, entries, alerts, **storing, **shared)
    return House(clock, alerts, entries, store, writer, silences, storage, metrics, log)


async def caught_up(house: House) -> None:
    """Returns when the store's thread did everything that was asked of it, and all heard of it."""
    for _ in range(8):
        await settle()
        await house.writer.on_thread(lambda: None)
    await settle()


async def until(condition: Callable[[], bool]) -> None:
    """Returns when other threads have made the condition true."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Opens a house and runs it; at the end it stands still as after a kill: nothing is written."""
    await house.storage.open()
    task = asyncio.create_task(house.storage.run())
    await settle()
    try:
        yield house
    finally:
        task.cancel()
        await asyncio.wait([task])


def record(house: House, group: str = "{}:{}", firing: Sequence[int] = (1,)) -> None:
    """Writes an entry into the notification log, as a delivery does."""
    now_ns = house.clock.now_ns()
    house.entries.record_hashes(
        group,
        firing,
        [],
        "team",
        "webhook",
        0,
        now_ns=now_ns,
        expires_at_ns=now_ns + 3600 * SECOND_NS,
        data={},
    )
    house.writer.log_changed()


def knows(house: House, group: str = "{}:{}") -> bool:
    """Whether the log has the group's entry."""
    return house.entries.contains(group, "team", "webhook", 0)
