//! ListOffsets: where partitions begin and end, and which offset a time has (`ListOffsetsRequest`, KIP-734 for the latest time).

use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::Asked;
use crate::sandbox::cluster::{Named, State};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// The earliest that is on a broker's own disk: all is here.
const EARLIEST_LOCAL: i64 = -4;

const READ_COMMITTED: i8 = 1;

pub(super) fn answer(asked: &Asked<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let committed = request.isolation_level == READ_COMMITTED;
    let mut state = asked.cluster.state();
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| partition(asked, &mut state, &topic.name, wanted, committed));
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    let topics = topics.collect();
    ListOffsetsResponse::default().with_throttle_time_ms(asked.throttle_ms).with_topics(topics)
}

fn partition(
    asked: &Asked<'_>,
    state: &mut State,
    topic: &str,
    wanted: &ListOffsetsPartition,
    committed: bool,
) -> ListOffsetsPartitionResponse {
    let answer = ListOffsetsPartitionResponse::default()
        .with_partition_index(wanted.partition_index)
        .with_timestamp(-1)
        .with_offset(-1)
        .with_leader_epoch(-1);
    let found = match asked.led(state, Named::Name(topic), wanted.partition_index, wanted.current_leader_epoch) {
        Ok(found) => found,
        Err(error) => return answer.with_error_code(error),
    };
    let bounds = found.bounds();
    let end = if committed { bounds.stable } else { bounds.end };
    let (time, offset) = match wanted.timestamp {
        LATEST => (-1, end),
        EARLIEST | EARLIEST_LOCAL => (-1, bounds.start),
        MAX_TIMESTAMP => match found.log().latest() {
            Some(record) => record,
            None => return answer,
        },
        // Nothing is tiered, and whatever else is negative means nothing.
        other if other < 0 => return answer,
        time => match found.log().first_at(time).filter(|(_, offset)| *offset < end) {
            Some(record) => record,
            None => return answer,
        },
    };
    let answer = answer.with_timestamp(time).with_offset(offset);
    // The field is known from version 4 on.
    if asked.version >= 4 { answer.with_leader_epoch(found.epoch) } else { answer }
}
