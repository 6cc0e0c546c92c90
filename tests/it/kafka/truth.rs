//! What was written to a cluster, where it is, and how a record of it is recognised in the program's output.

use std::collections::BTreeMap;

/// Everything that a seeded cluster holds, by topic.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) topics: BTreeMap<String, Topic>,
}

/// One topic.
#[derive(Debug, Default)]
pub(crate) struct Topic {
    pub(crate) partitions: i32,
    /// Every record that is in the log, aborted and open ones too, in order of partition and offset.
    pub(crate) records: Vec<Written>,
    /// By partition; only those that hold or held something.
    pub(crate) bounds: BTreeMap<i32, Bounds>,
}

/// Offsets of a partition once seeding is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) start: i64,
    pub(crate) last_stable: i64,
    pub(crate) end: i64,
}

/// One record as it must come out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    /// `create`, `append` or `none`.
    pub(crate) timestamp_type: &'static str,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// `committed`, `aborted`, `open`; `None` for what no transaction wrote.
    pub(crate) txn: Option<&'static str>,
}

impl Truth {
    /// A seeded topic. Panics when there is none: the test asks for what the release cannot have.
    #[track_caller]
    pub(crate) fn topic(&self, name: &str) -> &Topic {
        self.topics.get(name).unwrap_or_else(|| panic!("{name} was not seeded"))
    }
}

impl Topic {
    /// The records of one partition in order of offset.
    pub(crate) fn of(&self, partition: i32) -> impl Iterator<Item = &Written> {
        self.records.iter().filter(move |r| r.partition == partition)
    }
}
