//! What templates see: the data of one notification.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::Error;
use crate::labels::{Label, LabelSet};
use crate::time::Time;

/// The data of one notification. Field names are upstream's, in snake case.
///
/// Upstream: template/template.go `Data`.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// The receiver's name, quoted for regular expressions.
    pub receiver: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// The alerts, in the order of the notification.
    pub alerts: Arc<[Arc<Alert>]>,
    /// Why the notification is sent.
    pub notification_reason: String,
    /// The labels by which the group is grouped.
    pub group_labels: LabelSet,
    /// Labels that all alerts share.
    pub common_labels: LabelSet,
    /// Annotations that all alerts share.
    pub common_annotations: LabelSet,
    /// The route's labels, rendered or not.
    pub route_labels: LabelSet,
    /// Whether `routeLabels` returns the values as they are; else it renders them as templates.
    pub route_labels_rendered: bool,
    /// Whether messages name the type `template.Data` (as amtool's) instead of `*template.Data`.
    pub by_value: bool,
    /// The address of the server's pages, without a slash at its end.
    pub external_url: String,
}

/// One alert as templates see it.
#[derive(Debug, Clone)]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    /// The alert's labels.
    pub labels: LabelSet,
    /// The alert's annotations.
    pub annotations: LabelSet,
    /// When it began.
    pub starts_at: Time,
    /// When it ended; the zero time while it fires.
    pub ends_at: Time,
    /// Where it came from.
    pub generator_url: String,
    /// 16 hexadecimal digits.
    pub fingerprint: String,
}

impl Data {
    /// Reads the data from JSON in the shape of the webhook's body; absent keys and null are empty.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice::<Raw<'_>>(json)
            .map(Self::from)
            .map_err(|error| Error::Decode(format!("template data: {error}")))
    }
}

/// The JSON of [`Data`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow)]
    receiver: Option<Cow<'a, str>>,
    status: Option<Cow<'a, str>>,
    alerts: Option<Vec<RawAlert<'a>>>,
    #[serde(rename = "notification_reason")]
    notification_reason: Option<Cow<'a, str>>,
    group_labels: Option<Pairs>,
    common_labels: Option<Pairs>,
    common_annotations: Option<Pairs>,
    route_labels: Option<Pairs>,
    #[serde(rename = "externalURL")]
    external_url: Option<Cow<'a, str>>,
}

/// The JSON of [`Alert`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAlert<'a> {
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    labels: Option<Pairs>,
    annotations: Option<Pairs>,
    starts_at: Option<Instant>,
    ends_at: Option<Instant>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<Cow<'a, str>>,
    fingerprint: Option<Cow<'a, str>>,
}

fn text(text: Option<Cow<'_, str>>) -> String {
    text.unwrap_or_default().into_owned()
}

fn pairs(pairs: Option<Pairs>) -> LabelSet {
    pairs.map(|pairs| pairs.0).unwrap_or_default()
}

fn time(at: Option<Instant>) -> Time {
    at.map_or(Time::ZERO, |at| at.0)
}

impl From<Raw<'_>> for Data {
    fn from(raw: Raw<'_>) -> Self {
        let alerts = raw.alerts.unwrap_or_default().into_iter();
        Self {
            receiver: text(raw.receiver),
            status: text(raw.status),
            alerts: alerts.map(|alert| Arc::new(alert.into())).collect(),
            notification_reason: text(raw.notification_reason),
            group_labels: pairs(raw.group_labels),
            common_labels: pairs(raw.common_labels),
            common_annotations: pairs(raw.common_annotations),
            route_labels: pairs(raw.route_labels),
            route_labels_rendered: false,
            by_value: false,
            external_url: text(raw.external_url),
        }
    }
}

impl From<RawAlert<'_>> for Alert {
    fn from(raw: RawAlert<'_>) -> Self {
        Self {
            status: text(raw.status),
            labels: pairs(raw.labels),
            annotations: pairs(raw.annotations),
            starts_at: time(raw.starts_at),
            ends_at: time(raw.ends_at),
            generator_url: text(raw.generator_url),
            fingerprint: text(raw.fingerprint),
        }
    }
}

/// An RFC 3339 text; the empty one is the zero time.
struct Instant(Time);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(source)?;
        if text.is_empty() {
            return Ok(Self(Time::ZERO));
        }
        Time::parse_api(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// A map of texts.
struct Pairs(LabelSet);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut labels = Vec::with_capacity(8);
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            labels.push(Arc::new(Label {
                name: name.into(),
                value: value.into(),
            }));
        }
        Ok(Pairs(LabelSet::new(labels)))
    }
}
