//! Stories of the engine: what happens to alerts and groups over time.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::matcher::Op;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_800_000_000 * SECOND;

fn at(seconds: i64) -> i64 {
    START + seconds * SECOND
}

fn shown(seconds: i64) -> String {
    Time::from_unix_ns(at(seconds)).rfc3339_nano()
}

fn engine(route: &Value) -> Engine {
    let mut engine = Engine::new();
    let plan = json!({"route": route, "inhibit_rules": []}).to_string();
    let timers = engine.configure(plan.as_bytes(), Arc::new(Templates::default()), START);
    assert_eq!(timers.unwrap(), []);
    engine
}

fn by_name() -> Engine {
    engine(&json!({"receiver": "r", "group_by": ["alertname"], "group_wait_ns": 30 * SECOND}))
}

/// Posts one alert that began at `from` and ends at `to`.
fn post(engine: &mut Engine, name: &str, from: i64, to: Option<i64>, now: i64) -> Report {
    let mut alert = json!({"labels": {"alertname": name}, "startsAt": shown(from)});
    if let Some(to) = to {
        alert["endsAt"] = shown(to).into();
    }
    let report = engine.ingest(json!([alert]).to_string().as_bytes(), at(now), 300 * SECOND);
    assert_eq!(report.status, 200, "{report:?}");
    report
}

fn flush(engine: &mut Engine, group: u64, now: i64) -> Option<Batch> {
    engine.flush(&[group], at(now)).remove(0)
}

fn everything(matchers: Vec<Matcher>) -> Filter {
    Filter {
        active: true,
        silenced: true,
        inhibited: true,
        matchers,
        receivers: None,
        and_receivers: None,
    }
}

fn query(engine: &mut Engine, now: i64) -> Value {
    serde_json::from_slice(&engine.query_alerts(at(now), &everything(Vec::new()))).unwrap()
}

#[test]
fn only_the_alert_that_makes_a_group_decides_its_first_flush() {
    let mut engine = by_name();
    assert!(post(&mut engine, "old", -31, None, 0).timers[0].2);
    assert!(!post(&mut engine, "edge", -30, None, 0).timers[0].2);
    assert!(!post(&mut engine, "new", 0, None, 0).timers[0].2);
    assert_eq!(post(&mut engine, "new", -100, None, 1).timers, []);
}

#[test]
fn a_resolved_alert_that_fires_again_meanwhile_stays() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, None, 0).timers[0].0;
    assert_eq!(post(&mut engine, "A", 0, Some(10), 10).ended, 1);
    let batch = flush(&mut engine, group, 30).unwrap();
    assert_eq!(
        (batch.firing_hashes().len(), batch.resolved_hashes().len()),
        (0, 1)
    );
    assert_eq!(post(&mut engine, "A", 31, None, 31).changed, 1);
    assert!(!engine.complete(&batch, 0));
    assert_eq!(
        flush(&mut engine, group, 40).unwrap().firing_hashes().len(),
        1
    );
}

#[test]
fn an_alert_of_a_destroyed_group_makes_a_new_one() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, Some(10), 10).timers[0].0;
    let batch = flush(&mut engine, group, 30).unwrap();
    assert!(engine.complete(&batch, 0));
    let again = post(&mut engine, "A", 31, None, 31).timers[0].0;
    assert_ne!(again, group);
    assert_eq!(engine.group_count(), 2);
    assert_eq!(engine.maintain_groups(), 1);
    assert!(flush(&mut engine, group, 40).is_none());
    assert!(flush(&mut engine, again, 40).is_some());
}

#[test]
fn collected_alerts_stay_in_their_groups_until_told() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, None, 0).timers[0].0;
    post(&mut engine, "A", 0, Some(10), 10);
    assert_eq!(engine.collect_garbage(at(20)), 1);
    assert_eq!(engine.stored(), 0);
    let batch = flush(&mut engine, group, 30).unwrap();
    assert_eq!(batch.items().len(), 1);
    assert!(engine.complete(&batch, 0));
    drop(batch);
    assert!(engine.alerts.iter().next().is_none());
    engine.maintain_groups();
    engine.collect_garbage(at(40));
    assert!(engine.index.posting("alertname", "A").is_none());
}

