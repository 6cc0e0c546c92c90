//! Fetch: record data as it lies in the log, many partitions of one leader in one request.
//!
//! Sessionless (P49), by topic id where both sides can (v13), with the leader's epoch so that a deposed leader answers
//! with an error and not with old data (P20). What comes back are slices of the one frame: no byte of a record is copied
//! here. `records` reads them. May use the wire, the pool and model.

mod answer;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{self as kp, FetchRequest};
use kafka_protocol::protocol::StrBytes;

use super::error::ErrorCode;
use super::fault::Fault;
use super::offsets::Isolation;
use super::pool::Pool;
use super::wire::{Call as _, Connection, Fetch, Pending, Terms};
use crate::model::{BrokerId, Cause, Failure, LeaderEpoch, Offset, PartitionId, ProducerId, Step, TopicId, TopicName};

/// The first version whose answer tells of a truncated log (KIP-595).
const TELLS_TRUNCATION: i16 = 12;
/// The last version that names topics by name.
const LAST_BY_NAME: i16 = 12;
/// So much of an answer over the cap is kept: enough for the header of its batch (P47).
const HEAD: usize = 64 << 10;

/// One fetch: for partitions that one broker leads.
#[derive(Debug, Clone)]
pub struct FetchAsk {
    pub isolation: Isolation,
    /// How long the broker may wait for `min_bytes`, in whole milliseconds.
    pub max_wait: Duration,
    pub min_bytes: i32,
    /// Bytes of records in all; the first batch comes whole even when it is larger (KIP-74).
    pub max_bytes: i32,
    pub partitions: Vec<FetchFrom>,
    /// The largest answer in bytes; `None`: the cap of the settings.
    pub cap: Option<usize>,
    /// An answer over the cap: `true` keeps its head and reads past the rest, for one partition alone; `false` fails with
    /// [`Cause::TooLarge`] and closes the connection.
    pub head_if_larger: bool,
}

/// Where to read in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFrom {
    pub topic: TopicName,
    /// Unknown for any of the partitions: all are asked for by name, at most with v12.
    pub topic_id: TopicId,
    pub partition: PartitionId,
    pub offset: Offset,
    /// As metadata told it; −1 is unknown and not checked by the broker.
    pub leader_epoch: LeaderEpoch,
    /// The leader epoch of the last record that was read before `offset`, so that the broker can tell of a truncation in
    /// [`FetchedPartition::diverging`] (P22); −1: nothing was read, or not known.
    pub last_epoch: LeaderEpoch,
    /// Bytes of records of this partition.
    pub max_bytes: i32,
}

impl FetchAsk {
    /// The next batch of one partition alone, up to `cap` bytes; of a larger one only the head, which says where to go on.
    pub fn alone(from: FetchFrom, isolation: Isolation, cap: usize) -> Self {
        let most = i32::try_from(cap).unwrap_or(i32::MAX);
        Self {
            isolation,
            max_wait: Duration::ZERO,
            min_bytes: 1,
            max_bytes: from.max_bytes.min(most),
            partitions: vec![from],
            cap: Some(cap),
            head_if_larger: true,
        }
    }
}

/// The answer to one fetch.
#[derive(Debug)]
pub struct Fetched {
    /// How long the broker holds us back after this answer; the link keeps to it by itself (P12).
    pub throttle: Duration,
    /// Bytes of the whole answer on the wire.
    pub bytes: usize,
    /// As the broker ordered them; a partition may be missing.
    pub partitions: Vec<FetchedPartition>,
}

