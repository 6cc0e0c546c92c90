//! Says the mutating half of Kafka's protocol to a real cluster: topics, batches, deletions, transactions. Each call retries
//! what the broker says is only not yet so (a new topic, a coordinator that loads), and panics on everything else.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, CreateAclsRequest, CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest, EndTxnRequest,
    FindCoordinatorRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest, ProduceRequest, TopicName, TransactionalId,
};
use kafka_protocol::protocol::StrBytes;

use super::batch::{Codec, Producer, Record, adopt, encode};
use super::connection::Connection;
use crate::eventually;

/// Who leads what, and connections to those that were asked so far.
#[derive(Debug)]
pub(crate) struct Writer {
    first: Connection,
    addresses: BTreeMap<i32, String>,
    brokers: BTreeMap<i32, Connection>,
    leaders: BTreeMap<(String, i32), i32>,
}

/// Where a batch went. `log_append_time_ms` is −1 unless the broker sets the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) log_append_time_ms: i64,
}

/// Which offset to ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    Start,
    /// The high watermark.
    End,
    /// The end for read_committed.
    LastStable,
    /// Of the first record at or after this time (milliseconds); −1 when there is none.
    Time(i64),
}

/// A transactional producer.
#[derive(Debug)]
pub(crate) struct Transaction {
    id: String,
    producer_id: i64,
    epoch: i16,
    sequences: BTreeMap<(String, i32), i32>,
}

impl Transaction {
    /// Who writes the next so many records to a partition.
    fn next(&mut self, topic: &str, partition: i32, records: usize) -> Producer {
        let sequence = self.sequences.entry((topic.to_owned(), partition)).or_insert(0);
        let producer = Producer { id: self.producer_id, epoch: self.epoch, sequence: *sequence };
        *sequence += i32::try_from(records).expect("few");
        producer
    }
}

/// What an ACL is about, by Kafka's numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Right {
    All = 2,
    Read = 3,
    Write = 4,
    Delete = 6,
    Describe = 8,
    DescribeConfigs = 10,
}

/// What it is on, by Kafka's numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum On {
    Topic = 2,
    Group = 3,
    Cluster = 4,
}

/// Not yet so: unknown topic, leader not available, not leader, coordinator loading, not available, moved, transaction still
/// ending.
const RETRY: [i16; 7] = [3, 5, 6, 14, 15, 16, 51];

impl Writer {
    /// `addresses`: any brokers of the cluster, by the listener that is always reachable.
    pub(crate) fn connect(addresses: &[String]) -> Self {
        let first = Connection::open(addresses.first().expect("an address"));
        Self { first, addresses: BTreeMap::new(), brokers: BTreeMap::new(), leaders: BTreeMap::new() }
    }

    /// Creates a topic, waits until every partition has a leader.
    pub(crate) fn create(&mut self, topic: &str, partitions: i32, replicas: i16, configs: &[(&str, &str)]) {
        let configs = configs.iter().map(|(k, v)| CreatableTopicConfig::default().with_name(text(k)).with_value(Some(text(v))));
        let new = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(replicas)
            .with_configs(configs.collect());
        let request = CreateTopicsRequest::default().with_topics(vec![new]).with_timeout_ms(30_000);
        eventually("the topic is created", || {
            let reply = self.first.call(5, &request);
            let result = &reply.topics[0];
            // One that was deleted just before is still there for a moment.
            assert!([0, 36].contains(&result.error_code), "create {topic}: {:?}", result.error_message);
            (result.error_code == 0).then_some(())
        });
        let count = usize::try_from(partitions).expect("a count");
        eventually("every partition has a leader", || (self.learn(topic) == count).then_some(()));
    }

    /// Creates a topic of one partition with its replicas on these brokers, the preferred leader first.
    pub(crate) fn create_on(&mut self, topic: &str, brokers: &[i32], configs: &[(&str, &str)]) {
        let configs = configs.iter().map(|(k, v)| CreatableTopicConfig::default().with_name(text(k)).with_value(Some(text(v))));
        let replicas = brokers.iter().map(|&id| id.into()).collect();
        let new = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(-1)
            .with_replication_factor(-1)
            .with_assignments(vec![CreatableReplicaAssignment::default().with_partition_index(0).with_broker_ids(replicas)])
            .with_configs(configs.collect());
        let reply = self.first.call(5, &CreateTopicsRequest::default().with_topics(vec![new]).with_timeout_ms(30_000));
        assert_eq!(reply.topics[0].error_code, 0, "create {topic}: {:?}", reply.topics[0].error_message);
        self.led_by(topic, brokers[0]);
    }

