"""Whether spans are made, and by whom. Without a `tracing` block nothing is in the way."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from amp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from amp.config.tracing import Tracing as Config
    from amp.log import Logger


class Span(Protocol):
    """One piece of work."""

    def set(self, name: str, value: str | int | bool) -> None:
        """Says something about it."""

    def fail(self, text: str) -> None:
        """Says that it failed."""


class Provider(Protocol):
    """Makes spans and hands them to a collector."""

    def span(
        self,
        name: str,
        kind: str = "internal",
        attributes: Mapping[str, str | int] | None = None,
        parent: Mapping[str, str] | None = None,
    ) -> AbstractContextManager[Span]:
        """A span around the body of a `with`; `parent` are the headers of a request that came."""

    def headers(self) -> dict[str, str]:
        """The headers that tell another server of the span that is open now."""

    async def close(self) -> None:
        """Hands on what is left."""


class Tracing:
    """The provider of the configuration that runs.

    Attributes:
        provider: None while no spans are made.
    """

    def __init__(self, log: Logger) -> None:
        self._log = log.bind(component="tracing")
        self._config: Config | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self.provider: Provider | None = None

    def built(self, config: Config | None) -> Provider | None:
        """The provider of a configuration, not in use yet; the present one when nothing changed.

        A `tls_config` makes a new one each time, so that new certificates are read.

        Raises:
            ConfigError: with upstream's text.
        """
        if config is None:
            return None
        if config == self._config and self.provider is not None and config.tls_config is None:
            return self.provider
        check(config)
        from amp.tracing.provider import OpenTelemetry

        try:
            return OpenTelemetry(config, self._log)
        except ConfigError as error:
            raise ConfigError(
                "failed to apply tracing config: failed to build a new tracer provider:"
                f" {error.cause}",
                key="tracing",
            ) from None

    def install(self, config: Config | None, provider: Provider | None) -> None:
        """Takes a provider into use; the one before hands on what it has."""
        before, self.provider, self._config = self.provider, provider, config
        if before is provider:
            return
        if before is not None:
            task = asyncio.create_task(before.close())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if provider is None:
            self._log.info("Tracing provider uninstalled.")
        else:
            self._log.info("Successfully installed a new tracer provider.")

    async def close(self) -> None:
        """Hands on what is left."""
        if self.provider is not None:
            provider, self.provider = self.provider, None
            await provider.close()
            self._log.info("Tracing manager stopped")
        await asyncio.gather(*self._leaving, return_exceptions=True)


def check(config: Config | None) -> None:
    """Refuses a block whose libraries are not installed, or that asks for what they cannot do.

    Raises:
        ConfigError: with the command that installs them, or what to use instead.
    """
    if config is None:
        return
    grpc = config.client_type == "grpc"
    if find_spec("opentelemetry") is None or (grpc and find_spec("grpc") is None):
        raise ConfigError(
            "tracing needs OpenTelemetry: pip install 'alertmanager-plus-plus[tracing]'",
            key="tracing",
        )
    tls = None if config.insecure else config.tls_config
    if grpc and tls and (tls.insecure_skip_verify or tls.min_version or tls.max_version):
        raise ConfigError(
            "tracing: client_type grpc knows no insecure_skip_verify, min_version and max_version"
            " of tls_config; client_type http does",
            key="tracing.tls_config",
        )
