"""`/history` and what hangs below it, `/report`; all of them below `/api/amp/v1`, too."""

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
    errors,
    get,
    in_path,
    query,
    record,
    refer,
    word,
)
from amp.query.question import SORTS
from amp.query.timeline import KINDS

_TAG = "history"
_CONFIDENCE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_PARAMETERS: dict[str, Json] = {
    one["name"]: one
    for one in (
        query("status", word("firing", "resolved"), "How the episode stands.", many=True),
        query("severity", TEXT, "The label `severity`.", many=True),
        query("namespace", TEXT, "The label `namespace`.", many=True),
        query("from", TEXT, "Episodes that had not ended before: RFC 3339 or Unix seconds."),
        query("to", TEXT, "Episodes that began before: RFC 3339 or Unix seconds."),
        query("filter", TEXT, "A matcher: `name=value`, `!=`, `=~`, `!~`.", many=True),
        query("fingerprint", FINGERPRINT, "The alert's fingerprint.", many=True),
        query("alert_name", TEXT, "The label `alertname`.", many=True),
        query("alert_name_pattern", TEXT, "A glob of the name: `*` and `?`.", many=True),
        query("search", TEXT, "Words, or their beginnings, of name, summary and description."),
        query("generator_url", TEXT, "The generator URL.", many=True),
        query("min_duration", TEXT, "The shortest duration: `90`, `90s`, `1h30m`."),
        query("max_duration", TEXT, "The longest duration."),
        query("is_resolved", YES_OR_NO, "Whether the episode is over."),
        query("receiver", TEXT, "A receiver that was to be told.", many=True),
        query("silenced", YES_OR_NO, "Whether a silence muted it at any moment."),
        query("inhibited", YES_OR_NO, "Whether another alert inhibited it at any moment."),
        query("group_key", TEXT, "The key of a group that it was in.", many=True),
        query("delivery_status", word("delivered", "failed", "pending"), "Deliveries.", many=True),
        query("silence_id", TEXT, "A silence that muted it.", many=True),
        query("is_flapping", YES_OR_NO, "Whether it flapped."),
        query("classification_severity", TEXT, "Matches nothing yet.", many=True),
        query("classification_source", TEXT, "Matches nothing yet.", many=True),
        query("has_classification", YES_OR_NO, "`true` matches nothing yet."),
        query("min_confidence", _CONFIDENCE, "Matches nothing yet."),
        query("max_confidence", _CONFIDENCE, "Matches nothing yet."),
        query("sort", word(*SORTS), "What is sorted by."),
        query("order", word("asc", "desc"), "Which way."),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "Rows of a page."),
        query("cursor", TEXT, "`next_cursor` of the page before."),
        query("format", word("json", "csv", "ndjson"), "CSV and NDJSON send all rows."),
        query("by", word("fingerprint", "alert_name"), "What is counted."),
        query("min_score", _CONFIDENCE, "The least flapping score."),
        query("top_limit", {"type": "integer", "minimum": 1, "maximum": 100}, "Rows of a part."),
        query("min_flap_count", {"type": "integer", "minimum": 1}, "The fewest episodes."),
        query(
            "label",
            LABELS,
            "`label[NAME]=value`: the value of any label; repeated, one of them.",
        )
        | {"style": "deepObject", "explode": True},
    )
}
_SERIES = ("severity", "namespace", "alert_name", "alert_name_pattern", "filter", "label")
LIST = tuple(
    name for name in _PARAMETERS if name not in ("by", "min_score", "top_limit", "min_flap_count")
)
TOP = (*_SERIES, "from", "to", "limit", "by")
FLAPPING = (*_SERIES, "from", "to", "limit", "min_score")
REPORT = ("from", "to", "namespace", "severity", "top_limit", "min_flap_count")

_INCOMPLETE = record({"dropped": WHOLE, "detail": TEXT})
_ENDED_BY: Json = {"type": ["string", "null"], "enum": ["sender", "timeout", "unknown", None]}
_EPISODE = record(
    {
        "fingerprint": FINGERPRINT,
        "alert_name": TEXT,
        "status": word("firing", "resolved"),
        "labels": LABELS,
        "annotations": LABELS,
        "starts_at": INSTANT,
        "ends_at": MAYBE_INSTANT,
        "duration_seconds": NUMBER,
        "fire_count": WHOLE,
        "generator_url": TEXT,
        "receivers": array(TEXT),
        "silenced": YES_OR_NO,
        "inhibited": YES_OR_NO,
        "delivery": record({"delivered": YES_OR_NO, "failed": YES_OR_NO}),
        "flapping_score": NUMBER,
        "ended_by": _ENDED_BY,
        "classification": {"type": "object"},
    },
    optional=("classification",),
)
_DELIVERY = record(
    {
        "id": WHOLE,
        "receiver": TEXT,
        "integration": TEXT,
        "position": WHOLE,
        "attempt": WHOLE,
        "status": word("delivered", "failed"),
        "status_code": MAYBE_WHOLE,
        "latency_seconds": NUMBER,
        "error": TEXT,
    }
)
_OF_KINDS: dict[str, Json] = {
    "annotations": LABELS,
    "generator_url": TEXT,
    "ended_by": word("sender", "timeout", "unknown"),
    "cause": refer("Cause"),
    "group_key": TEXT,
    "receiver": TEXT,
    "reason": TEXT,
    "firing": WHOLE,
    "resolved": WHOLE,
    "delivery": _DELIVERY,
}
_EVENT: Json = record(
    {"seq": WHOLE, "at": INSTANT, "kind": word(*KINDS[1:]), **_OF_KINDS}, optional=_OF_KINDS
)
_ALERT = {"fingerprint": FINGERPRINT, "alert_name": TEXT, "labels": LABELS}
_TOP = record(
    {
        **_ALERT,
        "fire_count": WHOLE,
        "total_firing_seconds": NUMBER,
        "mean_firing_seconds": NUMBER,
        "last_starts_at": INSTANT,
    },
    optional=("fingerprint", "labels"),
)
_FLAPPING = record(
    {
        **_ALERT,
        "transitions": WHOLE,
        "evidence": array(record({"at": INSTANT, "to": word("firing", "resolved")})),
        "score": NUMBER,
        "transitions_per_hour": NUMBER,
    }
)
_COUNTS = (
    "episodes", "firing", "resolved", "distinct_alerts", "silenced", "inhibited", "notified",
    "failed",
)  # fmt: skip
_SUMMARY = record(
    {
        **dict.fromkeys(_COUNTS, WHOLE),
        "by_severity": {"type": "object", "additionalProperties": WHOLE},
        "mean_firing_seconds": NUMBER,
    }
)
_RECEIVER = record(
    {"receiver": TEXT, "deliveries": WHOLE, "failures": WHOLE, "mean_latency_seconds": NUMBER}
)
_SILENCE = record({"silence_id": TEXT, "episodes": WHOLE})


