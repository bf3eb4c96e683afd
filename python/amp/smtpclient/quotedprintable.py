"""Quoted-printable bodies. Upstream: Go mime/quotedprintable Writer."""

from __future__ import annotations

import re

LONGEST = 75
"""Characters of a line beside the `=` that continues it."""
_SPECIAL = re.compile(rb"[^\t\n\r !-<>-~]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
# Go forgets the carriage return only at the next plain character.
_TORN_LINE_END = re.compile(rb"\r([^\t\n\r !-<>-~]+)\n")
_CODES = {bytes([code]): b"=%02X" % code for code in range(256)}


def quoted_printable(text: str) -> bytes:
    """The text with lines of at most 76 characters that end with CR LF."""
    data = _TORN_LINE_END.sub(rb"\r\1", text.encode("utf-8", "surrogateescape"))
    if _SPECIAL.search(data):
        data = _SPECIAL.sub(lambda match: _CODES[match[0]], data)
    return b"\r\n".join(
        line if len(line) <= LONGEST and not line.endswith((b" ", b"\t")) else _folded(line)
        for line in _LINE_END.split(data)
    )


def _folded(line: bytes) -> bytes:
    """A line cut into pieces, none of them through a code; white space at its end as a code."""
    if line.endswith((b" ", b"\t")):
        line = line[:-1] + _CODES[line[-1:]]
    pieces = []
    begin = 0
    while len(line) - begin > LONGEST:
        end = begin + LONGEST
        if line[end - 1] == 0x3D:
            end -= 1
        elif line[end - 2] == 0x3D:
            end -= 2
        pieces.append(line[begin:end])
        begin = end
    pieces.append(line[begin:])
    return b"=\r\n".join(pieces)
