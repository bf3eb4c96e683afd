//! What a notification says, and the checks of a webhook's body.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a body that passed the checks says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) group_key: String,
    pub(crate) resolved: bool,
    /// Fingerprint of each alert, and whether it fires.
    pub(crate) alerts: Vec<(u64, bool)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    version: String,
    group_key: String,
    status: String,
    receiver: String,
    truncated_alerts: u64,
    #[serde(rename = "externalURL")]
    external_url: String,
    group_labels: BTreeMap<String, String>,
    common_labels: BTreeMap<String, String>,
    common_annotations: BTreeMap<String, String>,
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: String,
    fingerprint: String,
}

/// Reads a body and checks everything that its alerts determine.
pub(crate) fn check(body: &[u8]) -> Result<Notification, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    require(body.version == "4", "version is not 4")?;
    require(!body.group_key.is_empty(), "no groupKey")?;
    require(!body.receiver.is_empty(), "no receiver")?;
    require(body.external_url.starts_with("http"), "no externalURL")?;
    require(body.truncated_alerts == 0, "alerts were cut off")?;
    require(!body.alerts.is_empty(), "no alerts")?;
    require(!body.group_labels.is_empty(), "no groupLabels")?;
    require(
        within(&body.group_labels, &body.common_labels),
        "groupLabels are not common",
    )?;
    let mut alerts = Vec::with_capacity(body.alerts.len());
    for alert in &body.alerts {
        alerts.push((check_alert(alert)?, alert.status == "firing"));
        require(
            within(&body.common_labels, &alert.labels),
            "commonLabels are not common",
        )?;
        require(
            within(&body.common_annotations, &alert.annotations),
            "commonAnnotations are not common",
        )?;
    }
    let firing = alerts.iter().any(|(_, firing)| *firing);
    require(
        body.status == if firing { "firing" } else { "resolved" },
        "status contradicts the alerts",
    )?;
    Ok(Notification {
        group_key: body.group_key,
        resolved: !firing,
        alerts,
    })
}

fn check_alert(alert: &Alert) -> Result<u64, String> {
    let firing = alert.status == "firing";
    require(
        firing || alert.status == "resolved",
        "an alert without a status",
    )?;
    require(alert.labels.len() == 8, "an alert without its 8 labels")?;
    require(
        alert.annotations.len() == 3,
        "an alert without its 3 annotations",
    )?;
    require(
        alert.starts_at.starts_with("20"),
        "an alert without a start",
    )?;
    require(
        firing == alert.ends_at.starts_with("0001-"),
        "an end that contradicts the status",
    )?;
    require(
        alert.generator_url.starts_with("http"),
        "an alert without its generatorURL",
    )?;
    let fingerprint = fingerprint(&alert.labels);
    require(
        alert.fingerprint == format!("{fingerprint:016x}"),
        "a fingerprint that is not of the labels",
    )?;
    Ok(fingerprint)
}

pub(crate) fn require(holds: bool, complaint: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(complaint.to_owned())
    }
}

fn within(part: &BTreeMap<String, String>, whole: &BTreeMap<String, String>) -> bool {
    part.iter()
        .all(|(name, value)| whole.get(name) == Some(value))
}

/// A number for a text that stands for an alert.
pub(crate) fn number_of(text: &str) -> u64 {
    fingerprint(&BTreeMap::from([(text.to_owned(), String::new())]))
}

/// FNV-1a over the sorted labels, each name and value closed by a byte 255.
fn fingerprint(labels: &BTreeMap<String, String>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        for byte in text.bytes().chain([255]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn body() -> Value {
        let labels: BTreeMap<String, String> = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .iter()
            .map(|name| ((*name).to_owned(), format!("value of {name}")))
            .collect();
        json!({
            "version": "4", "groupKey": "{}:{a=\"value of a\"}", "status": "firing", "receiver": "sink",
            "truncatedAlerts": 0, "externalURL": "http://localhost:9093",
            "groupLabels": {"a": "value of a"}, "commonLabels": labels, "commonAnnotations": {},
            "alerts": [{
                "status": "firing", "labels": labels, "annotations": {"x": "", "y": "", "z": ""},
                "startsAt": "2026-11-22T04:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus:9090/", "fingerprint": format!("{:016x}", fingerprint(&labels)),
            }],
        })
    }

    #[test]
    fn a_true_body_passes() {
        let notification = check(body().to_string().as_bytes()).unwrap();
        assert!(!notification.resolved);
        assert_eq!(notification.alerts.len(), 1);
    }

    #[test]
    fn each_false_field_is_refused() {
        for (pointer, wrong) in [
            ("/version", json!("1")),
            ("/groupKey", json!("")),
            ("/status", json!("resolved")),
            ("/alerts", json!([])),
            ("/alerts/0/fingerprint", json!("0000000000000000")),
            ("/alerts/0/labels/a", json!("another")),
            ("/alerts/0/endsAt", json!("2026-11-22T04:00:00Z")),
            ("/truncatedAlerts", json!(1)),
        ] {
            let mut body = body();
            *body.pointer_mut(pointer).unwrap() = wrong;
            assert!(check(body.to_string().as_bytes()).is_err(), "{pointer}");
        }
    }

    #[test]
    fn no_labels_have_the_fingerprint_of_nothing() {
        assert_eq!(
            format!("{:016x}", fingerprint(&BTreeMap::new())),
            "cbf29ce484222325"
        );
    }
}
