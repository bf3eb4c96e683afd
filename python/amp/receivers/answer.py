"""JSON that services answer with, refused in the words of Go's decoder. Upstream: encoding/json."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from amp.fields.quote import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SCANNED_BYTES = 16 << 10
MAX_SCANNED_TOKENS = 4096
_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")
_INSIDE = re.compile(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*')
_HEX = re.compile(r"[0-9a-fA-F]*")
_NUMBER = (
    (re.compile(r"-?"), re.compile(r"0|[1-9][0-9]*"), "in numeric literal"),
    (re.compile(r"\."), re.compile(r"[0-9]+"), "after decimal point in numeric literal"),
    (re.compile(r"[eE][+-]?"), re.compile(r"[0-9]+"), "in exponent of numeric literal"),
)
_CLOSING = {"{": "}", "[": "]"}
_AFTER = {
    "": "after top-level value",
    "{": "after object key:value pair",
    "[": "after array element",
}
_WANTED = {
    bool: "bool",
    str: "string",
    int: "int",
    dict: "map[string]interface {}",
    list: "[]string",
}
_NONE: Mapping[str, str] = MappingProxyType({})
_GO = {bool: "bool", str: "string", list: "array", dict: "object"}


def parse(body: bytes, *, first: bool = False) -> Any:
    """The value of a JSON text.

    Args:
        body: the answer.
        first: take the first value and leave what follows, as Go's Decoder does.

    Raises:
        ValueError: with the text of Go's error.
    """
    text = body.decode("utf-8", "replace")
    decoder = json.JSONDecoder(parse_constant=_refuse)
    try:
        return decoder.raw_decode(text.lstrip(_SPACE))[0] if first else decoder.decode(text)
    except (ValueError, RecursionError):
        raise ValueError(_Scan(body).problem(first=first)) from None


def members(
    value: Any,
    kinds: Mapping[str, type],
    struct: str,
    *,
    within: str = "",
    wanted: Mapping[str, str] = _NONE,
) -> dict[str, Any]:
    """Members of an object, found whatever their case; what is absent or null is empty.

    Args:
        value: what was parsed.
        kinds: `str`, `bool`, `int`, `dict` or `list` by name.
        struct: what Go's errors call the object (`slack.slackResponse`).
        within: where the object stands in the answer (`issueSearchResult.issues`), if not alone.
        wanted: Go's types of members that are not of the plainest kind.

    Raises:
        ValueError: with the text of Go's error, for a value of another kind.
    """
    if not isinstance(value, dict | None):
        place = f"struct field {within} of" if within else "value of"
        raise mistyped(value, f"Go {place} type {struct}")
    found = {name: kind() for name, kind in kinds.items()}
    for key, member in (value or {}).items():
        name = key if key in kinds else key.lower()
        if name not in kinds or member is None:
            continue
        if type(member) is not kinds[name]:
            path = f"{within.partition('.')[2]}.{name}" if within else name
            kind = wanted.get(name) or _WANTED[kinds[name]]
            place = f"{struct.rpartition('.')[2]}.{path}"
            raise mistyped(member, f"Go struct field {place} of type {kind}")
        found[name] = member
    return found


def first_object(body: bytes, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Members of the object with which an answer begins; see `parse` and `members`."""
    return members(parse(body, first=True), kinds, "")


def texts_of(items: list[Any]) -> list[str]:
    """A list of texts, in which null is an empty one.

    Raises:
        ValueError: when there is something else in it.
    """
    if any(not isinstance(item, str | None) for item in items):
        raise ValueError("not a list of texts")
    return [item or "" for item in items]


def mistyped(value: Any, wanted: str) -> ValueError:
    """What Go says of a value that is no `wanted` (`Go struct field token.x of type string`)."""
    kind = _GO.get(type(value), "number")
    if isinstance(value, float) and wanted.endswith(" int"):
        kind = f"number {value}"
    return ValueError(f"json: cannot unmarshal {kind} into {wanted}")


