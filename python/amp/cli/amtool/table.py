"""Text in aligned columns (Go: text/tabwriter with a padding of two blanks)."""

from __future__ import annotations

import re

PADDING = 2
_CELL_END = re.compile(r"[\t\v]")


def aligned(text: str) -> str:
    """Cells end with a tab; those below each other in lines without a gap are one column.

    What stands behind the last tab of a line belongs to no column.
    """
    # A form feed ends a line and all columns.
    return "\n".join(_block(block) for block in text.split("\f"))


def _block(text: str) -> str:
    lines = [_CELL_END.split(line) for line in text.split("\n")]
    widths: list[list[int]] = [[] for _ in lines]
    _measure(lines, widths, 0, len(lines), 0)
    return "\n".join(
        "".join(cell.ljust(width) for cell, width in zip(cells, found, strict=False)) + cells[-1]
        for cells, found in zip(lines, widths, strict=True)
    )


def _measure(
    lines: list[list[str]], widths: list[list[int]], first: int, end: int, column: int
) -> None:
    """Fills in the widths of a column and of those right of it, block by block."""
    at = first
    while at < end:
        if len(lines[at]) - 1 <= column:
            at += 1
            continue
        begin = at
        while at < end and len(lines[at]) - 1 > column:
            at += 1
        width = max(len(lines[row][column]) for row in range(begin, at)) + PADDING
        for row in range(begin, at):
            widths[row].append(width)
        _measure(lines, widths, begin, at, column + 1)
