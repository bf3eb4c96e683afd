"""One process per storage folder."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from amp.errors import StoreLocked
from amp.store.holder import holder_name

if TYPE_CHECKING:
    from pathlib import Path

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""A folder that takes no file is no reason not to page anybody: Alertmanager starts there too."""


class FolderLock:
    """Holds `amp.lock` in a folder; the kernel lets go of it however the process ends.

    The folder itself is locked too, for the days when no file can be made in it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "amp.lock"
        self._handles: list[int] = []

    def acquire(self) -> None:
        """Takes the lock; on a folder that cannot be written what there is to lock.

        Raises:
            StoreLocked: another process has it; the text names it.
            OSError: `amp.lock` is something else.
        """
        try:
            self._take_folder()
            self._take(self.path, os.O_RDWR | os.O_CREAT)
        except BlockingIOError as error:
            self.release()
            raise StoreLocked(
                f"the storage folder {self.path.parent} is used by {self._holder()}"
            ) from error
        except OSError as error:
            if error.errno not in UNWRITABLE:
                self.release()
                raise
            return
        with suppress(OSError):
            name = f"{holder_name()}\n".encode()
            os.pwrite(self._handles[-1], name, 0)
            os.ftruncate(self._handles[-1], len(name))

    def _take_folder(self) -> None:
        try:
            self._take(self.path.parent, os.O_RDONLY)
        except BlockingIOError:
            raise
        except OSError:
            pass  # not every file system locks folders, and not everybody may read this one

    def _take(self, path: Path, flags: int) -> None:
        handle = os.open(path, flags | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise
        self._handles.append(handle)

    def _holder(self) -> str:
        with suppress(OSError):
            return self.path.read_text(errors="replace")[:200].strip() or "another process"
        return "another process"

    def release(self) -> None:
        """Lets go of the lock; harmless when it is not held."""
        while self._handles:
            handle = self._handles.pop()
            with suppress(OSError):
                os.ftruncate(handle, 0)
            os.close(handle)
