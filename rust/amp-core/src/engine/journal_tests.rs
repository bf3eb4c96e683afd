//! Stories of the journal: what the engine tells of alerts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::history::{Journal, What};

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_800_000_000 * SECOND;

fn at(seconds: i64) -> i64 {
    START + seconds * SECOND
}

struct Scene {
    engine: Engine,
    journal: Arc<Journal>,
    groups: Vec<u64>,
}

impl Scene {
    fn new(rules: &Value) -> Self {
        let journal = Arc::new(Journal::new(1 << 20, 1 << 20));
        let mut engine = Engine::new();
        engine.journal_to(Arc::clone(&journal));
        let mut scene = Self {
            engine,
            journal,
            groups: Vec::new(),
        };
        scene.configure("r", rules);
        scene
    }

    fn configure(&mut self, receiver: &str, rules: &Value) {
        let route = json!({"receiver": receiver, "group_by": ["alertname"]});
        let plan = json!({"route": route, "inhibit_rules": rules}).to_string();
        let templates = Arc::new(Templates::default());
        let timers = self.engine.configure(plan.as_bytes(), templates, START);
        self.groups
            .extend(timers.unwrap().iter().map(|timer| timer.0));
    }

    fn post(&mut self, name: &str, from: i64, to: i64, now: i64) {
        let time = |seconds| Time::from_unix_ns(at(seconds)).rfc3339_nano();
        let labels = json!({"alertname": name});
        let alert = json!({"labels": labels, "startsAt": time(from), "endsAt": time(to)});
        self.post_body(&json!([alert]), now);
    }

    fn post_body(&mut self, body: &Value, now: i64) {
        let report = self
            .engine
            .ingest(body.to_string().as_bytes(), at(now), 300 * SECOND);
        assert_eq!(report.status, 200);
        self.groups
            .extend(report.timers.iter().map(|timer| timer.0));
    }

    fn flush(&mut self, now: i64) {
        for batch in self
            .engine
            .flush(&self.groups, at(now))
            .into_iter()
            .flatten()
        {
            let batch = self.engine.drop_inhibited(&batch, at(now));
            self.engine.drop_silenced(&batch, at(now));
        }
    }

    /// The kinds of events since this was last asked.
    fn told(&self) -> Vec<String> {
        let events = self.journal.take(usize::MAX, Duration::ZERO);
        events
            .iter()
            .map(|event| match &event.what {
                What::Resolved { by, .. } => format!("resolved by {by:?}"),
                What::Announced { .. } => "announced".into(),
                what => what.kind().unwrap().name().to_owned(),
            })
            .collect()
    }
}

#[test]
fn a_repeated_alert_is_no_news() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", 0, 240, 0);
    assert_eq!(scene.told(), ["received", "grouped"]);
    scene.post("A", 0, 300, 60);
    assert!(scene.told().is_empty());
    scene.post("A", 0, 90, 90);
    assert_eq!(scene.told(), ["resolved by Sender"]);
    scene.post("A", 0, 90, 120);
    assert!(scene.told().is_empty());
    scene.post("A", 150, 400, 150);
    assert_eq!(scene.told(), ["received", "grouped"]);
}

#[test]
fn an_alert_that_nobody_repeats_ends_when_its_end_passes() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", 0, 240, 0);
    scene.post("A", 0, 300, 60);
    scene.told();
    assert_eq!(scene.engine.expire(at(250)), 0);
    assert_eq!(scene.engine.expire(at(300)), 1);
    assert_eq!(scene.told(), ["resolved by Timeout"]);
    assert_eq!(scene.engine.expire(at(400)), 0);
    scene.post("A", 0, 700, 400);
    let told = scene.told();
    assert_eq!(told, ["received", "grouped"]);
    // Noticed by the post, not by the clock.
    scene.post("A", 800, 1_000, 800);
    assert_eq!(scene.told(), ["resolved by Timeout", "received", "grouped"]);
}

