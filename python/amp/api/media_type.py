"""Reads a Content-Type header as strictly as upstream does (Upstream: Go's mime.ParseMediaType)."""

from __future__ import annotations

import re

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_KIND = re.compile(_WORD)
_VALUE = rf'(?:{_WORD}|"(?:[^"\\]|\\.)*")'
_PARAMETER = re.compile(rf"\s*;\s*({_WORD})\s*=\s*{_VALUE}")


def media_type(text: str) -> str:
    """The type and subtype in lower case, parameters checked and left out.

    Raises:
        ValueError: with upstream's text.
    """
    kind, semicolon, rest = text.partition(";")
    kind = kind.strip().lower()
    _check(kind)
    rest = semicolon + rest
    seen: set[str] = set()
    while rest.strip() not in ("", ";"):
        found = _PARAMETER.match(rest)
        if found is None:
            raise ValueError("mime: invalid media parameter")
        name = found.group(1).lower()
        if name in seen:
            raise ValueError("mime: duplicate parameter name")
        seen.add(name)
        rest = rest[found.end() :]
    return kind


def _check(kind: str) -> None:
    first = _KIND.match(kind)
    if first is None:
        raise ValueError("mime: no media type")
    if first.end() == len(kind):
        raise ValueError(f'mediatype: malformed: "{kind}" has no subtype')
    if kind[first.end()] != "/":
        raise ValueError("mime: expected slash after first token")
    second = _KIND.match(kind, first.end() + 1)
    if second is None:
        raise ValueError("mime: expected token after slash")
    if second.end() != len(kind):
        raise ValueError("mime: unexpected content after media subtype")
