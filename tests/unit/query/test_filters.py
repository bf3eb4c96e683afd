"""Parameters that cannot be read are refused by name; what can be read means what it says."""

from __future__ import annotations

import pytest

from amp.clock import SECOND_NS
from amp.query.cursor import Cursor, read_cursor
from amp.query.filters import EPISODE_FILTERS, PAGING, Parameters, question
from amp.query.instant import duration_ns, instant_ns, rfc3339
from amp.query.question import BadParameterError, Question

BAD = [
    ("status", "open"), ("status", ""), ("from", "yesterday"), ("from", "2026-13-01T00:00:00Z"),
    ("from", "-5"), ("from", "99999999999999"), ("to", "2026-01-01"), ("fingerprint", "12"),
    ("fingerprint", "zzzzzzzzzzzzzzzz"), ("filter", "a=~("), ("filter", "a"), ("search", ""),
    ("search", "--- ---"), ("min_duration", "-1h"), ("min_duration", "long"),
    ("max_duration", ""), ("is_resolved", "maybe"), ("silenced", ""), ("inhibited", "2"),
    ("is_flapping", "on"), ("delivery_status", "lost"), ("has_classification", "x"),
    ("min_confidence", "1.5"), ("max_confidence", "nan"), ("sort", "name"), ("order", "up"),
    ("limit", "0"), ("limit", "1001"), ("limit", "1e3"), ("limit", "²"),
    ("alert_name_pattern", "*" * 40), ("severty", "critical"), ("label[]", "x"), ("Label[a]", "x"),
    ("severity", "x" * 9000), ("alert_name", "a\x00b"),
    ("search", " ".join(f"w{n}" for n in range(30))),
]  # fmt: skip


def asked(*given: tuple[str, str]) -> Question:
    parameters = Parameters(given, EPISODE_FILTERS | PAGING)
    parameters.limit()
    return question(parameters, "fallback")


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadParameterError) as refused:
        asked((name, value))
    assert refused.value.parameter == name
    assert name in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        [("to", "5"), ("from", "5")],
        [("max_duration", "1"), ("min_duration", "2")],
        [("max_confidence", "0.1"), ("min_confidence", "0.2")],
        [("silenced", "true"), ("silenced", "false")],
        [("severity", str(number)) for number in range(51)],
    ],
)
def test_values_that_do_not_go_together_are_refused(given: list[tuple[str, str]]) -> None:
    with pytest.raises(BadParameterError) as refused:
        asked(*given)
    assert refused.value.parameter == given[0][0]


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(BadParameterError):
        asked(*((f"label[l{number}]", "x") for number in range(201)))


@pytest.mark.parametrize(
    ("text", "at_ns"),
    [
        ("0", 0),
        ("1767225600.5", 1_767_225_600_500_000_000),
        ("2026-01-01T00:00:00Z", 1_767_225_600 * SECOND_NS),
        ("2026-01-01T01:30:00.000000001+01:30", 1_767_225_600 * SECOND_NS + 1),
        ("2025-12-31t19:00:00-05:00", 1_767_225_600 * SECOND_NS),
    ],
)
def test_instants(text: str, at_ns: int) -> None:
    assert instant_ns(text) == at_ns


def test_instants_are_shown_with_milliseconds() -> None:
    assert rfc3339(1_767_225_600_123_999_999) == "2026-01-01T00:00:00.123Z"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1.5", 1.5), ("1d", 86400), ("1h30m", 5400), ("1.5h", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_ns(text) == seconds * SECOND_NS


def test_the_same_question_has_the_same_digest_whatever_its_order() -> None:
    one = asked(("severity", "a"), ("severity", "b"), ("filter", 'x="1"'), ("filter", 'y="2"'))
    two = asked(("filter", 'y="2"'), ("severity", "b"), ("filter", 'x="1"'), ("severity", "a"))
    assert one.digest() == two.digest()
    assert one.digest() != asked(("severity", "a")).digest()


def test_cursors_are_good_for_their_question_only() -> None:
    cursor = Cursor(5, 6, 7, 8, 9, True)
    text = cursor.text("digest")
    assert read_cursor(text, "digest") == cursor
    for given, digest in ((text, "other"), ("!!", "digest"), ("", "digest"), ("e30", "digest"),
                          ("WzFd", "digest"), (text[:-2], "digest")):  # fmt: skip
        with pytest.raises(BadParameterError) as refused:
            read_cursor(given, digest)
        assert refused.value.parameter == "cursor"


def test_nothing_is_classified_yet() -> None:
    assert asked(("classification_severity", "critical")).nothing
    assert asked(("has_classification", "true")).nothing
    assert asked(("min_confidence", "0.5")).nothing
    assert not asked(("has_classification", "false")).nothing
