//! InitProducerId and Produce: batches to the brokers that lead their partitions, one request at a time.
//!
//! Nothing here sends a request twice: what becomes of one whose answer is lost is the affair of `io::produce`, which knows
//! whether the broker would recognise it. A producer is asked for once and used again by later sends of this client, with the
//! sequence numbers of each partition going on (KIP-98). May use the wire, the pool, model, and the permit of a change.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{self as kp, InitProducerIdRequest, ProduceRequest};
use kafka_protocol::protocol::StrBytes;
use tokio::time::{Instant, sleep};

use super::error::ErrorCode;
use super::fault::Fault;
use super::pool::{Pool, no_topics};
use super::slot_pause;
use super::wire::{Connection, InitProducerId, Metadata, Produce, Terms, Throttled};
use crate::core::guard::Permit;
use crate::core::produce::Acks;
use crate::model::{BrokerId, Cause, Failure, Foreign, LeaderEpoch, Offset, PartitionId, ProducerId, TopicId, TopicName};
use crate::records::build::Sequence;

/// The last version that names topics by name (KIP-516).
const LAST_BY_NAME: i16 = 12;
/// A producer that was not used for so long is not used again: brokers forget them after a day by default, seven before 3.3.
const FRESH: Duration = Duration::from_secs(600);

/// One request: batches for partitions that one broker leads, none of them named twice.
#[derive(Debug, Clone)]
pub struct ProduceAsk {
    pub acks: Acks,
    /// How long the leader may wait for its followers.
    pub timeout: Duration,
    pub batches: Vec<NewBatch>,
}

/// A batch on its way.
#[derive(Debug, Clone)]
pub struct NewBatch {
    pub topic: TopicName,
    /// Unknown for any of them: all are named by name.
    pub topic_id: TopicId,
    pub partition: PartitionId,
    /// One whole batch, sealed and stamped.
    pub bytes: Bytes,
}

/// The answer.
#[derive(Debug)]
pub struct Produced {
    /// How long the broker holds this connection from now on: what was sent is in the log all the same (KIP-219).
    pub throttle: Duration,
    /// In the order of the batches.
    pub partitions: Vec<Result<Ack, Refusal>>,
}

/// A batch is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Of its first record; `None`: the broker did not tell.
    pub base_offset: Option<Offset>,
    /// The time that all of its records have, where the broker's clock counts.
    pub append_ms: Option<i64>,
}

/// What the broker says in place of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// Its own words, when it has some.
    pub words: Option<Foreign>,
}

/// No answer.
#[derive(Debug, Clone)]
pub enum Lost {
    /// The request never left.
    Unsent(Failure),
    /// It may have arrived.
    Open(Failure),
}

impl Lost {
    fn of(fault: Fault) -> Self {
        let unsent = fault.is_dial() || matches!(fault.cause, Cause::NotOffered(_));
        let failure = fault.into_failure(WHAT);
        if unsent { Self::Unsent(failure) } else { Self::Open(failure) }
    }
}

const WHAT: &str = "send the records";

/// An idempotent producer: its id, and how far it has counted on each partition.
#[derive(Debug)]
pub struct Producer {
    id: ProducerId,
    epoch: i16,
    next: HashMap<(TopicName, TopicId, PartitionId), i32>,
    used: Instant,
}

impl Producer {
    pub fn id(&self) -> ProducerId {
        self.id
    }

    /// The numbers of the next batch of so many records on a partition.
    pub fn sequence(&mut self, topic: &TopicName, id: TopicId, partition: PartitionId, records: i32) -> Sequence {
        let next = self.next.entry((topic.clone(), id, partition)).or_insert(0);
        let first = *next;
        *next = after(first, records);
        Sequence { producer: self.id, epoch: self.epoch, first }
    }
}

/// Sequence numbers go on at 0 behind the largest (`DefaultRecordBatch.incrementSequence`).
fn after(first: i32, records: i32) -> i32 {
    first.checked_add(records).unwrap_or_else(|| records - (i32::MAX - first) - 1)
}

/// Why there is no idempotent producer.
#[derive(Debug, Clone)]
pub enum NoProducer {
    /// The broker forbids it.
    Forbidden(ErrorCode),
    /// It does not offer it.
    NotOffered,
    Failed(Failure),
}

/// A connection to the leader of partitions.
#[derive(Debug, Clone)]
pub struct ProduceLink {
    connection: Connection,
    pool: Arc<Pool>,
}

impl ProduceLink {
    pub(super) fn new(connection: Connection, pool: Arc<Pool>) -> Self {
        Self { connection, pool }
    }

