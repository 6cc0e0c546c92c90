//! The records that a screen holds: chunks in the order of their arrival, limited by count and by bytes, each record
//! under a number that is never reused. Neither eviction nor arrival can move a selection to another record.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Chunk, RecordRef};

/// A record's number on this screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

/// What is held now, to be worked on elsewhere: cloning it copies no record.
pub type Snapshot = Arc<[(Seq, Arc<Chunk>)]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub records: usize,
    /// Of arenas and rows.
    pub bytes: usize,
}

#[derive(Debug)]
pub struct MessageStore {
    limits: Limits,
    chunks: VecDeque<Held>,
    records: usize,
    bytes: usize,
    next: Seq,
    /// The lowest number that was ever given: what comes in front gets lower ones, also after evictions.
    lowest: Seq,
    evicted: u64,
}

#[derive(Debug)]
struct Held {
    first: Seq,
    chunk: Arc<Chunk>,
}

impl MessageStore {
    pub fn new(limits: Limits) -> Self {
        Self { limits, chunks: VecDeque::new(), records: 0, bytes: 0, next: Seq(0), lowest: Seq(0), evicted: 0 }
    }

    pub fn len(&self) -> usize {
        self.records
    }

    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes held, of arenas and rows.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Records that were held and gave way to newer ones.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The number of the oldest record held, or the next one's when there is none.
    pub fn first(&self) -> Seq {
        self.chunks.front().map_or(self.next, |held| held.first)
    }

    /// The number that the next record will get.
    pub fn end(&self) -> Seq {
        self.next
    }

    /// Whether another chunk would push an old one out.
    pub fn is_full(&self) -> bool {
        self.records >= self.limits.records || self.bytes >= self.limits.bytes
    }

    /// Appends a chunk and evicts whole chunks from the front while a limit is passed; gives those back, the oldest first.
    /// The newest chunk always stays, so a record larger than the limit is held once.
    pub fn push(&mut self, chunk: Arc<Chunk>) -> Vec<Arc<Chunk>> {
        let mut evicted = Vec::new();
        if chunk.is_empty() {
            return evicted;
        }
        self.records += chunk.len();
        self.bytes += chunk.bytes();
        let first = self.next;
        self.next = Seq(first.0.saturating_add(i64::try_from(chunk.len()).unwrap_or(i64::MAX)));
        self.chunks.push_back(Held { first, chunk });
        while self.chunks.len() > 1 && (self.records > self.limits.records || self.bytes > self.limits.bytes) {
            if let Some(old) = self.chunks.pop_front() {
                self.records -= old.chunk.len();
                self.bytes -= old.chunk.bytes();
                self.evicted += old.chunk.len() as u64;
                evicted.push(old.chunk);
            }
        }
        evicted
    }

    /// Puts a chunk of older records in front of what is held; returns their numbers, the end exclusive. Evicts nothing: who
    /// asks for older records asks for no more than there is room for.
    pub fn push_front(&mut self, chunk: Arc<Chunk>) -> (Seq, Seq) {
        let end = self.lowest.min(self.first());
        if chunk.is_empty() {
            return (end, end);
        }
        self.records += chunk.len();
        self.bytes += chunk.bytes();
        let first = Seq(end.0.saturating_sub(i64::try_from(chunk.len()).unwrap_or(i64::MAX)));
        self.lowest = first;
        self.chunks.push_front(Held { first, chunk });
        (first, end)
    }

    /// The chunk and the row in it of a record, unless it was evicted.
    pub fn locate(&self, seq: Seq) -> Option<(&Arc<Chunk>, usize)> {
        let at = self.chunks.partition_point(|held| held.first <= seq).checked_sub(1)?;
        let held = self.chunks.get(at)?;
        let row = usize::try_from(seq.0.checked_sub(held.first.0)?).ok()?;
        (row < held.chunk.len()).then_some((&held.chunk, row))
    }

