"""One HTTP request, as handlers read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from amp.api.answer import Refusal, runtime_error
from amp.api.media_type import media_type

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Receive = Callable[[], Awaitable[dict[str, Any]]]
    Send = Callable[[dict[str, Any]], Awaitable[None]]

TRUE_WORDS = frozenset(("true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"))


class ClientGone(Exception):
    """The client closed its connection in the middle of its request."""


class Request:
    """Method, path below the prefix, headers, query and body of one request."""

    __slots__ = ("_max_body_bytes", "_query", "_receive", "_scope", "method", "path")

    def __init__(self, scope: Scope, receive: Receive, path: str, max_body_bytes: int) -> None:
        self.method: str = scope["method"]
        self.path = path
        self._scope = scope
        self._receive = receive
        self._max_body_bytes = max_body_bytes
        self._query: list[tuple[str, str]] | None = None

    @property
    def upgraded(self) -> bool:
        """Whether the connection becomes a WebSocket when the answer is a stream."""
        return bool(self._scope["type"] == "websocket")

    @property
    def last_segment(self) -> str:
        """The last part of the path, decoded."""
        raw: bytes = self._scope["raw_path"]
        return unquote(raw.decode("latin-1").rstrip("/").rpartition("/")[2])

    def header(self, name: str) -> str | None:
        """The first header of this lower-case name."""
        wanted = name.encode("latin-1")
        for key, value in self._scope["headers"]:
            if key == wanted:
                text: str = value.decode("latin-1")
                return text
        return None

    def elsewhere(self, path: str) -> str:
        """Another path with the query of this request."""
        query = self._scope["query_string"].decode("latin-1")
        return f"{path}?{query}" if query else path

    @property
    def client(self) -> str:
        """The address that the connection comes from; empty for one without."""
        client = self._scope.get("client")
        return "" if not client else str(client[0])

    def parameters(self) -> list[tuple[str, str]]:
        """All query parameters, empty ones included, in order."""
        if self._query is None:
            self._query = parse_qsl(
                self._scope["query_string"].decode("latin-1"),
                keep_blank_values=True,
                errors="replace",
            )
        return self._query

    def values(self, name: str) -> list[str]:
        """All values of a query parameter, empty ones included, in order."""
        return [value for key, value in self.parameters() if key == name]

    def flag(self, name: str, default: bool = True) -> bool:
        """A boolean parameter as upstream reads it: unknown words are false, never an error."""
        given = self.values(name)
        if not given or given[-1] == "":
            return default
        return given[-1].lower() in TRUE_WORDS

    async def body(self) -> bytes:
        """The whole body.

        Raises:
            Refusal: 413 when it is larger than the limit, before it is held in memory.
        """
        message = await self._receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            self._check(len(body))
            return body
        parts, size = [body], len(body)
        while message.get("more_body", False):
            self._check(size)
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
        self._check(size)
        return b"".join(parts)

    def _check(self, size: int) -> None:
        limit = self._max_body_bytes
        if limit and size > limit:
            text = f"request body is larger than {limit} bytes (--amp.limits.body-bytes)"
            raise Refusal(runtime_error(413, 413, text))


def check_body_type(request: Request, body: bytes) -> None:
    """Refuses a body that is not JSON (415). An empty one is the decoder's to refuse.

    Upstream: go-openapi runtime middleware.
    """
    if body:
        given = request.header("content-type") or "application/octet-stream"
        try:
            media = media_type(given)
        except ValueError as error:
            text = f'parsing Content-Type header from "{given}" failed, because {error}'
            raise Refusal(runtime_error(400, 400, text)) from None
        if media != "application/json":
            text = f'unsupported media type "{given}", only [application/json] are allowed'
            raise Refusal(runtime_error(415, 415, text))


def check_accept(request: Request) -> None:
    """Refuses clients that want something else than JSON (406).

    Upstream: go-openapi runtime middleware; only for answers that have a body.
    """
    accept = request.header("accept")
    if accept is not None and not _takes_json(accept):
        text = "unsupported media type requested, only [application/json] are available"
        raise Refusal(runtime_error(406, 406, text))


def _takes_json(accept: str) -> bool:
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media in ("*/*", "application/*", "application/json") and "q=0" not in parameters:
            return True
    return False