    pub fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Sends the batches, once. With [`Acks::None`] the broker answers nothing, and closes the connection when it refuses
    /// (`KafkaApis.handleProduceRequest`): so a harmless question follows, and its answer says that all was taken.
    ///
    /// # Errors
    /// The answer did not come.
    pub async fn send(&self, _permit: &Permit, ask: &ProduceAsk) -> Result<Produced, Lost> {
        let offered = self.connection.version::<Produce>().map_err(Lost::of)?;
        let by_id = ask.batches.iter().all(|batch| batch.topic_id.is_known());
        let version = if by_id { offered } else { offered.min(LAST_BY_NAME) };
        let silent = ask.acks == Acks::None;
        let terms = Terms { wait: ask.timeout, silent, ..self.connection.plain_terms() };
        let pending = self.connection.send::<Produce>(version, &request(version, ask), terms).map_err(Lost::of)?;
        let frame = pending.frame().await.map_err(Lost::of)?;
        if silent {
            self.connection.call::<Metadata>(|_| no_topics()).await.map_err(Lost::of)?;
            let taken = Ok(Ack { base_offset: None, append_ms: None });
            return Ok(Produced { throttle: Duration::ZERO, partitions: vec![taken; ask.batches.len()] });
        }
        let answer = self.connection.decode::<Produce>(version, frame).map_err(Lost::of)?;
        let throttle = Duration::from_millis(u64::try_from(answer.throttle_time_ms).unwrap_or(0));
        if !throttle.is_zero() {
            self.pool.common.throttled.send_modify(|told| {
                let address = Some(Arc::clone(self.connection.address()));
                *told = Throttled { address, broker: None, time: throttle, at: Some(Instant::now()), count: told.count.saturating_add(1) };
            });
        }
        Ok(Produced { throttle, partitions: matched(version, ask, answer.responses, &self.pool) })
    }
}

impl Pool {
    /// A producer's id, from whichever broker answers; one that is left from before, when there is.
    pub(super) async fn producer(self: &Arc<Self>, what: &'static str) -> Result<Producer, NoProducer> {
        let idle = self.producer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(idle) = idle.filter(|idle| idle.used.elapsed() < FRESH) {
            return Ok(idle);
        }
        let deadline = Instant::now() + self.settings.retry;
        let mut tries = 0;
        loop {
            match self.new_producer(what).await {
                Err(Again(error)) if Instant::now() >= deadline => return Err(error),
                Err(Again(_)) => {}
                Ok(settled) => return settled,
            }
            sleep(slot_pause(tries)).await;
            tries += 1;
        }
    }

    async fn new_producer(self: &Arc<Self>, what: &'static str) -> Result<Result<Producer, NoProducer>, Again> {
        let failed = |fault: Fault| match fault.cause {
            Cause::NotOffered(_) => Ok(Err(NoProducer::NotOffered)),
            _ if fault.is_passing() && !fault.is_dial() => Err(Again(NoProducer::Failed(fault.into_failure(what)))),
            _ => Ok(Err(NoProducer::Failed(fault.into_failure(what)))),
        };
        let connection = match self.any().await {
            Ok(connection) => connection,
            Err(fault) => return failed(fault),
        };
        let answer = match connection.call::<InitProducerId>(producer_request).await {
            Ok(answer) => answer,
            Err(fault) => return failed(fault),
        };
        match ErrorCode::of(answer.error_code) {
            None => {
                let (id, epoch) = (ProducerId(answer.producer_id.0), answer.producer_epoch);
                Ok(Ok(Producer { id, epoch, next: HashMap::new(), used: Instant::now() }))
            }
            // The coordinator loads or moves; another request of ours is under way (CONCURRENT_TRANSACTIONS).
            Some(code @ ErrorCode(7 | 14 | 15 | 16 | 51)) => Err(Again(NoProducer::Failed(Failure::new(what, code.cause(None, None))))),
            Some(code) => Ok(Err(NoProducer::Forbidden(code))),
        }
    }

    /// Keeps a producer for the next who sends: only one of which every batch is known to be in the log or not.
    pub(super) fn give_back(&self, producer: Producer) {
        let producer = Producer { used: Instant::now(), ..producer };
        *self.producer.lock().unwrap_or_else(PoisonError::into_inner) = Some(producer);
    }
}

/// Another try may do better.
struct Again(NoProducer);

/// Without a transaction; the time limit is that of the Java client, and of no account.
fn producer_request(version: i16) -> InitProducerIdRequest {
    let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(i32::MAX);
    if version >= 3 { request.with_producer_id(kp::ProducerId(-1)).with_producer_epoch(-1) } else { request }
}

