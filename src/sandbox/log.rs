//! The log of one partition: batches as they were written, in memory, with what a broker knows of them.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::producers::Producers;
use crate::model::{Offset, PartitionId, ProducerId};
use crate::records::{self, Batch, ControlKind, Found, Scratch};

/// One batch of the log.
#[derive(Debug, Clone)]
struct Stored {
    bytes: Bytes,
    base: i64,
    last: i64,
    /// Milliseconds.
    max_time: i64,
}

/// A transaction that was aborted: what a read_committed fetch is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AbortedTxn {
    pub(super) producer: i64,
    pub(super) first: i64,
    /// Its marker.
    last: i64,
}

/// Where a log begins and ends, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) start: i64,
    /// Where the earliest open transaction begins, else the end.
    pub(super) stable: i64,
    /// The high watermark: followers always have everything.
    pub(super) end: i64,
    /// Bytes.
    pub(super) size: u64,
}

/// What a fetch finds.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// For read_committed alone.
    pub(super) aborted: Vec<AbortedTxn>,
}

/// The batches of one partition.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    batches: VecDeque<Stored>,
    start: i64,
    end: i64,
    size: u64,
    /// First offset of the open transaction of each producer.
    open: BTreeMap<i64, i64>,
    aborted: Vec<AbortedTxn>,
    /// Of batches that came from clients.
    pub(super) producers: Producers,
    /// Epochs of leaders after the first, and where each began.
    epochs: Vec<(i32, i64)>,
}

impl Log {
    /// An empty log whose first record will have this offset.
    pub(super) fn starting_at(offset: i64) -> Self {
        Self { start: offset, end: offset, ..Self::default() }
    }

    pub(super) fn bounds(&self) -> Bounds {
        let stable = self.open.values().min().copied().unwrap_or(self.end);
        Bounds { start: self.start, stable, end: self.end, size: self.size }
    }

    /// Appends batches whose offsets are right: what [`super::topic::Partition::append`] has numbered, and what is seeded. What
    /// is no batch is left out.
    pub(super) fn append(&mut self, bytes: Vec<u8>) {
        let mut scratch = Scratch::default();
        let bytes = Bytes::from(bytes);
        for found in records::batches(PartitionId(0), &bytes) {
            let Found::Batch(batch) = found else { return };
            let stored = Stored {
                bytes: bytes.slice_ref(batch.wire()),
                base: batch.header().base_offset.0,
                last: batch.last_offset().0,
                max_time: batch.header().max_timestamp,
            };
            self.note_transaction(&batch, &mut scratch);
            self.end = self.end.max(stored.last.saturating_add(1));
            self.size = self.size.saturating_add(length(&stored.bytes));
            self.batches.push_back(stored);
        }
    }

    fn note_transaction(&mut self, batch: &Batch<'_>, scratch: &mut Scratch) {
        let Some(ProducerId(producer)) = batch.transaction() else { return };
        let Ok(Some(control)) = batch.control(scratch) else {
            self.open.entry(producer).or_insert(batch.header().base_offset.0);
            return;
        };
        let Some(first) = self.open.remove(&producer) else { return };
        if control.kind == ControlKind::Abort {
            self.aborted.push(AbortedTxn { producer, first, last: control.offset.0 });
        }
    }

    /// A leader's epoch begins at the end.
    pub(super) fn begin_epoch(&mut self, epoch: i32) {
        self.epochs.push((epoch, self.end));
    }

    /// The largest epoch up to `wanted` that the log knows, and the offset behind its last record
    /// (`LeaderEpochFileCache.endOffsetFor`). Before the first change of leaders all is of `first`.
    pub(super) fn epoch_end(&self, wanted: i32, first: i32) -> (i32, i64) {
        let next = self.epochs.iter().find(|(epoch, _)| *epoch > wanted);
        let floor = self.epochs.iter().rfind(|(epoch, _)| *epoch <= wanted);
        (floor.map_or(first.min(wanted), |(epoch, _)| *epoch), next.map_or(self.end, |(_, start)| *start))
    }

