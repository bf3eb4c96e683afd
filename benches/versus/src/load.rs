//! POSTs of alerts: as fast as the answers come, or at a fixed rate.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::client::Client;
use crate::latency::{Summary, summarize};
use crate::population::{Moment, write_body};

/// What to send; read from the command line as JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadPlan {
    /// `host:port` of the server.
    pub(crate) address: String,
    /// How many different alerts the POSTs go round.
    pub(crate) active: u64,
    /// Alerts in one POST.
    pub(crate) batch: u64,
    /// Connections, each with one request under way at a time.
    pub(crate) connections: u64,
    /// POSTs a second over all connections; 0 sends the next when the last was answered.
    pub(crate) rate: f64,
    /// Stop after this time; 0 means never.
    pub(crate) seconds: f64,
    /// Stop after this many alerts; 0 means never.
    pub(crate) alerts: u64,
    /// When the alerts started, in Unix seconds.
    pub(crate) starts_at: u64,
    /// How long after the POST the alerts end; 0 resolves them.
    pub(crate) lifetime_seconds: u64,
    /// Whether every alert forms a group of its own under the root route.
    pub(crate) unrouted: bool,
}

/// What came of it; printed as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct LoadReport {
    requests: u64,
    alerts: u64,
    errors: u64,
    first_error: Option<String>,
    seconds: f64,
    latency: Summary,
}

#[derive(Default)]
struct Tally {
    requests: u64,
    alerts: u64,
    errors: u64,
    first_error: Option<String>,
    latencies: Vec<Duration>,
}

impl LoadPlan {
    /// The ids of POST number `number`; empty when all alerts were sent.
    fn ids(&self, number: u64) -> impl Iterator<Item = u64> + use<> {
        let limit = if self.alerts == 0 {
            u64::MAX
        } else {
            self.alerts
        };
        let first = (number * self.batch).min(limit);
        let end = (first + self.batch).min(limit);
        let active = self.active;
        (first..end).map(move |id| id % active)
    }

    fn moment(&self) -> Moment {
        let ends_at_ms = unix_ms() + self.lifetime_seconds * 1000;
        Moment {
            starts_at: self.starts_at,
            ends_at_ms,
            value: 0,
            unrouted: self.unrouted,
        }
    }

    /// When POST number `number` is to leave, after the start; `None` without a rate.
    fn due(&self, number: u64) -> Option<Duration> {
        (self.rate > 0.0).then(|| due_at_rate(number, self.rate))
    }
}

/// When event `number` of a steady row of `rate` a second is due, after its start.
#[allow(clippy::cast_precision_loss)] // no run sends 2^52 requests
pub(crate) fn due_at_rate(number: u64, rate: f64) -> Duration {
    Duration::from_secs_f64(number as f64 / rate)
}

/// The time since 1970 in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Sends what the plan says and waits for all answers.
pub(crate) fn run(plan: &LoadPlan) -> Result<LoadReport> {
    if plan.active == 0 || plan.batch == 0 || plan.connections == 0 {
        return Err("active, batch and connections must be positive".into());
    }
    if plan.seconds <= 0.0 && plan.alerts == 0 {
        return Err("the load has no end: give seconds or alerts".into());
    }
    let next = AtomicU64::new(0);
    let total = Mutex::new(Tally::default());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..plan.connections {
            scope.spawn(|| {
                let tally = send_all(plan, &next, start);
                if let Ok(mut total) = total.lock() {
                    total.add(tally);
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    let mut total = total.into_inner().map_err(|_| "a sender broke down")?;
    Ok(LoadReport {
        requests: total.requests,
        alerts: total.alerts,
        errors: total.errors,
        first_error: total.first_error,
        seconds,
        latency: summarize(&mut total.latencies),
    })
}

fn send_all(plan: &LoadPlan, next: &AtomicU64, start: Instant) -> Tally {
    let mut client = Client::new(&plan.address);
    let mut body = Vec::new();
    let mut tally = Tally::default();
    if let Err(error) = client.connect() {
        tally.fail(error.to_string());
        return tally;
    }
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let due = plan.due(number);
        let planned = due.unwrap_or_else(|| start.elapsed());
        if plan.seconds > 0.0 && planned.as_secs_f64() >= plan.seconds {
            return tally;
        }
        let count = plan.ids(number).count();
        if count == 0 {
            return tally;
        }
        if let Some(due) = due {
            std::thread::sleep(due.saturating_sub(start.elapsed()));
        }
        write_body(&mut body, plan.ids(number), plan.moment());
        // At a rate the clock runs from the planned moment: a server that keeps the queue waiting pays for it.
        let from = due.unwrap_or_else(|| start.elapsed());
        match client.post("/api/v2/alerts", &body) {
            Ok(answer) if answer.status == 200 => {
                tally.latencies.push(start.elapsed().saturating_sub(from));
                tally.requests += 1;
                tally.alerts += count as u64;
            }
            Ok(answer) => tally.fail(answer.describe()),
            Err(error) => {
                tally.fail(error.to_string());
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

impl Tally {
    fn fail(&mut self, error: String) {
        self.errors += 1;
        self.first_error.get_or_insert(error);
    }

    fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.alerts += other.alerts;
        self.errors += other.errors;
        self.latencies.extend(other.latencies);
        if self.first_error.is_none() {
            self.first_error = other.first_error;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(alerts: u64) -> LoadPlan {
        LoadPlan {
            address: "127.0.0.1:1".to_owned(),
            active: 10,
            batch: 4,
            connections: 1,
            rate: 0.0,
            seconds: 0.0,
            alerts,
            starts_at: 0,
            lifetime_seconds: 240,
            unrouted: false,
        }
    }

    #[test]
    fn posts_go_round_the_alerts_and_stop_at_the_count() {
        assert_eq!(plan(0).ids(2).collect::<Vec<_>>(), [8, 9, 0, 1]);
        assert_eq!(plan(10).ids(2).collect::<Vec<_>>(), [8, 9]);
        assert_eq!(plan(10).ids(3).count(), 0);
    }

    #[test]
    fn a_server_that_is_away_is_an_error_in_the_report() {
        let report = run(&plan(1)).unwrap();
        assert_eq!((report.requests, report.errors), (0, 1));
        assert!(report.first_error.is_some());
    }

    #[test]
    fn a_load_without_an_end_is_refused() {
        assert!(run(&plan(0)).is_err());
    }
}
