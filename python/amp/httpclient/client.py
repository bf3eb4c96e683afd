"""Clients: one for each `http_config`, all sharing the bounds of their destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.fields.http import HttpConfig
from amp.httpclient.credential import Basic, Credential, Token, basic
from amp.httpclient.failure import RequestError
from amp.httpclient.gate import Gates
from amp.httpclient.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amp.httpclient.gate import Load
    from amp.httpclient.response import Response
    from amp.httpclient.target import Target
    from amp.httpclient.transport import Transport

USER_AGENT = "Alertmanager/0.34.2"
IN_FLIGHT = 512
KNOWN_TARGETS = 256


class HttpClients:
    """Makes the clients of one application and bounds what they do together.

    Args:
        environment: where `proxy_from_environment` looks; the process's variables.
        in_flight: requests under way to one destination (scheme, host, port); more wait in line.
    """

    def __init__(self, *, environment: Mapping[str, str], in_flight: int = IN_FLIGHT) -> None:
        self.environment = environment
        self.gates = Gates(in_flight)
        self._clients: list[HttpClient] = []

    def client(self, config: HttpConfig | None = None) -> HttpClient:
        """A client for one `http_config`; None means its defaults."""
        client = HttpClient(config or HttpConfig(), self)
        self._clients.append(client)
        return client

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
    """Sends requests as one `http_config` says. There is no timeout but the caller's."""

    def __init__(self, config: HttpConfig, shared: HttpClients) -> None:
        self._config = config
        self._shared = shared
        self._transport: Transport | None = None
        self._targets: dict[str, Target] = {}
        self._credential = _credential(config)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        redacted: bool = True,
    ) -> Response:
        """Sends a request and reads its answer, following redirects where that is configured.

        Args:
            method: upper case.
            url: where to; it is a secret.
            headers: names as they shall appear on the wire.
            body: the whole body.
            redacted: whether errors hide the URL.

        Raises:
            RequestError: when there is no answer; the text begins as Go's (`Post "<redacted>": `).
        """
        target = self._target(url)
        shown = "<redacted>" if redacted else url
        try:
            return await self._send(method, target, headers or {}, body)
        except RequestError as error:
            raise RequestError(f'{method.capitalize()} "{shown}": {error}') from None

    async def close(self) -> None:
        """Closes the connections."""
        self._shared.forget(self)
        if self._transport is not None:
            await self._transport.close()

    def _target(self, url: str) -> Target:
        target = self._targets.get(url)
        if target is None:
            target = parse_target(url)
            if len(self._targets) >= KNOWN_TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target

    async def _send(
        self, method: str, target: Target, headers: Mapping[str, str], body: bytes
    ) -> Response:
        if target.scheme != "http":
            raise RequestError(f'unsupported protocol scheme "{target.scheme}"')
        if not target.host:
            raise RequestError("http: no Host in request URL")
        sent = [("User-Agent", USER_AGENT), *headers.items()]
        if "Authorization" not in headers:
            if target.user is not None:
                sent.append(("Authorization", basic(*target.user)))
            elif self._credential is not None:
                sent.append(("Authorization", await self._credential.header()))
        _check_headers(sent)
        gates = self._shared.gates
        await gates.enter(target.origin)
        try:
            return await self._open().send(method, target, sent, body)
        finally:
            gates.leave(target.origin)

    def _open(self) -> Transport:
        """The transport; aiohttp is imported at the first request, not at start."""
        if self._transport is None:
            from amp.httpclient.transport import Transport

            self._transport = Transport()
        return self._transport


def _credential(config: HttpConfig) -> Credential | None:
    if config.basic_auth is not None:
        return Basic(config.basic_auth)
    if config.authorization is not None:
        return Token(config.authorization)
    return None


def _check_headers(headers: list[tuple[str, str]]) -> None:
    for name, value in headers:
        if "\r" in value or "\n" in value or "\0" in value:
            raise RequestError(f'net/http: invalid header field value for "{name}"')