    /// What a fetch from this offset gets: whole batches, the last one cut off where the limit is reached, as brokers do. With
    /// `one_whole` the first is never cut. `None`: the offset is out of range.
    pub(super) fn read(&self, from: i64, limit: usize, committed: bool, one_whole: bool) -> Option<Piece> {
        if from < self.start || from > self.end {
            return None;
        }
        let bounds = self.bounds();
        let upper = if committed { bounds.stable } else { bounds.end };
        let mut piece = Piece::default();
        let mut reached = from;
        let first = self.batches.partition_point(|batch| batch.last < from);
        for batch in self.batches.range(first..).take_while(|batch| batch.base < upper) {
            let room = limit.saturating_sub(piece.bytes.len());
            let whole = batch.bytes.len() <= room || (one_whole && piece.bytes.is_empty());
            let part = if whole { &batch.bytes[..] } else { batch.bytes.get(..room).unwrap_or_default() };
            piece.bytes.extend_from_slice(part);
            reached = batch.last.saturating_add(1);
            if !whole {
                break;
            }
        }
        if committed {
            piece.aborted = self.aborted.iter().filter(|txn| txn.last >= from && txn.first < reached).copied().collect();
        }
        Some(piece)
    }

    /// The first record at or after a time: its time in milliseconds, and offset.
    pub(super) fn first_at(&self, time: i64) -> Option<(i64, i64)> {
        let batch = self.batches.iter().find(|batch| batch.max_time >= time && batch.last >= self.start)?;
        records_of(batch).into_iter().find(|(at, offset)| *at >= time && *offset >= self.start)
    }

    /// The record with the latest time, the first of several: its time in milliseconds, and offset.
    pub(super) fn latest(&self) -> Option<(i64, i64)> {
        let max = self.batches.iter().map(|batch| batch.max_time).max()?;
        let batch = self.batches.iter().find(|batch| batch.max_time == max)?;
        records_of(batch).into_iter().find(|(at, _)| *at == max)
    }

    /// Deletes what lies before an offset; a batch goes when its last record does.
    pub(super) fn delete_before(&mut self, offset: i64) {
        self.start = offset.clamp(self.start, self.end);
        let start = self.start;
        let gone = self.batches.partition_point(|batch| batch.last < start);
        for batch in self.batches.drain(..gone) {
            self.size = self.size.saturating_sub(length(&batch.bytes));
        }
        self.aborted.retain(|txn| txn.last >= start);
    }

