"""Clients: one for each `http_config`, all sharing the bounds of their destinations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from amp.errors import ConfigError
from amp.fields.http import HttpConfig
from amp.httpclient.credential import Basic, Credential, Token, basic
from amp.httpclient.dialer import Dialer
from amp.httpclient.exchange import CURRENT, place
from amp.httpclient.failure import RequestError
from amp.httpclient.gate import Gates
from amp.httpclient.header import ExtraHeaders, Headers, checked_headers, connect_headers
from amp.httpclient.proxy import SOCKS, Proxies
from amp.httpclient.redirect import MAX_REQUESTS, Hop, next_hop
from amp.httpclient.response import MAX_BODY_BYTES
from amp.httpclient.target import parse_target, without_password
from amp.httpclient.tls import Tls
from amp.httpclient.via import Via
from amp.options import UPSTREAM_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from amp.fields.http import OAuth2
    from amp.fields.tls import TlsConfig
    from amp.httpclient.gate import Load
    from amp.httpclient.resolver import Address
    from amp.httpclient.response import Response
    from amp.httpclient.target import Target
    from amp.httpclient.transport import Transport

USER_AGENT = f"Alertmanager/{UPSTREAM_VERSION}"
IN_FLIGHT = 512
KNOWN_TARGETS = 256
SCHEMES = frozenset({"http", "https"})


class RequestSpan(Protocol):
    """What a trace keeps of one request."""

    def set(self, name: str, value: str | int | bool) -> None:
        """Says something about it."""

    def fail(self, text: str) -> None:
        """Says that it failed."""


Trace = Callable[[str, str, "list[tuple[str, str]]"], AbstractContextManager[RequestSpan]]
"""Makes the span of a request from its method, its host and its headers, to which it may add."""


class HttpClients:
    """Makes the clients of one application and bounds what they do together.

    Args:
        environment: where `proxy_from_environment` looks; the process's variables.
        in_flight: requests under way to one destination (scheme, host, port); more wait in line.
        max_body_bytes: how much of an answer's body is read.

    Attributes:
        dialers: what became of connections, by name.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        in_flight: int = IN_FLIGHT,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.environment = environment
        self.max_body_bytes = max_body_bytes
        self.gates = Gates(in_flight)
        self.dialers: dict[str, Dialer] = {}
        self._tls: WeakValueDictionary[TlsConfig, Tls] = WeakValueDictionary()
        self._clients: list[HttpClient] = []
        self._library: asyncio.Task[ModuleType] | None = None

    def client(self, config: HttpConfig | None = None, dialer: str = "") -> HttpClient:
        """A client for one `http_config`; None means its defaults.

        Args:
            config: how it behaves.
            dialer: under which name its connections are counted, empty when they are not.

        Raises:
            ConfigError: with upstream's text, for certificates that cannot be used.
        """
        if dialer:
            self.dialers.setdefault(dialer, Dialer())
        client = HttpClient(config or HttpConfig(), self, dialer)
        self._clients.append(client)
        return client

    def tls(self, config: TlsConfig) -> Tls:
        """The TLS context of a `tls_config`, one for all who have an equal one."""
        tls = self._tls.get(config)
        if tls is None:
            tls = self._tls[config] = Tls(config)
        return tls

    def prepare(self) -> None:
        """Begins to import what the first request needs, beside the loop."""
        if self._library is None:
            self._library = asyncio.create_task(
                asyncio.to_thread(import_module, "amp.httpclient.transport")
            )

    async def library(self) -> ModuleType:
        """The module that needs aiohttp, once it is imported."""
        self.prepare()
        return await asyncio.shield(self._library)  # type: ignore[arg-type]  # prepared

    def load(self) -> Iterator[Load]:
        """How busy the destinations are, for metrics."""
        return self.gates.load()

    def forget(self, client: HttpClient) -> None:
        """Called by a client that closes."""
        if client in self._clients:
            self._clients.remove(client)

    async def close(self) -> None:
        """Closes the clients that are still open."""
        for client in self._clients.copy():
            await client.close()


