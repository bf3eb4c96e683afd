//! Checks of a message with the default texts, as Slack's webhooks take it.

use serde::Deserialize;

use crate::notification::{Notification, number_of, require};

#[derive(Deserialize)]
struct Message {
    username: String,
    attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    title: String,
    title_link: String,
    fallback: String,
    color: String,
    mrkdwn_in: Vec<String>,
}

/// Reads a message of one alert; its title after the status stands for the group.
pub(crate) fn check(body: &[u8]) -> Result<Notification, String> {
    let message: Message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    require(message.username == "Alertmanager", "no username")?;
    let [attachment] = message.attachments.as_slice() else {
        return Err("not one attachment".to_owned());
    };
    let (status, group) = attachment.title.split_once(' ').ok_or("no title")?;
    let resolved = match status {
        "[FIRING:1]" => false,
        "[RESOLVED]" => true,
        _ => return Err(format!("a title that begins with {status}")),
    };
    let color = if resolved { "good" } else { "danger" };
    require(attachment.color == color, "a color of another status")?;
    require(
        attachment.fallback.starts_with(&attachment.title),
        "a fallback of another title",
    )?;
    require(
        attachment.title_link.contains("/#/alerts?receiver="),
        "no link",
    )?;
    require(attachment.mrkdwn_in.len() == 3, "no mrkdwn_in")?;
    Ok(Notification {
        group_key: group.to_owned(),
        resolved,
        alerts: vec![(number_of(group), !resolved)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_must_agree_with_the_color() {
        let message = |status: &str, color: &str| {
            format!(
                r#"{{"username":"Alertmanager","attachments":[{{"title":"{status} a b","title_link":"h/#/alerts?receiver=r",
                "fallback":"{status} a b | h","color":"{color}","mrkdwn_in":["fallback","pretext","text"]}}]}}"#
            )
        };
        let told = check(message("[RESOLVED]", "good").as_bytes()).unwrap();
        assert!(told.resolved);
        assert_eq!(told.group_key, "a b");
        assert!(check(message("[RESOLVED]", "danger").as_bytes()).is_err());
        assert!(check(message("[FIRING:2]", "danger").as_bytes()).is_err());
    }
}
