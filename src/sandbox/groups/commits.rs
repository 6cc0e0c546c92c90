//! What a group has committed: an offset for each partition, whatever the log says of that offset.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Commit {
    pub(in crate::sandbox) offset: i64,
    /// The leader epoch of the record before it, as the consumer saw it; −1: not told.
    pub(in crate::sandbox) epoch: i32,
    /// What the client wrote beside it; mostly nothing.
    pub(in crate::sandbox) metadata: Box<str>,
}

impl Commit {
    pub(in crate::sandbox) fn at(offset: i64) -> Self {
        Self { offset, epoch: -1, metadata: "".into() }
    }
}

/// The commits of a group, by topic and partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct Commits {
    topics: BTreeMap<Arc<str>, BTreeMap<i32, Commit>>,
}

impl Commits {
    pub(in crate::sandbox) fn get(&self, topic: &str, partition: i32) -> Option<&Commit> {
        self.topics.get(topic)?.get(&partition)
    }

    pub(in crate::sandbox) fn set(&mut self, topic: &Arc<str>, partition: i32, commit: Commit) {
        self.topics.entry(Arc::clone(topic)).or_default().insert(partition, commit);
    }

    pub(in crate::sandbox) fn delete(&mut self, topic: &str, partition: i32) {
        if let Some(partitions) = self.topics.get_mut(topic) {
            partitions.remove(&partition);
            if partitions.is_empty() {
                self.topics.remove(topic);
            }
        }
    }

    /// In order of name, each with its partitions in order.
    pub(in crate::sandbox) fn topics(&self) -> impl Iterator<Item = (&Arc<str>, &BTreeMap<i32, Commit>)> {
        self.topics.iter()
    }
}