class HttpClient:
    """Sends requests as one `http_config` says. There is no timeout but the caller's.

    Attributes:
        shared: what it shares with all clients of the application.
        dialer: under which name its connections are counted.
    """

    def __init__(self, config: HttpConfig, shared: HttpClients, dialer: str) -> None:
        self.shared = shared
        self.dialer = dialer
        self._dialer = shared.dialers.get(dialer) or Dialer()
        self._follow_redirects = config.follow_redirects
        self._tls = Tls(config.tls_config)
        self._tls.check()
        self._proxies = Proxies(config, shared.environment)
        self._connect_headers = connect_headers(config.proxy_connect_header)
        self._headers = ExtraHeaders(config.http_headers)
        self._credential = _credential(config, shared)
        self._transport: Transport | None = None
        self._targets: dict[str, Target] = {}
        self._derived: list[HttpClient] = []
        self._trace: Trace | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """The process's variables."""
        return self.shared.environment

    def derived(self, config: HttpConfig) -> HttpClient:
        """A client of its own for an integration that cannot use all of its `http_config`.

        It is closed with this one.

        Raises:
            ConfigError: as `HttpClients.client`.
        """
        client = self.shared.client(config, self.dialer)
        client.trace_by(self._trace)
        self._derived.append(client)
        return client

    def trace_by(self, trace: Trace | None) -> None:
        """Puts a span around each request, and tells of it in the request's headers."""
        self._trace = trace
        for client in self._derived:
            client.trace_by(trace)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redacted: bool = True,
        secret: bool = False,
    ) -> Response:
        """Sends a request and reads its answer, following redirects where that is configured.

        Args:
            method: upper case.
            url: where to; it is a secret.
            headers: names as they shall appear on the wire.
            body: the whole body.
            redacted: whether errors hide the URL.
            secret: whether the bodies are (tokens), so that nobody may keep them.

        Raises:
            RequestError: when there is no answer; the text begins as Go's (`Post "<redacted>": `).
        """
        target = self._target(url, redacted)
        hop = Hop(method, target, list(headers.items()) if headers else [], body, secret=secret)
        try:
            if self._trace is not None:
                return await self._traced(self._trace, hop)
            return await self._chain(hop)
        except RequestError as error:
            shown = "<redacted>" if redacted else without_password(url)
            raise RequestError(f'{method.capitalize()} "{shown}": {error}') from None

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, in the system's order; OSError as the system gives it."""
        transport = self._transport or await self._open()
        return await transport.addresses(host, port)

    async def close(self) -> None:
        """Closes the connections."""
        self.shared.forget(self)
        for client in self._derived:
            await client.close()
        if self._credential is not None:
            await self._credential.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    def _target(self, url: str, redacted: bool) -> Target:
        target = self._targets.get(url)
        if target is None:
            target = parse_target(url, redacted=redacted)
            if len(self._targets) >= KNOWN_TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target

    async def _traced(self, trace: Trace, hop: Hop) -> Response:
        with trace(hop.method, hop.target.host, hop.headers) as span:
            response = await self._chain(hop)
            span.set("http.response.status_code", response.status)
            if response.status >= 400:
                span.fail("")
            return response

    async def _chain(self, hop: Hop) -> Response:
        for _ in range(MAX_REQUESTS):
            response = await self._send(hop)
            following = next_hop(hop, response) if self._follow_redirects else None
            if following is None:
                return response
            hop = following
        raise RequestError(f"stopped after {MAX_REQUESTS} redirects")

    async def _send(self, hop: Hop) -> Response:
        target = hop.target
        if target.scheme not in SCHEMES:
            raise RequestError(f'unsupported protocol scheme "{target.scheme}"')
        if not target.host:
            raise RequestError("http: no Host in request URL")
        headers = [*hop.headers, *self._headers.read()]
        agent = next((value for name, value in hop.headers if name == "User-Agent"), None)
        if agent is None:
            agent = USER_AGENT
            headers.insert(0, ("User-Agent", agent))
        authorization = await self._authorization(hop, agent)
        if authorization is not None:
            headers = [pair for pair in headers if pair[0] != "Authorization"]
            headers.append(("Authorization", authorization))
        via = await self._via(target, headers)
        headers = checked_headers(headers)
        exchange = CURRENT.get()
        if exchange is not None:
            exchange.asked(hop.method, place(target), b"" if hop.secret else hop.body)
            for name, value in headers:
                if name == "Authorization":
                    exchange.authorized(value)
        gates = self.shared.gates
        await gates.enter(target.origin)
        try:
            transport = self._transport or await self._open()
            response = await transport.send(hop.method, target, headers, hop.body, via)
        finally:
            gates.leave(target.origin)
        if exchange is not None:
            exchange.answered(response.status, b"" if hop.secret else response.body)
        return response

    async def _authorization(self, hop: Hop, user_agent: str) -> str | None:
        """The header that is to be set; None leaves the request as it is.

        A token of OAuth 2 comes first, then what the request has, then the URL's user
        information, then the configuration's.
        """
        credential = None if hop.withheld else self._credential
        if credential is not None and credential.overrides:
            return await credential.header(user_agent)
        if any(name == "Authorization" for name, _ in hop.headers):
            return None
        if hop.target.user is not None:
            return basic(*hop.target.user)
        return None if credential is None else await credential.header(user_agent)

    async def _via(self, target: Target, headers: Headers) -> Via | None:
        """How to reach the target; a plain request through a proxy gets a header for it."""
        proxy = self._proxies.choose(target)
        secure = target.scheme == "https"
        if proxy is None and not secure:
            return None
        speaks_tls = secure or (proxy is not None and proxy.scheme == "https")
        context = await self._tls.context() if speaks_tls else None
        tunnel: Headers = []
        if proxy is not None:
            identity: Headers = []
            if proxy.user is not None and proxy.scheme not in SOCKS:
                identity = [("Proxy-Authorization", basic(*proxy.user))]
            if secure:
                tunnel = [("User-Agent", USER_AGENT), *self._connect_headers, *identity]
                tunnel = checked_headers(tunnel)
            else:
                headers += identity
        return Via(context, self._tls.server_name if secure else None, proxy, tunnel)

    async def _open(self) -> Transport:
        """The transport, once aiohttp is there."""
        module = await self.shared.library()
        if self._transport is None:
            self._transport = module.Transport(
                self._dialer, max_body_bytes=self.shared.max_body_bytes
            )
        transport: Transport = self._transport
        return transport


