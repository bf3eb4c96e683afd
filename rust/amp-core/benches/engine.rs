//! The engine under load: POSTs of 64 alerts, GETs, flushes.

// A benchmark may stop at the first surprise.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use amp_core::alert::decode;
use amp_core::engine::{Engine, Filter, GroupFilter};
use amp_core::matcher::{Matcher, Op};
use amp_core::template::Templates;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const NOW: i64 = 1_800_000_000_000_000_000;
const MINUTE: i64 = 60_000_000_000;

/// 50 team routes and 20 inhibit rules.
fn plan() -> Vec<u8> {
    let mut routes = String::new();
    let mut rules = String::new();
    for team in 0..50 {
        let comma = if team > 0 { "," } else { "" };
        let _ = write!(
            routes,
            r#"{comma}{{"receiver":"team-{team}","matchers":[["team","=","team-{team}"]]}}"#
        );
    }
    for rule in 0..20 {
        let comma = if rule > 0 { "," } else { "" };
        let _ = write!(
            rules,
            r#"{comma}{{"source_matchers":[["alertname","=","Down{rule}"]],
            "target_matchers":[["severity","=","warning"]],"equal":["cluster","namespace"]}}"#
        );
    }
    format!(
        r#"{{"mode":"fallback","route":{{"receiver":"default","group_by":["alertname","cluster"],"routes":[{routes}]}},
        "inhibit_rules":[{rules}]}}"#
    )
    .into_bytes()
}

/// A body as Prometheus writes it.
fn body(from: usize, to: usize, minute: usize) -> String {
    let mut out = String::from("[");
    for at in from..to {
        if at > from {
            out.push(',');
        }
        let (name, team, cluster) = (at % 200, at % 50, at % 7);
        let _ = write!(
            out,
            r#"{{"annotations":{{"description":"The value on host-{at}.example.net is above the threshold \u003e 90% for more than 5 minutes.","runbook_url":"https://runbooks.example.net/alerts/Alert{name}","summary":"Alert{name} on host-{at}"}},"endsAt":"2027-01-15T08:{:02}:04.123Z","startsAt":"2027-01-15T08:00:04.123Z","generatorURL":"http://prometheus.example.net:9090/graph?g0.expr=metric_{name}+%3E+90\u0026g0.tab=1","labels":{{"alertname":"Alert{name}","cluster":"cluster-{cluster}","instance":"host-{at}.example.net:9100","job":"node","namespace":"ns-{}","pod":"pod-{at}","severity":"warning","team":"team-{team}"}}}}"#,
            4 + minute,
            at % 31,
        );
    }
    out.push(']');
    out
}

fn engine(alerts: usize) -> Engine {
    let mut engine = Engine::new();
    engine
        .configure(&plan(), Arc::new(Templates::default()), NOW)
        .unwrap();
    for from in (0..alerts).step_by(64) {
        let report = engine.ingest(
            body(from, (from + 64).min(alerts), 0).as_bytes(),
            NOW,
            5 * MINUTE,
        );
        assert_eq!(report.status, 200);
    }
    engine.drain(usize::MAX);
    engine
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

fn decoding(criterion: &mut Criterion) {
    let body = body(0, 64, 0);
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("64 alerts", |bencher| {
        bencher.iter(|| decode::decode(black_box(&body)).unwrap());
    });
    group.finish();
}

fn sending_again(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("send again");
    group.throughput(Throughput::Elements(64));
    for alerts in [1_000, 10_000, 100_000] {
        let mut engine = engine(alerts);
        let bodies: Vec<String> = (0..2 * alerts)
            .step_by(64)
            .map(|from| (from % alerts).min(alerts - 64))
            .zip(0..)
            .map(|(from, at)| body(from, from + 64, usize::from(at * 64 >= alerts)))
            .collect();
        let mut bodies = bodies.iter().cycle();
        let mut now = NOW;
        group.bench_function(format!("64 of {alerts}"), |bencher| {
            bencher.iter(|| {
                now += 1_000;
                let body = bodies.next().unwrap();
                let report = engine.ingest(body.as_bytes(), now, 5 * MINUTE);
                assert_eq!(report.refreshed, 64);
            });
        });
        assert!(engine.drain(usize::MAX).is_empty());
    }
    group.finish();
}

fn new_alerts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new");
    group.throughput(Throughput::Elements(64));
    let body = body(0, 64, 0);
    group.bench_function("64 alerts", |bencher| {
        bencher.iter_batched_ref(
            || engine(0),
            |engine| engine.ingest(body.as_bytes(), NOW, 5 * MINUTE),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn queries(criterion: &mut Criterion) {
    let mut ten = engine(10_000);
    criterion.bench_function("query/all of 10000", |bencher| {
        bencher.iter(|| ten.query_alerts(NOW, &everything(Vec::new())));
    });
    criterion.bench_function("query/groups of 10000", |bencher| {
        let filter = GroupFilter {
            muted: true,
            alerts: everything(Vec::new()),
        };
        bencher.iter(|| ten.query_groups(NOW, &filter));
    });
    let mut hundred = engine(100_000);
    let filter = everything(vec![
        Matcher::new("alertname", Op::Equal, "Alert7").unwrap(),
    ]);
    criterion.bench_function("query/500 of 100000", |bencher| {
        bencher.iter(|| hundred.query_alerts(NOW, &filter));
    });
}

fn flushing(criterion: &mut Criterion) {
    let mut engine = engine(10_000);
    let ids: Vec<u64> = engine
        .configure(&plan(), Arc::new(Templates::default()), NOW)
        .unwrap()
        .iter()
        .map(|timer| timer.0)
        .collect();
    let mut at = 0;
    criterion.bench_function("flush/one group with its body", |bencher| {
        bencher.iter(|| {
            at = (at + 1) % ids.len();
            let batch = engine.flush(&ids[at..=at], NOW).remove(0).unwrap();
            let batch = engine.drop_inhibited(&batch, NOW);
            let batch = engine.drop_silenced(&batch, NOW);
            let body = batch.webhook_json("first notification", "http://example.net", 0);
            engine.complete(&batch, 0);
            body
        });
    });
}

criterion_group!(
    benches,
    decoding,
    sending_again,
    new_alerts,
    queries,
    flushing
);
criterion_main!(benches);
