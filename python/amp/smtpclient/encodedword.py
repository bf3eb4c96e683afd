"""Values of headers as encoded words. Upstream: Go mime WordEncoder (QEncoding)."""

from __future__ import annotations

import re

LONGEST = 63
"""Characters that fit into an encoded word of UTF-8."""
_PLAIN = re.compile(r"[\t -~]*")
_KEPT = frozenset(map(chr, range(0x21, 0x7F))) - set("=?_")


def encoded(value: str) -> str:
    """The value itself when it is plain ASCII, else as encoded words between blanks."""
    if _PLAIN.fullmatch(value):
        return value
    words = []
    word = ""
    for character in value:
        code = _code(character)
        if len(word) + len(code) > LONGEST:
            words.append(word)
            word = ""
        word += code
    words.append(word)
    return " ".join(f"=?utf-8?q?{word}?=" for word in words)


def _code(character: str) -> str:
    if character == " ":
        return "_"
    if character in _KEPT:
        return character
    return "".join(f"={code:02X}" for code in character.encode("utf-8", "surrogateescape"))
