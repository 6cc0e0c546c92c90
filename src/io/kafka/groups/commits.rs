//! What groups committed: OffsetFetch, many groups in one request from version 8 on (KIP-709).

use std::sync::Arc;

use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics};
use kafka_protocol::messages::{self as kp, OffsetFetchRequest, OffsetFetchResponse};
use kafka_protocol::protocol::StrBytes;

use super::super::error::{ErrorCode, PartitionError};
use super::super::fault::Fault;
use super::super::pool::Pool;
use super::super::wire::{Connection, OffsetFetch};
use super::{kafka_group, kafka_name, unanswered};
use crate::model::{
    BrokerId, Commit, Foreign, GroupId, LeaderEpoch, Offset, Operation, PartitionCommit, PartitionId, TopicCommits, TopicName,
};

/// So many groups a request; with 50 partitions each an answer has some 60 kB.
const GROUPS_PER_REQUEST: usize = 50;
/// So many requests are on their way to one broker at once; it answers them in order.
const ON_THE_WAY: usize = 16;

/// What one group committed: topics in order of name. A group that committed nothing has none, and so has one that does not
/// exist: existence comes from the list of groups.
pub type GroupCommits = (GroupId, Result<Vec<TopicCommits>, PartitionError>);

/// Partitions to ask for; `None`: all that have a commit.
pub type Scope = Option<Vec<(TopicName, Vec<PartitionId>)>>;

/// An answer that is on its way, and the version it is in.
type OnTheWay<'a> = (&'a [GroupId], i16, super::super::wire::Pending);

impl Pool {
    /// The commits of groups with one coordinator, in their order. `stable`: the broker holds the answer back while
    /// transactional commits are pending (KIP-447), and answers after what was written before is replicated.
    pub(in crate::io::kafka) async fn commits(
        self: &Arc<Self>,
        what: &'static str,
        broker: BrokerId,
        groups: &[GroupId],
        scope: &Scope,
        stable: bool,
    ) -> Vec<GroupCommits> {
        let all = |groups: &[GroupId], error: &PartitionError| -> Vec<GroupCommits> {
            groups.iter().map(|id| (id.clone(), Err(error.clone()))).collect()
        };
        let opened = async {
            let connection = self.control(broker).await?;
            let version = connection.version::<OffsetFetch>()?;
            Ok::<_, Fault>((connection, version))
        };
        let (connection, version) = match opened.await {
            Ok(opened) => opened,
            Err(fault) => return all(groups, &unanswered(fault, what)),
        };
        let most = if version >= 8 { GROUPS_PER_REQUEST } else { 1 };
        let batches: Vec<&[GroupId]> = groups.chunks(most).collect();
        let mut found = Vec::with_capacity(groups.len());
        for some in batches.chunks(ON_THE_WAY) {
            let sent: Vec<Result<OnTheWay<'_>, (&[GroupId], Fault)>> = some
                .iter()
                .map(|&groups| {
                    let request = request(version, groups, scope, stable);
                    match connection.send::<OffsetFetch>(version, &request, connection.plain_terms()) {
                        Ok(pending) => Ok((groups, version, pending)),
                        Err(fault) => Err((groups, fault)),
                    }
                })
                .collect();
            for sent in sent {
                match sent {
                    Ok(on_the_way) => found.extend(answered(&connection, what, on_the_way).await),
                    Err((groups, fault)) => found.extend(all(groups, &unanswered(fault, what))),
                }
            }
        }
        found
    }
}

async fn answered(connection: &Connection, what: &'static str, (groups, version, pending): OnTheWay<'_>) -> Vec<GroupCommits> {
    let answer = async { connection.decode::<OffsetFetch>(version, pending.frame().await?) };
    match answer.await {
        Ok(response) => matched(version, groups, response),
        Err(fault) => {
            let error = unanswered(fault, what);
            groups.iter().map(|id| (id.clone(), Err(error.clone()))).collect()
        }
    }
}

