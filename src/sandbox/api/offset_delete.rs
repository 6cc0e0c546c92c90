//! OffsetDelete (KIP-496): commits of a group are forgotten, but for topics that a member reads
//! (`OffsetMetadataManager.deleteOffsets`).

use kafka_protocol::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_protocol::messages::{OffsetDeleteRequest, OffsetDeleteResponse};

use super::{Asked, code};
use crate::sandbox::cluster::State;
use crate::sandbox::groups::{CONSUMER, Phase};

pub(super) fn answer(asked: &Asked<'_>, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let mut state = asked.cluster.state();
    let response = OffsetDeleteResponse::default().with_throttle_time_ms(asked.throttle_ms);
    let name = &request.group_id.0;
    if let Err(error) = admit(asked, &mut state, name) {
        return response.with_error_code(error);
    }
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let index = partition.partition_index;
            let error = delete(asked, &mut state, name, (&topic.name, index)).err().or(asked.error_after).unwrap_or(0);
            OffsetDeleteResponsePartition::default().with_partition_index(index).with_error_code(error)
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    let topics = topics.collect();
    response.with_topics(topics)
}

fn admit(asked: &Asked<'_>, state: &mut State, name: &str) -> Result<(), i16> {
    asked.coordinates(state, name)?;
    let group = state.groups.get(name, asked.cluster.moment()).ok_or(code::GROUP_ID_NOT_FOUND)?;
    let members_are_consumers = group.phase() == Phase::Empty || group.kind() == Some(CONSUMER);
    if members_are_consumers { Ok(()) } else { Err(code::NON_EMPTY_GROUP) }
}

fn delete(asked: &Asked<'_>, state: &mut State, name: &str, (topic, partition): (&str, i32)) -> Result<(), i16> {
    if state.name_of(topic, partition).is_none() {
        return Err(code::UNKNOWN_TOPIC_OR_PARTITION);
    }
    let group = state.groups.get(name, asked.cluster.moment()).ok_or(code::GROUP_ID_NOT_FOUND)?;
    if group.reads(topic) {
        return Err(code::GROUP_SUBSCRIBED_TO_TOPIC);
    }
    group.commits.delete(topic, partition);
    Ok(())
}
