//! GETs while alerts change, each answer checked against the last accepted POST.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::client::Client;
use crate::latency::{Summary, micros, summarize};
use crate::load::{due_at_rate, unix_ms};
use crate::population::{Moment, id_of_pod, value_of_description, write_body};

/// What to ask; read from the command line as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryPlan {
    /// `host:port` of the server.
    pub(crate) address: String,
    /// Path and query of the GET.
    pub(crate) path: String,
    /// Whether the answer is a list of groups.
    pub(crate) grouped: bool,
    /// How many different alerts the POSTs go round.
    pub(crate) active: u64,
    /// How many alerts an answer must have.
    pub(crate) expected: u64,
    /// Every answered alert must have this namespace; empty asks for none.
    pub(crate) namespace: String,
    /// Stop after this time.
    pub(crate) seconds: f64,
    /// Changing POSTs a second.
    pub(crate) rate: f64,
    /// Alerts in one changing POST.
    pub(crate) batch: u64,
    /// The first value that the changes write; it grows by one a POST.
    pub(crate) first_value: u64,
    /// When the alerts started, in Unix seconds.
    pub(crate) starts_at: u64,
    /// How long after a POST its alerts end.
    pub(crate) lifetime_seconds: u64,
}

/// What came of it; printed as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct QueryReport {
    answers: u64,
    /// Answers with a wrong status, number of alerts, alert twice, or that cannot be read.
    wrong: u64,
    /// Alerts shown older than a POST that was answered before the GET began.
    stale: u64,
    first_error: Option<String>,
    body_bytes: usize,
    seconds: f64,
    latency: Summary,
    samples_us: Vec<u64>,
    changes: u64,
    change_errors: u64,
    /// The value that the next run may begin with.
    next_value: u64,
}

#[derive(Deserialize)]
struct Alert<'a> {
    #[serde(borrow)]
    labels: Labels<'a>,
    annotations: Annotations,
}

#[derive(Deserialize)]
struct Labels<'a> {
    #[serde(borrow)]
    pod: &'a str,
    namespace: &'a str,
}

#[derive(Deserialize)]
struct Annotations {
    description: String,
}

#[derive(Deserialize)]
struct Group<'a> {
    #[serde(borrow)]
    alerts: Vec<Alert<'a>>,
}

/// What the POSTs of this run have reached.
struct Changes {
    stop: AtomicBool,
    /// By alert: the value of the last POST that was answered 200.
    accepted: Vec<AtomicU64>,
    count: AtomicU64,
    errors: AtomicU64,
}

/// Asks until the time is up, with the changes running beside.
pub(crate) fn run(plan: &QueryPlan) -> Result<QueryReport> {
    let changes = Changes {
        stop: AtomicBool::new(false),
        accepted: (0..plan.active).map(|_| AtomicU64::new(0)).collect(),
        count: AtomicU64::new(0),
        errors: AtomicU64::new(0),
    };
    std::thread::scope(|scope| {
        let poster = scope.spawn(|| change_alerts(plan, &changes));
        let report = ask(plan, &changes);
        changes.stop.store(true, Ordering::Release);
        poster
            .join()
            .map_err(|_| "the changing POSTs broke down")??;
        let mut report = report?;
        report.changes = changes.count.load(Ordering::Acquire);
        report.change_errors = changes.errors.load(Ordering::Acquire);
        report.next_value = plan.first_value + report.changes + report.change_errors;
        Ok(report)
    })
}

/// Sends changed alerts over one connection, so that the values of an alert arrive in order.
fn change_alerts(plan: &QueryPlan, changes: &Changes) -> Result<()> {
    let mut client = Client::new(&plan.address);
    client.connect()?;
    let mut body = Vec::new();
    let start = Instant::now();
    let mut number = 0;
    while !changes.stop.load(Ordering::Acquire) {
        std::thread::sleep(due_at_rate(number, plan.rate).saturating_sub(start.elapsed()));
        let value = plan.first_value + number;
        let moment = Moment {
            starts_at: plan.starts_at,
            ends_at_ms: unix_ms() + plan.lifetime_seconds * 1000,
            value,
            unrouted: false,
        };
        let ids = (number * plan.batch..(number + 1) * plan.batch).map(|id| id % plan.active);
        write_body(&mut body, ids.clone(), moment);
        number += 1;
        if !client
            .post("/api/v2/alerts", &body)
            .is_ok_and(|answer| answer.status == 200)
        {
            changes.errors.fetch_add(1, Ordering::AcqRel);
            continue;
        }
        for id in ids {
            if let Some(accepted) = usize::try_from(id)
                .ok()
                .and_then(|id| changes.accepted.get(id))
            {
                accepted.store(value, Ordering::Release);
            }
        }
        changes.count.fetch_add(1, Ordering::AcqRel);
    }
    Ok(())
}