fn request(version: i16, ask: &ProduceAsk) -> ProduceRequest {
    let mut topics: Vec<TopicProduceData> = Vec::new();
    for batch in &ask.batches {
        let data = PartitionProduceData::default().with_index(batch.partition.0).with_records(Some(batch.bytes.clone()));
        let by_id = version > LAST_BY_NAME;
        let same = |topic: &TopicProduceData| {
            if by_id { topic.topic_id.as_bytes() == &batch.topic_id.0 } else { topic.name.as_str() == batch.topic.raw() }
        };
        if let Some(topic) = topics.iter_mut().rfind(|topic| same(topic)) {
            topic.partition_data.push(data);
            continue;
        }
        let topic = TopicProduceData::default().with_partition_data(vec![data]);
        topics.push(if by_id {
            // Sixteen bytes always make an id; the crate of its type is the protocol crate's own affair.
            topic.with_topic_id(batch.topic_id.0.to_vec().try_into().unwrap_or_default())
        } else {
            topic.with_name(kp::TopicName(StrBytes::from_string(batch.topic.raw().to_owned())))
        });
    }
    let acks = match ask.acks {
        Acks::All => -1,
        Acks::Leader => 1,
        Acks::None => 0,
    };
    ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(acks)
        .with_timeout_ms(i32::try_from(ask.timeout.as_millis()).unwrap_or(i32::MAX))
        .with_topic_data(topics)
}

/// What is said of each batch; one that the broker left out is an error of the broker. Leaders that it names are heard of.
fn matched(version: i16, ask: &ProduceAsk, told: Vec<TopicProduceResponse>, pool: &Pool) -> Vec<Result<Ack, Refusal>> {
    let mut found: HashMap<(TopicName, PartitionId), Result<Ack, Refusal>> = HashMap::new();
    for topic in told {
        let name = if version > LAST_BY_NAME {
            ask.batches.iter().find(|batch| topic.topic_id.as_bytes() == &batch.topic_id.0).map(|batch| batch.topic.clone())
        } else {
            Some(TopicName::new(topic.name.as_str()))
        };
        let Some(name) = name else { continue };
        for partition in topic.partition_responses {
            let id = PartitionId(partition.index);
            let leader = &partition.current_leader;
            if leader.leader_id.0 >= 0 && leader.leader_epoch >= 0 {
                pool.hear_of_leader(&name, id, BrokerId(leader.leader_id.0), LeaderEpoch(leader.leader_epoch));
            }
            found.insert((name.clone(), id), result(&partition));
        }
    }
    let missing = || Err(Refusal { code: ErrorCode(-1), words: None });
    let answer = |batch: &NewBatch| found.remove(&(batch.topic.clone(), batch.partition)).unwrap_or_else(missing);
    ask.batches.iter().map(answer).collect()
}

fn result(partition: &PartitionProduceResponse) -> Result<Ack, Refusal> {
    let Some(code) = ErrorCode::of(partition.error_code) else {
        let base_offset = Some(Offset(partition.base_offset)).filter(|offset| offset.0 >= 0);
        return Ok(Ack { base_offset, append_ms: Some(partition.log_append_time_ms).filter(|&ms| ms >= 0) });
    };
    // Of a batch that is refused for single records, what is said of the first of them is the most exact.
    let single = partition.record_errors.iter().find_map(|error| error.batch_index_error_message.as_ref());
    let words = single.or(partition.error_message.as_ref()).map(|text| Foreign::new(text.as_str()));
    Err(Refusal { code, words })
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::protocol::Encodable as _;

    use super::super::wire::Call as _;
    use super::*;

    #[test]
    fn the_requests_encode_at_every_version() {
        let batch = |partition, id| NewBatch {
            topic: TopicName::new("t"),
            topic_id: TopicId([id; 16]),
            partition: PartitionId(partition),
            bytes: Bytes::from_static(b"batch"),
        };
        let ask = ProduceAsk { acks: Acks::All, timeout: Duration::from_secs(1), batches: vec![batch(0, 7), batch(3, 7)] };
        for version in Produce::MIN..=Produce::MAX {
            let request = request(version, &ask);
            assert_eq!((request.topic_data.len(), request.topic_data[0].partition_data.len()), (1, 2));
            request.encode(&mut BytesMut::new(), version).unwrap();
        }
        for version in InitProducerId::MIN..=InitProducerId::MAX {
            producer_request(version).encode(&mut BytesMut::new(), version).unwrap();
        }
        assert_eq!((Produce::MAX, InitProducerId::MAX), (13, 5));
    }

    #[tokio::test]
    async fn a_producer_counts_each_partition_by_itself_and_begins_again_behind_the_largest_number() {
        let mut producer = Producer { id: ProducerId(5), epoch: 0, next: HashMap::new(), used: Instant::now() };
        let (topic, id) = (TopicName::new("t"), TopicId::default());
        let mut first = |partition, records| producer.sequence(&topic, id, PartitionId(partition), records).first;
        assert_eq!(
            [first(0, 3), first(0, 2), first(1, 1), first(0, i32::MAX - 6), first(0, 4), first(0, 1)],
            [0, 3, 0, 5, i32::MAX - 1, 2]
        );
    }
}
