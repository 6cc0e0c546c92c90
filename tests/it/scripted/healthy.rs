//! What a broker in good order answers, from a short list of topics: the ground that faults are scripted on.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse, FetchRequest, FetchResponse,
    ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Action, Question};
use crate::kafka::{Codec, encode, record};

/// One broker that leads everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Healthy {
    pub(crate) topics: Vec<FakeTopic>,
    /// Topics of another life have other ids.
    pub(crate) life: u8,
    /// The epoch of the leader, in which its last batches were written.
    pub(crate) epoch: i32,
}

/// A topic whose partitions all hold the same bytes.
#[derive(Debug, Clone)]
pub(crate) struct FakeTopic {
    pub(crate) name: &'static str,
    pub(crate) partitions: i32,
    /// Batches as they lie in the log, in order of offset.
    pub(crate) log: Bytes,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl FakeTopic {
    pub(crate) fn empty(name: &'static str, partitions: i32) -> Self {
        Self { name, partitions, log: Bytes::new(), start: 0, end: 0 }
    }

    /// One partition with a batch of each of these lists of values, from offset 0 on, in leader epoch 0.
    pub(crate) fn holding(name: &'static str, batches: &[&[&str]]) -> Self {
        let mut log = Vec::new();
        let mut end = 0_i64;
        for values in batches {
            let records: Vec<_> = values.iter().map(|value| record(*value).key("k")).collect();
            log.extend(moved(encode(Codec::None, &records, None), end));
            end += i64::try_from(values.len()).expect("few");
        }
        Self { name, partitions: 1, log: log.into(), start: 0, end }
    }

    /// From the batch that holds an offset on, so many bytes, but that batch whole, as a broker sends it.
    fn read(&self, offset: i64, most: usize) -> Bytes {
        let mut at = 0;
        while let Some(header) = self.log.get(at..at + 61) {
            let number = |range: std::ops::Range<usize>| header[range].iter().fold(0_i64, |n, &byte| n << 8 | i64::from(byte));
            let size = 12 + usize::try_from(number(8..12)).expect("a size");
            if number(0..8) + number(23..27) >= offset {
                return self.log.slice(at..self.log.len().min(at + most.max(size)));
            }
            at += size;
        }
        Bytes::new()
    }
}

/// A batch at another base offset and in leader epoch 0, which its checksum does not cover.
fn moved(mut batch: Vec<u8>, base: i64) -> Vec<u8> {
    batch[..8].copy_from_slice(&base.to_be_bytes());
    batch[12..16].fill(0);
    batch
}

/// The versions offered: what 3.9 has, so that topic ids are in use.
const OFFERED: [(ApiKey, i16, i16); 5] = [
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::ListOffsets, 1, 9),
    (ApiKey::Fetch, 4, 16),
    (ApiKey::DescribeCluster, 0, 1),
];

impl Healthy {
    pub(crate) fn with(topics: Vec<FakeTopic>) -> Self {
        Self { topics, ..Self::default() }
    }

    /// The answer in good order; a close for what is not modelled.
    pub(crate) fn answer(&self, q: &Question) -> Action {
        match q.api {
            ApiKey::ApiVersions => Action::Reply(Self::offering(q, &OFFERED)),
            ApiKey::Metadata => Action::Reply(q.answer::<MetadataRequest>(&self.metadata(q))),
            ApiKey::DescribeCluster => Action::Reply(q.answer::<DescribeClusterRequest>(&Self::cluster(q))),
            ApiKey::ListOffsets => Action::Reply(q.answer::<ListOffsetsRequest>(&self.offsets(&q.decode()))),
            ApiKey::Fetch => self.fetch(q),
            _ => Action::Close,
        }
    }

    /// The answer to ApiVersions. A version that it does not know is answered in version 0 with error 35 (KIP-511).
    pub(crate) fn offering(q: &Question, offered: &[(ApiKey, i16, i16)]) -> Bytes {
        let keys = offered.iter();
        let keys = keys.map(|&(api, min, max)| ApiVersion::default().with_api_key(api as i16).with_min_version(min).with_max_version(max));
        let response = ApiVersionsResponse::default().with_api_keys(keys.collect());
        if q.version() > 4 {
            return q.answer_as::<ApiVersionsRequest>(0, &response.with_error_code(35));
        }
        q.answer::<ApiVersionsRequest>(&response)
    }

    /// Every topic, or those asked for by name or id; error 3 for one that is not there.
    pub(crate) fn metadata(&self, q: &Question) -> MetadataResponse {
        let broker = MetadataResponseBroker::default().with_node_id(1.into()).with_host(host(q)).with_port(i32::from(q.server.port()));
        let asked = q.decode::<MetadataRequest>().topics;
        let topics = match asked {
            None => self.topics.iter().enumerate().map(|(at, t)| found(self.id(at), t, self.epoch)).collect(),
            Some(list) => list
                .into_iter()
                .map(|t| match self.find(t.name.as_ref(), t.topic_id.into_bytes()) {
                    Some((at, topic)) => found(self.id(at), topic, self.epoch),
                    None => MetadataResponseTopic::default().with_name(t.name).with_error_code(3),
                })
                .collect(),
        };
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_cluster_id(Some(StrBytes::from_static_str("scripted-cluster")))
            .with_controller_id(1.into())
            .with_topics(topics)
    }

