"""`/api/amp/v1/deliveries` through the door, on both databases."""

from __future__ import annotations

import dataclasses
import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from amp._core import Fold, Journal
from amp.clock import SECOND_NS
from amp.errors import StoreUnavailable
from amp.query.deliveries import Bounds, DeliveryPage, DeliveryQuestion, page
from doorway import Doorway, doorway
from ledger_rows import BASE, Alert, Attempt, KeptHistory, Story
from listener import reply
from web import listeners

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from amp.query.cursor import Cursor
    from listener import Listeners

__all__ = ["listeners"]

PATH = "/api/amp/v1/deliveries"
START_NS = BASE * 1000
CONFIG = """
route: {receiver: team}
receivers:
  - name: team
    webhook_configs: [{url: "URL", http_config: {authorization: {credentials: w0rd}}}]
    slack_configs: [{api_url: "URL", send_resolved: false}]
"""
REASONS = ("first notification", "new alerts added", "resend")


@pytest.fixture(params=["sqlite", "postgres"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptHistory]:
    sqlite = request.param == "sqlite"
    place = tmp_path / "history.db" if sqlite else request.getfixturevalue("postgres").database()
    made = KeptHistory(place)
    yield made
    made.close()


@pytest.fixture
async def door(history: KeptHistory) -> AsyncIterator[Doorway]:
    async with doorway() as opened:
        opened.running.history = history  # type: ignore[assignment]
        yield opened


def random_story(chance: random.Random, count: int = 300) -> Story:
    alerts = [Alert(id, {"alertname": f"A{id}"}) for id in range(1, 7)]
    groups = {n: (f"{{}}:{{n={n % 3}}}", f"team-{n % 2}") for n in range(1, 6)}
    flushes: dict[int, tuple[int, list[tuple[int, int, int]]]] = {}
    attempts = []
    for number in range(count):
        if number == 0 or chance.random() < 0.4:
            group = chance.randint(1, 5)
            told = chance.sample(range(1, 7), chance.randint(1, 3))
            flush = number * 1_000_000
            flushes[flush] = (group, [(id, id * 1000, chance.choice([0, 5])) for id in told])
        flush = chance.choice(list(flushes)[-3:])
        delivered = chance.random() < 0.7
        group = flushes[flush][0]
        attempts.append(
            Attempt(
                number * 1_000_000 + 1,
                flush,
                group,
                receiver=groups[group][1],
                integration=chance.choice(["webhook", "slack"]),
                position=chance.randint(0, 1),
                reason=chance.choice(REASONS),
                delivered=delivered,
                failure="" if delivered else "serverError",
                status_code=chance.choice([200, 202]) if delivered else chance.choice([None, 503]),
                latency_us=chance.randint(1, 5_000_000),
            )
        )
    return Story(alerts, groups, flushes, attempts)


def expected(story: Story, asked: dict[str, Any]) -> list[int]:
    """The ids that a plain look at everything finds, newest first."""
    keys = {alert.fingerprint: alert.id for alert in story.alerts}
    found = []
    for one in story.attempts:
        told = {id for id, _, _ in story.flushes[one.flush][1]}
        holds = {
            "receiver": lambda v, one=one: one.receiver in v,
            "integration": lambda v, one=one: one.integration in v,
            "group_key": lambda v, one=one: story.groups[one.group][0] in v,
            "status": lambda v, one=one: ("delivered" if one.delivered else "failed") in v,
            "reason": lambda v, one=one: one.reason in v,
            "fingerprint": lambda v, told=told: bool(told & {keys.get(key, 0) for key in v}),
            "from": lambda v, one=one: one.of >= v * 1_000_000,
            "to": lambda v, one=one: one.of < v * 1_000_000,
            "min_latency": lambda v, one=one: one.latency_us >= v * 1_000_000,
            "status_code": lambda v, one=one: one.status_code in v,
            "flush_id": lambda v, one=one: BASE + one.flush == v,
        }
        if all(holds[name](value) for name, value in asked.items()):
            found.append(one.id)
    return found[::-1]


def random_question(chance: random.Random, story: Story) -> dict[str, Any]:
    choices: dict[str, Any] = {
        "receiver": ["team-0"],
        "integration": ["slack"],
        "group_key": chance.sample(["{}:{n=0}", "{}:{n=1}", "{}:{n=2}", "none"], 2),
        "status": chance.choice([["failed"], ["delivered"], ["failed", "delivered"]]),
        "reason": chance.sample(REASONS, 2),
        "fingerprint": [story.alerts[chance.randint(0, 5)].fingerprint, "0123456789abcdef"],
        "from": chance.randint(0, 200),
        "to": chance.randint(201, 400),
        "min_latency": chance.choice([0, 1, 4]),
        "status_code": chance.choice([[503], [200, 202]]),
        "flush_id": BASE + chance.choice(list(story.flushes)),
    }
    names = chance.sample(sorted(choices), chance.choice([0, 1, 1, 2, 2, 3]))
    return {name: choices[name] for name in names}


def query(asked: dict[str, Any], **more: Any) -> str:
    sent = {
        name: BASE // 1_000_000 + value if name in ("from", "to") else value
        for name, value in asked.items()
    }
    return f"{PATH}?{urlencode(sent | more, doseq=True)}"


async def all_pages(door: Doorway, asked: dict[str, Any], limit: int) -> tuple[list[int], int]:
    found: list[int] = []
    more: dict[str, Any] = {"limit": limit}
    while True:
        said = await door.get(query(asked, **more))
        assert said.status == 200, said.body
        shown = said.json()
        found += [one["id"] for one in shown["deliveries"]]
        assert shown["total_is_estimate"] is False
        if shown["next_cursor"] is None:
            return found, shown["total"]
        more["cursor"] = shown["next_cursor"]


async def test_any_filters_together_find_what_a_plain_look_finds(
    door: Doorway, history: KeptHistory
) -> None:
    chance = random.Random(7)
    story = random_story(chance)
    story.write(history)
    for _ in range(80):
        asked = random_question(chance, story)
        wanted = expected(story, asked)
        found, total = await all_pages(door, asked, chance.choice([7, 50, 1000]))
        assert found == wanted, asked
        assert total == len(wanted)


async def test_totals_of_many_are_estimates(history: KeptHistory) -> None:
    story = random_story(random.Random(3))
    story.write(history)
    bounds = Bounds(exact_total=100, looked_at=150, step=10)

    async def asked(question: DeliveryQuestion, cursor: Cursor | None = None) -> DeliveryPage:
        return await history.read(lambda reader: page(reader, question, 3, cursor, bounds))

    first = await asked(DeliveryQuestion())
    assert first.estimated
    assert first.total == pytest.approx(300, rel=0.1)
    one = story.alerts[0]
    wanted = expected(story, {"fingerprint": [one.fingerprint]})
    question = DeliveryQuestion(fingerprints=(one.series()[1],))
    found = await asked(question)
    assert found.estimated
    assert found.total == pytest.approx(len(wanted), rel=0.5)
    ids = [row["id"] for row in found.deliveries]
    while found.cursor is not None:
        found = await asked(question, found.cursor)
        ids += [row["id"] for row in found.deliveries]
    assert ids == wanted


STORY = Story(
    [
        Alert(1, {"alertname": "Down", "job": "b"}, {"summary": "it <is>"}),
        Alert(2, {"alertname": "Up"}),
    ],
    {5: ("{}:{}", "team"), 6: ("{}:{x=1}", "gone")},
    {
        0: (5, [(1, START_NS, 0), (2, START_NS, START_NS + SECOND_NS)]),
        10: (5, [(2, START_NS, START_NS + SECOND_NS)]),
        20: (6, [(1, START_NS, 0)]),
    },
    [
        Attempt(1, 0, 5, delivered=False, failure="serverError", status_code=503, error="down"),
        Attempt(2, 0, 5, attempt=2, request="POST 3\nline\nother", answer="done", latency_us=12),
        Attempt(3, 0, 5, integration="slack", request=""),
        Attempt(11, 10, 5, integration="slack"),
        Attempt(21, 20, 6, receiver="gone"),
        Attempt(31, 30, 5),
    ],
)


async def test_one(door: Doorway, history: KeptHistory) -> None:
    STORY.write(history)
    said = await door.get(f"{PATH}/{BASE + 2}")
    assert said.status == 200
    shown = said.json()
    others = shown.pop("attempts")
    alerts = shown.pop("alerts")
    assert shown == {
        "id": BASE + 2,
        "at": "2026-01-01T00:00:00.000Z",
        "flush_id": BASE,
        "group_key": "{}:{}",
        "receiver": "team",
        "integration": "webhook",
        "position": 0,
        "reason": "first notification",
        "attempt": 2,
        "status": "delivered",
        "retryable": False,
        "failure": "",
        "status_code": 200,
        "latency_seconds": 0.000012,
        "error": "",
        "target": "http://host:80",
        "method": "POST",
        "requests": 3,
        "request": "line\nother",
        "answer": "done",
        "group": {"key": "{}:{}", "receiver": "team", "labels": {"team": "db"}},
    }
    assert [(one["id"], one["error"]) for one in others] == [(BASE + 1, "down")]
    down = STORY.alerts[0]
    assert alerts == [
        {
            "fingerprint": down.fingerprint,
            "status": "firing",
            "labels": down.labels,
            "annotations": {"summary": "it <is>"},
            "generator_url": "http://prometheus/1",
            "starts_at": "2026-01-01T00:00:00.000Z",
            "ends_at": None,
        },
        {
            "fingerprint": STORY.alerts[1].fingerprint,
            "status": "resolved",
            "labels": {"alertname": "Up"},
            "annotations": {},
            "generator_url": "http://prometheus/2",
            "starts_at": "2026-01-01T00:00:00.000Z",
            "ends_at": "2026-01-01T00:00:01.000Z",
        },
    ]
    silent = (await door.get(f"{PATH}/{BASE + 3}")).json()
    assert (silent["method"], silent["requests"], silent["request"]) == ("", 0, "")
    orphan = (await door.get(f"{PATH}/{BASE + 31}")).json()
    assert orphan["alerts"] is None


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ("colour=red", "colour"),
        ("status=lost", "status"),
        ("fingerprint=xyz", "fingerprint"),
        ("from=yesterday", "from"),
        ("from=20&to=10", "to"),
        ("min_latency=soon", "min_latency"),
        ("status_code=2xx", "status_code"),
        ("status_code=1000", "status_code"),
        ("flush_id=-1", "flush_id"),
        ("flush_id=99999999999999999999", "flush_id"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=none", "cursor"),
        ("receiver=%00", "receiver"),
    ],
)
async def test_bad_parameters_are_named(parameters: str, named: str) -> None:
    async with doorway() as door:
        said = await door.get(f"{PATH}?{parameters}")
    assert said.status == 400
    assert said.json()["parameter"] == named
    assert named in said.json()["error"]


