"""The engine through its Python face: one alert's way from the POST to the webhook's body."""

import json

from amp._core import Engine, Matcher, TemplateData, Templates

SECOND = 10**9
NOW = 1_800_000_000 * SECOND
EVERYTHING = {"active": True, "silenced": True, "inhibited": True, "receivers": None}


def engine(*, labels: dict[str, str] | None = None) -> Engine:
    route = {
        "receiver": "a.b",
        "group_by": ["team"],
        "group_wait_ns": 30 * SECOND,
        "labels": labels or {},
    }
    inhibit = {
        "source_matchers": [["alertname", "=", "Source"]],
        "target_matchers": [["alertname", "=", "Target"]],
        "equal": ["team"],
    }
    made = Engine()
    plan = {"mode": "fallback", "route": route, "inhibit_rules": [inhibit]}
    assert made.configure(json.dumps(plan).encode(), Templates(), NOW) == []
    return made


def body(*alerts: dict[str, object]) -> bytes:
    return json.dumps(alerts).encode()


def alert(name: str, **more: object) -> dict[str, object]:
    return {"labels": {"alertname": name, "team": "db"}, **more}


def post(made: Engine, *alerts: dict[str, object], at: int = NOW) -> list[tuple[int, int, bool]]:
    report = made.ingest(body(*alerts), at, 300 * SECOND)
    assert (report.status, report.body) == (200, b"")
    return report.timers


def test_an_alert_on_its_way():
    made = engine()
    ((group, route, immediate),) = post(made, alert("A", annotations={"b": "<x>", "a": "1"}))
    assert (route, immediate) == (0, False)
    (batch,) = made.flush([group], NOW + 30 * SECOND)
    assert batch is not None
    assert (batch.count, batch.firing_count) == (1, 1)
    assert (batch.group_key, batch.receiver) == ('{}:{team="db"}', "a.b")
    assert batch.webhook_json("first notification", "http://x", 0) == (
        b'{"receiver":"a\\\\.b","status":"firing","alerts":[{"status":"firing",'
        b'"labels":{"alertname":"A","team":"db"},"annotations":{"a":"1","b":"\\u003cx\\u003e"},'
        b'"startsAt":"2027-01-15T08:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"",'
        b'"fingerprint":"' + batch_fingerprint(made) + b'"}],'
        b'"notification_reason":"first notification","groupLabels":{"team":"db"},'
        b'"commonLabels":{"alertname":"A","team":"db"},'
        b'"commonAnnotations":{"a":"1","b":"\\u003cx\\u003e"},"routeLabels":{},'
        b'"externalURL":"http://x","version":"4","groupKey":"{}:{team=\\"db\\"}",'
        b'"truncatedAlerts":0}\n'
    )
    assert not made.complete(batch)
    assert made.flush([group + 1], NOW) == [None]


def batch_fingerprint(made: Engine) -> bytes:
    (shown,) = json.loads(made.query_alerts(NOW, filters=[], **EVERYTHING))
    return shown["fingerprint"].encode()


def test_a_resolved_alert_leaves_and_its_group_with_it():
    made = engine()
    ((group, _, _),) = post(made, alert("A"))
    post(made, alert("A", endsAt="2027-01-15T08:00:10Z"), at=NOW + 10 * SECOND)
    (batch,) = made.flush([group], NOW + 30 * SECOND)
    assert batch is not None
    assert batch.firing_count == 0
    assert made.complete(batch)
    assert made.maintain_groups() == 0
    assert made.flush([group], NOW + 31 * SECOND) == [None]
    ((again, _, _),) = post(made, alert("A"), at=NOW + 40 * SECOND)
    assert again != group


