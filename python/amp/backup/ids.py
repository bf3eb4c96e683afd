"""Which number a row of a backup has in the store."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from amp.errors import BackupError


class Ids:
    """Numbers of a backup, in rising order, and what they became; 16 bytes each."""

    def __init__(self) -> None:
        self._from = array("q")
        self._to = array("q")

    def add(self, number: int, became: int) -> None:
        """Keeps one.

        Raises:
            BackupError: the file is not in order.
        """
        if self._from and number <= self._from[-1]:
            raise BackupError("the backup is not in order")
        self._from.append(number)
        self._to.append(became)

    def position(self, number: int) -> int | None:
        """Where a number is kept; None for one that the backup does not explain."""
        at = bisect_left(self._from, number)
        return at if at < len(self._from) and self._from[at] == number else None

    def became(self, position: int) -> int:
        """What the number at a position became."""
        return self._to[position]

    def get(self, number: int) -> int | None:
        """What a number became; None for one that the backup does not explain."""
        at = bisect_left(self._from, number)
        if at < len(self._from) and self._from[at] == number:
            return self._to[at]
        return None

    def __len__(self) -> int:
        return len(self._from)
