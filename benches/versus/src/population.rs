//! The alerts of a run: number `i` always has the same labels, so that every process can rebuild it.

use std::io::Write as _;

/// How many values the label `namespace` takes: a filter on one of them matches 0.5 % of the alerts.
pub(crate) const NAMESPACES: u64 = 200;
/// How many teams there are, each with a route of its own.
pub(crate) const TEAMS: u64 = 50;
/// The mark before the value in the `description` annotation.
const VALUE_MARK: &str = "current value is ";

struct Rule {
    name: &'static str,
    severity: &'static str,
    job: &'static str,
    summary: &'static str,
    detail: &'static str,
}

const RULES: [Rule; 10] = [
    rule(
        "KubePodCrashLooping",
        "warning",
        "kube-state-metrics",
        "Pod is crash looping.",
        "keeps restarting its main container",
    ),
    rule(
        "KubePodNotReady",
        "warning",
        "kube-state-metrics",
        "Pod has been in a non-ready state for more than 15 minutes.",
        "has not become ready since the last rollout",
    ),
    rule(
        "KubeContainerWaiting",
        "info",
        "kube-state-metrics",
        "Pod container waiting longer than 1 hour.",
        "waits for its image or its volumes",
    ),
    rule(
        "CPUThrottlingHigh",
        "info",
        "kubelet",
        "Processes experience elevated CPU throttling.",
        "is throttled in most of its CPU periods",
    ),
    rule(
        "NodeFilesystemAlmostOutOfSpace",
        "critical",
        "node-exporter",
        "Filesystem has less than 5% space left.",
        "writes to a filesystem that is nearly full",
    ),
    rule(
        "TargetDown",
        "warning",
        "prometheus-agent",
        "One or more targets are unreachable.",
        "does not answer its scrape requests",
    ),
    rule(
        "HighRequestLatency",
        "warning",
        "ingress-nginx",
        "The 99th percentile of the request latency is too high.",
        "answers slower than its objective allows",
    ),
    rule(
        "ErrorBudgetBurn",
        "critical",
        "service-objectives",
        "The error budget is burning too fast.",
        "burns the error budget of thirty days within two",
    ),
    rule(
        "KafkaConsumerLag",
        "warning",
        "kafka-exporter",
        "A consumer group lags behind its topic.",
        "consumes slower than its producers write",
    ),
    rule(
        "CertificateExpiresSoon",
        "info",
        "blackbox-exporter",
        "A certificate expires within 14 days.",
        "serves a certificate that is about to expire",
    ),
];

const CLUSTERS: [&str; 4] = [
    "prod-eu-west-1",
    "prod-us-east-1",
    "prod-ap-south-1",
    "staging-eu-west-1",
];

const fn rule(
    name: &'static str,
    severity: &'static str,
    job: &'static str,
    summary: &'static str,
    detail: &'static str,
) -> Rule {
    Rule {
        name,
        severity,
        job,
        summary,
        detail,
    }
}

/// What the alerts of one body have in common.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// When the alerts started, in Unix seconds.
    pub(crate) starts_at: u64,
    /// When they end, in Unix milliseconds.
    pub(crate) ends_at_ms: u64,
    /// The number in the `description` annotation.
    pub(crate) value: u64,
    /// Whether the alerts carry a team that no route names, so that each forms a group of its own.
    pub(crate) unrouted: bool,
}

/// Writes the JSON array of the alerts `ids` over `body`, in the form in which Prometheus sends it.
pub(crate) fn write_body(body: &mut Vec<u8>, ids: impl Iterator<Item = u64>, moment: Moment) {
    let starts_at = format_time(moment.starts_at * 1000);
    let ends_at = format_time(moment.ends_at_ms);
    body.clear();
    body.push(b'[');
    for id in ids {
        if body.len() > 1 {
            body.push(b',');
        }
        write_alert(body, id, moment, &starts_at, &ends_at);
    }
    body.push(b']');
}

fn write_alert(body: &mut Vec<u8>, id: u64, moment: Moment, starts_at: &str, ends_at: &str) {
    let round = id / TEAMS;
    let rule = &RULES[pick(round / 4, RULES.len())];
    let cluster = CLUSTERS[pick(round / 40, CLUSTERS.len())];
    let namespace = id % NAMESPACES;
    let Rule {
        name,
        severity,
        job,
        summary,
        detail,
    } = rule;
    let value = moment.value;
    let (a, b, c) = (id / 65_536 % 256, id / 256 % 256, id % 256);
    let team = if moment.unrouted {
        "unrouted".to_owned()
    } else {
        format!("team-{:02}", id % TEAMS)
    };
    // Writing into a vector cannot fail.
    let _ = write!(
        body,
        "{{\"annotations\":{{\"description\":\"Pod namespace-{namespace:03}/workload-{id:08} on cluster \
         {cluster} {detail}; {VALUE_MARK}{value}.\",\"runbook_url\":\"https://runbooks.example.com/\
         runbooks/kubernetes/{name}\",\"summary\":\"{summary}\"}},\"endsAt\":\"{ends_at}\",\
         \"startsAt\":\"{starts_at}\",\"generatorURL\":\"http://prometheus.example.com:9090/graph?\
         g0.expr=rate%28{name}_total%5B5m%5D%29+%3E+0&g0.tab=1\",\"labels\":{{\
         \"alertname\":\"{name}\",\"cluster\":\"{cluster}\",\"instance\":\"10.{a}.{b}.{c}:9100\",\
         \"job\":\"{job}\",\"namespace\":\"namespace-{namespace:03}\",\"pod\":\"workload-{id:08}\",\
         \"severity\":\"{severity}\",\"team\":\"{team}\"}}}}"
    );
}

fn pick(number: u64, length: usize) -> usize {
    usize::try_from(number).unwrap_or(0) % length
}

/// The number of the alert whose `pod` label this is.
pub(crate) fn id_of_pod(pod: &str) -> Option<u64> {
    pod.strip_prefix("workload-")?.parse().ok()
}

/// The value that a `description` annotation carries.
pub(crate) fn value_of_description(description: &str) -> Option<u64> {
    let (_, tail) = description.rsplit_once(VALUE_MARK)?;
    tail.strip_suffix('.')?.parse().ok()
}

/// An instant in Unix milliseconds as RFC 3339 text in UTC.
fn format_time(unix_ms: u64) -> String {
    let seconds = unix_ms / 1000;
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let milli = unix_ms % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The date that is `days` after 1 January 1970.
fn civil_date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    loop {
        let length = 365 + u64::from(is_leap(year));
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_rfc_3339() {
        assert_eq!(format_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(format_time(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(format_time(1_795_321_445_678), "2026-11-22T04:24:05.678Z");
    }

    #[test]
    fn a_body_gives_back_its_ids_and_its_value() {
        let mut body = Vec::new();
        let moment = Moment {
            starts_at: 1,
            ends_at_ms: 2000,
            value: 77,
            unrouted: false,
        };
        write_body(&mut body, 5..7, moment);
        let alerts: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
        assert_eq!(alerts.len(), 2);
        assert_eq!(alerts[0]["labels"].as_object().unwrap().len(), 8);
        assert_eq!(alerts[0]["annotations"].as_object().unwrap().len(), 3);
        assert_eq!(
            id_of_pod(alerts[1]["labels"]["pod"].as_str().unwrap()),
            Some(6)
        );
        let description = alerts[1]["annotations"]["description"].as_str().unwrap();
        assert_eq!(value_of_description(description), Some(77));
    }
}
