"""One attempt of the delivery ledger, with what it told and what came before and after it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from amp._core import flush_alerts
from amp.query.deliveries import COLUMNS, TABLES, shown
from amp.query.instant import rfc3339
from amp.query.sql import Dialect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.history.base import Reader

MOST_OTHERS = 100
AT_ONCE = 500


class StoredAlert(NamedTuple):
    """An alert as it was when it was told."""

    fingerprint: str
    labels: str
    annotations: str
    generator_url: str
    starts_at_ns: int
    ends_at_ns: int

    def shown(self) -> dict[str, Any]:
        """For the API."""
        return {
            "fingerprint": self.fingerprint,
            "status": "resolved" if self.ends_at_ns else "firing",
            "labels": json.loads(self.labels),
            "annotations": json.loads(self.annotations),
            "generator_url": self.generator_url,
            "starts_at": rfc3339(self.starts_at_ns),
            "ends_at": rfc3339(self.ends_at_ns) if self.ends_at_ns else None,
        }


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """An attempt with its group.

    Attributes:
        row: as the list shows it.
        group_labels: JSON.
        alerts: in the order of the notification; None when its flush is kept no longer.
        others: the attempts of the same flush and integration, resends included, oldest first.
    """

    row: dict[str, Any]
    group_labels: str
    request: str
    answer: str
    alerts: list[StoredAlert] | None
    others: list[dict[str, Any]]

    def shown(self) -> dict[str, Any]:
        """For the API."""
        method, count, request = request_parts(self.request)
        group = {
            "key": self.row["group_key"],
            "receiver": self.row["receiver"],
            "labels": json.loads(self.group_labels),
        }
        return self.row | {
            "method": method,
            "requests": count,
            "request": request,
            "answer": self.answer,
            "group": group,
            "alerts": None if self.alerts is None else [one.shown() for one in self.alerts],
            "attempts": self.others,
        }


def request_parts(stored: str) -> tuple[str, int, str]:
    """Method, number of requests and body of what the ledger keeps of a request."""
    line, _, body = stored.partition("\n")
    method, _, count = line.partition(" ")
    return method, int(count or bool(method)), body


def delivery(reader: Reader, delivery_id: int) -> StoredDelivery | None:
    """The attempt; None when there is none of this id."""
    rows = reader.rows(
        f"SELECT {COLUMNS}, d.group_id, g.labels, d.request, d.answer FROM {TABLES} WHERE d.id = ?",
        (delivery_id,),
    )
    if not rows:
        return None
    *columns, group_id, group_labels, request, answer = rows[0]
    row = shown(columns)
    others = reader.rows(
        f"SELECT {COLUMNS} FROM {TABLES} WHERE d.group_id = ? AND d.id >= ? AND d.flush_id = ? "
        "AND d.integration = ? AND d.position = ? AND d.id <> ? ORDER BY d.id LIMIT ?",
        (
            group_id, row["flush_id"], row["flush_id"], row["integration"], row["position"],
            delivery_id, MOST_OTHERS,
        ),
    )  # fmt: skip
    return StoredDelivery(
        row=row,
        group_labels=group_labels or "{}",
        request=request,
        answer=answer,
        alerts=_alerts(reader, row["flush_id"]),
        others=[shown(other) for other in others],
    )


def _alerts(reader: Reader, flush_id: int) -> list[StoredAlert] | None:
    rows = reader.rows("SELECT alerts FROM flush WHERE id = ?", (flush_id,))
    if not rows:
        return None
    alerts = flush_alerts(bytes(rows[0][0]))
    series = _by_id(
        reader, "SELECT id, fingerprint, labels FROM series WHERE ", {a[0] for a in alerts}
    )
    notes = _by_id(
        reader, "SELECT id, annotations, generator_url FROM note WHERE ", {a[3] for a in alerts}
    )
    found = []
    for series_id, starts_at_ns, ends_at_ns, note_id in alerts:
        if series_id not in series:
            continue
        fingerprint, labels = series[series_id]
        annotations, url = notes.get(note_id, ("{}", ""))
        found.append(
            StoredAlert(
                f"{fingerprint & (1 << 64) - 1:016x}", labels, annotations, url, starts_at_ns,
                ends_at_ns,
            )
        )  # fmt: skip
    return found


def _by_id(reader: Reader, sql: str, ids: set[int]) -> dict[int, Sequence[Any]]:
    dialect = Dialect(reader.dialect)
    listed = sorted(ids)
    found: dict[int, Sequence[Any]] = {}
    for begin in range(0, len(listed), AT_ONCE):
        wanted = dialect.among("id", listed[begin : begin + AT_ONCE])
        for id, *rest in reader.rows(sql + wanted.text, wanted.values):
            found[id] = rest
    return found
