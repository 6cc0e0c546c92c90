//! Copies the sandbox's topics to a real cluster: the same bytes under the same offsets, with transactions of real producers.
//! The broker checks every batch on the way, so whatever the sandbox holds is what a Kafka log may hold.

use std::collections::BTreeMap;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{DescribeConfigsRequest, FetchRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::eventually;
use crate::kafka::{Codec, Connection, Point, Transaction, Writer, encode, record};

/// What is copied. The others cannot be written: compacted logs have gaps, a broker that never was has no replica, and internal
/// topics are each cluster's own.
pub(super) const TOPICS: [&str; 9] =
    ["audit.log", "clickstream", "invoices", "odd-records", "orders", "orders.dlq", "page-views.daily", "payments", "sensor.readings"];

const FOR_EVER: &str = "9223372036854775807";
/// Set on the real topics alone: a broker takes no times of the future, and would compact what the sandbox leaves alone.
pub(super) const ADDED: [(&str, &str); 2] = [("message.timestamp.after.max.ms", FOR_EVER), ("min.compaction.lag.ms", FOR_EVER)];

/// One batch as it lies in a log (`org.apache.kafka.common.record.DefaultRecordBatch`).
struct Batch(Vec<u8>);

impl Batch {
    fn number<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0[at..at + N].try_into().expect("a whole header")
    }

    fn base(&self) -> i64 {
        i64::from_be_bytes(self.number(0))
    }

    fn last(&self) -> i64 {
        self.base() + i64::from(i32::from_be_bytes(self.number(23)))
    }

    fn records(&self) -> usize {
        usize::try_from(i32::from_be_bytes(self.number(57))).expect("a count")
    }

    fn producer(&self) -> i64 {
        i64::from_be_bytes(self.number(43))
    }

    fn is_transactional(&self) -> bool {
        self.0[22] & 0x10 != 0
    }

    /// Of a control batch: whether it commits. Its only record's key is a version and a type, at a fixed place.
    fn marker(&self) -> Option<bool> {
        (self.0[22] & 0x20 != 0).then(|| i16::from_be_bytes(self.number(61 + 5 + 2)) == 1)
    }
}

/// Creates the topics on the other cluster and fills them.
pub(super) fn copy(from: &str, to: &[String]) {
    let addresses = [from.to_owned()];
    let mut copy =
        Copy { wire: Connection::open(from), from: Writer::connect(&addresses), to: Writer::connect(to), producers: BTreeMap::new() };
    for topic in TOPICS {
        let partitions = i32::try_from(copy.from.learn(topic)).expect("a count");
        assert!(partitions > 0, "{topic}");
        let settings = copy.settings(topic);
        let added = ADDED.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<(String, String)> = settings.into_iter().chain(added).collect();
        let borrowed: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        copy.to.create(topic, partitions, 1, &borrowed);
        for partition in 0..partitions {
            copy.partition(topic, partition);
        }
    }
}

struct Copy {
    wire: Connection,
    from: Writer,
    to: Writer,
    /// By their ids in the sandbox.
    producers: BTreeMap<i64, Transaction>,
}

impl Copy {
    /// What is set for a topic itself.
    fn settings(&mut self, topic: &str) -> Vec<(String, String)> {
        const TOPIC: i8 = 2;
        const SET_HERE: i8 = 1;
        let name = StrBytes::from_string(topic.to_owned());
        let resource = DescribeConfigsResource::default().with_resource_type(TOPIC).with_resource_name(name).with_configuration_keys(None);
        let reply = self.wire.call(1, &DescribeConfigsRequest::default().with_resources(vec![resource]));
        let set = reply.results[0].configs.iter().filter(|config| config.config_source == SET_HERE);
        set.map(|config| (config.name.to_string(), config.value.as_ref().expect("no secret").to_string())).collect()
    }

    fn partition(&mut self, topic: &str, partition: i32) {
        let [start, end] = [Point::Start, Point::End].map(|point| self.from.offset(topic, partition, point));
        if start > 0 {
            let filler: Vec<_> = (0..start).map(|_| record("deleted since")).collect();
            self.to.append(topic, partition, Codec::Gzip, &filler);
            self.to.delete_before(topic, partition, start);
        }
        let mut next = start;
        while next < end {
            for batch in self.fetch(topic, partition, next) {
                next = batch.last() + 1;
                self.batch(topic, partition, batch);
            }
        }
        assert_eq!(self.to.offset(topic, partition, Point::End), end, "{topic}/{partition}");
    }

    /// Whole batches from this offset on; at least one.
    fn fetch(&mut self, topic: &str, partition: i32, from: i64) -> Vec<Batch> {
        let asked = FetchPartition::default().with_partition(partition).with_fetch_offset(from).with_partition_max_bytes(1 << 20);
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        let topics = vec![FetchTopic::default().with_topic(name).with_partitions(vec![asked])];
        let reply = self.wire.call(4, &FetchRequest::default().with_max_bytes(1 << 20).with_min_bytes(1).with_topics(topics));
        let bytes = reply.responses[0].partitions[0].records.clone().expect("records");
        let mut batches = Vec::new();
        let mut rest = &bytes[..];
        while let Some(length) = rest.get(8..12).map(|length| u32::from_be_bytes(length.try_into().expect("four bytes"))) {
            let Some(batch) = rest.get(..12 + usize::try_from(length).expect("a length")) else { break };
            rest = &rest[batch.len()..];
            batches.push(Batch(batch.to_vec()));
        }
        assert!(!batches.is_empty(), "{topic}/{partition} from {from}");
        batches
    }

    fn batch(&mut self, topic: &str, partition: i32, batch: Batch) {
        let (base, records) = (batch.base(), batch.records());
        if let Some(commit) = batch.marker() {
            self.to.end(&self.producers[&batch.producer()], commit);
            eventually("the marker is written", || (self.to.offset(topic, partition, Point::End) > base).then_some(()));
            return;
        }
        let transaction = batch.is_transactional().then(|| {
            let id = batch.producer();
            self.producers.entry(id).or_insert_with(|| self.to.transactional(&format!("payments-{id}")))
        });
        let appended = self.to.append_copy(transaction, topic, partition, batch.0, records);
        assert_eq!(appended.base_offset, base, "{topic}/{partition}");
    }
}

#[test]
fn what_is_copied_is_a_batch_of_the_log() {
    let batch = Batch(encode(Codec::None, &[record("a"), record("b")], None));
    assert_eq!((batch.base(), batch.last(), batch.records(), batch.producer()), (0, 1, 2, -1));
    assert_eq!((batch.is_transactional(), batch.marker()), (false, None));
}
