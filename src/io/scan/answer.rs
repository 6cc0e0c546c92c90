//! What the headers of one partition's answer tell: where to read on, which bytes go to a worker, how transactions ended.
//! Pure, and quick enough for the task that talks to the broker: nothing but markers is opened here.

use bytes::Bytes;

use crate::core::stream::Fact;
use crate::model::{LeaderEpoch, Offset, Outcome, PartitionId, ProducerId, TxnTable};
use crate::records::{Aborted, Batch, Corrupt, CutOff, Fault, Found, Scratch, batches};

/// Bytes of batches, compressed, that one worker takes at a time when what it makes of them is large, and when several
/// workers share one partition.
pub(super) const SMALL_PIECE: usize = 256 << 10;
/// The same when there are as many partitions as workers, and little is made of them.
pub(super) const LARGE_PIECE: usize = 1 << 20;

/// Which part of a log a fetch was for (P41).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// Below the last stable offset, fetched read_committed: aborted data comes along, and the list that tells it.
    Stable,
    /// From there to the high watermark, fetched read_uncommitted: open until a marker is seen.
    Open,
}

/// Some whole batches for a worker, or what has to be said in their place.
#[derive(Debug)]
pub(super) enum Piece {
    /// `outcomes` has one entry per batch, or none at all when no batch is of a transaction.
    Batches {
        bytes: Bytes,
        outcomes: Box<[Option<Outcome>]>,
    },
    Fact(Fact),
}

/// What was asked for, to judge the answer by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub partition: PartitionId,
    pub from: Offset,
    /// Exclusive.
    pub stop: Option<Offset>,
    /// The high watermark of the answer; −1 when it did not tell.
    pub high: Offset,
    pub zone: Zone,
    /// Leave out what was aborted.
    pub committed_only: bool,
    /// Bytes for one worker.
    pub piece: usize,
}

/// See [`digest`].
#[derive(Debug)]
pub(super) struct Digest {
    /// Where to read on; equal to `from` when not one batch came whole.
    pub next: Offset,
    pub pieces: Vec<Piece>,
    /// Offsets of the control batches (transaction markers), which no reader shows.
    pub markers: Vec<Offset>,
    /// Leader epochs of its batches, and where each begins.
    pub epochs: Vec<(LeaderEpoch, Offset)>,
    /// Offsets without a record that is shown, from and until, with the markers among them: between batches of format 2, and
    /// those of control batches.
    pub nothing: Vec<(Offset, Offset, u64)>,
    pub cut: Option<CutOff>,
}

/// Goes over the headers of an answer; `table` learns how transactions ended.
pub(super) fn digest(
    asked: &Asked,
    bytes: &Bytes,
    aborted: &[(ProducerId, Offset)],
    table: &mut TxnTable,
    scratch: &mut Scratch,
) -> Digest {
    for &(producer, first) in aborted {
        table.aborted(asked.partition, producer, first);
    }
    let mut judge = Judge { asked, aborted: Aborted::new(aborted.iter().copied()), table };
    if asked.zone == Zone::Open {
        judge.read_markers(bytes, scratch);
    }
    let mut cutter = Cutter { bytes, piece: asked.piece, start: 0, end: 0, outcomes: Vec::new(), transactional: false, pieces: Vec::new() };
    let mut digest =
        Digest { next: asked.from, pieces: Vec::new(), markers: Vec::new(), epochs: Vec::new(), nothing: Vec::new(), cut: None };
    let mut gaps = Gaps { follows: Some(asked.from), nothing: Vec::new() };
    let mut corrupt: Option<Corrupt> = None;
    for found in batches(asked.partition, bytes) {
        match found {
            Found::Batch(batch) => {
                let base = batch.header().base_offset;
                gaps.batch(&batch);
                if let Some(bad) = corrupt.take() {
                    cutter.say(corrupt_fact(asked, &bad, Some(base)));
                }
                if asked.stop.is_some_and(|stop| base >= stop) {
                    digest.next = digest.next.max(base);
                    break;
                }
                digest.next = digest.next.max(batch.next_offset());
                let epoch = batch.header().leader_epoch;
                if digest.epochs.last().is_none_or(|&(last, _)| last != epoch) {
                    digest.epochs.push((epoch, base.max(asked.from)));
                }
                let outcome = judge.outcome(&batch, scratch);
                if batch.is_control() && batch.next_offset() > asked.from {
                    digest.markers.push(base);
                }
                let wanted = !batch.is_control()
                    && batch.next_offset() > asked.from
                    && !(asked.committed_only && outcome.is_some_and(|outcome| outcome != Outcome::Committed));
                if wanted {
                    cutter.keep(batch.wire().len(), outcome);
                } else {
                    cutter.leave_out(batch.wire().len());
                }
            }
            Found::Corrupt(bad) => {
                gaps.follows = None;
                cutter.leave_out(bad.size);
                if let Some(before) = corrupt.replace(bad) {
                    cutter.say(corrupt_fact(asked, &before, Some(bad.base_offset)));
                }
                digest.next = digest.next.max(bad.next_offset.unwrap_or(asked.from));
            }
            Found::CutOff(cut) => digest.cut = Some(cut),
        }
    }
    if let Some(bad) = corrupt {
        let fact = corrupt_fact(asked, &bad, None);
        if let Fact::Corrupt { next, .. } = fact {
            digest.next = digest.next.max(next);
        }
        cutter.say(fact);
    }
    // A header can lie: behind the high watermark there is nothing that a consumer may have been sent.
    if asked.high > asked.from && digest.next > asked.high {
        digest.next = asked.high;
    }
    digest.pieces = cutter.finish();
    digest.nothing = gaps.nothing;
    digest
}

