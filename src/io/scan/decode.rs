//! Work on the pool: batches in, what is kept of their records out. Checks, decompresses, filters, copies or encodes.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::answer::words;
use super::recent::{Kept, Place, Search};
use super::{Encode, Shape, Tallies};
use crate::core::stream::{Fact, Spared, Unfit};
use crate::model::{BatchFacts, Chunk, ChunkBuilder, LeaderEpoch, Offset, Outcome, PartitionId, RecordRef, Time, TopicName};
use crate::query::{Filter, Subject, Tally};
use crate::records::{Batch, Decompressed, Fault, Found, RecordFault, Scratch, batches};

/// A chunk is cut when it has so many records or bytes.
pub(super) const CHUNK_RECORDS: usize = 500;
pub(super) const CHUNK_BYTES: usize = 1 << 20;

thread_local! {
    /// Each worker's buffers: once they are warm, opening a batch allocates nothing.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Some batches of one partition, and what to make of them.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub load: Load,
    /// Records outside of `from..stop` are of no interest.
    pub from: Offset,
    pub stop: Option<Offset>,
    pub now: Time,
    pub how: How,
    pub spare: Spare,
    /// Where batches are kept once they are open.
    pub shelf: Option<Shelf>,
}

/// The batches of a job.
#[derive(Debug, Clone)]
pub(super) enum Load {
    /// As they came; one outcome per batch, or none.
    Fetched { bytes: Bytes, outcomes: Box<[Option<Outcome>]> },
    /// From memory.
    Recalled(Vec<Arc<Kept>>),
}

/// Where in the store of recent batches those of a partition belong.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub search: Search,
    pub place: Place,
    pub epoch: LeaderEpoch,
}

/// Buffers that were used, for the next lines: they are large, and to ask the system for each anew costs more than to fill it.
#[derive(Debug, Clone, Default)]
pub struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    /// So many are kept, none of more bytes than that.
    const KEPT: usize = 16;
    const LARGEST: usize = 4 << 20;

    pub(super) fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// An empty buffer, used before or new.
    pub fn buffer(&self) -> Vec<u8> {
        self.take()
    }

    /// Takes a buffer back.
    pub fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < Self::KEPT && buffer.capacity() <= Self::LARGEST {
            spare.push(buffer);
        }
    }
}

/// What to keep, and in which form: the same for all jobs until the filter changes.
#[derive(Debug, Clone)]
pub(super) struct How {
    pub shape: Shape,
    pub filter: Option<Arc<Filter>>,
    pub generation: u32,
    /// A record of more bytes is said and not kept.
    pub largest: usize,
}

/// What was kept, in order of offset.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub generation: u32,
    pub rows: Rows,
    /// Timestamps of the rows, in milliseconds as the log has them.
    pub times: Vec<i64>,
    /// To be said before the row of that index; in order.
    pub facts: Vec<(usize, Fact)>,
    /// Records looked at, and values a filter asked into that were no JSON, or broken.
    pub read: u64,
    pub broken: u64,
    /// Of the records that were looked at, those that were in memory.
    pub recalled: u64,
    pub unfit: Unfit,
    pub spared: Spared,
    /// Records that match, when they are only counted.
    pub matched: u64,
    /// The base timestamp of its first batch, in milliseconds as the log has it.
    pub oldest_ms: Option<i64>,
    /// Bytes of batches that this came from.
    pub wire: usize,
}

#[derive(Debug, Default)]
pub(super) enum Rows {
    /// Counted alone.
    #[default]
    None,
    Chunks(Vec<Arc<Chunk>>),
    /// Encoded, one behind the other; `ends` says where each ends.
    Lines {
        bytes: Vec<u8>,
        ends: Vec<u32>,
    },
}

impl Block {
    /// A block without records that holds a fact's place.
    pub(super) fn fact(fact: Fact) -> Self {
        Self { facts: vec![(0, fact)], ..Self::default() }
    }

    /// Bytes of the records that it keeps.
    pub(super) fn kept(&self) -> usize {
        match &self.rows {
            Rows::None => 0,
            Rows::Chunks(chunks) => chunks.iter().map(|chunk| chunk.bytes()).sum(),
            Rows::Lines { bytes, .. } => bytes.len(),
        }
    }
}

