"""Spans through OpenTelemetry, imported when a `tracing` block asks for them.

Upstream: tracing/tracing.go buildTracerProvider.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from amp.errors import AmpError
from amp.options import UPSTREAM_VERSION
from amp.tracing.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amp.config.tracing import Tracing as Config
    from amp.log import Logger

KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
}
CLOSE_SECONDS = 4.0


class OpenTelemetry:
    """A provider of the SDK's own; nothing global is set.

    Raises:
        ConfigError: from the constructor, when the collector's client cannot be made.
    """

    def __init__(self, config: Config, log: Logger) -> None:
        self._exporter = exporter(config, log)
        fraction = min(1.0, max(0.0, config.sampling_fraction))
        resource = {"service.name": "alertmanager", "service.version": UPSTREAM_VERSION}
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(fraction)),
            resource=Resource.create(resource),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("github.com/prometheus/alertmanager")
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(
        self,
        name: str,
        kind: str = "internal",
        attributes: Mapping[str, str | int] | None = None,
        parent: Mapping[str, str] | None = None,
    ) -> Iterator[OpenSpan]:
        """A span around the body; an error that leaves it is told of."""
        above = None if parent is None else self._propagator.extract(parent, context.Context())
        with self._tracer.start_as_current_span(
            name,
            above,
            kind=KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            opened = OpenSpan(span)
            try:
                yield opened
            except AmpError as error:
                opened.fail(str(error))
                raise

    def headers(self) -> dict[str, str]:
        """`traceparent` and what goes with it."""
        found: dict[str, str] = {}
        self._propagator.inject(found)
        return found

    async def close(self) -> None:
        """Exports what is left, for some seconds."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.to_thread(self._provider.shutdown)
        except TimeoutError:
            pass
        await self._exporter.close()


class OpenSpan:
    """A span that is not over yet."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, name: str, value: str | int | bool) -> None:
        """Adds an attribute."""
        self._span.set_attribute(name, value)

    def fail(self, text: str) -> None:
        """Sets the status, and tells the text as the SDKs tell errors."""
        self._span.set_status(trace.Status(trace.StatusCode.ERROR, text))
        self._span.add_event("exception", {"exception.message": text})
