"""The lines of a backup: a header, a line for each row, a footer."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from amp.backup.table import HISTORY, STATE, Row, Table
from amp.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FORMAT = 1
"""What the header's `amp_backup` is; a reader refuses others."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Header(NamedTuple):
    """The first line.

    Attributes:
        made_at_ns: when the stores were read.
        version: the release that wrote it.
        state_schema: version of the state's tables.
        history_schema: version of the history's tables; 0 when there is no history in it.
    """

    made_at_ns: int
    version: str
    state_schema: int
    history_schema: int

    @property
    def tables(self) -> list[Table]:
        """The sections in their order."""
        return [*STATE, *(HISTORY if self.history_schema else ())]

    def line(self, made_at: str) -> bytes:
        """The line; `made_at` is the time for people."""
        return _line(
            {
                "amp_backup": FORMAT,
                "made_at": made_at,
                "made_at_ns": self.made_at_ns,
                "version": self.version,
                "state_schema": self.state_schema,
                "history_schema": self.history_schema,
                "tables": {table.name: table.columns for table in self.tables},
            }
        )


def header_of(line: bytes) -> Header:
    """Reads the first line.

    Raises:
        BackupError: it is none, or a newer release's.
    """
    found = _object(line)
    if "amp_backup" not in found:
        raise BackupError("not a backup of AMP")
    try:
        header = Header(
            int(found["made_at_ns"]),
            str(found["version"]),
            int(found["state_schema"]),
            int(found["history_schema"]),
        )
        tables = {name: tuple(columns) for name, columns in found["tables"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BackupError("damaged: the header lacks something") from None
    wanted = {table.name: table.columns for table in header.tables}
    if found["amp_backup"] != FORMAT or tables != wanted:
        raise BackupError(f"made by release {header.version}, which this one does not read")
    return header


class Footer(NamedTuple):
    """The last line.

    Attributes:
        rows: rows of each table.
        sha256: of everything before, uncompressed, in hex.
    """

    rows: Mapping[str, int]
    sha256: str

    def line(self) -> bytes:
        """The line."""
        return _line({"amp_backup_end": FORMAT, "rows": self.rows, "sha256": self.sha256})


def footer_of(line: bytes) -> Footer | None:
    """Reads the last line; None when it is no footer."""
    try:
        found = _object(line)
        return Footer({str(k): int(v) for k, v in found["rows"].items()}, str(found["sha256"]))
    except (BackupError, KeyError, TypeError, ValueError, AttributeError):
        return None


def lines_of(table: Table, rows: Sequence[Row]) -> bytes:
    """A line for each row."""
    head = f'["{table.name}",'
    if not table.texts:
        # Between numbers a bracket only ends a row.
        inner = _ENCODER.encode(rows)[2:-2].replace("],[", f"]\n{head}")
        return f"{head}{inner}]\n".encode()
    rows = _changed(rows, table.blobs, lambda blob: b64encode(blob).decode())
    encode = _ENCODER.encode
    return "".join(f"{head}{encode(row)[1:]}\n" for row in rows).encode()


def rows_of(lines: bytes, tables: Mapping[str, Table]) -> Iterator[tuple[Table, list[Row]]]:
    """The rows of whole lines, those of one table together.

    Raises:
        BackupError: a line is no row of a known table.
    """
    try:
        # A line end within a text is escaped: those that are left only end lines.
        found: list[list[Any]] = json.loads(b"[%b]" % lines.rstrip(b"\n").replace(b"\n", b","))
        for name, group in groupby(found, key=lambda row: row[0]):
            table = tables[name]
            rows = [tuple(row[1:]) for row in group]
            if any(len(row) != len(table.columns) for row in rows):
                raise BackupError(f"damaged: a row of {name} has another number of columns")
            yield table, list(_changed(rows, table.blobs, lambda text: b64decode(text)))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise BackupError(f"damaged: a line is no row: {error}") from None


def _changed(
    rows: Sequence[Row], positions: Sequence[int], change: Callable[[Any], object]
) -> Sequence[Row]:
    """The rows with some columns in another form."""
    if not positions:
        return rows
    return [
        tuple(change(value) if at in positions else value for at, value in enumerate(row))
        for row in rows
    ]


def _line(value: object) -> bytes:
    return f"{_ENCODER.encode(value)}\n".encode()


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BackupError("not a backup of AMP") from None
    if not isinstance(found, dict):
        raise BackupError("not a backup of AMP")
    return found