fn ask(plan: &QueryPlan, changes: &Changes) -> Result<QueryReport> {
    let mut client = Client::new(&plan.address);
    client.connect()?;
    let mut latencies = Vec::new();
    let (mut wrong, mut stale, mut body_bytes) = (0, 0, 0);
    let mut first_error = None;
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < plan.seconds {
        let known: Vec<u64> = changes
            .accepted
            .iter()
            .map(|value| value.load(Ordering::Acquire))
            .collect();
        let asked = Instant::now();
        let answer = client.get(&plan.path)?;
        latencies.push(asked.elapsed());
        let checked = if answer.status == 200 {
            let body = answer.body()?;
            body_bytes = body.len();
            check(plan, &body, &known)
        } else {
            Err(answer.describe().into())
        };
        match checked {
            Ok(0) => {}
            Ok(old) => stale += old,
            Err(error) => {
                wrong += 1;
                first_error.get_or_insert(error.to_string());
            }
        }
        // A pause, so that cheap answers do not become a load that the dear ones never were.
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(QueryReport {
        answers: latencies.len() as u64,
        wrong,
        stale,
        first_error,
        body_bytes,
        seconds: start.elapsed().as_secs_f64(),
        samples_us: latencies.iter().copied().map(micros).collect(),
        latency: summarize(&mut latencies),
        changes: 0,
        change_errors: 0,
        next_value: 0,
    })
}

/// Checks an answer; says how many of its alerts are older than what was `known` when it was asked for.
fn check(plan: &QueryPlan, body: &[u8], known: &[u64]) -> Result<u64> {
    let alerts: Vec<Alert<'_>> = if plan.grouped {
        let groups: Vec<Group<'_>> = serde_json::from_slice(body)?;
        groups.into_iter().flat_map(|group| group.alerts).collect()
    } else {
        serde_json::from_slice(body)?
    };
    if alerts.len() as u64 != plan.expected {
        return Err(format!("{} alerts instead of {}", alerts.len(), plan.expected).into());
    }
    let mut seen = HashSet::with_capacity(alerts.len());
    let mut stale = 0;
    for alert in &alerts {
        let id = id_of_pod(alert.labels.pod).ok_or("an alert that nobody sent")?;
        let value = value_of_description(&alert.annotations.description)
            .ok_or("a description that nobody sent")?;
        let known = usize::try_from(id)
            .ok()
            .and_then(|id| known.get(id))
            .ok_or("an alert that nobody sent")?;
        if !plan.namespace.is_empty() && alert.labels.namespace != plan.namespace {
            return Err(format!("an alert of {}", alert.labels.namespace).into());
        }
        if !seen.insert(id) {
            return Err(format!("alert {id} twice").into());
        }
        stale += u64::from(value < *known);
    }
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(expected: u64) -> QueryPlan {
        QueryPlan {
            address: String::new(),
            path: String::new(),
            grouped: false,
            active: 3,
            expected,
            namespace: String::new(),
            seconds: 0.0,
            rate: 1.0,
            batch: 1,
            first_value: 1,
            starts_at: 0,
            lifetime_seconds: 0,
        }
    }

    fn answer(value: u64, ids: impl Iterator<Item = u64>) -> Vec<u8> {
        let mut body = Vec::new();
        write_body(
            &mut body,
            ids,
            Moment {
                starts_at: 0,
                ends_at_ms: 0,
                value,
                unrouted: false,
            },
        );
        body
    }

    #[test]
    fn an_answer_behind_the_last_accepted_post_is_stale() {
        let body = answer(5, 0..3);
        assert_eq!(check(&plan(3), &body, &[5, 4, 0]).unwrap(), 0);
        assert_eq!(check(&plan(3), &body, &[6, 5, 7]).unwrap(), 2);
    }

    #[test]
    fn a_missing_a_double_and_a_foreign_alert_are_wrong() {
        assert!(check(&plan(3), &answer(5, 0..2), &[0, 0, 0]).is_err());
        assert!(check(&plan(3), &answer(5, [0, 1, 1].into_iter()), &[0, 0, 0]).is_err());
        assert!(check(&plan(3), &answer(5, 1..4), &[0, 0, 0]).is_err());
    }
}
