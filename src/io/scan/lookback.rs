//! Walks back from the end of partitions: where the last so many records begin (P43). Offsets have gaps, so the window is
//! doubled until enough records were counted or the log begins; nothing is decompressed but a batch that has gaps itself.

use std::collections::VecDeque;

use bytes::Bytes;

use super::answer::Zone;
use super::span::{Of, Span, read};
use crate::io::kafka::{FetchedPartition, Link, PartitionError};
use crate::model::{Failure, LeaderEpoch, Offset, PartitionId};
use crate::records::{Aborted, Batch, Found, Scratch, batches};

/// A partition to walk back in, from `end` to `floor` at most.
#[derive(Debug, Clone)]
pub(super) struct Back {
    pub partition: PartitionId,
    pub epoch: LeaderEpoch,
    pub floor: Offset,
    pub end: Offset,
    pub stable: Offset,
    pub records: u64,
}

/// One batch that counts.
#[derive(Debug, Clone)]
struct Step {
    base: Offset,
    next: Offset,
    records: u64,
    /// The batch itself, when its records do not fill its offsets.
    gappy: Option<Bytes>,
}

/// How far one partition got.
#[derive(Debug)]
struct Walk {
    back: Back,
    /// Start of what was read.
    low: Offset,
    window: i64,
    steps: VecDeque<Step>,
    counted: u64,
}

impl Walk {
    fn new(back: Back) -> Self {
        let window = i64::try_from(back.records).unwrap_or(i64::MAX);
        Self { low: back.end, window, back, steps: VecDeque::new(), counted: 0 }
    }

    fn is_done(&self) -> bool {
        self.counted >= self.back.records || self.low <= self.back.floor
    }

    /// The next stretch to read, right before what was read.
    fn span(&mut self) -> Span {
        let to = self.low;
        self.low = Offset(self.back.end.0.saturating_sub(self.window)).max(self.back.floor);
        self.window = self.window.saturating_mul(2);
        Span { partition: self.back.partition, epoch: self.back.epoch, from: self.low, to, stable: self.back.stable }
    }

    /// Puts the steps of a stretch in front.
    fn add(&mut self, steps: Vec<Step>) {
        for step in steps.into_iter().rev() {
            // A batch that reaches into the stretch before was counted there.
            if self.steps.front().is_none_or(|front| step.base < front.base) {
                self.counted = self.counted.saturating_add(step.records);
                self.steps.push_front(step);
            }
        }
    }

    /// The offset from which on there are as many records as were asked for, or the floor.
    fn start(&self, scratch: &mut Scratch) -> Offset {
        let mut left = self.back.records;
        for step in self.steps.iter().rev() {
            if step.records < left {
                left -= step.records;
                continue;
            }
            let within = step.gappy.as_ref().and_then(|batch| offset_from_end(batch, left, scratch));
            let dense = step.next.plus(-i64::try_from(left).unwrap_or(i64::MAX));
            return within.unwrap_or(dense).max(self.back.floor).max(step.base);
        }
        self.back.floor
    }
}

/// The offset of record number `left` of a batch, counted from its end.
fn offset_from_end(batch: &Bytes, left: u64, scratch: &mut Scratch) -> Option<Offset> {
    let Some(Found::Batch(batch)) = batches(PartitionId(0), batch).next() else { return None };
    let offsets: Vec<Offset> = batch.open(scratch).ok()?.records().flatten().map(|record| record.offset).collect();
    offsets.len().checked_sub(usize::try_from(left).ok()?).and_then(|at| offsets.get(at)).copied()
}

/// Where the last records begin, for partitions that one broker leads; in their order.
///
/// # Errors
/// The conversation broke.
pub(super) async fn starts(link: &Link, of: &Of, backs: Vec<Back>) -> Result<Vec<Result<Offset, PartitionError>>, Failure> {
    let mut walks: Vec<Walk> = backs.into_iter().map(Walk::new).collect();
    let mut errors: Vec<Option<PartitionError>> = vec![None; walks.len()];
    let mut scratch = Scratch::default();
    loop {
        let open = |(index, walk): &(usize, &mut Walk)| !walk.is_done() && errors.get(*index).is_some_and(Option::is_none);
        let (of_walk, spans): (Vec<usize>, Vec<Span>) =
            walks.iter_mut().enumerate().filter(open).map(|(index, walk)| (index, walk.span())).unzip();
        if spans.is_empty() {
            break;
        }
        let mut found: Vec<Vec<Step>> = vec![Vec::new(); spans.len()];
        let failed = read(link, of, spans.clone(), |index, _, zone, answer| {
            if let (Some(span), Some(steps)) = (spans.get(index), found.get_mut(index)) {
                steps.extend(count(answer, span, zone, of.committed_only, &mut scratch));
            }
        })
        .await?;
        for ((walk, steps), error) in of_walk.iter().zip(found).zip(failed) {
            if let (Some(walk), Some(place)) = (walks.get_mut(*walk), errors.get_mut(*walk)) {
                walk.add(steps);
                *place = error;
            }
        }
    }
    let result = |(walk, error): (Walk, Option<PartitionError>)| error.map_or_else(|| Ok(walk.start(&mut scratch)), Err);
    Ok(walks.into_iter().zip(errors).map(result).collect())
}

