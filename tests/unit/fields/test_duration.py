"""Durations in Prometheus' and in Go's grammar."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amp.errors import ConfigError
from amp.fields.duration import (
    MILLISECOND,
    format_duration,
    format_go_duration,
    parse_duration,
    parse_flag_duration,
    parse_go_duration,
)

LIMIT = (1 << 63) - 1


@given(st.integers(0, LIMIT // MILLISECOND))
def test_prometheus_durations_come_back(milliseconds: int) -> None:
    value = milliseconds * MILLISECOND
    assert parse_duration(format_duration(value)) == value


@given(st.integers(-LIMIT, LIMIT))
def test_go_durations_come_back(value: int) -> None:
    assert parse_go_duration(format_go_duration(value)) == value


@given(st.text(alphabet="0123456789ywdhms.+-µ \u0661", max_size=30))
def test_texts_are_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_go_duration, parse_flag_duration):
        with contextlib.suppress(ConfigError):
            parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("90d", "90d"), ("7d", "1w"), ("365d", "1y"), ("1w1d", "8d"), ("1h60m", "2h"), ("0", "0s")],
)
def test_prometheus_form(text: str, shown: str) -> None:
    assert format_duration(parse_duration(text)) == shown


@pytest.mark.parametrize(
    ("nanoseconds", "shown"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (-2_000_000, "-2ms"),
        (90_000_000_000, "1m30s"),
        (3_600_000_000_000, "1h0m0s"),
        (1_000_000_001, "1.000000001s"),
    ],
)
def test_go_form(nanoseconds: int, shown: str) -> None:
    assert format_go_duration(nanoseconds) == shown


def test_flags_know_days_and_weeks() -> None:
    assert parse_flag_duration("5d") == 5 * 86400
    assert parse_flag_duration("1w1.5h") == 7 * 86400 + 5400
    with pytest.raises(ConfigError, match="unknown unit"):
        parse_flag_duration("1y")
