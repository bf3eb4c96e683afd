//! Stories of events and the rows they come to.

use std::sync::Arc;

use super::rows::Rows;
use super::*;
use crate::labels::LabelSet;

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_790_000_000 * SECOND;

fn alert(name: &str, start: i64) -> Subject {
    let labels = LabelSet::from_pairs([("alertname", name), ("severity", "critical")]);
    Subject {
        fingerprint: labels.fingerprint(),
        labels,
        starts_at_ns: START + start * SECOND,
    }
}

fn note(summary: &str) -> Note {
    Note {
        annotations: format!("{{\"summary\":\"{summary}\"}}").into(),
        generator_url: "http://p/g".into(),
    }
}

fn received(name: &str, start: i64) -> What {
    What::Received {
        alert: alert(name, start),
        note: note("down"),
        again: false,
    }
}

fn resolved(name: &str, start: i64, end: i64) -> What {
    What::Resolved {
        alert: alert(name, start),
        ends_at_ns: START + end * SECOND,
        by: EndedBy::Sender,
    }
}

fn group() -> GroupOf {
    GroupOf {
        key: "{}:{}".into(),
        receiver: "team".into(),
        labels: LabelSet::default(),
    }
}

fn events(whats: Vec<What>) -> Vec<Arc<Event>> {
    let events = (1..).zip(whats).map(|(seq, what)| {
        Arc::new(Event {
            seq,
            at_ns: seq * 1_000,
            what,
        })
    });
    events.collect()
}

/// Rows of a fold that knows nothing yet.
fn fold(whats: Vec<What>) -> (Fold, Rows) {
    let mut fold = Fold::new(1, 1);
    let events = events(whats);
    fold.unknown(&events);
    let rows = fold.rows(&events);
    (fold, rows)
}

fn more(fold: &mut Fold, whats: Vec<What>) -> Rows {
    let events = events(whats);
    fold.unknown(&events);
    fold.rows(&events)
}

#[test]
fn kinds_are_found_by_name_and_number() {
    for (number, kind) in (1..).zip(Kind::ALL) {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
        assert_eq!(kind as i32, number);
    }
    assert_eq!(Kind::parse("x"), None);
}

#[test]
fn a_firing_becomes_one_episode() {
    let (_, rows) = fold(vec![
        received("A", 0),
        What::Grouped {
            alert: alert("A", 0),
            group: group(),
        },
        resolved("A", 0, 60),
    ]);
    assert_eq!(rows.series_new.len(), 1);
    let series = &rows.series_new[0];
    assert_eq!((series.6, series.9), (None, 1));
    assert_eq!(rows.labels.len(), 2);
    assert_eq!(rows.series_labels.len(), 2);
    assert_eq!(rows.episodes_new.len(), 1);
    let episode = &rows.episodes_new[0];
    assert_eq!(episode.state.ends_at_ns, Some(START + 60 * SECOND));
    assert_eq!(episode.state.ended_by, 1);
    assert_eq!(episode.label_ids[0], row_id(&["label", "alertname", "A"]));
    assert_eq!(episode.label_ids[2], 0);
    assert!(rows.episodes_changed.is_empty());
    assert_eq!(rows.notes[0].6, "a down");
    let kinds: Vec<i32> = rows.events.iter().map(|row| row.2).collect();
    assert_eq!(kinds, [1, 6, 3]);
    assert_eq!(rows.episode_receivers[0].0, row_id(&["text", "team"]));
    assert_eq!(rows.texts, [(row_id(&["text", "team"]), "team".into())]);
}

#[test]
fn what_the_store_has_is_changed_not_made_anew() {
    let (mut fold, _) = fold(vec![received("A", 0)]);
    let rows = more(&mut fold, vec![resolved("A", 0, 60)]);
    assert!(rows.series_new.is_empty() && rows.episodes_new.is_empty());
    assert_eq!(rows.episodes_changed.len(), 1);
    assert_eq!(rows.series_changed[0].0, None);
    let rows = more(&mut fold, vec![received("A", 90)]);
    assert_eq!(rows.episodes_new.len(), 1);
    assert_eq!(rows.series_changed[0].3, 1);
    assert!(rows.notes.is_empty() && rows.labels.is_empty());
}

#[test]
fn an_announced_alert_that_is_known_comes_to_nothing_but_links() {
    let announced = || What::Announced {
        alert: alert("A", 0),
        note: note("down"),
        groups: vec![group()],
    };
    let (mut fold, _) = fold(vec![received("A", 0)]);
    let rows = more(&mut fold, vec![announced()]);
    assert!(rows.events.is_empty() && rows.episodes_new.is_empty());
    assert_eq!(rows.episode_groups.len(), 1);
    let mut fresh = Fold::new(7, 7);
    let rows = more(&mut fresh, vec![announced()]);
    assert_eq!((rows.episodes_new.len(), rows.events.len()), (1, 0));
    assert_eq!(rows.episodes_new[0].series_id, 7);
}

