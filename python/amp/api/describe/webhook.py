"""`/webhook` and `/webhook/proxy`."""

from __future__ import annotations

from amp.api.describe.parts import (
    ERROR,
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
    busy,
    errors,
    post,
    record,
    refer,
    word,
)
from amp.webhook.detect import FORMS

_TAG = "webhook"
_COUNTS = ("received", "processed", "filtered", "published", "failed")
_REFUSED = {
    **errors(_413="The body or the number of alerts is over its limit.", _415="It is not JSON."),
    **busy("More requests than --amp.webhook.rate allows."),
}
_REJECTED = record(
    {"index": WHOLE, "alert_name": TEXT, "fingerprint": FINGERPRINT, "error": TEXT},
    optional=("fingerprint",),
)
_TAKEN = record(
    {
        "status": word("success", "error"),
        "format": word(*(form.name for form in FORMS)),
        "received": WHOLE,
        "accepted": WHOLE,
        "rejected": array(_REJECTED),
        "truncated": WHOLE,
        "error": TEXT,
    },
    optional=("error",),
)
_PUBLISHED = record(
    {
        "target": TEXT,
        "success": YES_OR_NO,
        "status_code": WHOLE,
        "latency_seconds": NUMBER,
        "error": TEXT,
        "skipped": TEXT,
    },
    optional=("status_code", "error", "skipped"),
)
_RESULT = record(
    {
        "fingerprint": FINGERPRINT,
        "alert_name": TEXT,
        "status": word("success", "filtered", "partial", "failed"),
        "classification": {"type": "object"},
        "filter_action": word("passed", "filtered"),
        "filter_reason": TEXT,
        "publishing_results": array(_PUBLISHED),
        "index": WHOLE,
        "error": TEXT,
    },
    optional=("fingerprint", "classification", "filter_action", "filter_reason", "index", "error"),
)
_PROXIED = record(
    {
        "status": word("success", "partial", "failed"),
        "alerts_summary": record({f"total_{name}": WHOLE for name in _COUNTS}),
        "alert_results": array(_RESULT),
        "processing_seconds": NUMBER,
        "truncated": WHOLE,
        "error": TEXT,
    },
    optional=("truncated", "error"),
)
_ALERT = record(
    {
        "status": word("firing", "resolved"),
        "labels": LABELS,
        "annotations": LABELS,
        "startsAt": INSTANT,
        "endsAt": INSTANT,
        "generatorURL": TEXT,
    },
    optional=("status", "annotations", "startsAt", "endsAt", "generatorURL"),
)
_MESSAGE = record(
    {
        "version": {"const": "4"},
        "alerts": {"type": ["array", "null"], "items": refer("WebhookAlert")},
        "truncatedAlerts": WHOLE,
    },
    optional=("alerts", "truncatedAlerts"),
)

SCHEMAS: Json = {
    "Error": ERROR,
    "WebhookAlert": _ALERT,
    "WebhookMessage": _MESSAGE,
    "WebhookTaken": _TAKEN,
    "WebhookProxied": _PROXIED,
}

PATHS: Paths = {
    "/webhook": {
        "post": post(
            "postWebhook",
            "Stores alerts of any format that is known.",
            {
                "200": answer("What was taken.", refer("WebhookTaken")),
                "400": answer(
                    "Nothing was taken, or nothing is recognised.",
                    {"anyOf": [refer("WebhookTaken"), refer("Error")]},
                ),
                **_REFUSED,
            },
            {
                "anyOf": [
                    refer("WebhookMessage"),
                    array(refer("WebhookAlert")),
                    {"type": ["object", "array"]},
                ]
            },
            tag=_TAG,
        )
    },
    "/webhook/proxy": {
        "post": post(
            "postWebhookProxy",
            "Stores a webhook of Alertmanager, delivers at once, tells what became of each alert.",
            {
                "200": answer("Everything went as it should.", refer("WebhookProxied")),
                "207": answer("Something failed.", refer("WebhookProxied")),
                "400": answer(
                    "Nothing was taken, or it is no webhook of Alertmanager.",
                    {"anyOf": [refer("WebhookProxied"), refer("Error")]},
                ),
                **_REFUSED,
            },
            refer("WebhookMessage"),
            tag=_TAG,
        )
    },
}
