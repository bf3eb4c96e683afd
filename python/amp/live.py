"""Everything that one configuration builds, wired in pipeline order, replaced as a whole."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from amp._core import InhibitIndex, RouteTree
from amp.clock import SECOND_NS
from amp.config.build import check_buildable
from amp.config.templates import parse_templates
from amp.dispatch.dispatcher import Dispatcher
from amp.mute.alerts import MuteStage
from amp.mute.intervals import ActiveIntervalStage, Intervals, MuteIntervalStage
from amp.notify.deduplicate import DeduplicateStage
from amp.notify.fanout import FanOutStage
from amp.notify.integration import Integration
from amp.notify.record import RecordStage
from amp.notify.resend import Resender
from amp.notify.retry import RetryStage
from amp.receivers import sender
from amp.receivers.secrets import Secrets
from amp.supervisor import keep
from amp.tracing.stage import TracedDelivery, TracedStage, traced_request, traced_send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amp._core import Batch, Engine, EventQueue, Journal, NotificationLog, Templates
    from amp.clock import Clock
    from amp.config.schema import Config
    from amp.fields.http import HttpConfig
    from amp.httpclient import HttpClient, HttpClients
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.model import Stage
    from amp.notify.integration import DeliveryStage
    from amp.options import Options
    from amp.store.writer import Writer
    from amp.tracing.tracing import Provider, Tracing


@dataclass(frozen=True, slots=True)
class Shared:
    """What outlives configurations: state, instruments, time.

    Attributes:
        start_at_ns: nothing is flushed before (`--dispatch.start-delay` after process start).
        events: is told what happens; None when nobody wants to know.
        tracing: makes spans, or not; None: never.
        journal: keeps what happens; None: nobody remembers.
    """

    options: Options
    engine: Engine
    notification_log: NotificationLog
    writer: Writer
    clock: Clock
    log: Logger
    metrics: Metrics
    http: HttpClients
    external_url: str
    start_at_ns: int
    events: EventQueue | None = None
    tracing: Tracing | None = None
    journal: Journal | None = None


@dataclass(slots=True)
class Live:
    """A running configuration.

    Attributes:
        config_yaml: the redacted dump that the status shows.
        provider: makes spans; None makes none.
    """

    config: Config
    config_yaml: str
    plan: bytes
    templates: Templates
    intervals: Intervals
    integrations: Mapping[str, Sequence[Integration]]
    clients: list[HttpClient]
    resolve_timeout_ns: int
    provider: Provider | None = None
    dispatcher: Dispatcher = field(init=False)
    resender: Resender = field(init=False)
    _task: asyncio.Task[None] | None = None

    def prepare(self, shared: Shared) -> None:
        """Gives the engine the new routes and starts every group's timer; nothing is flushed yet.

        There is no await in it: no request comes between the old routes and the new timers.
        """
        shared.metrics.reset_integrations(
            [(item.kind, item.receiver) for items in self.integrations.values() for item in items]
        )
        shared.metrics.keep_receivers(self.integrations)
        now_ns = shared.clock.now_ns()
        began = perf_counter()
        timers = shared.engine.configure(self.plan, self.templates, now_ns)
        if stored := shared.engine.counts(now_ns)["stored"]:
            shared.metrics.processing.observe(perf_counter() - began, stored)
        self.dispatcher = Dispatcher(
            shared.engine,
            pipeline(self, shared),
            clock=shared.clock,
            log=shared.log,
            metrics=shared.metrics,
            start_at_ns=shared.start_at_ns,
            maintenance_interval_seconds=shared.options.dispatch_maintenance_interval_seconds,
        )
        self.dispatcher.add(timers, now_ns)
        self.resender = Resender(
            self.integrations,
            templates=self.templates,
            journal=shared.journal,
            clock=shared.clock,
            log=shared.log,
            metrics=shared.metrics,
            external_url=shared.external_url,
        )

    def start(self, shared: Shared) -> None:
        """Starts to flush, groups that restored alerts made included."""
        self.prepare(shared)
        if self.clients:
            shared.http.prepare()
        self._task = asyncio.create_task(
            keep(
                "dispatcher",
                self.dispatcher.run,
                clock=shared.clock,
                log=shared.log,
                metrics=shared.metrics,
            )
        )

    async def stop(self) -> None:
        """Ends the dispatcher; deliveries in flight are cancelled."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self.dispatcher.stop()
        for client in self.clients:
            await client.close()


