r"""File name patterns of Go's path/filepath: `*`, `?`, `[a-z]`, `[^a]`, `\\` escapes, no `**`."""

from __future__ import annotations

import os.path
import re
from pathlib import Path

from amp.errors import ConfigError

_MAGIC = frozenset("*?[\\")


def glob(pattern: str, key: str) -> list[str]:
    """The existing files that match, in lexical order of each folder (Go: filepath.Glob).

    Raises:
        ConfigError: naming the key, when the pattern is malformed.
    """
    try:
        return _glob(pattern)
    except ValueError:
        raise ConfigError("failed to parse templates: syntax error in pattern", key=key) from None


def _glob(pattern: str) -> list[str]:
    _compiled(pattern)
    if not _MAGIC.intersection(pattern):
        return [pattern] if os.path.lexists(pattern) else []
    folder, name = os.path.split(pattern)
    regex = _compiled(name)
    folders = _glob(folder) if _MAGIC.intersection(folder) else [folder or "."]
    return [
        f"{found.rstrip('/')}/{entry}" if folder else entry
        for found in folders
        for entry in _entries(found)
        if regex.fullmatch(entry)
    ]


def _entries(folder: str) -> list[str]:
    try:
        return sorted(entry.name for entry in Path(folder).iterdir())
    except OSError:
        return []


def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression; ValueError when it is malformed."""
    out, index = "", 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "*":
            out += "[^/]*"
        elif character == "?":
            out += "[^/]"
        elif character == "[":
            part, index = _class(pattern, index)
            out += part
        elif character == "\\":
            out += re.escape(_at(pattern, index))
            index += 1
        else:
            out += re.escape(character)
    return re.compile(out, re.DOTALL)


def _class(pattern: str, index: int) -> tuple[str, int]:
    """The class that begins after a bracket, and where it ends."""
    negated = pattern[index : index + 1] == "^"
    index += negated
    ranges: list[str] = []
    while True:
        if pattern[index : index + 1] == "]" and ranges:
            return f"[{'^' if negated else ''}{''.join(ranges)}]", index + 1
        low, index = _member(pattern, index)
        high = low
        if pattern[index : index + 1] == "-":
            high, index = _member(pattern, index + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("\\ud800")


def _member(pattern: str, index: int) -> tuple[str, int]:
    character = _at(pattern, index)
    if character in "-]":
        raise ValueError(pattern)
    if character == "\\":
        return _at(pattern, index + 1), index + 2
    return character, index + 1


def _at(pattern: str, index: int) -> str:
    if index >= len(pattern):
        raise ValueError(pattern)
    return pattern[index]
