"""Records `routes.json`: route trees, label sets, and where the reference sends them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from oracle import Reference, Sink, oracle_argument, save

ABOUT = (
    "Route trees with label sets: `receivers` in routing order (GET /api/v2/alerts), `groups` as "
    "the webhooks named them, sorted by receiver and group key. `route` is the text of the "
    "`route` block; receivers r, s, t, u, v, 'a.b' and 'ü x/y' exist. `route_labels` are rendered "
    "against the group's alerts and left out when empty."
)
RECEIVERS = ["r", "s", "t", "u", "v", "a.b", "ü x/y"]
NAMES = ["team", "severity", "cluster", "service", "é"]
VALUES = ["a", "b", "c", "ab", ""]


def config(route: str, port: int) -> str:
    """The whole configuration around a route block; every receiver posts to its own path."""
    lines = ["route:", "  group_wait: 300ms", "  group_interval: 1h"]
    lines += [f"  {line}" for line in route.splitlines()]
    lines.append("receivers:")
    for index, name in enumerate(RECEIVERS):
        lines += [f"- name: {json.dumps(name, ensure_ascii=False)}", "  webhook_configs:"]
        lines.append(f"  - url: http://127.0.0.1:{port}/{index}")
    return "\n".join(lines) + "\n"


def generated(count: int) -> list[dict[str, Any]]:
    """Trees of a fixed random sequence."""
    source = random.Random(34)
    trees = []
    for index in range(count):
        route: dict[str, Any] = {"receiver": "r", "group_by": source.sample(NAMES, 2)}
        route["routes"] = [grow(source, 3) for _ in range(4)]
        sets = [
            {name: value for name in NAMES if (value := source.choice(VALUES))} | {"n": str(number)}
            for number in range(9)
        ]
        trees.append(
            {
                "name": f"generated tree {index}",
                "covers": ["pipeline 3 routing"],
                "route": "\n".join(
                    f"{key}: {json.dumps(value, ensure_ascii=False)}"
                    for key, value in route.items()
                ),
                "labels": sets,
            }
        )
    return trees


def grow(source: random.Random, depth: int) -> dict[str, Any]:
    """One random route with its children."""
    route: dict[str, Any] = {}
    if source.random() < 0.8:
        route["receiver"] = source.choice(RECEIVERS)
    if source.random() < 0.9:
        operator = source.choice(["=", "!=", "=~", "!~"])
        value = source.choice(["a", "b", "", "a|b", "a.*", ".+", "[ab]"])
        route["matchers"] = [f'"{source.choice(NAMES)}"{operator}"{value}"']
    if source.random() < 0.4:
        route["continue"] = True
    if source.random() < 0.4:
        route["group_by"] = source.choice([["..."], [], source.sample(NAMES, 2)])
    if depth and source.random() < 0.6:
        route["routes"] = [grow(source, depth - 1) for _ in range(source.randint(1, 3))]
    return route


def record(oracle: Path, tree: dict[str, Any]) -> dict[str, Any]:
    """Posts the label sets to a server with the tree and collects where they went."""
    with Sink() as sink, Reference(oracle, config(tree["route"], sink.port)) as server:
        answer = server.post("/api/v2/alerts", [{"labels": labels} for labels in tree["labels"]])
        if answer.status != 200:
            raise RuntimeError(answer.text())
        receivers = {
            frozenset(alert["labels"].items()): [one["name"] for one in alert["receivers"]]
            for alert in server.get("/api/v2/alerts").json()
        }
        bodies = sink.quiet(0.6)
    results = []
    for labels in tree["labels"]:
        groups = [
            group(path, body)
            for path, body in bodies
            if any(alert["labels"] == labels for alert in body["alerts"])
        ]
        groups.sort(key=lambda one: (one["receiver"], one["group_key"]))
        names = receivers[frozenset(labels.items())]
        if sorted(names) != sorted(one["receiver"] for one in groups):
            raise RuntimeError(f"{tree['name']}: {labels}: {names} but {groups}")
        results.append({"labels": labels, "receivers": names, "groups": groups})
    kept = {key: tree[key] for key in ("name", "covers", "route")}
    return kept | {"results": results}


def group(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What one webhook body tells about its group."""
    found = {
        "receiver": RECEIVERS[int(path.lstrip("/"))],
        "receiver_in_body": body["receiver"],
        "group_key": body["groupKey"],
        "group_labels": body["groupLabels"],
    }
    if found["receiver"] == found["receiver_in_body"]:
        del found["receiver_in_body"]
    if body["routeLabels"]:
        found["route_labels"] = body["routeLabels"]
    return found


def main() -> None:
    """Records the trees of `cases/routes.json` and some generated ones."""
    oracle = oracle_argument(__doc__ or "")
    trees = json.loads((Path(__file__).parent / "cases/routes.json").read_text(encoding="utf-8"))
    save("routes", ABOUT, [record(oracle, tree) for tree in [*trees, *generated(12)]])


if __name__ == "__main__":
    main()
