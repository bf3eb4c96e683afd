"""Upstream's `nflog` and `silences` files, so that either program can take over from the other."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.store.marks import Marks


class SnapshotFile:
    """One file of the storage folder: read at start, replaced whole, moved aside when damaged.

    Attributes:
        name: the file's.
    """

    def __init__(
        self, folder: Path, name: str, marks: Marks, *, log: Logger, metrics: Metrics
    ) -> None:
        self._marks = marks
        self._path = folder / name
        self.name = name
        self._log = log
        self._metrics = metrics
        self._blocked = False
        # The last save may come while the thread of a cancelled one still writes.
        self._writing = Lock()

    def is_foreign(self) -> bool:
        """Whether another program wrote it since it was read or written here."""
        try:
            return not self._marks.knows(self.name, self._path.read_bytes())
        except OSError:
            return False

    def read(self, take: Callable[[bytes], int]) -> int:
        """Gives the content to `take`; what it returned, 0 when there is nothing to take.

        Args:
            take: reads the bytes; ValueError when they are corrupt.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            self._move_aside(error)
            return 0
        try:
            news = take(data)
        except ValueError as error:
            self._move_aside(error)
            return 0
        with suppress(OSError):
            self._marks.add(self.name, data)
        return news

    def write(self, data: bytes) -> None:
        """Replaces the file: at any moment it is the old one or the new one, whole.

        Threads that write at once write one after the other.

        Raises:
            OSError: it still is the old one.
        """
        with self._writing:
            self._replace(data)

    def _replace(self, data: bytes) -> None:
        if self._blocked:
            raise OSError(f"{self._path} could be neither read nor moved aside, it is left alone")
        fresh = self._path.with_name(f"{self.name}.new")
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._marks.add(self.name, data)
        except OSError:
            # What was written of it takes room that a full disk lacks.
            with suppress(OSError):
                fresh.unlink()
            raise
        fresh.replace(self._path)
        sync_folder(self._path.parent)

    def _move_aside(self, error: Exception) -> None:
        aside = free_name(f"{self._path}.corrupt-{stamp()}")
        self._metrics.snapshot_corrupt.labels(self.name).inc()
        try:
            self._path.rename(aside)
        except OSError as problem:
            self._blocked = True
            aside = f"nowhere: {problem.strerror}"
        self._log.error(
            "Snapshot cannot be read, moved aside; starting without it",
            file=str(self._path),
            err=str(error),
            moved_to=aside,
        )


def stamp() -> str:
    """The time as it stands in the name of a file that was moved aside."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def free_name(name: str) -> str:
    """The name, or the name with the first number behind it that is not taken."""
    count, free = 1, name
    while os.path.lexists(free):
        count, free = count + 1, f"{name}.{count}"
    return free


def sync_folder(folder: Path) -> None:
    """Makes a rename last."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
