"""Reading a backup: first all of it to know that it is whole, then its rows."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from amp.backup.format import Header, footer_of, header_of, rows_of
from amp.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from amp.backup.table import Row, Table

READ_BYTES = 1 << 19
"""How much is unpacked at once."""

COPY_BYTES = 1 << 20

LINE_BYTES = 64 << 20
"""The longest line: the alerts of one flush may be many."""


class Verified(NamedTuple):
    """What a whole file says of itself."""

    header: Header
    rows: Mapping[str, int]
    sha256: str


class Backup:
    """A file that was opened once: what was verified is what is read."""

    def __init__(self, path: Path, *, follow: bool = True) -> None:
        """Opens it.

        Args:
            path: the file.
            follow: whether it may be a symbolic link.

        Raises:
            BackupError: it cannot be opened.
        """
        self._path = path
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
        try:
            handle = os.open(path, flags)
        except OSError as error:
            raise self._failed(error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise BackupError(f"{path} is not a file")
        self._file: BinaryIO = os.fdopen(handle, "rb")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def copy(self, file: BinaryIO) -> None:
        """Writes it into another file as it is."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, file, COPY_BYTES)

    @property
    def size(self) -> int:
        """In bytes."""
        return os.fstat(self._file.fileno()).st_size

    def verify(self) -> Verified:
        """Reads the whole file and holds it against its footer.

        Raises:
            BackupError: it is cut, damaged, something else, or a newer release's.
        """
        found = _Digest()
        before = b""
        for block in self._blocks():
            found.add(before)
            if found.header is None:
                with self._named():
                    found.header = header_of(block.partition(b"\n")[0])
            before = block
        body, _, last = before.rstrip(b"\n").rpartition(b"\n")
        footer = footer_of(last)
        if found.header is None or footer is None:
            raise BackupError(f"{self._path} is damaged: it has no end")
        found.add(body + b"\n")
        if footer.sha256 != found.sha256 or footer.rows != found.rows:
            raise BackupError(f"{self._path} is damaged: it is not what was written")
        return Verified(found.header, footer.rows, footer.sha256)

    def rows(self, verified: Verified) -> Iterator[tuple[Table, list[Row]]]:
        """All rows in the file's order, some of one table at a time.

        Raises:
            BackupError: it changed since it was verified, or was never written by AMP.
        """
        tables = {table.name: table for table in verified.header.tables}
        header = True
        before = b""
        for block in self._blocks():
            if before:
                with self._named():
                    yield from rows_of(before, tables)
            before = block.partition(b"\n")[2] if header else block
            header = False
        body, _, _ = before.rstrip(b"\n").rpartition(b"\n")
        if body:
            with self._named():
                yield from rows_of(body, tables)

    def _blocks(self) -> Iterator[bytes]:
        """The lines of the file, many at once."""
        self._file.seek(0)
        rest: list[bytes] = []
        size = 0
        with self._named(), gzip.GzipFile(fileobj=self._file, mode="rb") as unpacked:
            while data := unpacked.read(READ_BYTES):
                lines, end, tail = data.rpartition(b"\n")
                if end:
                    yield b"".join((*rest, lines, end))
                    rest, size = [], 0
                rest.append(tail)
                size += len(tail)
                if size > LINE_BYTES:
                    raise BackupError("damaged: a line does not end")
        if size:
            raise BackupError(f"{self._path} is damaged: its last line does not end")

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Puts the file's name before what is wrong with it."""
        try:
            yield
        except BackupError as error:
            raise BackupError(f"{self._path} is {error}") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BackupError(f"{self._path} is no backup of AMP, or damaged: {error}") from error
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> BackupError:
        return BackupError(f"{self._path}: {(error.strerror or str(error)).lower()}")


class _Digest:
    """What a file turns out to be while it is read."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self._sha256 = hashlib.sha256()
        self._counted: dict[str, int] = {}

    def add(self, block: bytes) -> None:
        """Takes lines."""
        if self.header is not None:
            self._sha256.update(block)
            for table in self.header.tables:
                start = f'\n["{table.name}",'.encode()
                found = block.count(start) + block.startswith(start[1:])
                self._counted[table.name] = self._counted.get(table.name, 0) + found

    @property
    def sha256(self) -> str:
        """In hex."""
        return self._sha256.hexdigest()

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        return self._counted
