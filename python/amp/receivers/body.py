"""JSON bodies as upstream's encoder writes them. Upstream: encoding/json Encoder.Encode."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from amp.errors import SendError

_ESCAPED = ("<", ">", "&", "\u2028", "\u2029")
_SMALLEST_PLAIN, _SMALLEST_SAME, _LARGEST_SAME, _LARGEST_PLAIN = 1e-6, 1e-4, 1e15, 1e21


@dataclass(frozen=True, slots=True)
class Number:
    """A float that Go writes in another way than Python does, or not at all."""

    text: str


class _Odd(Exception):  # a signal, not an error
    """There is a `Number` in the value."""


def number(value: float) -> float | int | Number:
    """A float such that `encode` writes it as Go does.

    Upstream: encoding/json encode.go floatEncoder.
    """
    size = abs(value)
    if size != size:
        return Number("NaN")
    if size == float("inf"):
        return Number("+Inf" if value > 0 else "-Inf")
    if value == 0:
        return 0 if str(value) == "0.0" else Number("-0")
    if _SMALLEST_SAME <= size < _LARGEST_SAME:
        return int(value) if value.is_integer() else value
    if _SMALLEST_PLAIN <= size < _LARGEST_PLAIN:
        return Number(f"{Decimal(repr(value)):f}".removesuffix(".0"))
    digits, _, exponent = repr(value).partition("e")
    return Number(f"{digits.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0')}")


def encode(value: Any) -> bytes:
    """Compact JSON with a final newline; keys keep their order, `<`, `>` and `&` are escaped.

    Outside texts JSON has none of the escaped characters, so the whole document is searched.

    Raises:
        SendError: not retryable, for infinity and what is not a number.
    """
    try:
        text = _dumps(value)
    except _Odd:
        text = _written(value)
    for character in _ESCAPED:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"{text}\n".encode()


def _odd(_: Any) -> Any:
    raise _Odd


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_odd).encode


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{','.join(f'{_dumps(key)}:{_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_written, value))}]"
    if not isinstance(value, Number):
        return _dumps(value)
    if value.text[-1].isalpha():
        raise SendError(f"json: unsupported value: {value.text}")
    return value.text


def filled(**values: Any) -> dict[str, Any]:
    """The entries that are not empty (`None`, `""`, `False`, `0`, `[]`, `{}`), in their order."""
    return {name: value for name, value in values.items() if value}
