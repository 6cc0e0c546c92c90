//! Where a query turns true: halving what lies between a record that does not match and one that does.

use std::ops::Range;
use std::sync::Arc;

use super::{Place, Spot};
use crate::model::{Offset, PartitionId, Topic};
use crate::query::Filter;

/// Which turn is looked for.
#[derive(Debug, Clone)]
pub struct BisectAsk {
    pub topic: Arc<Topic>,
    /// False for the records before the turn and true from there on: that is assumed, and checked at some places.
    pub filter: Arc<Filter>,
}

/// A record that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub place: Place,
    pub matched: bool,
}

/// How a partition ended.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Not known yet.
    Searching,
    /// The first record that matches; those before it, as far as they were looked at, do not.
    At(Spot),
    /// The first record that there is matches already.
    Always(Spot),
    /// The last record does not match.
    Never,
    /// There is no record.
    Empty,
    /// It cannot be read; the words are foreign in part.
    Failed(String),
}

impl Turn {
    /// The first record that matches.
    pub fn spot(&self) -> Option<&Spot> {
        if let Self::At(spot) | Self::Always(spot) = self { Some(spot) } else { None }
    }

    /// The stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Searching => "searching",
            Self::At(_) => "turns",
            Self::Always(_) => "always",
            Self::Never => "never",
            Self::Empty => "empty",
            Self::Failed(_) => "failed",
        }
    }
}

/// One partition.
#[derive(Debug, Clone)]
pub struct Halved {
    pub partition: PartitionId,
    /// Where the search began and ended.
    pub span: Range<Offset>,
    /// Where the turn must lie, as far as one has got.
    pub open: Range<Offset>,
    /// In the order in which they were looked at.
    pub looked: Vec<Looked>,
    pub turn: Turn,
    /// The nearest two records that contradict the assumption: one that matches before one that does not.
    pub contradicted: Option<(Looked, Looked)>,
}

/// How far all of it has got.
#[derive(Debug, Clone, Default)]
pub struct Bisected {
    /// In order of partition.
    pub parts: Vec<Halved>,
    /// Records that were decompressed, bytes of answers, and fetches.
    pub records: u64,
    pub bytes: u64,
    pub fetches: u64,
    pub done: bool,
}

impl Bisected {
    /// The first of all turns in time.
    pub fn first(&self) -> Option<&Spot> {
        let spots = self.parts.iter().filter_map(|part| if let Turn::At(spot) = &part.turn { Some(spot) } else { None });
        spots.min_by_key(|spot| spot.record().map(|record| (record.timestamp_ms, record.partition)))
    }
}

impl Halved {
    pub fn new(partition: PartitionId, span: Range<Offset>) -> Self {
        let open = span.clone();
        Self { partition, span, open, looked: Vec::new(), turn: Turn::Searching, contradicted: None }
    }

    /// Notes a record, and whether it contradicts another.
    pub fn look(&mut self, looked: Looked) {
        let at = |looked: &Looked| looked.place.offset;
        if self.looked.iter().any(|other| at(other) == at(&looked)) {
            return;
        }
        self.looked.push(looked);
        let mut sorted = self.looked.clone();
        sorted.sort_by_key(at);
        let pairs = sorted.iter().zip(sorted.iter().skip(1));
        self.contradicted = pairs.map(|(a, b)| (*a, *b)).find(|(a, b)| a.matched && !b.matched);
    }
}
