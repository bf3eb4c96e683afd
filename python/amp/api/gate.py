"""The one door: every request passes here before a handler sees it.

Prefix, unknown paths and methods, cross-origin rules, the limit of concurrent GETs, the time limit,
metrics, and the last guard against a traceback on the wire.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from amp.api.answer import (
    NO_STORE,
    Answer,
    Refusal,
    Stream,
    go_json,
    plain_error,
    redirect,
    runtime_error,
)
from amp.api.live import Live, serve_live
from amp.api.request import ClientGone, Request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

    from amp.api.cors import Cors
    from amp.api.request import Receive, Scope, Send
    from amp.log import Logger
    from amp.metrics import Metrics

    Handler = Callable[[Request], Awaitable[Answer]]
    Methods = Mapping[str, Handler]

V2 = "/api/v2/"
_SLASH = re.compile("%(2f)", re.IGNORECASE)


class Route:
    """A path and what answers its methods.

    Attributes:
        label: the metric's `handler`.
        sized: whether answers are counted in the size histogram (upstream: not for v2).
    """

    __slots__ = ("label", "methods", "sized")

    def __init__(self, label: str, methods: Methods, *, sized: bool) -> None:
        self.label = label
        self.methods = methods
        self.sized = sized


class Gate:
    """An ASGI application over a literal table of routes.

    Args:
        routes: by path below the prefix.
        patterns: routes with one variable part, tried in order after the table.
        prefix: `/` or `/some/prefix`.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        patterns: Sequence[tuple[re.Pattern[str], Route]],
        *,
        prefix: str,
        cors: Cors | None,
        get_concurrency: int,
        timeout_seconds: float,
        max_body_bytes: int,
        metrics: Metrics,
        log: Logger,
    ) -> None:
        self._routes = routes
        self._patterns = patterns
        self._prefix = "" if prefix == "/" else prefix
        self._cors = cors
        self._get_concurrency = get_concurrency
        self._timeout_seconds = timeout_seconds
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics
        self._log = log
        self._gets = 0
        self._seconds: dict[tuple[str, str, int], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            answer = await self._answer(scope, receive)
        except ClientGone:
            return
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        ]
        if isinstance(answer, Live):
            await serve_live(answer, headers, scope, receive, send)
            return
        if isinstance(answer, Stream):
            await self._stream(scope, answer, headers, receive, send)
            return
        body = answer.body
        if scope["method"] == "HEAD":
            headers = [] if answer.status == 200 else headers
            body = b""
        headers.append((b"content-length", b"%d" % len(answer.body)))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _stream(
        self,
        scope: Scope,
        answer: Stream,
        headers: list[tuple[bytes, bytes]],
        receive: Receive,
        send: Send,
    ) -> None:
        """Sends a body as it is made, until it ends or the client leaves."""
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if scope["method"] == "HEAD":
            await answer.chunks.aclose()
            await send({"type": "http.response.body", "body": b""})
            return
        sending = asyncio.create_task(_send_chunks(answer.chunks, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
            await answer.chunks.aclose()
        error = None if sending.cancelled() else sending.exception()
        if error is not None:
            self._failed(scope["path"], error)
            raise error

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path = _parted(scope)
        if self._prefix:
            outside = self._outside(scope["method"], path)
            if outside is not None:
                return outside
            path = path[len(self._prefix) :]
        request = Request(scope, receive, path, self._max_body_bytes)
        in_v2 = path.startswith(V2)
        if in_v2 and self._cors is not None:
            preflight = self._cors.preflight(request)
            if preflight is not None:
                return preflight
        route = self._find(path, in_v2=in_v2)
        if route is None:
            answer = self._unknown(request, in_v2=in_v2)
        else:
            answer = await self._serve(route, request, in_v2=in_v2)
        if in_v2 and self._cors is not None:
            self._cors.mark(request, answer)
        return answer

    def _outside(self, method: str, path: str) -> Answer | None:
        """The answer for a path that is not below the prefix."""
        if path == "/":
            return redirect(method, 302, self._prefix)
        if path == self._prefix:
            return redirect(method, 301, self._prefix + "/")
        if not path.startswith(self._prefix + "/"):
            return plain_error(404, "404 page not found")
        return None

    def _find(self, path: str, *, in_v2: bool) -> Route | None:
        route = self._routes.get(path)
        if route is None and in_v2 and path.endswith("/"):
            route = self._routes.get(path.rstrip("/"))
        if route is None:
            for pattern, candidate in self._patterns:
                if pattern.fullmatch(path):
                    return candidate
        return route

    def _unknown(self, request: Request, *, in_v2: bool) -> Answer:
        path = request.path
        clean = V2 if path == V2[:-1] else _clean(path)
        if clean != path:
            return redirect(request.method, 307, request.elsewhere(self._prefix + clean))
        near = self._routes.get(fixed := path.rstrip("/").lower())
        if near is not None and request.method in near.methods and not fixed.startswith(V2):
            status = 301 if request.method == "GET" else 307
            return redirect(request.method, status, request.elsewhere(self._prefix + fixed))
        if in_v2:
            started = time.perf_counter()
            answer = runtime_error(404, 404, f"path {path} was not found")
            # One label for all unknown paths: a scanner must not fill the memory.
            self._measure("/api/v2/", request.method, 404, started)
            return answer
        return plain_error(404, "404 page not found")

    async def _serve(self, route: Route, request: Request, *, in_v2: bool) -> Answer:
        method = request.method
        is_get = method == "GET"
        if is_get:
            if self._gets >= self._get_concurrency:
                self._metrics.http_limited.inc()
                return self._too_many()
            self._gets += 1
            self._metrics.http_in_flight.set(self._gets)
        started = time.perf_counter()
        try:
            handler = route.methods.get(method)
            if handler is None:
                answer = self._wrong_method(route, method, in_v2=in_v2)
                if not in_v2:
                    return answer
            elif self._timeout_seconds > 0:
                answer = await self._within_time(handler, request)
            else:
                answer = await self._guarded(handler, request)
        finally:
            if is_get:
                self._gets -= 1
                self._metrics.http_in_flight.set(self._gets)
        self._measure(route.label, method, answer.status, started)
        if route.sized:
            labels = (route.label, method.lower())
            self._metrics.http_bytes.labels(*labels).observe(len(answer.body))
        return answer

    async def _guarded(self, handler: Handler, request: Request) -> Answer:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal.answer
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001  # the edge: a fault of ours is an answer, not a traceback
            self._failed(request.path, error)
            return Answer(
                500,
                go_json("internal server error") + b"\n",
                [NO_STORE, ("content-type", "application/json")],
            )

    def _failed(self, path: str, error: BaseException) -> None:
        self._metrics.loop_errors.labels("request").inc()
        self._log.error("request failed", path=path, err=f"{type(error).__name__}: {error}")

    async def _within_time(self, handler: Handler, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._guarded(handler, request)
        except TimeoutError:
            text = f"Exceeded configured timeout of {_duration(self._timeout_seconds)}.\n"
            return Answer(503, text.encode(), [("content-type", "text/plain; charset=utf-8")])

    def _too_many(self) -> Answer:
        text = (
            f"Limit of concurrent GET requests reached ({self._get_concurrency}), "
            "try again later.\n"
        )
        return plain_error(503, text)

    def _wrong_method(self, route: Route, method: str, *, in_v2: bool) -> Answer:
        allowed = ",".join(sorted(route.methods))
        if in_v2:
            text = f"method {method} is not allowed, but [{allowed}] are"
            answer = runtime_error(405, 405, text)
            answer.headers.append(("allow", allowed))
            return answer
        options = sorted({*route.methods, "OPTIONS"})
        allow = ("allow", ", ".join(options))
        if method == "OPTIONS":
            return Answer(200, b"", [allow])
        answer = plain_error(405, "Method Not Allowed")
        answer.headers.append(allow)
        return answer

    def _measure(self, label: str, method: str, status: int, started: float) -> None:
        key = (label, method, status)
        observe = self._seconds.get(key)
        if observe is None:
            name = method.lower() if method in _METHODS else "unknown"
            observe = self._metrics.http_seconds.labels(label, name, str(status)).observe
            self._seconds[key] = observe
        observe(time.perf_counter() - started)


async def _send_chunks(chunks: AsyncGenerator[bytes, None], send: Send) -> None:
    async for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    """Ends when the client closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _parted(scope: Scope) -> str:
    """The path, decoded; in the API all but slashes that were escaped: they part no segments."""
    path: str = scope["path"]
    raw: bytes = scope["raw_path"]
    if V2 not in path or b"%2f" not in raw.lower():
        return path
    return unquote(_SLASH.sub(r"%25\1", raw.decode("latin-1")))


def _clean(path: str) -> str:
    """The path without doubled slashes and dots; a final slash stays."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean


_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT")
)


def _duration(seconds: float) -> str:
    from amp.fields.duration import format_go_duration

    return format_go_duration(int(seconds * 1e9))
