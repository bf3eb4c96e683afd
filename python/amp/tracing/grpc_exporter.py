"""Spans as OTLP over gRPC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from amp.errors import AmpError, ConfigError
from amp.tracing.exporter import Exporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from amp.config.tracing import Tracing as Config
    from amp.fields.tls import TlsConfig
    from amp.log import Logger


class GrpcExporter(Exporter):
    """Calls the collector's service on the SDK's thread."""

    def __init__(self, config: Config, log: Logger) -> None:
        super().__init__(config, log)
        compression = grpc.Compression.Gzip if self.compressed else grpc.Compression.NoCompression
        if config.insecure:
            self._channel = grpc.insecure_channel(config.endpoint, compression=compression)
        else:
            tls = config.tls_config
            options = []
            if tls is not None and tls.server_name:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            self._channel = grpc.secure_channel(
                config.endpoint, _credentials(tls), options, compression
            )
        self._service = TraceServiceStub(self._channel)  # type: ignore[no-untyped-call]  # the library's
        self._metadata = [(name.lower(), value) for name, value in self.extra.items()]

    def send(self, spans: Sequence[ReadableSpan]) -> None:
        """Sends a batch."""
        try:
            self._service.Export(
                encode_spans(spans), timeout=self.timeout_seconds, metadata=self._metadata
            )
        except grpc.RpcError as error:
            code, details = error.code(), error.details()
            raise AmpError(f"rpc error: code = {code.name} desc = {details}") from None

    async def close(self) -> None:
        """Closes the connection."""
        self._channel.close()


def _credentials(tls: TlsConfig | None) -> grpc.ChannelCredentials:
    if tls is None:
        return grpc.ssl_channel_credentials()
    ca = _content(tls.ca, tls.ca_file)
    key = _content(tls.key.reveal(), tls.key_file)
    return grpc.ssl_channel_credentials(ca, key, _content(tls.cert, tls.cert_file))


def _content(text: str, file: str) -> bytes | None:
    if not file:
        return text.encode() or None
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"open {file}: {(error.strerror or str(error)).lower()}") from None
