"""The library's face: what it exports, and how times come in."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import amp
from amp.library import unix_ns

RULES = """
route: {receiver: r}
receivers: [{name: r}]
inhibit_rules:
- {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [cluster]}
"""


def test_every_public_name_is_there() -> None:
    for name in amp.__all__:
        assert getattr(amp, name) is not None
    assert set(amp.__all__) <= set(dir(amp))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        amp.nothing  # noqa: B018


def test_importing_loads_no_part() -> None:
    code = "import amp, sys; print(sorted(m for m in sys.modules if m.startswith('amp.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_matchers_compare_and_show_themselves() -> None:
    matcher = amp.Matcher("a b", "=~", "c|d")
    assert (matcher.name, matcher.op, matcher.value) == ("a b", "=~", "c|d")
    assert str(matcher) == '"a b"=~"c|d"'
    assert repr(matcher) == '<Matcher "a b"=~"c|d">'
    assert matcher == amp.parse_matcher('"a b"=~"c|d"')
    assert len({matcher, amp.Matcher("a b", "=~", "c|d"), amp.Matcher("a b", "=", "c|d")}) == 2
    assert matcher.matches("d")
    assert not matcher.matches("cd")


def test_refused_matchers_say_why() -> None:
    with pytest.raises(amp.MatcherError, match=r"error parsing regexp: missing closing \]"):
        amp.Matcher("a", "=~", "[")
    with pytest.raises(amp.MatcherError, match="unknown match operator: =="):
        amp.Matcher("a", "==", "b")
    with pytest.raises(amp.MatcherError, match="fallback, classic or utf8"):
        amp.parse_matchers("a=b", mode="other")


def test_labels_take_any_mapping() -> None:
    from types import MappingProxyType

    labels = {"b": "2", "a": "1"}
    assert amp.fingerprint(MappingProxyType(labels)) == amp.fingerprint(labels)
    assert amp.format_labels(labels) == '{a="1", b="2"}'
    with pytest.raises(TypeError):
        amp.fingerprint({"a": 1})  # type: ignore[dict-item]


def test_label_names_depend_on_the_mode() -> None:
    assert amp.valid_label_name("é b")
    assert not amp.valid_label_name("")
    assert not amp.valid_label_name("a-b", mode="classic")
    assert amp.valid_label_name("_a1", mode="classic")


def test_inhibition_follows_the_sources_end() -> None:
    index = amp.InhibitIndex(amp.load_config(RULES))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    source = {"severity": "critical", "cluster": "a"}
    target = {"severity": "warning", "cluster": "a"}
    index.update(source, start, start + timedelta(hours=1))
    assert index.inhibited_by(target, start) == [amp.fingerprint(source)]
    assert index.inhibited_by(target, start + timedelta(hours=1)) == []
    assert index.inhibited_by({**target, "cluster": "b"}, start) == []


def test_silences_mute_until_removed() -> None:
    index = amp.SilenceIndex()
    index.set("one", [[amp.Matcher("a", "=", "b")], [amp.Matcher("c", "=~", "d.*")]])
    index.set("two", [amp.parse_matchers("a!=x")])
    assert index.silenced_by({"a": "b"}) == ["one", "two"]
    assert index.silenced_by({"a": "x", "c": "de"}) == ["one"]
    index.remove("one")
    index.remove("unknown")
    assert index.silenced_by({"a": "b"}) == ["two"]


def test_intervals_are_seen_in_their_location() -> None:
    interval = amp.TimeInterval(
        {
            "times": [{"start_time": "09:00", "end_time": "17:00"}],
            "weekdays": ["monday:friday"],
            "location": "Europe/Berlin",
        }
    )
    assert interval.contains(datetime(2026, 11, 23, 8, tzinfo=UTC))
    assert not interval.contains(datetime(2026, 11, 23, 16, tzinfo=UTC))
    with pytest.raises(amp.ConfigError, match="mon is not a valid weekday"):
        amp.TimeInterval({"weekdays": ["mon"]})
    with pytest.raises(amp.ConfigError, match="nested too deep"):
        amp.TimeInterval({"times": [[[[[[[[[[]]]]]]]]]]})


def test_naive_times_are_errors() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="without a time zone"):
        amp.TimeInterval({}).contains(naive)
    with pytest.raises(ValueError, match="without a time zone"):
        amp.InhibitIndex(amp.load_config(RULES)).inhibited_by({}, naive)


@given(
    st.datetimes(min_value=datetime(1700, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001
    st.integers(-1439, 1439),
)
def test_instants_are_exact(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    assert unix_ns(aware) == since // timedelta(microseconds=1) * 1_000


@given(st.text(max_size=30), st.sampled_from(["fallback", "classic", "utf8"]))
def test_any_text_parses_or_is_refused(text: str, mode: str) -> None:
    try:
        matchers = amp.parse_matchers(text, mode)
    except amp.MatcherError:
        return
    if mode == "utf8" and all(matcher.name for matcher in matchers):
        assert amp.parse_matchers(amp.format_matchers(matchers), mode) == matchers
