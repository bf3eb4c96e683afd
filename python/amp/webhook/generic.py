"""Any object that has labels, or a name: the alerts of small scripts and other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp.webhook.alert import WebhookAlert, lifetime
from amp.webhook.form import Form, Found
from amp.webhook.value import BadAlert, label_map, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("alertname", "alert_name", "alertName", "name", "ruleName", "rule_name", "title")
SEVERITIES = ("severity", "priority", "level")
LABELS = {
    "instance": "instance", "host": "instance", "hostname": "instance", "job": "job",
    "service": "service", "namespace": "namespace", "cluster": "cluster", "region": "region",
    "environment": "environment", "env": "environment", "team": "team", "source": "source",
}  # fmt: skip
"""Keys that become labels. Only these: a label that changes makes another alert."""
STATUSES = ("status", "state")
STARTS = ("startsAt", "starts_at", "startTime", "start_time")
ENDS = ("endsAt", "ends_at", "endTime", "end_time")
URLS = ("generatorURL", "generator_url", "url", "link", "ruleUrl")
DESCRIPTIONS = ("description", "message", "text", "body")


def find(document: object) -> Found | None:
    """The alerts of an object, a list of objects, or an object with a list under `alerts`."""
    if isinstance(document, dict):
        inner = document.get("alerts")
        elements = inner if isinstance(inner, list) else [document]
    elif isinstance(document, list):
        elements = document
    else:
        return None
    return Found(elements) if any(_is_alert(one) for one in elements) else None


def _is_alert(element: object) -> bool:
    if not isinstance(element, dict):
        return False
    return isinstance(element.get("labels"), dict) or bool(_first(element, NAMES)[0])


def read(given: Mapping[str, object], now_ns: int) -> WebhookAlert:
    """An alert by the table in docs/webhook.md; what has no place becomes an annotation."""
    labels = label_map(given.get("labels"), "labels")
    taken = {"labels", "annotations", "status", "state", *STARTS, *ENDS}
    name, key = _first(given, NAMES)
    if name:
        taken.add(key)
        labels.setdefault("alertname", name)
    severity, key = _first(given, SEVERITIES)
    if severity:
        taken.add(key)
        labels.setdefault("severity", severity)
    for key, label in LABELS.items():
        text = scalar(given.get(key))
        if text:
            taken.add(key)
            labels.setdefault(label, text)
    if not labels:
        raise BadAlert(f"it has no labels and none of {', '.join(NAMES)}")
    url, key = _url(given)
    taken.add(key)
    starts_at, ends_at = lifetime(
        _any(given, STATUSES), _any(given, STARTS), _any(given, ENDS), now_ns
    )
    return WebhookAlert(labels, _annotations(given, taken), starts_at, ends_at, url)


def _annotations(given: Mapping[str, object], taken: set[str]) -> dict[str, str]:
    annotations = label_map(given.get("annotations"), "annotations", empty=True)
    description, key = _first(given, DESCRIPTIONS)
    if description:
        taken.add(key)
        annotations.setdefault("description", description)
    for name, value in given.items():
        text = None if name in taken or not name else scalar(value)
        if text:
            annotations.setdefault(scalar(name) or "", text)
    return annotations


def _first(given: Mapping[str, object], keys: tuple[str, ...]) -> tuple[str, str]:
    """The first of these keys that has a text, and its name; empty texts when there is none."""
    for key in keys:
        text = scalar(given.get(key))
        if text:
            return text, key
    return "", ""


def _any(given: Mapping[str, object], keys: tuple[str, ...]) -> object:
    return next((given[key] for key in keys if given.get(key) is not None), None)


def _url(given: Mapping[str, object]) -> tuple[str, str]:
    for key in URLS:
        text = scalar(given.get(key)) or ""
        if text.startswith(("http://", "https://")):
            return text, key
    return "", ""


FORM = Form("generic", find, read)
