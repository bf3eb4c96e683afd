"""The event recorder: what both servers tell of the same scenario, by every output."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from amp.events.protobuf import encode
from compat.normal import UUID
from compat.servers import Server
from compat.sink import Sink
from compat.test_stories import same
from kafka_broker import Broker

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_broker import Produced

CONFIG = """
route:
  receiver: quiet
  group_wait: 300ms
  group_interval: 2s
  repeat_interval: 90m
  group_by: [alertname]
  routes:
  - {receiver: db, matchers: [team=db, 'x=~"a.*|"', 'y!=1', 'z!~"q"'], continue: true}
  - {receiver: firing, matchers: [team=db]}
receivers:
- name: quiet
- name: db
  webhook_configs: [{url: 'http://SINK/unused', max_alerts: 1}, {url: 'http://SINK/db'}]
- name: firing
  webhook_configs: [{url: 'http://SINK/firing', send_resolved: false}]
inhibit_rules:
- name: "quoted \\" name"
  source_matchers: [severity=critical, alertname=Source]
  target_matchers: ['severity=~"warning|info"']
  equal: [team, b, a]
- source_matchers: [severity=never]
  target_matchers: [severity=warning]
event_recorder:
  file_outputs: [{path: events.jsonl}]
  stdout_outputs: [{}]
  webhook_outputs:
  - {url: 'http://user:password@SINK/event?token=secret'}
  - {url: 'http://SINK/batch', batch: true, batch_flush_interval: 50ms}
