"""Plain data as YAML text in the form of upstream's dumps (Upstream: yaml.v2 encode.go)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from amp.fields.scalar import STR, resolve_text

_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_INDICATORS_AT_START = frozenset("#,[]{}&*!|>'\"%@`")
_BREAKS = frozenset("\r\n\x85\u2028\u2029")
_BLANKS_AFTER = frozenset(" \t\r\n\x85\u2028\u2029")
_WIDTH = 80
_ESCAPES = {
    "\0": "\\0",
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    "\x1b": "\\e",
    '"': '\\"',
    "\\": "\\\\",
    "\x85": "\\N",
    "\xa0": "\\_",
    "\u2028": "\\L",
    "\u2029": "\\P",
}


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
        start = f"{lead or pad}{_key(key)}:"
        lead = ""
        if isinstance(value, dict) and value:
            lines.append(f"{start}\n")
            _mapping(value, indent + 2, lines, "")
        elif isinstance(value, list) and value and not isinstance(value, Flow):
            lines.append(f"{start}\n")
            _sequence(value, indent, lines, "")
        else:
            lines.append(f"{start} {_inline(value, indent, len(start) + 1)}\n")


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
            lines.append(f"{start}{_inline(value, indent, len(start))}\n")


def _key(key: Any) -> str:
    return _text(key, 0, 0, simple=True) if isinstance(key, str) else _plain(key)


def _inline(value: Any, indent: int, column: int) -> str:
    if isinstance(value, str):
        return _text(value, indent, column)
    if isinstance(value, Flow):
        return _flow(value, indent, column)
    if isinstance(value, list):
        return "[]"
    if isinstance(value, dict):
        return "{}"
    return _plain(value)


def _flow(values: Flow, indent: int, column: int) -> str:
    out = "["
    for index, value in enumerate(values):
        if index:
            out += ","
            column += 1
        text = _text(value, indent, column, flow=True)
        if column > _WIDTH:
            out += "\n" + " " * (indent + 2)
            column = indent + 2
        elif index:
            out += " "
            column += 1
        out += text
        column += len(text)
    return out + "]"


def _plain(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    return str(value)


def _float(value: float) -> str:
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    exponent = int(f"{value:e}".rpartition("e")[2]) if value else 0
    if exponent < -4 or exponent >= 21:
        digits = text.replace("e", "").replace(".", "") and f"{value!r}"
        mantissa, _, power = digits.partition("e") if "e" in digits else (*_scientific(value),)
        sign, power = (power[0], power[1:]) if power[0] in "+-" else ("+", power)
        return f"{mantissa.removesuffix('.0')}e{sign}{power.zfill(2)}"
    if "e" in text:
        return f"{int(value)}"
    return text.removesuffix(".0")


def _scientific(value: float) -> tuple[str, str, str]:
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            mantissa, _, power = text.partition("e")
            return mantissa, "e", power
    return repr(value), "e", "+00"


def _text(text: str, indent: int, column: int, *, flow: bool = False, simple: bool = False) -> str:
    """A string in the first style that upstream's emitter would allow."""
    shape = _Shape(text)
    wants_plain = resolve_text(text)[0] == STR and not _BASE_60.match(text)
    if "\n" in text and not (flow or simple or shape.special or shape.spaces_before_break):
        return _literal(text, indent)
    if wants_plain and "\n" not in text:
        allowed = shape.flow_plain if flow or simple else shape.block_plain
        if allowed and text:
            return _folded(text, indent, column, simple=simple)
        if not shape.special and not (shape.multiline and simple):
            return "'" + _folded(text.replace("'", "''"), indent, column + 1, simple=simple) + "'"
    return _double(text, indent, column, simple=simple)


