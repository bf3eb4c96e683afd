"""Writes what was delivered into the notification log. Upstream: notify/set_notifies.go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import NotificationLog
    from amp.clock import Clock
    from amp.notify.integration import Delivery, Integration


class RecordStage:
    """Remembers the delivery, so that the next flush does not repeat it.

    Args:
        retention_ns: entries live min(retention, 2 x repeat interval).
        recorded: wakes the writer that makes the entry durable.
    """

    __slots__ = ("_clock", "_integration", "_log", "_recorded", "_retention_ns")

    def __init__(
        self,
        integration: Integration,
        log: NotificationLog,
        *,
        clock: Clock,
        retention_ns: int,
        recorded: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._integration = integration
        self._log = log
        self._retention_ns = retention_ns
        self._recorded = recorded

    async def deliver(self, delivery: Delivery) -> None:
        """Adds the entry; the receiver data of the delivery goes with it."""
        flush, integration = delivery.flush, self._integration
        now_ns = self._clock.now_ns()
        lives_ns = min(self._retention_ns, 2 * flush.route.repeat_interval_ns)
        self._log.record(
            flush.batch,
            integration.receiver,
            integration.kind,
            integration.index,
            now_ns=now_ns,
            expires_at_ns=now_ns + lives_ns,
            data=delivery.data,
        )
        self._recorded()
