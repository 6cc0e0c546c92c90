//! What changes a group: commits from outside (OffsetCommit), forgetting commits (OffsetDelete), deleting a group, and the
//! starts of share groups. Each takes a [`Permit`] by value or by reference of one that was given for the whole action, and
//! sends its request once: what becomes of a request whose answer is lost is found out by reading, never by sending again.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use kafka_protocol::messages::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic;
use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_protocol::messages::{
    self as kp, AlterShareGroupOffsetsRequest, DeleteGroupsRequest, DeleteShareGroupOffsetsRequest, OffsetCommitRequest,
    OffsetDeleteRequest,
};

use super::super::error::ErrorCode;
use super::super::pool::Pool;
use super::super::wire::{AlterShareGroupOffsets, DeleteGroups, DeleteShareGroupOffsets, OffsetCommit, OffsetDelete};
use super::{kafka_group, kafka_name};
use crate::core::guard::Permit;
use crate::model::{BrokerId, Failure, GroupId, LeaderEpoch, Offset, Operation, PartitionId, TopicName};

/// A commit to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub offset: Offset,
    /// −1 for a reset, as Kafka's own tool sends: a stale one makes consumers look for a truncation that never was.
    pub epoch: LeaderEpoch,
    pub metadata: String,
}

/// What the broker says of one partition of a change; a partition that it left out is no success.
pub type PartitionOutcome = (TopicName, PartitionId, Result<(), ErrorCode>);

impl Pool {
    /// Commits offsets for a group from outside of it, in one request: what passes the broker's checks is applied together,
    /// partitions that do not are not (`OffsetMetadataManager.commitOffset`).
    ///
    /// # Errors
    /// The answer did not come: the outcome of every partition is unknown unless the failure says that it was never sent.
    pub(in crate::io::kafka) async fn commit(
        self: &Arc<Self>,
        _permit: &Permit,
        what: &'static str,
        broker: BrokerId,
        group: &GroupId,
        commits: &[NewCommit],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        let connection = self.control(broker).await.map_err(|fault| fault.into_failure(what))?;
        let answer = connection.call::<OffsetCommit>(|version| commit_request(version, group, commits)).await;
        let answer = answer.map_err(|fault| fault.into_failure(what))?;
        let told = answer.topics.into_iter().flat_map(|topic| {
            let name = TopicName::new(topic.name.as_str());
            topic.partitions.into_iter().map(move |p| (name.clone(), PartitionId(p.partition_index), outcome(p.error_code)))
        });
        Ok(complete(told.collect(), commits.iter().map(|commit| (&commit.topic, commit.partition))))
    }

    /// Forgets a group's commits of these partitions (KIP-496).
    ///
    /// # Errors
    /// As [`Self::commit`]; or the broker refuses the whole, with its code as the cause.
    pub(in crate::io::kafka) async fn delete_offsets(
        self: &Arc<Self>,
        _permit: &Permit,
        what: &'static str,
        broker: BrokerId,
        group: &GroupId,
        partitions: &[(TopicName, PartitionId)],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        let connection = self.control(broker).await.map_err(|fault| fault.into_failure(what))?;
        let answer = connection.call::<OffsetDelete>(|_| delete_request(group, partitions)).await;
        let answer = answer.map_err(|fault| fault.into_failure(what))?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            return Err(code.failure(what, &format!("group {}", group.raw()), Operation::Delete, None));
        }
        let told = answer.topics.into_iter().flat_map(|topic| {
            let name = TopicName::new(topic.name.as_str());
            topic.partitions.into_iter().map(move |p| (name.clone(), PartitionId(p.partition_index), outcome(p.error_code)))
        });
        Ok(complete(told.collect(), partitions.iter().map(|(topic, partition)| (topic, *partition))))
    }

    /// Deletes a group with all its commits.
    ///
    /// # Errors
    /// As [`Self::commit`]. The inner result is the broker's word.
    pub(in crate::io::kafka) async fn delete_group(
        self: &Arc<Self>,
        _permit: &Permit,
        what: &'static str,
        broker: BrokerId,
        group: &GroupId,
    ) -> Result<Result<(), ErrorCode>, Failure> {
        let connection = self.control(broker).await.map_err(|fault| fault.into_failure(what))?;
        let request = DeleteGroupsRequest::default().with_groups_names(vec![kafka_group(group)]);
        let answer = connection.call::<DeleteGroups>(|_| request).await.map_err(|fault| fault.into_failure(what))?;
        let found = answer.results.into_iter().find(|result| result.group_id.as_str() == group.raw());
        Ok(found.map_or(Err(ErrorCode(-1)), |result| outcome(result.error_code)))
    }

    /// Sets where a share group starts (KIP-932). The group must be empty.
    ///
    /// # Errors
    /// As [`Self::delete_offsets`].
    pub(in crate::io::kafka) async fn alter_share_starts(
        self: &Arc<Self>,
        _permit: &Permit,
        what: &'static str,
        broker: BrokerId,
        group: &GroupId,
        starts: &[(TopicName, PartitionId, Offset)],
    ) -> Result<Vec<PartitionOutcome>, Failure> {
        let connection = self.control(broker).await.map_err(|fault| fault.into_failure(what))?;
        let answer = connection.call::<AlterShareGroupOffsets>(|_| alter_request(group, starts)).await;
        let answer = answer.map_err(|fault| fault.into_failure(what))?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            return Err(code.failure(what, &format!("group {}", group.raw()), Operation::Read, answer.error_message.as_deref()));
        }
        let told = answer.responses.into_iter().flat_map(|topic| {
            let name = TopicName::new(topic.topic_name.as_str());
            topic.partitions.into_iter().map(move |p| (name.clone(), PartitionId(p.partition_index), outcome(p.error_code)))
        });
        Ok(complete(told.collect(), starts.iter().map(|(topic, partition, _)| (topic, *partition))))
    }

    /// Forgets where a share group starts on whole topics.
    ///
    /// # Errors
    /// As [`Self::delete_offsets`].
    pub(in crate::io::kafka) async fn delete_share_starts(
        self: &Arc<Self>,
        _permit: &Permit,
        what: &'static str,
        broker: BrokerId,
        group: &GroupId,
        topics: &[TopicName],
    ) -> Result<Vec<(TopicName, Result<(), ErrorCode>)>, Failure> {
        let connection = self.control(broker).await.map_err(|fault| fault.into_failure(what))?;
        let topic =
            |name: &TopicName| DeleteShareGroupOffsetsRequestTopic::default().with_topic_name(kp::TopicName(kafka_name(name.raw())));
        let request =
            DeleteShareGroupOffsetsRequest::default().with_group_id(kafka_group(group)).with_topics(topics.iter().map(topic).collect());
        let answer = connection.call::<DeleteShareGroupOffsets>(|_| request).await.map_err(|fault| fault.into_failure(what))?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            return Err(code.failure(what, &format!("group {}", group.raw()), Operation::Delete, answer.error_message.as_deref()));
        }
        let told: BTreeMap<TopicName, Result<(), ErrorCode>> =
            answer.responses.into_iter().map(|topic| (TopicName::new(topic.topic_name.as_str()), outcome(topic.error_code))).collect();
        Ok(topics.iter().map(|name| (name.clone(), told.get(name).copied().unwrap_or(Err(ErrorCode(-1))))).collect())
    }
}

