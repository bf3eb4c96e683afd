"""Tells what a body is and reads its alerts; one bad alert spoils no other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amp.errors import AmpError
from amp.webhook import alertmanager, generic, grafana, groups, prometheus
from amp.webhook.value import BadAlert, clean, kind

if TYPE_CHECKING:
    from amp.webhook.alert import WebhookAlert
    from amp.webhook.form import Form

FORMS: tuple[Form, ...] = (
    grafana.FORM,
    alertmanager.FORM,
    groups.GROUPS,
    groups.ALERTS,
    prometheus.FORM,
    generic.FORM,
)
"""In the order in which they are tried: the first one that finds its alerts reads them."""

LOOKED_FOR = (
    'an Alertmanager webhook (an object with version "4" and alerts), a Grafana webhook (with orgId'
    " and alerts), an array of alerts with labels, groups or alerts of the v2 API, or objects with"
    f" labels or one of {', '.join(generic.NAMES)}"
)
_NAME_LENGTH = 256


class Unrecognised(AmpError):
    """A body that is no JSON, or nothing that is known."""


class TooMany(AmpError):
    """A body with more alerts than one request may have."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An alert that was not taken.

    Attributes:
        index: its place among the body's alerts, from 0.
        alert_name: empty when it has none.
    """

    index: int
    alert_name: str
    error: str
    labels: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a body holds.

    Attributes:
        form: the format's name.
        alerts: by their place in the body.
        truncated: alerts that the sender says it left out.
    """

    form: str
    alerts: dict[int, WebhookAlert] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    truncated: int = 0

    @property
    def received(self) -> int:
        """How many alerts the body has."""
        return len(self.alerts) + len(self.rejected)

    def postable(self) -> bytes:
        """The alerts as the array that the engine takes, in the order of `alerts`."""
        given = [alert.postable() for alert in self.alerts.values()]
        return json.dumps(given, separators=(",", ":")).encode()


def read_body(
    body: bytes, now_ns: int, *, max_alerts: int = 0, forms: tuple[Form, ...] = FORMS
) -> Body:
    """Reads the alerts of a request.

    Args:
        body: JSON in UTF-8.
        now_ns: the moment of the request, Unix nanoseconds.
        max_alerts: the most alerts that are read; 0 is no limit.
        forms: the formats that are taken.

    Raises:
        Unrecognised: when it is no JSON, or none of the formats.
        TooMany: when it has more alerts.
    """
    document = _document(body)
    for form in forms:
        found = form.find(document)
        if found is None:
            continue
        if max_alerts and len(found.elements) > max_alerts:
            raise TooMany(
                f"too many alerts in one request: {len(found.elements)} (limit: {max_alerts})"
            )
        read = Body(form.name, truncated=found.truncated)
        for index, element in enumerate(found.elements):
            try:
                if not isinstance(element, dict):
                    raise BadAlert(f"it is {kind(element)}, not an object")
                read.alerts[index] = form.read(element, now_ns)
            except BadAlert as error:
                read.rejected.append(Rejected(index, _name(element), str(error)))
        return read
    raise Unrecognised(f"nothing that is known as alerts: {_wanted(forms)}")


def _wanted(forms: tuple[Form, ...]) -> str:
    if forms == (alertmanager.FORM,):
        return 'looked for an Alertmanager webhook (an object with version "4" and alerts)'
    return f"looked for {LOOKED_FOR}"


def _document(body: bytes) -> object:
    if not body.strip():
        raise Unrecognised("the body is empty")
    try:
        found: object = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=_no_number)
    except RecursionError:
        raise Unrecognised("the body is nested too deeply") from None
    except ValueError as error:
        raise Unrecognised(f"the body is no JSON: {clean(str(error))}") from None
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number of JSON")


def _name(element: object) -> str:
    """The name of an alert that cannot be read, as far as it has one."""
    labels = element.get("labels") if isinstance(element, dict) else None
    for place in (labels, element):
        if isinstance(place, dict):
            name = place.get("alertname")
            if isinstance(name, str):
                return clean(name)[:_NAME_LENGTH]
    return ""