def test_muted_alerts_stay_out_of_batches():
    made = engine()
    ((group, _, _),) = post(made, alert("Source"), alert("Target"), alert("Third"))
    made.set_silence("s-1", [[Matcher("alertname", "=", "Third")]], NOW, NOW + SECOND)
    (batch,) = made.flush([group], NOW)
    assert batch is not None
    uninhibited = made.drop_inhibited(batch, NOW)
    left = made.drop_silenced(uninhibited, NOW)
    assert (batch.count, uninhibited.count, left.count) == (3, 2, 1)
    counts = made.counts(NOW)
    assert (counts["alerts_active"], counts["alerts_suppressed"]) == (1, 2)
    assert made.counts_by_group(NOW) == [('{}:{team="db"}', 1, 2, 0)]


def test_queries_find_by_label():
    made = engine()
    post(made, alert("A"), alert("B"))
    shown = json.loads(
        made.query_alerts(NOW, filters=[Matcher("alertname", "=", "B")], **EVERYTHING)
    )
    assert [found["labels"]["alertname"] for found in shown] == ["B"]
    assert shown[0]["receivers"] == [{"name": "a.b"}]
    (group,) = json.loads(made.query_groups(NOW, muted=True, filters=[], **EVERYTHING))
    assert group["labels"] == {"team": "db"}
    assert len(group["alerts"]) == 2


def test_alerts_come_back_from_their_rows():
    made = engine()
    post(made, alert("A", annotations={"a": "1"}, generatorURL="http://x/?a&b"), alert("B"))
    rows = made.drain(10)
    assert len(rows) == 2
    assert made.drain(10) == []
    again = Engine()
    assert again.restore(rows, NOW + 3600 * SECOND, 60 * SECOND) == (2, [])
    shown = json.loads(again.query_alerts(NOW + 3600 * SECOND, filters=[], **EVERYTHING))
    assert {found["endsAt"] for found in shown} == {"2027-01-15T09:01:00.000Z"}
    assert {found["startsAt"] for found in shown} == {"2027-01-15T08:00:00.000Z"}
    assert [found.get("generatorURL") for found in shown if found["annotations"]] == [
        "http://x/?a&b"
    ]


def test_bad_alerts_do_not_spoil_the_others():
    made = engine()
    report = made.ingest(b'[{"labels":{}},{"labels":{"a":"b"}},{"labels":{"a":1}}]', NOW, SECOND)
    assert report.status == 400
    assert (report.new, report.invalid) == (1, 2)
    assert b"cannot unmarshal number into Go struct field Alert.labels" in report.body


def test_route_labels_are_rendered():
    made = engine(labels={"plain": "x", "who": "{{ .GroupLabels.team }}", "bad": "{{ .Nothing }}"})
    ((group, _, _),) = post(made, alert("A"))
    (batch,) = made.flush([group], NOW)
    assert batch is not None
    data = json.loads(batch.webhook_json("first notification", "http://x", 0))
    assert data["routeLabels"] == {"plain": "x", "who": "db"}
    ((name, text),) = batch.route_label_errors
    assert name == "bad"
    assert "Nothing" in text
    (shown,) = json.loads(made.query_groups(NOW, muted=True, filters=[], **EVERYTHING))
    assert shown["routeLabels"] == {"plain": "x", "who": "db"}


def test_template_data_are_those_of_the_json():
    made = engine(labels={"who": "{{ .GroupLabels.team }}"})
    first = alert("A", annotations={"x": 'é"\n\u2028<1>', "y": "1"})
    ((group, _, _),) = post(made, first, alert("B", annotations={"x": 'é"\n\u2028<1>', "y": "2"}))
    (batch,) = made.flush([group], NOW)
    assert batch is not None
    text = "{{ toJson . }}"
    data = batch.template_data("first notification", "http://x")
    told = batch.webhook_json("first notification", "http://x", 0)
    from_json = TemplateData(told)
    shown = Templates().render(text, data, NOW)
    assert shown == Templates().render(text, from_json, NOW)
    only_webhooks = {"version": "4", "groupKey": batch.group_key, "truncatedAlerts": 0}
    assert json.loads(shown) | only_webhooks == json.loads(told)
