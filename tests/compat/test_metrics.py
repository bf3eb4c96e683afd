"""Every series of the reference's /metrics is in ours, and counts the same in the same story."""

from __future__ import annotations

import datetime
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from compat.servers import Server
from compat.sink import Sink

if TYPE_CHECKING:
    from pathlib import Path

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]

CONFIG = """
route:
  receiver: ok
  group_by: [team]
  group_wait: 1s
  group_interval: 1h
  routes:
  - {receiver: bad, matchers: [team = bad]}
  - {receiver: ok, matchers: [team = night], mute_time_intervals: [always]}
  - {receiver: ok, matchers: [team = day], active_time_intervals: [never]}
receivers:
- name: ok
  webhook_configs: [{url: "http://SINK/ok"}]
- name: bad
  webhook_configs: [{url: "http://SINK/bad"}]
- name: unused
  pagerduty_configs: [{routing_key: k}]
inhibit_rules:
- {source_matchers: [severity = critical], target_matchers: [severity = warning], equal: [team]}
time_intervals:
- {name: always, time_intervals: [{months: ['1:12']}]}
- {name: never, time_intervals: [{years: ['1970']}]}
"""
ALERTS = [
    {"alertname": "A", "team": "ok", "severity": "critical"},
    {"alertname": "B", "team": "ok", "severity": "warning"},
    {"alertname": "C", "team": "bad"},
    {"alertname": "D", "team": "night"},
    {"alertname": "E", "team": "day"},
    {"alertname": "F", "team": "silenced"},
    {"alertname": "F", "team": "late"},
]
GETS = (
    "/api/v2/alerts", "/api/v2/alerts?filter=%7B", "/api/v2/alerts/groups", "/api/v2/silences",
    "/api/v2/status", "/api/v2/receivers", "/api/v2/silence/no-uuid", "/-/healthy", "/-/ready",
    "/api/v1/alerts",
)  # fmt: skip
SETTLE_SECONDS = 1.5
FEATURES = "--enable-feature=receiver-name-in-metrics,alert-names-in-metrics,group-key-in-metrics"
FLAGS = {
    "plain": (),
    "features": (FEATURES, "--alerts.per-alertname-limit=1"),
    "recorder": ("--enable-feature=event-recorder",),
}

ELSEWHERE = ("go_", "amp_")
"""Families that only one of the two has: docs/differences.md."""

TIMES = re.compile(
    r"_(sum|bucket)$|^process_|_timestamp_seconds$|_config_hash$|^net_conntrack_.*_closed_total$"
    r"|^alertmanager_silences_quer|_subscriber_channel_writes_total$"
)
"""Series whose values are times, sizes, or counted otherwise (docs/differences.md)."""


def stamp(seconds: float) -> str:
    """A moment so many seconds from now."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)).isoformat()


def play(binary: Path, folder: Path, flags: tuple[str, ...]) -> tuple[str, str]:
    """The metrics of a server at its start and after the story."""
    with Sink() as sink:
        sink.statuses["/bad"] = 400
        config = CONFIG.replace("SINK", f"127.0.0.1:{sink.port}")
        with Server(binary, folder, config, flags) as server:
            # The reference is ready before its configuration is applied.
            time.sleep(SETTLE_SECONDS)
            before = server.get("/metrics").body
            story(server, sink)
            return before, server.get("/metrics").body


def story(server: Server, sink: Sink) -> None:
    """Reloads, silences, alerts, deliveries and reads."""
    good = (server.folder / "alertmanager.yml").read_text(encoding="utf-8")
    server.request("POST", "/-/reload")
    server.write("nonsense")
    server.request("POST", "/-/reload")
    server.write(good)
    ids = [silence(server, *times)["silenceID"] for times in ((0, 3600), (60, 3600), (0, 3600))]
    server.request("DELETE", f"/api/v2/silence/{ids[2]}")
    silence(server, 60, 0)
    posts = [{"labels": labels, "startsAt": stamp(0)} for labels in ALERTS]
    server.post("/api/v2/alerts", posts)
    server.post("/api/v2/alerts", posts[:1])
    server.post("/api/v2/alerts", [{"labels": {}}, {"labels": {"": "x"}}, {"labels": {"a": ""}}])
    server.post("/api/v2/alerts", {"no": "array"})
    gone = {"labels": {"alertname": "G"}, "startsAt": stamp(-9), "endsAt": stamp(-1)}
    server.post("/api/v2/alerts", [gone])
    assert sink.wait(1, 30)
    assert sink.wait(1, 30, failed=True)
    time.sleep(SETTLE_SECONDS)
    for path in GETS:
        server.request("GET", path)
    server.request("PUT", "/api/v2/alerts")


def silence(server: Server, starts: float, ends: float) -> Any:
    """POST of a silence of the alert F."""
    matcher = {"name": "team", "value": "silenced", "isRegex": False, "isEqual": True}
    body = {"matchers": [matcher], "startsAt": stamp(starts), "endsAt": stamp(ends)}
    answer = server.post("/api/v2/silences", body | {"createdBy": "test", "comment": "c"})
    return answer.json()


def read(text: str) -> tuple[dict[str, str], Series]:
    """Families with their types, and series with their values."""
    kinds: dict[str, str] = {}
    series: Series = {}
    for family in text_string_to_metric_families(text):
        kinds[family.name] = family.type
        for sample in family.samples:
            # Asked as often, and answered 503 as long, as it takes the server to get ready.
            if sample.labels.get("handler") == "/-/ready":
                continue
            series[sample.name, frozenset(sample.labels.items())] = sample.value
    return kinds, series


@pytest.fixture(scope="module", params=list(FLAGS))
def played(
    request: pytest.FixtureRequest,
    reference: Path,
    amp_server: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[tuple[str, str], tuple[str, str]]:
    """What the reference and ours show, each before and after."""
    folder, flags = tmp_path_factory.mktemp("metrics"), FLAGS[request.param]
    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(play, reference, folder / "reference", flags)
        ours = pool.submit(play, amp_server, folder / "ours", flags)
        return theirs.result(), ours.result()


Played = tuple[tuple[str, str], tuple[str, str]]


@pytest.mark.parametrize("moment", [0, 1], ids=["at start", "after the story"])
def test_every_family_and_series_is_there(played: Played, moment: int) -> None:
    theirs, ours = (one[moment] for one in played)
    (their_kinds, their_series), (our_kinds, our_series) = read(theirs), read(ours)
    assert kept(their_kinds) == kept(our_kinds)
    assert names(their_series) == names(our_series)


@pytest.mark.parametrize("moment", [0, 1], ids=["at start", "after the story"])
def test_counts_are_the_same(played: Played, moment: int) -> None:
    theirs, ours = (counted(read(one[moment])[1]) for one in played)
    assert theirs == ours


def kept(kinds: dict[str, str]) -> dict[str, str]:
    """The families that both should have."""
    return {name: kind for name, kind in kinds.items() if not name.startswith(ELSEWHERE)}


def names(series: Series) -> list[str]:
    """The series that both should have; of the build only the labels' names."""
    found = []
    for name, labels in series:
        if not name.startswith(ELSEWHERE):
            build = name == "alertmanager_build_info"
            shown = sorted(key for key, _ in labels) if build else sorted(labels)
            found.append(f"{name} {shown}")
    return sorted(found)


def counted(series: Series) -> dict[str, float]:
    """The values that a story decides."""
    return {
        f"{name} {sorted(labels)}": value
        for (name, labels), value in series.items()
        if not name.startswith((*ELSEWHERE, "alertmanager_build_info")) and not TIMES.search(name)
    }
