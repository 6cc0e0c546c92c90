//! OffsetCommit: of members, and of those who are none. A partition that does not exist is refused by itself, before the group is
//! looked at; a group that does not exist is made by a commit of somebody who is no member; the offset is not compared with the
//! log (`KafkaApis.handleOffsetCommitRequest`, `OffsetMetadataManager.validateOffsetCommit`).

use std::sync::Arc;

use kafka_protocol::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::{OffsetCommitRequest, OffsetCommitResponse};

use super::{Asked, code};
use crate::sandbox::cluster::State;
use crate::sandbox::groups::{Commit, Who};

/// The longest metadata of a commit, in Java's characters (`offset.metadata.max.bytes`).
const LONGEST_METADATA: usize = 4096;
/// Members of a group that does not exist hear so from this version on; before, that their generation is wrong.
const SAYS_NOT_FOUND: i16 = 9;

pub(super) fn answer(asked: &Asked<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let mut state = asked.cluster.state();
    let exists = |topic: &OffsetCommitRequestTopic, partition: &OffsetCommitRequestPartition| {
        state.name_of(&topic.name, partition.partition_index).is_some()
    };
    let any = request.topics.iter().any(|topic| topic.partitions.iter().any(|partition| exists(topic, partition)));
    let admitted = match asked.error {
        Some(error) => Err(error),
        None if any => admit(asked, &mut state, &request),
        None => Ok(()),
    };
    let group = &request.group_id.0;
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|partition| {
            let index = partition.partition_index;
            let known = state.name_of(&topic.name, index);
            let done = match (asked.error, known) {
                (Some(error), _) => Err(error),
                (None, None) => Err(code::UNKNOWN_TOPIC_OR_PARTITION),
                (None, Some(name)) => admitted.and_then(|()| commit(asked, &mut state, group, &name, partition)),
            };
            let error = done.err().or(asked.error_after).unwrap_or(0);
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(error)
        });
        let partitions = partitions.collect();
        OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    let topics = topics.collect();
    OffsetCommitResponse::default().with_throttle_time_ms(asked.throttle_ms).with_topics(topics)
}

/// Whether who asks may commit to the group, which is made when an outsider names a new one.
fn admit(asked: &Asked<'_>, state: &mut State, request: &OffsetCommitRequest) -> Result<(), i16> {
    let (name, generation, now) = (&request.group_id.0, request.generation_id_or_member_epoch, asked.cluster.moment());
    asked.coordinates(state, name)?;
    if state.groups.get(name, now).is_none() && generation >= 0 {
        return Err(if asked.version >= SAYS_NOT_FOUND { code::GROUP_ID_NOT_FOUND } else { code::ILLEGAL_GENERATION });
    }
    let who = Who { member: &request.member_id, instance: request.group_instance_id.as_deref() };
    state.groups.open(name, now).accepts_commit(who, generation, now)
}

fn commit(asked: &Asked<'_>, state: &mut State, group: &str, topic: &Arc<str>, wanted: OffsetCommitRequestPartition) -> Result<(), i16> {
    let metadata = wanted.committed_metadata.unwrap_or_default();
    if metadata.encode_utf16().count() > LONGEST_METADATA {
        return Err(code::OFFSET_METADATA_TOO_LARGE);
    }
    let commit = Commit { offset: wanted.committed_offset, epoch: wanted.committed_leader_epoch, metadata: Box::from(&*metadata) };
    state.groups.open(group, asked.cluster.moment()).commits.set(topic, wanted.partition_index, commit);
    Ok(())
}