class _Shape:
    """Which styles a text allows (Upstream: yaml.v2 emitterc.go analyze_scalar)."""

    def __init__(self, text: str) -> None:
        self.special = False
        self.multiline = False
        self.spaces_before_break = False
        self.block_plain = bool(text)
        self.flow_plain = bool(text)
        if not text:
            return
        self._scan(text)
        if text[0] == " " or text[-1] == " " or self.multiline:
            self.block_plain = self.flow_plain = False
        if text.startswith(("---", "...")):
            self.block_plain = self.flow_plain = False
        self.spaces_before_break = bool(re.search(r" [\r\n\x85\u2028\u2029]", text))
        trailing = text[-1] == " "
        self.spaces_before_break = self.spaces_before_break or trailing
        if self.special or self.spaces_before_break:
            self.block_plain = self.flow_plain = False

    def _scan(self, text: str) -> None:
        preceded = True
        for index, character in enumerate(text):
            following = text[index + 1 : index + 2]
            followed = not following or following in _BLANKS_AFTER
            self._indicator(index, character, preceded=preceded, followed=followed)
            if not _printable(character):
                self.special = True
            if character in _BREAKS:
                self.multiline = True
            preceded = character in _BLANKS_AFTER

    def _indicator(self, index: int, character: str, *, preceded: bool, followed: bool) -> None:
        flow = block = False
        if index == 0:
            if character in _INDICATORS_AT_START:
                flow = block = True
            elif character in "?:":
                flow, block = True, followed
            elif character == "-":
                flow = block = followed
        elif character in ",?[]{}":
            flow = True
        elif character == ":":
            flow, block = True, followed
        elif character == "#":
            flow = block = preceded
        self.flow_plain = self.flow_plain and not flow
        self.block_plain = self.block_plain and not block


def _printable(character: str) -> bool:
    """Upstream: yaml.v2 yamlprivateh.go is_printable; line breaks are judged apart."""
    code = ord(character)
    return (
        code == 0x0A
        or 0x20 <= code <= 0x7E
        or code == 0x85
        or 0xA0 <= code <= 0xD7FF
        or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
    )


def _folded(text: str, indent: int, column: int, *, simple: bool) -> str:
    """The text broken at single spaces where a line is too long."""
    if simple or column + len(text) <= _WIDTH:
        return text
    out: list[str] = []
    previous_space = False
    for index, character in enumerate(text):
        if character == " ":
            inner = 0 < index < len(text) - 1 and text[index + 1] != " "
            if column > _WIDTH and inner and not previous_space:
                out.append("\n" + " " * (indent + 2))
                column = indent + 2
            else:
                out.append(character)
                column += 1
            previous_space = True
        else:
            out.append(character)
            column += 1
            previous_space = False
    return "".join(out)


def _literal(text: str, indent: int) -> str:
    hint = str(2) if text[0] in " \n" else ""
    if not text.endswith("\n"):
        chomp = "-"
    elif text == "\n" or text.endswith("\n\n"):
        chomp = "+"
    else:
        chomp = ""
    pad = " " * (indent + 2)
    body = "".join(
        f"{pad}{line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n")
    )
    return f"|{hint}{chomp}\n{body}".removesuffix("\n")


def _double(text: str, indent: int, column: int, *, simple: bool) -> str:
    out = ['"']
    column += 1
    previous_space = False
    for index, character in enumerate(text):
        if character == " ":
            inner = 0 < index < len(text) - 1
            if not simple and column > _WIDTH and inner and not previous_space:
                out.append("\n" + " " * (indent + 2))
                column = indent + 2
                if text[index + 1] == " ":
                    out.append("\\")
                    column += 1
            else:
                out.append(character)
                column += 1
            previous_space = True
            continue
        shown = _escaped(character)
        out.append(shown)
        column += len(shown)
        previous_space = False
    return "".join([*out, '"'])


def _escaped(character: str) -> str:
    short = _ESCAPES.get(character)
    if short is not None:
        return short
    if _printable(character) and unicodedata.category(character) != "Cs":
        return character
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
