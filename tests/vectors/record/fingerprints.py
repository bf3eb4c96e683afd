"""Records `fingerprints.json`: label sets and their fingerprints, read from GET alerts."""

from __future__ import annotations

import random

from oracle import Reference, oracle_argument, save

ABOUT = "Label sets with the fingerprint that GET /api/v2/alerts shows."
CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"
HAND = [
    {"alertname": "A"},
    {"alertname": "X", "g": "1"},
    {"a b": "v", "é": "1"},
    {"a": "b"},
    {"b": "a"},
    {"ab": "c"},
    {"a": "bc"},
    {"a": "b", "c": "d"},
    {"a": "c", "b": "d"},
    {"🙂": "🙃"},
    {"日本": "語"},
    {"a": " "},
    {"a": '\n\t"\\'},
    {"a": "\u0000"},
    {" ": " "},
    {"a": "\u00ff\u00fe"},
    {"Z": "1", "a": "2", "_": "3", "0": "4"},
    {"é": "1", "e\u0301": "2"},
    {"\uffff": "1", "😀": "2"},
    {"name": "x" * 1000},
    {"x" * 300: "y"},
    {"{}": "=", ",": "!~"},
]


def generated(count: int) -> list[dict[str, str]]:
    """Label sets of a fixed random sequence."""
    source = random.Random(34)
    names = ["alertname", "job", "instance", "severity", "cluster", "é", "a b", "_x", "Z", "zone"]
    values = ["", "a", "B", "10.0.0.1:9100", "critical", "ü", "🙂", 'q"q', "line\nline", "x=y,z"]
    sets: list[dict[str, str]] = []
    while len(sets) < count:
        picked = source.sample(names, source.randint(1, 8))
        labels = {name: source.choice(values) + str(len(sets)) for name in picked}
        sets.append(labels)
    return sets


def main() -> None:
    """Posts all label sets in one body and pairs what comes back by label set."""
    sets = HAND + generated(80)
    with Reference(oracle_argument(__doc__ or ""), CONFIG) as server:
        answer = server.post("/api/v2/alerts", [{"labels": labels} for labels in sets])
        if answer.status != 200:
            raise RuntimeError(answer.text())
        found = {
            frozenset(alert["labels"].items()): alert["fingerprint"]
            for alert in server.get("/api/v2/alerts").json()
        }
    cases = [
        {
            "name": f"label set {index}",
            "covers": ["pipeline 1 fingerprint"],
            "labels": labels,
            "fingerprint": found[frozenset(labels.items())],
        }
        for index, labels in enumerate(sets)
    ]
    save("fingerprints", ABOUT, cases)


if __name__ == "__main__":
    main()
