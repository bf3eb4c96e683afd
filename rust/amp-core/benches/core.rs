//! Labels, matchers, routes, inhibition and silences at the sizes of a large installation.
#![allow(missing_docs)]

use std::hint::black_box;

use amp_core::inhibit::InhibitIndex;
use amp_core::labels::LabelSet;
use amp_core::matcher::{Matcher, Mode, Op};
use amp_core::parse;
use amp_core::regex::Pattern;
use amp_core::route::RouteTree;
use amp_core::silence::{SilenceIndex, Verdict};
use amp_core::time::Time;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

/// Eight labels, as a busy Prometheus sends them.
fn alert(n: usize, severity: &str) -> LabelSet {
    let (name, cluster) = (format!("Alert{}", n % 100), format!("cluster-{}", n % 100));
    let (instance, team) = (format!("host-{n}:9100"), format!("team-{}", n % 1_000));
    LabelSet::from_pairs([
        ("alertname", &*name),
        ("cluster", &*cluster),
        ("instance", &*instance),
        ("job", "node"),
        ("namespace", "default"),
        ("pod", "node-exporter"),
        ("severity", severity),
        ("team", &*team),
    ])
}

fn labels(c: &mut Criterion) {
    let set = alert(1, "warning");
    c.bench_function("fingerprint of 8 labels", |b| {
        b.iter(|| black_box(&set).fingerprint());
    });
}

fn matchers(c: &mut Criterion) {
    c.bench_function("matcher list parsed", |b| {
        b.iter(|| {
            parse::matchers(
                black_box(r#"{severity="critical",team!="db",a="b"}"#),
                Mode::Fallback,
            )
        });
    });
    let pattern = Pattern::anchored("node-(a|b)[0-9]+.*").unwrap_or_else(|_| unreachable!());
    c.bench_function("regular expression matched", |b| {
        b.iter(|| pattern.matches(black_box("node-a17.example.com")));
    });
}

fn routes(c: &mut Criterion) {
    let routes: Vec<Value> = (0..1_000)
        .map(|n| json!({"matchers": [["team", "=", format!("team-{n}")]], "group_by": ["alertname"]}))
        .collect();
    let plan = json!({"receiver": "r", "routes": routes});
    let Ok(tree) = RouteTree::compile(&plan) else {
        return;
    };
    let set = alert(999, "warning");
    c.bench_function("tree of 1,000 routes", |b| {
        b.iter(|| tree.match_indices(black_box(&set)));
    });
    c.bench_function("tree of 1,000 routes compiled", |b| {
        b.iter(|| RouteTree::compile(black_box(&plan)));
    });
}

/// A rule for each alert name, with the sources spread over clusters.
fn rules(count: usize) -> Value {
    (0..count)
        .map(|n| {
            json!({"source_matchers": [["severity", "=", "critical"], ["alertname", "=", format!("Alert{n}")]],
                "target_matchers": [["severity", "=~", "warning|info"]], "equal": ["cluster", "team"]})
        })
        .collect()
}

fn inhibition(c: &mut Criterion) {
    let now = Time::new(1_000, 0);
    let end = Time::new(2_000, 0);
    let Ok(mut index) = InhibitIndex::compile(&rules(100)) else {
        return;
    };
    for n in 0..10_000 {
        let set = alert(n, "critical");
        index.update(set.fingerprint(), &set, end);
    }
    let (hit, miss) = (alert(500, "warning"), {
        let other = alert(500, "warning");
        let pairs = other.iter().map(|label| (&*label.name, &*label.value));
        LabelSet::from_pairs(pairs.chain([("cluster", "elsewhere")]))
    });
    c.bench_function("inhibited, 100 rules, 10,000 sources", |b| {
        b.iter(|| index.first(1, black_box(&hit), now));
    });
    c.bench_function("not inhibited, 100 rules, 10,000 sources", |b| {
        b.iter(|| index.first(1, black_box(&miss), now));
    });
    let source = alert(77, "critical");
    let fingerprint = source.fingerprint();
    c.bench_function("source seen again, 100 rules, 10,000 sources", |b| {
        b.iter(|| index.update(black_box(fingerprint), &source, end));
    });
    let target = alert(77, "warning");
    c.bench_function("no source, 100 rules", |b| {
        b.iter(|| index.update(black_box(1), &target, end));
    });
    // The hardest case: every source of every rule is a candidate.
    let rules: Value = (0..100)
        .map(|n| {
            json!({"source_matchers": [["severity", "=", "critical"]],
                "target_matchers": [["severity", "!=", "critical"], ["pod", "=", format!("p{n}")]]})
        })
        .collect();
    let Ok(mut index) = InhibitIndex::compile(&rules) else {
        return;
    };
    for n in 0..10_000 {
        let set = alert(n, "critical");
        index.update(set.fingerprint(), &set, end);
    }
    c.bench_function(
        "not inhibited, 100 rules without equal, 10,000 sources",
        |b| {
            b.iter(|| index.first(1, black_box(&hit), now));
        },
    );
}

fn silences(c: &mut Criterion) {
    let mut index = SilenceIndex::default();
    for n in 0..1_000 {
        let matchers = [
            Matcher::new("alertname", Op::Equal, "Alert7"),
            Matcher::new("instance", Op::Equal, &format!("host-{n}:9100")),
            Matcher::new("pod", Op::Match, "node-.*"),
        ];
        let set: Vec<Matcher> = matchers.into_iter().flatten().collect();
        index.set(
            &format!("silence-{n}"),
            vec![set],
            Time::new(0, 0),
            Time::new(2_000, 0),
        );
    }
    let set = alert(7, "warning");
    c.bench_function("first verdict, 1,000 silences", |b| {
        b.iter(|| {
            let mut verdict = Verdict::default();
            index.verdict(black_box(&set), &mut verdict);
            verdict
        });
    });
    let mut verdict = Verdict::default();
    index.verdict(&set, &mut verdict);
    c.bench_function("cached verdict, 1,000 silences", |b| {
        b.iter(|| {
            index.verdict(black_box(&set), &mut verdict);
            index.active(&verdict, Time::new(1_000, 0)).count()
        });
    });
}

criterion_group!(core, labels, matchers, routes, inhibition, silences);
criterion_main!(core);
