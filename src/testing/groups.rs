//! Groups as a healthy cluster tells of them, from a few numbers.

use std::time::Duration;

use super::NOW;
use crate::core::ask::{Answer, Ask, Behind, GroupLag, GroupList, Traffic};
use crate::core::lag::{Place, TopicPlaces};
use crate::model::{
    BrokerId, Commit, Foreign, GroupDescription, GroupId, GroupKind, GroupListing, GroupState, LeaderEpoch, Member, Offset, PartitionId,
    Time, TopicId, TopicName,
};

/// A group to be told of.
#[derive(Debug, Clone)]
pub(crate) struct TestGroup {
    pub(crate) id: &'static str,
    pub(crate) kind: GroupKind,
    pub(crate) state: GroupState,
    /// Topic, and for each of its partitions from 0 the commit (none below 0) and the end; logs start at 0.
    pub(crate) topics: Vec<(&'static str, Vec<(i64, i64)>)>,
    /// So many members share the partitions in turn.
    pub(crate) members: usize,
}

impl TestGroup {
    pub(crate) fn stable(id: &'static str, members: usize, topic: &'static str, partitions: &[(i64, i64)]) -> Self {
        Self { id, kind: GroupKind::Classic, state: GroupState::Stable, topics: vec![(topic, partitions.to_vec())], members }
    }

    pub(crate) fn empty(id: &'static str, topic: &'static str, partitions: &[(i64, i64)]) -> Self {
        Self { state: GroupState::Empty, ..Self::stable(id, 0, topic, partitions) }
    }

    pub(crate) fn listing(&self) -> GroupListing {
        let protocol = Foreign::new("consumer");
        GroupListing { id: GroupId::new(self.id), kind: self.kind.clone(), state: self.state.clone(), protocol, coordinator: BrokerId(1) }
    }

    pub(crate) fn places(&self) -> Vec<TopicPlaces> {
        let commit = |offset: i64| Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        let place = |&(committed, end): &(i64, i64)| Place {
            commit: Ok((committed >= 0).then(|| commit(committed))),
            start: Ok(Offset(0)),
            stable: Ok(Offset(end)),
            high: Ok(Offset(end)),
        };
        let topic = |(name, partitions): &(&'static str, Vec<(i64, i64)>)| TopicPlaces {
            topic: TopicName::new(*name),
            id: TopicId::default(),
            partitions: (0..).map(PartitionId).zip(partitions.iter().map(place)).collect(),
        };
        self.topics.iter().map(topic).collect()
    }

    pub(crate) fn description(&self) -> GroupDescription {
        let member = |n: usize| {
            let of = |(topic, partitions): &(&'static str, Vec<(i64, i64)>)| {
                let ids = (0..).zip(partitions).map(|(id, _)| id).filter(|id| usize::try_from(*id).is_ok_and(|id| id % self.members == n));
                (TopicName::new(*topic), ids.map(PartitionId).collect())
            };
            Member {
                id: Foreign::new(format!("{}-{n}-4711", self.id)),
                instance: None,
                client_id: Foreign::new(format!("{}-{n}", self.id)),
                host: Foreign::new(format!("/10.4.1.{n}")),
                subscribed: Some(self.topics.iter().map(|(topic, _)| TopicName::new(*topic)).collect()),
                pattern: None,
                process: None,
                assigned: Some(self.topics.iter().map(of).collect()),
            }
        };
        GroupDescription {
            id: GroupId::new(self.id),
            kind: self.kind.clone(),
            state: self.state.clone(),
            coordinator: BrokerId(1),
            protocol: Foreign::new("consumer"),
            assignor: Foreign::new("range"),
            epoch: None,
            members: (0..self.members).map(member).collect(),
        }
    }
}

/// Whether this is a question about groups.
pub(super) fn is_of_groups(ask: &Ask) -> bool {
    matches!(ask, Ask::Groups | Ask::Describe(_) | Ask::Lag(_) | Ask::Behind(_))
}

/// The part and the reply to a question about groups; records at commits were written a minute ago.
pub(super) fn answers(ask: &Ask, groups: &[TestGroup]) -> (Option<Answer>, Answer) {
    let told = Answer::Told(Traffic::default());
    let of = |id: &GroupId| groups.iter().find(|group| group.id == id.raw());
    match ask {
        Ask::Groups => {
            let list = GroupList { broker: BrokerId(1), groups: Ok(groups.iter().map(TestGroup::listing).collect()) };
            (Some(Answer::Groups(list)), told)
        }
        Ask::Lag(asked) => {
            let lag = |id: &GroupId| of(id).map(|group| GroupLag { id: id.clone(), topics: Ok(group.places()) });
            (Some(Answer::Lag(asked.iter().filter_map(|group| lag(&group.id)).collect())), told)
        }
        Ask::Describe(asked) => {
            let described = |id: &GroupId| of(id).map(|group| (id.clone(), Ok(group.description())));
            (None, Answer::Described(asked.iter().filter_map(|group| described(&group.id)).collect()))
        }
        Ask::Behind(asked) => {
            let time = Time::from_millis(NOW).plus(Duration::ZERO);
            let behind = |(topic, partition, offset): &(TopicName, PartitionId, Offset)| Behind {
                topic: topic.clone(),
                partition: *partition,
                offset: *offset,
                timestamp: Ok(Some(Time(time.0 - 60_000_000))),
            };
            (None, Answer::Behind(asked.iter().map(behind).collect()))
        }
        _ => (None, told),
    }
}
