//! What reading a topic is, as values: the [`Plan`] that asks for it, the [`Delivery`] of records that comes back, the
//! [`Progress`] it makes, and the [`Fact`]s that stand between records. One engine (`io::scan`) answers every plan.

pub mod lanes;

use std::sync::Arc;

use crate::model::{BrokerId, Chunk, LeaderEpoch, Offset, PartitionId, TopicId, TopicName, TxnTable};
use crate::query::position::Position;
use crate::query::{Filter, Verdict};

/// Most bytes of records that [`Plan::newest`] gives a live view.
pub const NEWEST_BYTES: usize = 8 << 20;

/// What a reader sees (`isolation.level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Everything in the log, aborted and open transactions marked as such.
    #[default]
    ReadUncommitted,
    /// What a read_committed consumer gets: nothing aborted, nothing behind an open transaction.
    ReadCommitted,
}

/// What a topic opens with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAt {
    /// The newest so many records over all partitions together, then what arrives.
    Newest(u64),
    Position(Position),
}

impl Default for StartAt {
    fn default() -> Self {
        Self::Newest(500)
    }
}

/// A wish to read one topic.
#[derive(Debug, Clone)]
pub struct Plan {
    pub topic: TopicName,
    /// The identity the topic had when it was chosen: another one means that it was deleted and made again.
    pub topic_id: TopicId,
    pub from: Position,
    /// `None`: follow the log until cancelled.
    pub until: Option<Position>,
    /// `None`: all, also those added while reading.
    pub partitions: Option<Vec<PartitionId>>,
    pub isolation: Isolation,
    pub filter: Option<Arc<Filter>>,
    /// The newest so many of what `from` gives, over all partitions together (`-500` in all), or `None`.
    pub newest: Option<u64>,
    /// Records that the receiver keeps: of a burst that is larger only the newest so many are sent while following,
    /// the rest is counted as not shown.
    pub keep: usize,
}

/// How much a search may ask of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Bytes a second, at most about, over all brokers; `None`: as fast as it goes.
    pub rate: Option<u64>,
    /// Bytes of answers in all, at most about; `None`: all there are.
    pub bytes: Option<u64>,
}

/// How the owner steers a running reader.
#[derive(Debug, Clone)]
pub enum Flow {
    /// Send no further fetch until `Resume`.
    Hold,
    Resume,
    /// From now on keep only what matches; `generation` comes back with each delivery made under it.
    Filter {
        generation: u32,
        filter: Option<Arc<Filter>>,
    },
    /// Take no further record, bring what is on its way to its end, and report: for who sends, not for readers.
    Stop,
}

/// Records that arrived, in the order in which they are to be listed, with what has to be said before them.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Of the filter that was in force, from [`Flow::Filter`]; 0 for the plan's own.
    pub generation: u32,
    pub facts: Vec<Fact>,
    /// Those kept; may be empty when only facts arrived.
    pub chunk: Arc<Chunk>,
    /// Records read for this delivery, kept or not.
    pub read: u64,
    /// Records that matched and were left out because the receiver could not have kept them.
    pub not_shown: u64,
}

/// Where a reader stands. Latest wins: only the newest is drawn.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// In order of index.
    pub partitions: Vec<PartitionProgress>,
    /// Records read so far, and of these matched by the filter.
    pub read: u64,
    pub matched: u64,
    /// Of those read, records that were still in memory from a search before, and not fetched again.
    pub recalled: u64,
    /// What the search for literals spared.
    pub spared: Spared,
    /// Values a filter asked into that were no JSON, or were broken.
    pub broken: u64,
    /// Where these are, and what else its tests came upon.
    pub unfit: Unfit,
    /// Bytes of answers so far.
    pub bytes: u64,
    /// Transaction markers met so far: they take offsets and are no records.
    pub markers: u64,
    /// The broker asked us to pause for so long, last time it did, in milliseconds.
    pub throttle_ms: u32,
    /// Every partition's position was within one answer of its log end when last heard.
    pub live: bool,
    /// Outcomes of transactions learnt so far.
    pub txns: TxnTable,
}

/// What did not have to be looked at, since a literal that every match contains is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spared {
    /// Batches none of whose records was walked, and their records.
    pub batches: u64,
    pub in_batches: u64,
    /// Records of other batches that were walked and not tested.
    pub records: u64,
}

