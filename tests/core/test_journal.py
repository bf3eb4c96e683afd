"""What the engine tells its journal, and the rows that it comes to, as Python sees both."""

from __future__ import annotations

import json

import pytest

from amp._core import (
    Engine,
    Fold,
    HistoryRows,
    Journal,
    Matcher,
    Templates,
    flush_alerts,
    flush_alerts_blob,
    history_id,
    history_note_hash,
    history_words,
    stored_batch,
)

SECOND_NS = 1_000_000_000
NOW_NS = 1_800_000_000 * SECOND_NS
PLAN = b'{"route": {"receiver": "team", "group_by": ["alertname"], "group_wait_ns": 0}}'
BODY = json.dumps(
    [
        {"labels": {"alertname": "DiskFull", "instance": "db1"}, "annotations": {"summary": "93%"}},
        {"labels": {"alertname": "DiskFull", "instance": "db2"}},
    ]
).encode()


def made(max_bytes: int = 1 << 20) -> tuple[Engine, Journal]:
    engine, journal = Engine(), Journal(max_bytes, 1 << 20)
    engine.journal_to(journal)
    engine.configure(PLAN, Templates(), NOW_NS)
    return engine, journal


def rows_of(journal: Journal, fold: Fold) -> HistoryRows:
    drained = journal.take(1000, 0)
    fold.unknown(drained)
    return fold.rows(drained)


def lines(journal: Journal, **filters: list[str]) -> list[dict[str, object]]:
    frames, _, _ = journal.read(0, 1000, filters.get("kinds"), [])
    return [json.loads(line) for _, line in frames]


def test_the_life_of_an_alert_becomes_rows() -> None:
    engine, journal = made()
    fold = Fold(1, 1)
    ((group, _, _),) = engine.ingest(BODY, NOW_NS, 300 * SECOND_NS).timers
    rows = rows_of(journal, fold)
    assert [row[2] for row in rows.events] == [1, 6, 1, 6]
    assert {row[2] for row in rows.series_new} == {
        '{"alertname":"DiskFull","instance":"db1"}',
        '{"alertname":"DiskFull","instance":"db2"}',
    }
    assert rows.episodes_new[0][10] == history_id("label", "alertname", "DiskFull")
    assert rows.notes[0][1] == history_note_hash("DiskFull", '{"summary":"93%"}', "")
    assert rows.notes[0][6] == "diskfull disk full 93"
    assert len(rows) > 10

    (batch,) = engine.flush([group], NOW_NS + 1)
    assert batch is not None
    flush_id = journal.flushed(batch, "first notification", NOW_NS + 2)
    delivery_id = journal.delivered(
        batch,
        flush_id=flush_id,
        receiver="team",
        integration="webhook",
        position=0,
        reason="first notification",
        attempt=1,
        delivered=True,
        retryable=False,
        failure="",
        status_code=200,
        latency_seconds=0.25,
        error="",
        target="http://a",
        request="{}",
        answer="ok",
        now_ns=NOW_NS + 3,
    )
    rows = rows_of(journal, fold)
    ((id, group_id, firing, resolved, alerts),) = rows.flushes
    assert (id, firing, resolved) == (flush_id, 2, 0)
    assert [row[3] for row in flush_alerts(alerts)] == [1, 2]
    ((*delivery,),) = rows.deliveries
    assert delivery[:4] == [delivery_id, flush_id, group_id, history_id("text", "team")]
    assert delivery[11:13] == [200, 250_000]
    assert [row[5] for row in rows.episodes_changed] == [1, 1]

    assert engine.expire(NOW_NS + 300 * SECOND_NS) == 2
    rows = rows_of(journal, fold)
    assert [row[5] for row in rows.events] == [2, 2]
    assert {row[0] for row in rows.episodes_changed} == {NOW_NS + 300 * SECOND_NS}


def test_streams_read_what_they_ask_for() -> None:
    engine, journal = made()
    engine.ingest(BODY, NOW_NS, 300 * SECOND_NS)
    journal.silence("silence_created", "one", '{"id":"one"}', NOW_NS)
    journal.reloaded('{"success":true}', NOW_NS)
    everything = lines(journal)
    assert [line["kind"] for line in everything] == [
        "received", "grouped", "received", "grouped", "silence_created", "config_reloaded",
    ]  # fmt: skip
    assert everything[0]["labels"] == {"alertname": "DiskFull", "instance": "db1"}
    assert everything[1]["group_key"] == '{}:{alertname="DiskFull"}'
    assert everything[4]["silence"] == {"id": "one"}
    assert len(lines(journal, kinds=["received"])) == 2
    only_db2 = [Matcher("instance", "=", "db2")]
    frames, cursor, gap = journal.read(0, 1000, None, only_db2)
    assert len(frames) == 2
    assert not gap
    assert cursor == journal.last_seq() == everything[-1]["seq"]
    with pytest.raises(ValueError, match="unknown kind"):
        journal.read(0, 1, ["nothing"], [])


