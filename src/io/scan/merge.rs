//! Puts what the partitions gave into one order: by time where their records lie side by side, always by offset within a
//! partition. Pure.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::decode::{Block, CHUNK_BYTES, CHUNK_RECORDS, Rows, Spare};
use super::{Lines, Taken};
use crate::core::stream::{Delivery, Fact, Spared, Unfit};
use crate::model::{Chunk, ChunkBuilder, Offset};

/// Lines are handed on in portions of so many bytes, with a little more at the end.
const LINES_BYTES: usize = 256 << 10;

/// What one partition gave and was not handed on yet, in order of offset. A slot is made when work is given out, so that
/// workers may finish in any order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    slots: VecDeque<Slot>,
    next: u64,
    /// See [`Self::held`] and [`Self::fetched`].
    held: usize,
    fetched: usize,
    /// Row and fact of the front block that come next, and where the row lies when rows are chunks.
    row: usize,
    fact: usize,
    chunk: (usize, usize),
    /// Time that the last row counted as.
    time: i64,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    /// Bytes of its batches while they are worked on, then of what was kept of them.
    held: usize,
    block: Option<Block>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { time: i64::MIN, ..Self::default() }
    }

    /// Keeps a place for `wire` bytes of batches that are being worked on; returns its number.
    pub(super) fn expect(&mut self, wire: usize) -> u64 {
        let number = self.next;
        self.next += 1;
        self.held += wire;
        self.fetched += wire;
        self.slots.push_back(Slot { number, held: wire, block: None });
        number
    }

    /// An empty one whose numbers go on behind those of another.
    pub(super) fn after(other: &Self) -> Self {
        Self { next: other.next, ..Self::new() }
    }

    /// Whether the place of that number is in it.
    pub(super) fn has(&self, number: u64) -> bool {
        self.slots.iter().any(|slot| slot.number == number)
    }

    /// Takes out all results that are there, in order.
    pub(super) fn blocks(&mut self) -> Vec<Block> {
        self.slots.drain(..).filter_map(|slot| slot.block).collect()
    }

    /// Puts the result of the work into its place.
    pub(super) fn fill(&mut self, number: u64, block: Block) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.number == number) {
            let held = std::mem::replace(&mut slot.held, block.kept());
            self.held = self.held.saturating_sub(held).saturating_add(slot.held);
            slot.block = Some(block);
        }
    }

    /// Adds a result that is there already.
    pub(super) fn push(&mut self, block: Block) {
        let number = self.expect(block.wire);
        self.fill(number, block);
    }

    /// Another partition resumed with the same answer as the one whose fact is the last here.
    pub(super) fn one_more_resumed(&mut self, after: u64) {
        let last = self.slots.iter_mut().rev().filter_map(|slot| slot.block.as_mut()).flat_map(|block| block.facts.iter_mut().rev());
        for (_, fact) in last {
            if let Fact::Resumed { partitions, after_ms } = fact {
                *partitions += 1;
                *after_ms = after.max(*after_ms);
                return;
            }
        }
    }

    /// Leaves out the first rows with all that is to be said before the last of them: they were looked at and are not wanted.
    /// For a queue of which nothing was taken yet.
    pub(super) fn skip(&mut self, mut rows: usize) {
        let mut all = usize::MAX;
        while rows > 0
            && let Some(block) = self.slots.front().and_then(|slot| slot.block.as_ref())
        {
            if block.times.len() > rows {
                // Moves the place in the chunks on without keeping anything.
                Out::default().take(block, 0..rows, &mut self.chunk, &mut all);
                self.row = rows;
                self.fact = block.facts.partition_point(|(row, _)| *row < rows);
                return;
            }
            rows -= block.times.len();
            if let Some(gone) = self.slots.pop_front() {
                self.held = self.held.saturating_sub(gone.held);
            }
        }
    }

    /// Bytes that it holds: batches that are still worked on, and what was kept of the others. Where little matches that is
    /// little, so that reading goes on meanwhile.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Bytes of all batches that were put into it.
    pub(super) fn fetched(&self) -> usize {
        self.fetched
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether work is still being done for it.
    pub(super) fn is_working(&self) -> bool {
        self.slots.iter().any(|slot| slot.block.is_none())
    }

    /// Rows that could be handed on now.
    fn rows_ready(&self) -> usize {
        let ready = self.slots.iter().map_while(|slot| slot.block.as_ref());
        ready.map(|block| block.times.len()).sum::<usize>().saturating_sub(self.row)
    }

    /// The time of the next row, or `None` when it is not there yet. Facts before it are said.
    fn head(&mut self, horizon: i64, out: &mut Out) -> Option<i64> {
        loop {
            let block = self.slots.front()?.block.as_ref()?;
            while let Some((_, fact)) = block.facts.get(self.fact).filter(|(row, _)| *row <= self.row) {
                out.say(fact.clone());
                self.fact += 1;
            }
            if let Some(&time) = block.times.get(self.row) {
                self.time = sensible(time, self.time, horizon);
                return Some(self.time);
            }
            if let Some(gone) = self.slots.pop_front() {
                self.held = self.held.saturating_sub(gone.held);
                out.passed(gone.block);
            }
            (self.row, self.fact, self.chunk) = (0, 0, (0, 0));
        }
    }

    /// Hands on rows up to `limit` (exclusive for times that are later), the next fact or the end of the front block.
    fn run(&mut self, limit: Option<i64>, horizon: i64, skip: &mut usize, out: &mut Out) {
        let Some(block) = self.slots.front().and_then(|slot| slot.block.as_ref()) else { return };
        let end = block.facts.get(self.fact).map_or(block.times.len(), |(row, _)| *row);
        let from = self.row;
        let times = block.times.get(from..end).unwrap_or_default();
        for &time in times {
            let time = sensible(time, self.time, horizon);
            if self.row > from && limit.is_some_and(|limit| time > limit) {
                break;
            }
            self.time = time;
            self.row += 1;
        }
        out.take(block, from..self.row, &mut self.chunk, skip);
    }
}

