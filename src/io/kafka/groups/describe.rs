//! What a group is: DescribeGroups for classic groups, ConsumerGroupDescribe (KIP-848), ShareGroupDescribe (KIP-932), and in
//! `streams` StreamsGroupDescribe (KIP-1071).

use std::sync::Arc;

use bytes::{Buf, Bytes};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DescribeGroupsRequest, ShareGroupDescribeRequest, consumer_group_describe_response as consumer,
    describe_groups_response as classic, share_group_describe_response as share,
};

use super::super::error::{ErrorCode, PartitionError};
use super::super::pool::Pool;
use super::super::wire::{Connection, ConsumerGroupDescribe, DescribeGroups, ShareGroupDescribe};
use super::{foreign, kafka_group, unanswered};
use crate::model::{BrokerId, Foreign, GroupDescription, GroupId, GroupKind, GroupState, Member, Operation, PartitionId, TopicName};

/// So many groups a request: an answer carries every member's assignment.
const GROUPS_PER_REQUEST: usize = 50;

/// A group and what its coordinator says of it.
pub type Described = (GroupId, Result<GroupDescription, PartitionError>);

impl Pool {
    /// What one coordinator says of groups of one kind, in their order. A group of a kind that is news to us
    /// is [`PartitionError::NotOffered`]: its members are told by a request that we do not speak.
    pub(in crate::io::kafka) async fn describe_groups(
        self: &Arc<Self>,
        what: &'static str,
        broker: BrokerId,
        kind: &GroupKind,
        groups: &[GroupId],
    ) -> Vec<Described> {
        let each = |error: &PartitionError| groups.iter().map(|id| (id.clone(), Err(error.clone()))).collect();
        let connection = match self.control(broker).await {
            Ok(connection) => connection,
            Err(fault) => return each(&unanswered(fault, what)),
        };
        let mut found = Vec::with_capacity(groups.len());
        for some in groups.chunks(GROUPS_PER_REQUEST) {
            let told = match kind {
                GroupKind::Classic => classic_groups(&connection, what, broker, some).await,
                GroupKind::Consumer => consumer_groups(&connection, what, broker, some).await,
                GroupKind::Share => share_groups(&connection, what, broker, some).await,
                GroupKind::Untold => untold_groups(&connection, what, broker, some).await,
                GroupKind::Streams => super::streams::groups(&connection, what, broker, some).await,
                GroupKind::Other(_) => Err(PartitionError::NotOffered),
            };
            found.extend(in_order(some, told));
        }
        found
    }
}

type Told = Vec<Described>;

/// The answers in the order of the questions; one that was left out is an error of the broker.
fn in_order(groups: &[GroupId], told: Result<Told, PartitionError>) -> Vec<Described> {
    match told {
        Ok(mut told) => groups
            .iter()
            .map(|id| match told.iter().position(|(found, _)| found == id) {
                Some(place) => told.swap_remove(place),
                None => (id.clone(), Err(PartitionError::Kafka(ErrorCode(-1)))),
            })
            .collect(),
        Err(error) => groups.iter().map(|id| (id.clone(), Err(error.clone()))).collect(),
    }
}

/// The kind is not told by the list: the new protocol's request knows its own groups, and what it does not know is classic.
/// There a group called Dead without members is none that the classic request knows (KIP-1043).
async fn untold_groups(connection: &Connection, what: &'static str, broker: BrokerId, groups: &[GroupId]) -> Result<Told, PartitionError> {
    let mut found = consumer_groups(connection, what, broker, groups).await?;
    for (id, result) in &mut found {
        if let Err(PartitionError::Kafka(ErrorCode(69))) = result {
            let told = classic_groups(connection, what, broker, std::slice::from_ref(id)).await?;
            if let Some((_, classic)) = told.into_iter().next() {
                *result = classic;
            }
        }
    }
    Ok(found)
}

async fn classic_groups(connection: &Connection, what: &'static str, broker: BrokerId, groups: &[GroupId]) -> Result<Told, PartitionError> {
    let request = DescribeGroupsRequest::default().with_groups(groups.iter().map(kafka_group).collect());
    let answer = connection.call::<DescribeGroups>(|_| request).await.map_err(|fault| unanswered(fault, what))?;
    Ok(answer.groups.into_iter().map(|group| classic_group(group, broker)).collect())
}

fn classic_group(group: classic::DescribedGroup, broker: BrokerId) -> Described {
    let id = GroupId::new(group.group_id.as_str());
    if let Some(code) = ErrorCode::of(group.error_code) {
        return (id, Err(PartitionError::of(code, Operation::Describe)));
    }
    let state = GroupState::of(group.group_state.as_str());
    // Up to version 5 "Dead" is also what a broker says of a group that is not there, or not classic.
    if state == GroupState::Dead && group.members.is_empty() {
        return (id, Err(PartitionError::Kafka(ErrorCode(69))));
    }
    let consumers = group.protocol_type.as_str() == "consumer";
    let members = group.members.into_iter().map(|member| classic_member(member, consumers)).collect();
    let description = GroupDescription {
        id: id.clone(),
        kind: GroupKind::Classic,
        state,
        coordinator: broker,
        protocol: foreign(&group.protocol_type),
        assignor: foreign(&group.protocol_data),
        epoch: None,
        members,
    };
    (id, Ok(description))
}

