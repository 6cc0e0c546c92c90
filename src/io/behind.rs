//! How far behind in time: when the record was written that a group reads next.
//!
//! One small fetch per partition, on connections of its own, so that neither keys nor a live view wait behind it. A batch comes
//! whole however large it is (KIP-74), so that one answer holds at least one; of it only the first record at or behind the
//! offset counts. Markers of transactions and what compaction left empty are stepped over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use super::figures::unknown;
use super::kafka::{Client, ErrorCode, FetchAsk, FetchFrom, FetchedPartition, Isolation, Link, PartitionError};
use crate::core::ask::Behind;
use crate::model::{BrokerId, Codec, Foreign, LeaderEpoch, Offset, Operation, PartitionId, Time, TimestampType, TopicName, Why};
use crate::records::{Fault, Found, Scratch, batches};

/// So many partitions are looked at at once.
const AT_ONCE: usize = 32;
/// Room for batches of a partition, in bytes: the first one, and perhaps markers before it.
const ROOM: i32 = 4 << 10;
/// The largest answer that is taken, in bytes: as much as a record in a live view may have.
const LARGEST: usize = 16 << 20;
/// So many fetches find the record: each steps over a run of markers, or over a batch that compaction emptied.
const FETCHES: usize = 64;
/// A partition's leader may move so often while it is looked at.
const MOVES: usize = 2;

/// Looks up the timestamps of the records at, or first behind, these offsets, in their order.
pub async fn times(client: &Client, places: &[(TopicName, PartitionId, Offset)]) -> Vec<Behind> {
    let strange = places.iter().filter(|(topic, partition, _)| client.leader(topic, *partition).is_none());
    let mut strange: Vec<TopicName> = strange.map(|(topic, ..)| topic.clone()).collect();
    strange.sort_unstable();
    strange.dedup();
    if !strange.is_empty() {
        // What stays unknown is the answer of its partitions.
        let _no_leaders = client.refresh(strange).await;
    }
    let looker = Looker { client: client.clone(), links: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) };
    let mut running = JoinSet::new();
    for (index, (topic, partition, offset)) in places.iter().cloned().enumerate() {
        let looker = looker.clone();
        running.spawn(async move { (index, looker.record(&topic, partition, offset).await.map(|found| found.and_then(|(_, time)| time))) });
    }
    let mut found = HashMap::with_capacity(places.len());
    while let Some(done) = running.join_next().await {
        found.extend(done);
    }
    let behind = |(index, (topic, partition, offset)): (usize, &(TopicName, PartitionId, Offset))| Behind {
        topic: topic.clone(),
        partition: *partition,
        offset: *offset,
        timestamp: found.remove(&index).unwrap_or(Err(Why::NoAnswer)),
    };
    places.iter().enumerate().map(behind).collect()
}

/// The record at, or first behind, an offset; `Ok(None)`: there is none.
pub(super) async fn next_record(client: &Client, topic: &TopicName, partition: PartitionId, offset: Offset) -> Result<Option<Offset>, Why> {
    if client.leader(topic, partition).is_none() {
        client.refresh([topic.clone()]).await.map_err(unknown)?;
    }
    let looker = Looker { client: client.clone(), links: Arc::default(), turns: Arc::new(Semaphore::new(1)) };
    looker.record(topic, partition, offset).await.map(|found| found.map(|(offset, _)| offset))
}

/// A connection to one broker, dialled once; why there is none holds for all that it leads.
type Dialled = Arc<OnceCell<Result<Arc<Link>, Why>>>;

#[derive(Debug, Clone)]
struct Looker {
    client: Client,
    links: Arc<Mutex<HashMap<BrokerId, Dialled>>>,
    turns: Arc<Semaphore>,
}