def _kept(properties: dict[str, Json]) -> Json:
    """An answer of the history, which says when events are missing."""
    return record({**properties, "incomplete": _INCOMPLETE}, optional=("incomplete",))


def _part(schema: Json) -> Json:
    """A part of a report, or why it failed."""
    return {"anyOf": [schema, refer("Error")]}


_CAUSES: dict[str, Json] = {
    "silences": array(TEXT),
    "rule": TEXT,
    "source": FINGERPRINT,
    "intervals": array(TEXT),
}

SCHEMAS: Json = {
    "Cause": record(
        {
            "by": word("silence", "inhibition", "mute_time_interval", "active_time_interval"),
            **_CAUSES,
        },
        optional=_CAUSES,
    ),
    "Episode": _EPISODE,
    "HistoryPage": _kept(
        {
            "alerts": array(refer("Episode")),
            "total": WHOLE,
            "total_is_estimate": YES_OR_NO,
            "next_cursor": MAYBE_TEXT,
        }
    ),
    "Timeline": _kept({**_ALERT, "events": array(_EVENT), "next_cursor": MAYBE_TEXT}),
    "Top": _kept({"top": array(_TOP)}),
    "Flapping": _kept({"flapping": array(_FLAPPING)}),
    "Report": _kept(
        {
            "from": INSTANT,
            "to": INSTANT,
            "summary": _part(_SUMMARY),
            "top": _part(array(_TOP)),
            "flapping": _part(array(_FLAPPING)),
            "receivers": _part(array(_RECEIVER)),
            "silences": _part(array(_SILENCE)),
        }
    ),
}

_FAILED_WHOLE = errors(
    _400="A parameter is unknown or malformed; it is named.", _404="No history is kept."
)
"""Of a report, whose parts fail alone."""
_FAILURES = {**_FAILED_WHOLE, **errors(_503="The store does not answer.")}


def _given(names: tuple[str, ...]) -> list[Json]:
    return [_PARAMETERS[name] for name in names]


def _paths(prefix: str, suffix: str) -> Paths:
    page = answer("A page, or all rows.", refer("HistoryPage"))
    for media in ("text/csv", "application/x-ndjson"):
        page["content"][media] = {"schema": TEXT}
    fingerprint = in_path("fingerprint", FINGERPRINT, "The alert's fingerprint.")
    return {
        f"{prefix}/history": {
            "get": get(
                f"getHistory{suffix}",
                "Episodes: firings from their start to their end.",
                {"200": page, **_FAILURES},
                _given(LIST),
                tag=_TAG,
            )
        },
        f"{prefix}/history/{{fingerprint}}": {
            "get": get(
                f"getTimeline{suffix}",
                "Everything that happened to one alert, newest first.",
                {"200": answer("A page of events.", refer("Timeline")), **_FAILURES},
                [fingerprint, *_given(("limit", "cursor"))],
                tag=_TAG,
            )
        },
        f"{prefix}/history/top": {
            "get": get(
                f"getTop{suffix}",
                "The alerts that fired most often.",
                {"200": answer("Most first.", refer("Top")), **_FAILURES},
                _given(TOP),
                tag=_TAG,
            )
        },
        f"{prefix}/history/flapping": {
            "get": get(
                f"getFlapping{suffix}",
                "The alerts that flapped most.",
                {"200": answer("Most first.", refer("Flapping")), **_FAILURES},
                _given(FLAPPING),
                tag=_TAG,
            )
        },
        f"{prefix}/report": {
            "get": get(
                f"getReport{suffix}",
                "A window in one answer; parts fail alone.",
                {"200": answer("The parts.", refer("Report")), **_FAILED_WHOLE},
                _given(REPORT),
                tag=_TAG,
            )
        },
    }


PATHS: Paths = _paths("", "") | _paths("/api/amp/v1", "V1")
