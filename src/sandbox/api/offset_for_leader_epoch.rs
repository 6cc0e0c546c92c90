//! OffsetForLeaderEpoch: where a leader's epoch ended. Logs here are never cut back, so this never tells of a truncation.

use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::Asked;
use crate::sandbox::cluster::Named;

pub(super) fn answer(asked: &Asked<'_>, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let mut state = asked.cluster.state();
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|wanted| {
            let answer = EpochEndOffset::default().with_partition(wanted.partition);
            match asked.led(&mut state, Named::Name(&topic.topic), wanted.partition, wanted.current_leader_epoch) {
                Err(error) => answer.with_error_code(error),
                Ok(found) if wanted.leader_epoch > found.epoch => answer,
                Ok(found) => {
                    let (epoch, end) = found.log().epoch_end(wanted.leader_epoch, found.epoch);
                    answer.with_leader_epoch(epoch).with_end_offset(end)
                }
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    let topics = topics.collect();
    OffsetForLeaderEpochResponse::default().with_throttle_time_ms(asked.throttle_ms).with_topics(topics)
}