/// Runs a job. Never fails: what is wrong is a fact of the block.
pub(super) fn run(job: &Job) -> Block {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut decoder = Decoder::new(job);
        match &job.load {
            Load::Fetched { bytes, outcomes } => {
                let mut outcomes = outcomes.iter().copied();
                for found in batches(job.partition, bytes) {
                    // Pieces are cut from whole batches with sensible headers.
                    let Found::Batch(batch) = found else { continue };
                    decoder.batch(&batch, outcomes.next().flatten(), scratch);
                }
            }
            Load::Recalled(batches) => batches.iter().for_each(|kept| decoder.recalled(kept)),
        }
        decoder.finish()
    })
}

struct Decoder<'j> {
    job: &'j Job,
    block: Block,
    keep: Keep,
}

/// What is being filled.
enum Keep {
    Nothing,
    Tally { tally: Box<Tally>, tallies: Tallies },
    Chunks { done: Vec<Arc<Chunk>>, builder: ChunkBuilder },
    Lines { encode: Encode, bytes: Vec<u8>, ends: Vec<u32> },
}

impl<'j> Decoder<'j> {
    fn new(job: &'j Job) -> Self {
        let keep = match &job.how.shape {
            Shape::Count => Keep::Nothing,
            Shape::Tally(tallies) => Keep::Tally { tally: Box::new(tallies.take()), tallies: tallies.clone() },
            Shape::Chunks => Keep::Chunks { done: Vec::new(), builder: ChunkBuilder::default() },
            Shape::Lines(encode) => Keep::Lines { encode: Arc::clone(encode), bytes: job.spare.take(), ends: Vec::new() },
        };
        let wire = if let Load::Fetched { bytes, .. } = &job.load { bytes.len() } else { 0 };
        let block = Block { generation: job.how.generation, wire, ..Block::default() };
        Self { job, block, keep }
    }

    fn batch(&mut self, batch: &Batch<'_>, outcome: Option<Outcome>, scratch: &mut Scratch) {
        self.block.oldest_ms.get_or_insert(batch.header().base_timestamp);
        match batch.open(scratch) {
            Ok(opened) => {
                if let Some(shelf) = &self.job.shelf {
                    shelf.search.keep(shelf.place, shelf.epoch, &opened, outcome);
                }
                self.records(&opened, outcome);
            }
            Err(fault) => {
                let next = batch.next_offset();
                self.fault(batch.header().base_offset, next, batch.wire().len(), &fault);
            }
        }
    }

    /// A batch that was read before. Its records count as read again, and as not fetched.
    fn recalled(&mut self, kept: &Kept) {
        let opened = kept.opened();
        self.block.oldest_ms.get_or_insert(opened.base_timestamp());
        let before = self.block.read;
        self.records(&opened, kept.outcome());
        self.block.recalled = self.block.recalled.saturating_add(self.block.read.saturating_sub(before));
    }

    fn records(&mut self, opened: &Decompressed<'_>, outcome: Option<Outcome>) {
        let facts = *opened.facts();
        let whole = facts.base_offset >= self.job.from && self.job.stop.is_none_or(|stop| facts.next_offset <= stop);
        let filter = self.job.how.filter.as_deref().filter(|filter| !filter.is_everything());
        let literals = filter.map(Filter::literals).filter(|literals| !literals.is_empty());
        if whole && literals.is_some_and(|literals| !literals.may_match(opened.bytes())) {
            let records = u64::try_from(facts.records).unwrap_or(0);
            self.block.read = self.block.read.saturating_add(records);
            self.block.spared.add(Spared { batches: 1, in_batches: records, records: 0 });
            return;
        }
        if whole && filter.is_none() && matches!(self.keep, Keep::Nothing) {
            return self.count(opened);
        }
        let mut records = opened.records();
        let (stop, mut begin, mut read, mut spared) = (self.job.stop.unwrap_or(Offset(i64::MAX)), 0, 0_u64, 0_u64);
        while let Some(record) = records.next() {
            let end = records.position();
            let raw = opened.bytes().get(std::mem::replace(&mut begin, end)..end);
            let record = match record {
                Ok(record) => record,
                Err(bad) => {
                    self.record_fault(opened, &bad);
                    continue;
                }
            };
            if record.offset < self.job.from || record.offset >= stop {
                continue;
            }
            read = read.saturating_add(1);
            let kept = match filter {
                None => true,
                Some(_) if literals.is_some_and(|literals| raw.is_some_and(|raw| !literals.may_match(raw))) => {
                    spared = spared.saturating_add(1);
                    false
                }
                Some(filter) => self.matches(filter, &record, outcome),
            };
            if kept {
                self.keep(&record, &facts, outcome);
            }
        }
        self.block.read = self.block.read.saturating_add(read);
        self.block.spared.add(Spared { records: spared, ..Spared::default() });
    }