def _refuse(word: str) -> Any:
    raise ValueError(word)


class _Scan:
    """Finds what Go's scanner stumbles over; only texts that are known to be no JSON come here.

    The text's characters are bytes, as Go reads them. Its end counts as a blank. Only its beginning
    is looked at: a service that answers nonsense must not keep others waiting.
    """

    def __init__(self, body: bytes) -> None:
        self._whole = len(body) <= MAX_SCANNED_BYTES
        self._text = body[:MAX_SCANNED_BYTES].decode("latin-1") + " " * self._whole
        self._at = 0
        self._opened: list[str] = []
        self._state = "value"

    def problem(self, *, first: bool) -> str:
        """The text of Go's error."""
        place = self._place()
        if place is None:
            return "JSON with a fault too deep or too far behind to name"
        if first and self._at >= len(self._text) - 1:
            return "unexpected EOF" if self._text.strip(_SPACE) else "EOF"
        if self._at >= len(self._text):
            return "unexpected end of JSON input"
        letter = self._text[self._at]
        shown = {"'": "\\'", '"': '"'}.get(letter) or quote(letter)[1:-1]
        return f"invalid character '{shown}' {place}"

    def _place(self) -> str | None:
        """Where the character at fault stands, "" for a text that ends early, None if unknown."""
        place = ""
        for _ in range(MAX_SCANNED_TOKENS):
            if place or not self._blanks():
                break
            place = self._step(self._text[self._at])
        if self._at >= len(self._text):
            complete = self._state == "comma" and not self._opened
            return "" if self._whole and not complete else None
        return place or None

    def _step(self, letter: str) -> str:
        """Takes the next token; where it stands, if it cannot stand there."""
        opened = self._opened[-1] if self._opened else ""
        if letter == _CLOSING.get(opened) and self._state in ("first", "comma"):
            self._opened.pop()
            return self._take("comma")
        if self._state == "comma":
            if letter == "," and opened:
                return self._take("key" if opened == "{" else "value")
            return _AFTER[opened]
        if self._state == "colon":
            return self._take("value") if letter == ":" else "after object key"
        if self._state == "key" or (self._state == "first" and opened == "{"):
            self._state = "colon"
            return self._string() if letter == '"' else "looking for beginning of object key string"
        if letter in _CLOSING:
            self._opened.append(letter)
            return self._take("first")
        self._state = "comma"
        return self._scalar(letter)

    def _take(self, state: str) -> str:
        self._at += 1
        self._state = state
        return ""

    def _scalar(self, letter: str) -> str:
        if letter == '"':
            return self._string()
        if letter in "-0123456789":
            return self._number()
        for word in ("true", "false", "null"):
            if word[0] == letter:
                return self._word(word)
        return "looking for beginning of value"

    def _word(self, word: str) -> str:
        for letter in word:
            if self._text[self._at : self._at + 1] != letter:
                return f"in literal {word} (expecting '{letter}')"
            self._at += 1
        return ""

    def _number(self) -> str:
        for begin, digits, place in _NUMBER:
            begun = begin.match(self._text, self._at)
            if begun is None:
                continue
            self._at = begun.end()
            found = digits.match(self._text, self._at)
            if found is None:
                return place
            self._at = found.end()
        return ""

    def _string(self) -> str:
        self._skip(_INSIDE)
        stopped = self._text[self._at : self._at + 1]
        if stopped in ('"', ""):
            self._at += len(stopped)
            return ""
        if stopped != "\\":
            return "in string literal"
        self._at += 1
        if self._text[self._at : self._at + 1] != "u":
            return "in string escape code"
        self._at += 1
        self._skip(_HEX)
        return "in \\u hexadecimal character escape"

    def _blanks(self) -> bool:
        """Whether anything follows the blanks here."""
        self._skip(_SPACES)
        return self._at < len(self._text)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
