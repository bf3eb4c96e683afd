"""Everything that happened to one alert, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from amp._core import flush_alerts
from amp.query.details import ENDED_BY, fingerprint_text, labels_of
from amp.query.instant import rfc3339
from amp.query.sql import Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp.history.base import Reader

KINDS = (
    "", "received", "changed", "resolved", "suppressed", "released", "grouped", "flushed",
    "notified", "failed",
)  # fmt: skip
CHUNK = 200
"""Events that are looked at together."""
MOST_GROUPS = 100
MOST_CHUNKS = 25
"""A page ends after so many, full or not: groups may be busy with other alerts."""

NEWEST = (1 << 63) - 1

Event = tuple[int, int, int, "int | None", "int | None", "int | None"]
"""seq, at_ns, kind, series_id, group_id, ref_id."""


@dataclass(slots=True)
class Timeline:
    """One page.

    Attributes:
        next_seq: where the next page begins, excluded; None when this is the last.
    """

    fingerprint: str
    labels: dict[str, str]
    events: list[dict[str, Any]] = field(default_factory=list)
    next_seq: int | None = None


def timeline(
    reader: Reader, fingerprint: int, limit: int, before_seq: int | None
) -> Timeline | None:
    """The events of a series before a sequence number; None for an unknown one."""
    found = reader.rows(
        f"SELECT id, CAST(labels AS TEXT) FROM series WHERE fingerprint = {fingerprint:d}"
    )
    if not found:
        return None
    series_id, text = found[0]
    page = Timeline(fingerprint_text(fingerprint), labels_of(text))
    before = NEWEST if before_seq is None else before_seq
    telling = _Telling(reader, series_id)
    taken: list[Event] = []
    for _ in range(MOST_CHUNKS):
        chunk = telling.chunk(before)
        taken += telling.own(chunk)
        if len(chunk) < CHUNK:
            break
        before = chunk[-1][0]
        if len(taken) > limit:
            break
    else:
        page.next_seq = before
    if len(taken) > limit:
        page.next_seq = taken[limit - 1][0]
        taken = taken[:limit]
    page.events = list(telling.shown(taken))
    return page


class _Telling:
    """Reads and shows the events of one series and of the groups that it was in."""

    def __init__(self, reader: Reader, series_id: int) -> None:
        self._reader = reader
        self._dialect = Dialect(reader.dialect)
        self._series_id = series_id
        rows = reader.rows(
            "SELECT DISTINCT group_id FROM episode_group "
            f"WHERE series_id = {series_id:d} LIMIT {MOST_GROUPS}"
        )
        self._groups = [row[0] for row in rows]
        self._spans = [
            (row[0], row[1])
            for row in reader.rows(
                "SELECT starts_at_ns, ends_at_ns FROM episode "
                f"WHERE series_id = {series_id:d} ORDER BY starts_at_ns"
            )
        ]

    def chunk(self, before: int) -> list[Event]:
        """The events before a sequence number, the newest first; the groups' ones unchecked."""
        columns = "seq, at_ns, kind, series_id, group_id, ref_id"
        parts = [
            f"SELECT {columns} FROM event WHERE series_id = {self._series_id:d} "
            f"AND seq < {before:d} ORDER BY seq DESC LIMIT {CHUNK}"
        ]
        parts += [
            f"SELECT {columns} FROM event WHERE series_id IS NULL AND group_id = {group:d} "
            f"AND seq < {before:d} ORDER BY seq DESC LIMIT {CHUNK}"
            for group in self._groups
        ]
        found: list[Event] = []
        for part in parts:
            found += [_event(row) for row in self._reader.rows(part)]
        found.sort(reverse=True)
        return found[:CHUNK]

    def own(self, chunk: Sequence[Event]) -> list[Event]:
        """Those that concern the series: its own, and those of groups that it was in then."""
        flushes = {event[0]: event[0] for event in chunk if event[2] == 7}
        attempts = [event[0] for event in chunk if event[2] in (8, 9)]
        flushes |= dict(self._rows("id, flush_id", "delivery", attempts))
        members = {
            id
            for id, alerts in self._rows("id, alerts", "flush", sorted(set(flushes.values())))
            if any(one[0] == self._series_id for one in flush_alerts(bytes(alerts)))
        }
        return [
            event
            for event in chunk
            if event[3] is not None
            or (event[2] in (7, 8, 9) and flushes.get(event[0]) in members)
            or (event[2] in (4, 5) and self._fired_at(event[1]))
        ]

    def _fired_at(self, at_ns: int) -> bool:
        return any(start <= at_ns and (end is None or at_ns <= end) for start, end in self._spans)

    def _rows(self, columns: str, table: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        if not ids:
            return []
        among = self._dialect.among("id", ids)
        return self._reader.rows(f"SELECT {columns} FROM {table} WHERE {among.text}", among.values)

    def shown(self, events: Sequence[Event]) -> Iterator[dict[str, Any]]:
        """The events as objects."""
        notes = self._named("annotations, generator_url", "note", events, (1, 2))
        texts = self._named("body", "text", events, (4, 5, 7))
        groups = {
            id: {"group_key": key, "receiver": receiver}
            for id, key, receiver in self._rows(
                "id, group_key, receiver",
                "route_group",
                sorted({event[4] for event in events if event[4] is not None}),
            )
        }
        deliveries = self._deliveries([event[0] for event in events if event[2] in (8, 9)])
        flushes = {
            row[0]: {"firing": row[1], "resolved": row[2]}
            for row in self._rows(
                "id, firing, resolved", "flush", [event[0] for event in events if event[2] == 7]
            )
        }
        for seq, at_ns, kind, _, group_id, ref_id in events:
            row: dict[str, Any] = {"seq": seq, "at": rfc3339(at_ns), "kind": KINDS[kind]}
            if group_id is not None:
                row |= groups.get(group_id, {})
            if kind in (1, 2) and ref_id in notes:
                annotations, url = notes[ref_id]
                row |= {"annotations": json.loads(annotations), "generator_url": url}
            elif kind == 3:
                row["ended_by"] = ENDED_BY[ref_id or 3]
            elif kind in (4, 5) and ref_id in texts:
                row["cause"] = json.loads(texts[ref_id][0])
            elif kind == 7:
                row |= {"reason": texts[ref_id][0]} if ref_id in texts else {}
                row |= flushes.get(seq, {})
            elif seq in deliveries:
                row |= deliveries[seq]
            yield row

    def _named(
        self, columns: str, table: str, events: Sequence[Event], kinds: tuple[int, ...]
    ) -> dict[int | None, tuple[Any, ...]]:
        ids = sorted({event[5] for event in events if event[2] in kinds and event[5] is not None})
        return {row[0]: row[1:] for row in self._rows(f"id, {columns}", table, ids)}

    def _deliveries(self, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        columns = (
            "id, receiver_id, integration, position, reason, attempt, delivered, status_code, "
            "latency_us, error"
        )
        rows = self._rows(columns, "delivery", ids)
        names = {
            row[0]: row[1]
            for row in self._rows("id, body", "text", sorted({row[1] for row in rows}))
        }
        return {
            id: {
                "reason": reason,
                "delivery": {
                    "id": id,
                    "receiver": names.get(receiver, ""),
                    "integration": integration,
                    "position": position,
                    "attempt": attempt,
                    "status": "delivered" if delivered else "failed",
                    "status_code": code,
                    "latency_seconds": latency / 1e6,
                    "error": error,
                },
            }
            for id, receiver, integration, position, reason, attempt, delivered, code, latency,
            error in rows
        }  # fmt: skip


def _event(row: tuple[Any, ...]) -> Event:
    return (row[0], row[1], row[2], row[3], row[4], row[5])
