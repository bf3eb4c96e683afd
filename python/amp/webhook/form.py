"""What a format is: how to tell it, where its alerts stand, how one is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from amp.webhook.alert import WebhookAlert


@dataclass(frozen=True, slots=True)
class Found:
    """A document's alerts, not yet read.

    Attributes:
        truncated: alerts that the sender left out of the document, as it says itself.
    """

    elements: Sequence[object]
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """One format.

    Attributes:
        name: as answers say it.
        find: the alerts of a JSON document; None when it has another format.
        read: one alert at a moment (Unix nanoseconds); raises BadAlert.
    """

    name: str
    find: Callable[[object], Found | None]
    read: Callable[[Mapping[str, object], int], WebhookAlert]
