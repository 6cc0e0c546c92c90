//! Records of several topics in one order: by time, each topic's own order kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::core::stream::{Delivery, Fact, lanes};
use crate::model::{Chunk, ChunkBuilder, Offset, PartitionId, RecordRef};

/// Records, and bytes of them, that one chunk holds.
const RECORDS: usize = 500;
const BYTES: usize = 1 << 20;

/// A record of the topic at that place.
#[derive(Debug, Clone)]
pub(super) struct Row {
    topic: usize,
    chunk: Arc<Chunk>,
    at: usize,
}

impl Row {
    fn record(&self) -> Option<RecordRef<'_>> {
        self.chunk.get(self.at)
    }

    fn time(&self) -> i64 {
        self.record().map_or(i64::MIN, |record| record.timestamp_ms)
    }

    fn lane(&self) -> Option<(PartitionId, Offset)> {
        let record = self.record()?;
        Some((lanes::lane(self.topic, record.partition)?, record.offset))
    }
}

/// The records of a chunk.
pub(super) fn rows(topic: usize, chunk: &Arc<Chunk>) -> impl Iterator<Item = Row> {
    let chunk = Arc::clone(chunk);
    (0..chunk.len()).map(move |at| Row { topic, chunk: Arc::clone(&chunk), at })
}

/// What the queues hold, the oldest head first; until one is empty for which that must not be.
pub(super) fn merged(queues: &mut [VecDeque<Row>], holds_up: impl Fn(usize) -> bool) -> Vec<Row> {
    let mut all = Vec::new();
    loop {
        if queues.iter().enumerate().any(|(at, queue)| queue.is_empty() && holds_up(at)) {
            return all;
        }
        let heads = queues.iter().enumerate().filter_map(|(at, queue)| Some((queue.front()?.time(), at)));
        let Some((_, at)) = heads.min() else { return all };
        all.extend(queues.get_mut(at).and_then(VecDeque::pop_front));
    }
}

/// Leaves the newest so many; where each lane begins of which older ones went.
pub(super) fn cut(all: &mut Vec<Row>, most: usize) -> BTreeMap<PartitionId, Offset> {
    let mut firsts = BTreeMap::new();
    for (lane, offset) in all.drain(..all.len().saturating_sub(most)).filter_map(|row| row.lane()) {
        let first = firsts.entry(lane).or_insert(offset.plus(1));
        *first = offset.plus(1).max(*first);
    }
    firsts
}

/// The records under the numbers of their lanes.
pub(super) fn deliveries(all: &[Row], generation: u32) -> Vec<Delivery> {
    let (mut deliveries, mut builder, mut bytes) = (Vec::new(), ChunkBuilder::default(), 0);
    let mut close = |builder: &mut ChunkBuilder| {
        let chunk = Arc::new(builder.finish());
        if !chunk.is_empty() {
            let read = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            deliveries.push(Delivery { chunk, read, ..empty(generation) });
        }
    };
    for row in all {
        let (Some(record), Some(batch), Some((partition, _))) = (row.record(), row.chunk.batch(row.at), row.lane()) else { continue };
        if builder.len() >= RECORDS || bytes >= BYTES {
            close(&mut builder);
            bytes = 0;
        }
        bytes += record.size();
        // False only past 4 GiB: a chunk is far smaller.
        let _kept = builder.push(&RecordRef { partition, ..record }, batch);
    }
    close(&mut builder);
    deliveries
}

pub(super) fn empty(generation: u32) -> Delivery {
    Delivery { generation, facts: Vec::new(), chunk: Arc::new(ChunkBuilder::default().finish()), read: 0, not_shown: 0 }
}

/// A fact about a topic, with lanes in the place of its partitions.
pub(super) fn fact(topic: usize, fact: &Fact) -> Fact {
    let mut fact = fact.clone();
    match &mut fact {
        Fact::Lost { partition, .. }
        | Fact::Truncated { partition, .. }
        | Fact::Corrupt { partition, .. }
        | Fact::TooLarge { partition, .. }
        | Fact::Moved { partition, .. } => {
            if let Some(lane) = lanes::lane(topic, *partition) {
                *partition = lane;
            }
        }
        Fact::Deleted
        | Fact::Recreated { .. }
        | Fact::PartitionsAdded { .. }
        | Fact::Resumed { .. }
        | Fact::NotKept { .. }
        | Fact::NotAuthorised
        | Fact::Said(_) => {}
    }
    fact
}
