"""The array that Prometheus posts: today to `/api/v2/alerts`, long ago to the v1 API."""

from __future__ import annotations

from amp.webhook.alert import read_alert
from amp.webhook.form import Form, Found


def find(document: object) -> Found | None:
    """The alerts of an array whose objects have labels, or of an empty array."""
    if not isinstance(document, list):
        return None
    if document and not any(isinstance(one, dict) and "labels" in one for one in document):
        return None
    return Found(document)


FORM = Form("prometheus_v1", find, read_alert)
