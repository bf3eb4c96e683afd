"""Quoted-printable bodies. Upstream: Go mime/quotedprintable Writer."""

from __future__ import annotations

import re

LONGEST = 75
"""Characters of a line beside the `=` that continues it."""
EQUALS = ord("=")
_SPECIAL = re.compile(rb"[^\t\n\r -~]+")
_LINE_END = re.compile(rb"\r\n?")
# Go forgets the carriage return only at the next plain character.
_TORN_LINE_END = re.compile(rb"\r([^\t\n\r !-<>-~]+)\n")
_KEPT = b"\t\n\r" + bytes(range(0x20, 0x7F))
_CODES = [b"=%02X" % code for code in range(256)]


def quoted_printable(text: str) -> bytes:
    """The text with lines of at most 76 characters that end with CR LF."""
    data = text.encode("utf-8", "surrogateescape")
    if b"\r" in data:
        data = _LINE_END.sub(b"\n", _TORN_LINE_END.sub(rb"\r\1", data))
    data = data.replace(b"=", b"=3D")
    if data.translate(None, _KEPT):
        data = _SPECIAL.sub(_coded, data)
    data = data.replace(b" \n", b"=20\n").replace(b"\t\n", b"=09\n")
    if data.endswith((b" ", b"\t")):
        data = data[:-1] + _CODES[data[-1]]
    lines = data.split(b"\n")
    return b"\r\n".join([line if len(line) <= LONGEST else _folded(line) for line in lines])


def _coded(match: re.Match[bytes]) -> bytes:
    return b"".join([_CODES[code] for code in match[0]])


def _folded(line: bytes) -> bytes:
    """A line cut into pieces, none of them through a code."""
    pieces = []
    begin = 0
    while len(line) - begin > LONGEST:
        end = begin + LONGEST
        if line[end - 1] == EQUALS:
            end -= 1
        elif line[end - 2] == EQUALS:
            end -= 2
        pieces.append(line[begin:end])
        begin = end
    pieces.append(line[begin:])
    return b"=\r\n".join(pieces)
