"""Where label sets go, and the keys of their groups."""

import json
from typing import Any

import pytest

import amp
from vectors.facts import cases, names

RECEIVERS = ("r", "s", "t", "u", "v", "a.b", "ü x/y")


def config(route: str) -> str:
    """A configuration around the route block."""
    lines = "".join(f"  {line}\n" for line in route.splitlines())
    receivers = json.dumps([{"name": name} for name in RECEIVERS], ensure_ascii=False)
    return f"route:\n{lines}receivers: {receivers}\n"


@pytest.mark.parametrize("case", cases("routes"), ids=names("routes"))
def test_labels_go_where_the_reference_sends_them(case: dict[str, Any]) -> None:
    tree = amp.RouteTree(amp.load_config(config(case["route"])))
    for result in case["results"]:
        matches = tree.match(result["labels"])
        assert [one.receiver for one in matches] == result["receivers"], result["labels"]
        groups = [(one.receiver, one.group_key, one.group_labels) for one in matches]
        expected = [
            (one["receiver"], one["group_key"], one["group_labels"]) for one in result["groups"]
        ]
        assert sorted(groups, key=str) == sorted(expected, key=str), result["labels"]
        assert all(
            f"{one.route_key}:" == one.group_key[: len(one.route_key) + 1] for one in matches
        )
