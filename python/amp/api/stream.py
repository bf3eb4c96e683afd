"""`/api/amp/v1/stream`: events as they happen, as WebSocket or as server-sent events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amp._core import MatcherError, parse_matcher
from amp.api.answer import NO_STORE, Answer, Refusal, own_error
from amp.api.live import Live
from amp.stream.client import Client
from amp.stream.filter import KINDS, Filter
from amp.stream.wire import SseWire, WebSocketWire

if TYPE_CHECKING:
    import asyncio

    from amp._core import Matcher
    from amp.api.cors import Cors
    from amp.api.request import Request
    from amp.stream.client import Ending
    from amp.stream.hub import Hub

PATH = "/api/amp/v1/stream"
MOST_MATCHERS = 64
RETRY_AFTER_SECONDS = 5
_NUMBER = re.compile("[0-9]{1,16}")
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class StreamApi:
    """Opens streams.

    Args:
        cors: which other origins may read, None for none.
        external_url: the address of this server in browsers, where a proxy hides its own.
        matcher_mode: how matchers are read.
    """

    def __init__(self, hub: Hub, cors: Cors | None, external_url: str, matcher_mode: str) -> None:
        self._hub = hub
        self._cors = cors
        self._external_host = urlsplit(external_url).netloc.lower()
        self._matcher_mode = matcher_mode
        self._wires = {wire.name: wire for wire in (WebSocketWire(), SseWire())}

    async def get(self, request: Request) -> Answer:
        """A stream, once its parameters are checked."""
        upgraded = request.upgraded
        if upgraded:
            self._check_origin(request)
        elif "websocket" in (request.header("upgrade") or "").lower():
            text = "the head of a WebSocket's request is too large, or its method is not GET"
            return own_error(400, text)
        wanted = Filter(_kinds(request), self._matchers(request))
        after = _after(request)
        if self._hub.full:
            answer = own_error(503, "too many streams are open (--amp.stream.clients)")
            answer.headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
            return answer
        wire = self._wires["websocket" if upgraded else "sse"]

        async def run(transport: asyncio.Transport, leaving: asyncio.Future[None]) -> Ending | None:
            return await self._hub.serve(Client(transport, wire, wanted, after), leaving)

        headers = [] if upgraded else [
            NO_STORE,
            ("content-type", "text/event-stream; charset=utf-8"),
            ("x-accel-buffering", "no"),
            ("connection", "close"),
        ]  # fmt: skip
        live = Live(headers, run)
        if self._cors is not None and not upgraded:
            self._cors.mark(request, live)
        return live

    def _check_origin(self, request: Request) -> None:
        """Refuses pages of other hosts: browsers let any page open a WebSocket, with passwords.

        Only browsers send an origin, and pages cannot change it.
        """
        origin = request.header("origin")
        if origin is None:
            return
        if self._cors is not None and self._cors.allows(origin):
            return
        scheme, _, host = origin.lower().partition("://")
        hosts = ((request.header("host") or "").lower(), self._external_host)
        if host and any(_same(scheme, host, other) for other in hosts):
            return
        text = "pages of this origin may not open a stream (--web.cors.origin)"
        raise Refusal(own_error(403, text, "Origin"))

    def _matchers(self, request: Request) -> list[Matcher]:
        given = request.values("filter")
        if len(given) > MOST_MATCHERS:
            raise Refusal(own_error(400, f"filter: more than {MOST_MATCHERS} matchers", "filter"))
        try:
            return [parse_matcher(text, self._matcher_mode) for text in given]
        except MatcherError as error:
            raise Refusal(own_error(400, f"filter: {error}", "filter")) from None


def _kinds(request: Request) -> list[str]:
    kinds = [
        kind.strip() for text in request.values("kinds") for kind in text.split(",") if kind.strip()
    ]
    for kind in kinds:
        if kind not in KINDS:
            text = f"kinds: there is no kind {kind!r}, but {', '.join(KINDS)}"
            raise Refusal(own_error(400, text, "kinds"))
    return kinds


def _after(request: Request) -> int | None:
    """Where to go on. A browser that connects again repeats the URL, so the header comes first."""
    name, text = "Last-Event-ID", None if request.upgraded else request.header("last-event-id")
    if not text:
        name, given = "after", request.values("after")
        if not given:
            return None
        text = given[-1]
    if _NUMBER.fullmatch(text) is None:
        raise Refusal(own_error(400, f"{name}: {text[:40]!r} is no sequence number", name))
    return int(text)


def _same(scheme: str, host: str, other: str) -> bool:
    """Whether both are one host; browsers leave a scheme's own port away."""
    port = _PORTS.get(scheme)
    return other in (host, f"{host}:{port}") or host == f"{other}:{port}"
