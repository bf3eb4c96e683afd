"""`/history` and what hangs below it through the door, on both databases."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from amp._core import flush_alerts_blob, history_id
from amp.api.export import COLUMNS
from amp.cache.cache import TTL_SECONDS, Cache
from amp.cache.local import LocalTier
from amp.errors import StoreUnavailable
from amp.history.health import HistoryHealth
from amp.query.instant import rfc3339
from doorway import doorway
from history_rows import START_NS, story, write
from ledger_rows import KeptHistory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from amp.history.base import Reader
    from doorway import Doorway
    from history_rows import Story, Told


class Kept(KeptHistory):
    """A history as endpoints see it."""

    def __init__(self, place: Path | str, made: Story) -> None:
        super().__init__(place)
        self.health = HistoryHealth()
        self.generation = 1
        self.asked = 0
        self.away = False
        write(made, self, postgres=isinstance(place, str))

    async def read(self, question: Callable[[Reader], Any]) -> Any:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("the database is away")
        return await super().read(question)


@pytest.fixture
def made() -> Story:
    return story(7)


@pytest.fixture(params=["sqlite", "postgres"])
def history(request: pytest.FixtureRequest, tmp_path: Path, made: Story) -> Iterator[Kept]:
    sqlite = request.param == "sqlite"
    place = tmp_path / "history.db" if sqlite else request.getfixturevalue("postgres").database()
    kept = Kept(place, made)
    yield kept
    kept.close()


@pytest.fixture
async def door(history: Kept) -> AsyncIterator[Doorway]:
    async with doorway() as opened:
        opened.running.history = history  # type: ignore[assignment]
        yield opened


def query(path: str, **given: Any) -> str:
    return f"{path}?{urlencode(given, doseq=True)}"


async def test_pages_follow_their_cursors(door: Doorway, made: Story) -> None:
    found: list[Any] = []
    path = query("/history", limit=7)
    while True:
        said = await door.get(path)
        assert said.status == 200, said.body
        assert said.headers["content-type"] == "application/json"
        assert said.body.endswith(b"}\n")
        answer = said.json()
        assert set(answer) == {"alerts", "total", "total_is_estimate", "next_cursor"}
        assert answer["total"] == len(made.episodes)
        found += answer["alerts"]
        if answer["next_cursor"] is None:
            break
        path = query("/api/amp/v1/history", limit=7, cursor=answer["next_cursor"])
    assert len(found) == len(made.episodes)
    assert "classification" not in found[0]
    assert [one["starts_at"] for one in found] == sorted(
        (one["starts_at"] for one in found), reverse=True
    )


async def test_refusals_name_the_parameter(door: Doorway) -> None:
    for path, parameter in (
        ("/history?severty=x", "severty"),
        ("/history?limit=0", "limit"),
        ("/history?cursor=abc", "cursor"),
        ("/history?format=xml", "format"),
        ("/history?format=csv&limit=5", "limit"),
        ("/history?filter=%7B", "filter"),
        ("/history/top?by=team", "by"),
        ("/history/top?search=x", "search"),
        ("/history/flapping?min_score=2", "min_score"),
        ("/report?top_limit=0", "top_limit"),
        ("/report?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("/report?label%5Bteam%5D=db", "label[team]"),
        ("/history/0123456789abcdef?limit=x", "limit"),
    ):
        said = await door.get(path)
        assert said.status == 400, path
        assert said.json()["parameter"] == parameter
        assert parameter in said.json()["error"]


async def test_unknown_paths_stay_unknown(door: Doorway) -> None:
    for path in ("/history/", "/history/a/b", "/reports"):
        assert (await door.get(path)).status in (301, 307, 404)
    said = await door.get("/history/0123456789abcdef")
    assert said.status == 404
    assert said.json()["parameter"] == "fingerprint"
    assert (await door.get("/history/none")).status == 404
    assert (await door.ask("POST", "/history")).status == 405


async def test_a_store_that_is_away_says_so(door: Doorway, history: Kept) -> None:
    history.away = True
    for path in ("/history", "/history?format=csv", "/history/top", "/history/flapping"):
        said = await door.get(path)
        assert said.status == 503, path
        assert "the database is away" in said.json()["error"]
    said = await door.get("/report")
    assert said.status == 200
    report = said.json()
    for part in ("summary", "top", "flapping", "receivers", "silences"):
        assert "away" in report[part]["error"]
    door.running.history = None
    assert (await door.get("/history")).status == 404


async def test_answers_say_what_was_lost(door: Doorway, history: Kept) -> None:
    history.health.dropped = 7
    answer = (await door.get("/history?limit=1")).json()
    assert answer["incomplete"]["dropped"] == 7
    history.health = HistoryHealth(ok=False, detail="disk full")
    answer = (await door.get("/history/top")).json()
    assert answer["incomplete"] == {"dropped": 0, "detail": "disk full"}


async def test_an_answer_is_kept_until_the_next_event(door: Doorway, history: Kept) -> None:
    running = door.running
    tier = LocalTier(running.clock, TTL_SECONDS)
    running.cache = Cache(tier, None, "owner", running.metrics)
    first = await door.get("/history?severity=critical&limit=2")
    again = await door.get("/api/amp/v1/history?limit=2&severity=critical")
    assert (first.body, history.asked) == (again.body, 1)
    await door.ask(
        "GET", "/history?severity=critical&limit=2", headers={"cache-control": "no-cache"}
    )
    assert history.asked == 2
    history.generation = 2
    await door.get("/history?severity=critical&limit=2")
    assert history.asked == 3
    # What is lost is told at once, by answers that are kept, too.
    history.health.dropped = 3
    told = await door.get("/history?severity=critical&limit=2")
    assert (told.json()["incomplete"]["dropped"], history.asked) == (3, 3)
    # A report of which a part failed is made again.
    history.away = True
    await door.get("/report")
    asked = history.asked
    history.away = False
    assert "error" not in (await door.get("/report")).json()["top"]
    assert history.asked == asked + 5


async def test_exports_hold_every_episode(door: Doorway, made: Story) -> None:
    said = await door.get("/history?format=ndjson&sort=duration&order=asc")
    assert said.headers["content-type"] == "application/x-ndjson; charset=utf-8"
    lines = [json.loads(line) for line in said.body.decode().splitlines()]
    assert len(lines) == len(made.episodes)
    assert [one["duration_seconds"] for one in lines] == sorted(
        one["duration_seconds"] for one in lines
    )
    said = await door.ask("GET", "/history", headers={"accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(said.body.decode(), newline="")))
    assert rows[0] == list(COLUMNS)
    assert len(rows) == len(made.episodes) + 1


async def test_cells_are_no_formulas(door: Doorway, history: Kept, made: Story) -> None:
    first = made.episodes[0]
    note = (5, 5, "x", '{"summary": "=1+1"}', "=cmd|' /C calc'!A0", 5, "")
    history.insert("note", [note])
    episode = (first.end or START_NS, 999, START_NS, 1, 5, 0, 0, 0, 0, 0.0, 0, 0, 0)
    history.insert("episode", [episode])
    labels = '{"alertname": "@SUM(A1)"}'
    history.insert("series", [(999, 999, labels, 0, 0, 0, None, 0, 0.0, 1)])
    said = await door.get("/history?format=csv&fingerprint=00000000000003e7")
    row = dict(zip(COLUMNS, list(csv.reader(io.StringIO(said.body.decode())))[1], strict=True))
    assert row["alert_name"] == "'@SUM(A1)"
    assert row["generator_url"] == "'=cmd|' /C calc'!A0"
    assert row["labels"] == labels


def story_of_one(made: Story) -> Told:
    return next(one for one in made.episodes if one.groups and one.end and one.end > one.start)


async def test_a_timeline_has_what_concerned_the_alert(
    door: Doorway, history: Kept, made: Story
) -> None:
    one = story_of_one(made)
    end = one.end or 0
    (key, receiver), *_ = sorted(one.groups)
    group = history_id("group", key, receiver)
    start = one.start // 1000
    cause = '{"by": "silence", "silences": ["s"]}'
    history.insert("text", [(1, cause), (2, "first notification")])
    note_id = history_id("note", *one.note, one.labels.get("alertname", "")) >> 20
    day = 24 * 3600 * 1_000_000
    if history.store.reader().dialect == "postgres":
        low = start // day * day
        history.execute(
            f"CREATE TABLE event_x PARTITION OF event FOR VALUES FROM ({low}) TO ({low + 40 * day})"
        )
    history.insert(
        "event",
        [
            (start, one.start, 1, one.series, None, note_id),
            (start + 1, one.start, 6, one.series, group, None),
            (start + 2, one.start, 4, one.series, None, 1),
            (start + 3, one.start, 5, one.series, None, 1),
            (start + 4, one.start, 7, None, group, 2),
            (start + 5, one.start, 9, None, group, None),
            (start + 6, one.start, 7, None, group, 2),
            (end // 1000 + 7, end, 3, one.series, None, 1),
        ],
    )
    told = flush_alerts_blob([(one.series, one.start, 0, note_id)])
    others = flush_alerts_blob([(one.series + 100, one.start, 0, note_id)])
    history.insert("flush", [(start + 4, group, 1, 0, told), (start + 6, group, 1, 0, others)])
    history.insert(
        "delivery",
        [
            (
                start + 5, start + 4, group, history_id("text", receiver), "webhook", 0,
                "first notification", 1, 0, 1, "serverError", 503, 1500, "503", "t", "r", "a",
            )
        ],
    )  # fmt: skip
    path = f"/history/{one.key[0]}"
    answer = (await door.get(path)).json()
    assert answer["labels"] == one.labels
    kinds = [event["kind"] for event in answer["events"]]
    assert kinds == [
        "resolved", "failed", "flushed", "released", "suppressed", "grouped", "received",
    ]  # fmt: skip
    events = dict(zip(kinds, answer["events"], strict=True))
    assert events["resolved"]["ended_by"] == "sender"
    assert events["suppressed"]["cause"] == {"by": "silence", "silences": ["s"]}
    assert events["grouped"]["group_key"] == key
    assert events["flushed"] | {"seq": 0} == {
        "seq": 0, "at": rfc3339(one.start), "kind": "flushed", "group_key": key,
        "receiver": receiver, "reason": "first notification", "firing": 1, "resolved": 0,
    }  # fmt: skip
    delivery = events["failed"]["delivery"]
    assert (delivery["status"], delivery["status_code"]) == ("failed", 503)
    assert delivery["receiver"] == receiver
    pages, path_of_page = [], query(path, limit=2)
    while True:
        page = (await door.get(path_of_page)).json()
        pages += page["events"]
        if page["next_cursor"] is None:
            break
        path_of_page = query(path, limit=2, cursor=page["next_cursor"])
    assert pages == answer["events"]


async def test_a_report_has_its_parts(door: Doorway, made: Story) -> None:
    window = {"from": rfc3339(START_NS), "to": rfc3339(made.now_ns)}
    said = await door.get(query("/api/amp/v1/report", **window, min_flap_count=1))
    report = said.json()
    assert said.status == 200
    assert report["from"] == rfc3339(START_NS)
    assert report["summary"]["episodes"] == len(made.episodes)
    assert report["summary"]["firing"] == sum(one.end is None for one in made.episodes)
    assert report["top"][0]["fire_count"] == max(
        sum(other.series == one.series for other in made.episodes) for one in made.episodes
    )
    muted = {silence["silence_id"]: silence["episodes"] for silence in report["silences"]}
    for silence, count in muted.items():
        assert count == sum(silence in one.silences for one in made.episodes)
    assert report["receivers"] == []
    named = (await door.get(query("/history/top", **window, by="alert_name"))).json()["top"]
    assert sum(row["fire_count"] for row in named) == len(made.episodes)