"""
STARTS, ENDS = "2098-01-02T03:04:05.5Z", "2099-01-02T03:04:05.000250Z"
"""A start that lies ahead: no flush comes before all alerts of a POST are in their groups."""
ALERTS = [
    {"alertname": "A", "team": "db", "odd": '<x>&\u2028é"\\\u0001\n'},
    {"alertname": "A", "team": "db", "n": "2"},
    {"alertname": "Source", "team": "db", "severity": "critical"},
    {"alertname": "Target", "team": "db", "severity": "warning"},
    {"alertname": "Mixed", "team": "db", "hide": "me"},
    {"alertname": "Mixed", "team": "db"},
    {"team": "other"},
]
SILENCE = {
    "matchers": [
        {"name": "hide", "value": "m.", "isRegex": True},
        {"name": "zz", "value": 'a"b', "isRegex": False, "isEqual": False},
    ],
    "startsAt": "2026-01-02T03:04:05.5Z",
    "endsAt": ENDS,
    "createdBy": "story",
    "comment": "first\nline",
    "annotations": {"k": "v"},
}
COUNTED = (
    "alertmanagerStartupEvent",
    "alertmanagerShutdownEvent",
    "alertCreated",
    "notification",
    "silenceCreated",
    "silenceUpdated",
)
"""Events that come as often on both; flushes that mute repeat with the ticks of a group."""
MOMENTS = ("@timestamp", "updatedAt")
PATIENCE_SECONDS = 20.0


@dataclass
class Told:
    """What came out of one server: lines by output, the metrics, the headers of two requests."""

    outputs: dict[str, list[dict[str, Any]]]
    metrics: list[str]
    headers: dict[str, dict[str, str]]


def posted(labels: dict[str, str], **more: Any) -> dict[str, Any]:
    annotations = {"summary": "a <b>", "empty": ""} if "odd" in labels else {}
    return {"labels": labels, "annotations": annotations, "startsAt": STARTS, "endsAt": ENDS} | more


def play(binary: Path, folder: Path) -> Told:
    """The scenario on one server."""
    with Sink() as sink:
        server = Server(
            binary,
            folder,
            CONFIG.replace("SINK", f"127.0.0.1:{sink.port}"),
            ("--enable-feature=event-recorder",),
        )
        with server:
            metrics = act(server, sink)
        bodies = {path: [one for one in sink.deliveries if one.path == path] for path in PATHS}
        written = (folder / "events.jsonl").read_text(encoding="utf-8")
        lines = server.log().split("\n")  # a line separator in a text ends no line
        return Told(
            {
                "file": [json.loads(line) for line in written.split("\n")[:-1]],
                "stdout": [json.loads(line) for line in lines if line.startswith("{")],
                "webhook": [one.body for one in bodies[PATHS[0]]],
                "batch": [event for one in bodies[PATHS[1]] for event in one.body],
            },
            metrics,
            {path: headers(found[0].headers) for path, found in bodies.items()},
        )


PATHS = ("/event?token=secret", "/batch")


def headers(found: dict[str, str]) -> dict[str, str]:
    names = ("Content-Type", "User-Agent", "Authorization")
    return {name: found[name] for name in names if name in found}


def act(server: Server, sink: Sink) -> list[str]:
    silence = server.post("/api/v2/silences", SILENCE).json()["silenceID"]
    assert server.post("/api/v2/alerts", [posted(one) for one in ALERTS]).status == 200
    until(sink, lambda: told(sink, "/db") >= 3 and told(sink, "/firing") >= 3)
    held = server.get(f"/api/v2/silence/{silence}").json()
    changed = SILENCE | {"id": silence, "comment": "second", "startsAt": held["startsAt"]}
    assert server.post("/api/v2/silences", changed).status == 200
    other = changed | {"matchers": [{"name": "hide", "value": "me", "isRegex": False}]}
    replaced = server.post("/api/v2/silences", other).json()["silenceID"]
    assert replaced != silence
    over = posted(ALERTS[1], startsAt="2026-01-01T04:00:00Z", endsAt="2026-01-02T04:00:00Z")
    assert server.post("/api/v2/alerts", [over]).status == 200
    until(sink, lambda: told(sink, "/db") >= 4)
    until(sink, lambda: any("alertResolved" in str(one.body) for one in sink.deliveries))
    metrics = server.get("/metrics").body.replace(str(sink.port), "PORT").splitlines()
    config = server.folder / "alertmanager.yml"
    server.write(
        config.read_text() + "  - {url: 'http://SINK/more'}\n".replace("SINK", "127.0.0.1:1")
    )
    assert server.request("POST", "/-/reload").status == 200
    return metrics


def told(sink: Sink, path: str) -> int:
    return sum(one.path == path for one in sink.deliveries)


def until(sink: Sink, condition: Any) -> None:
    with sink.changed:
        assert sink.changed.wait_for(condition, PATIENCE_SECONDS), [
            one.path for one in sink.deliveries
        ]


@pytest.fixture(scope="module")
def both(
    reference: Path, amp_server: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Told, Told]:
    folder = tmp_path_factory.mktemp("events")
    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(play, reference, folder / "reference")
        ours = pool.submit(play, amp_server, folder / "ours")
        return theirs.result(), ours.result()


class Names:
    """Takes out of events what two servers cannot have alike."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    def value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.value(name, one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.value(key, one) for one in value]
        if key in MOMENTS or (key == "startsAt" and "2026-06" < value < "2097"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}){1,3})?Z", value), value
            return "<time>"
        if key == "groupUuid":
            assert UUID.fullmatch(value)
            return "<uuid>"
        if key == "id":
            return self.ids.setdefault(value, f"silence {len(self.ids) + 1}")
        return "<build>" if key == "buildContext" else value


def events(told: Told) -> list[tuple[str, Any]]:
    """(Kind, event) as the file has them, with names for ids and moments."""
    names = Names()
    found = []
    for event in told.outputs["file"]:
        (kind,) = event["data"]
        found.append((kind, names.value("", event)))
    return found


def text(event: Any) -> str:
    return json.dumps(event, sort_keys=True, ensure_ascii=False)


