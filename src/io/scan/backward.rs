//! Reading from the end: each partition in windows of offsets, the newest first and each larger than the one before, and of
//! all partitions together the newest record first. Pure.
//!
//! Within a partition the order is that of offsets, downwards; a record never counts as later than what lies behind it. A
//! record is handed on when no partition can still bring a later one: each of the others stands at a record that is not
//! later, or was read back to a time that is not.

use std::collections::VecDeque;

use super::decode::Block;
use super::merge::{Out, Queue};
use crate::model::Offset;

/// Offsets of a partition's first window; each next one is twice as large.
const FIRST_WINDOW: i64 = 2_000;
/// Bytes of batches that all windows of a reader may hold together: what is not handed on yet, and what is read ahead.
const ALL_BYTES: usize = 64 << 20;
const LEAST_BYTES: usize = 1 << 20;
const MOST_BYTES: usize = 16 << 20;

/// How far one partition was read back, and what waits to be handed on.
#[derive(Debug)]
pub(super) struct Back {
    floor: Offset,
    /// Start and end of the window that is read now.
    low: Offset,
    high: Offset,
    /// Offsets of the next window.
    next: i64,
    /// Bytes of batches of one window, at most about.
    most: usize,
    /// Those whose batches are all fetched; the newest first.
    windows: VecDeque<Window>,
    /// The time that nothing that is still to come counts as later than.
    time: i64,
    /// All records from there on were handed on.
    edge: Offset,
    /// The start of the log, or of what was asked for, was reached.
    over: bool,
}

#[derive(Debug)]
struct Window {
    queue: Queue,
    /// What it holds, once all of it is decoded, in order of offset.
    blocks: Option<Vec<Block>>,
    /// Blocks, and rows of the last of them, that are still to be handed on.
    left: (usize, usize),
    oldest: Option<i64>,
    /// Where it begins.
    low: Offset,
}

/// What a partition offers to the merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// A record of this time.
    Row(i64),
    /// It may still bring one of at most this time.
    AtMost(i64),
    Over,
}

/// The bytes that a window of one of so many partitions may have.
pub(super) fn room(parts: usize) -> usize {
    ALL_BYTES.checked_div(parts).unwrap_or(ALL_BYTES).clamp(LEAST_BYTES, MOST_BYTES) / 2
}

impl Back {
    /// For the offsets `floor..end` of one of so many partitions.
    pub(super) fn new(floor: Offset, end: Offset, parts: usize) -> Self {
        let mut back = Self {
            floor,
            low: end,
            high: end,
            next: FIRST_WINDOW,
            most: room(parts),
            windows: VecDeque::new(),
            time: i64::MAX,
            edge: end,
            over: end <= floor,
        };
        back.step();
        back
    }

    /// Moves to the next window, right before the one that was read.
    fn step(&mut self) {
        self.high = self.low;
        self.low = self.high.plus(self.next.saturating_neg()).max(self.floor);
    }

    /// The offsets to read now.
    pub(super) fn window(&self) -> (Offset, Offset) {
        (self.low, self.high)
    }

    /// Everything was read, and handed on.
    pub(super) fn is_over(&self) -> bool {
        self.over && self.windows.is_empty()
    }

    /// From there on all was handed on.
    pub(super) fn edge(&self) -> Offset {
        self.edge
    }

    /// Nothing waits to be handed on.
    pub(super) fn holds_nothing(&self) -> bool {
        self.windows.is_empty()
    }

    /// No further window: what was fetched so far is all.
    pub(super) fn stop(&mut self) {
        self.over = true;
    }

    /// Whether the window that is read turns out to be too large: the first answer of it brought `bytes` for the offsets up to
    /// `next`. Then it begins anew, further up.
    pub(super) fn is_too_much(&mut self, next: Offset, bytes: usize) -> bool {
        let offsets = next.0.saturating_sub(self.low.0).max(1);
        let fit = fitting(self.most, bytes, offsets);
        let all = self.high.0.saturating_sub(self.low.0);
        if all <= fit.saturating_mul(4) || next >= self.high {
            return false;
        }
        self.next = fit;
        self.low = self.high;
        self.step();
        true
    }

    /// Puts what came between two windows behind what waits: no further offset was read for it.
    pub(super) fn aside(&mut self, queue: &mut Queue) {
        self.put(queue, Offset(i64::MAX));
    }

    /// Once it is handed on, all from `low` on was.
    fn put(&mut self, queue: &mut Queue, low: Offset) {
        let next = Queue::after(queue);
        let queue = std::mem::replace(queue, next);
        self.windows.push_back(Window { queue, blocks: None, left: (0, 0), oldest: None, low });
    }

    /// The window was fetched to its end: goes on to the one before it, if there is one.
    pub(super) fn fetched(&mut self, queue: &mut Queue) {
        let bytes = queue.fetched();
        self.put(queue, self.low);
        let offsets = self.high.0.saturating_sub(self.low.0).max(1);
        self.next = fitting(self.most, bytes, offsets).min(offsets.max(FIRST_WINDOW).saturating_mul(2));
        if self.low <= self.floor {
            self.over = true;
        } else {
            self.step();
        }
    }

