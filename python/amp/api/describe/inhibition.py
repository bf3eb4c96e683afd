"""`/api/v2/inhibition/…`; errors are those of the v2 API."""

from __future__ import annotations

from amp.api.describe.parts import (
    FINGERPRINT,
    LABELS,
    TEXT,
    WHOLE,
    YES_OR_NO,
    Json,
    Paths,
    answer,
    array,
    get,
    post,
    query,
    record,
)

_TAG = "inhibition"
_RULE = {"rule": WHOLE, "rule_name": TEXT}
_TEXT_ERROR = answer("What is wrong, as a text.", TEXT)
_OBJECT_ERROR = answer("What is wrong.", record({"code": WHOLE, "message": TEXT}))
_LABELLED = record({"labels": LABELS})

SCHEMAS: Json = {}

PATHS: Paths = {
    "/api/v2/inhibition/rules": {
        "get": get(
            "getInhibitionRules",
            "The inhibition rules of the configuration that runs.",
            {
                "200": answer(
                    "The rules in order.",
                    array(
                        record(
                            {
                                "index": WHOLE,
                                "name": TEXT,
                                "source_matchers": array(TEXT),
                                "target_matchers": array(TEXT),
                                "equal": array(TEXT),
                                "active_sources": WHOLE,
                            }
                        )
                    ),
                ),
                "406": _OBJECT_ERROR,
            },
            tag=_TAG,
        )
    },
    "/api/v2/inhibition/status": {
        "get": get(
            "getInhibitionStatus",
            "Who is inhibited now, and by whom.",
            {
                "200": answer(
                    "Both directions.",
                    record(
                        {
                            "inhibited": array(
                                record(
                                    {
                                        "fingerprint": FINGERPRINT,
                                        "labels": LABELS,
                                        "inhibited_by": array(
                                            record({**_RULE, "source": FINGERPRINT})
                                        ),
                                    }
                                )
                            ),
                            "sources": array(
                                record(
                                    {
                                        "fingerprint": FINGERPRINT,
                                        "labels": LABELS,
                                        "inhibits": array(record({**_RULE, "target": FINGERPRINT})),
                                    }
                                )
                            ),
                        }
                    ),
                ),
                "400": _TEXT_ERROR,
                "406": _OBJECT_ERROR,
            },
            [query("filter", TEXT, "A matcher of the inhibited alerts' labels.", many=True)],
            tag=_TAG,
        )
    },
    "/api/v2/inhibition/check": {
        "post": post(
            "checkInhibition",
            "Whether alerts with these labels would be inhibited now.",
            {
                "200": answer(
                    "A result for each label set.",
                    record(
                        {
                            "results": array(
                                record(
                                    {
                                        "fingerprint": FINGERPRINT,
                                        "labels": LABELS,
                                        "inhibited": YES_OR_NO,
                                        "inhibited_by": array(
                                            record(
                                                {
                                                    **_RULE,
                                                    "source": record(
                                                        {
                                                            "fingerprint": FINGERPRINT,
                                                            "labels": LABELS,
                                                        }
                                                    ),
                                                }
                                            )
                                        ),
                                    }
                                )
                            )
                        }
                    ),
                ),
                "400": _TEXT_ERROR,
                "413": _TEXT_ERROR,
                "415": _OBJECT_ERROR,
            },
            {"anyOf": [_LABELLED, record({"alerts": array(_LABELLED)})]},
            tag=_TAG,
        )
    },
}