def test_all_outputs_tell_the_same(both: tuple[Told, Told]) -> None:
    for told in both:
        expected = sorted(map(text, told.outputs["file"]))
        assert told.outputs["file"] == told.outputs["stdout"]
        before = [text(one) for one in told.outputs["file"]]
        for output in ("webhook", "batch"):
            found = sorted(text(one) for one in told.outputs[output])
            assert set(found) <= set(before)
            assert len(found) == len(expected), output


def test_both_tell_the_same_events(both: tuple[Told, Told]) -> None:
    """In the keys' order, too."""
    theirs, ours = ([json.dumps(event) for _, event in events(told)] for told in both)
    same(sorted(set(ours)), sorted(set(theirs)))
    assert len({kind for kind, _ in events(both[1])}) == 10


def test_both_tell_events_as_often(both: tuple[Told, Told]) -> None:
    theirs, ours = (
        sorted(text(event) for kind, event in events(told) if kind in COUNTED) for told in both
    )
    same(ours, theirs)


def test_the_start_is_first_and_the_end_last(both: tuple[Told, Told]) -> None:
    for told in both:
        kinds = [kind for kind, _ in events(told)]
        assert (kinds[0], kinds[-1]) == COUNTED[:2]


def test_requests_have_the_same_headers(both: tuple[Told, Told]) -> None:
    same(both[1].headers, both[0].headers)


def test_metrics_have_the_same_series(both: tuple[Told, Told]) -> None:
    def series(told: Told) -> list[str]:
        """Names and labels, with the counts that do not depend on ticks."""
        found = []
        for line in told.metrics:
            if line.startswith("alertmanager_event"):
                name, _, value = line.rpartition(" ")
                fixed = "events_recorded" in name and re.search("created|updated|startup", name)
                found.append(line if fixed else name)
                assert float(value) >= 0
        return sorted(found)

    same(series(both[1]), series(both[0]))
    assert "secret" not in "\n".join(both[1].metrics)


KAFKA = """
route: {receiver: quiet}
receivers: [{name: quiet}]
event_recorder:
  file_outputs: [{path: events.jsonl}]
  kafka_outputs:
  - {brokers: ['ADDRESS'], topic: events}
  - brokers: ['ADDRESS']
    topic: messages
    format: protobuf
    acks: all
    compression: gzip
    client_id: me
"""


def produced(binary: Path, folder: Path) -> tuple[list[Produced], list[bytes]]:
    """What one server produces of every kind of event that comes without receivers; its file."""
    with Broker(topics=("events", "messages")) as broker:
        config = KAFKA.replace("ADDRESS", broker.address)
        with Server(binary, folder, config, ("--enable-feature=event-recorder",)) as server:
            server.post("/api/v2/alerts", [posted(one) for one in ALERTS])
            server.post("/api/v2/silences", SILENCE)
            broker.wait(2 * (2 + 2 * len(ALERTS)))
        lines = (folder / "events.jsonl").read_bytes().split(b"\n")[:-1]
        return broker.wait(2 * len(lines)), lines


def test_kafka_takes_the_same_records(reference: Path, amp_server: Path, tmp_path: Path) -> None:
    for name, binary in (("reference", reference), ("ours", amp_server)):
        records, lines = produced(binary, tmp_path / name)
        events = [json.loads(line) for line in lines]
        as_json = [one for one in records if one.topic == "events"]
        assert [json.loads(one.value) for one in as_json] == events
        messages = [one for one in records if one.topic == "messages"]
        assert [one.value for one in messages] == [
            encode(json.dumps(one).encode()) for one in events
        ]
        instance = events[0]["instance"].encode()
        # A batch that compression would make longer may go as it is.
        found = {(one.key, one.acks, one.compression, one.client_id) for one in records}
        wanted = {(instance, 1, "snappy", "alertmanager"), (instance, -1, "gzip", "me")}
        assert found - {(*one[:2], "none", one[3]) for one in wanted} <= wanted
        assert {one[:2] + one[3:] for one in found} == {one[:2] + one[3:] for one in wanted}
