//! DescribeLogDirs: bytes of each replica on this broker, in a folder that is none.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};

use super::{Asked, text, topic_name};

pub(super) fn answer(asked: &Asked<'_>, request: DescribeLogDirsRequest) -> DescribeLogDirsResponse {
    let response = DescribeLogDirsResponse::default().with_throttle_time_ms(asked.throttle_ms);
    if let Some(error) = asked.error {
        // Before version 3 the answer has no place of its own for it.
        return if asked.version >= 3 { response.with_error_code(error) } else { response };
    }
    let wanted: Option<BTreeMap<_, _>> =
        request.topics.map(|topics| topics.into_iter().map(|topic| (topic.topic.0.to_string(), topic.partitions)).collect());
    let state = asked.cluster.state();
    let mut topics = Vec::new();
    for topic in state.topics() {
        let only = match &wanted {
            None => None,
            Some(wanted) => match wanted.get(&*topic.name) {
                Some(partitions) => Some(partitions),
                None => continue,
            },
        };
        let here = (0_i32..).zip(&topic.partitions).filter(|(index, partition)| {
            partition.replicas.contains(&asked.broker) && only.is_none_or(|partitions| partitions.contains(index))
        });
        let partition = |(index, partition): (i32, &crate::sandbox::topic::Partition)| {
            let size = i64::try_from(partition.bounds().size).unwrap_or(i64::MAX);
            DescribeLogDirsPartition::default().with_partition_index(index).with_partition_size(size)
        };
        let partitions: Vec<_> = here.map(partition).collect();
        if !partitions.is_empty() {
            topics.push(DescribeLogDirsTopic::default().with_name(topic_name(topic)).with_partitions(partitions));
        }
    }
    let folder = DescribeLogDirsResult::default().with_log_dir(text(&format!("/sandbox/broker-{}", asked.broker))).with_topics(topics);
    response.with_results(vec![folder])
}
