"""Matcher texts in the three modes, and the dialect of regular expressions."""

from typing import Any

import pytest

import amp
from vectors.facts import cases, names

MODES = ("fallback", "classic", "utf8")
OPERATORS = ("=", "!=", "=~", "!~")


def in_order(matchers: list[amp.Matcher]) -> list[str]:
    """Texts in the order in which a configuration sorts them."""
    found = sorted(matchers, key=lambda one: (one.name, one.value, OPERATORS.index(one.op)))
    return [str(one) for one in found]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", cases("matchers"), ids=names("matchers"))
def test_a_list_reads_as_the_reference_reads_it(case: dict[str, Any], mode: str) -> None:
    expected = case["lists"][mode]
    if "error" in expected:
        with pytest.raises(amp.MatcherError) as caught:
            amp.parse_matchers(case["text"], mode=mode)
        assert str(caught.value) == expected["error"]
    else:
        assert in_order(amp.parse_matchers(case["text"], mode=mode)) == expected["matchers"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", cases("matchers"), ids=names("matchers"))
def test_a_single_matcher_reads_as_the_reference_reads_it(case: dict[str, Any], mode: str) -> None:
    expected = case["single"][mode]
    if "error" in expected:
        with pytest.raises(amp.MatcherError) as caught:
            amp.parse_matcher(case["text"], mode=mode)
        assert str(caught.value) == expected["error"]
    else:
        assert isinstance(amp.parse_matcher(case["text"], mode=mode), amp.Matcher)


@pytest.mark.parametrize("case", cases("regex"), ids=names("regex"))
def test_a_regular_expression_matches_as_in_go(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(amp.MatcherError) as caught:
            amp.Matcher("v", "=~", case["pattern"])
        assert str(caught.value) == case["error"]
        return
    matcher = amp.Matcher("v", "=~", case["pattern"])
    negative = amp.Matcher("v", "!~", case["pattern"])
    assert [value for value in case["matches"] if not matcher.matches(value)] == []
    assert [value for value in case["differs_from"] if matcher.matches(value)] == []
    assert [value for value in case["matches"] if negative.matches(value)] == []
