"""Files that a configuration names and that may change while it runs."""

from __future__ import annotations

import stat
import time
from pathlib import Path

from amp.httpclient.failure import RequestError, system_text

MAX_FILE_BYTES = 4 << 20
SURE_AFTER_NS = 2_000_000_000


class WatchedFile:
    """A file that is read again when it changed.

    Unchanged metadata vouches for the content only when the last change lies back far enough:
    two writes within one tick of the file system's clock look the same.
    """

    __slots__ = ("_content", "_path", "_signature", "_sure", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._path = Path(name)
        self._signature: tuple[int, int, int] | None = None
        self._content = b""
        self._sure = False

    def read(self) -> bytes:
        """The content now.

        Raises:
            RequestError: `unable to read file …` when that is not possible.
        """
        try:
            status = self._path.stat()
            self._refuse(status.st_mode)
            signature = (status.st_mtime_ns, status.st_size, status.st_ino)
            if signature != self._signature or not self._sure:
                self._content = self._load()
                self._signature = signature
                self._sure = time.time_ns() - status.st_mtime_ns > SURE_AFTER_NS
        except OSError as error:
            raise RequestError(
                f"unable to read file {self.name}: open {self.name}: {system_text(error)}"
            ) from None
        return self._content

    def text(self) -> str:
        """The content as text, without white space around it."""
        return self.read().decode("utf-8", "surrogateescape").strip()

    def _refuse(self, mode: int) -> None:
        if stat.S_ISDIR(mode):
            raise RequestError(f"unable to read file {self.name}: read {self.name}: is a directory")
        if not stat.S_ISREG(mode):
            # A pipe without a writer would hold up the whole process.
            raise RequestError(f"unable to read file {self.name}: not a regular file")

    def _load(self) -> bytes:
        with self._path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise RequestError(f"unable to read file {self.name}: larger than {MAX_FILE_BYTES}")
        return content
