"""Lets through only what the notification log has not seen. Upstream: notify DedupStage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from amp.notify.integration import FIRST, Delivery
from amp.notify.ledger import skipped

if TYPE_CHECKING:
    from amp._core import NotificationLog
    from amp.clock import Clock
    from amp.metrics import Metrics
    from amp.model import Flush
    from amp.notify.integration import DeliveryStage, Integration


class DeduplicateStage:
    """Asks the log whether this integration must be told, and why."""

    __slots__ = ("_clock", "_errors", "_integration", "_log", "_next", "_queries", "_seconds")

    def __init__(
        self,
        integration: Integration,
        log: NotificationLog,
        clock: Clock,
        metrics: Metrics,
        following: DeliveryStage,
    ) -> None:
        self._integration = integration
        self._log = log
        self._clock = clock
        self._queries, self._errors = metrics.log_queries, metrics.log_query_errors
        self._seconds = metrics.log_query_seconds
        self._next = following

    async def run(self, flush: Flush) -> None:
        """Passes on a delivery with its reason, or ends."""
        integration, batch = self._integration, flush.batch
        started = time.perf_counter()
        reason = self._log.decide(
            batch,
            integration.receiver,
            integration.kind,
            integration.index,
            send_resolved=integration.send_resolved,
            repeat_interval_ns=flush.route.repeat_interval_ns,
            now_ns=self._clock.now_ns(),
        )
        self._queries.inc()
        self._seconds.observe(time.perf_counter() - started)
        if reason is None:
            if not batch.firing_count and not self._known(batch.group_key):
                self._errors.inc()
            skipped(integration, flush, "deduplicated")
            return
        if reason == FIRST:
            self._errors.inc()
            await self._next.deliver(Delivery(flush, reason))
            return
        data = self._log.data(
            batch.group_key, integration.receiver, integration.kind, integration.index
        )
        await self._next.deliver(Delivery(flush, reason, data))

    def _known(self, group_key: str) -> bool:
        """Whether there is an entry; upstream counts a look-up without one as an error."""
        integration = self._integration
        return self._log.contains(
            group_key, integration.receiver, integration.kind, integration.index
        )
