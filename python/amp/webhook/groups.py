"""What Alertmanager's v2 API answers: alerts by group, or the alerts themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.webhook.alert import read_alert
from amp.webhook.form import Form, Found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.webhook.alert import WebhookAlert


def find_groups(document: object) -> Found | None:
    """The alerts of an answer of `GET /api/v2/alerts/groups`, or of one group of it."""
    groups = document if isinstance(document, list) else [document]
    if not groups:
        return None
    found: list[object] = []
    for group in groups:
        alerts = _members(group)
        if alerts is None:
            return None
        found += alerts
    return Found(found)


def _members(group: object) -> list[object] | None:
    if not isinstance(group, dict):
        return None
    alerts = group.get("alerts")
    if not isinstance(group.get("labels"), dict) or not isinstance(group.get("receiver"), dict):
        return None
    return alerts if isinstance(alerts, list) else None


def find_alerts(document: object) -> Found | None:
    """The alerts of an answer of `GET /api/v2/alerts`, or one of them."""
    alerts = document if isinstance(document, list) else [document]
    return Found(alerts) if any(_is_shown(alert) for alert in alerts) else None


def _is_shown(alert: object) -> bool:
    return (
        isinstance(alert, dict)
        and "labels" in alert
        and (isinstance(alert.get("status"), dict) or isinstance(alert.get("receivers"), list))
    )


def read(given: Mapping[str, object], now_ns: int) -> WebhookAlert:
    """An alert; the API shows none that is over, so one whose end has passed still fires."""
    status = given.get("status")
    words = status.get("state") if isinstance(status, dict) else status
    return read_alert({**given, "status": words or "active"}, now_ns)


GROUPS = Form("alertmanager_v2_groups", find_groups, read)
ALERTS = Form("alertmanager_v2_alerts", find_alerts, read)