    /// Waits until a broker leads partition 0 of a topic.
    pub(crate) fn led_by(&mut self, topic: &str, broker: i32) {
        eventually(&format!("broker {broker} leads {topic}"), || {
            self.learn(topic);
            (self.leaders.get(&(topic.to_owned(), 0)) == Some(&broker)).then_some(())
        });
    }

    /// Writes an ACL for everybody who comes without authentication: allows or denies an operation on a topic. It holds when
    /// the brokers have heard of it, which may be a little later.
    pub(crate) fn acl(&mut self, topic: &str, operation: Right, allow: bool) {
        self.acl_of("ANONYMOUS", (On::Topic, topic), operation, allow);
    }

    /// As [`Self::acl`], for a user (`*` is everybody), on anything.
    pub(crate) fn acl_of(&mut self, user: &str, (on, name): (On, &str), operation: Right, allow: bool) {
        let creation = AclCreation::default()
            .with_resource_type(on as i8)
            .with_resource_name(text(name))
            .with_resource_pattern_type(3)
            .with_principal(text(&format!("User:{user}")))
            .with_host(text("*"))
            .with_operation(operation as i8)
            .with_permission_type(if allow { 3 } else { 2 });
        let reply = self.first.call(2, &CreateAclsRequest::default().with_creations(vec![creation]));
        assert_eq!(reply.results[0].error_code, 0, "{:?}", reply.results[0].error_message);
    }

    /// Deletes a topic.
    pub(crate) fn delete(&mut self, topic: &str) {
        let request = DeleteTopicsRequest::default().with_topic_names(vec![name(topic)]).with_timeout_ms(30_000);
        let reply = self.first.call(4, &request);
        assert_eq!(reply.responses[0].error_code, 0, "delete {topic}");
    }

    /// Asks who leads the partitions of a topic; how many have a leader. Never creates the topic.
    pub(crate) fn learn(&mut self, topic: &str) -> usize {
        let asked = MetadataRequestTopic::default().with_name(Some(name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![asked])).with_allow_auto_topic_creation(false);
        let reply = self.first.call(9, &request);
        for broker in &reply.brokers {
            self.addresses.insert(broker.node_id.0, format!("{}:{}", broker.host, broker.port));
        }
        self.leaders.retain(|(t, _), _| t != topic);
        for p in reply.topics.iter().flat_map(|t| &t.partitions).filter(|p| p.error_code == 0) {
            self.leaders.insert((topic.to_owned(), p.partition_index), p.leader_id.0);
        }
        self.leaders.keys().filter(|(t, _)| t == topic).count()
    }

    /// The broker that leads a partition, as last learned.
    pub(crate) fn leader(&self, topic: &str, partition: i32) -> i32 {
        *self.leaders.get(&(topic.to_owned(), partition)).unwrap_or_else(|| panic!("{topic}[{partition}] has no leader"))
    }

    /// Asks anew who leads the topic unless the leader took the request; keeps what is known while an election goes on.
    fn moved(&mut self, topic: &str, is_there: bool) {
        let known = self.leaders.clone();
        if !is_there && self.learn(topic) < known.keys().filter(|(t, _)| t == topic).count() {
            self.leaders = known;
        }
    }

    fn at_leader(&mut self, topic: &str, partition: i32) -> &mut Connection {
        let leader = self.leader(topic, partition);
        self.brokers.entry(leader).or_insert_with(|| Connection::open(&self.addresses[&leader]))
    }

    /// Appends plain records as one batch.
    pub(crate) fn append(&mut self, topic: &str, partition: i32, codec: Codec, records: &[Record]) -> Appended {
        self.produce(topic, partition, encode(codec, records, None), None)
    }

