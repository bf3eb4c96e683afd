"""The stages over a real engine: what is dropped, counted, deduplicated, recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from amp._core import Engine, Matcher, NotificationLog, Templates, TimeInterval
from amp.clock import SECOND_NS
from amp.config.load import load_config
from amp.errors import AmpError
from amp.metrics import Metrics
from amp.model import Flush
from amp.mute.alerts import MuteStage
from amp.mute.intervals import ActiveIntervalStage, Intervals, MuteIntervalStage
from amp.notify.deduplicate import DeduplicateStage
from amp.notify.fanout import FanOutFailed, FanOutStage
from amp.notify.integration import Delivery, Integration
from amp.notify.record import RecordStage
from fakes import START_NS, FakeClock

if TYPE_CHECKING:
    from amp._core import Batch

CONFIG = """
route:
  receiver: team
  group_wait: 0s
  routes:
    - {receiver: team, matchers: [kind = muted], mute_time_intervals: [always, never]}
    - {receiver: team, matchers: [kind = inactive], active_time_intervals: [never]}
inhibit_rules: [{source_matchers: [severity = critical], target_matchers: [severity = warning]}]
receivers: [{name: team}]
time_intervals:
  - {name: always, time_intervals: [{}]}
  - {name: never, time_intervals: [{years: ['1999']}]}
"""


class Last:
    """Takes what comes through."""

    def __init__(self) -> None:
        self.flushes: list[Flush] = []
        self.deliveries: list[Delivery] = []

    async def run(self, flush: Flush) -> None:
        self.flushes.append(flush)

    async def deliver(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)


class Scene:
    def __init__(self) -> None:
        self.engine = Engine()
        config = load_config(CONFIG)
        self.engine.configure(config.plan(), Templates(), START_NS)
        self.intervals = Intervals(
            {name: list(entries) for name, entries in config.time_intervals.items()}
        )
        self.last = Last()
        self.counts: dict[str, int] = {}
        self.clock = FakeClock()
        self.log = NotificationLog()
        self.groups: dict[int, int] = {}

    def suppressed(self, reason: str, count: int, left: int = 0) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + count

    def post(self, *alerts: dict[str, Any]) -> None:
        body = json.dumps(
            [{"labels": one} if "labels" not in one else one for one in alerts]
        ).encode()
        report = self.engine.ingest(body, self.clock.now_ns(), 300 * SECOND_NS)
        assert report.status == 200
        for group_id, route_index, _ in report.timers:
            self.groups[group_id] = route_index

    def flush(self, kind: str | None = None) -> Flush:
        """The flush of the group of this kind (None: the root's)."""
        routes = self.engine.routes()
        key = "{}" if kind is None else f'{{}}/{{kind="{kind}"}}'
        group_id = next(
            group for group, route in self.groups.items() if routes[route].route_key == key
        )
        now_ns = self.clock.now_ns()
        batch: Batch | None = self.engine.flush([group_id], now_ns)[0]
        assert batch is not None
        route = routes[batch.route_index]
        return Flush(route, batch, now_ns, now_ns + 10 * SECOND_NS)


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_inhibited_alerts_are_dropped_and_counted(scene: Scene) -> None:
    scene.post({"severity": "critical"}, {"severity": "warning"})
    stage = MuteStage("inhibition", scene.engine.drop_inhibited, scene.suppressed, scene.last)
    await stage.run(scene.flush())
    assert scene.last.flushes[0].batch.count == 1
    assert scene.counts == {"inhibition": 1}


async def test_a_flush_without_alerts_goes_no_further(scene: Scene) -> None:
    scene.post({"a": "b"})
    scene.engine.set_silence("id", [[Matcher("a", "=", "b")]], START_NS, START_NS + 60 * SECOND_NS)
    stage = MuteStage("silence", scene.engine.drop_silenced, scene.suppressed, scene.last)
    await stage.run(scene.flush())
    assert scene.last.flushes == []
    assert scene.counts == {"silence": 1}


async def test_a_mute_interval_holds_the_group_and_names_itself(scene: Scene) -> None:
    scene.post({"kind": "muted"})
    stage = MuteIntervalStage(scene.engine, scene.intervals, scene.suppressed, scene.last)
    await stage.run(scene.flush("muted"))
    assert scene.last.flushes == []
    assert scene.counts == {"mute_time_interval": 1}
    shown = json.loads(
        scene.engine.query_groups(
            START_NS, active=True, silenced=True, inhibited=True, muted=True,
            filters=[], receivers=None,
        )
    )  # fmt: skip
    assert shown[0]["alerts"][0]["status"]["mutedBy"] == ["always"]


async def test_an_inactive_group_is_held(scene: Scene) -> None:
    scene.post({"kind": "inactive"}, {"a": "b"})
    stage = ActiveIntervalStage(scene.engine, scene.intervals, scene.suppressed, scene.last)
    await stage.run(scene.flush("inactive"))
    assert scene.counts == {"active_time_interval": 1}
    await stage.run(scene.flush())
    assert len(scene.last.flushes) == 1


def test_a_name_repeats_per_matching_entry() -> None:
    intervals = Intervals({"twice": [TimeInterval({}), TimeInterval({})]})
    assert intervals.matching(["twice"], START_NS) == ["twice", "twice"]


async def test_one_failing_integration_stops_no_other(scene: Scene) -> None:
    class Fails:
        async def run(self, flush: Flush) -> None:
            raise AmpError("team/webhook[0]: no")

    scene.post({"a": "b"})
    with pytest.raises(FanOutFailed, match=r"team/webhook\[0\]: no"):
        await FanOutStage({"team": [Fails(), scene.last]}).run(scene.flush())
    assert len(scene.last.flushes) == 1
    await FanOutStage({}).run(scene.flush())


async def test_what_was_recorded_is_not_told_again_before_the_repeat(scene: Scene) -> None:
    async def send(notification: object) -> None:
        raise AssertionError

    integration = Integration("team", "webhook", 0, True, send)
    woken: list[int] = []
    record = RecordStage(
        integration,
        scene.log,
        clock=scene.clock,
        retention_ns=120 * 3600 * SECOND_NS,
        recorded=lambda: woken.append(1),
    )

    class Between:
        reasons: list[str] = []  # noqa: RUF012  # of this test alone

        async def deliver(self, delivery: Delivery) -> None:
            self.reasons.append(delivery.reason)
            await record.deliver(delivery)

    metrics = Metrics(CollectorRegistry())
    between = Between()
    stage = DeduplicateStage(integration, scene.log, scene.clock, metrics, between)
    scene.post({"a": "b"})
    await stage.run(scene.flush())
    await stage.run(scene.flush())
    scene.post({"a": "c"})
    await stage.run(scene.flush())
    await scene.clock.advance(4 * 3600 + 1)
    scene.post({"a": "b"}, {"a": "c"})
    await stage.run(scene.flush())
    assert between.reasons == [
        "first notification",
        "new alerts added",
        "repeat interval elapsed",
    ]
    assert len(woken) == 3
