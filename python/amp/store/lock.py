"""One process per storage folder."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from amp.errors import StoreLocked
from amp.store.holder import holder_name

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """Holds `amp.lock` in a folder; the kernel lets go of it however the process ends."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "amp.lock"
        self._handle: int | None = None

    def acquire(self) -> None:
        """Takes the lock.

        Raises:
            StoreLocked: another process has it; the text names it.
            OSError: the folder cannot be written.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "another process"
            os.close(handle)
            raise StoreLocked(
                f"the storage folder {self.path.parent} is used by {holder}"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{holder_name()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Lets go of the lock; harmless when it is not held."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
