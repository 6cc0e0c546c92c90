//! Which transaction a record belongs to, and how that ended. Badges are looked up here when a record is drawn or
//! printed, so a record that was open when it came in turns committed or aborted once its marker is seen.

use std::collections::BTreeMap;

use super::{Offset, PartitionId, ProducerId};

/// How a transaction ended, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Committed,
    Aborted,
    /// No marker seen yet.
    Open,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Aborted => "aborted",
            Self::Open => "open",
        }
    }
}

/// What is known of transactions, per partition and producer. Offsets below `stable` of a partition (its last stable
/// offset when it was read with the list of aborted transactions) are decided: aborted when a listed range covers them,
/// else committed. Above it, a marker decides all that its producer wrote since the marker before.
#[derive(Debug, Clone, Default)]
pub struct TxnTable {
    partitions: BTreeMap<PartitionId, PartitionTxns>,
}

#[derive(Debug, Clone, Default)]
struct PartitionTxns {
    stable: Option<Offset>,
    producers: BTreeMap<ProducerId, Vec<Ended>>,
    /// What another reader knows of offsets before this one.
    older: Option<Box<(Offset, Self)>>,
}

/// Records of one producer in `from..=marker` ended so. Ranges of one producer do not overlap.
#[derive(Debug, Clone, Copy)]
struct Ended {
    from: Offset,
    marker: Offset,
    outcome: Outcome,
}

impl TxnTable {
    /// A transaction from the list that a read_committed fetch carries: its first offset, and aborted up to its marker,
    /// whose offset the list does not tell. It is narrowed when the marker is read.
    pub fn aborted(&mut self, partition: PartitionId, producer: ProducerId, first: Offset) {
        let ranges = self.partitions.entry(partition).or_default().producers.entry(producer).or_default();
        // A range without an end does not hold a later transaction of the same producer.
        let known = |r: &Ended| r.from == first || (r.marker < Offset(i64::MAX) && r.from <= first && first <= r.marker);
        if ranges.iter().any(|r| r.outcome == Outcome::Aborted && known(r)) {
            return;
        }
        ranges.push(Ended { from: first, marker: Offset(i64::MAX), outcome: Outcome::Aborted });
    }

    /// A commit or abort marker that was read: it ends what the producer wrote before it.
    pub fn marker(&mut self, partition: PartitionId, producer: ProducerId, at: Offset, outcome: Outcome) {
        let known = self.partitions.entry(partition).or_default();
        // What was decided before is listed, or committed and forgotten.
        let decided = known.stable.filter(|&stable| stable <= at).unwrap_or(Offset(0));
        let ranges = known.producers.entry(producer).or_default();
        if ranges.iter().any(|r| r.marker == at) {
            return;
        }
        if outcome == Outcome::Aborted
            && let Some(open) = ranges.iter_mut().filter(|r| r.marker == Offset(i64::MAX) && r.from <= at).max_by_key(|r| r.from)
        {
            open.marker = at;
            return;
        }
        let from = ranges.iter().filter(|r| r.marker < at).map(|r| r.marker.plus(1)).max().unwrap_or(decided).max(decided);
        ranges.push(Ended { from, marker: at, outcome });
    }

    /// Everything below `to` was read together with its list of aborted transactions, or with all its markers. What is
    /// committed there needs no range any more, so that a reader of many transactions does not grow.
    pub fn stable(&mut self, partition: PartitionId, to: Offset) {
        let known = self.partitions.entry(partition).or_default();
        if known.stable.is_some_and(|old| old >= to) {
            return;
        }
        known.stable = Some(to);
        known.producers.retain(|_, ranges| {
            ranges.retain(|range| range.outcome != Outcome::Committed || range.marker >= to);
            !ranges.is_empty()
        });
    }

    /// The log was truncated to `to`: markers from there on are gone, and what they ended is open again until it is read
    /// how it ends now.
    pub fn truncated(&mut self, partition: PartitionId, to: Offset) {
        let Some(known) = self.partitions.get_mut(&partition) else { return };
        let mut decided = to;
        known.producers.retain(|_, ranges| {
            ranges.retain(|range| {
                if range.marker >= to {
                    decided = decided.min(range.from);
                }
                range.marker < to
            });
            !ranges.is_empty()
        });
        known.stable = known.stable.map(|stable| stable.min(decided));
    }

    /// How the transaction of a record ended, as far as is known now.
    pub fn outcome(&self, partition: PartitionId, producer: ProducerId, offset: Offset) -> Outcome {
        self.partitions.get(&partition).map_or(Outcome::Open, |known| known.outcome(producer, offset))
    }

    /// This table, with what a reader of older records knows of offsets before `from` of each partition. The two are not mixed:
    /// an aborted transaction whose marker lies behind what was read has no end in the older table.
    #[must_use]
    pub fn with_older(mut self, older: &Self, from: impl Fn(PartitionId) -> Option<Offset>) -> Self {
        for (&partition, txns) in &older.partitions {
            if let Some(from) = from(partition) {
                self.partitions.entry(partition).or_default().older = Some(Box::new((from, txns.clone())));
            }
        }
        self
    }

