//! Groups as brokers tell of them: listed, described, and what they committed.
//!
//! A kind or state that this release does not know is kept as it was sent: it is shown verbatim, and nothing may be changed.

use super::{BrokerId, Foreign, GroupId, LeaderEpoch, Offset, PartitionId, ProducerId, Time, TopicName, Why};

/// Which protocol a group follows (`org.apache.kafka.common.GroupType`, KIP-848). It decides which request tells the truth.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    Classic,
    /// The consumer protocol of KIP-848.
    Consumer,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
    Other(Foreign),
    /// The broker lists no types (before 3.8) though it may have groups of the new protocol.
    Untold,
}

/// A group's state, of all kinds together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    Stable,
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Assigning,
    Reconciling,
    NotReady,
    Dead,
    Other(Foreign),
    /// The broker lists no states (before 2.6).
    Untold,
}

/// A row of ListGroups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupListing {
    pub id: GroupId,
    pub kind: GroupKind,
    pub state: GroupState,
    /// The classic protocol's type: "consumer", "connect", empty for a group that only ever had commits from outside.
    pub protocol: Foreign,
    /// The broker that told of it, which is its coordinator.
    pub coordinator: BrokerId,
}

/// What a group's coordinator says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    pub id: GroupId,
    /// Never `Untold`: the request that answered says which it is.
    pub kind: GroupKind,
    pub state: GroupState,
    pub coordinator: BrokerId,
    /// As in [`GroupListing::protocol`].
    pub protocol: Foreign,
    /// The assignor's name; empty while there is none.
    pub assignor: Foreign,
    /// The group's epoch; the classic protocol tells none.
    pub epoch: Option<i32>,
    pub members: Vec<Member>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: Foreign,
    /// Of a static member (KIP-345).
    pub instance: Option<Foreign>,
    pub client_id: Foreign,
    /// As the broker saw it; Java brokers write a slash before the address.
    pub host: Foreign,
    /// Topics that it subscribes to. `None`: not told in a form that we know (a Connect worker).
    pub subscribed: Option<Vec<TopicName>>,
    /// A subscription by regular expression (KIP-848).
    pub pattern: Option<Foreign>,
    /// What it has now. `None`: not told in a form that we know; during a rebalance of the classic protocol it is empty.
    pub assigned: Option<Vec<(TopicName, Vec<PartitionId>)>>,
    /// The instance of a Kafka Streams application that it belongs to (KIP-1071).
    pub process: Option<Foreign>,
}

/// What a group committed for a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The offset of the next record to read, whatever lies there.
    pub offset: Offset,
    /// Of the last record read; −1 when not told.
    pub epoch: LeaderEpoch,
    pub metadata: Foreign,
}

/// A partition's commit: `Ok(None)` is that there is none, which is no error.
pub type PartitionCommit = (PartitionId, Result<Option<Commit>, Why>);

/// Commits of one topic, in order of partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicCommits {
    pub topic: TopicName,
    pub partitions: Vec<PartitionCommit>,
}

/// Where a share group starts on a partition: not how far it has got (records after it may be done already).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareStart {
    pub topic: TopicName,
    pub partition: PartitionId,
    /// `Ok(None)`: the group has not begun there.
    pub start: Result<Option<Offset>, Why>,
    /// Records not yet done, as the broker counts them (KIP-1226).
    pub lag: Option<i64>,
}

/// A transaction that is open on a partition and holds readers of committed records back (KIP-664).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub producer: ProducerId,
    /// Its first record there.
    pub start: Offset,
    /// When it last wrote there.
    pub last: Option<Time>,
}

impl GroupKind {
    /// From ListGroups; compared without case, as brokers write them "Classic" and Kafka's filter takes any.
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "classic" => Self::Classic,
            "consumer" => Self::Consumer,
            "share" => Self::Share,
            "streams" => Self::Streams,
            "" => Self::Untold,
            _ => Self::Other(Foreign::new(word)),
        }
    }

    /// As shown and in JSON; raw when it is one that we do not know.
    pub fn word(&self) -> &str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
            Self::Other(word) => word.raw(),
            Self::Untold => "unknown",
        }
    }

    /// Whether it commits offsets of the kind that OffsetFetch tells.
    pub fn commits(&self) -> bool {
        matches!(self, Self::Classic | Self::Consumer | Self::Streams | Self::Untold)
    }

    /// Whether this release knows how to change what such a group committed.
    pub fn may_change(&self) -> bool {
        matches!(self, Self::Classic | Self::Consumer | Self::Share | Self::Streams)
    }
}

impl GroupState {
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "stable" => Self::Stable,
            "empty" => Self::Empty,
            "preparingrebalance" => Self::PreparingRebalance,
            "completingrebalance" => Self::CompletingRebalance,
            "assigning" => Self::Assigning,
            "reconciling" => Self::Reconciling,
            "notready" => Self::NotReady,
            "dead" => Self::Dead,
            "" => Self::Untold,
            _ => Self::Other(Foreign::new(word)),
        }
    }

    /// As Kafka writes it and as JSON has it; raw when it is one that we do not know.
    pub fn word(&self) -> &str {
        match self {
            Self::Stable => "Stable",
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Assigning => "Assigning",
            Self::Reconciling => "Reconciling",
            Self::NotReady => "NotReady",
            Self::Dead => "Dead",
            Self::Other(word) => word.raw(),
            Self::Untold => "unknown",
        }
    }

    /// Whether members are being moved about: what each has is not settled.
    pub fn is_rebalancing(&self) -> bool {
        matches!(self, Self::PreparingRebalance | Self::CompletingRebalance | Self::Assigning | Self::Reconciling)
    }

    /// Whether it has members, as far as the state tells.
    pub fn has_members(&self) -> Option<bool> {
        match self {
            Self::Stable | Self::PreparingRebalance | Self::CompletingRebalance | Self::Assigning | Self::Reconciling | Self::NotReady => {
                Some(true)
            }
            Self::Empty | Self::Dead => Some(false),
            Self::Other(_) | Self::Untold => None,
        }
    }
}

impl Member {
    /// The host without the slash that Java writes before it.
    pub fn address(&self) -> Foreign {
        Foreign::new(self.host.raw().trim_start_matches('/'))
    }

    /// Whether it has this partition now.
    pub fn has(&self, topic: &TopicName, partition: PartitionId) -> bool {
        let assigned = self.assigned.iter().flatten();
        assigned.into_iter().any(|(name, partitions)| name == topic && partitions.contains(&partition))
    }

    /// How many partitions it has; `None` when that is not told.
    pub fn partitions(&self) -> Option<usize> {
        Some(self.assigned.as_ref()?.iter().map(|(_, partitions)| partitions.len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_states_that_are_news_to_us_are_kept_verbatim() {
        assert_eq!(GroupKind::of("Consumer"), GroupKind::Consumer);
        assert_eq!(GroupKind::of("Hive").word(), "Hive");
        assert!(!GroupKind::of("Hive").may_change() && !GroupKind::of("").may_change());
        assert_eq!(GroupState::of("Dozing").word(), "Dozing");
        assert_eq!(GroupState::of("Dozing").has_members(), None);
        assert_eq!((GroupState::of("Empty").has_members(), GroupState::of("Stable").has_members()), (Some(false), Some(true)));
    }
}