/// Where an answer proves that nothing is to be shown.
struct Gaps {
    /// Where the next batch would begin, if offsets follow each other without a gap; `None` when that is not known.
    follows: Option<Offset>,
    nothing: Vec<(Offset, Offset, u64)>,
}

impl Gaps {
    fn batch(&mut self, batch: &Batch<'_>) {
        let (base, next) = (batch.header().base_offset, batch.next_offset());
        // The offset of an older format's message set is that of its last message.
        let plain = batch.facts().magic == 2;
        if let Some(from) = self.follows.filter(|&from| plain && from < base) {
            self.nothing.push((from, base, 0));
        }
        self.follows = plain.then_some(next);
        if batch.is_control() {
            self.nothing.push((base, next, 1));
        }
    }
}

/// Learns the markers of an answer, and nothing else: for history that is classified before it is printed.
pub(super) fn markers(asked: &Asked, bytes: &Bytes, table: &mut TxnTable, scratch: &mut Scratch) {
    Judge { asked, aborted: Aborted::default(), table }.read_markers(bytes, scratch);
}

/// How the transactions of batches ended.
struct Judge<'a> {
    asked: &'a Asked,
    aborted: Aborted,
    table: &'a mut TxnTable,
}

impl Judge<'_> {
    fn read_markers(&mut self, bytes: &Bytes, scratch: &mut Scratch) {
        for found in batches(self.asked.partition, bytes) {
            if let Found::Batch(batch) = found
                && batch.is_control()
                && let Ok(Some(control)) = batch.control(scratch)
                && let Some(outcome) = control.kind.outcome()
            {
                self.table.marker(self.asked.partition, control.producer, control.offset, outcome);
            }
        }
    }

    /// `None`: not of a transaction.
    fn outcome(&mut self, batch: &Batch<'_>, scratch: &mut Scratch) -> Option<Outcome> {
        let producer = batch.transaction()?;
        if self.asked.zone == Zone::Open {
            return Some(self.table.outcome(self.asked.partition, producer, batch.last_offset()));
        }
        let is_aborted = self.aborted.is_aborted(batch);
        if let Ok(Some(control)) = batch.control(scratch) {
            self.aborted.marker(&control);
            // Below the last stable offset all that is not listed as aborted is committed.
            if control.kind.outcome() == Some(Outcome::Aborted) {
                self.table.marker(self.asked.partition, control.producer, control.offset, Outcome::Aborted);
            }
        }
        Some(if is_aborted { Outcome::Aborted } else { Outcome::Committed })
    }
}

/// Cuts an answer into pieces of neighbouring batches.
struct Cutter<'a> {
    bytes: &'a Bytes,
    piece: usize,
    start: usize,
    end: usize,
    outcomes: Vec<Option<Outcome>>,
    transactional: bool,
    pieces: Vec<Piece>,
}

impl Cutter<'_> {
    /// The next `size` bytes are not for a worker.
    fn leave_out(&mut self, size: usize) {
        self.close();
        self.end += size;
        self.start = self.end;
    }

    /// The next `size` bytes are a batch with its outcome.
    fn keep(&mut self, size: usize, outcome: Option<Outcome>) {
        if self.end + size - self.start > self.piece {
            self.close();
        }
        self.end += size;
        self.transactional |= outcome.is_some();
        self.outcomes.push(outcome);
    }

    fn say(&mut self, fact: Fact) {
        self.close();
        self.pieces.push(Piece::Fact(fact));
    }

    fn close(&mut self) {
        let outcomes = std::mem::take(&mut self.outcomes);
        if !outcomes.is_empty() && self.end <= self.bytes.len() {
            let bytes = self.bytes.slice(self.start..self.end);
            let outcomes = if std::mem::take(&mut self.transactional) { outcomes.into() } else { Box::default() };
            self.pieces.push(Piece::Batches { bytes, outcomes });
        }
        self.start = self.end;
    }

    fn finish(mut self) -> Vec<Piece> {
        self.close();
        self.pieces
    }
}

/// `following`: where the next batch of the answer begins, which is to be believed more than a broken header.
fn corrupt_fact(asked: &Asked, bad: &Corrupt, following: Option<Offset>) -> Fact {
    let offset = bad.base_offset.max(asked.from);
    let next = following.filter(|&next| next > offset).or(bad.next_offset.filter(|&next| next > offset));
    Fact::Corrupt {
        partition: asked.partition,
        offset,
        next: next.unwrap_or(offset.plus(1)),
        bytes: u64::try_from(bad.size).unwrap_or(u64::MAX),
        why: words(&bad.why),
    }
}

/// What is wrong, as words without figures: for [`Fact::Corrupt`].
pub(super) fn words(fault: &Fault) -> &'static str {
    match fault {
        Fault::Length(_) => "its length field makes no sense",
        Fault::Format(_) => "unknown message format",
        Fault::Crc { .. } => "checksum mismatch",
        Fault::UnknownCodec(_) => "unknown compression",
        Fault::TooLarge { .. } => "decompresses to more than is allowed",
        Fault::Header(why) | Fault::Record(why) | Fault::Broken { why, .. } => why,
        Fault::Count { .. } => "its header counts other records than there are",
    }
}

#[cfg(test)]
mod tests;