def _credential(config: HttpConfig, shared: HttpClients) -> Credential | None:
    if config.basic_auth is not None:
        return Basic(config.basic_auth)
    if config.authorization is not None:
        return Token(config.authorization)
    if config.oauth2 is not None:
        from amp.httpclient.oauth2 import TokenSource

        return TokenSource(config.oauth2, LateClient(config.oauth2, shared))
    return None


class LateClient:
    """The client of a token endpoint, made when the first token is asked for, as upstream does."""

    def __init__(self, config: OAuth2, shared: HttpClients) -> None:
        self._config = config
        self._shared = shared
        self._client: HttpClient | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redacted: bool = True,
        secret: bool = False,
    ) -> Response:
        """Sends a request."""
        if self._client is None:
            self._client = self._make()
        return await self._client.request(
            method, url, headers=headers, body=body, redacted=redacted, secret=secret
        )

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _make(self) -> HttpClient:
        config = self._config
        settings = HttpConfig(
            tls_config=config.tls_config,
            proxy_url=config.proxy_url,
            no_proxy=config.no_proxy,
            proxy_from_environment=config.proxy_from_environment,
            proxy_connect_header=config.proxy_connect_header,
        )
        try:
            return self._shared.client(settings)
        except ConfigError as error:
            raise RequestError(str(error)) from None