    /// Appends the bytes of one batch as they are, with acks from all in-sync replicas.
    fn produce(&mut self, topic: &str, partition: i32, batch: Vec<u8>, transaction: Option<&str>) -> Appended {
        let data = PartitionProduceData::default().with_index(partition).with_records(Some(Bytes::from(batch)));
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(30_000)
            .with_transactional_id(transaction.map(|id| TransactionalId(text(id))))
            .with_topic_data(vec![TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![data])]);
        eventually("the leader takes the batch", || {
            let reply = self.at_leader(topic, partition).call(9, &request);
            let answer = &reply.responses[0].partition_responses[0];
            let done = Appended { base_offset: answer.base_offset, log_append_time_ms: answer.log_append_time_ms };
            let is_there = ok(answer.error_code, &format!("produce to {topic}[{partition}]: {:?}", answer.error_message));
            self.moved(topic, is_there);
            is_there.then_some(done)
        })
    }

    /// Deletes the records below an offset.
    pub(crate) fn delete_before(&mut self, topic: &str, partition: i32, offset: i64) {
        let part = DeleteRecordsPartition::default().with_partition_index(partition).with_offset(offset);
        let asked = DeleteRecordsTopic::default().with_name(name(topic)).with_partitions(vec![part]);
        let request = DeleteRecordsRequest::default().with_topics(vec![asked]).with_timeout_ms(30_000);
        let reply = self.at_leader(topic, partition).call(1, &request);
        assert_eq!(reply.topics[0].partitions[0].error_code, 0, "delete records of {topic}");
    }

    /// An offset of a partition, from its leader.
    pub(crate) fn offset(&mut self, topic: &str, partition: i32, point: Point) -> i64 {
        let (timestamp, isolation) = match point {
            Point::Start => (-2, 0),
            Point::End => (-1, 0),
            Point::LastStable => (-1, 1),
            Point::Time(at) => (at, 0),
        };
        let part = ListOffsetsPartition::default().with_partition_index(partition).with_current_leader_epoch(-1).with_timestamp(timestamp);
        let asked = ListOffsetsTopic::default().with_name(name(topic)).with_partitions(vec![part]);
        let request = ListOffsetsRequest::default().with_replica_id((-1).into()).with_isolation_level(isolation).with_topics(vec![asked]);
        eventually("the leader knows its offsets", || {
            let reply = self.at_leader(topic, partition).call(5, &request);
            let answer = &reply.topics[0].partitions[0];
            let (is_there, offset) = (ok(answer.error_code, &format!("offsets of {topic}[{partition}]")), answer.offset);
            self.moved(topic, is_there);
            is_there.then_some(offset)
        })
    }

    // Transactions go to the first broker: they are for clusters of one node.

    /// A producer with this transactional id; it fences an older one and may keep a transaction open for a day.
    pub(crate) fn transactional(&mut self, id: &str) -> Transaction {
        let find = FindCoordinatorRequest::default().with_key(text(id)).with_key_type(1);
        let init = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(id))))
            .with_transaction_timeout_ms(86_000_000)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        eventually("the transaction coordinator answers", || {
            ok(self.first.call(3, &find).error_code, "find the coordinator").then_some(())?;
            let reply = self.first.call(4, &init);
            ok(reply.error_code, "init producer id").then(|| Transaction {
                id: id.to_owned(),
                producer_id: reply.producer_id.0,
                epoch: reply.producer_epoch,
                sequences: BTreeMap::new(),
            })
        })
    }

    /// Appends records as one transactional batch; begins a transaction when none is open.
    pub(crate) fn append_in(&mut self, tx: &mut Transaction, topic: &str, partition: i32, records: &[Record]) -> Appended {
        self.join(tx, topic, partition);
        let producer = tx.next(topic, partition, records.len());
        self.produce(topic, partition, encode(Codec::None, records, Some(producer)), Some(&tx.id))
    }

    /// Appends a batch of so many records as it lay in another cluster's log, under the transaction's producer if there is one.
    pub(crate) fn append_copy(
        &mut self,
        tx: Option<&mut Transaction>,
        topic: &str,
        partition: i32,
        mut batch: Vec<u8>,
        records: usize,
    ) -> Appended {
        let Some(tx) = tx else {
            adopt(&mut batch, None);
            return self.produce(topic, partition, batch, None);
        };
        self.join(tx, topic, partition);
        adopt(&mut batch, Some(tx.next(topic, partition, records)));
        self.produce(topic, partition, batch, Some(&tx.id))
    }

    /// The partition belongs to the transaction, which begins when none is open.
    fn join(&mut self, tx: &Transaction, topic: &str, partition: i32) {
        let add = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(&tx.id)))
            .with_v3_and_below_producer_id(tx.producer_id.into())
            .with_v3_and_below_producer_epoch(tx.epoch)
            .with_v3_and_below_topics(vec![AddPartitionsToTxnTopic::default().with_name(name(topic)).with_partitions(vec![partition])]);
        eventually("the partition joins the transaction", || {
            let reply = self.first.call(3, &add);
            let code = reply.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
            ok(code, "add the partition").then_some(())
        });
    }

    /// Commits or aborts; returns when the coordinator has decided. The markers may come a little later.
    pub(crate) fn end(&mut self, tx: &Transaction, commit: bool) {
        let request = EndTxnRequest::default()
            .with_transactional_id(TransactionalId(text(&tx.id)))
            .with_producer_id(tx.producer_id.into())
            .with_producer_epoch(tx.epoch)
            .with_committed(commit);
        eventually("the transaction ends", || ok(self.first.call(3, &request).error_code, "end the transaction").then_some(()));
    }
}

/// Whether it worked; false: try again. Panics on an error that will not go away.
fn ok(code: i16, what: &str) -> bool {
    assert!(code == 0 || RETRY.contains(&code), "{what}: error {code}");
    code == 0
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn name(topic: &str) -> TopicName {
    TopicName(text(topic))
}
