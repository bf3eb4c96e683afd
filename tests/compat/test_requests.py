"""Requests that nobody thought of, made by a fixed random sequence, to both servers."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest

from compat.normal import Words
from compat.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from compat.servers import Answer

CONFIG = """
route:
  receiver: r
  group_by: [team]
  group_wait: 1h
  routes:
  - receiver: s
    matchers: [team=a]
    continue: true
    group_by: [alertname, job]
    labels: {env: prod}
  - {receiver: 's.t', matchers: ['team=~"a|b"'], group_by: ['...']}
  - {receiver: r, matchers: ['job!=""'], group_by: []}
receivers:
- {name: r, labels: {tier: one}}
- {name: s, labels: {tier: two, zone: x}}
- {name: s.t}
inhibit_rules:
- {source_matchers: [alertname=S], target_matchers: [severity=low], equal: [team]}
"""
NAMES = ["alertname", "team", "job", "severity", "instance", "é"]
VALUES = ["a", "b", "S", "low", "", "x y", "ü", 'q"q', "a.b", "1"]
STARTS, ENDS = "2026-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"
SETTLE_SECONDS = 0.5
JSON = {"Content-Type": "application/json"}


@dataclass
class Pair:
    """The reference and ours with the same state."""

    reference: Server
    ours: Server

    def both(self, method: str, path: str, body: bytes | None = None) -> tuple[Answer, Answer]:
        """The same request to both."""
        headers = JSON if body is not None else {}
        return (
            self.reference.request(method, path, body, headers),
            self.ours.request(method, path, body, headers),
        )


@pytest.fixture(scope="module")
def pair(
    reference: Path, amp_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two fresh servers."""
    folder = tmp_path_factory.mktemp("requests")
    with (
        Server(reference, folder / "reference", CONFIG) as one,
        Server(amp_server, folder / "ours", CONFIG) as other,
    ):
        yield Pair(one, other)


def alerts(source: random.Random, count: int) -> list[dict[str, Any]]:
    """Alerts with a given start and end."""
    found = []
    for _ in range(count):
        names = source.sample(NAMES, source.randint(1, 5))
        labels = {name: source.choice(VALUES) for name in names} | {"n": str(len(found) % 7)}
        found.append({"labels": labels, "startsAt": STARTS, "endsAt": ENDS})
    return found


def silences(source: random.Random, count: int) -> list[dict[str, Any]]:
    """Silences of one or two matchers."""
    found = []
    for number in range(count):
        matchers = [
            {
                "name": source.choice(NAMES),
                "value": source.choice(VALUES),
                "isRegex": source.random() < 0.3,
                "isEqual": source.random() < 0.8,
            }
            for _ in range(source.randint(1, 2))
        ]
        found.append(
            {
                "matchers": [*matchers, {"name": "n", "value": str(number % 7), "isRegex": False}],
                "startsAt": STARTS,
                "endsAt": f"2099-01-01T00:{number:02d}:00.000Z",
                "createdBy": "r",
                "comment": str(number),
            }
        )
    return found


def query(source: random.Random) -> str:
    """A GET with parameters, some of them wrong."""
    path = source.choice(["alerts", "alerts", "alerts/groups", "silences", "receivers"])
    parts = []
    for _ in range(source.randint(0, 3)):
        kind = source.choice(["filter", "filter", "flag", "receiver", "receiver_matchers"])
        operator = source.choice(["=", "!=", "=~", "!~"])
        if kind == "filter":
            text = (
                f"{source.choice(NAMES)}{operator}{json.dumps(source.choice([*VALUES, '.*', '[']))}"
            )
            parts.append(("filter", text))
        elif kind == "flag":
            name = source.choice(["active", "silenced", "inhibited", "muted", "expired"])
            parts.append((name, source.choice(["true", "false", "1", "no", ""])))
        elif kind == "receiver":
            parts.append(("receiver", source.choice(["r", "s", "s.t", "s.*", "none", "("])))
        else:
            text = (
                f"{source.choice(['tier', 'zone', 'name'])}{operator}{source.choice(['two', 'x'])}"
            )
            parts.append(("receiver_matchers", text))
    from urllib.parse import urlencode

    return f"/api/v2/{path}?{urlencode(parts)}"


def shown(answer: Answer, words: Words) -> object:
    """Status and normalised body; which of several sources inhibits is not told."""
    text = answer.body.replace("\u2028", " ")
    value = anonymous(words.value(json.loads(text)) if text else "")
    if isinstance(value, list) and value and "routeLabels" in value[0]:
        value = [one for _, run in groupby(value, group) for one in sorted(run, key=json.dumps)]
    return [answer.status, value]


def group(value: dict[str, Any]) -> str:
    """What groups are ordered by; those that have it in common come in any order."""
    return json.dumps([value["labels"], value["receiver"]])


def anonymous(value: Any) -> Any:
    """The value with `inhibitedBy` as a yes or no."""
    if isinstance(value, dict):
        return {
            key: bool(one) if key == "inhibitedBy" else anonymous(one) for key, one in value.items()
        }
    return [anonymous(one) for one in value] if isinstance(value, list) else value


def test_queries_over_the_same_state_have_the_same_answers(pair: Pair) -> None:
    source = random.Random(34)
    for batch in (alerts(source, 40), alerts(source, 40)):
        one, other = pair.both("POST", "/api/v2/alerts", json.dumps(batch).encode())
        assert (one.status, one.body) == (other.status, other.body)
    words = (Words({STARTS, ENDS}), Words({STARTS, ENDS}))
    for silence in silences(source, 12):
        answers = pair.both("POST", "/api/v2/silences", json.dumps(silence).encode())
        assert answers[0].status == answers[1].status, answers
        for answer, known in zip(answers, words, strict=True):
            if answer.status == 200:
                known.learn(answer.json()["silenceID"])
    time.sleep(SETTLE_SECONDS)
    different = []
    for _ in range(600):
        path = query(source)
        one, other = pair.both("GET", path)
        if shown(other, words[1]) != shown(one, words[0]):
            different.append((path, shown(one, words[0]), shown(other, words[1])))
    assert different == []


def mutated(source: random.Random, body: str) -> bytes:
    """The body with something cut, doubled, put in or exchanged."""
    text = body
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(text) + 1)
        end = min(at + source.randint(0, 6), len(text))
        piece = source.choice(['"', "{", "}", "[", "]", ",", ":", "null", "5", "true", "\\", " "])
        piece = source.choice([piece, "", text[at:end] * 2, '"a":"b",', "\u00e9", "\\u12", "\n"])
        text = text[:at] + piece + text[end:]
    return text.encode()


def test_broken_bodies_are_told_in_the_same_words(pair: Pair) -> None:
    source = random.Random(34)
    whole = json.dumps(
        [
            {
                "labels": {"alertname": "A", "b": "c"},
                "annotations": {"s": "t"},
                "startsAt": STARTS,
                "endsAt": ENDS,
                "generatorURL": "http://g/",
            },
            {"labels": {"alertname": "B"}, "endsAt": ENDS},
        ]
    )
    different = []
    for _ in range(800):
        body = mutated(source, whole)
        try:
            one = pair.reference.request("POST", "/api/v2/alerts", body, JSON)
        except OSError:
            continue
        other = pair.ours.request("POST", "/api/v2/alerts", body, JSON)
        if (one.status, one.body) != (other.status, other.body):
            different.append((body, (one.status, one.body), (other.status, other.body)))
    assert different == []
