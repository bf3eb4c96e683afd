//! Checks of an event with the default details, as `PagerDuty` takes it.

use serde::Deserialize;

use crate::notification::{Notification, number_of, require};

#[derive(Deserialize)]
struct Event {
    routing_key: String,
    dedup_key: String,
    #[serde(rename = "event_action")]
    action: String,
    client: String,
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    summary: String,
    severity: String,
    custom_details: Details,
}

#[derive(Deserialize)]
struct Details {
    firing: Vec<serde_json::Value>,
    resolved: Vec<serde_json::Value>,
    num_firing: u64,
    num_resolved: u64,
}

/// Reads an event of one alert; its dedup key stands for the group.
pub(crate) fn check(body: &[u8]) -> Result<Notification, String> {
    let event: Event = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let resolved = match event.action.as_str() {
        "trigger" => false,
        "resolve" => true,
        other => return Err(format!("an unknown action {other}")),
    };
    require(event.routing_key == "default", "another routing key")?;
    require(event.dedup_key.len() == 64, "no dedup key")?;
    require(event.client == "Alertmanager", "no client")?;
    require(event.payload.severity == "error", "no severity")?;
    require(!event.payload.summary.is_empty(), "no summary")?;
    let details = &event.payload.custom_details;
    let counts = (u64::from(!resolved), u64::from(resolved));
    require(
        (details.num_firing, details.num_resolved) == counts,
        "counts that contradict the action",
    )?;
    require(
        (details.firing.len() as u64, details.resolved.len() as u64) == counts,
        "lists that contradict the counts",
    )?;
    Ok(Notification {
        alerts: vec![(number_of(&event.dedup_key), !resolved)],
        group_key: event.dedup_key,
        resolved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_must_agree_with_the_counts() {
        let event = |action: &str, firing: &str, count: u64| {
            format!(
                r#"{{"routing_key":"default","dedup_key":"{:064}","event_action":"{action}","client":"Alertmanager","payload":{{
                "summary":"s","severity":"error","custom_details":{{"firing":{firing},"resolved":[],"num_firing":{count},"num_resolved":0}}}}}}"#,
                7
            )
        };
        assert!(
            !check(event("trigger", "[{}]", 1).as_bytes())
                .unwrap()
                .resolved
        );
        assert!(check(event("resolve", "[{}]", 1).as_bytes()).is_err());
        assert!(check(event("trigger", "[]", 1).as_bytes()).is_err());
    }
}
