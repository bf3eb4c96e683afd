"""Writes down every attempt to deliver: what was sent where, and what came back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from amp.errors import SendError
from amp.httpclient.exchange import CURRENT, Exchange
from amp.model import Outcome

if TYPE_CHECKING:
    from contextvars import Token

    from amp._core import Journal
    from amp.clock import Clock
    from amp.fields.redaction import Redactor
    from amp.model import Flush
    from amp.notify.integration import Integration
    from amp.receivers.base import Notification

REQUEST_BYTES = 4 << 10
DELIVERED_BYTES = 1 << 10
"""Of a request that was taken: it is the failed ones that somebody has to understand."""

ANSWER_BYTES = 2 << 10
ERROR_BYTES = 1 << 10

BROKEN_OFF = {
    "contextDeadlineExceeded": "context deadline exceeded",
    "contextCanceled": "context canceled",
    "other": "the attempt ended by a fault of Alertmanager++",
}
"""What is said of attempts that had no end, by the metric's reason."""


class Ledger:
    """The ledger of one integration.

    Args:
        integration: whose attempts they are; its secrets are replaced.
        journal: keeps flushes and attempts; None keeps none.
        clock: tells when.
    """

    __slots__ = ("clock", "integration", "journal")

    def __init__(self, integration: Integration, journal: Journal | None, clock: Clock) -> None:
        self.integration = integration
        self.journal = journal
        self.clock = clock

    def flushed(self, flush: Flush, reason: str) -> None:
        """Somebody is to be told of the flush; the first integration to know it says it."""
        if self.journal is not None and not flush.flush_id:
            flush.flush_id = self.journal.flushed(flush.batch, reason, self.clock.now_ns())

    def attempts(self, notification: Notification, *, flush_id: int, wanted: bool) -> Attempts:
        """Begins to write down a delivery; `wanted`: somebody waits for the outcome."""
        return Attempts(self, notification, flush_id, wanted=wanted)


def skipped(integration: Integration, flush: Flush, why: str) -> None:
    """The integration does not have to be told."""
    if flush.outcomes is not None:
        flush.outcomes.append(
            Outcome(
                receiver=integration.receiver,
                integration=integration.kind,
                position=integration.index,
                delivered=True,
                skipped=why,
            )
        )


class Attempts:
    """The attempts of one delivery, one after the other.

    Args:
        ledger: where they are written down.
        notification: what is sent.
        flush_id: of the flush that they belong to.
        wanted: whether somebody waits for the outcome, journal or not.

    Attributes:
        delivery_id: the journal's id of the last one, 0 without a journal.
    """

    __slots__ = (
        "_exchange", "_flush_id", "_known", "_last", "_ledger", "_notification", "_number",
        "_started", "_token", "_wanted", "delivery_id",
    )  # fmt: skip

    def __init__(
        self, ledger: Ledger, notification: Notification, flush_id: int, *, wanted: bool
    ) -> None:
        self._ledger = ledger
        self._notification = notification
        self._flush_id = flush_id
        self._wanted = wanted or ledger.journal is not None
        self._number = 0
        self._started = 0.0
        self._known: list[str] = []
        self._exchange: Exchange | None = None
        self._token: Token[Exchange | None] | None = None
        self._last: tuple[bool, int | None, float, str] | None = None
        self.delivery_id = 0

    def begin(self) -> None:
        """An attempt begins; what it asks and is answered is noted from here on."""
        if not self._wanted:
            return
        self._known = self._ledger.integration.secrets.read()
        self._number += 1
        self._started = time.perf_counter()
        self._exchange = Exchange()
        self._token = CURRENT.set(self._exchange)

    def end(self, error: SendError | None) -> None:
        """It succeeded, or failed."""
        exchange, token = self._exchange, self._token
        if exchange is None or token is None:
            return
        latency_seconds = time.perf_counter() - self._started
        CURRENT.reset(token)
        self._exchange = self._token = None
        ledger, integration = self._ledger, self._ledger.integration
        secrets = integration.secrets
        # A file may have changed since the attempt began: both contents are secrets.
        redactor = secrets.redactor.knowing([*self._known, *secrets.read(), *exchange.secrets])
        error_text = "" if error is None else redactor.excerpt(str(error), ERROR_BYTES)
        self._last = error is None, exchange.status_code, latency_seconds, error_text
        if ledger.journal is not None:
            most = DELIVERED_BYTES if error is None else REQUEST_BYTES
            request, answer = _excerpts(exchange, redactor, most)
            self.delivery_id = ledger.journal.delivered(
                self._notification.batch,
                flush_id=self._flush_id,
                receiver=integration.receiver,
                integration=integration.kind,
                position=integration.index,
                reason=self._notification.reason,
                attempt=self._number,
                delivered=error is None,
                retryable=error is not None and error.retryable,
                failure="" if error is None else error.reason,
                status_code=exchange.status_code,
                latency_seconds=latency_seconds,
                error=error_text,
                target=exchange.target,
                request=request,
                answer=answer,
                now_ns=ledger.clock.now_ns(),
            )

    @property
    def outcome(self) -> Outcome | None:
        """How the last one ended; None before, and when nobody wants to know."""
        if self._last is None:
            return None
        delivered, status_code, latency_seconds, error = self._last
        integration = self._ledger.integration
        return Outcome(
            receiver=integration.receiver,
            integration=integration.kind,
            position=integration.index,
            delivered=delivered,
            status_code=status_code,
            latency_seconds=latency_seconds,
            error=error,
        )

    def close(self, flush: Flush) -> None:
        """The delivery is over; whoever waits learns how the last attempt ended."""
        self.break_off("other")
        if flush.outcomes is not None and (outcome := self.outcome) is not None:
            flush.outcomes.append(outcome)

    def break_off(self, reason: str) -> None:
        """The attempt that goes on, if one does, will have no end."""
        if self._exchange is not None:
            self.end(SendError(BROKEN_OFF[reason], reason=reason, retryable=True))


def _excerpts(exchange: Exchange, redactor: Redactor, most: int) -> tuple[str, str]:
    """Of request and answer what may be kept; the request begins with a line of its own.

    It is the method, and where the attempt made several requests their number (`POST 3`).
    """
    if not exchange.count:
        return "", ""
    line = exchange.method if exchange.count == 1 else f"{exchange.method} {exchange.count}"
    line += "\n"
    request = redactor.excerpt(exchange.request, most - len(line))
    return line + request, redactor.excerpt(exchange.answer, ANSWER_BYTES)