    /// Takes over what another table knows: how news from a reader reaches the screen's own table.
    pub fn merge(&mut self, news: &Self) {
        for (&partition, txns) in &news.partitions {
            if let Some(to) = txns.stable {
                self.stable(partition, to);
            }
            for (&producer, ranges) in &txns.producers {
                let mine = self.partitions.entry(partition).or_default().producers.entry(producer).or_default();
                for range in ranges {
                    match mine.iter_mut().find(|r| r.from == range.from && r.outcome == range.outcome) {
                        Some(same) => same.marker = same.marker.min(range.marker),
                        None => mine.push(*range),
                    }
                }
            }
        }
    }

    /// The same under other numbers; what has none is left out.
    #[must_use]
    pub fn renumbered(&self, number: impl Fn(PartitionId) -> Option<PartitionId>) -> Self {
        Self { partitions: self.partitions.iter().filter_map(|(id, txns)| Some((number(*id)?, txns.clone()))).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }
}

impl PartitionTxns {
    fn outcome(&self, producer: ProducerId, offset: Offset) -> Outcome {
        // What was still open for the reader of older records may have ended since.
        if let Some((_, older)) = self.older.as_deref().filter(|(from, _)| offset < *from) {
            let outcome = older.outcome(producer, offset);
            if outcome != Outcome::Open {
                return outcome;
            }
        }
        let ranges = self.producers.get(&producer).map(Vec::as_slice).unwrap_or_default();
        // Of ranges without an end yet, the last one that has begun.
        if let Some(range) = ranges.iter().filter(|r| r.from <= offset && offset <= r.marker).max_by_key(|r| r.from) {
            return range.outcome;
        }
        if self.stable.is_some_and(|stable| offset < stable) { Outcome::Committed } else { Outcome::Open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: PartitionId = PartitionId(0);
    const A: ProducerId = ProducerId(7);

    #[test]
    fn below_the_stable_offset_only_listed_ranges_are_aborted() {
        let mut t = TxnTable::default();
        t.aborted(P, A, Offset(10));
        t.stable(P, Offset(100));
        assert_eq!(t.outcome(P, A, Offset(9)), Outcome::Committed);
        assert_eq!(t.outcome(P, A, Offset(10)), Outcome::Aborted);
        t.marker(P, A, Offset(15), Outcome::Aborted);
        assert_eq!(t.outcome(P, A, Offset(14)), Outcome::Aborted);
        assert_eq!(t.outcome(P, A, Offset(16)), Outcome::Committed);
    }

    #[test]
    fn above_it_a_record_is_open_until_its_marker() {
        let mut t = TxnTable::default();
        t.stable(P, Offset(100));
        assert_eq!(t.outcome(P, A, Offset(101)), Outcome::Open);
        t.marker(P, A, Offset(105), Outcome::Committed);
        assert_eq!(t.outcome(P, A, Offset(101)), Outcome::Committed);
        assert_eq!(t.outcome(P, A, Offset(106)), Outcome::Open);
        assert_eq!(t.outcome(P, ProducerId(8), Offset(101)), Outcome::Open);
    }

    #[test]
    fn what_is_committed_between_two_aborted_transactions_of_a_producer_is_committed() {
        let mut t = TxnTable::default();
        t.aborted(P, A, Offset(6));
        t.aborted(P, A, Offset(18));
        t.stable(P, Offset(24));
        t.marker(P, A, Offset(11), Outcome::Aborted);
        t.marker(P, A, Offset(23), Outcome::Aborted);
        let outcomes = [0, 6, 10, 12, 16, 18, 22].map(|at| t.outcome(P, A, Offset(at)));
        let (yes, no) = (Outcome::Committed, Outcome::Aborted);
        assert_eq!(outcomes, [yes, no, no, yes, yes, no, no]);
    }

    #[test]
    fn what_is_committed_is_forgotten_once_it_is_stable_and_stays_committed() {
        let mut t = TxnTable::default();
        for n in 0..10 {
            t.marker(P, A, Offset(n * 10 + 9), Outcome::Committed);
        }
        t.stable(P, Offset(100));
        assert!(t.partitions[&P].producers.is_empty());
        t.marker(P, A, Offset(109), Outcome::Aborted);
        assert_eq!((t.outcome(P, A, Offset(95)), t.outcome(P, A, Offset(101))), (Outcome::Committed, Outcome::Aborted));
    }

    #[test]
    fn what_a_truncation_took_is_forgotten() {
        let mut t = TxnTable::default();
        t.aborted(P, A, Offset(80));
        t.stable(P, Offset(100));
        t.marker(P, A, Offset(99), Outcome::Aborted);
        t.marker(P, ProducerId(8), Offset(110), Outcome::Committed);
        t.truncated(P, Offset(90));
        assert_eq!([79, 80, 90].map(|at| t.outcome(P, A, Offset(at))), [Outcome::Committed, Outcome::Open, Outcome::Open]);
        assert_eq!(t.outcome(P, ProducerId(8), Offset(95)), Outcome::Open);
        t.aborted(P, A, Offset(80));
        t.stable(P, Offset(95));
        assert_eq!([85, 92].map(|at| t.outcome(P, A, Offset(at))), [Outcome::Aborted; 2], "as the list of what is there now says");
        assert_eq!(t.outcome(P, ProducerId(8), Offset(92)), Outcome::Committed);
    }

    #[test]
    fn a_range_listed_again_stays_narrow() {
        let mut t = TxnTable::default();
        t.aborted(P, A, Offset(10));
        t.marker(P, A, Offset(15), Outcome::Aborted);
        t.aborted(P, A, Offset(10));
        t.stable(P, Offset(100));
        assert_eq!(t.outcome(P, A, Offset(20)), Outcome::Committed);
    }
}
