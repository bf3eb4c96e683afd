"""Records `inhibition.json`: rules, alerts, and who inhibits whom."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

from moments import instant
from oracle import Reference, oracle_argument, save

ABOUT = (
    "Inhibit rules (`rules` is the text of the `inhibit_rules` block) with alerts posted in order, "
    "`starts` and `ends` in seconds from the posting (default -10 and 900). `results` tells for "
    "each live alert the fingerprints that `inhibitedBy` may name (the reference names any one)."
)
ASKED = 60
SETTLE_SECONDS = 0.2


def config(rules: str) -> str:
    """The whole configuration around the rules."""
    return f"route: {{receiver: r}}\nreceivers: [{{name: r}}]\ninhibit_rules:\n{rules}\n"


def generated(count: int) -> list[dict[str, Any]]:
    """Rule sets of a fixed random sequence."""
    source = random.Random(34)
    cases = []
    names = ["a", "b", "c"]
    operators = ["=", "!=", "=~", "!~"]
    values = ["1", "2", "", "1|2", ".+"]
    for index in range(count):
        rules = []
        for _ in range(source.randint(1, 3)):
            sides = {
                side: [
                    f'{source.choice(names)}{source.choice(operators)}"{source.choice(values)}"'
                    for _ in range(source.randint(1, 2))
                ]
                for side in ("source_matchers", "target_matchers")
            }
            rules.append("- " + json.dumps(sides | {"equal": source.sample(names, 1)}))
        alerts: list[dict[str, Any]] = []
        for _ in range(7):
            labels = {name: value for name in names if (value := source.choice(["", "1", "2"]))}
            if labels and labels not in [alert["labels"] for alert in alerts]:
                ends = source.choice([900, 900, 900, -1])
                alerts.append({"labels": labels, "starts": -100, "ends": ends})
        cases.append(
            {
                "name": f"generated rules {index}",
                "covers": ["pipeline 5 inhibition"],
                "rules": "\n".join(rules),
                "alerts": alerts,
            }
        )
    return cases


def record(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Posts the alerts one by one and asks often, since the named source is picked at random."""
    with Reference(oracle, config(case["rules"])) as server:
        for alert in case["alerts"]:
            body = {
                "labels": alert["labels"],
                "startsAt": instant(alert.get("starts", -10)),
                "endsAt": instant(alert.get("ends", 900)),
            }
            answer = server.post("/api/v2/alerts", [body])
            if answer.status != 200:
                raise RuntimeError(answer.text())
        time.sleep(SETTLE_SECONDS)
        found: dict[str, dict[str, Any]] = {}
        for _ in range(ASKED):
            for alert in server.get("/api/v2/alerts").json():
                one = found.setdefault(
                    alert["fingerprint"],
                    {"labels": alert["labels"], "allowed": set(), "states": set()},
                )
                one["allowed"].update(alert["status"]["inhibitedBy"])
                one["states"].add(bool(alert["status"]["inhibitedBy"]))
    results = []
    for fingerprint, one in sorted(found.items()):
        if len(one["states"]) != 1:
            raise RuntimeError(f"{case['name']}: {one}")
        results.append(
            {
                "fingerprint": fingerprint,
                "labels": one["labels"],
                "inhibited": one["states"] == {True},
                "allowed": sorted(one["allowed"]),
            }
        )
    return case | {"results": results}


def main() -> None:
    """Records the rules of `cases/inhibition.json` and some generated ones."""
    oracle = oracle_argument(__doc__ or "")
    path = Path(__file__).parent / "cases/inhibition.json"
    cases = json.loads(path.read_text(encoding="utf-8")) + generated(15)
    save("inhibition", ABOUT, [record(oracle, case) for case in cases])


if __name__ == "__main__":
    main()
