"""Records `alerts_post.json`: bodies of POST /api/v2/alerts, the answers and what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moments import fill, offsets, shade
from oracle import Answer, Reference, oracle_argument, save

ABOUT = (
    "POST /api/v2/alerts on a fresh server (resolve_timeout 5m): `posts` are sent in order, each "
    "with its status, content type and body text (crash: the connection was closed unanswered); "
    "`alerts` is GET /api/v2/alerts afterwards. `{now+60}` stands for a moment relative to now."
)
CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"
DEFAULT_END = 300


def read() -> list[dict[str, Any]]:
    """The cases of `cases/alerts_post.txt`."""
    cases: list[dict[str, Any]] = []
    covers = ""
    text = (Path(__file__).parent / "cases/alerts_post.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("covers:"):
            covers = line.removeprefix("covers:").strip()
        elif line.startswith("=== "):
            name, *extra = (part.strip() for part in line[4:].split(" | "))
            fields = dict(part.split(": ", 1) for part in extra)
            case: dict[str, Any] = {"name": name, "covers": [covers]}
            if "differs" in fields:
                case["differs"] = fields.pop("differs")
            cases.append(case | {"headers": fields, "lines": []})
        elif cases:
            cases[-1]["lines"].append(line)
    return cases


def posted(
    server: Reference, body: str, headers: dict[str, str], words: set[int]
) -> dict[str, Any]:
    """Sends one body and tells what came back."""
    sent = {"Content-Type": "application/json"} | headers
    if sent["Content-Type"] == "none":
        del sent["Content-Type"]
    found: dict[str, Any] = {"headers": sent, "body": body}
    try:
        answer = server.request("POST", "/api/v2/alerts", fill(body).encode(), sent)
    except OSError:
        return found | {"crash": True}
    return found | {"status": answer.status} | told(answer, words)


def told(answer: Answer, words: set[int]) -> dict[str, Any]:
    """Content type and body of an answer, where there are any."""
    found = {}
    for name, value in answer.headers:
        if name == "Content-Type":
            found["content_type"] = value
    if answer.body:
        found["answer"] = shade(answer.text(), words)
    return found


def stored(server: Reference, words: set[int]) -> Any:
    """GET /api/v2/alerts with moments replaced."""
    text = server.get("/api/v2/alerts").text()
    return json.loads(shade(text, words | {0, DEFAULT_END}))


def record(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """One body on a fresh server."""
    body = "\n".join(case.pop("lines"))
    headers = case.pop("headers")
    words = offsets(body)
    with Reference(oracle, CONFIG) as server:
        posts = [posted(server, "" if body == "-" else body, headers, words)]
        return case | {"posts": posts, "alerts": stored(server, words)}


def merged(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Two bodies for one alert on a fresh server."""
    bodies: list[str] = []
    for one in (case["old"], case["new"]):
        alert: dict[str, Any] = {"labels": {"alertname": "M"}}
        for key, name in (("starts", "startsAt"), ("ends", "endsAt")):
            if key in one:
                alert[name] = f"{{now{one[key]:+d}}}"
        alert["annotations"] = one.get("annotations", {"from": "old" if not bodies else "new"})
        if "generatorURL" in one:
            alert["generatorURL"] = one["generatorURL"]
        bodies.append(json.dumps([alert]))
    words = set().union(*(offsets(body) for body in bodies))
    with Reference(oracle, CONFIG) as server:
        posts = [posted(server, body, {}, words) for body in bodies]
        return {
            "name": f"merge: {case['name']}",
            "covers": ["api 5.3 merge"],
            "posts": posts,
            "alerts": stored(server, words),
        }


def main() -> None:
    """Records the bodies, then the merges."""
    oracle = oracle_argument(__doc__ or "")
    path = Path(__file__).parent / "cases/alerts_merge.json"
    merges = json.loads(path.read_text(encoding="utf-8"))
    cases = [record(oracle, case) for case in read()] + [merged(oracle, case) for case in merges]
    save("alerts_post", ABOUT, cases)


if __name__ == "__main__":
    main()
