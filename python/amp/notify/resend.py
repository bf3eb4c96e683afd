"""Sends a stored group again, as one attempt of its own that the notification log knows not of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from amp.errors import SendError
from amp.notify.ledger import Ledger
from amp.notify.retry import rendering
from amp.receivers.base import Notification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp._core import Batch, Journal, Templates
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.model import Outcome
    from amp.notify.integration import Integration

RESEND = "resend"
"""The reason of such notifications."""
RESEND_SECONDS = 30.0


class Resent(NamedTuple):
    """What became of it.

    Attributes:
        delivery_id: in the ledger.
    """

    delivery_id: int
    outcome: Outcome


class Resender:
    """Sends over the integrations of one configuration.

    Args:
        integrations: by receiver.
        templates: the configuration's.
        journal: where attempts are kept; without one nothing is sent again.
    """

    def __init__(
        self,
        integrations: Mapping[str, Sequence[Integration]],
        *,
        templates: Templates,
        journal: Journal | None,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
        external_url: str,
    ) -> None:
        self._integrations = integrations
        self._templates = templates
        self._journal = journal
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._external_url = external_url

    def find(self, receiver: str, kind: str, position: int) -> Integration | None:
        """The integration at this place of the configuration; None when it has none there."""
        for integration in self._integrations.get(receiver, ()):
            if (integration.kind, integration.index) == (kind, position):
                return integration
        return None

    async def send(self, integration: Integration, batch: Batch, flush_id: int) -> Resent:
        """Makes one attempt, within `RESEND_SECONDS`.

        Args:
            integration: from `find`.
            batch: the group's alerts, at least one that the integration wants to know of.
            flush_id: of the flush in which they were told first.
        """
        metrics, clock = self._metrics, self._clock
        notification = Notification(
            batch=batch,
            receiver=integration.receiver,
            group_key=batch.group_key,
            reason=RESEND,
            external_url=self._external_url,
            now_ns=clock.now_ns(),
            templates=rendering(integration, self._templates, metrics),
            log=self._log.bind(integration=integration.kind),
        )
        ledger = Ledger(integration, self._journal, clock)
        attempts = ledger.attempts(notification, flush_id=flush_id, wanted=True)
        error: SendError | None = None
        try:
            async with clock.timeout(RESEND_SECONDS):
                attempts.begin()
                try:
                    await integration.send(notification)
                except SendError as failure:
                    error = failure
                attempts.end(error)
        except TimeoutError:
            attempts.break_off("contextDeadlineExceeded")
        finally:
            attempts.break_off("contextCanceled")
        outcome = attempts.outcome
        assert outcome is not None  # noqa: S101 - there was an attempt, and it ended
        metrics.resends["delivered" if outcome.delivered else "failed"].inc()
        return Resent(attempts.delivery_id, outcome)
