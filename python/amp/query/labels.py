"""Filters of labels as conditions on ids. A label that a series does not have counts as empty.

Upstream: pkg/labels Matcher.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amp._core import Matcher, history_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from amp.history.base import Reader
    from amp.query.question import Question

COLUMNS = {"alertname": "name_id", "severity": "severity_id", "namespace": "namespace_id"}
"""Labels that series and episodes have as columns; 0 stands there for an absent one."""


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """A series has one of these labels, or has none of them.

    Attributes:
        column: where series and episodes have the label themselves.
        ids: of labels; in columns 0 is the absent label.
        negative: whether it is none of them.
    """

    column: str | None
    ids: tuple[int, ...]
    negative: bool


def label_filters(question: Question, reader: Reader) -> list[LabelFilter]:
    """Every filter of labels that the question has."""
    values = _Values(reader)
    found = [_filter(name, values, allowed, "" in allowed) for name, allowed in question.labels]
    found += [_matched(matcher, values) for matcher in question.matchers]
    if question.patterns:
        matches = _globs(question.patterns)
        ids = [id for id, value in values.of("alertname") if matches(value)]
        found.append(_held("alertname", ids, absent=matches("")))
    return found


class _Values:
    """The distinct values of labels, each name read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, list[tuple[int, str]]] = {}

    def of(self, name: str) -> list[tuple[int, str]]:
        """(id, value) of every value that the label has anywhere."""
        if name not in self._known:
            rows = self._reader.rows("SELECT id, value FROM label WHERE name = ?", (name,))
            self._known[name] = [(row[0], row[1]) for row in rows]
        return self._known[name]


def _filter(name: str, values: _Values, allowed: Iterable[str], absent: bool) -> LabelFilter:
    wanted = {value for value in allowed if value}
    if not absent or name in COLUMNS:
        return _held(name, [history_id("label", name, one) for one in sorted(wanted)], absent)
    others = [id for id, value in values.of(name) if value not in wanted]
    return LabelFilter(None, tuple(sorted(others)), negative=True)


def _matched(matcher: Matcher, values: _Values) -> LabelFilter:
    name = matcher.name
    absent = matcher.matches("")
    if matcher.op == "=":
        return _filter(name, values, (matcher.value,), absent)
    if matcher.op == "!=" and matcher.value:
        return LabelFilter(
            COLUMNS.get(name), (history_id("label", name, matcher.value),), negative=True
        )
    # The smaller side of the values decides; an absent label is on the side of the empty value.
    yes: list[int] = []
    no: list[int] = []
    for id, value in values.of(name):
        (yes if matcher.matches(value) else no).append(id)
    if name in COLUMNS:
        if len(yes) <= len(no):
            return _held(name, yes, absent)
        return LabelFilter(COLUMNS[name], tuple(sorted([*no, *([] if absent else [0])])), True)
    if absent:
        return LabelFilter(None, tuple(sorted(no)), negative=True)
    return LabelFilter(None, tuple(sorted(yes)), negative=False)


def _held(name: str, ids: list[int], absent: bool) -> LabelFilter:
    """One of these labels; in columns also the absent one."""
    return LabelFilter(COLUMNS.get(name), tuple(sorted([*ids, *([0] if absent else [])])), False)


def _globs(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a text is one of the patterns from end to end, in linear time."""
    compiled = [
        Matcher("alertname", "=~", "(?s)" + "".join(_pieces(pattern))) for pattern in patterns
    ]
    return lambda text: any(one.matches(text) for one in compiled)


def _pieces(pattern: str) -> Iterator[str]:
    for piece in re.split(r"(\*+|\?)", pattern):
        if piece.startswith("*"):
            yield ".*"
        else:
            yield "." if piece == "?" else re.escape(piece)
