//! OffsetForLeaderEpoch: where the leader's log of an epoch ends (KIP-101, KIP-320). Brokers whose fetch does not tell of a
//! truncation (before 2.7) are asked this when the leader of a partition has changed (P22).
//!
//! May use the pool, the wire and model.

use std::sync::Arc;

use kafka_protocol::messages::offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic};
use kafka_protocol::messages::{self as kp, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use kafka_protocol::protocol::StrBytes;

use super::error::{ErrorCode, PartitionError};
use super::fault::Fault;
use super::metadata::Leader;
use super::pool::Pool;
use super::wire::OffsetForLeaderEpoch;
use crate::model::{LeaderEpoch, Offset, Operation, PartitionId, TopicName};

impl Pool {
    /// The largest epoch up to `epoch` that the leader's log has, and the offset behind its last record; `None`: it has none.
    pub(super) async fn epoch_end(
        self: &Arc<Self>,
        what: &'static str,
        topic: &TopicName,
        partition: PartitionId,
        epoch: LeaderEpoch,
    ) -> Result<Option<(LeaderEpoch, Offset)>, PartitionError> {
        let fail = |fault: Fault| PartitionError::NoAnswer(Arc::new(fault.into_failure(what)));
        let leader = self.leader(topic, partition).ok_or(PartitionError::NoLeader)?;
        let connection = self.control(leader.broker).await.map_err(fail)?;
        if connection.version::<OffsetForLeaderEpoch>().is_err() {
            return Err(PartitionError::NotOffered);
        }
        let asked = connection.call::<OffsetForLeaderEpoch>(|version| request(version, topic, partition, leader, epoch));
        answer(&asked.await.map_err(fail)?, partition)
    }
}

fn request(version: i16, topic: &TopicName, partition: PartitionId, leader: Leader, epoch: LeaderEpoch) -> OffsetForLeaderEpochRequest {
    let partition = OffsetForLeaderPartition::default()
        .with_partition(partition.0)
        .with_current_leader_epoch(leader.epoch.0)
        .with_leader_epoch(epoch.0);
    let topic = OffsetForLeaderTopic::default()
        .with_topic(kp::TopicName(StrBytes::from_string(topic.raw().to_owned())))
        .with_partitions(vec![partition]);
    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![topic]);
    if version >= 3 { request.with_replica_id(kp::BrokerId(-1)) } else { request }
}

fn answer(response: &OffsetForLeaderEpochResponse, partition: PartitionId) -> Result<Option<(LeaderEpoch, Offset)>, PartitionError> {
    let mut all = response.topics.iter().flat_map(|topic| &topic.partitions);
    let found = all.find(|found| found.partition == partition.0).ok_or(PartitionError::Kafka(ErrorCode(-1)))?;
    match ErrorCode::of(found.error_code) {
        Some(code) => Err(PartitionError::of(code, Operation::Describe)),
        None if found.leader_epoch < 0 || found.end_offset < 0 => Ok(None),
        None => Ok(Some((LeaderEpoch(found.leader_epoch), Offset(found.end_offset)))),
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
    use kafka_protocol::protocol::{Decodable as _, Encodable as _};

    use super::*;
    use crate::io::kafka::wire::Call;
    use crate::model::{BrokerId, TopicId};

    #[test]
    fn the_request_encodes_at_every_version() {
        let leader = Leader { broker: BrokerId(1), epoch: LeaderEpoch(9), topic_id: TopicId::default() };
        for version in OffsetForLeaderEpoch::MIN..=OffsetForLeaderEpoch::MAX {
            let mut bytes = BytesMut::new();
            let request = request(version, &TopicName::new("orders"), PartitionId(3), leader, LeaderEpoch(7));
            request.encode(&mut bytes, version).unwrap_or_else(|error| panic!("v{version}: {error}"));
            let back = OffsetForLeaderEpochRequest::decode(&mut bytes.freeze(), version).unwrap();
            let partition = &back.topics[0].partitions[0];
            assert_eq!((partition.partition, partition.current_leader_epoch, partition.leader_epoch), (3, 9, 7));
        }
        assert_eq!((OffsetForLeaderEpoch::MIN, OffsetForLeaderEpoch::MAX), (2, 4));
    }

    #[test]
    fn an_epoch_that_the_leader_has_not_is_none() {
        let told = |error: i16, epoch: i32, end: i64| {
            let found = EpochEndOffset::default().with_partition(3).with_error_code(error).with_leader_epoch(epoch).with_end_offset(end);
            let topic = OffsetForLeaderTopicResult::default().with_partitions(vec![found]);
            answer(&OffsetForLeaderEpochResponse::default().with_topics(vec![topic]), PartitionId(3))
        };
        assert_eq!(told(0, 5, 100).unwrap(), Some((LeaderEpoch(5), Offset(100))));
        assert_eq!(told(0, -1, -1).unwrap(), None);
        assert!(matches!(told(75, -1, -1), Err(PartitionError::Kafka(ErrorCode(75)))));
        assert!(answer(&OffsetForLeaderEpochResponse::default(), PartitionId(3)).is_err());
    }
}
