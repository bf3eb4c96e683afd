from __future__ import annotations

import asyncio
import io
import ssl
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trustme
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from amp.cli.check.configuration import Configuration
from amp.config.tracing import Tracing as Config
from amp.errors import AmpError, ConfigError
from amp.fields.http import Header
from amp.fields.secret import Secret
from amp.fields.tls import TlsConfig
from amp.log import Logger
from amp.options import Options
from amp.tracing.door import TracedDoor, handler_of
from amp.tracing.provider import OpenTelemetry
from amp.tracing.tracing import Tracing
from collector import Collector

if TYPE_CHECKING:
    from pathlib import Path


def config(address: str, **settings: Any) -> Config:
    given = {"client_type": "http", "insecure": True, "sampling_fraction": 1.0} | settings
    return Config(endpoint=address, **given)


class Calls(service.TraceServiceServicer):  # type: ignore[misc]  # the library's
    """A collector that is called."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.metadata: dict[str, str] = {}

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.metadata = {pair.key: pair.value for pair in context.invocation_metadata()}
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.names += [span.name for span in scope.spans]
        return ExportTraceServiceResponse()


async def test_spans_go_to_the_collector_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    with Collector(context) as collector:
        tls = TlsConfig(ca_file=str(file))
        given = config(collector.address, insecure=False, tls_config=tls)
        provider = OpenTelemetry(given, Logger(io.StringIO()))
        with provider.span("outer", attributes={"a": 1}), provider.span("inner"):
            pass
        await provider.close()
    outer, inner = collector.wait("outer"), collector.wait("inner")
    assert inner.parent_id == outer.span_id
    assert outer.attributes == {"a": 1}


async def test_spans_go_to_a_grpc_collector() -> None:
    calls = Calls()
    server = grpc.server(futures.ThreadPoolExecutor(1))
    service.add_TraceServiceServicer_to_server(calls, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    headers = {"X-Scope": Header(values=("tenant",)), "X-Key": Header(secrets=(Secret("s"),))}
    given = config(f"127.0.0.1:{port}", client_type="grpc", headers=headers, compression="gzip")
    provider = OpenTelemetry(given, Logger(io.StringIO()))
    with provider.span("call"):
        pass
    await provider.close()
    await asyncio.to_thread(server.stop(None).wait)
    assert calls.names == ["call"]
    assert (calls.metadata["x-scope"], calls.metadata["x-key"]) == ("tenant", "s")


@pytest.mark.parametrize("client_type", ["http", "grpc"])
async def test_a_collector_that_is_away_is_told_in_the_log(client_type: str) -> None:
    stream = io.StringIO()
    given = config("127.0.0.1:1", client_type=client_type, timeout=2_000_000_000)
    provider = OpenTelemetry(given, Logger(stream))
    with provider.span("lost"):
        pass
    await provider.close()
    assert 'msg="OpenTelemetry handler returned an error" err="traces export: ' in stream.getvalue()


async def test_a_collector_that_refuses_is_told_in_the_log() -> None:
    stream = io.StringIO()
    with Collector(status=400) as collector:
        provider = OpenTelemetry(config(collector.address), Logger(stream))
        with provider.span("refused"):
            pass
        await provider.close()
    assert "failed to send to http://127.0.0.1" in stream.getvalue()


async def test_errors_fail_the_span_and_go_on() -> None:
    with Collector() as collector:
        provider = OpenTelemetry(config(collector.address), Logger(io.StringIO()))
        with pytest.raises(AmpError), provider.span("bad"):
            raise AmpError("it broke")
        await provider.close()
    assert collector.wait("bad").failed


async def test_grpc_refuses_what_it_cannot_do() -> None:
    tls = TlsConfig(insecure_skip_verify=True)
    given = config("127.0.0.1:1", client_type="grpc", insecure=False, tls_config=tls)
    with pytest.raises(ConfigError, match="client_type grpc knows no"):
        Tracing(Logger(io.StringIO())).built(given)


async def test_a_reload_changes_the_provider_only_when_something_changed() -> None:
    stream = io.StringIO()
    tracing = Tracing(Logger(stream))
    with Collector() as collector:
        first = tracing.built(config(collector.address))
        tracing.install(config(collector.address), first)
        assert tracing.built(config(collector.address)) is first
        tracing.install(config(collector.address), first)
        other = config(collector.address, sampling_fraction=0.5)
        second = tracing.built(other)
        assert second is not first
        tracing.install(other, second)
        tracing.install(None, tracing.built(None))
        assert tracing.provider is None
        await tracing.close()
    assert stream.getvalue().count("Successfully installed a new tracer provider.") == 2
    assert "Tracing provider uninstalled." in stream.getvalue()


async def test_requests_that_fail_are_failed_spans_only_while_spans_are_made() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 503})

    async def send(message: Any) -> None:
        sent.append(message["status"])

    sent: list[int] = []
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    tracing = Tracing(Logger(io.StringIO()))
    door = TracedDoor(application, tracing)
    await door(scope, None, send)
    with Collector() as collector:
        given = config(collector.address)
        tracing.install(given, tracing.built(given))
        await door(scope, None, send)
        await tracing.close()
    assert sent == [503, 503]
    (span,) = collector.spans
    assert (span.name, span.kind, span.failed) == ("GET /x", "server", True)
    assert span.attributes["http.response.status_code"] == 503


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v2/silence/1", "api.getSilenceHandler"),
        ("DELETE", "/prefix/api/v2/silence/1", "api.deleteSilenceHandler"),
        ("GET", "/api/v2/alerts/groups", "api.getAlertGroupsHandler"),
        ("GET", "/api/v2/other", None),
        ("GET", "/metrics", None),
    ],
)
def test_handlers_have_upstreams_names(method: str, path: str, name: str | None) -> None:
    assert handler_of(method, path) == name


def test_amp_check_refuses_what_the_server_refuses(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(
        "route: {receiver: r}\nreceivers: [{name: r}]\n"
        "tracing: {endpoint: 'h:1', tls_config: {insecure_skip_verify: true}}\n"
    )
    examined = Configuration(Options(config_file=str(file)))
    assert not examined.accepted
    assert "client_type grpc knows no" in str(examined.findings)