#[test]
fn a_collected_alert_comes_back_as_a_new_one() {
    let mut engine = by_name();
    post(&mut engine, "A", 0, Some(10), 10);
    engine.collect_garbage(at(20));
    // Merged with the old one, the alert would have begun at 0.
    assert_eq!(post(&mut engine, "A", 5, Some(100), 21).new, 1);
    let alerts = query(&mut engine, 21);
    assert_eq!(alerts.as_array().unwrap().len(), 1);
    assert_eq!(alerts[0]["startsAt"], "2027-01-15T08:00:05.000Z");
}

#[test]
fn what_was_told_as_resolved_does_not_rejoin_at_a_reload() {
    let mut engine = by_name();
    let group = post(&mut engine, "told", 0, Some(10), 10).timers[0].0;
    post(&mut engine, "untold", 0, Some(10), 10);
    post(&mut engine, "firing", 0, None, 10);
    let batch = flush(&mut engine, group, 30).unwrap();
    engine.complete(&batch, 0);
    let plan = json!({"route": {"receiver": "x", "group_by": ["alertname"]}}).to_string();
    let timers = engine
        .configure(plan.as_bytes(), Arc::new(Templates::default()), at(31))
        .unwrap();
    assert_eq!(timers.len(), 2);
    assert!(flush(&mut engine, group, 40).is_none());
    assert!(
        engine
            .configure(b"{", Arc::new(Templates::default()), 0)
            .is_err()
    );
    assert_eq!(engine.group_count(), 2);
}

#[test]
fn the_store_learns_of_what_counts() {
    let mut engine = by_name();
    post(&mut engine, "A", 0, Some(240), 0);
    post(&mut engine, "A", 0, Some(250), 10);
    let rows = engine.drain(10);
    assert_eq!((rows.len(), rows[0].ends_at_ns), (1, at(250)));
    // Ends that move a little are not written.
    for now in [60, 120, 180] {
        assert_eq!(post(&mut engine, "A", 0, Some(now + 240), now).refreshed, 1);
        assert_eq!(engine.drain(10), []);
    }
    // An end far beyond the one that the store knows is.
    post(&mut engine, "A", 0, Some(5_000), 200);
    assert_eq!(engine.drain(10)[0].ends_at_ns, at(5_000));
    post(&mut engine, "A", 0, Some(220), 220);
    assert_eq!(engine.drain(10)[0].ends_at_ns, at(220));
    let group = engine.groups.iter().next().unwrap().0;
    let batch = flush(&mut engine, group, 230).unwrap();
    engine.complete(&batch, 0);
    let rows = engine.drain(10);
    assert_eq!((rows.len(), rows[0].deleted), (1, true));
    assert_eq!(rows[0].fingerprint, "d2c6efc389df0927");
    engine.collect_garbage(at(300));
    assert_eq!(engine.pending(), 0);
}

#[test]
fn an_alert_that_left_and_came_back_is_written_last() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, Some(10), 10).timers[0].0;
    engine.drain(10);
    post(&mut engine, "A", 0, Some(12), 12);
    let batch = flush(&mut engine, group, 30).unwrap();
    engine.complete(&batch, 0);
    post(&mut engine, "A", 31, None, 31);
    let deleted: Vec<bool> = engine.drain(10).iter().map(|row| row.deleted).collect();
    assert_eq!(deleted, [true, false]);
}

#[test]
fn alerts_come_back_as_they_were() {
    let mut engine = by_name();
    post(&mut engine, "firing", -50, Some(60), 0);
    post(&mut engine, "long", -50, Some(9_000), 0);
    post(&mut engine, "over", -50, Some(-10), 0);
    let rows = engine.drain(10);
    let mut again = by_name();
    let (count, timers) = again.restore(&rows, at(500), 120 * SECOND);
    assert_eq!((count, timers.len()), (3, 3));
    assert_eq!(again.restore(&rows, at(500), 120 * SECOND).0, 0);
    assert_eq!(again.drain(10), []);
    let alerts = query(&mut again, 500);
    let ends: Vec<_> = alerts
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| &alert["endsAt"])
        .collect();
    assert_eq!(ends.len(), 2);
    assert!(ends.contains(&&json!("2027-01-15T08:10:20.000Z")));
    assert!(ends.contains(&&json!("2027-01-15T10:30:00.000Z")));
    // The end was made up, so that an earlier one replaces it.
    post(&mut again, "firing", -40, Some(560), 500);
    let alerts = query(&mut again, 500);
    assert_eq!(alerts.to_string().matches("08:09:20.000Z").count(), 1);
}

