"""Payloads beside what the wire's cases hold (tests/receivers/cases/webhook.yaml)."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from amp.errors import SendError
from amp.receivers.body import encode
from amp.receivers.payload import Payload, structured

ODD_TEXTS = [
    "plain",
    "a: b",
    "1",
    "null",
    "<<",
    "with # hash",
    "é €",
    "🔥",
    "\u2028",
    "\u0085",
    "\x7f",
    "\ufeff",
    "tab\t",
    "line\n",
    '"quoted"',
    "back\\slash",
    "a/b",
    " : ",
    "{x}",
    "",
    "k" * 200,
    "é" * 200,
]
NUMBERS = [0, -1, 5, 1.5, -0.0, 1e3, 1e21, 1e-7, 10**18, 10**19, 10**20, 123456.789, 1e15]


def written(value: Any) -> str:
    return encode(value).decode()


def any_value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(6 if depth else 3)
    if kind == 0:
        return chance.choice(ODD_TEXTS)
    if kind == 1:
        return chance.choice(NUMBERS)
    if kind == 2:
        return chance.choice([True, False, None])
    size = chance.randrange(4)
    if kind == 3:
        return [any_value(chance, depth - 1) for _ in range(size)]
    return {chance.choice(ODD_TEXTS): any_value(chance, depth - 1) for _ in range(size)}


def as_yaml(text: str) -> Any:
    """A space in front keeps a text from being read as JSON, and is nothing to YAML."""
    value = structured(f" {text}")
    return value[1:] if isinstance(value, str) else value


def test_json_means_what_it_means_as_yaml():
    chance = random.Random(7)
    for number in range(3000):
        value = any_value(chance, 3)
        if isinstance(value, dict | list):
            text = json.dumps(
                value,
                ensure_ascii=chance.random() < 0.5,
                indent=chance.choice([None, None, 1]),
                separators=chance.choice([(",", ":"), (", ", ": "), (" , ", " : ")]),
            )
            assert written(structured(text)) == written(as_yaml(text)), (number, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"\\/"}',
        '["\\ud83d\\ude00"]',
        "[NaN]",
        '{"a"\n:1}',
        '{"a":1,"a":2}',
        "[1e400]",
        '["a" ]',
        "[1] x",
        "[1,]",
        "[" * 100 + "]" * 100,
    ],
)
def test_odd_json_means_what_it_means_as_yaml(text):
    assert written(structured(text)) == written(as_yaml(text))


@pytest.mark.parametrize(
    "text",
    ["a", "5", "a:b", "a#b", "a #b", "a:", "a: b", "5 ", "a b ", "1:30", "x ? y", "yes", "0x1F"],
)
def test_a_word_means_what_it_means_as_yaml(text):
    assert written(structured(text)) == written(as_yaml(text))


def test_keys_that_are_no_texts_go():
    value = {1: "a", None: "b", 1.5: "c", "d": {2: "e", "f": "{{ x }}"}}
    payload = Payload(value)
    assert payload.texts == ("{{ x }}",)
    assert payload.build(iter(["7"])) == {"d": {"f": 7}}


def test_templates_in_the_order_in_which_they_are_taken():
    payload = Payload({"{{ a }}": ["{{ b }}", {"c": "{{ d }}"}], "{{ e }}": "fixed"})
    assert payload.texts == ("{{ a }}", "{{ b }}", "{{ d }}", "{{ e }}")
    built = payload.build(iter(["z", "1", "two", "y"]))
    assert written(built) == '{"y":"fixed","z":[1,{"c":"two"}]}\n'


@pytest.mark.parametrize(
    ("text", "shown"), [(".inf", "+Inf"), ("-.Inf", "-Inf"), (".NAN", "NaN"), ("+.inf", "+Inf")]
)
def test_what_json_cannot_hold(text, shown):
    value = structured(f"[1, {text}]")
    with pytest.raises(SendError) as raised:
        encode({"a": value})
    assert str(raised.value) == f"json: unsupported value: {shown}"
