"""JSON bodies as upstream's encoder writes them. Upstream: encoding/json Encoder.Encode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from amp._core import encode_json
from amp.errors import SendError

_ESCAPED = ("<", ">", "&", "\u2028", "\u2029")
_SPACES = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+')
_SMALLEST_PLAIN, _SMALLEST_SAME, _LARGEST_SAME, _LARGEST_PLAIN = 1e-6, 1e-4, 1e15, 1e21


@dataclass(frozen=True, slots=True)
class Raw:
    """JSON that is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A value that JSON does not have, as Go names it."""

    text: str


def raw(text: str) -> Raw:
    """A JSON text, compact and escaped as `encode` would have written it."""
    text = _SPACES.sub(lambda found: found.group(1) or "", text)
    for character in _ESCAPED:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Raw(text)


def number(value: float) -> float | int | Raw | Unsupported:
    """A float such that `encode` writes it as Go does.

    Upstream: encoding/json encode.go floatEncoder.
    """
    size = abs(value)
    if size != size:
        return Unsupported("NaN")
    if size == float("inf"):
        return Unsupported("+Inf" if value > 0 else "-Inf")
    if value == 0:
        return 0 if str(value) == "0.0" else Raw("-0")
    if _SMALLEST_SAME <= size < _LARGEST_SAME:
        return int(value) if value.is_integer() else value
    if _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        return Raw(f"{Decimal(repr(value)):f}".removesuffix(".0"))
    digits, _, exponent = repr(value).partition("e")
    return Raw(f"{digits.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}")


def encode(value: Any) -> bytes:
    """Compact JSON with a final newline; keys keep their order, `<`, `>` and `&` are escaped.

    Raises:
        SendError: not retryable, for infinity and what is not a number.
    """
    return encode_json(value, _other)


def _other(value: object) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, Unsupported):
        raise SendError(f"json: unsupported value: {value.text}")
    raise TypeError(f"{type(value).__name__} is not JSON")


def filled(**values: Any) -> dict[str, Any]:
    """The entries that are not empty (`None`, `""`, `False`, `0`, `[]`, `{}`), in their order."""
    return {name: value for name, value in values.items() if value}
