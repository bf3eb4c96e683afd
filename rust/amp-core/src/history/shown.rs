//! Episodes as the API shows them.

use std::fmt::Write as _;

use super::rows::Id;
use crate::engine::batch::write_fingerprint;
use crate::error::Error;
use crate::json;
use crate::time::Time;

/// An episode with what belongs to it, as the store gives it.
// Independent facts, not the states of a machine.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone)]
pub struct StoredEpisode {
    /// When it began.
    pub starts_at_ns: i64,
    /// Of which series.
    pub series_id: Id,
    /// When it ended.
    pub ends_at_ns: Option<i64>,
    /// Why, 0 while it is open.
    pub ended_by: usize,
    /// Whether a silence held it back.
    pub silenced: bool,
    /// Whether another alert held it back.
    pub inhibited: bool,
    /// Whether a receiver was told of it.
    pub notified: bool,
    /// Whether an attempt to tell of it failed.
    pub failed: bool,
    /// The highest rate at its transitions.
    pub flap: f64,
    /// The public identity of the alert.
    pub fingerprint: u64,
    /// A JSON object of texts.
    pub labels: String,
    /// How many episodes the alert has.
    pub fires: i64,
    /// A JSON object.
    pub annotations: Option<String>,
    /// The generator URL.
    pub generator_url: Option<String>,
    /// A JSON list of names.
    pub receivers: Option<String>,
}

/// The episode as a JSON object; one that fires lasts until now.
pub fn shown(episode: &StoredEpisode, now_ns: i64) -> Result<String, Error> {
    let mut labels = json::read_object(&episode.labels);
    labels.sort_unstable();
    let name = labels.iter().find(|(name, _)| name == "alertname");
    let mut out = String::with_capacity(episode.labels.len() + 768);
    out.push_str("{\"fingerprint\":\"");
    write_fingerprint(&mut out, episode.fingerprint);
    out.push_str("\",\"alert_name\":");
    json::write_str(&mut out, name.map_or("", |(_, value)| value));
    let resolved = episode.ends_at_ns.is_some();
    let status = if resolved { "resolved" } else { "firing" };
    let _ = write!(out, ",\"status\":\"{status}\",\"labels\":{{");
    for (at, (name, value)) in labels.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(&mut out, name);
        out.push(':');
        json::write_str(&mut out, value);
    }
    out.push_str("},\"annotations\":");
    out.push_str(episode.annotations.as_deref().unwrap_or("{}"));
    out.push_str(",\"starts_at\":");
    time(&mut out, episode.starts_at_ns);
    out.push_str(",\"ends_at\":");
    match episode.ends_at_ns {
        Some(ends_at_ns) => time(&mut out, ends_at_ns),
        None => out.push_str("null"),
    }
    let lasted = episode
        .ends_at_ns
        .unwrap_or(now_ns)
        .saturating_sub(episode.starts_at_ns)
        .max(0);
    // Thousandths of a second; half of one counts as one.
    let thousandths = lasted.saturating_add(500_000) / 1_000_000;
    let (seconds, rest) = (thousandths / 1_000, thousandths % 1_000);
    let _ = write!(out, ",\"duration_seconds\":{seconds}.{rest:03}");
    let _ = write!(out, ",\"fire_count\":{},\"generator_url\":", episode.fires);
    json::write_str(
        &mut out,
        episode.generator_url.as_deref().unwrap_or_default(),
    );
    out.push_str(",\"receivers\":[");
    let mut receivers: Vec<String> = match &episode.receivers {
        Some(list) => {
            serde_json::from_str(list).map_err(|error| Error::Decode(error.to_string()))?
        }
        None => Vec::new(),
    };
    receivers.sort_unstable();
    receivers.dedup();
    for (at, receiver) in receivers.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_str(&mut out, receiver);
    }
    let score = 1.0 - (-episode.flap / 4.0).exp2();
    let by = ["null", "\"sender\"", "\"timeout\"", "\"unknown\""];
    let _ = write!(
        out,
        "],\"silenced\":{},\"inhibited\":{},\"delivery\":{{\"delivered\":{},\"failed\":{}}},\
         \"flapping_score\":{:.4},\"ended_by\":{}}}",
        episode.silenced,
        episode.inhibited,
        episode.notified,
        episode.failed,
        score,
        by.get(episode.ended_by).unwrap_or(&"null"),
    );
    Ok(out)
}

fn time(out: &mut String, at_ns: i64) {
    out.push('"');
    Time::from_unix_ns(at_ns).write_rfc3339_millis(out);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode() -> StoredEpisode {
        StoredEpisode {
            starts_at_ns: 1_500_000_000,
            series_id: 1,
            ends_at_ns: Some(4_000_400_000),
            ended_by: 2,
            silenced: true,
            inhibited: false,
            notified: true,
            failed: false,
            flap: 4.0,
            fingerprint: 0xAB,
            labels: r#"{"b": "<x>", "alertname": "A\"B"}"#.into(),
            fires: 3,
            annotations: Some("{\"summary\":\"s\"}".into()),
            generator_url: Some("http://p/?a&b".into()),
            receivers: Some(r#"["two", "one", "two"]"#.into()),
        }
    }

    #[test]
    fn an_episode_is_shown_whole() {
        assert_eq!(
            shown(&episode(), 0).unwrap(),
            "{\"fingerprint\":\"00000000000000ab\",\"alert_name\":\"A\\\"B\",\"status\":\"resolved\",\
             \"labels\":{\"alertname\":\"A\\\"B\",\"b\":\"\\u003cx\\u003e\"},\
             \"annotations\":{\"summary\":\"s\"},\"starts_at\":\"1970-01-01T00:00:01.500Z\",\
             \"ends_at\":\"1970-01-01T00:00:04.000Z\",\"duration_seconds\":2.500,\"fire_count\":3,\
             \"generator_url\":\"http://p/?a\\u0026b\",\"receivers\":[\"one\",\"two\"],\
             \"silenced\":true,\"inhibited\":false,\
             \"delivery\":{\"delivered\":true,\"failed\":false},\"flapping_score\":0.5000,\
             \"ended_by\":\"timeout\"}"
        );
    }

    #[test]
    fn one_that_fires_lasts_until_now_and_may_lack_much() {
        let firing = StoredEpisode {
            ends_at_ns: None,
            ended_by: 0,
            annotations: None,
            generator_url: None,
            receivers: None,
            ..episode()
        };
        let text = shown(&firing, 2_000_000_000).unwrap();
        assert!(text.contains("\"status\":\"firing\""));
        assert!(text.contains("\"annotations\":{}"));
        assert!(text.contains("\"ends_at\":null,\"duration_seconds\":0.500"));
        assert!(text.contains("\"receivers\":[]"));
        assert!(text.ends_with("\"ended_by\":null}"));
        let earlier = shown(&firing, 0).unwrap();
        assert!(earlier.contains("\"duration_seconds\":0.000"));
        let broken = StoredEpisode {
            receivers: Some("x".into()),
            ..episode()
        };
        assert!(shown(&broken, 0).is_err());
    }
}