/// One partition's part of an answer. All offsets are −1 when the broker did not tell them.
#[derive(Debug, Clone)]
pub struct FetchedPartition {
    /// Which of [`FetchAsk::partitions`] it is.
    pub index: usize,
    pub error: Option<ErrorCode>,
    pub high_watermark: Offset,
    pub last_stable: Offset,
    /// −1 below v5.
    pub log_start: Offset,
    /// Aborted transactions that reach into the records, with their first offset; only for read_committed (P40).
    pub aborted: Vec<(ProducerId, Offset)>,
    /// Who leads it now, when this broker does not and knows (KIP-951).
    pub new_leader: Option<(BrokerId, LeaderEpoch)>,
    /// The log was truncated: the largest epoch that it shares with ours, and where that ends (KIP-595).
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// Batches, the last usually cut off (P46). They keep the whole frame alive.
    pub records: Bytes,
    /// Bytes of records that the broker sent, when only the head of them was kept.
    pub whole_size: Option<usize>,
}

/// A batch that is larger than was read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    /// Its base offset.
    pub offset: Offset,
    /// Bytes of the whole batch.
    pub size: u64,
    /// Where to go on reading.
    pub next: Offset,
}

impl FetchedPartition {
    /// The first batch that did not come whole, from its header; `None` when all did or even its header is missing.
    pub fn too_large(&self) -> Option<TooLarge> {
        self.whole_size?;
        let mut rest: &[u8] = &self.records;
        loop {
            let offset = i64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
            let length = u32::from_be_bytes(rest.get(8..12)?.try_into().ok()?);
            let size = usize::try_from(length).ok()?.checked_add(12)?;
            if let Some((_whole, after)) = rest.split_at_checked(size) {
                rest = after;
                continue;
            }
            // Formats 0 and 1 carry the offset of their last record, format 2 the first and a delta.
            let delta = match rest.get(16)? {
                0 | 1 => 0,
                _ => i32::from_be_bytes(rest.get(23..27)?.try_into().ok()?),
            };
            let next = offset.checked_add(i64::from(delta))?.checked_add(1)?;
            return Some(TooLarge { offset: Offset(offset), size: u64::try_from(size).ok()?, next: Offset(next) });
        }
    }
}

/// A connection to a broker for fetches: the shared one, or one of the caller's own that closes when the link and its
/// unfinished fetches are dropped.
#[derive(Debug)]
pub struct Link {
    connection: Connection,
    pool: Arc<Pool>,
    broker: BrokerId,
}

impl Link {
    pub(super) fn new(connection: Connection, pool: Arc<Pool>, broker: BrokerId) -> Self {
        Self { connection, pool, broker }
    }

    pub fn broker(&self) -> BrokerId {
        self.broker
    }

    /// A closed link stays closed: ask the client for another.
    pub fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Whether an answer tells of a truncated log in [`FetchedPartition::diverging`]; else it has to be asked for when the
    /// leader has changed ([`super::Client::epoch_end`]).
    pub fn tells_truncation(&self) -> bool {
        self.connection.version::<Fetch>().is_ok_and(|version| version >= TELLS_TRUNCATION)
    }

    /// Sends the request now; the future waits for the answer. Answers come in the order of the requests, so the next may
    /// be sent before this one is awaited or decoded. Dropping the future gives the answer up and keeps the link.
    ///
    /// # Errors
    /// The broker did not answer `max_wait` + the request's deadline, the connection broke, the answer was over the cap
    /// or made no sense. Errors of single partitions are in the answer.
    pub fn fetch(&self, ask: &FetchAsk) -> impl Future<Output = Result<Fetched, Failure>> + Send + use<> {
        let sent = self.send(ask);
        let wanted = Wanted::of(ask);
        let pool = Arc::clone(&self.pool);
        async move {
            let received = async {
                let (version, connection, pending) = sent?;
                let frame = pending.frame().await?;
                let cut = frame.is_cut();
                let size = frame.size;
                let body = connection.body::<Fetch>(version, frame)?;
                let parsed = answer::parse(body, version, cut, &wanted);
                let (error, mut fetched) = parsed.map_err(|what| connection.poison(Fault::garbled(connection.address(), what)))?;
                fetched.bytes = size;
                match error {
                    None => Ok(fetched),
                    Some(code) => Err(Fault::new(code.cause(None, None), connection.address(), Step::Request, code.words())),
                }
            };
            let fetched = received.await.map_err(|fault: Fault| fault.into_failure("fetch records"))?;
            for partition in &fetched.partitions {
                if let (Some((leader, epoch)), Some(key)) = (partition.new_leader, wanted.keys.get(partition.index)) {
                    pool.hear_of_leader(&key.topic, key.partition, leader, epoch);
                }
            }
            Ok(fetched)
        }
    }

