"""`/api/amp/v1/deliveries`."""

from __future__ import annotations

from amp.api.describe.parts import (
    FINGERPRINT,
    INSTANT,
    LABELS,
    MAYBE_INSTANT,
    MAYBE_TEXT,
    MAYBE_WHOLE,
    NUMBER,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Json,
    Paths,
    answer,
    array,
    busy,
    errors,
    get,
    in_path,
    post,
    query,
    record,
    refer,
    word,
)

_TAG = "deliveries"
PARAMETERS: list[Json] = [
    query("receiver", TEXT, "The receiver's name.", many=True),
    query("integration", TEXT, "The integration's type: `webhook`, `slack`, …", many=True),
    query("group_key", TEXT, "The group's key.", many=True),
    query("status", word("delivered", "failed"), "How the attempt ended.", many=True),
    query("reason", TEXT, "Why it was sent: `first notification`, …, `resend`.", many=True),
    query("fingerprint", FINGERPRINT, "An alert that was told of.", many=True),
    query("from", TEXT, "Attempts from then on: RFC 3339 or Unix seconds."),
    query("to", TEXT, "Attempts before: RFC 3339 or Unix seconds."),
    query("min_latency", TEXT, "The least latency: `500ms`, `2s`."),
    query("status_code", WHOLE, "The answer's HTTP status.", many=True),
    query("flush_id", WHOLE, "The flush that it belongs to."),
    query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "Rows of a page."),
    query("cursor", TEXT, "`next_cursor` of the page before."),
]
_FIELDS: dict[str, Json] = {
    "id": WHOLE,
    "at": INSTANT,
    "flush_id": WHOLE,
    "group_key": TEXT,
    "receiver": TEXT,
    "integration": TEXT,
    "position": WHOLE,
    "reason": TEXT,
    "attempt": WHOLE,
    "status": word("delivered", "failed"),
    "retryable": YES_OR_NO,
    "failure": TEXT,
    "status_code": MAYBE_WHOLE,
    "latency_seconds": NUMBER,
    "error": TEXT,
    "target": TEXT,
}
_ALERT = record(
    {
        "fingerprint": FINGERPRINT,
        "status": word("firing", "resolved"),
        "labels": LABELS,
        "annotations": LABELS,
        "generator_url": TEXT,
        "starts_at": INSTANT,
        "ends_at": MAYBE_INSTANT,
    }
)

SCHEMAS: Json = {
    "Delivery": record(_FIELDS),
    "DeliveryPage": record(
        {
            "deliveries": array(refer("Delivery")),
            "total": WHOLE,
            "total_is_estimate": YES_OR_NO,
            "next_cursor": MAYBE_TEXT,
            "incomplete": record({"dropped": WHOLE, "detail": TEXT}),
        },
        optional=("incomplete",),
    ),
    "DeliveryInFull": record(
        {
            **_FIELDS,
            "method": TEXT,
            "requests": WHOLE,
            "request": TEXT,
            "answer": TEXT,
            "group": record({"key": TEXT, "receiver": TEXT, "labels": LABELS}),
            "alerts": {"type": ["array", "null"], "items": _ALERT},
            "attempts": array(refer("Delivery")),
        }
    ),
    "Resent": record(
        {
            "id": WHOLE,
            "status": word("delivered", "failed"),
            "status_code": MAYBE_WHOLE,
            "latency_seconds": NUMBER,
            "error": TEXT,
        }
    ),
}

_ID = in_path("id", WHOLE, "The attempt's id.")
_UNREAD = errors(
    _400="A parameter is unknown or malformed; it is named.",
    _404="There is no such attempt, or no history is kept.",
    _503="The store does not answer.",
)

PATHS: Paths = {
    "/api/amp/v1/deliveries": {
        "get": get(
            "getDeliveries",
            "Attempts to deliver, newest first.",
            {"200": answer("A page.", refer("DeliveryPage")), **_UNREAD},
            PARAMETERS,
            tag=_TAG,
        )
    },
    "/api/amp/v1/deliveries/{id}": {
        "get": get(
            "getDelivery",
            "One attempt with what was sent and answered.",
            {"200": answer("The attempt.", refer("DeliveryInFull")), **_UNREAD},
            [_ID],
            tag=_TAG,
        )
    },
    "/api/amp/v1/deliveries/{id}/resend": {
        "post": post(
            "resendDelivery",
            "Sends it again, rendered anew by the configuration that runs.",
            {
                "200": answer("How it went.", refer("Resent")),
                **_UNREAD,
                **errors(_409="Its receiver is gone, or its alerts are."),
                **busy("Too many are sent again."),
            },
            tag=_TAG,
            parameters=[_ID],
        )
    },
}
