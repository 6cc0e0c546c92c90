//! Takes records from their source and puts each into the lane of its partition.

use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::Instant;

use super::super::feed::{Block, Fed, Feed};
use super::{Engine, OVERHEAD, WHAT};
use crate::core::produce::Target;
use crate::io::kafka::ErrorCode;
use crate::model::{Cause, Codec, Failure, Foreign, PartitionId};
use crate::records::build;
use crate::text::units;

/// A batch is closed at so many bytes, or at what the topic takes.
const BATCH: usize = 512 << 10;
/// The same where it is not known what the topic takes: the Java client's.
const CAREFUL_BATCH: usize = 16 << 10;
/// Records that are on their way or wait, in bytes with what each takes besides.
const ROOM: usize = 32 << 20;
/// So many records are taken before one looks at answers.
const TURN: usize = 1000;
/// Records that nothing places go to another partition after so many bytes.
const STICKY: usize = 64 << 10;

/// More than a batch of one record takes besides its key, value and headers: its own header has 61 bytes, and there are nine
/// numbers of at most ten; two of at most five for each header.
const BESIDES: usize = 160;
const BESIDES_HEADER: usize = 10;

/// Where records come from, and how far they were taken.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) feed: Feed,
    block: Block,
    at: usize,
    /// There is no more behind the block.
    pub(super) over: bool,
}

impl Source {
    pub(super) fn new(feed: Feed) -> Self {
        Self { feed, block: Block::default(), at: 0, over: false }
    }

    /// Whether there may be more, and none of it is here.
    pub(super) fn is_hungry(&self) -> bool {
        !self.over && self.at >= self.block.len()
    }
}

impl Engine {
    pub(super) fn has_room(&self) -> bool {
        self.waiting < ROOM
    }

    /// When the next record may be taken.
    pub(super) fn due(&self) -> Instant {
        let Some(rate) = self.manner.rate.filter(|&rate| rate > 0) else { return self.started };
        let nanos = u128::from(self.tally.progress.taken) * 1_000_000_000 / u128::from(rate);
        self.started + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// A block came, or the source broke off: what came before is sent. `None`: it is at its end.
    pub(super) fn came(&mut self, source: &mut Source, new: Option<Result<Block, Failure>>) {
        match new {
            Some(Ok(block)) => (source.block, source.at) = (block, 0),
            Some(Err(failure)) => {
                self.failure.get_or_insert(failure);
                source.over = true;
            }
            None => source.over = true,
        }
    }

    /// Takes records that are there, for one turn. Whether there are no more at the moment.
    pub(super) fn take_some(&mut self, source: &mut Source, now: Instant) -> bool {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        for _ in 0..TURN {
            if self.ending || !self.has_room() {
                return false;
            }
            if self.due() > now {
                return true;
            }
            if let Some(fed) = source.block.get(source.at) {
                source.at += 1;
                self.take(&fed, now_ms);
                continue;
            }
            let new = match source.feed.try_recv() {
                Ok(new) => Some(new),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => None,
            };
            self.came(source, new);
            if source.over {
                return true;
            }
        }
        false
    }

    fn take(&mut self, fed: &Fed<'_>, now_ms: i64) {
        let placed = fed.partition.or_else(|| self.manner.partitioner.place(fed.key, self.target.topic.partitions.len()));
        let size = fed.size();
        let partition = placed.unwrap_or_else(|| self.anywhere(size));
        let timestamp_ms = fed.timestamp_ms.unwrap_or(now_ms);
        let row = self.tally.take(fed.n, timestamp_ms, size);
        let headers: Vec<build::NewHeader<'_>> = fed.headers().collect();
        let wire = build::NewRecord { timestamp_ms, key: fed.key, value: fed.value, headers: &headers };
        let (limit, codec) = (self.batch_limit(), self.manner.codec);
        // The exact size of every record would cost more than all else that is done with it here.
        let at_most = size.saturating_add(BESIDES).saturating_add(headers.len().saturating_mul(BESIDES_HEADER));
        if codec == Codec::None && self.is_too_large(at_most) && self.is_too_large(wire.batch_size()) {
            return self.refuse(&[row], partition, too_large(fed.n, wire.batch_size(), &self.target));
        }
        let Some(lane) = self.lanes.get_mut(&partition) else {
            let missing = format!("partition {} of topic {}", partition.0, self.target.name().raw());
            let there = format!("it has {}", units::counted(units::wide(self.lanes.len()), "partition"));
            return self.refuse(&[row], partition, Failure::new(WHAT, Cause::NotFound(Foreign::new(missing))).hint(there));
        };
        match lane.take(&wire, row, limit, codec) {
            Ok(true) => self.waiting = self.waiting.saturating_add(size).saturating_add(OVERHEAD),
            Ok(false) => self.refuse(&[row], partition, too_large(fed.n, wire.batch_size(), &self.target)),
            Err(error) => self.refuse(&[row], partition, Failure::new(WHAT, Cause::Bug(Foreign::new(error.to_string())))),
        }
    }

    /// A partition with a leader, the next one once it has had its share.
    fn anywhere(&mut self, size: usize) -> PartitionId {
        let (at, bytes) = &mut self.sticky;
        *bytes = bytes.saturating_add(size).saturating_add(OVERHEAD);
        if *bytes > STICKY {
            (*at, *bytes) = (at.wrapping_add(1), 0);
        }
        // Without any leader one is as good as another: it fails by itself.
        at.checked_rem(self.led.len()).and_then(|at| self.led.get(at).copied()).unwrap_or(PartitionId(0))
    }

    fn batch_limit(&self) -> usize {
        match self.target.known().largest.and_then(|largest| usize::try_from(largest).ok()) {
            // What does not compress grows a little.
            Some(largest) => BATCH.min(largest.saturating_sub(largest / 64)),
            None => CAREFUL_BATCH,
        }
    }

    pub(super) fn is_too_large(&self, bytes: usize) -> bool {
        self.target.known().largest.is_some_and(|largest| units::wide(bytes) > largest)
    }
}

/// `n`: the record's place in the input, from 0.
pub(super) fn too_large(n: u64, bytes: usize, target: &Target) -> Failure {
    let most = target.known().largest.map_or_else(|| "less".to_owned(), |most| format!("{most} bytes at most (max.message.bytes)"));
    let words = format!("record {} takes {bytes} bytes, and the topic takes {most}", n.saturating_add(1));
    Failure::new(WHAT, ErrorCode(10).cause(None, Some(&words)))
}
