"""Which events a client wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from amp._core import Matcher

KINDS = (
    "received",
    "changed",
    "resolved",
    "suppressed",
    "released",
    "grouped",
    "flushed",
    "notified",
    "failed",
    "silence_created",
    "silence_changed",
    "silence_expired",
    "config_reloaded",
)


class Filter:
    """Kinds and matchers. Clients with equal ones share the hub's object, and so their reads.

    Args:
        kinds: names of `KINDS`; none means all.
        matchers: all must match an event's labels; events without labels pass only without any.
    """

    __slots__ = ("__weakref__", "key", "kinds", "matchers")

    def __init__(self, kinds: Collection[str] = (), matchers: Sequence[Matcher] = ()) -> None:
        self.kinds = sorted(set(kinds)) or None
        self.matchers = tuple(matchers)
        self.key: Hashable = (tuple(self.kinds or ()), frozenset(self.matchers))
