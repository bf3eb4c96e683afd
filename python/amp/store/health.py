"""Whether the store takes writes, as `/ready` and the metrics show it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StoreHealth:
    """What the last attempt on the store said.

    Attributes:
        ok: whether it succeeded.
        detail: why not; empty when it did.
        since_ns: since when it is so.
        lost: rows that the store refused and that exist in memory only.
    """

    ok: bool = True
    detail: str = ""
    since_ns: int = 0
    lost: int = 0