impl Looker {
    async fn link(&self, broker: BrokerId) -> Result<Arc<Link>, Why> {
        let dialled = Arc::clone(self.links.lock().unwrap_or_else(PoisonError::into_inner).entry(broker).or_default());
        let dial = || async { self.client.scan_link(broker).await.map(Arc::new).map_err(unknown) };
        dialled.get_or_init(dial).await.clone()
    }

    async fn record(&self, topic: &TopicName, partition: PartitionId, offset: Offset) -> Result<Option<(Offset, Option<Time>)>, Why> {
        // The semaphore is never closed; without a permit there would only be no bound.
        let _turn = self.turns.acquire().await;
        let (mut from, mut moves) = (offset, 0);
        for _ in 0..FETCHES {
            let leader = self.client.leader(topic, partition).ok_or(Why::NoLeader)?;
            let ask = FetchFrom {
                topic: topic.clone(),
                topic_id: leader.topic_id,
                partition,
                offset: from,
                leader_epoch: leader.epoch,
                last_epoch: LeaderEpoch(-1),
                max_bytes: ROOM,
            };
            let link = self.link(leader.broker).await?;
            let answer = link.fetch(&FetchAsk::alone(ask, Isolation::ReadUncommitted, LARGEST)).await.map_err(unknown)?;
            let answer = answer.partitions.into_iter().next().ok_or(Why::NoAnswer)?;
            match answer.error {
                Some(code) if code.needs_refresh() && moves < MOVES => {
                    moves += 1;
                    self.client.refresh([topic.clone()]).await.map_err(unknown)?;
                    continue;
                }
                Some(ErrorCode(3 | 100)) => return Err(Why::NoTopic),
                Some(code) => return Err(PartitionError::of(code, Operation::Read).why()),
                None => {}
            }
            match look(partition, from, answer).await? {
                Next::Record(offset, time) => return Ok(Some((offset, time))),
                Next::On(next) if next > from => from = next,
                Next::On(_) | Next::End => return Ok(None),
            }
        }
        Err(Why::Error(Foreign::new("no record within many batches behind the commit")))
    }
}

/// What an answer holds from an offset on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A record, and when it was written; `None`: it has no timestamp.
    Record(Offset, Option<Time>),
    /// No record before this offset.
    On(Offset),
    End,
}

async fn look(partition: PartitionId, from: Offset, answer: FetchedPartition) -> Result<Next, Why> {
    if let Some(large) = answer.too_large() {
        return Err(Why::Error(Foreign::new(format!("the batch there has {} bytes, too many to look into", large.size))));
    }
    let records = answer.records;
    if is_plain(partition, &records) {
        return first(partition, from, &records);
    }
    // Decompressing may take a while: not on a thread that has sockets to serve.
    tokio::task::spawn_blocking(move || first(partition, from, &records)).await.unwrap_or(Err(Why::NoAnswer))
}

fn is_plain(partition: PartitionId, bytes: &Bytes) -> bool {
    batches(partition, bytes).all(|found| !matches!(found, Found::Batch(batch) if batch.codec() != Codec::None))
}

/// The first record at or behind an offset.
fn first(partition: PartitionId, from: Offset, bytes: &[u8]) -> Result<Next, Why> {
    let broken = |fault: Fault| Why::Error(Foreign::new(format!("the batch there cannot be read: {fault}")));
    let mut scratch = Scratch::default();
    let mut passed = None;
    for found in batches(partition, bytes) {
        let batch = match found {
            Found::Batch(batch) => batch,
            Found::Corrupt(corrupt) => return Err(broken(corrupt.why)),
            Found::CutOff(_) => break,
        };
        let empty = batch.header().records == 0;
        if batch.next_offset() > from && !batch.is_control() && !empty {
            let gapless = batch.header().records == batch.header().last_offset_delta.saturating_add(1);
            let append = batch.timestamp_type() == TimestampType::Append;
            if append && gapless {
                // One timestamp for all of its records: there is no need to open it.
                let at = batch.header().base_offset.max(from);
                return Ok(Next::Record(at, time(batch.header().max_timestamp)));
            }
            for record in batch.open(&mut scratch).map_err(broken)?.records() {
                match record {
                    Ok(record) if record.offset >= from => {
                        let written = if append { batch.header().max_timestamp } else { record.timestamp_ms };
                        return Ok(Next::Record(record.offset, time(written)));
                    }
                    Ok(_) => {}
                    Err(fault) => return Err(broken(fault.why)),
                }
            }
        }
        passed = Some(batch.next_offset());
    }
    Ok(passed.map_or(Next::End, Next::On))
}