    pub fn get(&self, seq: Seq) -> Option<RecordRef<'_>> {
        let (chunk, row) = self.locate(seq)?;
        chunk.get(row)
    }

    pub fn snapshot(&self) -> Snapshot {
        self.chunks.iter().map(|held| (held.first, Arc::clone(&held.chunk))).collect()
    }

    /// The numbers of all records held, in order. There are gaps among them where older records came after an eviction.
    pub fn seqs(&self) -> impl Iterator<Item = Seq> + '_ {
        self.chunks.iter().flat_map(|held| (held.first.0..).map(Seq).take(held.chunk.len()))
    }

    /// All records held, from the end of the list to its start.
    pub fn newest(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.chunks.iter().rev().flat_map(|held| (0..held.chunk.len()).rev().filter_map(|row| held.chunk.get(row)))
    }

    /// All records held, in order.
    pub fn records(&self) -> impl Iterator<Item = RecordRef<'_>> {
        self.chunks.iter().flat_map(|held| held.chunk.iter())
    }

    /// Drops the chunks before a record.
    pub fn cut(&mut self, before: Seq) {
        while self.chunks.front().is_some_and(|held| held.first < before) {
            if let Some(old) = self.chunks.pop_front() {
                self.records -= old.chunk.len();
                self.bytes -= old.chunk.bytes();
            }
        }
    }

    /// Empties it; gives back what was held. Numbers go on where they were.
    pub fn clear(&mut self) -> Vec<Arc<Chunk>> {
        self.records = 0;
        self.bytes = 0;
        std::mem::take(&mut self.chunks).into_iter().map(|held| held.chunk).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BatchFacts, ChunkBuilder, Codec, Headers, LeaderEpoch, Offset, PartitionId, TimestampType};
    use proptest::prelude::*;

    fn chunk(records: usize, size: usize) -> Arc<Chunk> {
        let batch = BatchFacts {
            base_offset: Offset(0),
            next_offset: Offset(1),
            codec: Codec::None,
            records: 1,
            size: 1,
            magic: 2,
            leader_epoch: LeaderEpoch(0),
            timestamp_type: TimestampType::Create,
            transaction: None,
        };
        let value = vec![b'x'; size];
        let mut builder = ChunkBuilder::default();
        for n in 0..records {
            builder.push(
                &RecordRef {
                    partition: PartitionId(0),
                    offset: Offset(i64::try_from(n).unwrap()),
                    timestamp_ms: 0,
                    timestamp_type: TimestampType::Create,
                    key: None,
                    value: Some(&value),
                    headers: Headers::default(),
                    leader_epoch: LeaderEpoch(0),
                    transaction: None,
                },
                &batch,
            );
        }
        Arc::new(builder.finish())
    }

    proptest! {
        #[test]
        fn limits_hold_and_numbers_stay(pushes in prop::collection::vec((0_usize..30, 0_usize..300), 1..60)) {
            let limits = Limits { records: 100, bytes: 10_000 };
            let mut store = MessageStore::new(limits);
            let mut total = 0;
            for (records, size) in pushes {
                let newest = chunk(records, size);
                store.push(Arc::clone(&newest));
                total += records;
                prop_assert!(store.len() <= limits.records || store.len() == newest.len());
                prop_assert!(store.bytes() <= limits.bytes || store.snapshot().len() == 1);
                prop_assert_eq!(store.len() as u64 + store.evicted(), total as u64);
                prop_assert_eq!(store.end().0, i64::try_from(total).unwrap());
                let held = (store.first().0..store.end().0).filter(|&n| store.get(Seq(n)).is_some()).count();
                prop_assert_eq!(held, store.len());
                prop_assert!(store.get(store.end()).is_none());
            }
        }

        #[test]
        fn older_records_come_in_front_under_numbers_of_their_own(
            pushes in prop::collection::vec((any::<bool>(), 0_usize..30), 1..60),
        ) {
            let mut store = MessageStore::new(Limits { records: 100, bytes: 1 << 20 });
            let mut given = std::collections::BTreeSet::new();
            for (in_front, records) in pushes {
                let some = chunk(records, 1);
                let held = store.len();
                if in_front {
                    let (first, end) = store.push_front(some);
                    prop_assert_eq!(store.len(), held + records);
                    prop_assert!((first.0..end.0).all(|n| given.insert(n)), "a number was used again");
                    prop_assert!(records == 0 || store.first() == first);
                } else {
                    let from = store.end();
                    let evicted: usize = store.push(some).iter().map(|chunk| chunk.len()).sum();
                    prop_assert_eq!(store.len() + evicted, held + records);
                    prop_assert!((from.0..store.end().0).all(|n| given.insert(n)), "a number was used again");
                }
                let seqs: Vec<Seq> = store.seqs().collect();
                prop_assert!(seqs.is_sorted() && seqs.len() == store.len());
                prop_assert!(seqs.iter().all(|&seq| store.get(seq).is_some()));
                prop_assert_eq!(store.records().count(), store.len());
            }
        }
    }
}