    fn find(&self, name: Option<&TopicName>, id: [u8; 16]) -> Option<(usize, &FakeTopic)> {
        let same = |at: usize, t: &FakeTopic| name.is_some_and(|n| n.as_str() == t.name) || id == self.id(at);
        self.topics.iter().enumerate().find(|&(at, t)| same(at, t))
    }

    /// A topic's id: its life, and its place in the list, counted from 1.
    fn id(&self, at: usize) -> [u8; 16] {
        let mut id = u128::try_from(at + 1).expect("a small list").to_be_bytes();
        id[0] = self.life;
        id
    }

    fn cluster(q: &Question) -> DescribeClusterResponse {
        let broker = DescribeClusterBroker::default().with_broker_id(1.into()).with_host(host(q)).with_port(i32::from(q.server.port()));
        DescribeClusterResponse::default()
            .with_cluster_id(StrBytes::from_static_str("scripted-cluster"))
            .with_controller_id(1.into())
            .with_brokers(vec![broker])
    }

    fn offsets(&self, asked: &ListOffsetsRequest) -> ListOffsetsResponse {
        let topics = asked.topics.iter().map(|t| {
            let (start, end) = self.find(Some(&t.name), [0; 16]).map_or((0, 0), |(_, topic)| (topic.start, topic.end));
            let parts = t.partitions.iter().map(|p| {
                let offset = if p.timestamp == -2 { start } else { end };
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(p.partition_index)
                    .with_offset(offset)
                    .with_timestamp(-1)
                    .with_leader_epoch(self.epoch)
            });
            ListOffsetsTopicResponse::default().with_name(t.name.clone()).with_partitions(parts.collect())
        });
        ListOffsetsResponse::default().with_topics(topics.collect())
    }

    /// A fetch that finds nothing waits as long as it may.
    fn fetch(&self, q: &Question) -> Action {
        let response = self.fetched(q);
        let parts = response.responses.iter().flat_map(|t| &t.partitions);
        let empty = parts.clone().all(|p| p.records.as_ref().is_none_or(Bytes::is_empty) && p.error_code == 0);
        let answer = q.answer::<FetchRequest>(&response);
        match u64::try_from(q.decode::<FetchRequest>().max_wait_ms) {
            Ok(wait) if empty => Action::After(Duration::from_millis(wait), answer),
            _ => Action::Reply(answer),
        }
    }

    /// What a fetch finds now: for a script that changes a part of it.
    pub(crate) fn fetched(&self, q: &Question) -> FetchResponse {
        let asked: FetchRequest = q.decode();
        let topics = asked.topics.iter().map(|t| {
            let found = self.find(Some(&t.topic).filter(|n| !n.is_empty()), t.topic_id.into_bytes());
            let parts = t.partitions.iter().map(|p| {
                let mut data = PartitionData::default().with_partition_index(p.partition);
                let Some((_, topic)) = found else { return data.with_error_code(if q.version() < 13 { 3 } else { 100 }) };
                data = data.with_high_watermark(topic.end).with_last_stable_offset(topic.end).with_log_start_offset(topic.start);
                // A client that knows no epoch, as −1 says, is not fenced.
                if (0..self.epoch).contains(&p.current_leader_epoch) {
                    return data.with_error_code(74).with_records(Some(Bytes::new()));
                }
                if p.fetch_offset < topic.start || p.fetch_offset > topic.end {
                    return data.with_error_code(1).with_records(Some(Bytes::new()));
                }
                data.with_records(Some(topic.read(p.fetch_offset, usize::try_from(p.partition_max_bytes).unwrap_or(0))))
            });
            let response = FetchableTopicResponse::default().with_topic(t.topic.clone()).with_topic_id(t.topic_id);
            response.with_partitions(parts.collect())
        });
        FetchResponse::default().with_responses(topics.collect())
    }
}

fn host(q: &Question) -> StrBytes {
    StrBytes::from_string(q.server.ip().to_string())
}

fn found(id: [u8; 16], topic: &FakeTopic, epoch: i32) -> MetadataResponseTopic {
    let partition = |n: i32| {
        MetadataResponsePartition::default()
            .with_partition_index(n)
            .with_leader_id(1.into())
            .with_leader_epoch(epoch)
            .with_replica_nodes(vec![1.into()])
            .with_isr_nodes(vec![1.into()])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_static_str(topic.name))))
        .with_topic_id(id.to_vec().try_into().expect("sixteen bytes"))
        .with_partitions((0..topic.partitions).map(partition).collect())
}
