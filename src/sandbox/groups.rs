//! Consumer groups as their coordinator keeps them: members and generations of the classic protocol, and what was committed
//! (`org.apache.kafka.coordinator.group.GroupMetadataManager`, `OffsetMetadataManager`). Groups of the consumer, share and streams
//! protocols do not exist here.
//!
//! Nothing runs by itself: time is handed in, and whoever looks at a group first lets happen what has fallen due since, at the
//! moment at which it fell due. A group's coordinator is the leader of its partition of `__consumer_offsets`, though nothing is
//! ever written there; when that moves, members and commits are with the next one at once. Commits do not expire, a rebalance
//! waits for no further members (`group.initial.rebalance.delay.ms` is 0), and a transaction never commits offsets.

mod commits;
mod group;
mod member;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) use commits::{Commit, Commits};
pub(super) use group::{Group, Phase};
pub(super) use member::{Attendee, Join, Joined, Step, Sync, Synced, Who};

use super::dice::Dice;

/// Since the start of the cluster.
pub(super) type Moment = Duration;
/// The protocol type of consumers (`ConsumerProtocol.PROTOCOL_TYPE`).
pub(super) const CONSUMER: &str = "consumer";

/// All groups of the cluster, by name.
#[derive(Debug)]
pub(super) struct Groups {
    groups: BTreeMap<Arc<str>, Group>,
    dice: Dice,
}

impl Default for Groups {
    fn default() -> Self {
        Self { groups: BTreeMap::new(), dice: Dice::new(0, "member ids") }
    }
}

impl Groups {
    /// A group as it is at this moment.
    pub(super) fn get(&mut self, name: &str, now: Moment) -> Option<&mut Group> {
        let group = self.groups.get_mut(name)?;
        group.tick(now);
        Some(group)
    }

    /// As [`Groups::get`]; one that does not exist is made, without members and commits.
    pub(super) fn open(&mut self, name: &str, now: Moment) -> &mut Group {
        let group = self.groups.entry(Arc::from(name)).or_default();
        group.tick(now);
        group
    }

    /// Puts a group there, over one that had the name.
    pub(super) fn put(&mut self, name: &str, group: Group) {
        self.groups.insert(Arc::from(name), group);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.groups.remove(name);
    }

    /// All of them as they are at this moment, in order of name.
    pub(super) fn all(&mut self, now: Moment) -> impl Iterator<Item = (&Arc<str>, &Group)> {
        self.groups.iter_mut().map(move |(name, group)| {
            group.tick(now);
            (name, &*group)
        })
    }

    /// An id that no member has had, as a broker makes them: the client's name for itself or its instance id, and a random UUID.
    pub(super) fn member_id(&mut self, prefix: &str) -> String {
        let (high, low) = (self.dice.next(), self.dice.next());
        let (time, random) = ((high >> 32, (high >> 16) & 0xffff), (high & 0xfff, (low >> 48) & 0x3fff | 0x8000));
        format!("{prefix}-{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", time.0, time.1, random.0, random.1, low & 0xffff_ffff_ffff)
    }
}

/// Which partition of `__consumer_offsets` a group belongs to: Java's `String.hashCode`, made positive (`Utils.abs`), modulo.
pub(super) fn partition_of(group: &str, partitions: usize) -> usize {
    let hash = group.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let positive = usize::try_from(hash.checked_abs().unwrap_or(0)).unwrap_or(0);
    positive.checked_rem(partitions).unwrap_or(0)
}
