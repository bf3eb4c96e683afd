"""Prose in lines of a width: paragraphs are filled, what is indented stays as it is."""

from __future__ import annotations


def wrapped(text: str, width: int, *, indent: str = "", code_indent: str = "  ") -> list[str]:
    """The lines of a text.

    Args:
        text: paragraphs, parted by blank lines; paragraphs that begin with a tab are not filled.
        width: of a line without its indent; words that are longer stand alone.
        indent: before each line.
        code_indent: before each line of a paragraph that is not filled.
    """
    lines: list[str] = []
    for paragraph in text.strip("\n").split("\n\n"):
        if lines:
            lines.append("")
        if paragraph.startswith("\t"):
            lines += [f"{code_indent}{line[1:]}" for line in paragraph.split("\n")]
        else:
            lines += [f"{indent}{line}" for line in _filled(paragraph.split(), width)]
    return lines


def _filled(words: list[str], width: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
