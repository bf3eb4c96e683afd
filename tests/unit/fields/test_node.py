"""YAML texts as bounded trees."""

import pytest

import amp
from amp.errors import ConfigError
from amp.fields.node import MAX_BYTES, MAX_DEPTH, MAX_NODES, parse


def test_depth_is_bounded() -> None:
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    with pytest.raises(ConfigError, match="max depth") as caught:
        parse("a:\n  b: " + "[" * MAX_DEPTH)
    assert caught.value.line == 2


def test_size_is_bounded() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        parse("#" * (MAX_BYTES + 1))


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(ConfigError, match="more than"):
        parse(f"[{'a,' * MAX_NODES}a]")


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


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{a:}", ["a:", ""]),
        ("[a:, b:]", ["a:", "b:"]),
        ("['a:', b]", ["a:", "b"]),
        ('["?", "\\\\/"]', ["?", "\\/"]),
    ],
)
def test_brackets_are_read_as_by_upstream(text: str, values: list[str]) -> None:
    root = parse(text)
    assert root is not None
    assert [child.value for child in root.children] == values


@pytest.mark.parametrize("text", ["[a?]", "{a?: b}", '"\\/"', "%YAML 1.2\n--- a"])
def test_what_newer_yaml_has_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text)
