"""JSON as Go writes it and as Go refuses it (Go: encoding/json)."""

from __future__ import annotations

import json
import re
from typing import Any

from amp.cli.amtool.invocation import ToolError

_ESCAPED = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_LITERALS = ("true", "false", "null")
_DECODER = json.JSONDecoder(strict=True)
END = "unexpected EOF"
_TOLD = {
    "Expecting property name": "looking for beginning of object key string",
    "Illegal trailing comma": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Invalid control character": "in string literal",
    "Invalid \\": "in string escape code",
}


def encode(value: object) -> str:
    """One line, with what HTML could take for markup escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.translate(_ESCAPED)


def decode(text: str) -> Any:
    """The value that a text begins with.

    Raises:
        ToolError: with Go's text when it begins with none.
    """
    return decode_from(text, 0)[0]


def decode_from(text: str, at: int) -> tuple[Any, int]:
    """The value that begins at an index, or after blanks there, and the index behind it.

    Raises:
        ToolError: with Go's text when there is none.
    """
    at = after_blanks(text, at)
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise ToolError(_refusal(text, error, at)) from None
    except RecursionError:
        raise ToolError("exceeded max depth") from None


def after_blanks(text: str, at: int) -> int:
    """The index of what is no blank."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def kind(value: object) -> str:
    """What Go calls the kind of a value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "number"


def _refusal(text: str, error: json.JSONDecodeError, start: int) -> str:
    at, context = error.pos, "looking for beginning of value"
    for message, told in _TOLD.items():
        if error.msg.startswith(message):
            context = told
    if error.msg.startswith("Expecting ','"):
        inside = _container(text, start, at)
        context = "after object key:value pair" if inside == "{" else "after array element"
    if error.msg.startswith("Invalid \\"):
        at += 1
    if error.msg.startswith("Unterminated string") or at >= len(text):
        return END if text[start:] else "EOF"
    if error.msg.startswith("Expecting value"):
        for literal in _LITERALS:
            if text[at] == literal[0]:
                return _in_literal(text, at, literal)
    return f"invalid character {_character(text[at])} {context}"


def _in_literal(text: str, at: int, literal: str) -> str:
    for index, wanted in enumerate(literal):
        if at + index >= len(text):
            break
        found = text[at + index]
        if found != wanted:
            return (
                f"invalid character {_character(found)} in literal {literal} (expecting '{wanted}')"
            )
    return END


def _character(character: str) -> str:
    if character == "'":
        return r"'\''"
    if character == '"':
        return "'\"'"
    from amp.fields.quote import quote

    return f"'{quote(character)[1:-1]}'"


def _container(text: str, start: int, end: int) -> str:
    """The bracket that is open at an index."""
    opened: list[str] = []
    at = start
    while at < end:
        if text[at] == '"':
            at = _STRING.match(text, at).end()  # type: ignore[union-attr]  # it was read before
            continue
        if text[at] in "{[":
            opened.append(text[at])
        elif text[at] in "}]":
            opened.pop()
        at += 1
    return opened[-1] if opened else ""
