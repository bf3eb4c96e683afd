"""The webhook of Alertmanager, version 4. Upstream: notify/webhook/webhook.go Message."""

from __future__ import annotations

from amp.webhook.alert import read_alert
from amp.webhook.form import Form, Found

VERSION = "4"


def find(document: object) -> Found | None:
    """The alerts of a document that says `"version": "4"`."""
    if not isinstance(document, dict) or document.get("version") != VERSION:
        return None
    alerts = document.get("alerts")
    if alerts is None:
        alerts = []
    if not isinstance(alerts, list):
        return None
    return Found(alerts, left_out(document))


def left_out(document: dict[str, object]) -> int:
    """How many alerts the sender says that it left out (`max_alerts` of its receiver)."""
    count = document.get("truncatedAlerts")
    if isinstance(count, bool) or not isinstance(count, int):
        return 0
    return max(0, count)


FORM = Form("alertmanager_v4", find, read_alert)
