"""Start, reload, stop: owns the state, the running configuration and the order of things.

Upstream: app/app.go; the order of `compat` section 14: the configuration is read before any listener
exists, and snapshots are written after the last notification.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import uvloop
from prometheus_client import CollectorRegistry

from amp import __version__
from amp._core import Engine, NotificationLog
from amp.clock import SystemClock
from amp.config.load import load_file
from amp.errors import AmpError, ConfigError
from amp.external import external_url, route_prefix
from amp.live import Shared
from amp.metrics import Metrics
from amp.options import UPSTREAM_VERSION, Options
from amp.running import Running
from amp.server import address_of, bind
from amp.state import open_state

if TYPE_CHECKING:
    from amp.log import Logger

GIL_SWITCH_SECONDS = 0.0005
"""A writer thread in Python code may hold a request up for this long, not for the usual 5 ms."""


def run(options: Options, log: Logger) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises:
        AmpError: when the start fails; the text is upstream's where programs look at it.
    """
    sys.setswitchinterval(GIL_SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(App(options, log).serve())


class App:
    """One process."""

    def __init__(self, options: Options, log: Logger) -> None:
        self._options = options
        self._log = log
        self._clock = SystemClock()
        self._started_ns = self._clock.now_ns()
        self._reloading = asyncio.Lock()
        self._running: Running | None = None
        self._shared: Shared | None = None
        self._stop = asyncio.Event()

    async def serve(self) -> None:
        """Starts everything, waits for the signal, stops everything."""
        options, log = self._options, self._log
        log.info(
            "Starting Alertmanager",
            version=f"(version={UPSTREAM_VERSION}, branch=HEAD, revision=amp-{__version__})",
        )
        _check(options)
        listeners = [bind(address) for address in options.listen_addresses]
        addresses = [address_of(listener) for listener in listeners]
        url = external_url(options.external_url, addresses[0])
        prefix = route_prefix(options.route_prefix, url)
        registry = CollectorRegistry(auto_describe=False)
        metrics = Metrics(registry, receiver_names="receiver-name-in-metrics" in options.features)
        try:
            config = load_file(options.config_file, options.matcher_mode)
        except ConfigError as error:
            metrics.reload_ok.set(0)
            raise AmpError(f"error loading configuration file: {error}") from error
        engine, notification_log = Engine(), NotificationLog()
        engine.set_limits(
            classic_names=options.matcher_mode == "classic",
            per_alertname=options.per_alertname_limit,
            max_alerts=options.max_alerts,
            max_name_bytes=options.max_name_bytes,
            max_value_bytes=options.max_value_bytes,
        )
        state = await open_state(options, engine, notification_log, self._clock, log, metrics)
        try:
            await self._serve(
                state, config, engine, notification_log, listeners, addresses, url, prefix, metrics
            )
        finally:
            await state.close()
        log.info("See you next time!")