fn request(version: i16, groups: &[GroupId], scope: &Scope, stable: bool) -> OffsetFetchRequest {
    let indexes = |partitions: &[PartitionId]| partitions.iter().map(|partition| partition.0).collect::<Vec<i32>>();
    let name = |topic: &TopicName| kp::TopicName(kafka_name(topic.raw()));
    let request = OffsetFetchRequest::default();
    let request = if version >= 7 { request.with_require_stable(stable) } else { request };
    if version >= 8 {
        let topics = scope.as_ref().map(|topics| {
            let topic = |(topic, partitions): &(TopicName, Vec<PartitionId>)| {
                OffsetFetchRequestTopics::default().with_name(name(topic)).with_partition_indexes(indexes(partitions))
            };
            topics.iter().map(topic).collect::<Vec<_>>()
        });
        // Who is no member says so by no id and epoch −1 (KIP-848).
        let group = |id: &GroupId| OffsetFetchRequestGroup::default().with_group_id(kafka_group(id)).with_topics(topics.clone());
        let group = |id: &GroupId| if version >= 9 { group(id).with_member_id(None).with_member_epoch(-1) } else { group(id) };
        return request.with_groups(groups.iter().map(group).collect());
    }
    let topics = scope.as_ref().map(|topics| {
        let topic = |(topic, partitions): &(TopicName, Vec<PartitionId>)| {
            OffsetFetchRequestTopic::default().with_name(name(topic)).with_partition_indexes(indexes(partitions))
        };
        topics.iter().map(topic).collect::<Vec<_>>()
    });
    let request = request.with_topics(if version >= 2 { topics } else { Some(topics.unwrap_or_default()) });
    match groups.first() {
        Some(id) => request.with_group_id(kafka_group(id)),
        None => request,
    }
}

/// The answers in the order of the questions.
fn matched(version: i16, groups: &[GroupId], response: OffsetFetchResponse) -> Vec<GroupCommits> {
    if version < 8 {
        let topics =
            response.topics.into_iter().map(|topic| TopicCommits {
                topic: TopicName::new(topic.name.as_str()),
                partitions: in_order(topic.partitions.into_iter().map(|p| {
                    partition(p.partition_index, p.committed_offset, p.committed_leader_epoch, p.metadata.as_ref(), p.error_code)
                })),
            });
        let result = told(response.error_code, topics.collect());
        return groups.first().map(|id| (id.clone(), result)).into_iter().collect();
    }
    let mut found: Vec<Option<GroupCommits>> = Vec::with_capacity(response.groups.len());
    for of in response.groups {
        let topics =
            of.topics.into_iter().map(|topic| TopicCommits {
                topic: TopicName::new(topic.name.as_str()),
                partitions: in_order(topic.partitions.into_iter().map(|p| {
                    partition(p.partition_index, p.committed_offset, p.committed_leader_epoch, p.metadata.as_ref(), p.error_code)
                })),
            });
        found.push(Some((GroupId::new(of.group_id.as_str()), told(of.error_code, topics.collect()))));
    }
    let mut by_id: std::collections::HashMap<GroupId, usize> = std::collections::HashMap::new();
    for (place, of) in found.iter().enumerate() {
        if let Some((id, _)) = of {
            by_id.insert(id.clone(), place);
        }
    }
    let missing = |id: &GroupId| (id.clone(), Err(PartitionError::Kafka(ErrorCode(-1))));
    let mut take = |id: &GroupId| found.get_mut(*by_id.get(id)?)?.take();
    groups.iter().map(|id| take(id).unwrap_or_else(|| missing(id))).collect()
}

fn told(code: i16, mut topics: Vec<TopicCommits>) -> Result<Vec<TopicCommits>, PartitionError> {
    if let Some(code) = ErrorCode::of(code) {
        return Err(PartitionError::of(code, Operation::Describe));
    }
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    Ok(topics)
}

fn in_order(partitions: impl Iterator<Item = PartitionCommit>) -> Vec<PartitionCommit> {
    let mut partitions: Vec<PartitionCommit> = partitions.collect();
    partitions.sort_by_key(|(id, _)| *id);
    partitions
}

fn partition(index: i32, offset: i64, epoch: i32, metadata: Option<&StrBytes>, code: i16) -> PartitionCommit {
    let result = match ErrorCode::of(code) {
        Some(code) => Err(PartitionError::of(code, Operation::Describe).why()),
        None if offset < 0 => Ok(None),
        None => Ok(Some(Commit {
            offset: Offset(offset),
            epoch: LeaderEpoch(epoch),
            metadata: metadata.map_or_else(|| Foreign::new(""), |text| Foreign::new(text.as_str())),
        })),
    };
    (PartitionId(index), result)
}
