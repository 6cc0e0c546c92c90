//! Fills a cluster with ordinary and with odd but legal records and keeps the truth about them. What the topics hold is in
//! `topics.rs`; here is how it gets there.

use std::sync::OnceLock;

use super::batch::{Codec, Record};
use super::cluster::{Cluster, Plan, Release};
use super::topics;
use super::truth::{Bounds, Truth, Written};
use super::writer::{Appended, Point, Transaction, Writer};
use crate::eventually;

/// A shared cluster of one broker and what it holds. Tests only read it.
#[derive(Debug)]
pub(crate) struct Seeded {
    pub(crate) cluster: Cluster,
    pub(crate) truth: Truth,
}

/// The seeded cluster of a release, started by the first test that asks; `None` when tests on a real Kafka are skipped.
pub(crate) fn seeded(release: Release) -> Option<&'static Seeded> {
    static SHARED: [OnceLock<Option<Seeded>>; 3] = [const { OnceLock::new() }; 3];
    let slot = match release {
        Release::V2_8 => &SHARED[0],
        Release::V3_9 => &SHARED[1],
        Release::V4_2 => &SHARED[2],
    };
    slot.get_or_init(|| {
        let cluster = Cluster::start(Plan::one(release))?;
        let mut seeder = Seeder::new(&cluster);
        topics::write_all(&mut seeder);
        let truth = seeder.finish();
        Some(Seeded { cluster, truth })
    })
    .as_ref()
}

/// Writes and takes notes.
#[derive(Debug)]
pub(crate) struct Seeder {
    pub(crate) release: Release,
    writer: Writer,
    truth: Truth,
}

/// How the log keeps the times of a topic's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Create,
    Append,
    /// Message format 0 has none.
    Lost,
}

impl Seeder {
    pub(crate) fn new(cluster: &Cluster) -> Self {
        Self { release: cluster.release, writer: Writer::connect(&cluster.internal), truth: Truth::default() }
    }

    /// Creates a topic with one replica.
    pub(crate) fn topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        self.writer.create(name, partitions, 1, configs);
        self.truth.topics.entry(name.to_owned()).or_default().partitions = partitions;
    }

    /// Appends one batch and notes its records.
    pub(crate) fn batch(&mut self, topic: &str, partition: i32, codec: Codec, records: Vec<Record>) {
        self.batch_with(Times::Create, topic, partition, codec, records);
    }

    /// As [`Self::batch`], for topics that keep times in another way.
    pub(crate) fn batch_with(&mut self, times: Times, topic: &str, partition: i32, codec: Codec, records: Vec<Record>) {
        let appended = self.writer.append(topic, partition, codec, &records);
        self.note((topic, partition), appended, times, None, records);
    }

    /// Appends every record as a batch of its own, uncompressed, to partition 0.
    pub(crate) fn each(&mut self, topic: &str, records: Vec<Record>) {
        for record in records {
            self.batch(topic, 0, Codec::None, vec![record]);
        }
    }

    /// Appends one batch of a transaction that will end as `outcome` says.
    pub(crate) fn batch_in(&mut self, tx: &mut Transaction, (topic, partition): (&str, i32), outcome: &'static str, records: Vec<Record>) {
        let appended = self.writer.append_in(tx, topic, partition, &records);
        self.note((topic, partition), appended, Times::Create, Some(outcome), records);
    }

    pub(crate) fn transactional(&mut self, id: &str) -> Transaction {
        self.writer.transactional(id)
    }

    /// Ends a transaction and waits for its marker in the partition: the log then ends behind its last stable offset, unless
    /// another one is open there.
    pub(crate) fn end(&mut self, tx: &Transaction, commit: bool, (topic, partition): (&str, i32)) {
        let before = self.writer.offset(topic, partition, Point::End);
        self.writer.end(tx, commit);
        eventually("the marker is written", || (self.writer.offset(topic, partition, Point::End) > before).then_some(()));
    }

    /// Deletes the records below an offset, in the log and in the notes.
    pub(crate) fn delete_before(&mut self, topic: &str, partition: i32, offset: i64) {
        self.writer.delete_before(topic, partition, offset);
        self.forget(topic, |r| r.partition == partition && r.offset < offset);
    }

    /// Waits until compaction has removed what lies before `first` in partition 0: then the first record at or after the
    /// time of the oldest one is that one. `gone` says which records the log has lost.
    pub(crate) fn compacted(&mut self, topic: &str, oldest_ms: i64, first: i64, gone: impl Fn(&Written) -> bool) {
        eventually("the log is compacted", || (self.writer.offset(topic, 0, Point::Time(oldest_ms)) >= first).then_some(()));
        self.forget(topic, gone);
    }

    fn forget(&mut self, topic: &str, gone: impl Fn(&Written) -> bool) {
        self.truth.topics.entry(topic.to_owned()).or_default().records.retain(|r| !gone(r));
    }

    fn note(&mut self, (topic, partition): (&str, i32), appended: Appended, times: Times, txn: Option<&'static str>, records: Vec<Record>) {
        let notes = self.truth.topics.entry(topic.to_owned()).or_default();
        for (offset, record) in (appended.base_offset..).zip(records) {
            let (timestamp_ms, timestamp_type) = match times {
                Times::Create => (record.timestamp_ms, "create"),
                Times::Append => (appended.log_append_time_ms, "append"),
                Times::Lost => (-1, "none"),
            };
            let Record { key, value, headers, .. } = record;
            notes.records.push(Written { partition, offset, timestamp_ms, timestamp_type, key, value, headers, txn });
        }
    }

    /// Measures the bounds of every partition and hands over the truth.
    fn finish(mut self) -> Truth {
        for (name, topic) in &mut self.truth.topics {
            topic.records.sort_by_key(|r| (r.partition, r.offset));
            let written: Vec<i32> = topic.records.iter().map(|r| r.partition).collect();
            for partition in (0..topic.partitions).filter(|p| topic.partitions < 20 || written.contains(p)) {
                let mut at = |point| self.writer.offset(name, partition, point);
                let bounds = Bounds { start: at(Point::Start), last_stable: at(Point::LastStable), end: at(Point::End) };
                topic.bounds.insert(partition, bounds);
            }
        }
        self.truth
    }
}