/// The batches of an answer that have something to show.
fn count(answer: &FetchedPartition, span: &Span, zone: Zone, committed_only: bool, scratch: &mut Scratch) -> Vec<Step> {
    let mut aborted = Aborted::new(answer.aborted.iter().copied());
    let mut steps = Vec::new();
    let mut at = 0_usize;
    for found in batches(span.partition, &answer.records) {
        let batch = match found {
            Found::Batch(batch) => batch,
            Found::Corrupt(bad) => {
                at = at.saturating_add(bad.size);
                continue;
            }
            Found::CutOff(_) => break,
        };
        let bytes = at..at.saturating_add(batch.wire().len());
        at = bytes.end;
        if batch.header().base_offset >= span.to {
            break;
        }
        if shows(&batch, zone, committed_only, &mut aborted, scratch) && batch.next_offset() > span.from {
            steps.push(step(&batch, answer.records.slice(bytes)));
        }
    }
    steps
}

fn shows(batch: &Batch<'_>, zone: Zone, committed_only: bool, aborted: &mut Aborted, scratch: &mut Scratch) -> bool {
    let is_aborted = zone == Zone::Stable && aborted.is_aborted(batch);
    if let Ok(Some(control)) = batch.control(scratch) {
        aborted.marker(&control);
    }
    !(batch.is_control() || committed_only && is_aborted)
}

fn step(batch: &Batch<'_>, bytes: Bytes) -> Step {
    let header = batch.header();
    let (base, next) = (header.base_offset, batch.next_offset());
    let records = u64::try_from(header.records).unwrap_or(1);
    // A compressed message of an old format does not say how many it holds, nor where they begin.
    let dense = i64::from(header.records) == next.0.saturating_sub(base.0) && header.magic == 2;
    Step { base, next, records, gappy: (!dense).then_some(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::writer::{BatchWriter, control};

    fn answer(batches: &[Vec<u8>]) -> FetchedPartition {
        FetchedPartition {
            index: 0,
            error: None,
            high_watermark: Offset(1000),
            last_stable: Offset(1000),
            log_start: Offset(0),
            aborted: Vec::new(),
            new_leader: None,
            diverging: None,
            records: batches.concat().into(),
            whole_size: None,
        }
    }

    fn batch(base: i64, deltas: &[i32], last: i32) -> Vec<u8> {
        let writer = deltas.iter().fold(BatchWriter::new(Offset(base)), |w, &d| w.skip_to(d).record(0, None, None));
        writer.last_offset_delta(last).finish().unwrap()
    }

    fn back(records: u64) -> Back {
        Back { partition: PartitionId(0), epoch: LeaderEpoch(0), floor: Offset(0), end: Offset(100), stable: Offset(100), records }
    }

    /// Walks over a log as a broker would answer: from the batch that holds the offset.
    fn start(log: &[Vec<u8>], records: u64) -> Offset {
        let mut walk = Walk::new(back(records));
        let mut scratch = Scratch::default();
        while !walk.is_done() {
            let span = walk.span();
            let next = |b: &Vec<u8>| match batches(PartitionId(0), b).next() {
                Some(Found::Batch(batch)) => batch.next_offset(),
                other => panic!("{other:?}"),
            };
            let some: Vec<_> = log.iter().filter(|b| next(b) > span.from).cloned().collect();
            walk.add(count(&answer(&some), &span, Zone::Stable, false, &mut scratch));
        }
        walk.start(&mut scratch)
    }

    #[test]
    fn the_last_records_are_counted_not_computed() {
        // 0, 1, 2 · 10 · 40, 45, 49 · a marker · 90
        let log = [
            batch(0, &[0, 1, 2], 2),
            batch(10, &[0], 4),
            batch(40, &[0, 5, 9], 9),
            control(Offset(50), crate::model::ProducerId(1), 0, 1, 0),
            batch(90, &[0], 9),
        ];
        let want = [(1, 90), (2, 49), (3, 45), (4, 40), (5, 10), (6, 2), (8, 0), (9, 0), (500, 0)];
        for (records, offset) in want {
            assert_eq!(start(&log, records), Offset(offset), "the last {records}");
        }
    }

    #[test]
    fn a_dense_log_is_read_once() {
        let log: Vec<_> = (0..10).map(|n| batch(n * 10, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 9)).collect();
        let mut walk = Walk::new(back(25));
        assert_eq!(walk.span().from, Offset(75));
        assert_eq!(start(&log, 25), Offset(75));
    }
}
