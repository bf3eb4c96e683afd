"""Each format, with bodies as its senders make them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from amp.clock import SECOND_NS
from amp.webhook import alertmanager
from amp.webhook.alert import WebhookAlert
from amp.webhook.detect import Body, TooMany, Unrecognised, read_body
from fakes import START_NS

NOW = "2026-01-01T00:00:00.000000000Z"
ZERO = "0001-01-01T00:00:00Z"
BEFORE = "2025-12-31T22:00:00.123456789+01:00"
AFTER = "2026-01-01T00:04:00Z"


def read(document: object, **given: Any) -> Body:
    return read_body(json.dumps(document).encode(), START_NS, **given)


def only(document: object) -> WebhookAlert:
    body = read(document)
    assert body.rejected == []
    [alert] = body.alerts.values()
    return alert


def v4(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What Alertmanager posts."""
    return {
        "receiver": "team",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "Down"},
        "commonLabels": {"alertname": "Down"},
        "commonAnnotations": {},
        "externalURL": "http://one:9093",
        "version": "4",
        "groupKey": '{}:{alertname="Down"}',
        "truncatedAlerts": 0,
        **more,
    }


def told(status: str = "firing", **given: Any) -> dict[str, Any]:
    """An alert of such a body."""
    return {
        "status": status,
        "labels": {"alertname": "Down", "instance": "a"},
        "annotations": {"summary": "a is down"},
        "startsAt": BEFORE,
        "endsAt": ZERO,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "0d4dd7bd5a6b4f5e",
        **given,
    }


def test_alertmanagers_webhook() -> None:
    body = read(v4(told(), told("resolved", endsAt=BEFORE), truncatedAlerts=7))
    assert (body.form, body.received, body.truncated) == ("alertmanager_v4", 2, 7)
    firing, resolved = body.alerts.values()
    assert firing.postable() == {
        "labels": {"alertname": "Down", "instance": "a"},
        "annotations": {"summary": "a is down"},
        "startsAt": BEFORE,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
    }
    assert resolved.ends_at == BEFORE


@pytest.mark.parametrize(
    ("status", "end", "expected"),
    [
        ("firing", ZERO, None),
        ("firing", None, None),
        ("firing", "", None),
        ("firing", BEFORE, None),
        ("firing", NOW, None),
        ("firing", AFTER, AFTER),
        ("resolved", ZERO, NOW),
        ("resolved", None, NOW),
        ("resolved", AFTER, NOW),
        ("resolved", BEFORE, BEFORE),
    ],
)
def test_ends_of_alerts_with_a_status(status: str, end: str | None, expected: str | None) -> None:
    assert only(v4(told(status, endsAt=end))).ends_at == expected


def test_what_is_resolved_began_before_it_ended() -> None:
    alert = only(v4(told("resolved", startsAt=AFTER)))
    assert (alert.starts_at, alert.ends_at) == (NOW, NOW)


def test_a_webhook_without_alerts() -> None:
    assert read(v4()).received == 0
    assert read(v4() | {"alerts": None, "truncatedAlerts": -1}).truncated == 0
    with pytest.raises(Unrecognised):
        read(v4() | {"alerts": 7})


def test_prometheus_array() -> None:
    body = read(
        [
            {"labels": {"alertname": "A"}, "startsAt": BEFORE, "endsAt": AFTER},
            {"labels": {"alertname": "A"}, "startsAt": BEFORE, "endsAt": BEFORE},
            {"labels": {"alertname": "A"}, "annotations": None, "generatorURL": ""},
            {"status": "resolved", "labels": {"alertname": "A"}},
        ]
    )
    assert body.form == "prometheus_v1"
    assert [alert.ends_at for alert in body.alerts.values()] == [AFTER, BEFORE, None, NOW]
    assert read([]).received == 0


def gettable(**given: Any) -> dict[str, Any]:
    """An alert as the v2 API shows it."""
    return {
        "annotations": {},
        "endsAt": AFTER,
        "fingerprint": "0d4dd7bd5a6b4f5e",
        "receivers": [{"name": "team"}],
        "startsAt": BEFORE,
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": "suppressed"},
        "updatedAt": BEFORE,
        "labels": {"alertname": "A"},
        **given,
    }


def test_answers_of_the_v2_api() -> None:
    group = {"alerts": [gettable(), gettable()], "labels": {}, "receiver": {"name": "team"}}
    body = read([group, group])
    assert (body.form, body.received) == ("alertmanager_v2_groups", 4)
    assert read(group).form == "alertmanager_v2_groups"
    assert body.alerts[0].ends_at == AFTER
    shown = read([gettable(), gettable(endsAt=BEFORE)])
    assert shown.form == "alertmanager_v2_alerts"
    assert [alert.ends_at for alert in shown.alerts.values()] == [AFTER, None]
    assert read(gettable()).form == "alertmanager_v2_alerts"
    assert only(gettable(status=None)).ends_at == AFTER


