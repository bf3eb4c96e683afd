//! What happened, as JSON: the events that recorders are told of.
//!
//! Upstream: eventrecorder/eventrecorderpb/eventrecorder.proto, written as protobuf's JSON.

mod payload;
mod queue;
mod text;

pub use payload::{
    AlertEvent, GroupEvent, Notified, write_alert, write_grouped_alert, write_inhibition,
    write_matchers, write_notification, write_rule, write_silence, write_silence_muting,
};
pub use queue::{EventQueue, Recorded};

/// The kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The process starts.
    Startup,
    /// The process ends in order.
    Shutdown,
    /// An alert that was not known came.
    AlertCreated,
    /// A flush told of an alert's end.
    AlertResolved,
    /// An alert went into a group, or came again.
    AlertGrouped,
    /// A receiver took a notification.
    Notification,
    /// A silence was made.
    SilenceCreated,
    /// A silence was changed.
    SilenceUpdated,
    /// A silence held an alert back.
    SilenceMutedAlert,
    /// Other alerts held an alert back.
    InhibitionMutedAlert,
}

impl Kind {
    /// Every kind, in the order of the messages' numbers.
    pub const ALL: [Self; 10] = [
        Self::Startup,
        Self::Shutdown,
        Self::AlertCreated,
        Self::AlertResolved,
        Self::AlertGrouped,
        Self::Notification,
        Self::SilenceCreated,
        Self::SilenceUpdated,
        Self::SilenceMutedAlert,
        Self::InhibitionMutedAlert,
    ];

    /// The name that metrics show.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// The key of the payload.
    fn key(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Startup => ("alertmanager_startup_event", "alertmanagerStartupEvent"),
            Self::Shutdown => ("alertmanager_shutdown_event", "alertmanagerShutdownEvent"),
            Self::AlertCreated => ("alert_created", "alertCreated"),
            Self::AlertResolved => ("alert_resolved", "alertResolved"),
            Self::AlertGrouped => ("alert_grouped", "alertGrouped"),
            Self::Notification => ("notification", "notification"),
            Self::SilenceCreated => ("silence_created", "silenceCreated"),
            Self::SilenceUpdated => ("silence_updated", "silenceUpdated"),
            Self::SilenceMutedAlert => ("silence_muted_alert", "silenceMutedAlert"),
            Self::InhibitionMutedAlert => ("inhibition_muted_alert", "inhibitionMutedAlert"),
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
