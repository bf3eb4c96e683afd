"""Attempts a delivery until it succeeds, is refused for good, or the group's time is over.

Upstream: notify/retry.go RetryStage.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS
from amp.errors import AmpError, SendError
from amp.fields.duration import format_go_duration
from amp.metrics import REASONS
from amp.notify.integration import FIRST
from amp.notify.ledger import Ledger, skipped
from amp.notify.timed import TimedTemplates
from amp.receivers.base import Notification
from amp.receivers.secrets import SecretTemplates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amp._core import Batch, EventQueue, Journal, Templates
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.model import Renderer
    from amp.notify.integration import Delivery, DeliveryStage, Integration
    from amp.notify.ledger import Attempts

FIRST_PAUSE_SECONDS = 0.5
PAUSE_FACTOR = 1.5
LONGEST_PAUSE_SECONDS = 60.0
JITTER = 0.5


class NotifyFailed(AmpError):
    """An integration could not be told."""


def pauses(chance: random.Random) -> Iterator[float]:
    """Seconds to wait between attempts: exponential, with jitter, without end."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause * (1 - JITTER + 2 * JITTER * chance.random())
        pause = min(pause * PAUSE_FACTOR, LONGEST_PAUSE_SECONDS)


def rendering(integration: Integration, templates: Templates, metrics: Metrics) -> Renderer:
    """The templates as the integration's notifications use them."""
    timed = TimedTemplates(templates, metrics)
    secrets = integration.secrets
    return SecretTemplates(timed, secrets) if secrets.may_be_rendered else timed


