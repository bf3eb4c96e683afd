"""Attempts, pauses, deadlines and what the metrics say of them."""

from __future__ import annotations

import asyncio
import io
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from amp._core import Templates
from amp.clock import SECOND_NS
from amp.errors import SendError
from amp.log import Logger
from amp.metrics import Metrics
from amp.model import Flush
from amp.notify.integration import Delivery, Integration
from amp.notify.retry import NotifyFailed, RetryStage, pauses
from fakes import FakeClock


@dataclass
class Alerts:
    """Stands for a batch where no engine is needed."""

    count: int = 1
    group_key: str = "{}:{}"
    firing: int = 1

    def firing_only(self) -> Alerts:
        return Alerts(self.firing, self.group_key, self.firing)


@dataclass
class Last:
    """The stage after the one under test."""

    delivered: list[Delivery] = field(default_factory=list)

    async def deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)


class Scene:
    """A retry stage over a scripted integration."""

    def __init__(self, answers: list[SendError | None], *, send_resolved: bool = True) -> None:
        self.clock = FakeClock()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.output = io.StringIO()
        self.last = Last()
        self.sent: list[int] = []
        self.answers = answers
        self.lasts_seconds = 0.0
        integration = Integration("team", "webhook", 0, send_resolved, self._send)
        self.stage = RetryStage(
            integration,
            clock=self.clock,
            log=Logger(self.output),
            metrics=self.metrics,
            external_url="http://am",
            templates=Templates(),
            following=self.last,
            chance=random.Random(1),
        )

    async def _send(self, notification: Any) -> None:
        self.sent.append(self.clock.now_ns())
        if self.lasts_seconds:
            await self.clock.sleep(self.lasts_seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer

    def delivery(self, batch: Alerts | None = None, seconds: float = 10) -> Delivery:
        now_ns = self.clock.now_ns()
        deadline_ns = now_ns + int(seconds * SECOND_NS)
        flush: Any = Flush(None, batch or Alerts(), now_ns, deadline_ns)  # type: ignore[arg-type]
        return Delivery(flush, "first notification")

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, {"integration": "webhook", **labels})


async def test_success_at_once_passes_the_delivery_on() -> None:
    scene = Scene([None])
    await scene.stage.deliver(scene.delivery())
    assert len(scene.last.delivered) == 1
    assert scene.value("alertmanager_notifications_total") == 1
    assert scene.value("alertmanager_notification_requests_total") == 1
    assert scene.value("alertmanager_notification_requests_failed_total") == 0


async def test_retries_until_it_succeeds() -> None:
    scene = Scene([SendError("down", reason="serverError", retryable=True)] * 2 + [None])
    task = asyncio.create_task(scene.stage.deliver(scene.delivery()))
    await scene.clock.advance(5)
    await task
    assert len(scene.sent) == 3
    assert len(scene.last.delivered) == 1
    assert scene.value("alertmanager_notification_requests_failed_total") == 2
    assert scene.value("alertmanager_notifications_failed_total", reason="serverError") == 0
    assert scene.output.getvalue().count("will retry later") == 1
    assert 'msg="Notify success"' in scene.output.getvalue()


async def test_after_a_slow_attempt_the_next_follows_at_once() -> None:
    scene = Scene([SendError("down", reason="serverError", retryable=True)] * 2 + [None])
    scene.lasts_seconds = 2.0
    task = asyncio.create_task(scene.stage.deliver(scene.delivery()))
    await scene.clock.advance(7)
    await task
    assert [(at - scene.sent[0]) / SECOND_NS for at in scene.sent] == [0, 2, 4]


async def test_a_refusal_for_good_ends_at_once() -> None:
    scene = Scene([SendError("unexpected status code 400: no", reason="clientError")])
    with pytest.raises(NotifyFailed) as failure:
        await scene.stage.deliver(scene.delivery())
    assert str(failure.value) == (
        "team/webhook[0]: notify retry canceled due to unrecoverable error after 1 attempts: "
        "unexpected status code 400: no"
    )
    assert scene.last.delivered == []
    assert scene.value("alertmanager_notifications_failed_total", reason="clientError") == 1


async def test_the_deadline_reports_the_last_error() -> None:
    scene = Scene([SendError("down", reason="serverError", retryable=True)])
    task = asyncio.create_task(scene.stage.deliver(scene.delivery(seconds=10)))
    await scene.clock.advance(11)
    with pytest.raises(NotifyFailed, match=r"notify retry canceled after \d+ attempts: down"):
        await task
    assert scene.value("alertmanager_notifications_failed_total", reason="serverError") == 1
    assert all(at - scene.sent[0] <= 10 * SECOND_NS for at in scene.sent)


async def test_a_reload_counts_as_canceled() -> None:
    scene = Scene([None])

    async def hang(notification: Any) -> None:
        await asyncio.Event().wait()

    scene._send = hang  # type: ignore[method-assign]
    integration = Integration("team", "webhook", 0, True, hang)
    stage = RetryStage(
        integration,
        clock=scene.clock,
        log=Logger(scene.output),
        metrics=scene.metrics,
        external_url="",
        templates=Templates(),
        following=scene.last,
    )
    task = asyncio.create_task(stage.deliver(scene.delivery()))
    await scene.clock.advance(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scene.value("alertmanager_notifications_failed_total", reason="contextCanceled") == 1


async def test_resolved_alerts_alone_are_logged_but_not_sent() -> None:
    scene = Scene([None], send_resolved=False)
    await scene.stage.deliver(scene.delivery(Alerts(count=2, firing=0)))
    assert scene.sent == []
    assert len(scene.last.delivered) == 1
    assert scene.value("alertmanager_notifications_total") == 1


async def test_what_is_counted_of_a_receiver() -> None:
    scene = Scene([SendError("down", retryable=True), None])
    delivery = scene.delivery()
    delivery.flush.first_at_ns = scene.clock.now_ns() - 40 * SECOND_NS
    task = asyncio.create_task(scene.stage.deliver(delivery))
    await scene.clock.advance(0)
    shown = scene.registry.get_sample_value
    assert shown("amp_deliveries_retrying") == 1
    await scene.clock.advance(1)
    await task
    assert shown("amp_deliveries_retrying") == 0
    team = {"receiver": "team"}
    assert shown("amp_receiver_notifications_total", team | {"result": "delivered"}) == 1
    assert shown("amp_notifications_delivered_total", {"reason": "first"}) == 1
    at = shown("amp_receiver_last_success_timestamp_seconds", team)
    assert at == pytest.approx(scene.sent[-1] / SECOND_NS, abs=1e-3)
    assert shown("amp_first_notification_delay_seconds_bucket", {"le": "30.0"}) == 0
    assert shown("amp_first_notification_delay_seconds_bucket", {"le": "45.0"}) == 1
    assert scene.value("amp_delivery_duration_seconds_count") == 2
    scene.answers = [SendError("no")]
    with pytest.raises(NotifyFailed):
        await scene.stage.deliver(scene.delivery())
    assert shown("amp_receiver_notifications_total", team | {"result": "failed"}) == 1


def test_pauses_grow_to_a_minute_with_jitter() -> None:
    waits = pauses(random.Random(7))
    found = [next(waits) for _ in range(20)]
    assert 0.25 <= found[0] <= 0.75
    assert 0.375 <= found[1] <= 1.125
    assert all(30 <= pause <= 90 for pause in found[-3:])
