"""Where texts are cut."""

from __future__ import annotations

import pytest

from amp.receivers.text import truncate_bytes, truncate_runes


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("é🔥é🔥é", 4, "é🔥é…"),
        ("abcd", 3, "abc"),
        ("abcd", 0, ""),
    ],
)
def test_characters(text, limit, shown):
    assert truncate_runes(text, limit) == (shown, shown != text)


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "a…"),
        ("éé", 4, "éé"),
        ("ééé", 5, "é…"),
        ("ééé", 4, "…"),
        ("abcd", 3, "…"),
        ("abcd", 2, ".."),
        ("abcd", 0, ""),
        # Fewer characters than the limit has bytes: Alertmanager ends here.
        ("é" * 4000, 7439, "é" * 3718 + "…"),
    ],
)
def test_bytes(text, limit, shown):
    assert truncate_bytes(text, limit) == (shown, shown != text)