def build(config: Config, shared: Shared) -> Live:
    """Builds everything aside that can fail, without touching what runs.

    Raises:
        ConfigError: with upstream's text.
    """
    templates = parse_templates(config)
    check_buildable(config)
    plan = config.plan()
    used = {route.receiver for route in RouteTree(plan).routes()}
    InhibitIndex(plan)
    integrations: dict[str, list[Integration]] = {}
    # Receivers that inherit the global http_config share its object, and so a client of each kind.
    clients: dict[tuple[int, str], HttpClient] = {}
    for receiver in config.receivers:
        if receiver.name not in used:
            shared.log.info(
                "skipping creation of receiver not referenced by any route",
                component="configuration",
                receiver=receiver.name,
            )
            continue
        built = integrations.setdefault(receiver.name, [])
        for kind, index, block in config.integrations(receiver):
            # Mail has none; its look-ups and bounds are those of a client.
            http_config = getattr(block, "http_config", None)
            integration = Integration(
                receiver=receiver.name,
                kind=kind,
                index=index,
                send_resolved=block.send_resolved,
                send=sender(kind)(block, _client(clients, shared.http, http_config, kind)),
                secrets=Secrets(block),
            )
            built.append(integration)
    provider = None if shared.tracing is None else shared.tracing.built(config.root.tracing)
    if provider is not None:
        for client in clients.values():
            client.trace_by(traced_request(provider))
    return Live(
        config=config,
        config_yaml=config.to_yaml(),
        plan=plan,
        templates=templates,
        intervals=Intervals(config.time_intervals),
        integrations=integrations,
        clients=list(clients.values()),
        resolve_timeout_ns=config.global_config.resolve_timeout,
        provider=provider,
    )


def _client(
    clients: dict[tuple[int, str], HttpClient],
    shared: HttpClients,
    config: HttpConfig | None,
    kind: str,
) -> HttpClient:
    key = (id(config), "" if config is None else kind)
    client = clients.get(key)
    if client is None:
        client = clients[key] = shared.client(config, key[1])
    return client


def pipeline(live: Live, shared: Shared) -> Stage:
    """The stages in their order; the last one comes first, since each is given its next.

    Upstream: notify/pipeline.go PipelineBuilder.New.
    """
    engine, metrics = shared.engine, shared.metrics

    def suppressed(reason: str, count: int, left: int = 0) -> None:
        metrics.suppressed.labels(reason).inc(count)
        if not left:
            metrics.held[reason].inc()

    traced = _traced(live.provider)
    fan_out = FanOutStage(
        {
            name: [
                delivery(integration, live.templates, shared, live.provider)
                for integration in integrations
            ]
            for name, integrations in live.integrations.items()
        }
    )

    def drop_silenced(batch: Batch, now_ns: int) -> Batch:
        metrics.silences_queries.inc(batch.count)
        return engine.drop_silenced(batch, now_ns)

    silence = traced(
        "notify.MuteStage.Exec", MuteStage("silence", drop_silenced, suppressed, fan_out)
    )
    mute = traced(
        "notify.TimeMuteStage.Exec",
        MuteIntervalStage(engine, live.intervals, suppressed, silence, shared.journal),
    )
    active = traced(
        "notify.TimeActiveStage.Exec",
        ActiveIntervalStage(engine, live.intervals, suppressed, mute, shared.journal),
    )
    inhibition = traced(
        "notify.MuteStage.Exec",
        MuteStage("inhibition", engine.drop_inhibited, suppressed, active),
    )
    return traced("dispatch.AggregationGroup.flush", traced("notify.RoutingStage.Exec", inhibition))


def _traced(provider: Provider | None) -> Callable[[str, Stage], Stage]:
    """Puts a span around a stage where spans are made; elsewhere the stage stays as it is."""
    if provider is None:
        return lambda _, stage: stage
    return partial(TracedStage, provider)


def delivery(
    integration: Integration,
    templates: Templates,
    shared: Shared,
    provider: Provider | None = None,
) -> Stage:
    """The stages of one integration: deduplicate, retry, record."""
    record: DeliveryStage = RecordStage(
        integration,
        shared.notification_log,
        clock=shared.clock,
        retention_ns=int(shared.options.data_retention_seconds * SECOND_NS),
        recorded=shared.writer.log_changed,
    )
    if provider is not None:
        record = TracedDelivery(provider, "notify.SetNotifiesStage.Exec", record)
        integration = dataclasses.replace(
            integration, send=traced_send(provider, integration.kind, integration.send)
        )
    retry: DeliveryStage = RetryStage(
        integration,
        clock=shared.clock,
        log=shared.log,
        metrics=shared.metrics,
        external_url=shared.external_url,
        templates=templates,
        following=record,
        events=shared.events,
        journal=shared.journal,
    )
    if provider is not None:
        retry = TracedDelivery(provider, "notify.RetryStage.Exec", retry)
    stage = DeduplicateStage(
        integration, shared.notification_log, shared.clock, shared.metrics, retry
    )
    return _traced(provider)("notify.DedupStage.Exec", stage)
