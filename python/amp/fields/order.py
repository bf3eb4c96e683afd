"""The order in which upstream's dumps show the keys of maps (Upstream: yaml.v2 sorter.go)."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRAP = 1 << 63
_BOOL, _INT, _FLOAT, _NULL, _TEXT = 1, 2, 14, 20, 24


def sorted_keys(keys: Iterable[Any]) -> list[Any]:
    """Keys in natural order: numbers by value, texts with their digits read as numbers."""
    return sorted(keys, key=cmp_to_key(_compare))


def _compare(left: Any, right: Any) -> int:
    if _less(left, right):
        return -1
    return 1 if _less(right, left) else 0


def _kind(key: Any) -> int:
    if isinstance(key, bool):
        return _BOOL
    if isinstance(key, int):
        return _INT
    if isinstance(key, float):
        return _FLOAT
    return _NULL if key is None else _TEXT


def _less(left: Any, right: Any) -> bool:
    one, other = _kind(left), _kind(right)
    if one < _NULL and other < _NULL:
        if left != right:
            return bool(left < right)
        return one < other
    if one != _TEXT or other != _TEXT:
        return one < other
    return _text_less(left, right)


def _text_less(left: str, right: str) -> bool:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a == b:
            continue
        if a.isalpha() and b.isalpha():
            return a < b
        if a.isalpha() or b.isalpha():
            return b.isalpha()
        return _number_less(left, right, index)
    return len(left) < len(right)


def _number_less(left: str, right: str, index: int) -> bool:
    """Compares at the first difference, where neither side has a letter."""
    start = 0
    if left[index] == "0" or right[index] == "0":
        before = index - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    one, one_end = _number(left, index, start)
    other, other_end = _number(right, index, start)
    if one != other:
        return one < other
    if one_end != other_end:
        return one_end < other_end
    return left[index] < right[index]


def _number(text: str, index: int, value: int) -> tuple[int, int]:
    while index < len(text) and text[index].isdecimal():
        value = (value * 10 + ord(text[index]) - ord("0") + _WRAP) % (2 * _WRAP) - _WRAP
        index += 1
    return value, index
