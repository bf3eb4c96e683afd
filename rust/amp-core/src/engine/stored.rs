//! A batch of alerts that the history kept, to be rendered anew.

use std::sync::Arc;

use super::batch::{Batch, Head, Item};
use crate::json;
use crate::labels::LabelSet;
use crate::time::Time;

/// An alert as the history has it: labels and annotations as JSON objects, generator URL, start, end (0 while firing).
pub type StoredAlert = (String, String, String, i64, i64);

/// A batch of stored alerts, in the order given. It belongs to no living group.
pub fn stored_batch(
    receiver: &str,
    group_key: &str,
    group_labels: &str,
    alerts: &[StoredAlert],
) -> Batch {
    let head = Head {
        group_id: 0,
        route_index: 0,
        group_key: group_key.into(),
        receiver: receiver.into(),
        group_labels: label_set(group_labels),
        route_labels: "{}".into(),
        route_label_errors: Vec::new(),
        recorded: None,
    };
    let items = alerts
        .iter()
        .enumerate()
        .map(
            |(position, (labels, annotations, url, starts_at_ns, ends_at_ns))| {
                let labels = label_set(labels);
                let mut generator_url = String::with_capacity(url.len());
                json::write_escaped(&mut generator_url, url);
                let firing = *ends_at_ns == 0;
                Item {
                    // Of no living alert.
                    slot: u32::MAX,
                    position,
                    fingerprint: labels.fingerprint(),
                    labels,
                    annotations: annotations.as_str().into(),
                    generator_url: generator_url.into(),
                    starts_at: Time::from_unix_ns(*starts_at_ns),
                    ends_at: if firing {
                        Time::ZERO
                    } else {
                        Time::from_unix_ns(*ends_at_ns)
                    },
                    firing,
                    updated_at_ns: 0,
                }
            },
        )
        .collect();
    Batch::new(Arc::new(head), items)
}

fn label_set(object: &str) -> LabelSet {
    let pairs = json::read_object(object);
    LabelSet::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}
