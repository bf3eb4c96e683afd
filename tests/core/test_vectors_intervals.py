"""Which moments a time interval contains."""

import datetime
from typing import Any

import pytest

import amp
from vectors.facts import cases, names


@pytest.mark.parametrize("case", cases("intervals"), ids=names("intervals"))
def test_an_interval_contains_what_the_reference_says(case: dict[str, Any]) -> None:
    interval = amp.TimeInterval(case["definition"])
    for text, expected in case["moments"]:
        moment = datetime.datetime.fromisoformat(text)
        assert interval.contains(moment) is expected, text
