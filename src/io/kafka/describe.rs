//! DescribeConfigs, DescribeLogDirs, ListPartitionReassignments: how topics are set, how much of a disk they take, and which
//! partitions are on the move. All three only read.
//!
//! May use the pool, the wire and model. What one broker or one topic refuses is the result of that one; only when nothing
//! at all can be asked is the whole question a failure.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::DescribeConfigsResult;
use kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::describe_producers_response::ProducerState;
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use kafka_protocol::messages::{
    self as kp, DescribeConfigsRequest, DescribeLogDirsRequest, DescribeProducersRequest, ListPartitionReassignmentsRequest,
};
use kafka_protocol::protocol::StrBytes;
use tokio::task::JoinSet;

use super::error::{ErrorCode, PartitionError};
use super::fault::Fault;
use super::groups::unanswered;
use super::pool::Pool;
use super::wire::{DescribeConfigs, DescribeLogDirs, DescribeProducers, ListPartitionReassignments};
use crate::model::{
    BrokerId, Failure, Foreign, Holder, Move, Offset, Operation, PartitionId, ProducerId, Setting, Source, Time, Topic, TopicName, Volume,
};

/// A topic's settings, or why they are unknown.
pub type Configured = (TopicName, Result<Vec<Setting>, PartitionError>);

/// What one broker holds of some topics, in bytes on its disks; or why that is unknown.
pub type Stored = (BrokerId, Result<Held, PartitionError>);

/// Replicas on a broker, and the volumes that they lie on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    pub replicas: Vec<Replica>,
    /// Those whose size is told: from Kafka 3.3 on (KIP-827).
    pub volumes: Vec<Volume>,
}

/// One replica on a broker's disk. Those that are still being copied to another disk of the same broker are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    pub topic: TopicName,
    pub partition: PartitionId,
    /// All segments, without their indexes.
    pub bytes: u64,
}

/// So many topics a request: with four settings each an answer has some 100 kB, with all of them 3 MB.
const TOPICS_PER_REQUEST: usize = 500;

/// `ConfigResource.Type.TOPIC`.
const TOPIC: i8 = 2;

impl Pool {
    /// Settings of topics: these, or all of each. Any broker answers.
    ///
    /// # Errors
    /// No broker answered; or none of them offers the question.
    pub(super) async fn configs(
        self: &Arc<Self>,
        what: &'static str,
        topics: &[TopicName],
        keys: Option<&[&'static str]>,
    ) -> Result<Vec<Configured>, Failure> {
        let mut found = Vec::with_capacity(topics.len());
        for some in topics.chunks(TOPICS_PER_REQUEST) {
            let connection = self.any().await.map_err(|fault| fault.into_failure(what))?;
            let answer = connection.call::<DescribeConfigs>(|_| configs_request(some, keys)).await;
            let answer = answer.map_err(|fault| fault.into_failure(what))?;
            let mut told: HashMap<String, Configured> = answer.results.into_iter().map(configured).collect();
            let missing = |name: &TopicName| (name.clone(), Err(PartitionError::Kafka(ErrorCode(-1))));
            found.extend(some.iter().map(|name| told.remove(name.raw()).unwrap_or_else(|| missing(name))));
        }
        Ok(found)
    }

    /// What the brokers that hold replicas of these topics say of their size; `each` hears every broker as it answers.
    pub(super) async fn log_dirs(self: &Arc<Self>, what: &'static str, topics: &[Arc<Topic>], mut each: impl FnMut(Stored)) {
        let mut holders: BTreeMap<BrokerId, Vec<DescribableLogDirTopic>> = BTreeMap::new();
        for topic in topics {
            let mut held: BTreeMap<BrokerId, Vec<i32>> = BTreeMap::new();
            for partition in &topic.partitions {
                for &broker in &partition.replicas {
                    held.entry(broker).or_default().push(partition.id.0);
                }
            }
            for (broker, partitions) in held {
                let asked = DescribableLogDirTopic::default().with_topic(named(&topic.name)).with_partitions(partitions);
                holders.entry(broker).or_default().push(asked);
            }
        }
        let mut running = JoinSet::new();
        for (broker, asked) in holders {
            let pool = Arc::clone(self);
            running.spawn(async move { (broker, pool.log_dirs_of(what, broker, asked).await) });
        }
        while let Some(done) = running.join_next().await {
            if let Ok(stored) = done {
                each(stored);
            }
        }
    }

    async fn log_dirs_of(
        self: Arc<Self>,
        what: &'static str,
        broker: BrokerId,
        asked: Vec<DescribableLogDirTopic>,
    ) -> Result<Held, PartitionError> {
        let failed = |fault: Fault| unanswered(fault, what);
        let connection = self.control(broker).await.map_err(failed)?;
        let answer = connection.call::<DescribeLogDirs>(|_| DescribeLogDirsRequest::default().with_topics(Some(asked))).await;
        let answer = answer.map_err(failed)?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            return Err(PartitionError::of(code, Operation::Describe));
        }
        // Before version 3 a broker that refuses answers with no folder at all (KafkaApis.handleDescribeLogDirsRequest).
        if answer.results.is_empty() {
            return Err(PartitionError::of(ErrorCode(31), Operation::Describe));
        }
        let mut held = Held::default();
        for dir in answer.results {
            if ErrorCode::of(dir.error_code).is_some() {
                // One disk is offline: what lies on the others is still true.
                continue;
            }
            if let (Ok(total), Ok(usable)) = (u64::try_from(dir.total_bytes), u64::try_from(dir.usable_bytes)) {
                held.volumes.push(Volume { folder: Foreign::new(dir.log_dir.as_str()), total, usable });
            }
            for topic in dir.topics {
                let name = TopicName::new(topic.name.as_str());
                for partition in topic.partitions.iter().filter(|partition| !partition.is_future_key) {
                    let Ok(bytes) = u64::try_from(partition.partition_size) else { continue };
                    held.replicas.push(Replica { topic: name.clone(), partition: PartitionId(partition.partition_index), bytes });
                }
            }
        }
        Ok(held)
    }

