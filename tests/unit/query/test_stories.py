"""Random stories of alerts through engine, journal and writer: the answers equal a plain model."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amp._core import Matcher, Templates, fingerprint
from amp.api.times import milliseconds
from amp.clock import SECOND_NS
from amp.history.postgres import PostgresHistory
from amp.history.sqlite import SqliteHistory
from amp.query.episodes import page
from amp.query.filters import EPISODE_FILTERS, PAGING, Parameters, question
from history_play import Play

if TYPE_CHECKING:
    from collections.abc import Callable

    from amp._core import Batch
    from amp.history.base import HistoryStore
    from servers import Postgres

BOSS = "Boss"
NAMES = (BOSS, "Ann", "Bob")
LIVES_NS = 300 * SECOND_NS
PLAN = {
    "mode": "fallback",
    "route": {"receiver": "team", "group_by": ["alertname"]},
    "inhibit_rules": [
        {"source_matchers": [["alertname", "=", BOSS]],
         "target_matchers": [["alertname", "!=", BOSS]], "equal": []},
    ],
}  # fmt: skip


@dataclass
class Episode:
    """What the model knows of one firing."""

    name: str
    start_ns: int
    annotations: dict[str, str]
    end_ns: int | None = None
    ended_by: str | None = None
    silenced: bool = False
    inhibited: bool = False
    delivered: bool = False
    failed: bool = False


@dataclass
class Model:
    """The same story without an engine, a store or SQL."""

    episodes: list[Episode] = field(default_factory=list)
    ends_ns: dict[str, int] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    silenced: set[str] = field(default_factory=set)

    def last(self, name: str) -> Episode | None:
        """The newest firing of an alert."""
        return next((one for one in reversed(self.episodes) if one.name == name), None)

    def open(self, name: str) -> Episode | None:
        """The firing that goes on."""
        last = self.last(name)
        return last if last is not None and last.end_ns is None else None

    def fires(self, name: str, now_ns: int) -> bool:
        """Whether an alert fires."""
        return self.open(name) is not None and self.ends_ns[name] > now_ns

    def expire(self, now_ns: int) -> None:
        """Ends pass."""
        for name in NAMES:
            episode = self.open(name)
            if episode is not None and self.ends_ns[name] <= now_ns:
                episode.end_ns, episode.ended_by = self.ends_ns[name], "timeout"

    def fire(self, name: str, text: str, now_ns: int) -> None:
        """An alert is posted."""
        episode = self.open(name)
        if episode is None:
            episode = Episode(name, now_ns, {})
            self.episodes.append(episode)
        episode.annotations = {"summary": text}
        self.ends_ns[name] = now_ns + LIVES_NS
        self.grouped.add(name)

    def resolve(self, name: str, now_ns: int) -> None:
        """Its end is posted."""
        episode = self.open(name)
        if episode is not None:
            episode.end_ns, episode.ended_by = now_ns, "sender"
            self.ends_ns[name] = now_ns

    def flush(self, outcome: str, now_ns: int) -> None:
        """All groups are due."""
        boss = self.fires(BOSS, now_ns)
        for name in sorted(self.grouped):
            episode = self.last(name)
            assert episode is not None
            fires = self.fires(name, now_ns)
            if boss and name != BOSS:
                episode.inhibited |= fires
            elif name in self.silenced:
                episode.silenced |= fires
            elif outcome == "delivered":
                episode.delivered = True
            else:
                episode.failed = True
                continue
            if not fires:
                self.grouped.discard(name)


class Story:
    """One story, told to AMP and to the model at once."""

    def __init__(self, store: HistoryStore) -> None:
        self.play = Play(store)
        self.model = Model()
        plan = json.dumps(PLAN).encode()
        self.play.engine.configure(plan, Templates(), self.now_ns)

    @property
    def now_ns(self) -> int:
        return self.play.clock.now_ns()

    def wait(self, seconds: int) -> None:
        asyncio.run(self.play.later(seconds))
        self.play.engine.expire(self.now_ns)
        self.model.expire(self.now_ns)

    def fire(self, name: str, text: str) -> None:
        self._post(name, text, {"startsAt": milliseconds(self.now_ns)})
        self.model.fire(name, text, self.now_ns)

    def resolve(self, name: str) -> None:
        last = self.model.last(name)
        if last is None:
            return
        times = {"startsAt": milliseconds(last.start_ns), "endsAt": milliseconds(self.now_ns)}
        if self.model.open(name) is not None:
            self._post(name, last.annotations["summary"], times)
        self.model.resolve(name, self.now_ns)

    def _post(self, name: str, text: str, times: dict[str, str]) -> None:
        alert = {"labels": {"alertname": name}, "annotations": {"summary": text}, **times}
        engine = self.play.engine
        assert engine.ingest(json.dumps([alert]).encode(), self.now_ns, LIVES_NS).status == 200

    def silence(self, name: str) -> None:
        matchers = [[Matcher("alertname", "=", name)]]
        self.play.engine.set_silence(f"silence-{name}", matchers, 0, 1 << 62)
        self.model.silenced.add(name)

    def unsilence(self, name: str) -> None:
        self.play.engine.remove_silence(f"silence-{name}")
        self.model.silenced.discard(name)

    def flush(self, outcome: str) -> None:
        engine = self.play.engine
        alerts = [fingerprint({"alertname": name}) for name in NAMES]
        ids = [group for group, *_ in engine.groups_of(alerts)]
        for batch in engine.flush(ids, self.now_ns):
            if batch is not None and self._deliver(batch, outcome):
                engine.complete(batch, self.now_ns)
        self.model.flush(outcome, self.now_ns)

    def _deliver(self, batch: Batch, outcome: str) -> bool:
        engine, journal = self.play.engine, self.play.journal
        left = engine.drop_silenced(engine.drop_inhibited(batch, self.now_ns), self.now_ns)
        if not left.count:
            return True
        delivered = outcome == "delivered"
        journal.delivered(
            left,
            flush_id=journal.flushed(left, "first notification", self.now_ns),
            receiver="team", integration="webhook", position=0, reason="first notification",
            attempt=1, delivered=delivered, retryable=not delivered, failure="", status_code=200,
            latency_seconds=0.1, error="", target="", request="", answer="", now_ns=self.now_ns,
        )  # fmt: skip
        return delivered

    def write(self) -> None:
        self.play.write()

    def answer(self, *given: tuple[str, str]) -> list[dict[str, Any]]:
        """What the API shows of episodes, the oldest first."""
        parameters = Parameters([*given, ("order", "asc")], EPISODE_FILTERS | PAGING)
        reader = self.play.store.reader()
        try:
            reader.begin()
            found = page(reader, question(parameters, "fallback"), self.now_ns, 1000, None)
        finally:
            reader.end()
            reader.close()
        assert found.total == len(found.alerts)
        return found.alerts


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 299, 400])),
    st.tuples(st.just("fire"), st.sampled_from(NAMES), st.sampled_from(["bad", "worse"])),
    st.tuples(st.just("resolve"), st.sampled_from(NAMES)),
    st.tuples(st.just("silence"), st.sampled_from(NAMES)),
    st.tuples(st.just("unsilence"), st.sampled_from(NAMES)),
    st.tuples(st.just("flush"), st.sampled_from(["delivered", "failed"])),
    st.tuples(st.just("write")),
)

FILTERS: dict[tuple[str, str], Callable[[Episode], bool]] = {
    ("status", "firing"): lambda one: one.end_ns is None,
    ("is_resolved", "true"): lambda one: one.end_ns is not None,
    ("silenced", "true"): lambda one: one.silenced,
    ("inhibited", "false"): lambda one: not one.inhibited,
    ("delivery_status", "failed"): lambda one: one.failed,
    ("delivery_status", "pending"): lambda one: not (one.failed or one.delivered),
    ("alert_name", "Ann"): lambda one: one.name == "Ann",
    ("search", "wor"): lambda one: one.annotations["summary"] == "worse",
    ("receiver", "team"): lambda one: True,
    ("silence_id", "silence-Bob"): lambda one: one.silenced and one.name == "Bob",
}


def shown(one: Episode) -> dict[str, Any]:
    """An episode as the API shows it."""
    return {
        "alert_name": one.name,
        "starts_at": milliseconds(one.start_ns),
        "ends_at": None if one.end_ns is None else milliseconds(one.end_ns),
        "ended_by": one.ended_by,
        "silenced": one.silenced,
        "inhibited": one.inhibited,
        "delivery": {"delivered": one.delivered, "failed": one.failed},
        "annotations": one.annotations,
        "receivers": ["team"],
    }


def check(store: HistoryStore, steps: list[tuple[Any, ...]]) -> None:
    """Tells a story and compares."""
    told = Story(store)
    for name, *values in steps:
        getattr(told, name)(*values)
        told.wait(1)
    told.write()
    wanted = sorted(told.model.episodes, key=lambda one: one.start_ns)
    found = told.answer()
    assert [{key: one[key] for key in shown(wanted[0])} for one in found] == [
        shown(one) for one in wanted
    ]
    for filter, holds in FILTERS.items():
        expected = [milliseconds(one.start_ns) for one in wanted if holds(one)]
        assert [one["starts_at"] for one in told.answer(filter)] == expected, filter


def with_a_firing(steps: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """A story in which something happens."""
    return [("fire", "Ann", "bad"), *steps]


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(STEPS, max_size=30).map(with_a_firing))
def test_sqlite_tells_what_happened(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteHistory(Path(folder) / "history.db")
        try:
            check(store, steps)
        finally:
            store.close()


def test_postgres_tells_what_happened(postgres: Postgres) -> None:
    @settings(max_examples=15, deadline=None, database=None)
    @given(st.lists(STEPS, min_size=5, max_size=30).map(with_a_firing))
    def run(steps: list[tuple[Any, ...]]) -> None:
        store = PostgresHistory(postgres.database())
        try:
            check(store, steps)
        finally:
            store.close()

    run()


@pytest.mark.parametrize("outcome", ["delivered", "failed"])
def test_a_flush_of_what_ended_meanwhile(outcome: str, tmp_path: Path) -> None:
    store = SqliteHistory(tmp_path / "history.db")
    steps = [("wait", 400), ("flush", outcome), ("fire", "Ann", "bad"), ("flush", outcome)]
    check(store, with_a_firing(steps))
    store.close()
