//! What templates see of a batch.

use std::sync::Arc;

use super::batch::{
    Batch, Item, common_labels, quote_meta, write_common_annotations, write_fingerprint,
};
use crate::json;
use crate::labels::{Label, LabelSet};
use crate::template::{Alert, Data};

impl Batch {
    /// The data of templates. `reason` says why now.
    ///
    /// Upstream: template/template.go `Template.Data`.
    pub fn template_data(&self, reason: &str, external_url: &str) -> Data {
        let items = self.items();
        let firing = items.iter().any(|item| item.firing);
        let mut common_annotations = String::new();
        write_common_annotations(&mut common_annotations, items);
        Data {
            receiver: quote_meta(&self.head.receiver),
            status: status(firing).into(),
            alerts: items.iter().map(|item| Arc::new(alert(item))).collect(),
            notification_reason: reason.into(),
            group_labels: self.head.group_labels.clone(),
            common_labels: common_labels(items),
            common_annotations: label_set(&common_annotations),
            route_labels: label_set(&self.head.route_labels),
            route_labels_rendered: true,
            by_value: false,
            external_url: external_url.into(),
        }
    }
}

fn status(firing: bool) -> &'static str {
    if firing { "firing" } else { "resolved" }
}

fn alert(item: &Item) -> Alert {
    let mut fingerprint = String::with_capacity(16);
    write_fingerprint(&mut fingerprint, item.fingerprint);
    Alert {
        status: status(item.firing).into(),
        labels: item.labels.clone(),
        annotations: label_set(&item.annotations),
        starts_at: item.starts_at,
        ends_at: item.ends_at,
        generator_url: json::unescape(&item.generator_url),
        fingerprint,
    }
}

/// The names and values of an object of strings that this crate wrote.
fn label_set(object: &str) -> LabelSet {
    let inside = |literal: &str| {
        let end = literal.len().saturating_sub(1);
        json::unescape(literal.get(1..end).unwrap_or_default())
    };
    let labels = json::string_pairs(object).into_iter().map(|(name, value)| {
        Arc::new(Label {
            name: inside(name).into(),
            value: inside(value).into(),
        })
    });
    LabelSet::new(labels.collect())
}
