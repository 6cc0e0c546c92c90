//! A producer that survives what is done to its brokers: it writes 0, 1, 2, … to every partition of a topic and knows
//! how far the brokers have confirmed it. A number whose confirmation is lost is written again, so the log may hold it twice.

use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{MetadataRequest, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::batch::{Codec, encode, record};
use super::connection::Connection;
use crate::eventually;

/// Longer than a dead broker needs to be replaced; a frozen one is given up after it.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Numbers {
    confirmed: Arc<Mutex<BTreeMap<i32, i64>>>,
    stop: Option<Vec<mpsc::Sender<()>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Numbers {
    /// Begins; each partition gets a number every `pace`. The addresses are those that are always reachable.
    pub(crate) fn start(addresses: &[String], topic: &str, partitions: i32, pace: Duration) -> Self {
        let confirmed = Arc::new(Mutex::new(BTreeMap::new()));
        let (mut stop, mut threads) = (Vec::new(), Vec::new());
        for partition in 0..partitions {
            let (end, ended) = mpsc::channel();
            let mut producer = Producer { addresses: addresses.to_vec(), topic: topic.to_owned(), partition, leader: None };
            let confirmed = Arc::clone(&confirmed);
            stop.push(end);
            threads.push(thread::spawn(move || {
                let mut number = 0;
                while ended.recv_timeout(pace) == Err(RecvTimeoutError::Timeout) {
                    if producer.write(number).is_ok() {
                        confirmed.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, number);
                        number += 1;
                    } else {
                        producer.leader = None;
                    }
                }
            }));
        }
        Self { confirmed, stop: Some(stop), threads }
    }

    /// The last confirmed number of a partition; −1 before the first.
    pub(crate) fn confirmed(&self, partition: i32) -> i64 {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).unwrap_or(&-1)
    }

    /// Waits until so many more are confirmed in each of these partitions; the numbers reached.
    #[track_caller]
    pub(crate) fn go_on(&self, partitions: &[i32], more: i64) -> BTreeMap<i32, i64> {
        let goals: BTreeMap<i32, i64> = partitions.iter().map(|&p| (p, self.confirmed(p) + more)).collect();
        eventually("the producer goes on", || goals.iter().all(|(&p, &goal)| self.confirmed(p) >= goal).then_some(()));
        goals
    }

    /// Ends it; the last confirmed numbers.
    pub(crate) fn finish(mut self) -> BTreeMap<i32, i64> {
        self.stop = None;
        for thread in std::mem::take(&mut self.threads) {
            thread.join().expect("the producer's thread");
        }
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Producer {
    addresses: Vec<String>,
    topic: String,
    partition: i32,
    leader: Option<Connection>,
}

impl Producer {
    fn write(&mut self, number: i64) -> io::Result<()> {
        let batch = encode(Codec::None, &[record(number.to_string())], None);
        let data = PartitionProduceData::default().with_index(self.partition).with_records(Some(Bytes::from(batch)));
        let request = ProduceRequest::default()
            .with_acks(-1)
            .with_timeout_ms(2_000)
            .with_topic_data(vec![TopicProduceData::default().with_name(self.name()).with_partition_data(vec![data])]);
        let leader = match &mut self.leader {
            Some(leader) => leader,
            none => none.insert(Self::find(&self.addresses, &self.topic, self.partition)?),
        };
        let reply = leader.try_call(9, &request)?;
        match reply.responses[0].partition_responses[0].error_code {
            0 => Ok(()),
            code => Err(io::Error::other(format!("error {code}"))),
        }
    }

    fn name(&self) -> TopicName {
        TopicName(StrBytes::from_string(self.topic.clone()))
    }

    /// The leader, as any broker that answers knows it.
    fn find(addresses: &[String], topic: &str, partition: i32) -> io::Result<Connection> {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(name))]))
            .with_allow_auto_topic_creation(false);
        for address in addresses {
            let Ok(reply) = Connection::try_open(address, PATIENCE).and_then(|mut c| c.try_call(9, &request)) else { continue };
            let leader = reply.topics.iter().flat_map(|t| &t.partitions).find(|p| p.partition_index == partition).map(|p| p.leader_id);
            if let Some(broker) = reply.brokers.iter().find(|b| Some(b.node_id) == leader)
                && let Ok(connection) = Connection::try_open(&format!("{}:{}", broker.host, broker.port), PATIENCE)
            {
                return Ok(connection);
            }
        }
        Err(io::Error::other("no leader"))
    }
}
