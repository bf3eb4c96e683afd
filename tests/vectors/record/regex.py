"""Records `regex.json`: which patterns the reference takes and which values they match."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle import Reference, dump, oracle_argument, save

ABOUT = (
    "Patterns of `=~` matchers: the error text, or the values they match (`matches`) and do not "
    "match (`differs_from`). Patterns are anchored; an empty value is an absent label."
)
CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"


def read() -> list[list[str]]:
    """Lines of JSON strings: the pattern, then values."""
    found = []
    decoder = json.JSONDecoder()
    for line in (Path(__file__).parent / "cases/regex.txt").read_text().splitlines():
        row: list[str] = []
        rest = line
        while rest.startswith('"'):
            text, end = decoder.raw_decode(rest)
            row.append(text)
            rest = rest[end:].strip()
        if row:
            found.append(row)
    return found


def main() -> None:
    """Posts one alert per value, then filters by each pattern."""
    rows = read()
    values = sorted({value for row in rows for value in row[1:]})
    cases: list[dict[str, Any]] = []
    with Reference(oracle_argument(__doc__ or ""), CONFIG) as server:
        alerts = [{"labels": {"alertname": "x", "v": value}} for value in values]
        if server.post("/api/v2/alerts", alerts).status != 200:
            raise RuntimeError("an alert was refused")
        for pattern, *tried in rows:
            case: dict[str, Any] = {
                "name": dump(pattern),
                "covers": ["config 2.4 regex"],
                "pattern": pattern,
            }
            quoted = json.dumps(pattern, ensure_ascii=False)
            answer = server.get("/api/v2/alerts", filter=f"v=~{quoted}")
            if answer.status == 200:
                hits = {alert["labels"].get("v", "") for alert in answer.json()}
                case["matches"] = [value for value in tried if value in hits]
                case["differs_from"] = [value for value in tried if value not in hits]
            else:
                case["error"] = answer.json()
            cases.append(case)
    save("regex", ABOUT, cases)


if __name__ == "__main__":
    main()