#[test]
fn what_looks_different_has_changed() {
    let mut scene = Scene::new(&json!([]));
    let alert = |text: &str, from: i64| {
        json!([{"labels": {"alertname": "A"}, "annotations": {"summary": text},
            "startsAt": Time::from_unix_ns(at(from)).rfc3339_nano()}])
    };
    scene.post_body(&alert("one", 0), 0);
    scene.post_body(&alert("one", 0), 1);
    scene.post_body(&alert("two", 0), 2);
    scene.post_body(&alert("two", -50), 3);
    assert_eq!(scene.told(), ["received", "grouped", "changed", "changed"]);
    assert_eq!(scene.engine.firing()[0].1, at(-50));
}

#[test]
fn what_came_resolved_is_a_firing_that_is_over() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", -60, -10, 0);
    assert_eq!(scene.told(), ["received", "resolved by Sender"]);
    assert!(scene.engine.firing().is_empty());
}

#[test]
fn suppressions_are_told_when_they_begin_and_end() {
    let rules = json!([{"name": "by-b", "source_matchers": [["alertname", "=", "B"]], "target_matchers": [["alertname", "=", "A"]]}]);
    let mut scene = Scene::new(&rules);
    scene.post("A", 0, 900, 0);
    scene.flush(1);
    scene.told();
    scene.post("B", 2, 900, 2);
    let matcher = Matcher::new("alertname", crate::matcher::Op::Equal, "A").unwrap();
    scene
        .engine
        .set_silence("one", vec![vec![matcher]], at(0), at(100));
    scene.flush(3);
    scene.flush(4);
    let told = scene.told();
    assert_eq!(told, ["received", "grouped", "suppressed"]);
    scene.post("B", 2, 5, 5);
    scene.flush(6);
    scene.flush(7);
    assert_eq!(
        scene.told(),
        ["resolved by Sender", "released", "suppressed"]
    );
    scene.flush(101);
    assert_eq!(scene.told(), ["released"]);
    assert_eq!(scene.engine.inhibition(at(4)).len(), 1);
    assert_eq!(scene.engine.inhibition(at(6)), []);
}

#[test]
fn a_reload_tells_of_groups_that_are_others() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", 0, 900, 0);
    scene.told();
    scene.configure("r", &json!([]));
    assert!(scene.told().is_empty());
    scene.configure("other", &json!([]));
    assert_eq!(scene.told(), ["grouped"]);
}

#[test]
fn what_the_store_brings_back_is_known() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", 0, 900, 0);
    let rows = scene.engine.drain(9);
    let mut after = Scene::new(&json!([]));
    after.engine.restore(&rows, at(10), 300 * SECOND);
    assert!(after.told().is_empty());
    assert_eq!(after.engine.firing(), scene.engine.firing());
    assert_eq!(after.engine.announce(at(11), 0, 9), None);
    assert_eq!(after.told(), ["announced"]);
    after.post("B", 12, 900, 12);
    after.told();
    let next = after.engine.announce(at(13), 0, 1);
    assert_eq!(after.told().len(), 1);
    assert_eq!(after.engine.announce(at(13), next.unwrap(), 1), None);
    assert_eq!(after.told().len(), 1);
    after.post("A", 0, 20, 20);
    assert_eq!(after.told(), ["resolved by Sender"]);
}

#[test]
fn what_is_told_again_leaves_room_in_the_journal() {
    let mut scene = Scene::new(&json!([]));
    for name in ["A", "B", "C", "D"] {
        scene.post(name, 0, 900, 0);
    }
    let small = Arc::new(Journal::new(2_000, 2_000));
    scene.engine.journal_to(Arc::clone(&small));
    let mut next = Some(0);
    let mut told = 0;
    while let Some(first) = next {
        next = scene.engine.announce(at(1), first, 99);
        told += small.take(99, Duration::ZERO).len();
    }
    assert_eq!((told, small.missed()), (4, 0));
}

#[test]
fn groups_are_found_by_their_alerts() {
    let mut scene = Scene::new(&json!([]));
    scene.post("A", 0, 900, 0);
    scene.post("B", 0, 900, 0);
    let fingerprint = scene.engine.firing()[0].0;
    let groups = scene.engine.groups_of(&[fingerprint]);
    assert_eq!(groups.len(), 1);
    assert_eq!((&*groups[0].2, &groups[0].3), ("r", &vec![fingerprint]));
}
