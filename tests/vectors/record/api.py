"""Records `api.json`: plain requests and the whole answers of the reference."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from moments import STAMP
from oracle import Answer, Reference, oracle_argument, save

ABOUT = (
    "Single requests to a server with the given flags, configuration and alerts, with status, "
    "headers (without Date; Content-Length only where there is a body) and body. `{time}` stands "
    "for an instant of the run, `{page}` for a body that is long or differs from run to run. "
    "A list of allowed methods is sorted here; the reference's order is random."
)
CONFIG = """global: {resolve_timeout: 5m}
route:
  receiver: r
  group_by: [alertname]
  group_wait: 1h
  routes:
  - {receiver: s, matchers: [team=a], continue: true, group_by: [team], labels: {env: prod}}
  - {receiver: 's.t', matchers: ['team=~"a|b"']}
receivers:
- {name: r, labels: {tier: one}}
- {name: s, labels: {tier: two, zone: x}}
- {name: s.t}
- {name: unused}
inhibit_rules:
- {source_matchers: [alertname=S], target_matchers: [severity=low], equal: [team]}
"""
ALERTS = [
    {"labels": {"alertname": "A", "team": "a", "job": "j2", "instance": "2"}},
    {"labels": {"alertname": "A", "team": "a", "job": "j1", "instance": "1"}},
    {"labels": {"alertname": "A", "team": "b"}, "generatorURL": "http://g/?a=b&c=<d>"},
    {"labels": {"alertname": "S", "team": "b"}, "annotations": {"s": "<&>", "e": ""}},
    {"labels": {"alertname": "B", "team": "b", "severity": "low"}},
    {"labels": {"x": "y"}},
]
LONG = 4096
SETTLE_SECONDS = 0.2


def send(server: Reference, line: str) -> dict[str, Any]:
    """Sends `METHOD path` with headers and body as the case has them."""
    request: dict[str, Any] = json.loads(line)
    body = request.get("body", "").encode() or None
    headers = request.get("headers", {})
    answer = server.request(request["method"], request["path"], body, headers)
    return request | whole(answer)


def whole(answer: Answer) -> dict[str, Any]:
    """Everything of an answer that stays the same from run to run."""
    body = answer.body.decode(errors="replace")
    headers = []
    for name, value in answer.headers:
        if name == "Date" or (name == "Content-Length" and not body):
            continue
        if name == "Allow" and " " not in value:
            value = ",".join(sorted(value.split(",")))
        headers.append([name, value])
    if answer.status == 405 and "is not allowed, but" in body:
        start, _, rest = body.partition("[")
        methods, _, end = rest.partition("]")
        body = f"{start}[{','.join(sorted(methods.split(',')))}]{end}"
    body = STAMP.sub('"{time}"', body)
    if len(body) > LONG or "# HELP" in body or '"versionInfo"' in body:
        body = "{page}"
        headers = [one for one in headers if one[0] not in ("Content-Length", "ETag")]
        headers = [one for one in headers if one[0] != "Last-Modified"]
    return {"status": answer.status, "answer_headers": headers, "answer": body}


def record(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """All requests of one server."""
    flags = tuple(case.get("flags", []))
    with Reference(oracle, CONFIG, flags=flags) as server:
        prefix = case.get("prefix", "")
        if not case.get("empty"):
            body = json.dumps(ALERTS).encode()
            headers = {"Content-Type": "application/json"}
            answer = server.request("POST", f"{prefix}/api/v2/alerts", body, headers)
            if answer.status != 200:
                raise RuntimeError(answer.text())
        time.sleep(SETTLE_SECONDS)
        found = [send(server, json.dumps(request)) for request in case["requests"]]
    return case | {"config": CONFIG, "alerts": ALERTS, "requests": found}


def main() -> None:
    """Records `cases/api.json`."""
    oracle = oracle_argument(__doc__ or "")
    cases = json.loads((Path(__file__).parent / "cases/api.json").read_text(encoding="utf-8"))
    save("api", ABOUT, [record(oracle, case) for case in cases])


if __name__ == "__main__":
    main()