fn outcome(code: i16) -> Result<(), ErrorCode> {
    match ErrorCode::of(code) {
        Some(code) => Err(code),
        None => Ok(()),
    }
}

/// What was told, and an error of the broker for each partition that it left out; in the order of the question.
fn complete<'a>(told: Vec<PartitionOutcome>, asked: impl Iterator<Item = (&'a TopicName, PartitionId)>) -> Vec<PartitionOutcome> {
    let told: BTreeMap<(TopicName, PartitionId), Result<(), ErrorCode>> =
        told.into_iter().map(|(topic, partition, result)| ((topic, partition), result)).collect();
    let result = |topic: &TopicName, partition| told.get(&(topic.clone(), partition)).copied().unwrap_or(Err(ErrorCode(-1)));
    asked.map(|(topic, partition)| (topic.clone(), partition, result(topic, partition))).collect()
}

/// By topic, in order of first mention.
fn by_topic<T, P>(items: &[T], topic: impl Fn(&T) -> &TopicName, partition: impl Fn(&T) -> P) -> Vec<(TopicName, Vec<P>)> {
    let mut topics: Vec<(TopicName, Vec<P>)> = Vec::new();
    let mut places: BTreeMap<TopicName, usize> = BTreeMap::new();
    for item in items {
        let place = *places.entry(topic(item).clone()).or_insert(topics.len());
        if place == topics.len() {
            topics.push((topic(item).clone(), Vec::new()));
        }
        if let Some((_, partitions)) = topics.get_mut(place) {
            partitions.push(partition(item));
        }
    }
    topics
}

pub(super) fn commit_request(version: i16, group: &GroupId, commits: &[NewCommit]) -> OffsetCommitRequest {
    let partition = |commit: &NewCommit| {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(commit.partition.0)
            .with_committed_offset(commit.offset.0)
            .with_committed_metadata(Some(kafka_name(&commit.metadata)));
        if version >= 6 { partition.with_committed_leader_epoch(commit.epoch.0) } else { partition }
    };
    let topics = by_topic(commits, |commit| &commit.topic, partition).into_iter().map(|(topic, partitions)| {
        OffsetCommitRequestTopic::default().with_name(kp::TopicName(kafka_name(topic.raw()))).with_partitions(partitions)
    });
    // Who is no member has no id and no generation.
    let request = OffsetCommitRequest::default()
        .with_group_id(kafka_group(group))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(topics.collect());
    // The cluster's own retention.
    if version <= 4 { request.with_retention_time_ms(-1) } else { request }
}

pub(super) fn delete_request(group: &GroupId, partitions: &[(TopicName, PartitionId)]) -> OffsetDeleteRequest {
    let partition = |(_, id): &(TopicName, PartitionId)| OffsetDeleteRequestPartition::default().with_partition_index(id.0);
    let topics = by_topic(partitions, |(topic, _)| topic, partition).into_iter().map(|(topic, partitions)| {
        OffsetDeleteRequestTopic::default().with_name(kp::TopicName(kafka_name(topic.raw()))).with_partitions(partitions)
    });
    OffsetDeleteRequest::default().with_group_id(kafka_group(group)).with_topics(topics.collect())
}

pub(super) fn alter_request(group: &GroupId, starts: &[(TopicName, PartitionId, Offset)]) -> AlterShareGroupOffsetsRequest {
    let partition = |(_, id, offset): &(TopicName, PartitionId, Offset)| {
        AlterShareGroupOffsetsRequestPartition::default().with_partition_index(id.0).with_start_offset(offset.0)
    };
    let topics = by_topic(starts, |(topic, ..)| topic, partition).into_iter().map(|(topic, partitions)| {
        AlterShareGroupOffsetsRequestTopic::default().with_topic_name(kp::TopicName(kafka_name(topic.raw()))).with_partitions(partitions)
    });
    AlterShareGroupOffsetsRequest::default().with_group_id(kafka_group(group)).with_topics(topics.collect())
}