async def test_lost_events_are_told_of(door: Doorway, history: KeptHistory) -> None:
    assert "incomplete" not in (await door.get(PATH)).json()
    history.health.dropped = 3
    assert (await door.get(PATH)).json()["incomplete"]["dropped"] == 3


async def test_a_cursor_of_another_question(door: Doorway, history: KeptHistory) -> None:
    STORY.write(history)
    first = (await door.get(f"{PATH}?limit=2")).json()
    assert len(first["deliveries"]) == 2
    said = await door.get(f"{PATH}?limit=2&status=failed&cursor={first['next_cursor']}")
    assert (said.status, said.json()["parameter"]) == (400, "cursor")


async def test_what_is_not_there() -> None:
    async with doorway() as door:
        said = await door.get(PATH)
        assert said.status == 404
        assert "--amp.history.retention" in said.json()["error"]
        assert (await door.get(f"{PATH}/one")).json()["parameter"] == "id"
        assert (await door.get(f"{PATH}/1?x=1")).json()["parameter"] == "x"
        assert (await door.ask("DELETE", f"{PATH}/1")).status == 405
        assert (await door.get(f"{PATH}/1/resend")).status == 405


async def test_an_id_that_nobody_has(door: Doorway) -> None:
    for id in ("1", "99999999999999999999", "x", str(1 << 62)):
        for method, end in (("GET", ""), ("POST", "/resend")):
            said = await door.ask(method, f"{PATH}/{id}{end}")
            assert (said.status, said.json()["parameter"]) == (404, "id")


