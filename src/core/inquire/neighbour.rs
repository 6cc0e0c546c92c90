//! The record of the same key before or after one.

use std::sync::Arc;

use super::Spot;
use crate::core::produce::Partitioner;
use crate::model::{Offset, PartitionId, Topic};

/// Which record is looked for.
#[derive(Debug, Clone)]
pub struct Neighbour {
    pub topic: Arc<Topic>,
    /// The record whose key is meant.
    pub from: Spot,
    /// The one before; else the one after.
    pub back: bool,
    /// The nearest one that is held already: only what lies between the two is read.
    pub held: Option<Spot>,
    /// Nothing can lie between the two: the log was seen without a gap.
    pub sure: bool,
}

impl Neighbour {
    /// A usual partitioner that puts the key where the record lies. One key alone proves nothing: with few partitions it may be chance.
    pub fn placed(&self) -> Option<Partitioner> {
        let record = self.from.record()?;
        let here = |way: &Partitioner| way.place(record.key, self.topic.partitions.len()) == Some(record.partition);
        Partitioner::ALL.into_iter().find(here)
    }
}

/// Where reading has got to in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    pub partition: PartitionId,
    pub offset: Offset,
    /// Of the record there, in milliseconds; `None` while that is not known.
    pub time_ms: Option<i64>,
}

/// How far looking has got; with the reply, how it ended.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Offsets that were gone over: gaps are among them.
    pub offsets: u64,
    /// Bytes of answers.
    pub bytes: u64,
    pub reach: Option<Reach>,
    /// So many other partitions are looked at as well: nothing was found in the record's own.
    pub others: usize,
    /// What a sample of the topic says of how keys are placed, once that was asked.
    pub placing: Option<String>,
    /// It was among what was held already.
    pub held: bool,
    pub found: Option<Spot>,
}
