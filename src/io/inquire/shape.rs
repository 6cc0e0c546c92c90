//! The shape of a topic from a sample of it, or from all of it. The records are collected on the pool, where they lie.
//!
//! The sample: the newest records, and slices at equal distances from the start of each partition to its end.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Allowed, Spans, Stretch, Teller, USED_UP, ends, is_passing, stretch, width};
use crate::core::ask::Answer;
use crate::core::inquire::{Collector, Shape, ShapeAsk};
use crate::io::kafka::Client;
use crate::io::scan;
use crate::io::work::Work;
use crate::model::{Failure, Offset, RecordRef};
use crate::text::units;

const WHAT: &str = "look at the shape of the topic";
/// Records of a sample: the newest, and those of all slices together.
const NEWEST: u64 = 2_000;
const SLICED: u64 = 8_000;
const SLICES: u64 = 12;
/// A sample ends when answers of so many bytes came.
const SAMPLE_BYTES: u64 = 128 << 20;
/// Threads that collect side by side, besides the first.
const OTHERS: usize = 3;

/// Reads, and tells the shape as it grows.
///
/// # Errors
/// The topic cannot be read.
pub async fn shape(client: &Client, work: &Work, ask: &ShapeAsk, teller: &Teller) -> Result<Shape, Failure> {
    let (ends, missing) = ends(client, WHAT, &ask.topic).await?;
    let offsets: u64 = ends.values().map(width).sum();
    let whole = ask.whole || offsets <= NEWEST + SLICED;
    let rounds = if whole { vec![ends.clone()] } else { sample(&ends) };
    let mut told = Told {
        shards: Shards::default(),
        base: Shape {
            of: if whole {
                "all records".to_owned()
            } else {
                format!("a sample: the newest {} and {SLICES} slices", units::thousands(NEWEST))
            },
            offsets,
            cut: missing.iter().map(|(id, error)| format!("partition {} is not read: {}", id.0, error.sentence())).collect(),
            ..Shape::default()
        },
        records: 0,
    };
    let (mut bytes, allowed, began) = (0, Allowed::of(client), Instant::now());
    for (n, spans) in rounds.iter().enumerate() {
        tokio::time::sleep(allowed.pause(bytes, began.elapsed())).await;
        let encode = told.shards.encode();
        let of = Stretch { topic: &ask.topic, spans, filter: None, shape: scan::Shape::Lines(encode), allowed: allowed.less(bytes) };
        let mut read = 0;
        let progress = |progress: &crate::core::stream::Progress| {
            read = progress.bytes;
            told.hint(teller);
        };
        let ended = stretch(client, work, of, |_| ControlFlow::Continue(()), progress).await;
        told.hint(teller);
        bytes += read;
        match ended {
            // What was read is worth having.
            Err(failure) if failure.cause == USED_UP || is_passing(&failure) && told.shards.records() > 0 => {
                told.base.cut.push(format!("ended early: {}", failure.sentence()));
                break;
            }
            ended => ended?,
        }
        if !whole && bytes > SAMPLE_BYTES && n + 1 < rounds.len() {
            told.base.cut.push(format!("the sample ended early, after {}", units::size(bytes)));
            break;
        }
    }
    Ok(Shape { done: true, ..told.view() })
}

/// The stretches of a sample, the newest first.
fn sample(ends: &Spans) -> Vec<Spans> {
    let partitions = u64::try_from(ends.len()).unwrap_or(u64::MAX).max(1);
    let long = |records: u64| i64::try_from((records / partitions).max(1)).unwrap_or(i64::MAX);
    let newest = long(NEWEST);
    let mut rounds: Vec<Spans> = vec![ends.iter().map(|(id, span)| (*id, span.end.plus(-newest).max(span.start)..span.end)).collect()];
    let each = long(SLICED / SLICES);
    for n in 0..SLICES {
        let slice = |span: &Range<Offset>| {
            // What the newest took is not taken twice.
            let end = span.end.plus(-newest).max(span.start);
            let along = i128::from(end.0 - span.start.0) * i128::from(n) / i128::from(SLICES);
            let from = span.start.plus(i64::try_from(along).unwrap_or(0));
            let next = i128::from(end.0 - span.start.0) * i128::from(n + 1) / i128::from(SLICES);
            from..from.plus(each).min(span.start.plus(i64::try_from(next).unwrap_or(0)))
        };
        rounds.push(ends.iter().map(|(id, span)| (*id, slice(span))).collect());
    }
    rounds
}

/// Collectors that the pool's threads share: each takes one that is free.
#[derive(Debug, Clone, Default)]
struct Shards {
    first: Arc<Mutex<Collector>>,
    others: Arc<[Mutex<Collector>; OTHERS]>,
}

impl Shards {
    /// A reader's way to encode records that collects them and writes nothing.
    fn encode(&self) -> scan::Encode {
        let shards = self.clone();
        Arc::new(move |_, record: &RecordRef<'_>, _| shards.free().add(record))
    }

    fn free(&self) -> MutexGuard<'_, Collector> {
        self.all().find_map(|shard| shard.try_lock().ok()).unwrap_or_else(|| held(&self.first))
    }

    fn all(&self) -> impl Iterator<Item = &Mutex<Collector>> {
        std::iter::once(&*self.first).chain(self.others.iter())
    }

    fn records(&self) -> u64 {
        self.all().map(|shard| held(shard).records()).sum()
    }
}

/// A collector that a panic left behind is as good as it was before the record.
fn held(shard: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is told while one reads.
struct Told {
    shards: Shards,
    base: Shape,
    /// Records when something was told last.
    records: u64,
}

impl Told {
    fn view(&self) -> Shape {
        let mut all = Collector::default();
        for shard in self.shards.all() {
            all.merge(&held(shard));
        }
        Shape { of: self.base.of.clone(), offsets: self.base.offsets, cut: self.base.cut.clone(), ..all.view() }
    }

    /// Tells what there is, when that is a tenth more than before: merging is some work.
    fn hint(&mut self, teller: &Teller) {
        let now = self.shards.records();
        if now > self.records + self.records / 10 {
            self.records = now;
            teller.hint(|| Answer::Shape(Arc::new(self.view())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PartitionId;

    #[test]
    fn a_sample_lies_within_the_log_and_takes_nothing_twice() {
        let span = |from, to| Offset(from)..Offset(to);
        let ends: Spans = [(PartitionId(0), span(500, 1_000_000)), (PartitionId(1), span(0, 700)), (PartitionId(2), span(9, 9))].into();
        let rounds = sample(&ends);
        assert_eq!(rounds.len() as u64, SLICES + 1);
        for (id, whole) in &ends {
            let mut spans: Vec<_> = rounds.iter().map(|spans| spans[id].clone()).filter(|span| span.start < span.end).collect();
            spans.sort_by_key(|span| span.start);
            assert!(spans.iter().all(|span| span.start >= whole.start && span.end <= whole.end), "{spans:?}");
            assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{spans:?}");
        }
        let (first, newest) = (&rounds[1][&PartitionId(0)], &rounds[0][&PartitionId(0)]);
        assert_eq!((first.start, newest.end), (Offset(500), Offset(1_000_000)));
    }
}
