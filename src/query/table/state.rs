//! What is kept of the records of one group.

use super::decimal::Decimal;
use super::distinct::{Distinct, Mark};
use super::quantile::Quantiles;
use super::sum::Sum;

/// What is kept of the values of one operand. Several functions may share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sum,
    Least,
    Most,
    Distinct,
    Quantiles,
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Sum(Sum),
    Least(Option<Decimal>),
    Most(Option<Decimal>),
    Distinct(Distinct),
    Quantiles(Quantiles),
}

/// A value as states take it.
#[derive(Debug)]
pub(super) struct Given<'v> {
    /// When it is a number that can be calculated with.
    pub(super) number: Option<&'v Decimal>,
    /// When different values are counted.
    pub(super) mark: Option<Mark>,
}

impl State {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sum => Self::Sum(Sum::default()),
            Kind::Least => Self::Least(None),
            Kind::Most => Self::Most(None),
            Kind::Distinct => Self::Distinct(Distinct::default()),
            Kind::Quantiles => Self::Quantiles(Quantiles::default()),
        }
    }

    pub(super) fn add(&mut self, given: &Given<'_>, level: usize) {
        match (self, given.number, given.mark) {
            (Self::Distinct(distinct), _, Some(mark)) => distinct.add(mark, level),
            (Self::Sum(sum), Some(number), _) => sum.add(number),
            (Self::Least(least), Some(number), _) if least.as_ref().is_none_or(|least| number.cmp(least).is_lt()) => {
                *least = Some(number.clone());
            }
            (Self::Most(most), Some(number), _) if most.as_ref().is_none_or(|most| number.cmp(most).is_gt()) => {
                *most = Some(number.clone());
            }
            (Self::Quantiles(quantiles), Some(number), _) => quantiles.add(number, level),
            _ => {}
        }
    }

    pub(super) fn merge(&mut self, other: Self, level: usize) {
        match (self, other) {
            (Self::Sum(sum), Self::Sum(other)) => sum.merge(&other),
            (Self::Least(least), Self::Least(Some(other))) if least.as_ref().is_none_or(|least| other.cmp(least).is_lt()) => {
                *least = Some(other);
            }
            (Self::Most(most), Self::Most(Some(other))) if most.as_ref().is_none_or(|most| other.cmp(most).is_gt()) => *most = Some(other),
            (Self::Distinct(distinct), Self::Distinct(other)) => distinct.merge(other, level),
            (Self::Quantiles(quantiles), Self::Quantiles(other)) => quantiles.merge(other, level),
            // Tallies of one query have the same states.
            _ => {}
        }
    }

    /// Takes no more memory than the level allows.
    fn fit(&mut self, level: usize) {
        match self {
            Self::Distinct(distinct) => distinct.fit(level),
            Self::Quantiles(quantiles) => quantiles.fit(level),
            Self::Sum(_) | Self::Least(_) | Self::Most(_) => {}
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Sum(sum) => sum.bytes(),
            Self::Least(number) | Self::Most(number) => number.as_ref().map_or(0, Decimal::heap),
            Self::Distinct(distinct) => distinct.bytes(),
            Self::Quantiles(quantiles) => quantiles.bytes(),
        }
    }
}

/// The records of one row.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) count: u64,
    /// Those that have a time.
    pub(super) timed: u64,
    pub(super) states: Box<[State]>,
}

impl Group {
    pub(super) fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self { count: 0, timed: 0, states: kinds.map(State::new).collect() }
    }

    pub(super) fn merge(&mut self, other: Self, level: usize) {
        self.count = self.count.saturating_add(other.count);
        self.timed = self.timed.saturating_add(other.timed);
        for (ours, theirs) in self.states.iter_mut().zip(other.states) {
            ours.merge(theirs, level);
        }
    }

    pub(super) fn fit(&mut self, level: usize) {
        self.states.iter_mut().for_each(|state| state.fit(level));
    }

    /// Bytes, the states' own included.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.states.iter().map(|state| size_of::<State>() + state.bytes()).sum::<usize>()
    }

    /// What a state takes beside its own size.
    pub(super) fn grown(&self, slot: usize) -> usize {
        self.states.get(slot).map_or(0, State::bytes)
    }
}
