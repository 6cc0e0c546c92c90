//! What was seen to change while kscope ran: states of groups, leaders, topics. The newest thousand are kept.

pub mod words;

use std::collections::VecDeque;

use super::groups::StateChange;
use crate::model::{BrokerId, ClusterView, PartitionId, Time, TopicName};

/// So many are kept.
const MOST: usize = 1_000;
/// More than so many changes of one kind in one answer are told as one.
const TOGETHER: usize = 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Timeline {
    changes: VecDeque<Change>,
    since: Option<Time>,
}

/// One change, and when it was noticed: it happened at some time since the look before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub at: Time,
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Group(StateChange),
    Leader {
        topic: TopicName,
        partition: PartitionId,
        from: Option<BrokerId>,
        to: Option<BrokerId>,
    },
    /// So many partitions have another leader.
    Leaders(usize),
    TopicNew {
        topic: TopicName,
        partitions: usize,
    },
    TopicGone(TopicName),
    /// Deleted and made again under its name.
    TopicAnew(TopicName),
    Partitions {
        topic: TopicName,
        from: usize,
        to: usize,
    },
    BrokerNew(BrokerId),
    BrokerGone(BrokerId),
    /// Something that was done from here, in our words.
    Done(String),
}

impl Timeline {
    pub fn add(&mut self, at: Time, what: What) {
        self.since.get_or_insert(at);
        self.changes.push_back(Change { at, what });
        while self.changes.len() > MOST {
            self.changes.pop_front();
        }
    }

    /// The newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().rev()
    }

    pub fn len(&self) -> usize {
        self.changes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Since when changes are noticed.
    pub fn since(&self) -> Option<Time> {
        self.since
    }

    /// Notes what differs between two answers about the cluster.
    pub fn compare(&mut self, old: Option<&ClusterView>, new: &ClusterView, now: Time) {
        self.since.get_or_insert(now);
        let Some(old) = old else { return };
        self.compare_brokers(old, new, now);
        let mut leaders = Vec::new();
        let (mut before, mut after) = (old.topics.iter().peekable(), new.topics.iter().peekable());
        loop {
            let order = match (before.peek(), after.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => old.name.cmp(&new.name),
            };
            match order {
                std::cmp::Ordering::Less => {
                    if let Some(gone) = before.next() {
                        self.add(now, What::TopicGone(gone.name.clone()));
                    }
                }
                std::cmp::Ordering::Greater => {
                    if let Some(fresh) = after.next() {
                        self.add(now, What::TopicNew { topic: fresh.name.clone(), partitions: fresh.partitions.len() });
                    }
                }
                std::cmp::Ordering::Equal => {
                    if let (Some(old), Some(new)) = (before.next(), after.next())
                        && !std::sync::Arc::ptr_eq(old, new)
                    {
                        self.compare_topics(old, new, now, &mut leaders);
                    }
                }
            }
        }
        if leaders.len() > TOGETHER {
            self.add(now, What::Leaders(leaders.len()));
        } else {
            for what in leaders {
                self.add(now, what);
            }
        }
    }

    fn compare_topics(&mut self, old: &crate::model::Topic, new: &crate::model::Topic, now: Time, leaders: &mut Vec<What>) {
        if old.error.is_some() || new.error.is_some() {
            return;
        }
        if old.id != new.id && old.id.is_known() && new.id.is_known() {
            return self.add(now, What::TopicAnew(new.name.clone()));
        }
        if old.partitions.len() != new.partitions.len() {
            self.add(now, What::Partitions { topic: new.name.clone(), from: old.partitions.len(), to: new.partitions.len() });
        }
        for (was, is) in old.partitions.iter().zip(&new.partitions) {
            if was.id == is.id && was.leader != is.leader {
                leaders.push(What::Leader { topic: new.name.clone(), partition: is.id, from: was.leader, to: is.leader });
            }
        }
    }

    fn compare_brokers(&mut self, old: &ClusterView, new: &ClusterView, now: Time) {
        let has = |view: &ClusterView, id: BrokerId| view.brokers.iter().any(|broker| broker.id == id);
        for broker in new.brokers.iter().filter(|broker| !has(old, broker.id)) {
            self.add(now, What::BrokerNew(broker.id));
        }
        for broker in old.brokers.iter().filter(|broker| !has(new, broker.id)) {
            self.add(now, What::BrokerGone(broker.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cluster, topic};

    #[test]
    fn what_differs_between_two_answers_is_noted_once() {
        let (a, b) = (topic("a", 2), topic("b", 1));
        let mut moved = a.clone();
        moved.partitions[1].leader = None;
        let old = cluster(vec![a.clone(), b]);
        let new = cluster(vec![moved, topic("c", 3)]);
        let mut timeline = Timeline::default();
        timeline.compare(None, &old, Time(1));
        timeline.compare(Some(&old), &old, Time(2));
        assert!(timeline.is_empty());
        timeline.compare(Some(&old), &new, Time(3));
        let whats: Vec<What> = timeline.newest().map(|change| change.what.clone()).collect();
        let leader = What::Leader { topic: a.name, partition: PartitionId(1), from: old.topics[0].partitions[1].leader, to: None };
        assert_eq!(whats, [leader, What::TopicNew { topic: TopicName::new("c"), partitions: 3 }, What::TopicGone(TopicName::new("b"))]);
    }
}