fn time(ms: i64) -> Option<Time> {
    (ms != -1).then(|| Time::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProducerId;
    use crate::records::writer::{self, BatchWriter};

    const P: PartitionId = PartitionId(0);

    fn at(offset: i64, ms: i64) -> Next {
        Next::Record(Offset(offset), Some(Time::from_millis(ms)))
    }

    fn three(codec: Codec) -> Vec<u8> {
        let batch = BatchWriter::new(Offset(10)).codec(codec);
        batch.record(1_000, None, Some(b"a")).record(5_000, None, Some(b"b")).record(3_000, None, Some(b"c")).finish().unwrap()
    }

    #[test]
    fn it_is_the_record_at_the_offset_and_not_the_first_of_its_batch() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let bytes = three(codec);
            let looked: Vec<Next> = (9..13).map(|from| first(P, Offset(from), &bytes).unwrap()).collect();
            assert_eq!(looked, [at(10, 1_000), at(10, 1_000), at(11, 5_000), at(12, 3_000)], "{codec:?}");
            assert_eq!(first(P, Offset(13), &bytes).unwrap(), Next::On(Offset(13)));
        }
    }

    #[test]
    fn gaps_markers_and_emptied_batches_are_stepped_over() {
        let gap = BatchWriter::new(Offset(10)).record(1_000, None, None).skip_to(4).record(4_000, None, None).finish().unwrap();
        assert_eq!(first(P, Offset(11), &gap).unwrap(), at(14, 4_000));
        // The records behind offset 10 are gone, and the batch still spans them.
        let cut = BatchWriter::new(Offset(10)).record(1_000, None, None).last_offset_delta(5).finish().unwrap();
        assert_eq!(first(P, Offset(12), &cut).unwrap(), Next::On(Offset(16)));
        let marker = writer::control(Offset(16), ProducerId(7), 0, 1, 2_000);
        let empty = BatchWriter::new(Offset(17)).last_offset_delta(2).finish().unwrap();
        let last = BatchWriter::new(Offset(20)).record(9_000, None, None).finish().unwrap();
        assert_eq!(first(P, Offset(12), &[cut, marker.clone(), empty, last].concat()).unwrap(), at(20, 9_000));
        assert_eq!(first(P, Offset(16), &marker).unwrap(), Next::On(Offset(17)));
        assert_eq!(first(P, Offset(16), &[]).unwrap(), Next::End);
    }

    #[test]
    fn a_topic_with_the_brokers_clock_has_one_time_a_batch() {
        let batch = BatchWriter::new(Offset(0)).codec(Codec::Zstd).append_time(7_000);
        let bytes = batch.record(1_000, None, None).record(2_000, None, None).finish().unwrap();
        assert_eq!(first(P, Offset(1), &bytes).unwrap(), at(1, 7_000));
    }

    #[test]
    fn no_timestamp_is_none_and_a_broken_batch_says_so() {
        let without = BatchWriter::new(Offset(0)).record(-1, None, None).finish().unwrap();
        assert_eq!(first(P, Offset(0), &without).unwrap(), Next::Record(Offset(0), None));
        let mut broken = three(Codec::None);
        *broken.last_mut().unwrap() ^= 1;
        assert!(matches!(first(P, Offset(10), &broken), Err(Why::Error(words)) if words.raw().contains("checksum mismatch")));
    }
}
