"""Start, reload, stop: owns the state, the running configuration and the order of things.

Upstream: app/app.go. The configuration is read before anything listens, and the snapshots are
written after the last notification.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvloop
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from amp import __version__
from amp._core import Engine, MatcherError, NotificationLog
from amp.api.table import gate
from amp.api.times import milliseconds
from amp.clock import SECOND_NS, SystemClock
from amp.collector import StateCollector
from amp.config.load import load_file
from amp.errors import AmpError, ConfigError
from amp.external import external_url, peer, route_prefix
from amp.httpclient import HttpClients
from amp.live import Shared, build
from amp.metrics import Metrics
from amp.options import UPSTREAM_VERSION
from amp.running import Running
from amp.server import Server, address_of, bind
from amp.state import State

if TYPE_CHECKING:
    import socket

    from amp.config.schema import Config
    from amp.log import Logger
    from amp.options import Options

GIL_SWITCH_SECONDS = 0.0005
"""A thread in Python code holds a request up for this long at most, not for the usual 5 ms."""


def run(options: Options, log: Logger) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises:
        AmpError: when the start fails; the text is upstream's where programs look at it.
    """
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(App(options, log).serve())


class App:
    """One process: everything below is made here once and passed down."""

    def __init__(self, options: Options, log: Logger) -> None:
        self._options = options
        self._log = log
        self._clock = SystemClock()
        self._started_ns = self._clock.now_ns()
        self._registry = CollectorRegistry(auto_describe=False)
        self._metrics = Metrics(
            self._registry, receiver_names="receiver-name-in-metrics" in options.features
        )
        self._engine = Engine()
        self._engine.set_limits(
            classic_names=options.matcher_mode == "classic",
            per_alertname=options.per_alertname_limit,
            max_alerts=options.max_alerts,
            max_name_bytes=options.max_name_bytes,
            max_value_bytes=options.max_value_bytes,
        )
        self._notification_log = NotificationLog()
        self._reloading = asyncio.Lock()

    async def serve(self) -> None:
        """Starts everything, waits for the signal, stops everything in reverse."""
        options, log = self._options, self._log
        log.info(
            "Starting Alertmanager",
            version=f"(version={UPSTREAM_VERSION}, branch=HEAD, revision=amp-{__version__})",
        )
        _check_intervals(options)
        me = peer(
            options.cluster_listen_address,
            options.cluster_advertise_address,
            options.cluster_peer_name,
            options.cluster_peers,
        )
        try:
            config = load_file(options.config_file, options.matcher_mode)
        except ConfigError as error:
            raise AmpError(f"error loading configuration file: {error}") from error
        listeners = _listen(options)
        state = State(
            options, self._engine, self._notification_log, self._clock, log, self._metrics
        )
        await state.open()
        try:
            await self._serve(config, state, listeners, me)
        finally:
            await state.close()
        log.info("See you next time!")

    async def _serve(
        self,
        config: Config,
        state: State,
        listeners: list[socket.socket],
        me: tuple[str, str] | None,
    ) -> None:
        options = self._options
        addresses = [address_of(listener) for listener in listeners]
        url = external_url(options.external_url, addresses[0])
        prefix = route_prefix(options.route_prefix, url)
        self._log.debug("app setup", external_url=url, route_prefix=prefix)
        shared = Shared(
            options=options,
            engine=self._engine,
            notification_log=self._notification_log,
            writer=state.writer,
            clock=self._clock,
            log=self._log,
            metrics=self._metrics,
            external_url=url,
            started_ns=self._started_ns,
        )
        try:
            live = build(config, self._clients(), shared)
        except ConfigError as error:
            raise AmpError(f"failed to apply initial configuration: {error}") from error
        running = Running(
            engine=self._engine,
            silences=state.silences,
            writer=state.writer,
            health=state.writer.health,
            clock=self._clock,
            log=self._log,
            metrics=self._metrics,
            live=live,
            matcher_mode=options.matcher_mode,
            started_at=milliseconds(self._started_ns),
            peer=me,
            reload=lambda: self._reload(running, shared),
        )
        self._collectors(running, shared)
        try:
            application = gate(running, options, prefix, __version__)
        except MatcherError as error:
            raise AmpError(f"invalid --web.cors.origin: {error}") from None
        live.start(shared)
        self._applied(config, running)
        server = Server(application, listeners)
        server.start()
        for address in addresses:
            self._log.info("Listening on", address=address)
            self._log.info("TLS is disabled.", http2=False, address=address)
        try:
            await self._until_signalled(running)
        finally:
            await server.stop()
            await running.live.stop()

    def _clients(self) -> HttpClients:
        return HttpClients(
            environment=os.environ, in_flight=self._options.deliveries_per_destination
        )

    def _collectors(self, running: Running, shared: Shared) -> None:
        delay_ns = int(self._options.dispatch_start_delay_seconds * SECOND_NS)
        collector = StateCollector(
            running,
            by_group="group-key-in-metrics" in self._options.features,
            start_at_ns=shared.started_ns + delay_ns,
        )
        self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        self._metrics.alert_limit.set(self._options.per_alertname_limit)
        self._metrics.cluster_enabled.set(running.peer is not None)

    def _applied(self, config: Config, running: Running) -> None:
        """Tells metrics and the log what runs now."""
        metrics, live = self._metrics, running.live
        metrics.reload_ok.set(1)
        metrics.reload_time.set(self._clock.now_ns() / SECOND_NS)
        metrics.config_hash.set(config.hash_metric)
        metrics.receivers.set(len(live.integrations))
        integrations = [item for items in live.integrations.values() for item in items]
        metrics.integrations.set(len(integrations))
        metrics.inhibition_rules.set(config.inhibit_rule_count)
        metrics.reset_integrations((item.kind, item.receiver) for item in integrations)
        for name in live.unbuilt:
            self._log.warn(
                "integration is not built yet and cannot deliver",
                component="configuration",
                integration=name,
            )
        for warning in config.warnings(self._options.data_retention_seconds):
            self._log.warn(warning.message, component="configuration", **warning.attributes)

    async def _reload(self, running: Running, shared: Shared) -> None:
        """Builds the file aside and swaps it in whole; a bad file changes nothing.

        Raises:
            ConfigError: with the reason.
        """
        async with self._reloading:
            file, log = self._options.config_file, self._log.bind(component="configuration")
            log.info("Loading configuration file", file=file)
            clients = self._clients()
            try:
                config = await asyncio.to_thread(
                    load_file, file, self._options.matcher_mode
                )
                live = build(config, clients, shared)
            except ConfigError as error:
                clients.close()
                self._metrics.reload_ok.set(0)
                log.error("Loading configuration file failed", file=file, err=error)
                raise
            previous = running.live
            await previous.stop()
            running.live = live
            live.start(shared)
            self._applied(config, running)
            log.info("Completed loading of configuration file", file=file)

    async def _until_signalled(self, running: Running) -> None:
        """Serves reload signals until one to stop comes."""
        stop, hangup = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.add_signal_handler(signal.SIGINT, stop.set)
        loop.add_signal_handler(signal.SIGHUP, hangup.set)
        reloader = asyncio.create_task(_reload_on(hangup, running))
        try:
            await stop.wait()
            self._log.info("Received shutdown signal, exiting gracefully...")
        finally:
            reloader.cancel()
            await asyncio.gather(reloader, return_exceptions=True)


async def _reload_on(hangup: asyncio.Event, running: Running) -> None:
    """Reloads at each SIGHUP; several at once count as one."""
    while True:
        await hangup.wait()
        hangup.clear()
        try:
            await running.reload()
        except ConfigError:
            continue  # logged and counted where it failed


def _listen(options: Options) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for address in options.listen_addresses:
            listeners.append(bind(address))  # noqa: PERF401  # the ones before a failure are closed
    except AmpError as error:
        for listener in listeners:
            listener.close()
        raise AmpError(f"alertmanager/app: {error}") from error
    return listeners


def _check_intervals(options: Options) -> None:
    for name, seconds in (
        ("Retention", options.data_retention_seconds),
        ("MaintenanceInterval", options.maintenance_interval_seconds),
        ("AlertGCInterval", options.alerts_gc_interval_seconds),
        ("DispatchMaintenanceInterval", options.dispatch_maintenance_interval_seconds),
    ):
        if seconds <= 0:
            raise AmpError(f"alertmanager/app: Options.{name} must be positive")
