"""The template files: which there are, what they define, and what of it is used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amp.cli.check.finding import WARNING, Finding
from amp.config.templates import template_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from amp.config.schema import Config

_COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
_NAME = r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|`([^`]*)`)"
_DEFINED = re.compile(r"\{\{-?\s*(?:define|block)" + _NAME)
_CALLED = re.compile(r"\{\{-?\s*(?:template|block)" + _NAME)


class TemplateFiles:
    """The files that `templates` of a configuration names; they parse.

    Attributes:
        findings: patterns without a file.
    """

    def __init__(self, config: Config) -> None:
        self._files: list[str] = []
        self._calls: dict[str, set[str]] = {}
        self.findings: list[Finding] = []
        for index, pattern in enumerate(config.templates):
            key = f"templates[{index}]"
            found = list(template_files([(pattern, key)]))
            if not found:
                self.findings.append(Finding(WARNING, f"no file matches {pattern}", key=key))
            for path, text in found:
                self._files.append(path)
                self._read(Path(path).name, _COMMENT.sub("", text))

    def _read(self, name: str, text: str) -> None:
        """Notes what each definition calls; a call counts for the definition before it."""
        places = [(match.start(), _named(match)) for match in _DEFINED.finditer(text)]
        for start, defined in places:
            end = min((other for other, _ in places if other > start), default=len(text))
            self._calls.setdefault(defined, set()).update(_called(text[start:end]))
        self._calls.setdefault(name, set()).update(_called(text))

    def plain(self, texts: Iterable[str]) -> dict[str, Any]:
        """What there is, and which definitions none of the texts reaches."""
        names = {Path(path).name for path in self._files}
        used: set[str] = set()
        left = {name for text in texts for name in _called(text)}
        while left:
            name = left.pop()
            if name not in used:
                used.add(name)
                left |= self._calls.get(name, set())
        defined = {name for name in self._calls if name not in names}
        return {
            "files": self._files,
            "defined": len(defined),
            "used": sorted(defined & used),
            "unused": sorted(defined - used),
        }


def _named(match: re.Match[str]) -> str:
    return match[1] if match[1] is not None else match[2]


def _called(text: str) -> set[str]:
    return {_named(match) for match in _CALLED.finditer(text)}
