"""Rows of the delivery ledger, written into a history store by hand."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from amp._core import fingerprint, flush_alerts_blob, history_id
from amp.clock import SystemClock
from amp.history.health import HistoryHealth
from amp.history.postgres import PostgresHistory
from amp.history.readers import Readers
from amp.history.sqlite import SqliteHistory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import TypeVar

    from amp.history.base import HistoryStore, Reader

    Answered = TypeVar("Answered")

BASE = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds, as ids are."""


class KeptHistory:
    """A store with readers, as `amp.history.history.History` has them.

    Args:
        place: the file of SQLite, or the address of a PostgreSQL database.
    """

    def __init__(self, place: Path | str) -> None:
        self._place = place
        self.store: HistoryStore = (
            PostgresHistory(place) if isinstance(place, str) else SqliteHistory(place)
        )
        self.store.open()
        self.health = HistoryHealth()
        self._readers = Readers(self.store.reader, SystemClock())

    async def read(self, question: Callable[[Reader], Answered]) -> Answered:
        return await self._readers.read(question)

    def insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Writes rows as they are."""
        listed = list(rows)
        if not listed:
            return
        if isinstance(self._place, str):
            with psycopg.connect(self._place) as postgres, postgres.cursor() as cursor:
                marks = ",".join(["%s"] * len(listed[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", listed)  # type: ignore[arg-type]
            return
        connection = sqlite3.connect(self._place)
        with connection:
            marks = ",".join("?" * len(listed[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", listed)
        connection.close()

    def execute(self, sql: str) -> None:
        """Does something to PostgreSQL's tables."""
        with psycopg.connect(str(self._place)) as postgres:
            postgres.execute(sql.encode())

    def close(self) -> None:
        self._readers.close()
        self.store.close()


@dataclass
class Alert:
    """A series with one note."""

    id: int
    labels: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.labels)

    def series(self) -> tuple[Any, ...]:
        number = int(self.fingerprint, 16)
        signed = number - (1 << 64) if number >= 1 << 63 else number
        return (self.id, signed, json.dumps(self.labels), 0, 0, 0, None, 0, 0.0, 1)

    def note(self) -> tuple[Any, ...]:
        url = f"http://prometheus/{self.id}"
        annotations = json.dumps(self.annotations)
        return (self.id, self.id, "", annotations, url, history_id("url", url), "")


@dataclass
class Attempt:
    """A row of `delivery`; `of` is its number within the story."""

    of: int
    flush: int
    group: int
    receiver: str = "team"
    integration: str = "webhook"
    position: int = 0
    reason: str = "first notification"
    attempt: int = 1
    delivered: bool = True
    failure: str = ""
    status_code: int | None = 200
    latency_us: int = 1500
    error: str = ""
    request: str = "POST\n{}"
    answer: str = "ok"

    @property
    def id(self) -> int:
        return BASE + self.of

    def row(self) -> tuple[Any, ...]:
        return (
            self.id, BASE + self.flush, self.group, history_id("text", self.receiver),
            self.integration, self.position, self.reason, self.attempt, int(self.delivered),
            int(not self.delivered), self.failure, self.status_code, self.latency_us, self.error,
            "http://host:80", self.request, self.answer,
        )  # fmt: skip


@dataclass
class Story:
    """What stands in the store.

    Attributes:
        groups: by id, key and receiver.
        flushes: by number, group and alerts (id, start, end; 0: firing).
    """

    alerts: list[Alert]
    groups: dict[int, tuple[str, str]]
    flushes: dict[int, tuple[int, list[tuple[int, int, int]]]]
    attempts: list[Attempt]

    def write(self, history: KeptHistory) -> None:
        receivers = {name for _, name in self.groups.values()}
        receivers |= {attempt.receiver for attempt in self.attempts}
        history.insert("text", ((history_id("text", name), name) for name in sorted(receivers)))
        history.insert(
            "route_group",
            ((id, key, name, '{"team":"db"}') for id, (key, name) in self.groups.items()),
        )
        history.insert("series", (alert.series() for alert in self.alerts))
        history.insert("note", (alert.note() for alert in self.alerts))
        links = {
            (group, starts, id)
            for group, alerts in self.flushes.values()
            for id, starts, _ in alerts
        }
        history.insert("episode_group", sorted(links))
        history.insert(
            "flush",
            (
                (
                    BASE + number,
                    group,
                    sum(not ends for _, _, ends in alerts),
                    sum(bool(ends) for _, _, ends in alerts),
                    flush_alerts_blob([(id, starts, ends, id) for id, starts, ends in alerts]),
                )
                for number, (group, alerts) in self.flushes.items()
            ),
        )
        history.insert("delivery", (attempt.row() for attempt in self.attempts))