    fn send(&self, ask: &FetchAsk) -> Result<(i16, Connection, Pending), Fault> {
        let offered = self.connection.version::<Fetch>()?;
        let by_id = ask.partitions.iter().all(|from| from.topic_id.is_known());
        let version = if by_id { offered } else { offered.min(LAST_BY_NAME) };
        if version < Fetch::MIN {
            return Err(Fault::new(
                Cause::NotOffered(Fetch::NAME),
                self.connection.address(),
                Step::Request,
                "offers no fetch that we know",
            ));
        }
        let terms = Terms {
            wait: ask.max_wait,
            cap: ask.cap.unwrap_or(self.pool.settings.fetch_cap),
            head: ask.head_if_larger.then_some(HEAD),
            reuse: true,
            silent: false,
        };
        let pending = self.connection.send::<Fetch>(version, &request(version, ask), terms)?;
        Ok((version, self.connection.clone(), pending))
    }
}

/// What was asked for, to recognise it in the answer.
#[derive(Debug)]
struct Wanted {
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    topic: TopicName,
    topic_id: TopicId,
    partition: PartitionId,
}

impl Wanted {
    fn of(ask: &FetchAsk) -> Self {
        let key = |from: &FetchFrom| Key { topic: from.topic.clone(), topic_id: from.topic_id, partition: from.partition };
        Self { keys: ask.partitions.iter().map(key).collect() }
    }
}

fn request(version: i16, ask: &FetchAsk) -> FetchRequest {
    let mut topics: Vec<FetchTopic> = Vec::new();
    for from in &ask.partitions {
        let partition = FetchPartition::default()
            .with_partition(from.partition.0)
            .with_current_leader_epoch(if version >= 9 { from.leader_epoch.0 } else { -1 })
            .with_last_fetched_epoch(if version >= TELLS_TRUNCATION { from.last_epoch.0 } else { -1 })
            .with_fetch_offset(from.offset.0)
            .with_partition_max_bytes(from.max_bytes);
        let same = |topic: &FetchTopic| {
            if version > LAST_BY_NAME { topic.topic_id.as_bytes() == &from.topic_id.0 } else { topic.topic.as_str() == from.topic.raw() }
        };
        match topics.iter_mut().rfind(|topic| same(topic)) {
            Some(topic) => topic.partitions.push(partition),
            None if version > LAST_BY_NAME => {
                // Sixteen bytes always make an id; the crate of its type is the protocol crate's own affair.
                let id = from.topic_id.0.to_vec().try_into().unwrap_or_default();
                topics.push(FetchTopic::default().with_topic_id(id).with_partitions(vec![partition]));
            }
            None => {
                let name = kp::TopicName(StrBytes::from_string(from.topic.raw().to_owned()));
                topics.push(FetchTopic::default().with_topic(name).with_partitions(vec![partition]));
            }
        }
    }
    let request = FetchRequest::default()
        .with_max_wait_ms(i32::try_from(ask.max_wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(ask.min_bytes)
        .with_max_bytes(ask.max_bytes)
        .with_isolation_level(ask.isolation.wire())
        .with_topics(topics);
    let request = if version <= 14 { request.with_replica_id(kp::BrokerId(-1)) } else { request };
    if version >= 7 { request.with_session_id(0).with_session_epoch(-1) } else { request }
}

#[cfg(test)]
mod tests;
