//! Who reads a topic, in short: for a list of topics.

use std::collections::{HashMap, HashSet};

use super::Groups;
use crate::core::lag::{End, Total};
use crate::model::TopicName;

/// The groups of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    pub groups: usize,
    /// The lag of the group that is furthest behind on the topic, of those of which some of it is known.
    pub most: Option<u64>,
    /// A part of a group's lag is not known: it may be more.
    pub partly: bool,
}

impl Groups {
    /// The groups of every topic that has any, in one pass over all.
    pub fn uses(&self) -> HashMap<TopicName, Use> {
        let mut uses: HashMap<TopicName, Use> = HashMap::new();
        for row in self.rows() {
            let mut counted: HashSet<&TopicName> = HashSet::new();
            for places in row.places().map_or(&[][..], |(_, topics)| topics) {
                let total = Total::over([places], End::High);
                let of = uses.entry(places.topic.clone()).or_default();
                of.groups += usize::from(counted.insert(&places.topic));
                of.most = of.most.max((total.known > 0).then_some(total.offsets));
                of.partly |= !total.is_whole();
            }
            let members = row.description().into_iter().flat_map(|(_, told)| &told.members);
            for topic in members.flat_map(|member| member.subscribed.iter().flatten()) {
                if counted.insert(topic) {
                    uses.entry(topic.clone()).or_default().groups += 1;
                }
            }
        }
        uses
    }
}
