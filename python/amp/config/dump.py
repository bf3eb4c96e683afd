"""Plain data as YAML text in the form of upstream's dumps (Upstream: yaml.v2 encode.go)."""

from __future__ import annotations

from typing import Any

from amp.config.scalar_text import Context, is_broken, scalar

MAX_SIMPLE_KEY_BYTES = 128


class Flow(list[Any]):
    """A list that is written in brackets on one line."""


def dump(data: dict[str, Any]) -> str:
    """The text of a mapping; dicts keep their order, other data is as YAML's types are."""
    lines: list[str] = []
    _mapping(data, 0, lines, "")
    return "".join(lines)


def _mapping(data: dict[Any, Any], indent: int, lines: list[str], lead: str) -> None:
    """Writes the entries; `lead` stands before the first instead of the indentation."""
    pad = " " * indent
    for key, value in data.items():
        if isinstance(key, str) and _is_complex(key):
            _complex_entry(key, value, indent, lines, lead or pad)
            lead = ""
            continue
        start = f"{lead or pad}{_key(key, indent)}:"
        lead = ""
        if isinstance(value, dict) and value:
            lines.append(f"{start}\n")
            _mapping(value, indent + 2, lines, "")
        elif isinstance(value, list) and value and not isinstance(value, Flow):
            lines.append(f"{start}\n")
            _sequence(value, indent, lines, "")
        else:
            text = _inline(value, Context(indent + 2, len(start) + 1))
            lines.append(f"{start} {text}\n")


def _is_complex(key: str) -> bool:
    """Whether a key is too long or broken for one line with its value."""
    return is_broken(key) or len(key.encode()) > MAX_SIMPLE_KEY_BYTES


def _complex_entry(key: str, value: Any, indent: int, lines: list[str], lead: str) -> None:
    lines.append(f"{lead}? {scalar(key, Context(indent + 2, len(lead) + 2))}\n")
    start = f"{' ' * indent}: "
    if isinstance(value, dict) and value:
        _mapping(value, indent + 2, lines, start)
    elif isinstance(value, list) and value and not isinstance(value, Flow):
        _sequence(value, indent + 2, lines, start)
    else:
        lines.append(f"{start}{_inline(value, Context(indent + 2, len(start)))}\n")


def _sequence(data: list[Any], indent: int, lines: list[str], lead: str) -> None:
    pad = " " * indent
    for value in data:
        start = f"{lead or pad}- "
        lead = ""
        if isinstance(value, dict) and value:
            _mapping(value, indent + 2, lines, start)
        elif isinstance(value, list) and value and not isinstance(value, Flow):
            _sequence(value, indent + 2, lines, start)
        else:
            lines.append(f"{start}{_inline(value, Context(indent + 2, len(start)))}\n")


def _key(key: Any, indent: int) -> str:
    if isinstance(key, str):
        return scalar(key, Context(indent, 0, simple_key=True))
    return _plain(key)


def _inline(value: Any, context: Context) -> str:
    if isinstance(value, str):
        return scalar(value, context)
    if isinstance(value, Flow) and value:
        return _flow(value, context)
    if isinstance(value, list):
        return "[]"
    return "{}" if isinstance(value, dict) else _plain(value)


def _flow(values: Flow, context: Context) -> str:
    out, column = "[", context.column + 1
    for index, value in enumerate(values):
        if index:
            out += ","
            column += 1
        if context.too_wide(column):
            out += "\n" + " " * context.indent
            column = context.indent
        elif index:
            out += " "
            column += 1
        text = scalar(value, Context(context.indent + 2, column, flow=True))
        out += text
        column += len(text)
    return out + "]"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _float(value) if isinstance(value, float) else str(value)


def _float(value: float) -> str:
    """The shortest form, with an exponent for large and small numbers (Go: FormatFloat 'g')."""
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    digits, _, power = _scientific(value).partition("e")
    exponent = int(power)
    if -4 <= exponent < 6:
        return f"{value:.{max(len(digits.lstrip('-').replace('.', '')) - 1 - exponent, 0)}f}"
    return f"{digits}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _scientific(value: float) -> str:
    """The shortest digits that read back as the same number, as `1.5e+00`."""
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            return text
    return f"{value:.17e}"
