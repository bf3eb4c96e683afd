"""Spans to a collector, as OTLP over HTTP or gRPC. Upstream: tracing/tracing.go getClient."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from amp.clock import SECOND_NS
from amp.errors import AmpError
from amp.fields.http import HttpConfig
from amp.httpclient import HttpClients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from amp.config.tracing import Tracing as Config
    from amp.log import Logger

TIMEOUT_SECONDS = 10.0


class Exporter(SpanExporter):
    """Sends batches on the SDK's thread; one that cannot be sent is lost and told of."""

    def __init__(self, config: Config, log: Logger) -> None:
        self._log = log
        self.timeout_seconds = config.timeout / SECOND_NS or TIMEOUT_SECONDS
        self.compressed = config.compression == "gzip"
        self.extra = {}
        for name, header in config.headers.items():
            if header.values:
                self.extra[name] = header.values[0]
            elif header.secrets:
                self.extra[name] = header.secrets[0].reveal()

    def send(self, spans: Sequence[ReadableSpan]) -> None:
        """Sends a batch.

        Raises:
            AmpError: when the collector did not take it.
        """
        raise NotImplementedError

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends a batch; an error is a line of the log."""
        try:
            self.send(spans)
        except AmpError as error:
            self._log.error(
                "OpenTelemetry handler returned an error", err=f"traces export: {error}"
            )
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    async def close(self) -> None:
        """Closes connections."""


class HttpExporter(Exporter):
    """POSTs to `/v1/traces` of the endpoint, over clients that make no spans themselves."""

    def __init__(self, config: Config, log: Logger) -> None:
        super().__init__(config, log)
        self._loop = asyncio.get_running_loop()
        scheme = "http" if config.insecure else "https"
        self._url = f"{scheme}://{config.endpoint}/v1/traces"
        self._clients = HttpClients(environment={})
        tls = None if config.insecure else config.tls_config
        settings = HttpConfig() if tls is None else HttpConfig(tls_config=tls)
        self._client = self._clients.client(settings)
        self._headers = {"Content-Type": "application/x-protobuf", **self.extra}
        if self.compressed:
            self._headers["Content-Encoding"] = "gzip"

    def send(self, spans: Sequence[ReadableSpan]) -> None:
        """Sends a batch over the application's loop."""
        body = encode_spans(spans).SerializeToString()
        if self.compressed:
            body = gzip.compress(body)
        sent = asyncio.run_coroutine_threadsafe(self._post(body), self._loop)
        try:
            sent.result(self.timeout_seconds + 1)
        except (TimeoutError, FutureTimeout):
            sent.cancel()
            raise AmpError(f"no answer from {self._url}: context deadline exceeded") from None

    async def _post(self, body: bytes) -> None:
        async with asyncio.timeout(self.timeout_seconds):
            response = await self._client.request(
                "POST", self._url, headers=self._headers, body=body, redacted=False
            )
        if response.status // 100 != 2:
            raise AmpError(f"failed to send to {self._url}: {response.status} {response.reason}")

    async def close(self) -> None:
        """Closes connections."""
        await self._clients.close()


def exporter(config: Config, log: Logger) -> Exporter:
    """The exporter that a block describes.

    Raises:
        ConfigError: when it cannot be made.
    """
    if config.client_type == "http":
        return HttpExporter(config, log)
    from amp.tracing.grpc_exporter import GrpcExporter

    return GrpcExporter(config, log)
