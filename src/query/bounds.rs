//! Where matches of a query can lie: what the planner may turn into offsets and partitions before anything is read.
//!
//! Bounds only leave out what cannot match; records within them must still be tested. They hold for records, not for
//! positions: with timestamps of producers, records before a time may lie behind one at that time.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::model::{Offset, PartitionId};

use super::ast::{Bound, Expr, Op, Operand, Right, Test};
use super::compile::number;
use super::when::Context;

/// A range of partitions wider than this is not written out as a set.
const MAX_PARTITIONS: i64 = 10_000;

/// What every match fulfils. `None` is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    pub partitions: Option<BTreeSet<PartitionId>>,
    /// The partitions are named one by one, so that all of them are meant to be there, and are no range of numbers.
    pub named: bool,
    /// The smallest offset.
    pub from: Option<Offset>,
    /// The offset behind the largest.
    pub to: Option<Offset>,
    /// The earliest time, in milliseconds since the epoch.
    pub since_ms: Option<i64>,
    /// The time that all are before, in milliseconds since the epoch.
    pub until_ms: Option<i64>,
    /// The bytes of the key that all have.
    pub key: Option<Vec<u8>>,
    /// Read only so many offsets before the end of each partition.
    pub last: Option<u64>,
}

impl Bounds {
    pub(super) fn of(expr: &Expr, cx: &Context) -> Self {
        let (mut bounds, mut range) = (Self::default(), 0..=i64::from(i32::MAX));
        for part in expr.conjuncts() {
            if let Expr::Test(test) = part {
                bounds.narrow(test, &mut range, cx);
            }
        }
        bounds.named = bounds.partitions.is_some() || range.start() == range.end();
        if let Some(all) = &mut bounds.partitions {
            all.retain(|partition| range.contains(&i64::from(partition.0)));
        } else if range.end().saturating_sub(*range.start()) < MAX_PARTITIONS {
            bounds.partitions(range);
        }
        bounds
    }

    /// Takes in one part of a conjunction; `range` is that of partitions.
    fn narrow(&mut self, test: &Test, range: &mut RangeInclusive<i64>, cx: &Context) {
        match test {
            Test::Bound(Bound::Since(when)) => self.time(Some(when.resolve(cx)), None),
            Test::Bound(Bound::Until(when)) => self.time(None, Some(when.resolve(cx))),
            Test::Bound(Bound::Partitions(all)) => self.partitions(all.iter().copied().map(i64::from)),
            Test::Bound(Bound::Last(n)) => self.last = Some(self.last.map_or(*n, |last| last.min(*n))),
            Test::Compare { left: Operand::Key, op: Op::Eq, right } => {
                self.key = match right {
                    Right::Text(text) => Some(text.text.as_bytes().to_vec()),
                    Right::Number(number) => Some(number.as_bytes().to_vec()),
                    _ => self.key.take(),
                };
            }
            Test::Compare { left, op, right } => {
                let Some(n) = number(right, cx) else { return };
                match op {
                    Op::Eq => self.range(left, n..=n, range, cx),
                    Op::Ge => self.range(left, n..=i64::MAX, range, cx),
                    Op::Gt => self.range(left, n.saturating_add(1)..=i64::MAX, range, cx),
                    Op::Le => self.range(left, i64::MIN..=n, range, cx),
                    Op::Lt => self.range(left, i64::MIN..=n.saturating_sub(1), range, cx),
                    _ => {}
                }
            }
            Test::In { left, list } => {
                let Some(all) = list.iter().map(|right| number(right, cx)).collect::<Option<Vec<_>>>() else { return };
                if *left == Operand::Partition {
                    self.partitions(all.into_iter());
                } else if let (Some(low), Some(high)) = (all.iter().min(), all.iter().max()) {
                    self.range(left, *low..=*high, range, cx);
                }
            }
            Test::Between { left, low, high, open } => {
                if let (Some(low), Some(high)) = (number_of(left, low, cx), number_of(left, high, cx)) {
                    self.range(left, low..=high.saturating_sub(i64::from(*open)), range, cx);
                }
            }
            _ => {}
        }
    }

    /// The operand lies in `within`.
    fn range(&mut self, operand: &Operand, within: RangeInclusive<i64>, partitions: &mut RangeInclusive<i64>, cx: &Context) {
        let (low, high) = within.into_inner();
        let behind = |n: i64| (n < i64::MAX).then(|| n + 1);
        let least = |n: i64| (n > i64::MIN).then_some(n);
        match operand {
            Operand::Offset => {
                self.from = self.from.max(least(low).map(Offset));
                self.to = sooner(self.to, behind(high).map(Offset));
            }
            Operand::Time => self.time(least(low), behind(high)),
            // Old is long ago: the bounds change places.
            Operand::Age => {
                let now = cx.now.millis();
                self.time(behind(high).map(|_| now.saturating_sub(high)), least(low).map(|low| now.saturating_sub(low).saturating_add(1)));
            }
            Operand::Partition => *partitions = low.max(*partitions.start())..=high.min(*partitions.end()),
            _ => {}
        }
    }

    fn time(&mut self, since: Option<i64>, until: Option<i64>) {
        self.since_ms = self.since_ms.max(since);
        self.until_ms = sooner(self.until_ms, until);
    }

    fn partitions(&mut self, all: impl Iterator<Item = i64>) {
        let all: BTreeSet<_> = all.filter_map(|n| i32::try_from(n).ok().map(PartitionId)).collect();
        self.partitions = Some(match self.partitions.take() {
            Some(before) => before.intersection(&all).copied().collect(),
            None => all,
        });
    }
}

/// The number an operand that is a measure is compared with.
fn number_of(left: &Operand, right: &Right, cx: &Context) -> Option<i64> {
    super::compile::measure(left)?;
    number(right, cx)
}

fn sooner<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
