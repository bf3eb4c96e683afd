"""The stream, the probes with the parts' state, and this document."""

from __future__ import annotations

from amp.api.describe.parts import (
    FINGERPRINT,
    INSTANT,
    LABELS,
    NUMBER,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Json,
    Paths,
    answer,
    array,
    errors,
    get,
    query,
    record,
    refer,
    word,
)
from amp.stream.filter import KINDS

_PARTS: Json = {
    "type": "object",
    "additionalProperties": record(
        {"status": word("ok", "degraded", "error"), "detail": TEXT}, optional=("detail",)
    ),
}
_HEAD: Json = {"responses": {"200": {"description": "As GET, without a body."}}}

STREAM_PARAMETERS: list[Json] = [
    query("kinds", TEXT, f"Kinds of events, separated by commas: {', '.join(KINDS)}.", many=True),
    query("filter", TEXT, "A matcher of labels.", many=True),
    query("after", WHOLE, "The sequence number after which the stream goes on."),
    {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "As `after`, from a browser that connects again.",
        "schema": WHOLE,
    },
]

_OF_KINDS: dict[str, Json] = {
    "at": INSTANT,
    "fingerprint": FINGERPRINT,
    "alert_name": TEXT,
    "labels": LABELS,
    "starts_at": INSTANT,
    "annotations": LABELS,
    "generator_url": TEXT,
    "ends_at": INSTANT,
    "ended_by": word("sender", "timeout", "unknown"),
    "cause": refer("Cause"),
    "group_key": TEXT,
    "group_labels": LABELS,
    "receiver": TEXT,
    "firing": WHOLE,
    "resolved": WHOLE,
    "reason": TEXT,
    "fingerprints": array(FINGERPRINT),
    "integration": TEXT,
    "position": WHOLE,
    "attempt": WHOLE,
    "flush_id": WHOLE,
    "latency_seconds": NUMBER,
    "status_code": WHOLE,
    "will_retry": YES_OR_NO,
    "error": TEXT,
    "silence": {"type": "object"},
    "reload": record({"success": YES_OR_NO, "hash": TEXT, "error": TEXT}),
}
_SAID = ("hello", "gap", "cut")
"""What a stream says about itself."""

SCHEMAS: Json = {
    "StreamEvent": record(
        {"seq": WHOLE, "kind": word(*KINDS, *_SAID), **_OF_KINDS}, optional=_OF_KINDS
    ),
    "Health": record({"status": {"const": "ok"}, "parts": _PARTS}),
    "Readiness": record({"status": word("ok", "degraded", "unavailable"), "parts": _PARTS}),
}

PATHS: Paths = {
    "/api/amp/v1/stream": {
        "get": get(
            "getStream",
            "Events as they happen: server-sent events, or a WebSocket when asked for.",
            {
                "101": {"description": "A WebSocket begins."},
                "200": {
                    "description": "Server-sent events; the `data` of each is a `StreamEvent`,"
                    " as is each message of a WebSocket.",
                    "content": {"text/event-stream": {"schema": TEXT}},
                },
                **errors(
                    _400="A parameter is malformed; it is named.",
                    _403="Pages of this origin may not open a WebSocket.",
                    _503="Too many streams are open.",
                ),
            },
            STREAM_PARAMETERS,
            tag="stream",
        )
    },
    "/health": {
        "get": get(
            "getHealth",
            "Liveness with the parts' state.",
            {"200": answer("The process serves.", refer("Health"))},
            tag="operations",
        ),
        "head": {"operationId": "headHealth", "tags": ["operations"], **_HEAD},
    },
    "/ready": {
        "get": get(
            "getReadiness",
            "Readiness with the parts' state.",
            {
                "200": answer("It is ready, perhaps degraded.", refer("Readiness")),
                "503": answer("A part that must work does not.", refer("Readiness")),
            },
            tag="operations",
        ),
        "head": {"operationId": "headReadiness", "tags": ["operations"], **_HEAD},
    },
    "/api/amp/v1/openapi.json": {
        "get": get(
            "getOpenapi",
            "This document.",
            {"200": answer("OpenAPI 3.1.", {"type": "object"})},
            tag="operations",
        )
    },
}
