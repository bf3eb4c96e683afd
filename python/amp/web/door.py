"""What a request passes before it reaches the application: rate limit, headers, passwords.

Upstream: exporter-toolkit web/handler.go webHandler.ServeHTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amp.errors import ConfigError
from amp.web.passwords import Passwords, TooMany

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from amp.bucket import Bucket
    from amp.log import Logger
    from amp.web.config import WebConfig, WebFile

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]
    Headers = list[tuple[bytes, bytes]]

TEXT: Headers = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
]
_SPACES = {ord("\r"): " ", ord("\n"): " "}
CHALLENGE: Headers = [(b"www-authenticate", b"Basic")]


class Door:
    """An ASGI application before another one.

    Args:
        file: asked at every request, so that new users and headers count at once.
        bucket: the rate limit, which is that of the start; None is no limit.
    """

    def __init__(
        self, application: Application, file: WebFile, bucket: Bucket | None, log: Logger
    ) -> None:
        self._application = application
        self._file = file
        self._bucket = bucket
        self._log = log
        self._passwords = Passwords()
        self._config: WebConfig | None = None
        self._headers: Headers = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or lets it pass."""
        try:
            config = self._file.read()
        except ConfigError as error:
            self._log.error("Unable to parse configuration", err=error)
            await _refuse(scope, send, 500, b"Internal Server Error\n")
            return
        if self._bucket is not None and not self._bucket.allow():
            await _refuse(scope, send, 429, b"Too Many Requests\n")
            return
        if config is not self._config:
            self._config = config
            self._headers = _headers(config)
        added = self._headers
        if config.basic_auth_users:
            try:
                if not await self._allowed(scope, config):
                    await _refuse(scope, send, 401, b"Unauthorized\n", CHALLENGE, added)
                    return
            except TooMany:
                await _refuse(scope, send, 503, b"Too many passwords to check\n", added)
                return
        if added:
            await self._application(scope, receive, _adding(send, added))
        else:
            await self._application(scope, receive, send)

    async def _allowed(self, scope: Scope, config: WebConfig) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization":
                return await self._passwords.allow(value, config.basic_auth_users)
        return False

    def close(self) -> None:
        """Ends what waits for a verdict."""
        self._passwords.close()


def _headers(config: WebConfig) -> Headers:
    """The configured headers as they are sent: one line each (Upstream: net/http header.go)."""
    return [
        (name.lower().encode(), value.translate(_SPACES).strip(" \t").encode())
        for name, value in config.http_server_config.headers.items()
    ]


def _adding(send: Send, added: Headers) -> Send:
    """Sends answers with more headers; the answer's own ones win."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            own = {name for name, _ in headers}
            headers += [header for header in added if header[0] not in own]
            message["headers"] = headers
        await send(message)

    return sending


async def _refuse(scope: Scope, send: Send, status: int, body: bytes, *headers: Headers) -> None:
    own = [*TEXT, (b"content-length", b"%d" % len(body))]
    names = {name for name, _ in own}
    own += [header for group in headers for header in group if header[0] not in names]
    await send({"type": "http.response.start", "status": status, "headers": own})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
