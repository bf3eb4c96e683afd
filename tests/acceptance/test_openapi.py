"""What a running server answers is what its OpenAPI document says, to the last property."""

from __future__ import annotations

import datetime
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from compat.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from compat.servers import Answer, Server
    from sink import SinkProcess

PATH = "/api/amp/v1/openapi.json"
STREAM = "/api/amp/v1/stream"
DELIVERIES = "/api/amp/v1/deliveries"
WITHIN_SECONDS = 60.0
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"
CONFIG = """
route:
  receiver: team
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  routes:
  - {receiver: failing, matchers: [kind = failing], group_wait: 0s}
  - {receiver: team, matchers: [kind = night], mute_time_intervals: [always]}
receivers:
- name: team
  webhook_configs: [{url: "SINK/team"}]
- name: failing
  webhook_configs: [{url: "SINK/failing"}]
inhibit_rules:
- {name: worse, source_matchers: [kind = source], target_matchers: [kind = target]}
time_intervals:
- {name: always, time_intervals: [{months: ['1:12']}]}
"""
KINDS = {
    "received", "changed", "resolved", "suppressed", "released", "grouped", "flushed", "notified",
    "failed",
}  # fmt: skip
"""What happens to alerts in the story."""
STREAMED = KINDS | {"hello", "silence_created", "silence_expired", "config_reloaded"}


class Document:
    """The document of a server; nothing that it does not name may be in an answer."""

    def __init__(self, running: Server) -> None:
        self.running = running
        self._plain = running.get(PATH).json()
        self._strict = strict(self._plain)
        self.seen: set[tuple[str, str, int]] = set()

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        """Asks, checks and gives the answer."""
        return self.check("get", path, self.running.get(path, query), status)

    def post(self, path: str, value: object, status: int = 200) -> Any:
        """As `get`, for a POST; what is sent is as described where it is taken."""
        if status < 400:
            body = self._operation("post", path)[1].get("requestBody")
            if body is not None:
                self._valid(body["content"]["application/json"]["schema"], value, strictly=False)
        return self.check("post", path, self.running.post(path, value), status)

    def check(self, method: str, path: str, answer: Answer, status: int) -> Any:
        """Whether an answer is one of those described; its value."""
        assert answer.status == status, (path, answer.body)
        label, operation = self._operation(method, path)
        self.seen.add((label, method, status))
        told = operation["responses"][str(status)]
        headers = {name.lower(): value for name, value in answer.headers}
        media = headers["content-type"].partition(";")[0]
        assert media in told["content"], (path, media)
        for name in told.get("headers", {}):
            assert name.lower() in headers
        value = answer.json() if media == "application/json" else answer.body
        self._valid(told["content"][media]["schema"], value)
        return value

    def frame(self, value: object) -> None:
        """Whether a frame of the stream is one of those described."""
        self._valid({"$ref": "#/components/schemas/StreamEvent"}, value)

    def successes(self) -> Iterator[tuple[str, str, int]]:
        """Every answer 200 with a JSON body that is described."""
        for label, item in self._plain["paths"].items():
            for method, operation in item.items():
                told = operation["responses"].get("200", {}).get("content", {})
                if "application/json" in told:
                    yield label, method, 200

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        paths = self._strict["paths"]
        for label in sorted(paths, key=lambda label: label.count("{")):
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(label))
            if re.fullmatch(pattern, path) and method in paths[label]:
                return label, paths[label][method]
        raise AssertionError(path)

    def _valid(self, schema: dict[str, Any], value: object, *, strictly: bool = True) -> None:
        whole = self._strict if strictly else self._plain
        validator = Draft202012Validator({**schema, "components": whole["components"]})
        problem = best_match(validator.iter_errors(value))
        assert problem is None, problem