#[test]
fn a_full_name_drops_new_alerts_only() {
    let mut engine = by_name();
    engine.set_limits(Limits {
        per_alertname: 1,
        ..Limits::default()
    });
    let body = |job: &str| format!(r#"[{{"labels":{{"alertname":"A","job":"{job}"}}}}]"#);
    assert_eq!(engine.ingest(body("1").as_bytes(), START, SECOND).new, 1);
    let dropped = engine.ingest(body("2").as_bytes(), START, SECOND);
    assert_eq!(
        (dropped.status, dropped.limited),
        (200, vec!["A".to_owned()])
    );
    assert_eq!(
        engine.ingest(body("1").as_bytes(), START, SECOND).refreshed,
        1
    );
    assert_eq!(engine.ingest(body("2").as_bytes(), at(2), SECOND).new, 1);
}

#[test]
fn limits_refuse_alert_by_alert() {
    let mut engine = by_name();
    engine.set_limits(Limits {
        max_alerts: 3,
        max_name_bytes: 4,
        max_value_bytes: 5,
        ..Limits::default()
    });
    let body =
        br#"[{"labels":{"abcde":"1"}},{"labels":{"abcd":"12345"}},{"labels":{"a":"123456"}}]"#;
    let report = engine.ingest(body, START, SECOND);
    assert_eq!((report.status, report.new, report.invalid), (400, 1, 2));
    assert_eq!(
        String::from_utf8(report.body).unwrap(),
        "\"invalid label set: a name of 5 bytes (limit: 4 bytes)\\ninvalid label set: a value of 6 bytes \
         for \\\"a\\\" (limit: 5 bytes)\"\n"
    );
    let report = engine.ingest(br"[{},{},{},{}]", START, SECOND);
    assert_eq!(report.status, 413);
    engine.set_limits(Limits {
        classic_names: true,
        ..Limits::default()
    });
    let report = engine.ingest("[{\"labels\":{\"é\":\"1\"}}]".as_bytes(), START, SECOND);
    assert_eq!(
        String::from_utf8(report.body).unwrap(),
        "\"invalid label set: invalid name \\\"é\\\"\"\n"
    );
}

#[test]
fn labels_in_any_order_are_the_same_alert() {
    let mut engine = by_name();
    let body = br#"[{"labels":{"a":"1","b":"2","c":""}},{"labels":{"b":"2","a":"0","a":"1"}}]"#;
    let report = engine.ingest(body, START, SECOND);
    assert_eq!((report.new, report.refreshed), (1, 1));
}

#[test]
fn annotations_are_compared_by_meaning() {
    let mut engine = by_name();
    let mut send = |annotations: &str, url: &str| {
        let body = format!(
            r#"[{{"labels":{{"a":"b"}},"startsAt":"2027-01-15T08:00:00Z","annotations":{annotations},"generatorURL":"{url}"}}]"#
        );
        engine.ingest(body.as_bytes(), START, SECOND)
    };
    assert_eq!(send(r#"{"x":"<1>","y":"2"}"#, "http://x/?a&b").new, 1);
    assert_eq!(
        send(r#"{"x":"\u003c1\u003e","y":"2"}"#, r"http://x/?a\u0026b").refreshed,
        1
    );
    assert_eq!(
        send(r#"{ "y": "2", "x": "<1>" }"#, "http://x/?a&b").refreshed,
        1
    );
    assert_eq!(send(r#"{"x":"<1>"}"#, "http://x/?a&b").changed, 1);
    assert_eq!(send("{}", "http://x/?a&b").changed, 1);
    assert_eq!(send("null", "http://x/?a&b").refreshed, 1);
    assert_eq!(send("{}", "").changed, 1);
}

#[test]
fn stages_mark_what_they_drop_until_the_next_flush() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, None, 0).timers[0].0;
    let unseen = Counts {
        unprocessed: 1,
        ..Counts::default()
    };
    assert_eq!(engine.counts(at(1)), unseen);
    let set = vec![vec![Matcher::new("alertname", Op::Equal, "A").unwrap()]];
    engine.set_silence("s", set, at(0), at(100));
    let batch = flush(&mut engine, group, 30).unwrap();
    let batch = engine.drop_inhibited(&batch, at(30));
    assert_eq!(engine.counts(at(30)).active, 1);
    assert!(engine.drop_silenced(&batch, at(30)).items().is_empty());
    assert_eq!(engine.counts(at(30)).suppressed, 1);
    engine.remove_silence("s");
    assert_eq!(engine.drop_silenced(&batch, at(31)).items().len(), 1);
    assert_eq!(engine.counts(at(31)).active, 1);
    assert_eq!(engine.counts(at(400)), Counts::default());
}

#[test]
fn equalities_look_up_and_other_matchers_filter() {
    let mut engine = engine(&json!({"receiver": "r"}));
    let body: Vec<Value> = (0..100)
        .map(|at| json!({"labels": {"alertname": format!("A{}", at % 10), "n": at.to_string()}}))
        .collect();
    engine.ingest(json!(body).to_string().as_bytes(), START, SECOND);
    let mut count = |matchers: &[(&str, Op, &str)]| {
        let matchers = matchers
            .iter()
            .map(|(name, op, value)| Matcher::new(name, *op, value).unwrap())
            .collect();
        let body = engine.query_alerts(START, &everything(matchers));
        let alerts: Value = serde_json::from_slice(&body).unwrap();
        let prints: Vec<String> = alerts
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["fingerprint"].to_string())
            .collect();
        assert!(prints.is_sorted());
        prints.len()
    };
    assert_eq!(count(&[]), 100);
    assert_eq!(count(&[("alertname", Op::Equal, "A3")]), 10);
    assert_eq!(
        count(&[("alertname", Op::Equal, "A3"), ("n", Op::Match, "1.*")]),
        1
    );
    assert_eq!(count(&[("alertname", Op::Equal, "none")]), 0);
    assert_eq!(count(&[("none", Op::Equal, "")]), 100);
    assert_eq!(count(&[("alertname", Op::NotEqual, "A3")]), 90);
}

#[test]
fn an_answer_in_pieces_is_the_answer() {
    let mut engine = engine(&json!({"receiver": "r"}));
    let post = |engine: &mut Engine, from: i64| {
        let alerts: Vec<Value> = (from..from + 50)
            .map(|n| json!({"labels": {"n": n.to_string()}}))
            .collect();
        engine.ingest(json!(alerts).to_string().as_bytes(), START, SECOND);
    };
    post(&mut engine, 0);
    let filter = everything(Vec::new());
    let mut answer = Answer::default();
    let mut pieces = 1;
    while engine.query_some(START, &filter, &mut answer, 7) {
        pieces += 1;
    }
    assert_eq!(pieces, 8);
    assert_eq!(answer.into_body(), engine.query_alerts(START, &filter));
    // What comes meanwhile is shown in its place, or not.
    let mut answer = Answer::default();
    assert!(engine.query_some(START, &filter, &mut answer, 40));
    post(&mut engine, 50);
    while engine.query_some(START, &filter, &mut answer, 7) {}
    let shown: Value = serde_json::from_slice(&answer.into_body()).unwrap();
    let prints: Vec<String> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["fingerprint"].to_string())
        .collect();
    assert!(prints.is_sorted() && prints.len() > 50);
}

#[test]
fn muted_groups_say_so() {
    let mut engine = by_name();
    let group = post(&mut engine, "A", 0, None, 0).timers[0].0;
    engine.set_muted_by(group, &["night".to_owned()]);
    let mut filter = GroupFilter {
        muted: true,
        alerts: everything(Vec::new()),
    };
    let groups: Value = serde_json::from_slice(&engine.query_groups(START, &filter)).unwrap();
    let status = &groups[0]["alerts"][0]["status"];
    assert_eq!(
        (&status["state"], &status["mutedBy"][0]),
        (&json!("suppressed"), &json!("night"))
    );
    filter.muted = false;
    assert_eq!(engine.query_groups(START, &filter), b"[]\n");
}
