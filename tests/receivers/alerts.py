"""The alerts that cases name.

They start ahead of now, so that a group waits for all of them before its first flush.
"""

from __future__ import annotations

from typing import Any

START, END = "2099-01-01T00:00:00Z", "2099-06-01T00:00:00Z"
PAST, ENDED = "2020-01-02T03:04:05.678Z", "2020-01-02T04:00:00Z"


def alert(labels: dict[str, str], annotations: dict[str, str], **more: str) -> dict[str, Any]:
    """One alert as Prometheus posts it."""
    return {"labels": labels, "annotations": annotations, "startsAt": START, "endsAt": END, **more}


def over(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same alerts, resolved."""
    return [one | {"startsAt": PAST, "endsAt": ENDED} for one in alerts]


ONE = [
    alert(
        {"alertname": "DiskFull", "instance": "db1:9100", "job": "node", "severity": "critical"},
        {
            "summary": "Disk of db1 is full",
            "description": "95 % used",
            "runbook": "http://wiki/disk",
        },
        generatorURL="http://prometheus/graph?g0.expr=disk&g0.tab=1",
    )
]
TWO = [
    *ONE,
    alert(
        {"alertname": "DiskFull", "instance": "db2:9100", "job": "node", "severity": "warning"},
        {"summary": "Disk of db2 is filling"},
        generatorURL="http://prometheus/graph?g0.expr=disk&g0.tab=0",
    ),
]
AWKWARD = [
    alert(
        {
            "alertname": "Über <b>bold</b> & \"quoted\" 'single' 🔥",
            "instance": "a\\b/c?d=e&f=g#h",
            "tab": "x\ty",
            "line": "one\ntwo",
            "markdown": "*a* _b_ [c](d) `e` ~f~ |g| >h",
            "empty_looking": " ",
        },
        {
            "summary": "Größe: 5 µs, 価格 1€,\u2028 next \u00a0 <script>alert(1)</script>",
            "template": "{{ .Labels.alertname }}",
            "json": '{"a": [1, "two", null]}',
            "quote": '" \\ / \\u0041 %41 +',
        },
        generatorURL="http://prometheus/graph?g0.expr=a%3D%22b%22&x=<y>",
    )
]
LONG = [
    alert(
        {"alertname": "Long", "instance": "i" * 300},
        {"summary": "s" * 1500, "description": "é€🔥 " * 1250, "message": "m" * 5000},
    )
]
MANY = [
    alert(
        {
            "alertname": "Many",
            "instance": f"host{number:03}",
            "job": "node",
            "rack": f"r{number % 7}",
        },
        {"summary": f"Host {number} is down & out", "description": "d" * (number % 50)},
        generatorURL=f"http://prometheus/graph?g0.expr=up%7Bhost%3D{number}%7D",
    )
    for number in range(200)
]
UNNAMED = [alert({"instance": "x"}, {})]

SETS: dict[str, list[dict[str, Any]]] = {
    "one": ONE,
    "one resolved": over(ONE),
    "two": TWO,
    "two, first resolved": [*over(TWO[:1]), TWO[1]],
    "two resolved": over(TWO),
    "awkward": AWKWARD,
    "awkward resolved": over(AWKWARD),
    "long": LONG,
    "many": MANY,
    "many resolved": over(MANY),
    "unnamed": UNNAMED,
    "unnamed resolved": over(UNNAMED),
}
