"""Stages, deliveries and requests with spans around them; wired only where spans are made."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from amp.httpclient.client import Trace
    from amp.model import Flush, Stage
    from amp.notify.integration import Delivery, DeliveryStage
    from amp.receivers.base import Notification
    from amp.tracing.tracing import Provider, Span

    Send = Callable[[Notification], Awaitable[None]]


class TracedStage:
    """A stage inside a span, and with it all that come after."""

    __slots__ = ("_name", "_provider", "_stage")

    def __init__(self, provider: Provider, name: str, stage: Stage) -> None:
        self._provider = provider
        self._name = name
        self._stage = stage

    async def run(self, flush: Flush) -> None:
        """Runs the stage."""
        batch = flush.batch
        attributes: dict[str, str | int] = {
            "alerting.alerts.count": batch.count,
            "alerting.aggregation_group.key": batch.group_key,
            "alerting.notify.receiver.name": batch.receiver,
        }
        with self._provider.span(self._name, attributes=attributes):
            await self._stage.run(flush)


class TracedDelivery:
    """A step after deduplication inside a span."""

    __slots__ = ("_name", "_provider", "_stage")

    def __init__(self, provider: Provider, name: str, stage: DeliveryStage) -> None:
        self._provider = provider
        self._name = name
        self._stage = stage

    async def deliver(self, delivery: Delivery) -> None:
        """Runs the step."""
        batch = delivery.flush.batch
        attributes: dict[str, str | int] = {
            "alerting.alerts.count": batch.count,
            "alerting.group.key": batch.group_key,
        }
        with self._provider.span(self._name, attributes=attributes):
            await self._stage.deliver(delivery)


def traced_send(provider: Provider, kind: str, send: Send) -> Send:
    """An integration's attempts inside spans."""

    async def sent(notification: Notification) -> None:
        attributes: dict[str, str | int] = {
            "alerting.notify.integration.name": kind,
            "alerting.alerts.count": notification.batch.count,
        }
        with provider.span("notify.Integration.Notify", "client", attributes):
            await send(notification)

    return sent


def traced_request(provider: Provider) -> Trace:
    """Spans around requests to receivers. Their whole addresses are secrets and are not told."""

    @contextmanager
    def request(method: str, host: str, headers: list[tuple[str, str]]) -> Iterator[Span]:
        attributes: dict[str, str | int] = {"http.request.method": method, "server.address": host}
        with provider.span(f"HTTP {method}", "client", attributes) as span:
            headers.extend(provider.headers().items())
            yield span

    return request
