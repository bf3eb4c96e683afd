"""The delivery ledger's list: attempts newest first, by any filters together."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from amp._core import flush_alerts, history_id
from amp.query.cursor import Cursor
from amp.query.filters import signed_fingerprint, window
from amp.query.instant import rfc3339
from amp.query.question import BadParameterError
from amp.query.sql import Dialect, Sql, all_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from amp.history.base import Reader
    from amp.query.filters import Parameters

FILTERS = frozenset(
    (
        "receiver", "integration", "group_key", "status", "reason", "fingerprint", "from", "to",
        "min_latency", "status_code", "flush_id",
    )
)  # fmt: skip
LAST_ID = (1 << 63) - 1
COLUMNS = (
    "d.id, d.flush_id, g.group_key, r.body, d.integration, d.position, d.reason, d.attempt, "
    "d.delivered, d.retryable, d.failure, d.status_code, d.latency_us, d.error, d.target"
)
TABLES = (
    "delivery d LEFT JOIN route_group g ON g.id = d.group_id "
    "LEFT JOIN text r ON r.id = d.receiver_id"
)


@dataclass(frozen=True, slots=True)
class DeliveryQuestion:
    """All filters, AND-ed; of one with several values one must hold. Empty or None: not asked."""

    receivers: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    group_keys: tuple[str, ...] = ()
    statuses: frozenset[str] | None = None
    reasons: tuple[str, ...] = ()
    fingerprints: tuple[int, ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    min_latency_ns: int | None = None
    status_codes: tuple[int, ...] = ()
    flush_id: int | None = None

    def digest(self) -> str:
        """A short text that another question does not have."""
        parts = [*map(repr, (self.receivers, self.integrations, self.group_keys, self.reasons))]
        parts.append(repr(sorted(self.statuses or ())))
        parts += map(repr, (self.fingerprints, self.from_ns, self.to_ns, self.min_latency_ns))
        parts += map(repr, (self.status_codes, self.flush_id))
        return blake2b(";".join(parts).encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


class Bounds(NamedTuple):
    """How much is looked at for one page.

    Attributes:
        exact_total: above, totals are estimates.
        looked_at: of how many attempts it may be asked whether an alert was among what they told.
        step: of how many at once.
    """

    exact_total: int = 10_000
    looked_at: int = 20_000
    step: int = 1_000


BOUNDS = Bounds()


class DeliveryPage(NamedTuple):
    """Some attempts, how many there are in all, and where the next ones begin."""

    deliveries: list[dict[str, Any]]
    total: int
    estimated: bool
    cursor: Cursor | None


def delivery_question(parameters: Parameters) -> DeliveryQuestion:
    """What the parameters ask; `limit` and `cursor` are left to the caller.

    Raises:
        BadParameterError: naming the first parameter that cannot be read.
    """
    from_ns, to_ns = window(parameters)
    flush_id = parameters.one("flush_id")
    return DeliveryQuestion(
        receivers=_sorted(parameters, "receiver"),
        integrations=_sorted(parameters, "integration"),
        group_keys=_sorted(parameters, "group_key"),
        statuses=parameters.some_of("status", ("delivered", "failed")),
        reasons=_sorted(parameters, "reason"),
        fingerprints=tuple(
            sorted({signed_fingerprint(text) for text in parameters.many("fingerprint")})
        ),
        from_ns=from_ns,
        to_ns=to_ns,
        min_latency_ns=parameters.duration("min_latency"),
        status_codes=tuple(
            sorted({number(text, "status_code", 999) for text in parameters.many("status_code")})
        ),
        flush_id=None if flush_id is None else number(flush_id, "flush_id", LAST_ID),
    )


def number(text: str, name: str, most: int) -> int:
    """A whole number.

    Raises:
        BadParameterError: when the text is none, or a larger one.
    """
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most:
        return int(text)
    raise BadParameterError(name, f"parameter {name!r} must be a number, not {text[:40]!r}")


def page(
    reader: Reader,
    question: DeliveryQuestion,
    limit: int,
    cursor: Cursor | None,
    bounds: Bounds = BOUNDS,
) -> DeliveryPage:
    """A page of the list, after the cursor."""
    conditions = _conditions(reader, question)
    before = LAST_ID if cursor is None else cursor.key
    if conditions is None:
        return DeliveryPage([], 0, False, None)
    if question.fingerprints:
        return _page_of_alerts(reader, question, conditions, limit, cursor, bounds)
    if cursor is None:
        total, estimated = _total(reader, conditions, bounds)
    else:
        total, estimated = cursor.total, cursor.estimated
    where = all_of([*conditions, Sql("d.id < ?", (before,))])
    rows = reader.rows(
        f"SELECT {COLUMNS} FROM {TABLES} WHERE {where.text} ORDER BY d.id DESC LIMIT ?",
        (*where.values, limit + 1),
    )
    return _paged(rows, limit, total, estimated)


def shown(row: Sequence[Any]) -> dict[str, Any]:
    """An attempt as the list has it, of `COLUMNS`."""
    (
        number, flush_id, group_key, receiver, integration, position, reason, attempt, delivered,
        retryable, failure, status_code, latency_us, error, target,
    ) = row  # fmt: skip
    return {
        "id": number,
        "at": rfc3339(number * 1000),
        "flush_id": flush_id,
        "group_key": group_key or "",
        "receiver": receiver or "",
        "integration": integration,
        "position": position,
        "reason": reason,
        "attempt": attempt,
        "status": "delivered" if delivered else "failed",
        "retryable": bool(retryable),
        "failure": failure,
        "status_code": status_code,
        "latency_seconds": latency_us / 1e6,
        "error": error,
        "target": target,
    }


def _sorted(parameters: Parameters, name: str) -> tuple[str, ...]:
    return tuple(sorted(set(parameters.many(name))))


def _conditions(reader: Reader, question: DeliveryQuestion) -> list[Sql] | None:
    """Conditions on a delivery `d`; None when nothing can hold them."""
    dialect = Dialect(reader.dialect)
    found: list[Sql] = []
    groups = _groups(reader, dialect, question)
    if groups is not None:
        if not groups:
            return None
        found.append(dialect.among("d.group_id", sorted(groups)))
    if question.receivers:
        receivers = [history_id("text", name) for name in question.receivers]
        found.append(dialect.among("d.receiver_id", receivers))
    for column, values in (
        ("d.integration", question.integrations),
        ("d.reason", question.reasons),
    ):
        if values:
            marks = ",".join("?" * len(values))
            found.append(Sql(f"{column} IN ({marks})", values))
    if question.statuses is not None and len(question.statuses) == 1:
        found.append(Sql(f"d.delivered = {int('delivered' in question.statuses)}"))
    if question.status_codes:
        found.append(dialect.among("d.status_code", question.status_codes))
    if question.min_latency_ns is not None:
        found.append(Sql("d.latency_us >= ?", (-(-question.min_latency_ns // 1000),)))
    if question.from_ns is not None:
        found.append(Sql("d.id >= ?", (question.from_ns // 1000,)))
    if question.to_ns is not None:
        found.append(Sql("d.id < ?", (-(-question.to_ns // 1000),)))
    if question.flush_id is not None:
        # No attempt is older than its flush: with the group's index few rows are looked at.
        found.append(Sql("d.flush_id = ? AND d.id >= ?", (question.flush_id, question.flush_id)))
    return found


def _groups(reader: Reader, dialect: Dialect, question: DeliveryQuestion) -> set[int] | None:
    """The groups that some filters leave; None for all."""
    asked: list[set[int]] = []
    if question.group_keys:
        marks = ",".join("?" * len(question.group_keys))
        asked.append(
            _firsts(
                reader,
                f"SELECT id FROM route_group WHERE group_key IN ({marks})",
                question.group_keys,
            )
        )
    if question.fingerprints:
        series = dialect.among("series_id", sorted(_series(reader, dialect, question)))
        asked.append(
            _firsts(
                reader,
                f"SELECT DISTINCT group_id FROM episode_group WHERE {series.text}",
                series.values,
            )
        )
    if question.flush_id is not None:
        asked.append(
            _firsts(reader, "SELECT group_id FROM flush WHERE id = ?", (question.flush_id,))
        )
    return set.intersection(*asked) if asked else None


def _series(reader: Reader, dialect: Dialect, question: DeliveryQuestion) -> set[int]:
    wanted = dialect.among("fingerprint", question.fingerprints)
    return _firsts(
        reader,
        f"SELECT id FROM series WHERE {wanted.text}",
        wanted.values,
    )


def _firsts(reader: Reader, sql: str, values: Sequence[object]) -> set[int]:
    return {row[0] for row in reader.rows(sql, values)}


def _total(reader: Reader, conditions: Sequence[Sql], bounds: Bounds) -> tuple[int, bool]:
    """How many attempts there are, and whether that is an estimate.

    Above the bound it is as if the others were as close in time as the newest.
    """
    where = all_of(conditions)
    inner = f"SELECT d.id FROM delivery d WHERE {where.text} ORDER BY d.id DESC LIMIT ?"
    [(count, oldest, newest)] = reader.rows(
        f"SELECT count(*), min(id), max(id) FROM ({inner}) seen",
        (*where.values, bounds.exact_total + 1),
    )
    if count <= bounds.exact_total:
        return count, False
    [(first,)] = reader.rows("SELECT min(id) FROM delivery")
    lasted = max(1, newest - oldest)
    return max(count, round(count * (newest - first) / lasted)), True


def _page_of_alerts(
    reader: Reader,
    question: DeliveryQuestion,
    conditions: list[Sql],
    limit: int,
    cursor: Cursor | None,
    bounds: Bounds,
) -> DeliveryPage:
    """As `page`, of attempts that told of one of some alerts: their flushes say so.

    The first page counts them all within bounds; the others stop when they are full.
    """
    dialect = Dialect(reader.dialect)
    series = _series(reader, dialect, question)
    found: list[int] = []
    looked_at = 0
    before = LAST_ID if cursor is None else cursor.key
    ended = False
    for candidates in _steps(reader, conditions, before, bounds.step):
        flushes = _flushes_with(reader, dialect, {flush_id for _, flush_id in candidates}, series)
        found += [id for id, flush_id in candidates if flush_id in flushes]
        looked_at += len(candidates)
        before = candidates[-1][0]
        if looked_at >= bounds.looked_at or (cursor is not None and len(found) > limit):
            break
    else:
        ended = True
    if cursor is not None:
        total, estimated = cursor.total, cursor.estimated
    elif ended:
        total, estimated = len(found), False
    else:
        candidates_in_all = max(looked_at, _total(reader, conditions, bounds)[0])
        total, estimated = round(len(found) * candidates_in_all / looked_at), True
    wanted = dialect.among("d.id", found[: limit + 1])
    rows = reader.rows(
        f"SELECT {COLUMNS} FROM {TABLES} WHERE {wanted.text} ORDER BY d.id DESC",
        wanted.values,
    )
    made = _paged(rows, limit, total, estimated)
    if made.cursor is None and not ended:
        # The page is not full, but older attempts were not looked at.
        made = made._replace(cursor=_cursor(before, total, estimated))
    return made


def _steps(
    reader: Reader, conditions: list[Sql], before: int, step: int
) -> Iterator[list[tuple[int, int]]]:
    """Ids of attempts and of their flushes, newest first, some at a time."""
    while True:
        where = all_of([*conditions, Sql("d.id < ?", (before,))])
        rows = reader.rows(
            f"SELECT d.id, d.flush_id FROM delivery d WHERE {where.text} "
            "ORDER BY d.id DESC LIMIT ?",
            (*where.values, step),
        )
        if not rows:
            return
        yield [(row[0], row[1]) for row in rows]
        before = rows[-1][0]


def _flushes_with(
    reader: Reader, dialect: Dialect, flushes: set[int], series: set[int]
) -> set[int]:
    """Those of the flushes in which one of the alerts was."""
    wanted = dialect.among("id", sorted(flushes))
    rows = reader.rows(
        f"SELECT id, alerts FROM flush WHERE {wanted.text}",
        wanted.values,
    )
    return {
        flush_id
        for flush_id, blob in rows
        if any(alert[0] in series for alert in flush_alerts(bytes(blob)))
    }


def _paged(rows: Sequence[Sequence[Any]], limit: int, total: int, estimated: bool) -> DeliveryPage:
    cursor = None
    if len(rows) > limit:
        cursor = _cursor(rows[limit - 1][0], total, estimated)
    return DeliveryPage([shown(row) for row in rows[:limit]], total, estimated, cursor)


def _cursor(before: int, total: int, estimated: bool) -> Cursor:
    return Cursor(before, 0, 0, 0, total, estimated)
