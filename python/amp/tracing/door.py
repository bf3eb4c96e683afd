"""Requests that come, inside spans. Upstream: tracing/http.go Middleware, api/v2/api.go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from amp.tracing.tracing import Provider, Tracing

HANDLERS = {
    ("GET", "/status"): "api.getStatusHandler",
    ("GET", "/receivers"): "api.getReceiversHandler",
    ("GET", "/alerts"): "api.getAlertsHandler",
    ("POST", "/alerts"): "api.postAlertsHandler",
    ("GET", "/alerts/groups"): "api.getAlertGroupsHandler",
    ("GET", "/silences"): "api.getSilencesHandler",
    ("POST", "/silences"): "api.postSilencesHandler",
    ("GET", "/silence"): "api.getSilenceHandler",
    ("DELETE", "/silence"): "api.deleteSilenceHandler",
}
API = "/api/v2"


class TracedDoor:
    """An ASGI application whose requests are spans while a provider is installed."""

    def __init__(self, application: Any, tracing: Tracing) -> None:
        self._application = application
        self._tracing = tracing

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Serves a request; without a provider this is the application's own call."""
        provider = self._tracing.provider
        if provider is None or scope["type"] != "http":
            call: Awaitable[None] = self._application(scope, receive, send)
            return call
        return self._traced(provider, scope, receive, send)

    async def _traced(self, provider: Provider, scope: Any, receive: Any, send: Any) -> None:
        method, path = scope["method"], scope["path"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        attributes: dict[str, str | int] = {"http.request.method": method, "url.path": path}
        with provider.span(f"{method} {path}", "server", attributes, headers) as span:

            async def told(message: Any) -> None:
                if message["type"] == "http.response.start":
                    span.set("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.fail("")
                await send(message)

            handler = handler_of(method, path)
            if handler is None:
                await self._application(scope, receive, told)
                return
            with provider.span(handler):
                await self._application(scope, receive, told)


def handler_of(method: str, path: str) -> str | None:
    """The name of the handler below a path of the API."""
    _, found, rest = path.partition(API)
    if not found:
        return None
    name = "/silence" if rest.startswith("/silence/") else rest
    return HANDLERS.get((method, name))
