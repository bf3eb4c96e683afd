"""A string in the style that upstream's emitter gives it (Upstream: yaml.v2 emitterc.go)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from amp.fields.scalar import STR, resolve_text

_WIDTH = 80
_BYTE_ORDER_MARK = 0xFEFF
_QUOTE = "'"
_BREAKS = r"\r\n\x85\u2028\u2029"
_END = rf"(?=[ \t{_BREAKS}]|\Z)"
_BEFORE = rf"(?<=[ \t{_BREAKS}])"
_SAFE = re.compile(r"[A-Za-z/_][A-Za-z0-9/_.]*\Z")
_BLOCK_INDICATOR = re.compile(
    rf"""\A(?:[#,\[\]{{}}&*!|>'"%@`]|[?:-]{_END})|:{_END}|{_BEFORE}\#|\A(?:---|\.\.\.)"""
)
_FLOW_INDICATOR = re.compile(
    rf"""\A(?:[#,\[\]{{}}&*!|>'"%@`]|-{_END})|[,?\[\]{{}}:]|{_BEFORE}\#|\A(?:---|\.\.\.)"""
)
_BREAK = re.compile(f"[{_BREAKS}]")
_SPACE_BREAK = re.compile(f" [{_BREAKS}]")
_BREAK_SPACE = re.compile(f"[{_BREAKS}] ")
_SEPARATORS = re.compile(r"[\u2028\u2029]+(?!\Z)")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
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
    "\u2028": "\\L",
    "\u2029": "\\P",
}


@dataclass(frozen=True, slots=True)
class Context:
    """Where a scalar stands.

    Attributes:
        indent: of the lines that continue it.
        column: where it begins.
        flow: whether it stands in brackets.
        simple_key: whether it is a key on one line.
    """

    indent: int
    column: int
    flow: bool = False
    simple_key: bool = False

    @staticmethod
    def too_wide(column: int) -> bool:
        """Whether a line is broken at the next chance."""
        return column > _WIDTH


def scalar(text: str, context: Context) -> str:
    """The text in the first style that fits: plain, literal, single or double quotes."""
    if _SAFE.match(text) and resolve_text(text)[0] == STR:
        return text
    special = _has_special(text) or _SPACE_BREAK.search(text) is not None
    if "\n" in text:
        literal = not (special or text[-1] == " " or context.flow or context.simple_key)
        return _literal(text, context) if literal else _double(text, context)
    if special or not _is_text(text) or _BREAK_SPACE.search(text):
        return _double(text, context)
    if is_broken(text):
        return f"'{_SEPARATORS.sub(_indented(context), text.replace(_QUOTE, _QUOTE * 2))}'"
    indicator = (_FLOW_INDICATOR if context.flow else _BLOCK_INDICATOR).search(text)
    if indicator is None and text[0] != " " and text[-1] != " ":
        return _folded(text, context)
    return f"'{_folded(text.replace(_QUOTE, _QUOTE * 2), context, quoted=True)}'"


def _has_special(text: str) -> bool:
    """Whether double quotes are needed to write the text at all."""
    if text.isascii() and text.isprintable():
        return False
    return not all(character == "\n" or _is_printable(character) for character in text)


def _is_printable(character: str) -> bool:
    code = ord(character)
    return (
        0x20 <= code <= 0x7E
        or 0xA0 <= code <= 0xD7FF
        or (0xE000 <= code <= 0xFFFD and code != _BYTE_ORDER_MARK)
    )


def is_broken(text: str) -> bool:
    """Whether the text takes more than one line."""
    return _BREAK.search(text) is not None


def _indented(context: Context) -> str:
    """What replaces a line separator inside a text."""
    return rf"\g<0>{' ' * context.indent}"


def _is_text(text: str) -> bool:
    """Whether the text without quotes would be read as itself."""
    return resolve_text(text)[0] == STR and not _BASE_60.match(text)


def _folded(text: str, context: Context, *, quoted: bool = False) -> str:
    """The text broken at single spaces where its line is too long."""
    column = context.column + quoted
    if context.simple_key or column + len(text) <= _WIDTH:
        return text
    words = text.split(" ")
    out, column = words[0], column + len(words[0])
    for index, word in enumerate(words[1:], 1):
        single = words[index - 1] != "" and word != ""
        if column > _WIDTH and single:
            out += "\n" + " " * context.indent + word
            column = context.indent + len(word)
        else:
            out += f" {word}"
            column += 1 + len(word)
    return out


def _literal(text: str, context: Context) -> str:
    hint = "2" if text[0] in " \n" else ""
    chomp = "-"
    if text.endswith("\n"):
        chomp = "+" if text == "\n" or text.endswith("\n\n") else ""
    pad = " " * context.indent
    lines = text.removesuffix("\n").split("\n")
    body = "".join(f"\n{pad}{line}" if line else "\n" for line in lines)
    return f"|{hint}{chomp}{body}"


def _double(text: str, context: Context) -> str:
    out, column = ['"'], context.column + 1
    was_space = False
    everything = text.startswith("\ufeff")
    for index, character in enumerate(text):
        escape = everything or character in _ESCAPES or not _is_printable(character)
        shown = _escaped(character) if escape else character
        inner = 0 < index < len(text) - 1 and not context.simple_key
        if character == " " and column > _WIDTH and inner and not was_space:
            shown = "\n" + " " * context.indent + ("\\" if text[index + 1] == " " else "")
            column = len(shown) - 1
        else:
            column += len(shown)
        was_space = character == " "
        out.append(shown)
    return "".join([*out, '"'])


def _escaped(character: str) -> str:
    short = _ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