    /// Whether a next window may be read: there is one, and not too much waits already.
    pub(super) fn may_go_on(&self) -> bool {
        !self.over && self.windows.iter().map(|window| window.queue.held()).sum::<usize>() <= self.most
    }

    /// Puts what a worker finished into its place.
    pub(super) fn fill(&mut self, slot: u64, block: Block) {
        if let Some(window) = self.windows.iter_mut().find(|window| window.queue.has(slot)) {
            window.queue.fill(slot, block);
        }
    }

    /// Takes in windows that are decoded to their end; what was counted in them is told to `out`.
    pub(super) fn settle(&mut self, out: &mut Out) -> bool {
        let mut settled = false;
        for window in self.windows.iter_mut().filter(|window| window.blocks.is_none() && !window.queue.is_working()) {
            let blocks = window.queue.blocks();
            for block in &blocks {
                out.count(block);
            }
            window.oldest = blocks.iter().find_map(|block| block.oldest_ms);
            window.left = (blocks.len(), blocks.last().map_or(0, |block| block.times.len()));
            window.blocks = Some(blocks);
            settled = true;
        }
        settled
    }

    /// What it offers now. Windows without further rows are left behind, with what is to be said of them.
    fn head(&mut self, horizon: i64, out: &mut Out) -> Head {
        while let Some(window) = self.windows.front_mut() {
            let Some(blocks) = &window.blocks else { return Head::AtMost(self.time) };
            let (left, rows) = window.left;
            if let Some(block) = left.checked_sub(1).and_then(|at| blocks.get(at)) {
                if let Some(&time) = rows.checked_sub(1).and_then(|row| block.times.get(row)) {
                    return Head::Row(sensible(time, self.time, horizon));
                }
                block.facts.iter().for_each(|(_, fact)| out.say(fact.clone()));
                let before = left.checked_sub(2).and_then(|at| blocks.get(at));
                window.left = (left - 1, before.map_or(0, |block| block.times.len()));
                continue;
            }
            self.time = window.oldest.map_or(self.time, |oldest| sensible(oldest, self.time, horizon));
            if let Some(gone) = self.windows.pop_front() {
                self.edge = gone.low.min(self.edge);
                gone.blocks.into_iter().flatten().for_each(|block| out.give_back(block));
            }
        }
        if self.over { Head::Over } else { Head::AtMost(self.time) }
    }

    /// Hands the row on that [`Self::head`] told of.
    fn row(&mut self, time: i64, out: &mut Out) {
        let Some(window) = self.windows.front_mut() else { return };
        let (left, rows) = window.left;
        let block = left.checked_sub(1).and_then(|at| window.blocks.as_ref()?.get(at));
        if let (Some(block), Some(row)) = (block, rows.checked_sub(1)) {
            if let Some(offset) = out.one(block, row) {
                self.edge = offset;
            }
            window.left = (left, row);
        }
        self.time = time;
    }
}

/// How many offsets have about so many bytes, when `bytes` lay in `offsets` of them.
fn fitting(most: usize, bytes: usize, offsets: i64) -> i64 {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX).max(1);
    most.saturating_mul(offsets).checked_div(bytes).unwrap_or(most).max(1)
}

/// A time that cannot be (none, before 1970, far in the future), or is later than what lies behind it, counts as that.
fn sensible(time: i64, behind: i64, horizon: i64) -> i64 {
    if (0..=horizon).contains(&time) { time.min(behind) } else { behind }
}

/// One partition in the merge.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    /// `None`: it is not known yet where it ends.
    pub back: Option<&'a mut Back>,
    /// It may hold up the others.
    pub waits: bool,
}

