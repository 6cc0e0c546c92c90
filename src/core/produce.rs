//! Sending records, as values: where they go, what they are, and what became of them.
//!
//! [`Target`] is a topic as it was looked at before anything is sent ([`super::ask::Ask::Target`]); [`Sending`] is what is to be
//! sent there ([`super::ask::Ask::Produce`]); [`Progress`] comes while it is sent, [`Report`] at the end. Every record that was
//! handed over has one [`Fate`], and a fate is what is known, never what is hoped: a record whose answer was lost is looked for in
//! the log before anything is said of it.
//!
//! Pure. To add a place where records come from: a variant of [`Records`], an arm in `io::produce::feed`.

pub mod opening;
pub mod partitioner;
mod report;
pub mod template;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::guard::{About, Intent, Level, Rules};
use crate::model::{Chunk, ClusterId, Codec, Foreign, Offset, PartitionId, RecordRef, Setting, Topic, TopicName, Why};
use crate::text::units::wide;
pub use opening::{From, Opening};
pub use partitioner::Partitioner;
pub use report::{Fate, Progress, Report, Safety, Sent};
pub use template::Template;

/// The topic that is written to, as it was looked at.
#[derive(Debug, Clone)]
pub struct Target {
    pub topic: Arc<Topic>,
    /// The cluster that it was looked at on.
    pub cluster: Option<ClusterId>,
    pub settings: Result<Settings, Why>,
    /// Where each partition's log ended then: what is sent lies there or behind, which is where it is looked for.
    pub ends: Vec<(PartitionId, Result<Offset, Why>)>,
}

/// What of a topic's settings matters to who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The largest batch in bytes (`max.message.bytes`).
    pub largest: Option<u64>,
    /// Older records of a key are deleted (`cleanup.policy`): a null value deletes the key, and a null key is refused.
    pub compacted: Option<bool>,
    /// The broker's clock counts (`message.timestamp.type`).
    pub append_time: Option<bool>,
}

impl Settings {
    /// The settings that it is made of.
    pub const NAMES: [&'static str; 3] = ["max.message.bytes", "cleanup.policy", "message.timestamp.type"];

    pub fn of(settings: &[Setting]) -> Self {
        let text = |name: &str| settings.iter().find(|s| s.name.raw() == name)?.value.as_ref().map(Foreign::raw);
        Self {
            largest: text("max.message.bytes").and_then(|text| text.parse().ok()),
            compacted: text("cleanup.policy").map(|text| text.split(',').any(|word| word.trim() == "compact")),
            append_time: text("message.timestamp.type").map(|text| text == "LogAppendTime"),
        }
    }
}

/// What one should know before a record is sent, though nothing stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// A null value on a compacted topic.
    Deletes,
    /// A null value elsewhere.
    Tombstone,
    /// A null key on a compacted topic: the broker refuses it (INVALID_RECORD).
    KeyNeeded,
    /// The broker's clock counts, and a time was given.
    TimeIgnored,
}

impl Caution {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Deletes => "a null value on a compacted topic: it deletes this key for all future readers",
            Self::Tombstone => "the value is null, which is not an empty text",
            Self::KeyNeeded => "the topic is compacted: the broker refuses records without a key",
            Self::TimeIgnored => "the topic takes the broker's time: the time that was given is not kept",
        }
    }
}

impl Target {
    pub fn name(&self) -> &TopicName {
        &self.topic.name
    }

    /// What is known of the settings; nothing where they could not be read.
    pub fn known(&self) -> Settings {
        self.settings.as_ref().copied().unwrap_or_default()
    }

    /// What one should know of a record.
    pub fn cautions(&self, record: &NewRecord) -> Vec<Caution> {
        let known = self.known();
        let mut all = Vec::new();
        if record.value.is_none() {
            all.push(if known.compacted == Some(true) { Caution::Deletes } else { Caution::Tombstone });
        }
        if record.key.is_none() && known.compacted == Some(true) {
            all.push(Caution::KeyNeeded);
        }
        if record.timestamp_ms.is_some() && known.append_time == Some(true) {
            all.push(Caution::TimeIgnored);
        }
        all
    }

    /// The partition that a record goes to; `None`: any will do, which is settled when it is sent.
    pub fn place(&self, record: &NewRecord, partitioner: Partitioner) -> Option<PartitionId> {
        record.partition.or_else(|| partitioner.place(record.key.as_deref(), self.topic.partitions.len()))
    }
}

/// A record to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewRecord {
    /// `None` is null, which is not empty.
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    /// In their order; names may come twice, values may be null.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// Milliseconds since the epoch, −1 for none; `None`: when it is sent.
    pub timestamp_ms: Option<i64>,
    /// `None`: by the partitioner.
    pub partition: Option<PartitionId>,
}

impl NewRecord {
    /// The same record again: key, value, headers and time.
    pub fn like(record: &RecordRef<'_>) -> Self {
        let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
        Self {
            key: record.key.map(copy),
            value: record.value.map(copy),
            headers: record.headers.iter().map(|header| (copy(header.key), header.value.map(copy))).collect(),
            timestamp_ms: Some(record.timestamp_ms),
            partition: None,
        }
    }

    /// Bytes of key, value and headers.
    pub fn size(&self) -> usize {
        let part = |part: &Option<Bytes>| part.as_ref().map_or(0, Bytes::len);
        let headers = self.headers.iter().map(|(key, value)| key.len().saturating_add(part(value)));
        headers.fold(part(&self.key).saturating_add(part(&self.value)), usize::saturating_add)
    }
}

