"""What a plain YAML scalar means in upstream's dialect (Upstream: yaml.v2 resolve.go)."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import TYPE_CHECKING

from amp.errors import ConfigError

if TYPE_CHECKING:
    from amp.fields.node import Node

STR = "!!str"
BOOL = "!!bool"
INT = "!!int"
FLOAT = "!!float"
NULL = "!!null"
TIMESTAMP = "!!timestamp"
BINARY = "!!binary"
MERGE = "!!merge"

Value = str | bool | int | float | None

_LONG = "tag:yaml.org,2002:"
_TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
_FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_INFINITE = frozenset([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"])
_MINUS_INFINITE = frozenset(["-.inf", "-.Inf", "-.INF"])
_NOT_A_NUMBER = frozenset([".nan", ".NaN", ".NAN"])
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_POINT_FLOAT = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_INTEGER = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))\Z"
)
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)"
    r"| (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?)?\Z"
)
_RESOLVABLE = frozenset(["", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP])


def short_tag(tag: str) -> str:
    """A tag as error texts show it: `!!str` for `tag:yaml.org,2002:str`."""
    return f"!!{tag.removeprefix(_LONG)}" if tag.startswith(_LONG) else tag


def is_null(node: Node) -> bool:
    """Whether this scalar is `null`, `~` or nothing, without quotes, or tagged so."""
    if node.tag:
        return short_tag(node.tag) == NULL and resolve(node)[1] is None
    return node.plain and node.value in ("", "null", "~")


def resolve(node: Node) -> tuple[str, Value]:
    """The short tag and the value of a scalar node."""
    tag = short_tag(node.tag)
    if not tag and not node.plain:
        return STR, node.value
    if tag == BINARY:
        return BINARY, _binary(node)
    if tag not in _RESOLVABLE:
        return tag, node.value
    if tag == STR:
        return STR, node.value
    found, value = resolve_text(node.value, timestamps=tag in ("", TIMESTAMP))
    if tag in ("", found):
        return found, value
    if tag == FLOAT and found == INT and isinstance(value, int):
        return FLOAT, float(value)
    raise ConfigError(f"yaml: cannot decode {found} `{node.value}` as a {tag}", line=node.line)


def resolve_text(text: str, *, timestamps: bool = True) -> tuple[str, Value]:
    """The tag and the value that a text without quotes has."""
    if text in _NULLS:
        return NULL, None
    first = text[0]
    if first in "+-0123456789.":
        return _number(text, timestamps=timestamps)
    if text in _TRUE:
        return BOOL, True
    if text in _FALSE:
        return BOOL, False
    return STR, text


def _number(text: str, *, timestamps: bool) -> tuple[str, Value]:
    if text in _INFINITE:
        return FLOAT, float("inf")
    if text in _MINUS_INFINITE:
        return FLOAT, float("-inf")
    if text in _NOT_A_NUMBER:
        return FLOAT, float("nan")
    if text[0] == ".":
        return (FLOAT, float(text)) if _POINT_FLOAT.match(text) else (STR, text)
    if timestamps and _is_timestamp(text):
        return TIMESTAMP, text
    plain = text.replace("_", "")
    integer = _integer(plain)
    if integer is not None:
        return INT, integer
    if _FLOAT.match(plain):
        value = float(plain)
        if value not in (float("inf"), float("-inf")):
            return FLOAT, value
    return STR, text


def _integer(plain: str) -> int | None:
    """The value within the range of 64 bits, signed or unsigned."""
    match = _INTEGER.match(plain)
    if match is None:
        return None
    sign, hexadecimal, octal, binary, decimal = match.groups()
    digits, base = next(
        (found, base)
        for found, base in ((hexadecimal, 16), (octal, 8), (binary, 2), (decimal, 10))
        if found is not None
    )
    if len(digits) > 64:
        return None
    value = int(digits, base)
    if sign == "-":
        return -value if value <= 1 << 63 else None
    limit = 1 << 63 if sign == "+" else 1 << 64
    return value if value < limit else None


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.match(text)
    if match is None:
        return False
    parts = [int(part) for part in match.groups() if part is not None]
    try:
        datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 only asks whether the day exists
    except ValueError:
        return False
    return True


def _binary(node: Node) -> str:
    try:
        raw = base64.b64decode(node.value.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise ConfigError(
            "yaml: !!binary value contains invalid base64 data", line=node.line
        ) from None
    return raw.decode(errors="replace")