class Away:
    """A history that cannot answer."""

    async def read(self, question: Any) -> Any:
        raise StoreUnavailable("disk I/O error")


async def test_a_store_that_is_away() -> None:
    async with doorway() as door:
        door.running.history = Away()  # type: ignore[assignment]
        said = await door.get(PATH)
    assert said.status == 503
    assert said.json() == {"error": "the history cannot be read: disk I/O error"}


class Again:
    """A door with a journal, and a receiver."""

    def __init__(self, door: Doorway, url: str) -> None:
        self.door = door
        self.journal = Journal(1 << 20, 1 << 20)
        door.shared = dataclasses.replace(door.shared, journal=self.journal)
        door.configure(CONFIG.replace("URL", url))

    async def post(self, of: int) -> tuple[int, Any]:
        said = await self.door.ask("POST", f"{PATH}/{BASE + of}/resend")
        return said.status, said.json()

    def rows(self) -> list[Any]:
        fold = Fold(1, 1)
        drained = self.journal.take(100, 0)
        fold.unknown(drained)
        return fold.rows(drained).deliveries


async def test_sending_again(door: Doorway, history: KeptHistory, listeners: Listeners) -> None:
    STORY.write(history)
    answers = [reply("200 OK", b"thanks, w0rd"), reply("400 Bad", b"w0rd is wrong")]
    server = await listeners.start(lambda _: answers.pop(0))
    again = Again(door, server.url())
    status, said = await again.post(1)
    assert (status, said["status"], said["status_code"], said["error"]) == (
        200,
        "delivered",
        200,
        "",
    )
    body = json.loads(server.heard[0].body)
    assert body["notification_reason"] == "resend"
    assert body["groupKey"] == "{}:{}"
    assert body["groupLabels"] == {"team": "db"}
    assert [one["labels"]["alertname"] for one in body["alerts"]] == ["Down", "Up"]
    assert [one["status"] for one in body["alerts"]] == ["firing", "resolved"]
    assert body["alerts"][0]["annotations"] == {"summary": "it <is>"}
    [row] = again.rows()
    assert (row[0], row[1], row[6], row[16]) == (said["id"], BASE, "resend", "thanks, <secret>")
    status, said = await again.post(2)
    assert (status, said["status"], said["status_code"]) == (200, "failed", 400)
    assert said["error"] == "unexpected status code 400: <secret> is wrong"
    assert door.sample("amp_delivery_resends_total", result="delivered") == 1
    assert door.sample("amp_delivery_resends_total", result="failed") == 1
    lines = [line for line in door.stream.getvalue().splitlines() if "Delivery resent" in line]
    assert len(lines) == 2
    assert f"delivery={BASE + 1} resent_as={row[0]} receiver=team" in lines[0]


async def test_what_cannot_be_sent_again(
    door: Doorway, history: KeptHistory, listeners: Listeners
) -> None:
    STORY.write(history)
    server = await listeners.start()
    again = Again(door, server.url())
    said = await again.post(21)
    assert said[0] == 409
    assert said[1]["error"] == ("the configuration that runs has no webhook[0] of receiver 'gone'")
    said = await again.post(11)
    assert said[0] == 409
    assert "all alerts of this delivery are resolved" in said[1]["error"]
    said = await again.post(31)
    assert said[0] == 409
    assert said[1]["error"] == "the alerts of this delivery are kept no longer"
    assert server.heard == []
    assert door.sample("amp_delivery_resends_total", result="refused") == 3


async def test_ten_a_minute(door: Doorway, history: KeptHistory, listeners: Listeners) -> None:
    STORY.write(history)
    again = Again(door, (await listeners.start()).url())
    assert [(await again.post(1))[0] for _ in range(10)] == [200] * 10
    said = await door.ask("POST", f"{PATH}/{BASE + 1}/resend")
    assert (said.status, said.headers["retry-after"]) == (429, "6")
    await door.clock.advance(6)
    assert (await again.post(1))[0] == 200
    assert (await again.post(1))[0] == 429