class RetryStage:
    """Sends, and sends again while that may help."""

    def __init__(
        self,
        integration: Integration,
        *,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
        external_url: str,
        templates: Templates,
        following: DeliveryStage,
        events: EventQueue | None = None,
        journal: Journal | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._integration = integration
        self._clock = clock
        self._log = log.bind(
            component="dispatcher",
            receiver=integration.receiver,
            integration=str(integration),
        )
        self._told_log = log.bind(integration=integration.kind)
        self._external_url = external_url
        self._templates = rendering(integration, templates, metrics)
        self._ledger = Ledger(integration, journal, clock)
        self._next = following
        self._events = events
        self._chance = chance if chance is not None else random.Random()  # noqa: S311  # jitter
        labels = [integration.kind]
        if metrics.receiver_names:
            labels.append(integration.receiver)
        self._notifications = metrics.notifications.labels(*labels)
        self._requests = metrics.requests.labels(*labels)
        self._requests_failed = metrics.requests_failed.labels(*labels)
        self._latency = metrics.latency.labels(*labels)
        self._seconds = metrics.delivery_seconds.labels(integration.kind)
        self._retrying = metrics.deliveries_retrying
        self._delivered_for, self._first_delay = metrics.delivered_for, metrics.first_delay
        self._delivered, self._given_up, self._told_at = metrics.receiver(integration.receiver)
        self._failed = {
            reason: metrics.notifications_failed.labels(*labels, reason) for reason in REASONS
        }

    async def deliver(self, delivery: Delivery) -> None:
        """Passes the delivery on once the receiver has it.

        Raises:
            NotifyFailed: when it was refused for good or the time is over.
        """
        self._notifications.inc()
        flush = delivery.flush
        batch = flush.batch
        self._ledger.flushed(flush, delivery.reason)
        if not self._integration.send_resolved:
            batch = batch.firing_only()
        if not batch.count:
            skipped(self._integration, flush, "resolved")
        else:
            notification = Notification(
                batch=batch,
                receiver=self._integration.receiver,
                group_key=batch.group_key,
                reason=delivery.reason,
                external_url=self._external_url,
                now_ns=self._clock.now_ns(),
                templates=self._templates,
                log=self._told_log,
                data=delivery.data,
            )
            attempts = self._ledger.attempts(
                notification, flush_id=flush.flush_id, wanted=flush.outcomes is not None
            )
            try:
                await self._attempts(notification, flush.deadline_ns, attempts)
            finally:
                attempts.close(flush)
            self._told(delivery)
            if self._events is not None:
                self._record(self._events, batch, delivery)
        await self._next.deliver(delivery)

    def _told(self, delivery: Delivery) -> None:
        """Counts a success."""
        now_ns, first_at_ns = self._clock.now_ns(), delivery.flush.first_at_ns
        self._delivered.inc()
        self._told_at.set(now_ns / SECOND_NS)
        self._delivered_for[delivery.reason].inc()
        if first_at_ns is not None and delivery.reason == FIRST:
            self._first_delay.observe((now_ns - first_at_ns) / SECOND_NS)

    def _record(self, events: EventQueue, batch: Batch, delivery: Delivery) -> None:
        """Tells that the receiver has it. Upstream: notify/event.go NewNotificationEvent."""
        events.record_notification(
            batch,
            delivery.flush.batch,
            reason=delivery.reason,
            repeat_interval_ns=delivery.flush.route.repeat_interval_ns,
            integration=self._integration.kind,
            index=self._integration.index,
            now_ns=self._clock.now_ns(),
        )

    async def _attempts(
        self, notification: Notification, deadline_ns: int, ledger: Attempts
    ) -> None:
        attempts = 0
        last: SendError | None = None
        pause = pauses(self._chance)
        try:
            async with self._clock.timeout((deadline_ns - self._clock.now_ns()) / SECOND_NS):
                while True:
                    attempts += 1
                    begun_ns = self._clock.now_ns()
                    error = await self._attempt(notification, attempts, ledger)
                    if error is None:
                        return
                    if not error.retryable:
                        raise self._give_up(
                            error, f"due to unrecoverable error after {attempts} attempts: {error}"
                        )
                    if last is None or str(error) != str(last):
                        self._log.warn(
                            "Notify attempt failed, will retry later",
                            aggrGroup=notification.group_key,
                            attempts=attempts,
                            err=error,
                        )
                    last = error
                    # Upstream's ticks go on while an attempt lasts: after a slow one the next
                    # follows at once.
                    lasted = (self._clock.now_ns() - begun_ns) / SECOND_NS
                    await self._pause(max(0.0, next(pause) - lasted))
        except TimeoutError:
            ledger.break_off("contextDeadlineExceeded")
            over = last or SendError("context deadline exceeded", reason="contextDeadlineExceeded")
            raise self._give_up(over, f"canceled after {attempts} attempts: {over}") from None
        except asyncio.CancelledError:
            ledger.break_off("contextCanceled")
            self._failed[last.reason if last else "contextCanceled"].inc()
            raise

    async def _pause(self, seconds: float) -> None:
        self._retrying.value += 1
        try:
            await self._clock.sleep(seconds)
        finally:
            self._retrying.value -= 1

    async def _attempt(
        self, notification: Notification, attempts: int, ledger: Attempts
    ) -> SendError | None:
        """One request; what went wrong, or None."""
        ledger.begin()
        started = time.perf_counter()
        error: SendError | None = None
        try:
            await self._integration.send(notification)
        except SendError as failure:
            # What it came from would be kept for the whole pause.
            error = failure.with_traceback(None)
            error.__context__ = None
        seconds = time.perf_counter() - started
        ledger.end(error)
        self._latency.observe(seconds)
        self._seconds.observe(seconds)
        self._requests.inc()
        if error is not None:
            self._requests_failed.inc()
        elif attempts > 1:
            self._log.info(
                "Notify success",
                aggrGroup=notification.group_key,
                attempts=attempts,
                duration=format_go_duration(int(seconds * SECOND_NS)),
                numAlerts=notification.batch.count,
            )
        elif self._log.debugging:
            self._log.debug(
                "Notify success",
                aggrGroup=notification.group_key,
                attempts=attempts,
                duration=format_go_duration(int(seconds * SECOND_NS)),
                numAlerts=notification.batch.count,
                alerts=notification.batch.labels_text(),
            )
        return error

    def _give_up(self, error: SendError, how: str) -> NotifyFailed:
        self._failed[error.reason].inc()
        self._given_up.inc()
        verb = "notify retry " if how.startswith("canceled") else "notify retry canceled "
        return NotifyFailed(f"{self._integration.receiver}/{self._integration}: {verb}{how}")