def test_a_full_journal_counts_what_its_writer_missed() -> None:
    engine, journal = made(max_bytes=1000)
    engine.ingest(BODY, NOW_NS, 300 * SECOND_NS)
    missed = journal.missed()
    assert missed > 0
    assert journal.pending() + missed == 4
    fold = Fold(1, 1)
    rows_of(journal, fold)
    engine.announce(NOW_NS)
    rows = rows_of(journal, fold)
    assert len(rows.events) == 0
    assert journal.missed() == 0 or len(rows.episodes_new) >= 1


def test_what_the_store_does_not_fire_any_more_ends() -> None:
    engine, journal = made()
    engine.ingest(BODY, NOW_NS, 300 * SECOND_NS)
    fold = Fold(1, 1)
    rows = rows_of(journal, fold)
    open_rows = [(row[1], row[6]) for row in rows.series_new if row[6] is not None]
    assert sorted(open_rows) == sorted(engine.firing())
    lost = fold.lost(open_rows, open_rows[:1], NOW_NS + 7)
    assert [(row[0], row[1]) for row in lost.episodes_changed] == [(NOW_NS + 7, 3)]


def test_stored_alerts_are_a_batch_again() -> None:
    batch = stored_batch(
        "team",
        "{}:{}",
        '{"alertname": "A"}',
        [
            ('{"alertname": "A", "b": "c\\"d"}', '{"summary":"x"}', "http://p/<g>", NOW_NS, 0),
            ('{"alertname": "A"}', "{}", "", NOW_NS, NOW_NS + SECOND_NS),
        ],
    )
    body = json.loads(batch.webhook_json("resend", "http://amp", 0))
    assert body["groupLabels"] == {"alertname": "A"}
    assert body["alerts"][0]["labels"] == {"alertname": "A", "b": 'c"d'}
    assert body["alerts"][0]["generatorURL"] == "http://p/<g>"
    assert [alert["status"] for alert in body["alerts"]] == ["firing", "resolved"]
    assert [firing for _, firing in batch.alert_rows()] == [True, False]


def test_flushes_are_written_compactly() -> None:
    alerts = [(number, NOW_NS, 0, 3) for number in range(1, 500)]
    blob = flush_alerts_blob(alerts)
    assert flush_alerts(blob) == alerts
    assert len(blob) < 5 * len(alerts)
    with pytest.raises(ValueError, match="cut off"):
        flush_alerts(blob[:-1])


def test_inhibition_is_told_in_both_directions() -> None:
    engine = Engine()
    plan = json.loads(PLAN)
    plan["inhibit_rules"] = [
        {"source_matchers": [["severity", "=", "critical"]],
         "target_matchers": [["severity", "=", "warning"]], "equal": ["instance"]},
    ]  # fmt: skip
    engine.configure(json.dumps(plan).encode(), Templates(), NOW_NS)
    alerts = [
        {"labels": {"alertname": name, "severity": name, "instance": "a"}}
        for name in ("critical", "warning")
    ]
    engine.ingest(json.dumps(alerts).encode(), NOW_NS, 300 * SECOND_NS)
    ((target, by),) = engine.inhibition(NOW_NS)
    ((rule, source, labels),) = engine.inhibited_by(
        {"severity": "warning", "instance": "a"}, NOW_NS
    )
    assert by == [(rule, source)]
    assert target != source
    assert labels["alertname"] == "critical"
    assert engine.inhibition_sources(NOW_NS) == [1]
    assert engine.inhibition_sources(NOW_NS + 400 * SECOND_NS) == [0]
    assert [(key, members) for _, key, _, members in engine.groups_of([target])] == [
        ('{}:{alertname="warning"}', [target])
    ]


def test_refusals_name_their_place() -> None:
    engine = Engine()
    engine.configure(PLAN, Templates(), NOW_NS)
    body = b'[{"labels": {"a": "b"}}, null, {"labels": {}}]'
    report = engine.ingest(body, NOW_NS, SECOND_NS)
    assert report.refused == [(1, "alert is null"), (2, "at least one label pair required")]


def test_words_are_those_that_people_search() -> None:
    assert history_words("KubePodCrashLooping in ns-1") == [
        "kubepodcrashlooping", "kube", "pod", "crash", "looping", "in", "ns", "1",
    ]  # fmt: skip
