"""Start, reload, stop: owns the state, the running configuration and the order of things.

Upstream: app/app.go. The configuration is read before anything listens, and the snapshots are
written after the last notification.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from amp import __version__
from amp._core import Engine, EventQueue, MatcherError, NotificationLog
from amp.api.stream import PATH as STREAM_PATH
from amp.api.table import gate
from amp.api.times import milliseconds
from amp.backup.inbox import Inbox
from amp.chronicle import Chronicle
from amp.clock import SECOND_NS, SystemClock
from amp.collector.own import OwnCollector
from amp.collector.process import ProcessLimits
from amp.collector.state import StateCollector
from amp.config.event_recorder import EventRecorder
from amp.config.load import load_file
from amp.config.own import own_of
from amp.config.warnings import warnings
from amp.errors import AmpError, ConfigError, FlagError
from amp.events.outputs import Outputs, check_libraries
from amp.events.recorder import Recorder
from amp.external import external_url, peer, route_prefix
from amp.features import FEATURES
from amp.httpclient import HttpClients
from amp.live import Shared, build
from amp.metrics import Metrics
from amp.metrics.events import EventMetrics
from amp.options import BUILD_CONTEXT, UPSTREAM_VERSION, check_options
from amp.pulse import GarbagePauses, feel_pulse
from amp.running import Running
from amp.server import Server
from amp.store.folder import made_folder
from amp.store.silences import Silences
from amp.store.storage import Storage
from amp.store.url import store_for
from amp.store.writer import Writer
from amp.supervisor import keep
from amp.tracing.door import TracedDoor
from amp.tracing.tracing import Tracing
from amp.web.entrance import open_entrance
from amp.web.listen import address_of, allow_files, open_listeners

if TYPE_CHECKING:
    from amp.config.schema import Config
    from amp.live import Live
    from amp.log import Logger
    from amp.options import Options
    from amp.signals import Signals
    from amp.web.entrance import Entrance

GIL_SWITCH_SECONDS = 0.0005
"""A thread in Python code holds a request up for this long at most, not for the usual 5 ms."""

GC_THRESHOLDS = (200_000, 20, 20)
"""Looking for garbage less often makes a burst of groups a third cheaper: few are cyclic."""

GRACE_SECONDS = 300.0
"""How long a restored alert lives at least: its sender repeats it in that time, or it is over."""

NEAR_STORE_SECONDS = 1.0

EVENT_BYTES = 64 << 20
"""Events that wait to be told may take this much memory; more are dropped and counted."""


def run(options: Options, log: Logger, signals: Signals) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        options: the flags.
        log: where everything is told.
        signals: heeded since the process began.

    Raises:
        AmpError: when the start fails; the text is upstream's where programs look at it.
    """
    allow_files()
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(App(_with_own(options), log, signals).serve())


