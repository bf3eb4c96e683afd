"""YAML texts as bounded trees."""

import pytest

import amp
from amp.errors import ConfigError
from amp.fields.node import MAX_BYTES, MAX_DEPTH, parse


def test_depth_is_bounded() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    with pytest.raises(ConfigError, match="max depth") as caught:
        parse("a:\n  b: " + "[" * MAX_DEPTH)
    assert caught.value.line == 2


def test_size_is_bounded() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        parse("#" * (MAX_BYTES + 1))


def test_what_is_no_unicode_is_refused() -> None:
    with pytest.raises(ConfigError, match="invalid Unicode"):
        parse("a: \ud800")


def test_errors_tell_line_and_key() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("route:\n  routes:\n  - receiver: a\n    matchers: [\n  - b\n")
    assert caught.value.line is not None
    assert caught.value.key == "route.routes[0].matchers[0]"


def test_an_alias_bomb_is_refused() -> None:
    levels = ["    - &l0 [a, b, c]\n"]
    levels += [f"    - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9)]
    text = (
        "route: {receiver: r}\nreceivers:\n- name: r\n  webhook_configs:\n"
        "  - url: http://h/\n    payload:\n" + "".join(levels)
    )
    with pytest.raises(ConfigError, match="excessive aliasing"):
        amp.load_config(text)