def strict(schema: Any) -> Any:
    """The schemas, in which objects have no other properties and instants look like ours."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(one) for key, one in schema.items()}
    if schema.get("format") == "date-time":
        made["pattern"] = INSTANT
    if schema.get("type") == "object" and "properties" in schema:
        made.setdefault("additionalProperties", False)
    return made


def until(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while not check():
        assert time.monotonic() < deadline, check
        time.sleep(0.05)


def alert(kind: str, name: str, ends: float | None = None, summary: str = "s") -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    made: dict[str, Any] = {
        "labels": {"alertname": name, "kind": kind, "severity": "page"},
        "annotations": {"summary": summary},
        "generatorURL": "http://prometheus.example/graph",
    }
    if ends is not None:
        made["endsAt"] = (now + datetime.timedelta(seconds=ends)).isoformat()
    return made


def frames(running: Server, query: str = "after=0") -> Iterator[dict[str, Any]]:
    """What a stream says, from the first event in memory on."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=WITHIN_SECONDS)
    try:
        connection.request("GET", f"{STREAM}?{query}")
        response = connection.getresponse()
        assert response.getheader("content-type", "").startswith("text/event-stream")
        while line := response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "data":
                yield json.loads(value)
    finally:
        connection.close()


def story(running: Server, sink: SinkProcess) -> None:
    """Everything that can happen to an alert, within some seconds."""
    sink.behave("/failing", status=400, body="no")
    now = datetime.datetime.now(datetime.UTC)
    silence = {
        "matchers": [{"name": "kind", "value": "silenced", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + datetime.timedelta(hours=1)).isoformat(),
        "createdBy": "t",
        "comment": "c",
    }
    made = running.post("/api/v2/silences", silence).json()["silenceID"]
    kinds = ("silenced", "source", "target", "night", "failing")
    alerts = [alert(kind, kind.title()) for kind in kinds]
    assert running.post("/api/v2/alerts", alerts).status == 200
    for turn in range(3):
        assert running.post("/api/v2/alerts", [alert("plain", "Flaps")]).status == 200
        changed = alert("plain", "Flaps", summary=f"other {turn}")
        assert running.post("/api/v2/alerts", [changed]).status == 200
        sink.wait(2 + turn)
        assert running.post("/api/v2/alerts", [alert("plain", "Flaps", ends=-0.1)]).status == 200
    assert running.request("DELETE", f"/api/v2/silence/{made}").status == 200
    assert running.post("/api/v2/alerts", [alert("source", "Source", ends=-0.1)]).status == 200
    assert running.request("POST", "/-/reload").status == 200


def test_every_answer_is_as_described(
    server: Callable[..., Server], sink: SinkProcess, store_flags: tuple[str, ...]
) -> None:
    config = CONFIG.replace("SINK", sink.url("").rstrip("/"))
    with server(config, "--amp.webhook.rate=1", *store_flags) as running:
        document = Document(running)
        until(lambda: running.get("/history").status == 200)
        document.get("/history/top")
        empty = document.get("/report")
        assert (empty["summary"]["episodes"], empty["top"]) == (0, [])
        document.get("/api/v2/inhibition/rules")
        story(running, sink)
        inhibited(document)
        streamed(document)
        history(document)
        deliveries(document)
        webhooks(document)
        document.get("/health")
        document.get("/ready")
        document.get(PATH)
        refused(document)
        assert set(document.successes()) <= document.seen


def inhibited(document: Document) -> None:
    """While something is."""
    sources = [alert("source", "Again"), alert("target", "Target")]
    assert document.running.post("/api/v2/alerts", sources).status == 200
    status = document.get("/api/v2/inhibition/status")
    assert status["inhibited"]
    assert status["sources"]
    labels = {"labels": {"alertname": "X", "kind": "target"}}
    [result] = document.post("/api/v2/inhibition/check", labels)["results"]
    assert result["inhibited"]
    document.post("/api/v2/inhibition/check", {"alerts": [labels]})
    document.get("/api/v2/inhibition/rules")
    document.get("/api/v2/inhibition/status", 400, filter="=")
    document.post("/api/v2/inhibition/check", {}, 400)


def streamed(document: Document) -> None:
    seen: set[str] = set()
    for frame in frames(document.running):
        document.frame(frame)
        seen.add(frame["kind"])
        if seen >= STREAMED:
            break
    for frame in frames(document.running, "after=1"):
        document.frame(frame)
        if frame["kind"] == "gap":
            break
    document.get(STREAM, 400, kinds="nonsense")


def history(document: Document) -> None:
    """Each endpoint below both of its prefixes."""

    def told() -> set[str]:
        found: set[str] = set()
        for episode in document.get("/history")["alerts"]:
            page = document.get(f"/history/{episode['fingerprint']}")
            found |= {event["kind"] for event in page["events"]}
        return found

    until(lambda: told() >= KINDS)
    for prefix in ("", "/api/amp/v1"):
        page = document.get(f"{prefix}/history", limit=2)
        assert page["next_cursor"]
        document.get(f"{prefix}/history", limit=2, cursor=page["next_cursor"])
        assert document.get(f"{prefix}/history", silenced="true", sort="duration")["alerts"]
        for form in ("csv", "ndjson"):
            assert document.get(f"{prefix}/history", format=form)
        one = f"{prefix}/history/{page['alerts'][0]['fingerprint']}"
        document.get(one, limit=1)
        assert document.get(f"{prefix}/history/top")["top"]
        assert document.get(f"{prefix}/history/top", by="alert_name")["top"]
        assert document.get(f"{prefix}/history/flapping", min_score=0)["flapping"]
        report = document.get(f"{prefix}/report", min_flap_count=1)
        assert all(report[part] for part in ("top", "flapping", "receivers", "silences"))


def deliveries(document: Document) -> None:
    for status in ("delivered", "failed"):
        found = document.get(DELIVERIES, status=status)["deliveries"]
        assert found
        assert document.get(f"{DELIVERIES}/{found[0]['id']}")["alerts"]
    page = document.get(DELIVERIES, limit=1)
    document.get(DELIVERIES, limit=1, cursor=page["next_cursor"])
    again = document.post(f"{DELIVERIES}/{found[0]['id']}/resend", {})
    assert again["status"] == "failed"


def webhooks(document: Document) -> None:
    """The rate is one a second, ten at once."""

    def message(*alerts: object) -> dict[str, Any]:
        return {"version": "4", "alerts": list(alerts)}

    good = {"status": "firing", "labels": {"alertname": "W", "kind": "plain"}}
    failing = {"status": "firing", "labels": {"alertname": "W", "kind": "failing"}}
    held = {"status": "firing", "labels": {"alertname": "Y", "kind": "night"}}
    document.post("/webhook", message(good))
    assert document.post("/webhook", message(good, {"labels": {}}))["rejected"]
    document.post("/webhook", message({"labels": {}}), 400)
    document.post("/webhook", {"a": 1}, 400)
    document.post("/webhook/proxy", message(good, held))
    document.post("/webhook/proxy", message(failing, good), 207)
    document.post("/webhook/proxy", {"a": 1}, 400)

    def refused() -> Answer | None:
        answer = document.running.post("/webhook", message(good))
        return answer if answer.status == 429 else None

    deadline = time.monotonic() + WITHIN_SECONDS
    while (answer := refused()) is None:
        assert time.monotonic() < deadline
    document.check("post", "/webhook", answer, 429)


def refused(document: Document) -> None:
    """Parameters that are wrong, and things that are not there."""
    for prefix in ("", "/api/amp/v1"):
        for path in ("history", "history/top", "history/flapping", "report"):
            assert document.get(f"{prefix}/{path}", 400, nonsense=1)["parameter"] == "nonsense"
        document.get(f"{prefix}/history/0123456789abcdef", 404)
        document.get(f"{prefix}/history/0123456789abcdef", 400, limit=0)
    document.get(DELIVERIES, 400, status="lost")
    document.get(f"{DELIVERIES}/1", 404)
    document.post(f"{DELIVERIES}/1/resend", {}, 404)


@pytest.mark.parametrize("away", [False, True], ids=["off", "away"])
def test_without_a_history(server: Callable[..., Server], away: bool) -> None:
    flag = "--amp.history.retention=0"
    if away:
        flag = f"--amp.database-url=postgresql://u@127.0.0.1:{free_port()}/d"
    status = 503 if away else 404
    with server("{route: {receiver: r}, receivers: [{name: r}]}", flag) as running:
        document = Document(running)
        for prefix in ("", "/api/amp/v1"):
            for path in ("history", "history/top", "history/flapping", "history/0123456789abcdef"):
                document.get(f"{prefix}/{path}", status)
            # Its parts fail alone.
            document.get(f"{prefix}/report", 200 if away else status)
        document.get(DELIVERIES, status)
        document.get(f"{DELIVERIES}/1", status)
        document.post(f"{DELIVERIES}/1/resend", {}, status)
        document.get("/health")
        document.get("/ready", 503 if away else 200)
