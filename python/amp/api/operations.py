"""What probes, scrapers and operators call, and the deprecated v1 paths."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from amp.api.answer import JSON, Answer, go_json, plain, plain_error
from amp.api.exposition import CONTENT_TYPE, exposition
from amp.errors import AmpError

if TYPE_CHECKING:
    from amp.api.request import Request
    from amp.running import Running

V1_GONE = {
    "status": "deprecated",
    "error": (
        "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version "
        "0.27.0 - please use the equivalent route in the v2 API"
    ),
}
GZIP_ABOVE_BYTES = 1024


class OperationsApi:
    """What probes, scrapers and operators call."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._log = running.log.bind(component="api", version="v1")

    async def healthy(self, request: Request) -> Answer:
        """The process serves."""
        return plain(200, "OK")

    async def ready(self, request: Request) -> Answer:
        """The process takes alerts; 503 while it starts."""
        return plain(200, "OK")

    async def reload(self, request: Request) -> Answer:
        """Loads the configuration again; 500 with the reason leaves the old one running."""
        try:
            await self._running.reload()
        except AmpError as error:
            return plain_error(500, f"failed to reload config: {error}")
        return Answer(200, b"", [])

    async def health(self, request: Request) -> Answer:
        """Liveness with the parts' state, always 200 while the process serves."""
        parts = self._running.parts()
        return Answer(200, go_json({"status": "ok", "parts": parts}) + b"\n", [JSON])

    async def readiness(self, request: Request) -> Answer:
        """Readiness with the parts' state: 503 when a part that must work does not."""
        parts = self._running.parts()
        failing = any(part["status"] == "error" for part in parts.values())
        degraded = any(part["status"] != "ok" for part in parts.values())
        status = "unavailable" if failing else "degraded" if degraded else "ok"
        body = go_json({"status": status, "parts": parts}) + b"\n"
        return Answer(503 if failing else 200, body, [JSON])

    async def metrics(self, request: Request) -> Answer:
        """The text format 0.0.4, gzipped when the scraper takes it."""
        body = exposition(self._running.metrics.registry)
        headers = [("content-type", CONTENT_TYPE)]
        if len(body) > GZIP_ABOVE_BYTES and "gzip" in (request.header("accept-encoding") or ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers.append(("content-encoding", "gzip"))
        self._running.metrics.scrapes.labels("200").inc()
        return Answer(200, body, headers)

    async def v1(self, request: Request) -> Answer:
        """410: the v1 API is gone."""
        self._log.warn(
            "v1 API received a request on a removed endpoint",
            path=request.path,
            method=request.method,
        )
        return Answer(410, go_json(V1_GONE) + b"\n", [JSON])


ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    b'<path fill="#e6522c" d="M8 1 15 15H1z"/></svg>'
)


async def favicon(request: Request) -> Answer:
    """A small picture for browsers' tabs."""
    return Answer(200, ICON, [("content-type", "image/svg+xml")])


def front_page(title: str, version: str) -> Answer:
    """The static page at `GET /`: what this is, and the links."""
    links = "".join(
        f'<li><a href="{path}">{path}</a> {text}</li>'
        for path, text in (
            ("api/v2/status", "this replica and its configuration"),
            ("api/v2/alerts", "the alerts"),
            ("api/v2/alerts/groups", "the alerts by group"),
            ("api/v2/silences", "the silences"),
            ("api/v2/receivers", "the receivers"),
            ("history", "what fired, from start to end"),
            ("report", "the last seven days in one answer"),
            ("api/amp/v1/deliveries", "every attempt to deliver"),
            ("api/amp/v1/openapi.json", "the endpoints that Alertmanager does not have"),
            ("metrics", "metrics for Prometheus"),
            ("ready", "the state of the parts"),
        )
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>'
        f"{title}</title><h1>{title}</h1><p>Version {version}</p><ul>{links}</ul></html>\n"
    )
    return Answer(
        200,
        page.encode(),
        [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-cache")],
    )