    /// The partitions of a topic whose replicas are being moved now; the controller knows (KIP-455).
    ///
    /// # Errors
    /// No broker answered, refused, or none offers the question (before 2.4).
    pub(super) async fn moves(
        self: &Arc<Self>,
        what: &'static str,
        topic: &Topic,
        controller: Option<BrokerId>,
    ) -> Result<Vec<Move>, PartitionError> {
        let connection = match controller {
            Some(controller) => self.control(controller).await,
            None => self.any().await,
        };
        let connection = connection.map_err(|fault| unanswered(fault, what))?;
        let timeout = i32::try_from(self.settings.request.as_millis()).unwrap_or(i32::MAX);
        let answer = connection.call::<ListPartitionReassignments>(|_| moves_request(topic, timeout)).await;
        let answer = answer.map_err(|fault| unanswered(fault, what))?;
        if let Some(code) = ErrorCode::of(answer.error_code) {
            return Err(PartitionError::of(code, Operation::Describe));
        }
        let ids = |ids: Vec<kp::BrokerId>| ids.into_iter().map(|id| BrokerId(id.0)).collect();
        let partitions =
            answer.topics.into_iter().filter(|found| found.name.as_str() == topic.name.raw()).flat_map(|found| found.partitions);
        let moving = partitions.map(|p| Move {
            partition: PartitionId(p.partition_index),
            adding: ids(p.adding_replicas),
            removing: ids(p.removing_replicas),
        });
        Ok(moving.collect())
    }

    /// Transactions open on a partition, as its leader tells them (KIP-664), in order of their first record.
    pub(super) async fn holders(
        self: &Arc<Self>,
        what: &'static str,
        topic: &TopicName,
        partition: PartitionId,
    ) -> Result<Vec<Holder>, PartitionError> {
        let failed = |fault: Fault| unanswered(fault, what);
        let leader = self.leader(topic, partition).ok_or(PartitionError::NoLeader)?;
        let connection = self.control(leader.broker).await.map_err(failed)?;
        let asked = TopicRequest::default().with_name(named(topic)).with_partition_indexes(vec![partition.0]);
        let request = DescribeProducersRequest::default().with_topics(vec![asked]);
        let answer = connection.call::<DescribeProducers>(|_| request).await.map_err(failed)?;
        let told = answer.topics.into_iter().flat_map(|topic| topic.partitions).find(|told| told.partition_index == partition.0);
        let told = told.ok_or(PartitionError::Kafka(ErrorCode(-1)))?;
        if let Some(code) = ErrorCode::of(told.error_code) {
            return Err(PartitionError::of(code, Operation::Read));
        }
        let mut holders: Vec<Holder> = told.active_producers.iter().filter_map(holder).collect();
        holders.sort_by_key(|holder| holder.start);
        Ok(holders)
    }
}

