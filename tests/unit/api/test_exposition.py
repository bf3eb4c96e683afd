"""Numbers and families as Go's libraries print them."""

from __future__ import annotations

import math

import pytest
from prometheus_client import CollectorRegistry, Gauge

from amp.api.exposition import exposition, go_float


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (0.1, "0.1"), (0.0001, "0.0001"),
        (0.00012, "0.00012"), (0.00001, "1e-05"), (-0.0000125, "-1.25e-05"),
        (999999.0, "999999"), (999999.5, "999999.5"), (1e6, "1e+06"), (1234567.0, "1.234567e+06"),
        (1795337138.882644, "1.795337138882644e+09"), (90412925414501.0, "9.0412925414501e+13"),
        (2.0**64, "1.8446744073709552e+19"), (1e100, "1e+100"),
        (math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"),
    ],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert go_float(value) == text


def test_texts_are_escaped() -> None:
    registry = CollectorRegistry()
    Gauge("g", 'a "b"\n\\', ("x",), registry=registry).labels('"\n\\').set(1)
    lines = exposition(registry).decode().splitlines()
    assert lines == ['# HELP g a "b"\\n\\\\', "# TYPE g gauge", 'g{x="\\"\\n\\\\"} 1']
