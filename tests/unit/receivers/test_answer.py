"""Bounds of what is looked at in answers; the words of Go's errors are in tests/receivers/cases."""

from __future__ import annotations

import re

import pytest

from amp.receivers.answer import parse

UNNAMED = "JSON with a fault too deep or too far behind to name"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"<" * 100_000, "invalid character '<' looking for beginning of value"),
        (b'"' + b"a" * 100_000 + b"\n", UNNAMED),
        (b"[" + b"1," * 500_000 + b"x", UNNAMED),
        (b"[" * 100_000, UNNAMED),
        (b"[" * 2_000, "unexpected end of JSON input"),
        (b"1" * 5_000, UNNAMED),
        (b'"' + b"a" * ((16 << 10) - 2) + b"\\x", UNNAMED),
        (b"[" + b" " * ((16 << 10) - 3) + b"trx", UNNAMED),
    ],
    ids=range(8),
)
def test_long_and_deep_answers(body, error):
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse(body)


@pytest.mark.parametrize(
    ("body", "error"),
    [(b" \n", "EOF"), (b"[1", "unexpected EOF"), (b"tru", "unexpected EOF")],
)
def test_the_first_value_that_ends_early(body, error):
    with pytest.raises(ValueError, match=f"^{re.escape(error)}$"):
        parse(body, first=True)


def test_the_first_value():
    assert parse(b' {"a": 1} x', first=True) == {"a": 1}
