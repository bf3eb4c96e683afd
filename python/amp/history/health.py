"""Whether the history is kept, as `/ready`, the metrics and the history's own answers show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class HistoryHealth:
    """What the last attempt on the history's store said.

    Attributes:
        ok: whether events are being written.
        detail: why not; empty when they are.
        since_ns: since when it is so.
        dropped: events that were lost since the start.
        waiting: events that are not written yet.
    """

    ok: bool = True
    detail: str = ""
    since_ns: int = 0
    dropped: int = 0
    waiting: int = 0
