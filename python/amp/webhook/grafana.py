"""The webhook of Grafana's alerting: shaped like Alertmanager's, with more beside each alert."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from amp.webhook.alert import read_alert
from amp.webhook.alertmanager import left_out
from amp.webhook.form import Form, Found
from amp.webhook.value import scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.webhook.alert import WebhookAlert

_LINKS = ("dashboardURL", "panelURL", "silenceURL", "imageURL")
_LONGEST_VALUES = 64


def find(document: object) -> Found | None:
    """The alerts of a document that names an organization, or has a title and a state.

    Its `version` is "1" as a rule, but whoever forwards it may have set another one.
    """
    if not isinstance(document, dict):
        return None
    alerts = document.get("alerts")
    if not isinstance(alerts, list):
        return None
    if "orgId" not in document and not ("title" in document and "state" in document):
        return None
    return Found(alerts, left_out(document))


def read(given: Mapping[str, object], now_ns: int) -> WebhookAlert:
    """An alert; its links and values become annotations, unless the rule has such ones."""
    alert = read_alert(given, now_ns)
    annotations = dict(alert.annotations)
    for name in _LINKS:
        text = scalar(given.get(name))
        if text:
            annotations.setdefault(name, text)
    text = _values(given)
    if text:
        annotations.setdefault("values", text)
    return dataclasses.replace(alert, annotations=annotations)


def _values(given: Mapping[str, object]) -> str:
    """What was measured: `B=44.2394, C=1`; older versions tell it as a text."""
    values = given.get("values")
    if isinstance(values, dict) and values:
        pairs = sorted((str(name), scalar(value)) for name, value in values.items())
        shown = [f"{name}={text}" for name, text in pairs[:_LONGEST_VALUES] if text is not None]
        return scalar(", ".join(shown)) or ""
    return scalar(given.get("valueString")) or ""


FORM = Form("grafana", find, read)
