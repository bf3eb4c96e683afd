//! Swapping in a configuration.

use super::Engine;
use super::groups::NewGroup;
use super::index::Slot;
use crate::error::Error;
use crate::inhibit::InhibitIndex;
use crate::json;
use crate::plan;
use crate::route::RouteTree;
use crate::template::Templates;
use crate::time::Time;
use std::sync::Arc;

impl Engine {
    /// Takes the routes and inhibit rules of a plan and rebuilds all groups from the alerts; the new groups. A plan
    /// that does not compile changes nothing.
    ///
    /// Upstream: a reload builds a new inhibitor and a new dispatcher from the provider's alerts.
    pub fn configure(
        &mut self,
        plan: &[u8],
        templates: Arc<Templates>,
        now_ns: i64,
    ) -> Result<Vec<NewGroup>, Error> {
        let plan = plan::parse(plan)?;
        let tree = RouteTree::compile(&plan)?;
        let inhibit = InhibitIndex::compile(&plan)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.configure(&tree, &plan)?;
        }
        self.receiver_json = tree
            .routes()
            .iter()
            .map(|route| format!("{{\"name\":{}}}", json::quoted(&route.receiver)).into())
            .collect();
        self.tree = Some(tree);
        self.inhibit = inhibit;
        self.templates = Some(templates);
        self.groups.clear();
        let now = Time::from_unix_ns(now_ns);
        let slots: Vec<Slot> = self.alerts.iter().map(|(slot, _)| slot).collect();
        let mut timers = Vec::new();
        for slot in slots {
            self.rejoin(slot, now, &mut timers);
        }
        Ok(timers)
    }

    fn rejoin(&mut self, slot: Slot, now: Time, timers: &mut Vec<NewGroup>) {
        let Some(alert) = self.alerts.get_mut(slot) else {
            return;
        };
        alert.groups.clear();
        alert.grouped = false;
        alert.source = self
            .inhibit
            .update(alert.fingerprint, &alert.labels, alert.ends_at);
        if !alert.done {
            self.join_groups(slot, now, timers);
        }
    }
}
