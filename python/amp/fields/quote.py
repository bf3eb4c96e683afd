"""Texts and values as Go's `%q` and `%#v` show them; many of upstream's messages do."""

from __future__ import annotations

from typing import Any

_SHORT = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


def quote(text: str) -> str:
    """The text in double quotes with everything unprintable escaped (Go: strconv.Quote)."""
    return f'"{"".join(_escape(character) for character in text)}"'


def go_value(value: Any) -> str:
    """Decoded YAML as Go's `%#v` shows it."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(go_value(item) for item in value)}}}"
    if isinstance(value, dict):
        pairs = ", ".join(f"{go_value(key)}:{go_value(item)}" for key, item in value.items())
        return f"map[interface {{}}]interface {{}}{{{pairs}}}"
    return str(value).lower()


def _escape(character: str) -> str:
    short = _SHORT.get(character)
    if short is not None:
        return short
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
