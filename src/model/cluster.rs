//! A cluster as one Metadata answer tells it.

use std::sync::Arc;

use super::{BrokerId, ClusterId, Foreign, LeaderEpoch, PartitionId, Time, TopicId, TopicName};

/// What one Metadata answer said. Topics that we may not describe are left out by the broker without a word (P27).
#[derive(Debug, Clone)]
pub struct ClusterView {
    pub id: Option<ClusterId>,
    /// The controller as Metadata names it; under KRaft any live broker that forwards (P30).
    pub controller: Option<BrokerId>,
    pub brokers: Vec<Broker>,
    /// In order of name.
    pub topics: Vec<Arc<Topic>>,
    /// The release that the brokers' API versions suggest ("4.2"), a guess that says "≈".
    pub release: Option<&'static str>,
    /// The certificate that ends first of those that the open connections rest on; `None` without TLS.
    pub certificate: Option<Certificate>,
}

/// A certificate, for who asks how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The address of the broker that showed it, host:port as dialled; `None`: it is our own.
    pub of: Option<Foreign>,
    /// Whom it names: "CN=kafka-1.int".
    pub subject: Foreign,
    /// Its last moment.
    pub not_after: Time,
}

impl Certificate {
    /// Whole days that are left; negative when it has ended.
    pub fn days_left(&self, now: Time) -> i64 {
        self.not_after.0.saturating_sub(now.0).div_euclid(24 * 60 * 60 * 1_000_000)
    }
}

/// A broker as the cluster advertises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    pub id: BrokerId,
    pub host: Foreign,
    pub port: i32,
    pub rack: Option<Foreign>,
}

/// A volume that a broker keeps logs on, as DescribeLogDirs tells it (KIP-827).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub folder: Foreign,
    /// Bytes in all, and those that are free for the broker.
    pub total: u64,
    pub usable: u64,
}

impl Volume {
    /// How full it is, in per cent, rounded down; `None` for one without any room.
    pub fn per_cent(&self) -> Option<u64> {
        self.total.saturating_sub(self.usable).checked_mul(100)?.checked_div(self.total)
    }
}

/// A topic as one Metadata answer tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    pub name: TopicName,
    pub id: TopicId,
    pub internal: bool,
    /// In order of index. Empty when `error` is set.
    pub partitions: Vec<Partition>,
    /// What the broker answered in place of the partitions.
    pub error: Option<TopicError>,
}

/// One partition's leadership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    pub id: PartitionId,
    /// `None`: offline, no leader.
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub offline: Vec<BrokerId>,
}

/// Why a topic came without partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicError {
    /// Not there; right after a change it may only be so for this broker (P26).
    Unknown,
    NotAuthorised,
    /// Not a legal name.
    Invalid,
    /// Any other Kafka error code.
    Other(i16),
}

impl Topic {
    pub fn partition(&self, id: PartitionId) -> Option<&Partition> {
        self.partitions.binary_search_by_key(&id, |p| p.id).ok().and_then(|at| self.partitions.get(at))
    }

    /// The largest replica set of its partitions.
    pub fn replication(&self) -> usize {
        self.partitions.iter().map(|p| p.replicas.len()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_are_left_are_whole_and_negative_once_it_has_ended() {
        let day = 24 * 60 * 60 * 1_000_000;
        let ends = Certificate { of: None, subject: Foreign::new("CN=a"), not_after: Time(10 * day) };
        let left = |now: i64| ends.days_left(Time(now));
        assert_eq!((left(0), left(9 * day - 1), left(10 * day), left(10 * day + 1)), (10, 1, 0, -1));
    }
}
