"""Which snapshot files are this store's own: their digests, kept in `amp.files` beside them.

Where another program wrote a file since, it also saw alerts come and go: the store's are stale.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEPT = 2
"""Digests of one file: the one that is there and the one that is about to replace it."""


class Marks:
    """The digests of the last contents of each file that was read or written here."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "amp.files"
        self._marks: dict[str, list[str]] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            found = json.loads(self._path.read_bytes()).items()
            self._marks = {name: [str(mark) for mark in marks] for name, marks in found}

    def knows(self, name: str, data: bytes) -> bool:
        """Whether the content was read or written here."""
        return _digest(data) in self._marks.get(name, [])

    def add(self, name: str, data: bytes) -> None:
        """Keeps a content, before it takes the place of the one before.

        Raises:
            OSError: it is not kept.
        """
        marks = self._marks.get(name, [])
        mark = _digest(data)
        if marks[-1:] == [mark]:
            return
        self._marks[name] = [*marks, mark][-KEPT:]
        fresh = self._path.with_name("amp.files.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(self._marks, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