def grafana(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What Grafana posts."""
    return v4(*alerts, version="1", orgId=1, title="[FIRING:1] A", state="alerting", **more)


def test_grafanas_webhook() -> None:
    alert = told(
        values={"B": 44.23943737541908, "C": 1},
        dashboardURL="https://grafana/d/1",
        panelURL="",
        silenceURL="https://grafana/alerting/silence/new",
        annotations={"summary": "a", "silenceURL": "mine"},
    )
    body = read(grafana(alert, truncatedAlerts=2))
    assert (body.form, body.truncated) == ("grafana", 2)
    assert body.alerts[0].annotations == {
        "summary": "a",
        "dashboardURL": "https://grafana/d/1",
        "silenceURL": "mine",
        "values": "B=44.23943737541908, C=1",
    }
    assert body.alerts[0].ends_at is None
    older = only(grafana(told(values=None, valueString="[ value=3 ]")))
    assert older.annotations["values"] == "[ value=3 ]"
    assert read({"version": "4", **grafana(told())}).form == "grafana"


def test_grafanas_version_4_is_grafanas() -> None:
    assert read(grafana(told()) | {"version": "4"}).form == "grafana"


def test_any_object_with_a_name() -> None:
    alert = only(
        {
            "title": "Disk full",
            "priority": "critical",
            "host": "db1",
            "env": "prod",
            "message": "97 %",
            "url": "https://wiki/disk",
            "value": 97.0,
            "nested": {"left": "out"},
            "state": "OK",
            "start_time": 1_767_225_000,
        }
    )
    assert alert == WebhookAlert(
        labels={
            "alertname": "Disk full",
            "severity": "critical",
            "instance": "db1",
            "environment": "prod",
        },
        annotations={"description": "97 %", "value": "97"},
        starts_at="2025-12-31T23:50:00.000000000Z",
        ends_at=NOW,
        generator_url="https://wiki/disk",
    )


def test_objects_in_lists_and_under_alerts() -> None:
    one = {"name": "A", "status": "firing"}
    assert read([one, one]).form == "generic"
    assert read({"alerts": [one]}).received == 1
    labelled = {"labels": {"alertname": "A", "x": None, "y": ""}, "name": "b", "link": "no url"}
    alert = only({"alerts": [labelled]})
    assert alert.labels == {"alertname": "A"}
    assert (alert.generator_url, alert.annotations["link"]) == ("", "no url")


def test_milliseconds_are_told_from_seconds() -> None:
    alert = only({"name": "A", "startsAt": 1_767_225_000_500})
    assert alert.starts_at == "2025-12-31T23:50:00.500000000Z"


def test_a_bad_alert_spoils_no_other() -> None:
    body = read(
        v4(
            told(),
            7,  # type: ignore[arg-type]
            told(labels=None),
            told(labels={}),
            told(labels={"alertname": ["x"]}),
            told(labels={"": "x"}),
            told(startsAt="yesterday"),
            told(annotations="x"),
            told(generatorURL=1),
            told(),
        )
    )
    assert list(body.alerts) == [0, 9]
    assert [(one.index, one.error) for one in body.rejected] == [
        (1, "it is a number, not an object"),
        (2, "labels is missing"),
        (3, "at least one label is needed"),
        (4, "labels: the value of 'alertname' is an array, not a string"),
        (5, "labels: a name is empty"),
        (6, "startsAt: 'yesterday' is no time of RFC 3339"),
        (7, "annotations is a string, not an object"),
        (8, "generatorURL is a number, not a string"),
    ]
    assert body.rejected[5].alert_name == "Down"


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+99:00",
        "2026-01-01",
        True,
        {},
        -1,
        1e300,
        10**400,
    ],
)
def test_no_instants(text: object) -> None:
    assert read(v4(told(startsAt=text))).rejected[0].error.startswith("startsAt: ")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        (b"<a/>", "the body is no JSON: "),
        (b"[NaN]", "the body is no JSON: NaN is no number of JSON"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b"7", "nothing that is known as alerts: looked for an Alertmanager webhook"),
        (b"{}", "nothing that is known as alerts: "),
        (b'{"alerts":[]}', "nothing that is known as alerts: "),
        (b'["a"]', "nothing that is known as alerts: "),
        (b'{"version":"3","data":[]}', "nothing that is known as alerts: "),
    ],
)
def test_nothing_known(body: bytes, error: str) -> None:
    with pytest.raises(Unrecognised) as caught:
        read_body(body, START_NS)
    assert str(caught.value).startswith(error)


def test_only_some_forms() -> None:
    with pytest.raises(Unrecognised, match="looked for an Alertmanager webhook"):
        read([told()], forms=(alertmanager.FORM,))


def test_too_many() -> None:
    assert read(v4(told(), told()), max_alerts=2).received == 2
    with pytest.raises(TooMany, match=r"too many alerts in one request: 3 \(limit: 2\)"):
        read(v4(told(), told(), told()), max_alerts=2)


def test_texts_that_are_no_unicode() -> None:
    body = read_body(
        b'[{"labels":{"a":"\xff","b":"\\ud800x","\\udc00":"\\ud83d\\ude00"}}]', START_NS
    )
    assert body.alerts[0].labels == {"a": "\ufffd", "b": "\ufffdx", "\ufffd": "\U0001f600"}
    assert json.loads(body.postable())[0]["labels"] == body.alerts[0].labels


def test_nanoseconds_stay() -> None:
    now_ns = START_NS + 5 * SECOND_NS + 7
    body = read_body(json.dumps([{"labels": {"a": "b"}, "status": "ok"}]).encode(), now_ns)
    assert body.alerts[0].ends_at == "2026-01-01T00:00:05.000000007Z"
