//! What a log knows of idempotent producers: the last batches of each, so that one that comes again is recognised and one that
//! is missing is noticed (`ProducerStateManager`, `ProducerAppendInfo`, `ProducerStateEntry`).

use std::collections::{BTreeMap, VecDeque};

use crate::records::BatchHeader;

/// So many batches of a producer are remembered (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
const REMEMBERED: usize = 5;

/// By id.
#[derive(Debug, Clone, Default)]
pub(super) struct Producers(BTreeMap<i64, Producer>);

#[derive(Debug, Clone)]
struct Producer {
    epoch: i16,
    /// The newest is last.
    batches: VecDeque<Known>,
}

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    first: i32,
    last: i32,
    /// The offset of its first record.
    pub(super) base: i64,
    /// Where the broker's clock counts, in milliseconds.
    pub(super) append_time: Option<i64>,
}

/// What comes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Append,
    /// It is there already, as that.
    Duplicate(Known),
    OutOfOrder,
    /// A newer epoch of the producer has written.
    OldEpoch,
}

impl Producers {
    /// Looks at a batch before it is appended; one without a producer always may be.
    pub(super) fn judge(&self, header: &BatchHeader) -> Verdict {
        let Some(producer) = self.0.get(&header.producer_id).filter(|_| header.producer_id >= 0) else {
            // A producer that is not known (any more) may go on anywhere (KIP-360).
            return Verdict::Append;
        };
        let (first, last) = numbers(header);
        if header.producer_epoch < producer.epoch {
            return Verdict::OldEpoch;
        }
        if header.producer_epoch > producer.epoch {
            return if first == 0 { Verdict::Append } else { Verdict::OutOfOrder };
        }
        if let Some(known) = producer.batches.iter().find(|known| (known.first, known.last) == (first, last)) {
            return Verdict::Duplicate(*known);
        }
        match producer.batches.back() {
            Some(newest) if first != newest.last.checked_add(1).unwrap_or(0) => Verdict::OutOfOrder,
            _ => Verdict::Append,
        }
    }

    /// Remembers a batch that was appended at `base`.
    pub(super) fn note(&mut self, header: &BatchHeader, base: i64, append_time: Option<i64>) {
        if header.producer_id < 0 {
            return;
        }
        let (first, last) = numbers(header);
        let producer =
            self.0.entry(header.producer_id).or_insert_with(|| Producer { epoch: header.producer_epoch, batches: VecDeque::new() });
        if producer.epoch != header.producer_epoch {
            *producer = Producer { epoch: header.producer_epoch, batches: VecDeque::new() };
        }
        producer.batches.push_back(Known { first, last, base, append_time });
        if producer.batches.len() > REMEMBERED {
            producer.batches.pop_front();
        }
    }

    /// Counts as if the newest batch of each had not come: for tests.
    pub(super) fn forget_newest(&mut self) {
        for producer in self.0.values_mut() {
            producer.batches.pop_back();
        }
    }
}

/// The first and the last sequence number of a batch: behind the largest comes 0.
fn numbers(header: &BatchHeader) -> (i32, i32) {
    let first = header.base_sequence;
    let last = first.checked_add(header.last_offset_delta).unwrap_or_else(|| header.last_offset_delta - (i32::MAX - first) - 1);
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Codec, PartitionId, ProducerId};
    use crate::records::build::{Builder, NewRecord, Sequence, stamp};
    use crate::records::{Found, batches};

    fn header(epoch: i16, first: i32, records: usize) -> BatchHeader {
        let mut builder = Builder::default();
        for _ in 0..records {
            builder.take(&NewRecord { timestamp_ms: 1, key: None, value: None, headers: &[] }, usize::MAX);
        }
        let mut bytes = builder.seal(Codec::None).unwrap();
        stamp(&mut bytes, Some(Sequence { producer: ProducerId(7), epoch, first }));
        match batches(PartitionId(0), &bytes).next() {
            Some(Found::Batch(batch)) => *batch.header(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_batch_that_comes_again_is_recognised_and_a_gap_is_noticed() {
        let mut producers = Producers::default();
        assert_eq!(producers.judge(&header(0, 40, 2)), Verdict::Append, "an unknown one may begin anywhere");
        for n in 0..6 {
            producers.note(&header(0, n * 2, 2), i64::from(n) * 10, None);
        }
        assert_eq!(producers.judge(&header(0, 12, 3)), Verdict::Append);
        assert!(matches!(producers.judge(&header(0, 10, 2)), Verdict::Duplicate(Known { base: 50, .. })));
        assert!(matches!(producers.judge(&header(0, 2, 2)), Verdict::Duplicate(Known { base: 10, .. })));
        assert_eq!(producers.judge(&header(0, 0, 2)), Verdict::OutOfOrder, "the sixth from the end is forgotten");
        assert_eq!(producers.judge(&header(0, 14, 2)), Verdict::OutOfOrder, "one is missing");
        assert_eq!(producers.judge(&header(1, 12, 2)), Verdict::OutOfOrder, "a new epoch begins at 0");
        assert_eq!(producers.judge(&header(1, 0, 2)), Verdict::Append);
        producers.note(&header(1, i32::MAX - 1, 2), 70, Some(5));
        assert_eq!(producers.judge(&header(0, 12, 2)), Verdict::OldEpoch);
        assert_eq!(producers.judge(&header(1, 0, 1)), Verdict::Append, "behind the largest number comes 0");
    }
}