fn classic_member(member: classic::DescribedGroupMember, consumers: bool) -> Member {
    let told = consumers.then_some(());
    Member {
        id: foreign(&member.member_id),
        instance: member.group_instance_id.as_ref().map(foreign),
        client_id: foreign(&member.client_id),
        host: foreign(&member.client_host),
        subscribed: told.and_then(|()| subscription(member.member_metadata)),
        pattern: None,
        process: None,
        assigned: told.and_then(|()| assignment(member.member_assignment)),
    }
}

/// Topics of a subscription (`ConsumerProtocolSubscription`): after a version an array of names; the rest is not needed here.
pub(super) fn subscription(mut bytes: Bytes) -> Option<Vec<TopicName>> {
    if bytes.is_empty() {
        // During a rebalance a broker tells none.
        return Some(Vec::new());
    }
    bytes.try_get_i16().ok()?;
    let count = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
    let mut topics = Vec::new();
    for _ in 0..count {
        topics.push(topic_name(&mut bytes)?);
    }
    Some(topics)
}

/// Partitions of an assignment (`ConsumerProtocolAssignment`). Members write these bytes: nothing is reserved by a count of theirs.
pub(super) fn assignment(mut bytes: Bytes) -> Option<Vec<(TopicName, Vec<PartitionId>)>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    bytes.try_get_i16().ok()?;
    let count = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
    let mut topics = Vec::new();
    for _ in 0..count {
        let name = topic_name(&mut bytes)?;
        let partitions = usize::try_from(bytes.try_get_i32().ok()?).ok()?;
        let mut ids = Vec::new();
        for _ in 0..partitions {
            ids.push(PartitionId(bytes.try_get_i32().ok()?));
        }
        topics.push((name, ids));
    }
    Some(topics)
}

fn topic_name(bytes: &mut Bytes) -> Option<TopicName> {
    let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
    if bytes.remaining() < length {
        return None;
    }
    Some(TopicName::new(std::str::from_utf8(&bytes.split_to(length)).ok()?))
}

async fn consumer_groups(
    connection: &Connection,
    what: &'static str,
    broker: BrokerId,
    groups: &[GroupId],
) -> Result<Told, PartitionError> {
    let request = ConsumerGroupDescribeRequest::default().with_group_ids(groups.iter().map(kafka_group).collect());
    let answer = connection.call::<ConsumerGroupDescribe>(|_| request).await.map_err(|fault| unanswered(fault, what))?;
    Ok(answer.groups.into_iter().map(|group| consumer_group(group, broker)).collect())
}

fn consumer_group(group: consumer::DescribedGroup, broker: BrokerId) -> Described {
    let id = GroupId::new(group.group_id.as_str());
    if let Some(code) = ErrorCode::of(group.error_code) {
        return (id, Err(PartitionError::of(code, Operation::Describe)));
    }
    let members = group.members.into_iter().map(|member| Member {
        id: foreign(&member.member_id),
        instance: member.instance_id.as_ref().map(foreign),
        client_id: foreign(&member.client_id),
        host: foreign(&member.client_host),
        subscribed: Some(member.subscribed_topic_names.iter().map(|name| TopicName::new(name.as_str())).collect()),
        pattern: member.subscribed_topic_regex.as_ref().filter(|pattern| !pattern.is_empty()).map(foreign),
        process: None,
        assigned: Some(
            member.assignment.topic_partitions.iter().map(|of| (TopicName::new(of.topic_name.as_str()), ids(&of.partitions))).collect(),
        ),
    });
    let description = GroupDescription {
        id: id.clone(),
        kind: GroupKind::Consumer,
        state: GroupState::of(group.group_state.as_str()),
        coordinator: broker,
        protocol: Foreign::new("consumer"),
        assignor: foreign(&group.assignor_name),
        epoch: Some(group.group_epoch),
        members: members.collect(),
    };
    (id, Ok(description))
}

fn ids(partitions: &[i32]) -> Vec<PartitionId> {
    partitions.iter().copied().map(PartitionId).collect()
}

async fn share_groups(connection: &Connection, what: &'static str, broker: BrokerId, groups: &[GroupId]) -> Result<Told, PartitionError> {
    let request = ShareGroupDescribeRequest::default().with_group_ids(groups.iter().map(kafka_group).collect());
    let answer = connection.call::<ShareGroupDescribe>(|_| request).await.map_err(|fault| unanswered(fault, what))?;
    Ok(answer.groups.into_iter().map(|group| share_group(group, broker)).collect())
}

fn share_group(group: share::DescribedGroup, broker: BrokerId) -> Described {
    let id = GroupId::new(group.group_id.as_str());
    if let Some(code) = ErrorCode::of(group.error_code) {
        return (id, Err(PartitionError::of(code, Operation::Describe)));
    }
    let members = group.members.into_iter().map(|member| Member {
        id: foreign(&member.member_id),
        instance: None,
        client_id: foreign(&member.client_id),
        host: foreign(&member.client_host),
        subscribed: Some(member.subscribed_topic_names.iter().map(|name| TopicName::new(name.as_str())).collect()),
        pattern: None,
        process: None,
        assigned: Some(
            member.assignment.topic_partitions.iter().map(|of| (TopicName::new(of.topic_name.as_str()), ids(&of.partitions))).collect(),
        ),
    });
    let description = GroupDescription {
        id: id.clone(),
        kind: GroupKind::Share,
        state: GroupState::of(group.group_state.as_str()),
        coordinator: broker,
        protocol: Foreign::new("share"),
        assignor: foreign(&group.assignor_name),
        epoch: Some(group.group_epoch),
        members: members.collect(),
    };
    (id, Ok(description))
}