/// A producer with a transaction open here; the others only have sequence numbers.
fn holder(producer: &ProducerState) -> Option<Holder> {
    let last = (producer.last_timestamp >= 0).then(|| Time::from_millis(producer.last_timestamp));
    (producer.current_txn_start_offset >= 0).then_some(Holder {
        producer: ProducerId(producer.producer_id.0),
        start: Offset(producer.current_txn_start_offset),
        last,
    })
}

fn named(name: &TopicName) -> kp::TopicName {
    kp::TopicName(StrBytes::from_string(name.raw().to_owned()))
}

fn configs_request(topics: &[TopicName], keys: Option<&[&'static str]>) -> DescribeConfigsRequest {
    let keys: Option<Vec<StrBytes>> = keys.map(|keys| keys.iter().map(|&key| StrBytes::from_static_str(key)).collect());
    let resource = |name: &TopicName| {
        DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(StrBytes::from_string(name.raw().to_owned()))
            .with_configuration_keys(keys.clone())
    };
    DescribeConfigsRequest::default().with_resources(topics.iter().map(resource).collect())
}

fn configured(result: DescribeConfigsResult) -> (String, Configured) {
    let name = result.resource_name.as_str().to_owned();
    let topic = TopicName::new(name.as_str());
    if let Some(code) = ErrorCode::of(result.error_code) {
        return (name, (topic, Err(PartitionError::of(code, Operation::DescribeConfigs))));
    }
    let settings = result.configs.into_iter().map(|config| Setting {
        name: Foreign::new(config.name.as_str()),
        value: config.value.as_ref().filter(|_| !config.is_sensitive).map(|value| Foreign::new(value.as_str())),
        source: Source::of(config.config_source),
        sensitive: config.is_sensitive,
        read_only: config.read_only,
    });
    let mut settings: Vec<Setting> = settings.collect();
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    (name, (topic, Ok(settings)))
}

fn moves_request(topic: &Topic, timeout_ms: i32) -> ListPartitionReassignmentsRequest {
    let partitions = topic.partitions.iter().map(|partition| partition.id.0).collect();
    let topics = ListPartitionReassignmentsTopics::default().with_name(named(&topic.name)).with_partition_indexes(partitions);
    ListPartitionReassignmentsRequest::default().with_timeout_ms(timeout_ms).with_topics(Some(vec![topics]))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
    use kafka_protocol::protocol::Encodable as _;

    use super::super::wire::Call;
    use super::*;
    use crate::model::TopicId;

    #[test]
    fn the_requests_encode_at_every_version() {
        let topic = Topic { name: TopicName::new("t"), id: TopicId::default(), internal: false, partitions: vec![], error: None };
        for version in DescribeConfigs::MIN..=DescribeConfigs::MAX {
            configs_request(&[TopicName::new("t")], Some(&["retention.ms"])).encode(&mut BytesMut::new(), version).unwrap();
        }
        for version in DescribeLogDirs::MIN..=DescribeLogDirs::MAX {
            let asked = DescribableLogDirTopic::default().with_topic(named(&topic.name)).with_partitions(vec![0]);
            DescribeLogDirsRequest::default().with_topics(Some(vec![asked])).encode(&mut BytesMut::new(), version).unwrap();
        }
        moves_request(&topic, 100).encode(&mut BytesMut::new(), ListPartitionReassignments::MAX).unwrap();
    }

    #[test]
    fn a_secret_has_no_value_whatever_the_broker_sends() {
        let config = DescribeConfigsResourceResult::default()
            .with_name(StrBytes::from_static_str("password"))
            .with_value(Some(StrBytes::from_static_str("hunter2")))
            .with_config_source(1)
            .with_is_sensitive(true);
        let result = DescribeConfigsResult::default().with_resource_name(StrBytes::from_static_str("t")).with_configs(vec![config]);
        let (_, (_, settings)) = configured(result);
        let settings = settings.unwrap();
        assert_eq!((settings[0].value.as_ref(), settings[0].source, settings[0].sensitive), (None, Source::Topic, true));
    }
}
