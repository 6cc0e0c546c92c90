//! Control records, and which transactional batches of a read_committed answer were aborted.

use std::collections::BTreeSet;

use super::batch::Batch;
use super::fault::Fault;
use super::wire::Wire;
use crate::model::{Offset, Outcome, ProducerId, RecordRef};

/// What a control record says (`org.apache.kafka.common.record.ControlRecordType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlKind {
    Commit,
    Abort,
    /// Not a transaction's marker: KRaft has its own, and more may come. To be stepped over, not an error (P39).
    Other(i16),
}

impl ControlKind {
    /// How the transaction ended, if this is its marker.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Commit => Some(Outcome::Committed),
            Self::Abort => Some(Outcome::Aborted),
            Self::Other(_) => None,
        }
    }
}

/// A control record: it ends the transaction of its producer, in this partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    pub producer: ProducerId,
    pub offset: Offset,
    pub kind: ControlKind,
}

impl Control {
    /// Reads the key of a control record: version and type, 16 bits each. A version that is newer is read the same way.
    pub(super) fn of(batch: &Batch<'_>, record: &RecordRef<'_>) -> Result<Self, Fault> {
        let mut key = Wire(record.key.unwrap_or_default());
        let kind = match (key.i16(), key.i16()) {
            (Some(version), Some(kind)) if version >= 0 => match kind {
                0 => ControlKind::Abort,
                1 => ControlKind::Commit,
                other => ControlKind::Other(other),
            },
            _ => return Err(Fault::Record("a control record without a type")),
        };
        Ok(Self { producer: ProducerId(batch.header.producer_id), offset: record.offset, kind })
    }
}

/// Tells the aborted batches of one partition of one read_committed answer, given its batches in order: the broker sends the
/// data of aborted transactions along with a list of (producer, first offset), and the client leaves it out (P40;
/// `org.apache.kafka.clients.consumer.internals.CompletedFetch.consumeAbortedTransactionsUpTo`).
#[derive(Debug, Clone, Default)]
pub struct Aborted {
    /// Sorted by first offset, the earliest last.
    ahead: Vec<(Offset, ProducerId)>,
    /// Producers whose aborted transaction began at or before the batches seen so far and whose marker did not come yet.
    open: BTreeSet<ProducerId>,
}

impl Aborted {
    /// From the answer's list, in any order.
    pub fn new(list: impl IntoIterator<Item = (ProducerId, Offset)>) -> Self {
        let mut ahead: Vec<_> = list.into_iter().map(|(producer, first)| (first, producer)).collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        Self { ahead, open: BTreeSet::new() }
    }

    /// Whether the records of this batch were aborted. To be asked of every batch, in the answer's order.
    pub fn is_aborted(&mut self, batch: &Batch<'_>) -> bool {
        self.reach(batch.last_offset());
        !batch.is_control() && batch.transaction().is_some_and(|producer| self.open.contains(&producer))
    }

    /// A control record that was met: an abort marker ends its producer's transaction; another one for it changes nothing.
    pub fn marker(&mut self, control: &Control) {
        self.reach(control.offset);
        if control.kind == ControlKind::Abort {
            self.open.remove(&control.producer);
        }
    }

    fn reach(&mut self, last: Offset) {
        while let Some((_first, producer)) = self.ahead.pop_if(|(first, _)| *first <= last) {
            self.open.insert(producer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::{BatchWriter, control};
    use super::super::{Batch, Found, Scratch, batches};
    use super::*;
    use crate::model::PartitionId;

    const A: ProducerId = ProducerId(7);
    const B: ProducerId = ProducerId(8);

    fn only(bytes: &[u8]) -> Batch<'_> {
        match batches(PartitionId(0), bytes).next() {
            Some(Found::Batch(batch)) => batch,
            other => panic!("{other:?}"),
        }
    }

    fn data(offset: i64, producer: ProducerId) -> Vec<u8> {
        BatchWriter::new(Offset(offset)).transaction(producer, 0).record(0, None, Some(b"v")).finish().unwrap()
    }

    #[test]
    fn control_records_tell_their_kind_and_unknown_ones_are_no_error() {
        let mut scratch = Scratch::default();
        for (number, kind) in [(0, ControlKind::Abort), (1, ControlKind::Commit), (7, ControlKind::Other(7)), (-3, ControlKind::Other(-3))]
        {
            let bytes = control(Offset(40), A, 0, number, 99);
            let batch = only(&bytes);
            assert!(batch.is_control());
            assert_eq!(batch.control(&mut scratch), Ok(Some(Control { producer: A, offset: Offset(40), kind })));
        }
        let plain = data(1, A);
        assert_eq!(only(&plain).control(&mut scratch), Ok(None));
        let empty = BatchWriter::new(Offset(3)).attributes(0x30).finish().unwrap();
        assert_eq!(only(&empty).control(&mut scratch), Ok(None));
        let short = BatchWriter::new(Offset(3)).attributes(0x30).record(0, Some(&[0, 0, 0]), None).finish().unwrap();
        assert_eq!(only(&short).control(&mut scratch), Err(Fault::Record("a control record without a type")));
    }

    #[test]
    fn aborted_batches_lie_between_the_first_offset_and_the_marker() {
        let mut scratch = Scratch::default();
        let answer = [
            (data(10, A), false), // before the listed transaction: an earlier one, committed
            (control(Offset(11), A, 0, 1, 0), false),
            (data(12, A), true),  // listed
            (data(13, B), false), // another producer
            (control(Offset(14), A, 0, 0, 0), false),
            (control(Offset(15), A, 0, 0, 0), false), // a second marker for the same
            (data(16, A), false),                     // a new transaction of the same producer
            (data(17, B), true),                      // listed, and its marker lies beyond the answer
            (data(18, A), false),
            (BatchWriter::new(Offset(19)).record(0, None, None).finish().unwrap(), false), // not transactional
        ];
        let mut aborted = Aborted::new([(B, Offset(17)), (A, Offset(12))]);
        for (bytes, want) in &answer {
            let batch = only(bytes);
            assert_eq!(aborted.is_aborted(&batch), *want, "offset {:?}", batch.header().base_offset);
            if let Some(control) = batch.control(&mut scratch).unwrap() {
                aborted.marker(&control);
            }
        }
    }

    #[test]
    fn a_transaction_that_begins_within_a_batch_counts_for_the_batch() {
        let bytes = BatchWriter::new(Offset(10)).transaction(A, 0).last_offset_delta(9).finish().unwrap();
        assert!(Aborted::new([(A, Offset(15))]).is_aborted(&only(&bytes)));
        assert!(!Aborted::new([(A, Offset(20))]).is_aborted(&only(&bytes)));
    }
}
