"""An alert as a body tells of it, in one form for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp.webhook.value import BadAlert, instant, instant_text, label_map, string

if TYPE_CHECKING:
    from collections.abc import Mapping

NANOSECONDS_OF_YEAR_1 = -62_135_596_800_000_000_000
"""0001-01-01T00:00:00Z in Unix nanoseconds: how Go writes a time that is not set."""

RESOLVED_WORDS = frozenset(
    (
        "resolved",
        "ok",
        "normal",
        "closed",
        "recovered",
        "recovery",
        "inactive",
        "cleared",
        "success",
    )
)
"""What a status says of an alert that is over; every other word says that it fires."""


@dataclass(frozen=True, slots=True)
class WebhookAlert:
    """One alert.

    Attributes:
        starts_at: RFC 3339, None when the sender does not tell.
        ends_at: RFC 3339, None for an alert that fires until further notice.
    """

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str = ""

    @property
    def name(self) -> str:
        """The alert's name, empty when it has none."""
        return self.labels.get("alertname", "")

    def postable(self) -> dict[str, object]:
        """The alert as `POST /api/v2/alerts` takes it."""
        shown: dict[str, object] = {"labels": self.labels, "annotations": self.annotations}
        if self.starts_at is not None:
            shown["startsAt"] = self.starts_at
        if self.ends_at is not None:
            shown["endsAt"] = self.ends_at
        if self.generator_url:
            shown["generatorURL"] = self.generator_url
        return shown


def read_alert(given: Mapping[str, object], now_ns: int) -> WebhookAlert:
    """Reads an object with upstream's keys: labels, annotations, startsAt, endsAt, generatorURL.

    A `status` of `firing` or `resolved` beside them says more than the end does.

    Args:
        given: the object.
        now_ns: the moment of the request, Unix nanoseconds.

    Raises:
        BadAlert: when it is none.
    """
    if given.get("labels") is None:
        raise BadAlert("labels is missing")
    labels = label_map(given["labels"], "labels")
    if not labels:
        raise BadAlert("at least one label is needed")
    starts_at, ends_at = lifetime(
        given.get("status"), given.get("startsAt"), given.get("endsAt"), now_ns
    )
    return WebhookAlert(
        labels,
        label_map(given.get("annotations"), "annotations", empty=True),
        starts_at,
        ends_at,
        string(given.get("generatorURL"), "generatorURL"),
    )


def lifetime(
    status: object, starts: object, ends: object, now_ns: int
) -> tuple[str | None, str | None]:
    """Start and end of an alert, in RFC 3339.

    Without a status the end stands as given. What fires and has no end, or one that is over (such
    bodies were made a while ago), has none. What is resolved ended, at the latest now.

    Raises:
        BadAlert: for what is no instant.
    """
    start, end = instant(starts, "startsAt"), instant(ends, "endsAt")
    start_ns, end_ns = (None if one is None else one.at_ns for one in (start, end))
    if start_ns is not None and start_ns <= NANOSECONDS_OF_YEAR_1:
        start = start_ns = None
    if end_ns is not None and end_ns <= NANOSECONDS_OF_YEAR_1:
        end = end_ns = None
    if is_resolved(status):
        if end is None or end_ns is None or end_ns > now_ns:
            end, end_ns = instant_text(now_ns), now_ns
        if start_ns is not None and start_ns > end_ns:
            start = end
    elif isinstance(status, str) and status and end_ns is not None and end_ns <= now_ns:
        end = None
    return (None if start is None else start.text), (None if end is None else end.text)


def is_resolved(status: object) -> bool:
    """Whether a status says that the alert is over."""
    return isinstance(status, str) and status.strip().lower() in RESOLVED_WORDS
