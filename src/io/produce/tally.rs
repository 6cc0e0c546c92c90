//! What became of every record, told in the order in which they were handed over, whichever partition answers first.

use std::collections::VecDeque;

use crate::core::produce::{Fate, Progress, Report, Sent};
use crate::model::{Foreign, Offset, PartitionId};

/// A record on its way, in its batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Its place among all that were handed over.
    order: u64,
    /// What it is called.
    pub(super) n: u64,
    pub(super) timestamp_ms: i64,
    /// Bytes of key, value and headers.
    pub(super) size: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) progress: Progress,
    /// Those that wait for others before them; the front is the one that is told next.
    waiting: VecDeque<Option<Sent>>,
    told: u64,
    /// Settled and in order.
    ready: Vec<Sent>,
    first: Vec<Sent>,
    missing: Vec<Sent>,
}

impl Tally {
    /// A record was handed over.
    pub(super) fn take(&mut self, n: u64, timestamp_ms: i64, size: usize) -> Row {
        let order = self.progress.taken;
        self.progress.taken += 1;
        self.waiting.push_back(None);
        Row { order, n, timestamp_ms, size }
    }

    /// A batch is in the log. `base`: the offset of its first record.
    pub(super) fn appended(&mut self, rows: &[Row], partition: PartitionId, base: Option<Offset>, append_ms: Option<i64>) {
        for (row, delta) in rows.iter().zip(0_i64..) {
            let fate = Fate::Appended(base.map(|base| base.plus(delta)));
            self.progress.bytes = self.progress.bytes.saturating_add(u64::try_from(row.size).unwrap_or(u64::MAX));
            self.progress.appended += 1;
            let sent = Sent { n: row.n, partition, timestamp_ms: append_ms.unwrap_or(row.timestamp_ms), fate };
            self.progress.last = Some(sent.clone());
            self.settle(row, sent);
        }
    }

    /// Records are not in the log.
    pub(super) fn failed(&mut self, rows: &[Row], partition: PartitionId, why: &str) {
        self.progress.failed = self.progress.failed.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        self.lost(rows, partition, &Fate::Failed(Foreign::new(why)));
    }

    /// It cannot be told whether records are in the log.
    pub(super) fn unknown(&mut self, rows: &[Row], partition: PartitionId, why: &str) {
        self.progress.unknown = self.progress.unknown.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        self.lost(rows, partition, &Fate::Unknown(Foreign::new(why)));
    }

    fn lost(&mut self, rows: &[Row], partition: PartitionId, fate: &Fate) {
        for row in rows {
            let sent = Sent { n: row.n, partition, timestamp_ms: row.timestamp_ms, fate: fate.clone() };
            if self.missing.len() < Report::KEPT {
                self.missing.push(sent.clone());
            }
            self.settle(row, sent);
        }
    }

    fn settle(&mut self, row: &Row, sent: Sent) {
        let at = row.order.checked_sub(self.told).and_then(|at| usize::try_from(at).ok());
        if let Some(place) = at.and_then(|at| self.waiting.get_mut(at)) {
            *place = Some(sent);
        }
        while self.waiting.front().is_some_and(Option::is_some) {
            let Some(sent) = self.waiting.pop_front().flatten() else { return };
            self.told += 1;
            if self.first.len() < Report::KEPT {
                self.first.push(sent.clone());
            }
            self.ready.push(sent);
        }
    }

    /// What can be told now, in order.
    pub(super) fn ready(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.ready)
    }

    /// Records that nobody will say anything about any more: a task of ours failed.
    pub(super) fn abandon(&mut self) {
        let left = self.waiting.iter().filter(|place| place.is_none()).count();
        self.progress.unknown = self.progress.unknown.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
        self.ready.extend(self.waiting.drain(..).flatten());
    }

    /// The first records, and those that are missing, in order.
    pub(super) fn ends(self) -> (Vec<Sent>, Vec<Sent>) {
        let mut missing = self.missing;
        missing.sort_by_key(|sent| sent.n);
        (self.first, missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_in_the_order_in_which_they_came() {
        let mut tally = Tally::default();
        let rows: Vec<Row> = (0..4).map(|n| tally.take(n * 10, 7, 3)).collect();
        tally.appended(&rows[1..3], PartitionId(1), Some(Offset(5)), Some(9));
        assert!(tally.ready().is_empty(), "the first is not settled");
        tally.failed(&rows[..1], PartitionId(0), "no");
        let told = tally.ready();
        assert_eq!(told.iter().map(|sent| sent.n).collect::<Vec<_>>(), [0, 10, 20]);
        assert_eq!((&told[2].fate, told[2].timestamp_ms, told[0].timestamp_ms), (&Fate::Appended(Some(Offset(6))), 9, 7));
        assert_eq!((tally.progress.appended, tally.progress.failed, tally.progress.taken, tally.progress.bytes), (2, 1, 4, 6));
        tally.abandon();
        assert_eq!(tally.progress.unknown, 1);
    }
}