class App:
    """One process: everything below is made here once and passed down."""

    def __init__(self, options: Options, log: Logger, signals: Signals) -> None:
        self._options = options
        self._log = log
        self._signals = signals
        self._clock = SystemClock()
        self._started_ns = self._clock.now_ns()
        delay_ns = int(options.dispatch_start_delay_seconds * SECOND_NS)
        self._start_at_ns = self._started_ns + delay_ns
        self._registry = CollectorRegistry(auto_describe=False)
        self._metrics = Metrics(
            self._registry,
            receiver_names="receiver-name-in-metrics" in options.features,
            alert_names="alert-names-in-metrics" in options.features,
        )
        self._engine = Engine()
        self._instance = socket.gethostname()
        self._events: EventQueue | None = None
        if "event-recorder" in options.features:
            self._events = EventQueue(self._instance, os.urandom(16), EVENT_BYTES)
            self._engine.record_to(self._events)
        self._recorder: Recorder | None = None
        self._tracing = Tracing(log)
        self._engine.set_limits(
            classic_names=options.matcher_mode == "classic",
            per_alertname=max(0, options.per_alertname_limit),
            max_alerts=options.max_alerts,
            max_name_bytes=options.max_name_bytes,
            max_value_bytes=options.max_value_bytes,
        )
        self._notification_log = NotificationLog()
        folder = made_folder(options.storage_path)
        store, patience_seconds = store_for(options.database_url, folder)
        self._writer = Writer(
            store,
            self._engine,
            self._notification_log,
            clock=self._clock,
            log=log,
            metrics=self._metrics,
        )
        self._silences = Silences(
            self._engine,
            self._writer,
            retention_seconds=options.data_retention_seconds,
            clock=self._clock,
            log=log,
            metrics=self._metrics,
            max_silences=options.max_silences,
            max_size_bytes=options.max_silence_size_bytes,
            log_changes=options.log_silences,
            matcher_mode=options.matcher_mode,
            events=self._events,
        )
        self._chronicle = Chronicle(
            options,
            folder,
            self._engine,
            self._silences,
            self._writer,
            clock=self._clock,
            log=log,
            metrics=self._metrics,
        )
        self._storage = Storage(
            folder,
            store,
            self._writer,
            self._silences,
            self._notification_log,
            self._engine,
            interval_seconds=options.maintenance_interval_seconds,
            grace_seconds=GRACE_SECONDS,
            patience_seconds=patience_seconds,
            clock=self._clock,
            log=log,
            metrics=self._metrics,
        )
        self._reloading = asyncio.Lock()
        self._stop = asyncio.Event()
        self._hangup = asyncio.Event()

    async def serve(self) -> None:
        """Starts everything, waits for the signal, stops everything in reverse."""
        options, log = self._options, self._log
        loop = asyncio.get_running_loop()
        self._signals.connect(loop, stop=self._stop.set, reload=self._hangup.set)
        for name, line in FEATURES.items():
            if name in options.features:
                log.warn(line)
        log.info(
            "Starting Alertmanager",
            version=f"(version={UPSTREAM_VERSION}, branch=HEAD, revision=amp-{__version__})",
        )
        log.info("Build context", build_context=BUILD_CONTEXT)
        check_options(options)
        me = peer(
            options.cluster_listen_address,
            options.cluster_advertise_address,
            options.cluster_peer_name,
            options.cluster_peers,
        )
        try:
            config = _load(options)
        except ConfigError as error:
            raise AmpError(f"error loading configuration file: {error}") from error
        listeners = open_listeners(options, os.environ, log)
        url = external_url(options.external_url, address_of(listeners[0]))
        self._engine.set_external_url(url)
        shared = self._shared(url)
        self._record(shared, config)
        if options.per_alertname_limit > 0:
            log.info("per alert name limit enabled", limit=options.per_alertname_limit)
        try:
            live = build(config, shared)
        except ConfigError as error:
            raise AmpError(f"failed to apply initial configuration: {error}") from error
        running = self._running(live, shared, me)
        try:
            prefix = route_prefix(options.route_prefix, url)
            application = gate(running, options, prefix, __version__)
        except MatcherError as error:
            raise FlagError("error parsing --web.cors.origin", str(error)) from None
        traced = TracedDoor(application, self._tracing)
        entrance = open_entrance(options.web_config_file, traced, self._clock, log)
        self._tracing.install(config.root.tracing, live.provider)
        server = Server(
            entrance.application,
            listeners,
            entrance.below,
            websocket_path=prefix.rstrip("/") + STREAM_PATH,
        )
        self._register(running, shared.http, server)
        try:
            with GarbagePauses(self._metrics):
                await self._live_through(running, shared, server, entrance, listeners)
        finally:
            # Both have the same few seconds: a collector that is away costs no event.
            await asyncio.gather(self._tracing.close(), self._recorded())
        self._signals.ignore(loop)
        log.info("Received shutdown signal, exiting gracefully...")

    async def _live_through(
        self,
        running: Running,
        shared: Shared,
        server: Server,
        entrance: Entrance,
        listeners: list[socket.socket],
    ) -> None:
        """Opens the state, serves, and closes in reverse once a signal came."""
        running.live.prepare(shared)
        opening = asyncio.create_task(self._storage.open())
        # A store that is near is open before anybody is answered; one that is away is waited for
        # while alerts are already taken.
        await asyncio.wait({opening}, timeout=NEAR_STORE_SECONDS)
        if opening.done():
            opening.result()
        addresses = [address_of(listener) for listener in listeners]
        await server.start()
        for address in addresses:
            self._log.info("Listening on", address=address)
            tls = "disabled" if entrance.below is None else "enabled"
            self._log.info(f"TLS is {tls}.", http2=False, address=address)
        try:
            await self._signalled(running, shared, opening)
        finally:
            await self._chronicle.stream.close()
            await server.stop()
            entrance.close()
            await running.live.stop()
            await self._chronicle.close()
            await self._storage.close()

    def _record(self, shared: Shared, config: Config) -> None:
        """Begins to tell of events."""
        if self._events is None:
            return
        events = self._events
        metrics = EventMetrics(self._registry, lambda: float(len(events)))
        outputs = Outputs(
            self._instance, shared.http, clock=self._clock, log=self._log, metrics=metrics
        )
        self._recorder = Recorder(
            events, outputs.plan, clock=self._clock, log=self._log, metrics=metrics
        )
        started = {"version": UPSTREAM_VERSION, "buildContext": BUILD_CONTEXT}
        events.record(
            "alertmanager_startup_event",
            json.dumps(started, separators=(",", ":")),
            self._clock.now_ns(),
        )
        self._recorder.start(config.root.event_recorder or EventRecorder())

    async def _recorded(self) -> None:
        """Tells the last event."""
        if self._events is not None and self._recorder is not None:
            self._events.record("alertmanager_shutdown_event", "{}", self._clock.now_ns())
            await self._recorder.close()

    async def _signalled(
        self, running: Running, shared: Shared, opening: asyncio.Task[None]
    ) -> None:
        """Runs everything that runs beside requests, until a signal to stop comes."""
        beside = asyncio.create_task(self._beside(running, shared, opening))
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({beside, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.done():
            self._log.info("Shutting down gracefully")
        stopping.cancel()
        beside.cancel()
        outcome = (await asyncio.gather(beside, return_exceptions=True))[0]
        if isinstance(outcome, Exception):
            raise outcome

    async def _beside(
        self,
        running: Running,
        shared: Shared,
        opening: asyncio.Task[None],
    ) -> None:
        await opening
        self._chronicle.start()
        async with self._reloading:
            running.opened = True
            self._metrics.ready.set(1)
            running.live.start(shared)
        self._storage.restored = running.restored
        self._applied(running)
        async with asyncio.TaskGroup() as tasks:
            for name, work in (
                ("storage", self._storage.run),
                ("garbage", self._collect_garbage),
                ("timeouts", self._chronicle.run),
                ("restore", self._inbox(running).run),
                ("pulse", lambda: feel_pulse(self._clock, self._metrics)),
                ("reload", lambda: _reload_on(self._hangup, running)),
            ):
                tasks.create_task(
                    keep(name, work, clock=self._clock, log=self._log, metrics=self._metrics)
                )

    def _inbox(self, running: Running) -> Inbox:
        history = self._chronicle.history
        return Inbox(
            Path(self._options.storage_path),
            self._silences,
            self._notification_log,
            self._engine,
            self._writer,
            None if history is None else history.writer.errands,
            grace_seconds=GRACE_SECONDS,
            restored=running.restored,
            clock=self._clock,
            log=self._log,
        )

    async def _collect_garbage(self) -> None:
        while True:
            await self._clock.sleep(self._options.alerts_gc_interval_seconds)
            self._engine.collect_garbage(self._clock.now_ns())
            self._writer.alerts_changed()

    def _shared(self, url: str) -> Shared:
        http = HttpClients(
            environment=os.environ, in_flight=self._options.deliveries_per_destination
        )
        return Shared(
            options=self._options,
            engine=self._engine,
            notification_log=self._notification_log,
            writer=self._writer,
            clock=self._clock,
            log=self._log,
            metrics=self._metrics,
            http=http,
            external_url=url,
            start_at_ns=self._start_at_ns,
            events=self._events,
            tracing=self._tracing,
            journal=self._chronicle.journal,
        )

    def _running(self, live: Live, shared: Shared, me: tuple[str, str] | None) -> Running:
        running = Running(
            engine=self._engine,
            silences=self._silences,
            writer=self._writer,
            health=self._writer.health,
            clock=self._clock,
            log=self._log,
            metrics=self._metrics,
            live=live,
            matcher_mode=self._options.matcher_mode,
            started_at=milliseconds(self._started_ns),
            peer=me,
            reload=lambda: self._reload(running, shared),
            journal=self._chronicle.journal,
            history=self._chronicle.history,
            cache=self._chronicle.cache,
            stream=self._chronicle.stream,
        )
        return running

    def _register(self, running: Running, http: HttpClients, server: Server) -> None:
        """Adds the series that are counted at a scrape."""
        options = self._options
        by_group = "group-key-in-metrics" in options.features
        self._registry.register(
            StateCollector(running, by_group=by_group, start_at_ns=self._start_at_ns)
        )
        self._registry.register(
            OwnCollector(running, http, self._notification_log, server.connections)
        )
        self._registry.register(ProcessLimits())
        ProcessCollector(registry=self._registry)
        self._metrics.alert_limit.set(options.per_alertname_limit)
        self._metrics.cluster_enabled.set(running.peer is not None)

    def _applied(self, running: Running) -> None:
        """Tells metrics and the log what runs now."""
        metrics, live, config = self._metrics, running.live, running.live.config
        metrics.reload_ok.set(1)
        metrics.reload_time.set(self._clock.now_ns() / SECOND_NS)
        metrics.config_hash.set(config.hash_metric)
        metrics.receivers.set(len(live.integrations))
        integrations = [item for items in live.integrations.values() for item in items]
        metrics.integrations.set(len(integrations))
        metrics.inhibition_rules.set(len(config.root.inhibit_rules))
        for warning in warnings(config, self._options.data_retention_seconds):
            self._log.warn(warning.message, component="configuration", **warning.attributes)

    async def _reload(self, running: Running, shared: Shared) -> None:
        """Builds the file aside and swaps it in whole; a bad file changes nothing.

        Raises:
            ConfigError: with the reason.
        """
        async with self._reloading:
            file, log = self._options.config_file, self._log.bind(component="configuration")
            log.info("Loading configuration file", file=file)
            try:
                config = await asyncio.to_thread(_load, self._options)
                live = build(config, shared)
            except ConfigError as error:
                self._metrics.reload_ok.set(0)
                self._metrics.reload_failed.inc()
                log.error("Loading configuration file failed", file=file, err=error)
                self._chronicle.reloaded(None, str(error))
                raise
            previous = running.live
            await previous.stop()
            running.live = live
            if running.opened:
                live.start(shared)
            else:
                # Without the stored log a flush would repeat what was told; `_beside` starts it.
                live.prepare(shared)
            self._tracing.install(config.root.tracing, live.provider)
            self._applied(running)
            if self._recorder is not None:
                await self._recorder.apply(config.root.event_recorder or EventRecorder())
            self._metrics.reloaded.inc()
            self._chronicle.reloaded(config)
            log.info("Completed loading of configuration file", file=file)


async def _reload_on(hangup: asyncio.Event, running: Running) -> None:
    """Reloads at each SIGHUP; several at once count as one."""
    while True:
        await hangup.wait()
        hangup.clear()
        try:
            await running.reload()
        except ConfigError:
            continue  # logged and counted where it failed


def _load(options: Options) -> Config:
    """Both files."""
    config = load_file(options.config_file, options.matcher_mode)
    if "event-recorder" in options.features:
        check_libraries(config.root.event_recorder)
    return own_of(options.config_file, options.own_config_file).added(config)


def _with_own(options: Options) -> Options:
    """The options with what the own file adds: flags and variables beat it."""
    own = own_of(options.config_file, options.own_config_file)
    return dataclasses.replace(
        options,
        database_url=options.database_url or own.database_url,
        redis_url=options.redis_url or own.redis_url,
    )
