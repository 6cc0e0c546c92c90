//! Which settings are listed: those set for this topic first, then those that matter most in an incident, or all.

use super::TopicScreen;
use crate::model::{Setting, Source};

/// Shown even when they are Kafka's own: what decides how long records stay, and whether they can be lost.
const TELLING: [&str; 8] = [
    "cleanup.policy",
    "retention.ms",
    "retention.bytes",
    "min.insync.replicas",
    "max.message.bytes",
    "compression.type",
    "message.timestamp.type",
    "unclean.leader.election.enable",
];

impl TopicScreen {
    /// The settings in the list, those nearest to the topic first.
    pub(super) fn listed(&self) -> Vec<&Setting> {
        let Some(Ok(settings)) = self.facts.get().map(|facts| &facts.settings) else { return Vec::new() };
        let wanted = self.filter.to_lowercase();
        let shown = |setting: &&Setting| {
            let name = setting.name.raw();
            if wanted.is_empty() {
                self.all || setting.source != Source::Default || TELLING.contains(&name)
            } else {
                name.contains(&wanted)
            }
        };
        let mut listed: Vec<&Setting> = settings.iter().filter(shown).collect();
        listed.sort_by_key(|setting| setting.source);
        listed
    }

    /// How many are set for this topic itself.
    pub(super) fn set_here(&self) -> usize {
        let settings = self.facts.get().and_then(|facts| facts.settings.as_ref().ok());
        settings.map_or(0, |settings| settings.iter().filter(|setting| setting.source == Source::Topic).count())
    }
}