/// Hands on what is ready, the newest first, at most `limit` rows. Returns how many there were.
pub(super) fn merge(lanes: &mut [Lane<'_>], horizon: i64, limit: usize, out: &mut Out) -> usize {
    let mut heads: Vec<Head> = lanes.iter_mut().map(|lane| head(lane, horizon, out)).collect();
    for rows in 0..limit {
        let newest = heads.iter().enumerate().filter_map(|(at, head)| if let Head::Row(time) = head { Some((*time, at)) } else { None });
        let Some((time, at)) = newest.max_by_key(|&(time, at)| (time, std::cmp::Reverse(at))) else {
            return rows;
        };
        if heads.iter().any(|head| matches!(head, Head::AtMost(most) if *most > time)) {
            return rows;
        }
        let Some(lane) = lanes.get_mut(at) else { return rows };
        if let Some(back) = &mut lane.back {
            back.row(time, out);
        }
        if let Some(old) = heads.get_mut(at) {
            *old = head(lane, horizon, out);
        }
    }
    limit
}

fn head(lane: &mut Lane<'_>, horizon: i64, out: &mut Out) -> Head {
    let head = lane.back.as_mut().map_or(Head::AtMost(i64::MAX), |back| back.head(horizon, out));
    match head {
        Head::AtMost(_) if !lane.waits => Head::Over,
        head => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::scan::decode::Rows;
    use crate::io::scan::{Lines, Taken};

    fn block(rows: &[(i64, &str)], oldest: i64) -> Block {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (_, text) in rows {
            bytes.extend_from_slice(text.as_bytes());
            ends.push(u32::try_from(bytes.len()).unwrap());
        }
        let times = rows.iter().map(|(time, _)| *time).collect();
        Block { rows: Rows::Lines { bytes, ends }, times, oldest_ms: Some(oldest), read: 7, ..Block::default() }
    }

    /// A partition of 10,000 offsets, with these windows read.
    fn back(windows: Vec<Block>) -> Back {
        let mut back = Back::new(Offset(0), Offset(10_000), 1);
        for block in windows {
            let mut queue = Queue::new();
            queue.push(block);
            back.fetched(&mut queue);
        }
        back
    }

    fn merged(backs: &mut [Back], waits: bool, limit: usize) -> (String, usize) {
        let mut out = Out::default();
        for back in backs.iter_mut() {
            back.settle(&mut out);
        }
        let mut lanes: Vec<Lane<'_>> = backs.iter_mut().map(|back| Lane { back: Some(back), waits }).collect();
        let rows = merge(&mut lanes, 1_000, limit, &mut out);
        let text = |taken: &Taken| match taken {
            Taken::Lines(Lines { bytes, .. }) => String::from_utf8_lossy(bytes).into_owned(),
            Taken::Records(_) => String::new(),
        };
        (out.finish(true).iter().map(text).collect(), rows)
    }

    #[test]
    fn the_newest_comes_first_and_waits_for_whoever_may_have_a_newer_one() {
        let a = || back(vec![block(&[(80, "a"), (90, "b")], 70)]);
        let b = || back(vec![block(&[(60, "c"), (85, "d")], 55)]);
        assert_eq!(merged(&mut [a(), b()], true, 100), ("bda".into(), 3), "a's next window may bring something later than c");
    }

    #[test]
    fn windows_follow_each_other_and_the_limit_holds() {
        let windows = || vec![block(&[(80, "a"), (90, "b")], 70), block(&[(30, "c"), (40, "d")], 20)];
        let (text, rows) = merged(&mut [back(windows())], true, 100);
        assert_eq!((text.as_str(), rows), ("badc", 4));
        assert_eq!(merged(&mut [back(windows())], true, 3).0, "bad");
    }

    #[test]
    fn who_cannot_be_read_holds_up_nobody() {
        let mut backs = [back(vec![block(&[(80, "a")], 70)]), back(Vec::new())];
        assert_eq!(merged(&mut backs, true, 9), (String::new(), 0));
        assert_eq!(merged(&mut backs, false, 9), ("a".into(), 1));
    }

    #[test]
    fn a_time_that_cannot_be_is_that_of_the_record_behind_it() {
        let mut backs = [back(vec![block(&[(-1, "a"), (9_999, "b"), (60, "c")], 55)]), back(vec![block(&[(58, "x"), (61, "y")], 55)])];
        backs.iter_mut().for_each(Back::stop);
        assert_eq!(merged(&mut backs, true, 9), ("ycbax".into(), 5));
    }

    #[test]
    fn the_edge_is_where_the_last_record_or_window_was_handed_on() {
        let mut read = back(vec![block(&[(80, "a")], 70)]);
        let mut said = Queue::new();
        said.push(Block::default());
        read.aside(&mut said);
        assert_eq!(merged(std::slice::from_mut(&mut read), true, 9).0, "a");
        assert_eq!(read.edge(), Offset(8_000), "the next window was not read");
    }

    #[test]
    fn windows_grow_until_they_have_their_bytes_and_a_first_one_that_is_too_large_begins_anew() {
        let mut back = Back::new(Offset(0), Offset(100_000), 1);
        let mut queue = Queue::new();
        assert_eq!(back.window(), (Offset(98_000), Offset(100_000)));
        queue.push(Block { wire: 2_000, ..Block::default() });
        back.fetched(&mut queue);
        assert_eq!(back.window(), (Offset(94_000), Offset(98_000)));
        assert!(!back.is_too_much(Offset(95_000), 1 << 20), "a MB for a quarter of it is little");
        let mut large = Back::new(Offset(0), Offset(100_000), 1);
        assert!(large.is_too_much(Offset(98_001), 1 << 20), "2,000 records of a MB each");
        assert_eq!(large.window(), (Offset(99_992), Offset(100_000)));
        let mut short = Back::new(Offset(10), Offset(12), 1);
        assert_eq!(short.window(), (Offset(10), Offset(12)));
        short.fetched(&mut queue);
        assert!(short.over && !short.may_go_on());
        assert!(Back::new(Offset(5), Offset(5), 1).is_over());
    }
}