impl Spared {
    /// Both together.
    pub fn add(&mut self, more: Self) {
        self.batches = self.batches.saturating_add(more.batches);
        self.in_batches = self.in_batches.saturating_add(more.in_batches);
        self.records = self.records.saturating_add(more.records);
    }
}

/// What the tests of a filter came upon in the records that were tested: what was passed over unread counts nowhere, and a test
/// stops when its answer is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unfit {
    /// The first value that was no JSON, or broken: in the partition of the least number, at the least offset.
    pub first: Option<(PartitionId, Offset)>,
    /// Records without what a comparison asks for, by its place in [`Filter::operands`]; as long as the last that has any.
    pub missing: Vec<u64>,
    /// The same for values of another type than it is compared with.
    pub mismatch: Vec<u64>,
}

impl Unfit {
    /// Takes in what the test of one record came upon.
    pub fn note(&mut self, verdict: &Verdict, at: (PartitionId, Offset)) {
        if verdict.broken || verdict.not_json {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
        }
        verdict.missing_at.iter().for_each(|place| count(&mut self.missing, place, 1));
        verdict.mismatch_at.iter().for_each(|place| count(&mut self.mismatch, place, 1));
    }

    /// Both together.
    pub fn add(&mut self, more: &Self) {
        self.first = self.first.into_iter().chain(more.first).min();
        for (ours, theirs) in [(&mut self.missing, &more.missing), (&mut self.mismatch, &more.mismatch)] {
            theirs.iter().enumerate().filter(|(_, n)| **n > 0).for_each(|(place, n)| count(ours, place, *n));
        }
    }
}

fn count(counts: &mut Vec<u64>, place: usize, n: u64) {
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    if let Some(count) = counts.get_mut(place) {
        *count = count.saturating_add(n);
    }
}

/// Why a reader ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All that was asked for was read.
    Done,
    /// The receiver wanted no more.
    Enough,
    /// So many bytes were read as it was allowed to.
    Budget,
    /// The topic was deleted, or made again, meanwhile.
    Gone,
}

/// One partition of a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionProgress {
    pub id: PartitionId,
    /// Where the reader began to hand on: what is asked for from there to `position` was handed on or is on its way, and
    /// nothing before it. Read from its end, how far down all was handed on. `None` until that is known.
    pub first: Option<Offset>,
    /// The next offset to read; when it is read from its end, that end.
    pub position: Offset,
    /// From where to where it is to be read, the latter exclusive, when that has an end. Of it, `first..position` was read.
    pub span: Option<(Offset, Offset)>,
    /// Log start, last stable offset and high watermark as the last answer told them; `None` before the first.
    pub log_start: Option<Offset>,
    pub stable: Option<Offset>,
    pub end: Option<Offset>,
    pub leader: Option<BrokerId>,
    /// What keeps it from being read now, in our words, or `None` when all is well.
    pub trouble: Option<String>,
}

/// Something that happened between two records and has to be said in words. Each is shown at its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Retention or DeleteRecords removed `from..to` before it was read (P23).
    Lost {
        partition: PartitionId,
        from: Offset,
        to: Offset,
    },
    /// The log is now shorter than what was read: offsets `from..to` were replaced (P22).
    Truncated {
        partition: PartitionId,
        from: Offset,
        to: Offset,
    },
    /// A batch whose bytes do not fit its checksum or its form; reading goes on behind it (P50).
    Corrupt {
        partition: PartitionId,
        offset: Offset,
        next: Offset,
        bytes: u64,
        why: &'static str,
    },
    /// A record or batch over the size limit, not loaded (P47).
    TooLarge {
        partition: PartitionId,
        offset: Offset,
        next: Offset,
        bytes: u64,
    },
    /// The topic was deleted; what was read stays.
    Deleted,
    /// The topic was deleted and made again under its name: reading goes on only when asked to.
    Recreated {
        old: TopicId,
        new: TopicId,
    },
    PartitionsAdded {
        from: i32,
        to: i32,
    },
    /// The partition is led by another broker from here on.
    Moved {
        partition: PartitionId,
        to: Option<BrokerId>,
        epoch: LeaderEpoch,
    },
    /// Reading was interrupted for so many milliseconds and goes on at the next offset.
    Resumed {
        partitions: usize,
        after_ms: u64,
    },
    /// The records before were read under another filter: so many that did not match it were not kept.
    NotKept {
        records: u64,
    },
    /// We may not read this topic.
    NotAuthorised,
    /// What the reader has to say about the place that was asked for, in our words.
    Said(String),
}