/// A time that cannot be (none, before 1970, far in the future) does not hold up a partition or push it to the front: the
/// record counts as that before it.
fn sensible(time: i64, before: i64, horizon: i64) -> i64 {
    if (0..=horizon).contains(&time) { time } else { before }
}

/// One partition in a merge.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub queue: &'a mut Queue,
    /// Whether more of it is on its way, so that what is later than its next record must wait.
    pub waits: bool,
}

/// What the merge made so far.
#[derive(Debug, Default)]
pub(super) struct Out {
    builder: ChunkBuilder,
    lines: Lines,
    facts: Vec<Fact>,
    generation: u32,
    read: u64,
    not_shown: u64,
    taken: Vec<Taken>,
    pub spare: Spare,
    /// Over all merges.
    pub total: Total,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub read: u64,
    pub matched: u64,
    pub broken: u64,
    /// Of those read, records that were in memory.
    pub recalled: u64,
    pub unfit: Unfit,
    pub spared: Spared,
}

impl Out {
    /// Merges what is ready. `keep`: only the newest so many rows are handed on, the rest is counted. `horizon`: times after
    /// this are not believed. Returns whether a lane that waits had nothing, so that there may be more behind it.
    pub(super) fn merge(&mut self, lanes: &mut [Lane<'_>], keep: Option<usize>, horizon: i64) -> bool {
        let ready: usize = lanes.iter().map(|lane| lane.queue.rows_ready()).sum();
        let mut skip = keep.map_or(0, |keep| ready.saturating_sub(keep));
        let mut blocked = false;
        let mut heads = BinaryHeap::new();
        for (index, lane) in lanes.iter_mut().enumerate() {
            match lane.queue.head(horizon, self) {
                Some(time) => heads.push(Reverse((time, index))),
                None => blocked |= lane.waits,
            }
        }
        while !blocked && let Some(Reverse((_, index))) = heads.pop() {
            let Some(lane) = lanes.get_mut(index) else { break };
            let limit = heads.peek().map(|Reverse((time, _))| *time);
            lane.queue.run(limit, horizon, &mut skip, self);
            match lane.queue.head(horizon, self) {
                Some(time) => heads.push(Reverse((time, index))),
                None => blocked = lane.waits,
            }
        }
        blocked
    }

    /// Something to be said before what comes next.
    pub(super) fn say(&mut self, fact: Fact) {
        self.flush();
        self.facts.push(fact);
    }

    fn passed(&mut self, block: Option<Block>) {
        let Some(block) = block else { return };
        self.count(&block);
        self.give_back(block);
    }

    /// Adds up what was counted in a block; its rows are counted when they are handed on.
    pub(super) fn count(&mut self, block: &Block) {
        self.read = self.read.saturating_add(block.read);
        self.total.read = self.total.read.saturating_add(block.read);
        self.total.matched = self.total.matched.saturating_add(block.matched);
        self.total.broken = self.total.broken.saturating_add(block.broken);
        self.total.recalled = self.total.recalled.saturating_add(block.recalled);
        self.total.unfit.add(&block.unfit);
        self.total.spared.add(block.spared);
    }

    /// Keeps the buffer of a block that is not needed any more.
    pub(super) fn give_back(&self, block: Block) {
        if let Rows::Lines { bytes, .. } = block.rows {
            self.spare.give(bytes);
        }
    }

    /// Hands on one row of a block, by its number: for orders in which rows do not follow each other. Gives its offset where
    /// rows are records.
    pub(super) fn one(&mut self, block: &Block, row: usize) -> Option<Offset> {
        let mut place = (0, row);
        if let Rows::Chunks(chunks) = &block.rows {
            while let Some(chunk) = chunks.get(place.0).filter(|chunk| chunk.len() <= place.1) {
                place = (place.0 + 1, place.1 - chunk.len());
            }
        }
        let offset = match &block.rows {
            Rows::Chunks(chunks) => chunks.get(place.0).and_then(|chunk| chunk.get(place.1)).map(|record| record.offset),
            _ => None,
        };
        self.take(block, row..row.saturating_add(1), &mut place, &mut 0);
        offset
    }

    fn take(&mut self, block: &Block, rows: Range<usize>, place: &mut (usize, usize), skip: &mut usize) {
        if self.generation != block.generation {
            self.flush();
            self.generation = block.generation;
        }
        let count = rows.len();
        self.total.matched = self.total.matched.saturating_add(wide(count));
        let skipped = count.min(*skip);
        *skip -= skipped;
        self.not_shown = self.not_shown.saturating_add(wide(skipped));
        match &block.rows {
            Rows::None => {}
            Rows::Chunks(chunks) => self.take_chunks(chunks, skipped, count, place),
            Rows::Lines { bytes, ends } => {
                self.lines.add(bytes, ends, &block.times, rows.start + skipped..rows.end);
                if self.lines.bytes.len() > LINES_BYTES {
                    self.flush();
                }
            }
        }
    }

    fn take_chunks(&mut self, chunks: &[Arc<Chunk>], mut skipped: usize, mut count: usize, place: &mut (usize, usize)) {
        while count > 0 {
            let Some(chunk) = chunks.get(place.0) else { return };
            let here = count.min(chunk.len().saturating_sub(place.1));
            count -= here;
            // A small one is copied, so that it does not make a delivery of its own.
            let large = chunk.len() >= CHUNK_RECORDS / 4 || chunk.bytes() >= CHUNK_BYTES / 4;
            if large && here == chunk.len() && skipped == 0 && self.builder.is_empty() {
                self.deliver(Arc::clone(chunk));
            } else {
                for row in place.1..place.1 + here {
                    if skipped > 0 {
                        skipped -= 1;
                    } else {
                        self.add(chunk, row);
                    }
                }
            }
            *place = if place.1 + here < chunk.len() { (place.0, place.1 + here) } else { (place.0 + 1, 0) };
        }
    }

    fn add(&mut self, chunk: &Chunk, row: usize) {
        let (Some(record), Some(facts)) = (chunk.get(row), chunk.batch(row)) else { return };
        let bytes = self.builder.bytes().saturating_add(record.size());
        if self.builder.len() >= CHUNK_RECORDS || bytes > CHUNK_BYTES {
            self.flush();
        }
        // False only past 4 GiB: the chunk was cut long before.
        let _kept = self.builder.push(&record, facts);
    }

    fn deliver(&mut self, chunk: Arc<Chunk>) {
        self.taken.push(Taken::Records(Delivery {
            generation: self.generation,
            facts: std::mem::take(&mut self.facts),
            chunk,
            read: std::mem::take(&mut self.read),
            not_shown: std::mem::take(&mut self.not_shown),
        }));
    }

    fn flush(&mut self) {
        if !self.builder.is_empty() {
            let chunk = Arc::new(self.builder.finish());
            self.deliver(chunk);
        }
        if !self.lines.ends.is_empty() {
            let facts = std::mem::take(&mut self.facts);
            let next = Lines { bytes: self.spare.take(), ..Lines::default() };
            let spare = self.spare.clone();
            self.taken.push(Taken::Lines(Lines { facts, spare, ..std::mem::replace(&mut self.lines, next) }));
        }
    }

    /// All that was merged since the last call, in order.
    pub(super) fn finish(&mut self, lines: bool) -> Vec<Taken> {
        self.flush();
        if !self.facts.is_empty() || self.not_shown > 0 {
            if lines {
                let facts = std::mem::take(&mut self.facts);
                self.taken.push(Taken::Lines(Lines { facts, ..Lines::default() }));
            } else {
                self.deliver(Arc::new(ChunkBuilder::default().finish()));
            }
        }
        std::mem::take(&mut self.taken)
    }
}

impl Lines {
    fn add(&mut self, bytes: &[u8], ends: &[u32], times: &[i64], rows: Range<usize>) {
        self.times.extend_from_slice(times.get(rows.clone()).unwrap_or_default());
        let start = rows.start.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |&end| end as usize);
        let Some(ends) = ends.get(rows).filter(|ends| !ends.is_empty()) else { return };
        let end = ends.last().map_or(start, |&end| end as usize);
        let base = self.bytes.len();
        self.bytes.extend_from_slice(bytes.get(start..end).unwrap_or_default());
        self.ends.extend(ends.iter().map(|&end| base + end as usize - start));
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
