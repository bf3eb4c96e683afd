"""No text makes the loader fail in any way but its own."""

from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

import amp
from amp.config.dump import dump
from amp.errors import ConfigError

KEYS = [
    "global",
    "route",
    "receivers",
    "templates",
    "inhibit_rules",
    "time_intervals",
    "tracing",
    "event_recorder",
    "name",
    "receiver",
    "routes",
    "matchers",
    "match",
    "match_re",
    "group_by",
    "continue",
    "group_wait",
    "labels",
    "http_config",
    "webhook_configs",
    "slack_configs",
    "email_configs",
    "jira_configs",
    "url",
    "to",
    "api_url",
    "summary",
    "fields",
    "tls_config",
    "basic_auth",
    "oauth2",
    "proxy_url",
    "times",
    "weekdays",
    "months",
    "years",
    "location",
    "payload",
    "<<",
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70000),
    # Upstream shows -0.0 as -0, which is read back as 0.
    st.floats(allow_nan=False).filter(lambda number: str(number) != "-0.0"),
    st.sampled_from(["r", "5m", "1h", "http://h/", "a=b", "{{ .X }}", "<secret>", "monday", ""]),
    st.text(max_size=12),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)
VALID = {"route": {"receiver": "r"}, "receivers": [{"name": "r"}]}


def accepted(text: str) -> str | None:
    """The dump, None for a refusal."""
    try:
        config = amp.load_config(text, base_dir="/folder")
    except ConfigError:
        return None
    assert config.plan()
    return config.to_yaml()


@given(st.text(max_size=200))
@example("a: &a [*a]")
@example("? [")
@example("%YAML 9.9\n---\n")
@example("!!int x: 1")
@settings(deadline=None)
def test_any_text(text: str) -> None:
    accepted(text)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_structure(blocks: dict[str, Any]) -> None:
    accepted(yaml.safe_dump(VALID | blocks, allow_unicode=True))


@given(VALUES)
@settings(deadline=None)
def test_any_payload(payload: Any) -> None:
    webhook = {"url": "http://h/", "payload": payload}
    text = yaml.safe_dump(VALID | {"receivers": [{"name": "r", "webhook_configs": [webhook]}]})
    shown = accepted(text)
    # A key `<<` stands unquoted in upstream's dumps, where it means a merge.
    if shown is not None and "<<" not in shown:
        assert accepted(shown) == shown


@given(st.dictionaries(st.text(max_size=200), st.text(max_size=200), max_size=4))
@settings(deadline=None)
def test_dumped_texts_read_back(texts: dict[str, str]) -> None:
    shown = dump({"all": texts, "list": list(texts.values())})
    clean = {key: value for key, value in texts.items() if readable(key) and readable(value)}
    if clean == texts:
        read = yaml.load(shown, yaml.BaseLoader)
        assert read["list"] == list(texts.values())
        assert (read["all"] or {}) == texts


def readable(text: str) -> bool:
    """Whether upstream's emitter keeps the text: line separators it does not always keep."""
    return not set(text) & set("\x85\u2028\u2029\ufeff\r")
