"""Date-times at the API's face."""

from __future__ import annotations

import pytest

from amp.api.times import ZERO_NS, instant_ns, milliseconds

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-22T01:41:42.905Z", "2026-11-22T01:41:42.905Z"),
        ("2026-11-22T01:41:42.905999Z", "2026-11-22T01:41:42.905Z"),
        ("2026-11-22T01:41:42,5Z", "2026-11-22T01:41:42.500Z"),
        ("2026-11-22T03:00:00+02:00", "2026-11-22T01:00:00.000Z"),
        ("2026-11-22T03:00:00", "2026-11-22T03:00:00.000Z"),
        ("2026-11-22T03:00", "2026-11-22T03:00:00.000Z"),
        ("2026-11-22 03:00:00", "2026-11-22T03:00:00.000Z"),
        ("2026-11-22", "2026-11-22T00:00:00.000Z"),
        ("", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ],
)
def test_spellings(text: str, shown: str) -> None:
    assert milliseconds(instant_ns(text)) == shown


@pytest.mark.parametrize(
    "text", ["soon", "2026-11-22t01:00:00Z", "2026-13-01", "2026-11-22T05+0200"]
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any text: the caller words it
        instant_ns(text)


def test_zero_is_the_first_instant() -> None:
    assert milliseconds(ZERO_NS) == "0001-01-01T00:00:00.000Z"
