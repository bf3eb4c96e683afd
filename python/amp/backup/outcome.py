"""What a restore did, as the process that did it tells the command that asked for it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REQUEST = "restore.amp"
"""A backup in the storage folder that the process which uses the folder shall restore."""

STATE_REQUEST = "restore-state.amp"
"""The same, but its history is to be left out."""

TAKEN = "restore.taken"
"""The same while it is being restored."""

RESULT = "restore.result"
"""What became of it."""

READ_BYTES = 1 << 20


class Outcome(NamedTuple):
    """One restore.

    Attributes:
        sha256: of the backup.
        error: why it failed, in one sentence; empty when it did not.
        taken: rows that were given to the store, by table.
        note: what else there is to say; may be empty.
    """

    sha256: str
    error: str
    taken: Mapping[str, int]
    note: str = ""

    def write(self, folder: Path) -> None:
        """Leaves it in the storage folder.

        Raises:
            OSError: it cannot be written.
        """
        fresh = folder / f"{RESULT}.new"
        with suppress(FileNotFoundError):
            fresh.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(fresh, flags, 0o644), "w", encoding="utf-8") as file:
            json.dump(self._asdict(), file)
        fresh.replace(folder / RESULT)

    @classmethod
    def read(cls, folder: Path) -> Outcome | None:
        """What is there; None as long as there is nothing whole."""
        try:
            with (folder / RESULT).open("rb") as file:
                found: dict[str, Any] = json.loads(file.read(READ_BYTES))
            return cls(
                str(found["sha256"]),
                str(found["error"]),
                {str(name): int(count) for name, count in found["taken"].items()},
                str(found["note"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