    /// Retention: at most so many bytes, and nothing older than a time. An eighth more than necessary goes, so that the start does
    /// not move with every record. What an open transaction may need stays.
    pub(super) fn retain(&mut self, bytes: Option<u64>, oldest_ms: Option<i64>) {
        let over = bytes.filter(|&limit| self.size > limit).map(|limit| self.size.saturating_sub(limit - limit / 8));
        let mut to_free = over.unwrap_or(0);
        let mut start = self.start;
        for batch in &self.batches {
            if to_free == 0 && oldest_ms.is_none_or(|oldest| batch.max_time >= oldest) {
                break;
            }
            to_free = to_free.saturating_sub(length(&batch.bytes));
            start = batch.last.saturating_add(1);
        }
        self.delete_before(start.min(self.bounds().stable));
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Time and offset of each record; nothing for a batch that does not open.
fn records_of(stored: &Stored) -> Vec<(i64, i64)> {
    let mut scratch = Scratch::default();
    let Some(Found::Batch(batch)) = records::batches(PartitionId(0), &stored.bytes).next() else { return Vec::new() };
    let Ok(opened) = batch.open(&mut scratch) else { return Vec::new() };
    opened.records().flatten().map(|record| (record.timestamp_ms, record.offset.0)).collect()
}

/// The batch under another base offset and leader epoch. The checksum does not cover either.
pub(super) fn number(batch: &mut [u8], base: Offset, epoch: i32) {
    if let Some(to) = batch.get_mut(..8) {
        to.copy_from_slice(&base.0.to_be_bytes());
    }
    if let Some(to) = batch.get_mut(12..16) {
        to.copy_from_slice(&epoch.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::writer::{BatchWriter, control};

    fn plain(base: i64, time: i64, records: usize) -> Vec<u8> {
        let one = |batch: BatchWriter, n: usize| batch.record(time + i64::try_from(n).unwrap(), None, Some(b"value"));
        (0..records).fold(BatchWriter::new(Offset(base)), one).finish().unwrap()
    }

    fn of_producer(base: i64, producer: i64) -> Vec<u8> {
        BatchWriter::new(Offset(base)).transaction(ProducerId(producer), 0).record(1, None, Some(b"t")).finish().unwrap()
    }

    fn log(batches: &[Vec<u8>]) -> Log {
        let mut log = Log::default();
        for batch in batches {
            log.append(batch.clone());
        }
        log
    }

    #[test]
    fn a_fetch_gets_whole_batches_and_a_cut_one_at_the_limit() {
        let log = log(&[plain(0, 10, 2), plain(2, 20, 2), plain(4, 30, 2)]);
        let size = plain(0, 10, 2).len();
        assert_eq!(log.read(0, 1_000_000, false, true).unwrap().bytes.len(), 3 * size);
        assert_eq!(log.read(3, size + 7, false, true).unwrap().bytes.len(), size + 7, "from the batch that holds it");
        assert_eq!(log.read(1, 1, false, true).unwrap().bytes.len(), size, "the first is whole however small the limit is");
        assert_eq!(log.read(1, 1, false, false).unwrap().bytes.len(), 1);
        assert!(log.read(6, 100, false, true).unwrap().bytes.is_empty(), "the end is in range");
        assert!(log.read(7, 100, false, true).is_none() && log.read(-1, 100, false, true).is_none());
    }

    #[test]
    fn open_transactions_hold_back_the_stable_offset_and_aborted_ones_are_told() {
        let (abort, commit) = (0, 1);
        let log = log(&[
            of_producer(0, 7),
            of_producer(1, 8),
            control(Offset(2), ProducerId(7), 0, abort, 1),
            control(Offset(3), ProducerId(8), 0, commit, 1),
            plain(4, 1, 1),
            of_producer(5, 9),
            plain(6, 1, 1),
        ]);
        assert_eq!(log.bounds().stable, 5);
        assert_eq!(log.bounds().end, 7);
        let committed = log.read(0, 1_000_000, true, true).unwrap();
        assert_eq!(committed.aborted, [AbortedTxn { producer: 7, first: 0, last: 2 }]);
        let all = log.read(0, 1_000_000, false, true).unwrap();
        assert!(all.aborted.is_empty() && all.bytes.len() > committed.bytes.len());
        assert!(log.read(3, 1_000_000, true, true).unwrap().aborted.is_empty(), "it ended before");
    }

    #[test]
    fn times_find_records_and_not_only_batches() {
        let log = log(&[plain(0, 10, 3), plain(3, 20, 3)]);
        assert_eq!(log.first_at(11), Some((11, 1)));
        assert_eq!(log.first_at(13), Some((20, 3)));
        assert_eq!(log.first_at(23), None);
        assert_eq!(log.latest(), Some((22, 5)));
    }

    #[test]
    fn epochs_end_where_the_next_one_began() {
        let mut log = log(&[plain(0, 1, 3)]);
        assert_eq!(log.epoch_end(0, 0), (0, 3));
        log.begin_epoch(1);
        log.append(plain(3, 1, 2));
        log.begin_epoch(4);
        assert_eq!([0, 1, 2, 4].map(|epoch| log.epoch_end(epoch, 0)), [(0, 3), (1, 5), (1, 5), (4, 5)]);
    }

    #[test]
    fn retention_moves_the_start_and_spares_open_transactions() {
        let size = u64::try_from(plain(0, 1, 2).len()).unwrap();
        let mut long = log(&(0..100).map(|n| plain(n * 2, n, 2)).collect::<Vec<_>>());
        long.retain(Some(size * 80), None);
        assert!(long.bounds().size <= size * 70 && long.bounds().size > size * 60, "{:?}", long.bounds());
        assert_eq!(long.bounds().end, 200);
        long.retain(None, Some(90));
        assert_eq!(long.bounds().start, 180 - 2, "the batch whose last record is at 90 stays");
        let mut open = log(&[plain(0, 1, 2), of_producer(2, 9), plain(3, 1, 2)]);
        open.retain(Some(0), None);
        assert_eq!(open.bounds().start, 2);
        open.delete_before(4);
        assert_eq!((open.bounds().start, open.first_at(0)), (4, Some((2, 4))), "records before the start are not found");
    }
}
