"""The first tier: the answers that this process gave last."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from amp.clock import SECOND_NS

if TYPE_CHECKING:
    from amp.clock import Clock

MOST_ENTRIES = 1024
MOST_BYTES = 32 << 20
ENTRY_BYTES = 200
"""What an entry takes beside its value."""


class LocalTier:
    """Least recently used entries go first; none is older than its time to live.

    Args:
        clock: time.
        ttl_seconds: how long an entry is good.
        most_entries: how many are kept.
        most_bytes: how much memory they take.
    """

    def __init__(
        self,
        clock: Clock,
        ttl_seconds: float,
        *,
        most_entries: int = MOST_ENTRIES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._clock = clock
        self._ttl_ns = int(ttl_seconds * SECOND_NS)
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> bytes | None:
        """The value of a key; None without one, or when it is too old."""
        found = self._entries.get(key)
        if found is None:
            return None
        value, until_ns = found
        if self._clock.now_ns() >= until_ns:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keeps a value; one larger than a quarter of the room is not kept."""
        if key in self._entries:
            self._drop(key)
        size = len(value) + ENTRY_BYTES
        if size * 4 > self._most_bytes:
            return
        self._entries[key] = (value, self._clock.now_ns() + self._ttl_ns)
        self.bytes += size
        while len(self._entries) > self._most_entries or self.bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        value, _ = self._entries.pop(key)
        self.bytes -= len(value) + ENTRY_BYTES