#[test]
fn an_end_that_was_lost_is_the_next_beginning() {
    let (mut fold, _) = fold(vec![received("A", 0)]);
    let rows = more(&mut fold, vec![received("A", 100)]);
    let ended = &rows.episodes_changed[0].state;
    assert_eq!(ended.ends_at_ns, Some(START + 100 * SECOND));
    assert_eq!(ended.ended_by, 3);
    assert_eq!(rows.episodes_new.len(), 1);
}

#[test]
fn what_nobody_fires_any_more_ends() {
    let (mut fold, _) = fold(vec![received("A", 0), received("B", 0)]);
    let open = [
        (alert("A", 0).fingerprint, START),
        (alert("B", 0).fingerprint, START),
    ];
    let rows = fold.lost(&open, &open[..1], START + 5 * SECOND);
    assert_eq!(rows.episodes_changed.len(), 1);
    assert_eq!(rows.episodes_changed[0].state.ended_by, 3);
    assert_eq!(rows.series_changed.len(), 1);
}

#[test]
fn a_moved_start_takes_everything_along() {
    let moved = What::Changed {
        alert: alert("A", -50),
        note: note("still down"),
        moved_from_ns: Some(START),
    };
    let grouped = What::Grouped {
        alert: alert("A", 0),
        group: group(),
    };
    let (mut fold, rows) = fold(vec![received("A", 0), grouped.clone(), moved.clone()]);
    assert!(rows.episodes_moved.is_empty());
    assert_eq!(rows.episodes_new[0].starts_at_ns, START - 50 * SECOND);
    assert_eq!(rows.episodes_new[0].note_id, 2);
    assert_eq!(rows.episode_groups[0].1, START - 50 * SECOND);
    let rows = more(&mut fold, vec![resolved("A", -50, 60)]);
    assert_eq!(rows.episodes_changed[0].starts_at_ns, START - 50 * SECOND);

    let (mut fold, _) = self::fold(vec![received("A", 0), grouped]);
    let rows = more(&mut fold, vec![moved]);
    assert_eq!(rows.episodes_moved, [(START - 50 * SECOND, START, 1)]);
    assert_eq!(rows.episodes_changed[0].note_id, Some(2));
}

#[test]
fn suppressions_mark_episodes_and_name_silences() {
    let suppressed = What::Suppressed {
        alert: alert("A", 0),
        cause: "{\"by\":\"silence\"}".into(),
        silences: vec!["one".into(), "two".into()],
    };
    let (mut fold, rows) = fold(vec![received("A", 0), suppressed]);
    assert!(rows.episodes_new[0].state.silenced);
    assert_eq!(rows.episode_silences.len(), 2);
    let rows = more(
        &mut fold,
        vec![What::Suppressed {
            alert: alert("A", 0),
            cause: "{\"by\":\"inhibition\"}".into(),
            silences: Vec::new(),
        }],
    );
    let state = &rows.episodes_changed[0].state;
    assert!(state.inhibited && !state.silenced);
}

#[test]
fn a_delivery_marks_its_episodes_once() {
    let labels = "{\"alertname\":\"A\",\"severity\":\"critical\"}";
    let stored = (labels.into(), "{}".into(), String::new(), START, 0);
    let batch = crate::engine::stored_batch("team", "{}:{}", "{}", &[stored]);
    let delivery = |delivered: bool| What::Delivery {
        batch: batch.clone(),
        receiver: "team".into(),
        attempt: Box::new(Attempt {
            flush_id: 2,
            integration: "webhook".into(),
            position: 0,
            reason: "first notification".into(),
            attempt: 1,
            delivered,
            retryable: true,
            failure: String::new(),
            status_code: Some(200),
            latency_us: 5,
            error: String::new(),
            target: String::new(),
            request: String::new(),
            answer: String::new(),
        }),
    };
    let flushed = What::Flushed {
        batch: batch.clone(),
        reason: "first notification".into(),
    };
    let (mut fold, rows) = fold(vec![
        received("A", 0),
        flushed,
        delivery(false),
        delivery(true),
    ]);
    let state = &rows.episodes_new[0].state;
    assert!(state.notified && state.failed);
    let (id, _, firing, resolved, alerts) = &rows.flushes[0];
    assert_eq!((*id, *firing, *resolved), (2, 1, 0));
    assert_eq!(decode_alerts(alerts).unwrap(), [(1, START, 0, 2)]);
    assert_eq!(rows.deliveries.len(), 2);
    let rows = more(&mut fold, vec![delivery(true)]);
    assert!(rows.episodes_changed.is_empty());
    assert_eq!(rows.deliveries.len(), 1);
}

#[test]
fn many_transitions_are_flapping() {
    let mut story = Vec::new();
    for round in 0..4 {
        story.push(received("A", round * 60));
        story.push(resolved("A", round * 60, round * 60 + 30));
    }
    let (_, rows) = fold(story);
    let rates: Vec<f64> = rows.episodes_new.iter().map(|row| row.state.flap).collect();
    assert!(rates.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(rates[0] < 4.0 && rates[3] > 4.0);
    let (_, rows) = fold(vec![
        received("A", 0),
        resolved("A", 0, 86_400),
        received("A", 86_500),
    ]);
    assert!(rows.episodes_new.iter().all(|row| row.state.flap < 4.0));
}
