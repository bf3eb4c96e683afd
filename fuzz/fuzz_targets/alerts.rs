//! Any two bodies posted after each other: never a panic, and what is stored is shown as JSON and survives its rows.
#![no_main]

use std::sync::Arc;

use amp_core::engine::{Engine, Filter};
use amp_core::template::Templates;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_800_000_000_000_000_000;
const PLAN: &[u8] = br#"{"route":{"receiver":"r","group_by":["a"],"routes":[{"matchers":[["b","=~","c|"]]}]},
    "inhibit_rules":[{"source_matchers":[["a","=","b"]],"target_matchers":[["b","!=","c"]],"equal":["d"]}]}"#;

fn shown(engine: &mut Engine) -> Vec<u8> {
    let filter = Filter {
        active: true,
        silenced: true,
        inhibited: true,
        matchers: Vec::new(),
        receivers: None,
        and_receivers: None,
    };
    engine.query_alerts(NOW + 1, &filter)
}

fuzz_target!(|bodies: (&[u8], &[u8])| {
    let mut engine = Engine::new();
    let mut groups = engine
        .configure(PLAN, Arc::new(Templates::default()), NOW)
        .unwrap_or_default();
    for (body, now) in [(bodies.0, NOW), (bodies.1, NOW + 1)] {
        groups.extend(engine.ingest(body, now, 1_000_000_000).timers);
    }
    let before = shown(&mut engine);
    assert!(std::str::from_utf8(&before).is_ok_and(|text| text.ends_with("]\n")));
    for (id, _, _) in groups {
        for batch in engine.flush(&[id], NOW + 2).into_iter().flatten() {
            let _ = batch.webhook_json("", "", 1);
            let batch = engine.drop_silenced(&batch, NOW + 2);
            engine.complete(&batch, 0);
        }
    }
    let rows = engine.drain(usize::MAX);
    let mut again = Engine::new();
    let _ = again.restore(&rows, NOW + 1, 0);
    let _ = shown(&mut again);
    engine.collect_garbage(i64::MAX);
});