    /// Walks the records for nothing but their number and their faults.
    fn count(&mut self, opened: &Decompressed<'_>) {
        let read = opened.records().verify(|bad| self.record_fault(opened, &bad));
        self.block.read = self.block.read.saturating_add(read);
        self.block.matched = self.block.matched.saturating_add(read);
    }

    fn record_fault(&mut self, opened: &Decompressed<'_>, bad: &RecordFault) {
        let facts = opened.facts();
        let bytes = usize::try_from(facts.size).unwrap_or(usize::MAX);
        self.fault(bad.reached, facts.next_offset, bytes, &bad.why);
    }

    fn matches(&mut self, filter: &Filter, record: &RecordRef<'_>, outcome: Option<Outcome>) -> bool {
        let verdict = filter.matches(&Subject { record, topic: self.job.topic.raw(), txn: outcome, now: self.job.now });
        self.block.broken = self.block.broken.saturating_add(u64::from(verdict.broken || verdict.not_json));
        self.block.unfit.note(&verdict, (record.partition, record.offset));
        verdict.matched
    }

    fn keep(&mut self, record: &RecordRef<'_>, facts: &BatchFacts, outcome: Option<Outcome>) {
        if record.size() > self.job.how.largest {
            let (partition, offset) = (record.partition, record.offset);
            let bytes = u64::try_from(record.size()).unwrap_or(u64::MAX);
            self.say(Fact::TooLarge { partition, offset, next: offset.plus(1), bytes });
            return;
        }
        match &mut self.keep {
            Keep::Nothing => {
                self.block.matched = self.block.matched.saturating_add(1);
                return;
            }
            Keep::Tally { tally, .. } => {
                tally.take(&Subject { record, topic: self.job.topic.raw(), txn: outcome, now: self.job.now });
                self.block.matched = self.block.matched.saturating_add(1);
                return;
            }
            Keep::Chunks { done, builder } => {
                if builder.len() >= CHUNK_RECORDS || builder.bytes().saturating_add(record.size()) > CHUNK_BYTES && !builder.is_empty() {
                    done.push(Arc::new(builder.finish()));
                }
                // False only past 4 GiB: the chunk was cut long before.
                let _kept = builder.push(record, facts);
            }
            Keep::Lines { encode, bytes, ends } => {
                encode(bytes, record, outcome);
                ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            }
        }
        self.block.times.push(record.timestamp_ms);
    }

    fn fault(&mut self, offset: Offset, next: Offset, size: usize, fault: &Fault) {
        let (partition, offset) = (self.job.partition, offset.max(self.job.from));
        let bytes = u64::try_from(size).unwrap_or(u64::MAX);
        self.say(match fault {
            Fault::TooLarge { limit } => Fact::TooLarge { partition, offset, next, bytes: u64::try_from(*limit).unwrap_or(u64::MAX) },
            _ => Fact::Corrupt { partition, offset, next, bytes, why: words(fault) },
        });
    }

    fn say(&mut self, fact: Fact) {
        self.block.facts.push((self.block.times.len(), fact));
    }

    fn finish(self) -> Block {
        let rows = match self.keep {
            Keep::Nothing => Rows::None,
            Keep::Tally { tally, tallies } => {
                tallies.give(*tally);
                Rows::None
            }
            Keep::Chunks { mut done, mut builder } => {
                if !builder.is_empty() {
                    done.push(Arc::new(builder.finish()));
                }
                Rows::Chunks(done)
            }
            Keep::Lines { bytes, ends, .. } => Rows::Lines { bytes, ends },
        };
        Block { rows, ..self.block }
    }
}

#[cfg(test)]
mod tests;
