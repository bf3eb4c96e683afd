"""What the engine tells a queue of events; without a queue it tells nobody."""

from __future__ import annotations

import json

import pytest

from amp._core import Engine, EventQueue, Templates

PLAN = b'{"route": {"receiver": "r", "group_by": ["a"], "group_wait_ns": 0}}'
BODY = b'[{"labels": {"a": "1"}}, {"labels": {"a": "2"}}]'
MINUTE_NS = 60_000_000_000


def told(queue: EventQueue) -> list[tuple[str, int]]:
    return [(kind, at_ns) for kind, at_ns, _ in queue.take(100, 0)]


def made(max_bytes: int = 1 << 20) -> tuple[Engine, EventQueue]:
    engine, queue = Engine(), EventQueue("here", bytes(range(16)), max_bytes)
    engine.record_to(queue)
    engine.configure(PLAN, Templates(), 1)
    return engine, queue


def test_every_post_tells_of_new_alerts_and_of_all_groups() -> None:
    engine, queue = made()
    engine.ingest(BODY, 5, MINUTE_NS)
    assert told(queue) == [("alert_created", 5), ("alert_grouped", 5)] * 2
    engine.ingest(BODY, 6, MINUTE_NS)
    assert told(queue) == [("alert_grouped", 6)] * 2
    engine.configure(PLAN, Templates(), 7)
    assert told(queue) == [("alert_grouped", 7)] * 2


def test_an_alert_that_was_forgotten_is_new_again() -> None:
    engine, queue = made()
    engine.ingest(BODY, 5, 10)
    assert engine.collect_garbage(100) == 2
    told(queue)
    engine.ingest(BODY, 101, 10)
    assert [kind for kind, _ in told(queue)].count("alert_created") == 2


def test_alerts_that_are_refused_are_no_events() -> None:
    engine, queue = made()
    assert engine.ingest(b'[{"labels": {}}]', 5, 10).status == 400
    assert len(queue) == 0


def test_flushes_of_a_group_are_counted_and_named() -> None:
    engine, queue = made()
    (group, _, _), *_ = engine.ingest(BODY, 5, MINUTE_NS).timers
    told(queue)
    names = set()
    for number in range(1, 4):
        (batch,) = engine.flush([group], 10 + number)
        assert batch is not None
        queue.record_notification(
            batch,
            batch,
            reason="first notification",
            repeat_interval_ns=1_500_000_000,
            integration="webhook",
            index=2,
            now_ns=number,
        )
        ((kind, at_ns, line),) = queue.take(9, 0)
        event = json.loads(line)["data"]["notification"]
        assert (kind, at_ns, event["flushId"]) == ("notification", number, str(number))
        assert event["integration"] == {"name": "webhook", "index": "2"}
        assert event["repeatInterval"] == "1.500s"
        names.add(event["groupInfo"]["groupUuid"])
    assert len(names) == 1


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    engine, queue = made(max_bytes=500)
    engine.ingest(BODY, 5, MINUTE_NS)
    assert dict(queue.take_drops()) == {"alert_created": 1, "alert_grouped": 2}
    assert queue.take_drops() == []
    assert told(queue) == [("alert_created", 5)]


def test_kinds_are_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        made()[1].record("alert_crated", "{}", 1)


def test_a_wait_ends_when_it_is_woken() -> None:
    queue = made()[1]
    queue.wake()
    assert queue.take(1, 3600) == []
