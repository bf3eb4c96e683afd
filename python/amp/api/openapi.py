"""`/api/amp/v1/openapi.json`: all of AMP's own endpoints, described once and for programs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from amp.api.answer import JSON, Answer, go_json

if TYPE_CHECKING:
    from amp.api.request import Request

PATH = "/api/amp/v1/openapi.json"
OPENAPI = "3.1.0"


class OpenapiApi:
    """Shows the document, which is made when somebody first asks.

    Args:
        prefix: of all paths; `/` or `/some/prefix`.
        version: AMP's.
    """

    def __init__(self, prefix: str, version: str) -> None:
        self._prefix = prefix
        self._version = version

    async def get(self, request: Request) -> Answer:
        """The document."""
        return Answer(200, self._body, [JSON, ("cache-control", "no-cache")])

    @cached_property
    def _body(self) -> bytes:
        return go_json(document(self._prefix, self._version)) + b"\n"


def document(prefix: str, version: str) -> dict[str, Any]:
    """The OpenAPI document."""
    from amp.api.describe import deliveries, history, inhibition, operations, webhook

    nouns = (webhook, history, deliveries, inhibition, operations)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Alertmanager++",
            "version": version,
            "summary": "The endpoints that Alertmanager does not have.",
            "description": "Alertmanager's own API is below /api/v2, as its OpenAPI file says.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": prefix}],
        "paths": {path: item for noun in nouns for path, item in noun.PATHS.items()},
        "components": {
            "schemas": {name: one for noun in nouns for name, one in noun.SCHEMAS.items()}
        },
    }
