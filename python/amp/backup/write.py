"""Writing a backup: whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, cast

from amp.backup.format import Footer, Header, lines_of
from amp.clock import SECOND_NS
from amp.errors import BackupError
from amp.store.snapshots import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from amp.backup.source import Source

LEVEL = 4
"""Of gzip."""


def write(source: Source, header: Header, file: BinaryIO) -> tuple[Mapping[str, int], int]:
    """Writes everything that a source has; rows of each table, and how many bytes it took."""
    rows: Counter[str] = Counter({table.name: 0 for table in header.tables})
    digest = hashlib.sha256()
    counted = _Counted(file)
    with gzip.GzipFile("", "wb", LEVEL, cast("BinaryIO", counted), mtime=0) as packed:

        def put(lines: bytes) -> None:
            digest.update(lines)
            packed.write(lines)

        made_at = datetime.fromtimestamp(header.made_at_ns // SECOND_NS, UTC)
        put(header.line(made_at.strftime("%Y-%m-%dT%H:%M:%SZ")))
        for table in header.tables:
            for chunk in source.rows(table):
                put(lines_of(table, chunk))
                rows[table.name] += len(chunk)
        packed.write(Footer(rows, digest.hexdigest()).line())
    return rows, counted.size


class _Counted:
    """A file that knows how many bytes went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = 0
        self._file = file

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file of ours alone that takes the place of the one at `path` at the end, on the disk.

    Raises:
        BackupError: it cannot be written; what was there still is.
    """
    fresh = path.with_name(f"{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):
                raise BackupError(f"{path} is not a file")
        with suppress(FileNotFoundError):
            fresh.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException as error:
        with suppress(OSError):
            fresh.unlink()
        if isinstance(error, OSError):
            raise BackupError(f"{path}: {(error.strerror or str(error)).lower()}") from error
        raise
    sync_folder(path.parent)
