"""Events as lines of a file. Upstream: eventrecorder/file.go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from amp.errors import AmpError
from amp.httpclient.failure import system_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.events.output import Event

MODE = 0o644


class FileOutput:
    """Appends to a file. One that was renamed or removed is made anew before the next event."""

    def __init__(self, path: str) -> None:
        self.name = f"file:{path}"
        self._path = Path(path)
        self._file: int | None = None

    def open(self) -> None:
        """Opens the file, or makes it.

        Raises:
            AmpError: with what the system says.
        """
        try:
            self._file = self._append()
        except OSError as error:
            raise AmpError(f"open {self._path}: {system_text(error)}") from None

    def _append(self) -> int:
        return os.open(self._path, os.O_APPEND | os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, MODE)

    def send(self, events: Sequence[Event]) -> list[int]:
        """Writes a line for each event."""
        lines = [event.line + b"\n" for event in events]
        write_all(self._current(), b"".join(lines))
        return [len(line) for line in lines]

    def _current(self) -> int:
        """The file that the path names now."""
        if self._file is not None and self._moved(self._file):
            os.close(self._file)
            self._file = None
        if self._file is None:
            self._file = self._append()
        return self._file

    def _moved(self, file: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        here = os.fstat(file)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    async def close(self, seconds: float) -> None:
        """Closes the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def write_all(file: int, data: bytes) -> None:
    """Writes all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
