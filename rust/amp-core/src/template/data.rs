//! What templates see: the data of one notification.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::error::Error;
use crate::labels::LabelSet;
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
    pub group_labels: Arc<LabelSet>,
    /// Labels that all alerts share.
    pub common_labels: Arc<LabelSet>,
    /// Annotations that all alerts share.
    pub common_annotations: Arc<LabelSet>,
    /// The route's labels, rendered or not.
    pub route_labels: Arc<LabelSet>,
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
    pub labels: Arc<LabelSet>,
    /// The alert's annotations.
    pub annotations: Arc<LabelSet>,
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
    /// Reads the data from JSON in the shape of the webhook's body; absent keys are empty.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let json: Json = serde_json::from_slice(json)
            .map_err(|e| Error::Decode(format!("template data: {e}")))?;
        let alerts = match json.get("alerts") {
            Some(Json::Array(alerts)) => alerts.iter().map(alert).collect::<Result<_, _>>()?,
            None | Some(Json::Null) => Vec::new(),
            Some(_) => return Err(Error::Decode("template data: alerts is no list".into())),
        };
        Ok(Self {
            receiver: text(&json, "receiver")?,
            status: text(&json, "status")?,
            alerts: alerts.into(),
            notification_reason: text(&json, "notification_reason")?,
            group_labels: pairs(&json, "groupLabels")?,
            common_labels: pairs(&json, "commonLabels")?,
            common_annotations: pairs(&json, "commonAnnotations")?,
            route_labels: pairs(&json, "routeLabels")?,
            route_labels_rendered: false,
            by_value: false,
            external_url: text(&json, "externalURL")?,
        })
    }
}

fn alert(json: &Json) -> Result<Arc<Alert>, Error> {
    Ok(Arc::new(Alert {
        status: text(json, "status")?,
        labels: pairs(json, "labels")?,
        annotations: pairs(json, "annotations")?,
        starts_at: time(json, "startsAt")?,
        ends_at: time(json, "endsAt")?,
        generator_url: text(json, "generatorURL")?,
        fingerprint: text(json, "fingerprint")?,
    }))
}

fn text(json: &Json, key: &str) -> Result<String, Error> {
    match json.get(key) {
        Some(Json::String(text)) => Ok(text.clone()),
        None | Some(Json::Null) => Ok(String::new()),
        Some(_) => Err(Error::Decode(format!("template data: {key} is no text"))),
    }
}

fn time(json: &Json, key: &str) -> Result<Time, Error> {
    match text(json, key)?.as_str() {
        "" => Ok(Time::ZERO),
        text => Time::parse_api(text)
            .map_err(|e| Error::Decode(format!("template data: {key} is no time: {e}"))),
    }
}

fn pairs(json: &Json, key: &str) -> Result<Arc<LabelSet>, Error> {
    let bad = || Error::Decode(format!("template data: {key} is no map of texts"));
    match json.get(key) {
        Some(Json::Object(map)) => {
            let pairs = map
                .iter()
                .map(|(name, value)| Ok((&**name, value.as_str().ok_or_else(bad)?)))
                .collect::<Result<Vec<_>, Error>>()?;
            Ok(Arc::new(LabelSet::from_pairs(pairs)))
        }
        None | Some(Json::Null) => Ok(Arc::default()),
        Some(_) => Err(bad()),
    }
}