/// Where the records come from.
#[derive(Debug, Clone)]
pub enum Records {
    Given(Vec<NewRecord>),
    /// So many records made from a template.
    Template(Box<Template>, u64),
    /// Records that were read: marked ones, or what a query found.
    Read(Box<Redrive>),
    /// A file of NDJSON, as `kscope tail -o ndjson` and exports write it.
    File {
        path: PathBuf,
        lines: Lines,
    },
}

/// Records that were read, to be sent again.
#[derive(Debug, Clone)]
pub struct Redrive {
    /// Where they were read.
    pub from: TopicName,
    /// In the order in which they are to be sent.
    pub rows: Vec<(Arc<Chunk>, usize)>,
    /// To the partition of the same number.
    pub keep_partition: bool,
    /// With their time; else they get the time of sending.
    pub keep_time: bool,
    /// Headers are added that say where they came from: [`ORIGIN`].
    pub origin: bool,
}

/// The headers that say where a record was read: topic, partition, offset, and its time in milliseconds.
pub const ORIGIN: [&str; 4] = ["kscope.origin.topic", "kscope.origin.partition", "kscope.origin.offset", "kscope.origin.timestamp"];

/// How lines of NDJSON are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lines {
    /// Records of transactions that were aborted or are open are taken too; else such a line ends it.
    pub include_aborted: bool,
    /// To the partition of the same number.
    pub keep_partition: bool,
}

/// Who has to have a record before the broker says that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acks {
    /// All replicas that are in sync.
    #[default]
    All,
    /// The leader alone: a record is lost when it fails before the others have it.
    Leader,
    /// Nobody: the broker answers nothing.
    None,
}

impl Acks {
    /// As it is configured everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Leader => "1",
            Self::None => "0",
        }
    }
}

/// How records are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    pub acks: Acks,
    pub codec: Codec,
    pub partitioner: Partitioner,
    /// Records a second, at most.
    pub rate: Option<u32>,
}

impl Default for Manner {
    fn default() -> Self {
        Self { acks: Acks::All, codec: Codec::None, partitioner: Partitioner::Murmur2, rate: None }
    }
}

/// Records to be sent to a topic.
#[derive(Debug, Clone)]
pub struct Sending {
    pub target: Target,
    pub manner: Manner,
    pub records: Records,
}

impl Records {
    /// How many there are; `None`: as many as a file has.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Given(records) => Some(wide(records.len())),
            Self::Template(_, count) => Some(*count),
            Self::Read(redrive) => Some(wide(redrive.rows.len())),
            Self::File { .. } => None,
        }
    }
}

impl Sending {
    /// How many records; `None`: as many as the file has.
    pub fn count(&self) -> Option<u64> {
        self.records.count()
    }

    /// What it takes to confirm it here: more than one record is one level more.
    pub fn level(&self, rules: &Rules) -> Level {
        level(self.count(), rules)
    }

    /// What the audit log says before it; the gate adds the context.
    pub fn intent(&self) -> Intent {
        intent(&self.target, self.manner, self.count())
    }
}

/// What it takes to confirm so many records; `None` is an unknown number.
pub fn level(count: Option<u64>, rules: &Rules) -> Level {
    rules.level(if count.is_some_and(|count| count <= 1) { Level::Form } else { Level::Preview })
}

/// What the audit log says before records are sent.
pub fn intent(target: &Target, manner: Manner, records: Option<u64>) -> Intent {
    let about = About::Topic { topic: target.name().clone(), id: target.topic.id, records, acks: manner.acks.word() };
    Intent { deed: "produce", about, cluster: target.cluster.clone(), context: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::context::Guard;
    use crate::model::{Cause, Failure, TopicId};

    fn target(settings: Settings) -> Target {
        let topic = Topic { name: TopicName::new("t"), id: TopicId::default(), internal: false, partitions: Vec::new(), error: None };
        Target { topic: Arc::new(topic), cluster: None, settings: Ok(settings), ends: Vec::new() }
    }

    #[test]
    fn a_tombstone_is_said_in_words_and_a_missing_key_where_it_matters() {
        let compacted = target(Settings { compacted: Some(true), ..Settings::default() });
        let nothing = NewRecord::default();
        assert_eq!(compacted.cautions(&nothing), [Caution::Deletes, Caution::KeyNeeded]);
        assert_eq!(target(Settings::default()).cautions(&nothing), [Caution::Tombstone]);
        let whole = NewRecord { key: Some(Bytes::from_static(b"k")), value: Some(Bytes::new()), ..NewRecord::default() };
        assert!(compacted.cautions(&whole).is_empty(), "empty is not null");
    }

    #[test]
    fn more_than_one_record_and_a_guard_each_ask_for_more() {
        let rules = |guard| Rules { guard, refused: None };
        let levels = |guard| [Some(1), Some(2), None].map(|count| level(count, &rules(guard)));
        assert_eq!(levels(Guard::None), [Level::Form, Level::Preview, Level::Preview]);
        assert_eq!(levels(Guard::Ask), [Level::Preview; 3]);
        assert_eq!(levels(Guard::Typed), [Level::Preview, Level::Name, Level::Name]);
    }

    #[test]
    fn a_part_is_neither_done_nor_failed() {
        let failure = || Some(Failure::new("send", Cause::Usage(Foreign::new("line 3"))));
        let report = |appended, failed, failure| Report {
            progress: Progress { appended, failed, ..Progress::default() },
            safety: Safety::Idempotent,
            failure,
            stopped: false,
            first: Vec::new(),
            missing: Vec::new(),
            read_back: 0,
            unlogged: None,
            journal: None,
        };
        let codes = [report(3, 0, None), report(3, 1, None), report(0, 1, None), report(0, 0, failure()), report(2, 0, failure())];
        assert_eq!(codes.map(|report| report.exit_code()), [0, 7, 1, 2, 7]);
    }
}
