//! What is there at first: every topic and every group's commits, made from the seed. Times count back from the moment of the start.

mod broken;
mod catalog;
mod clicks;
mod groups;
mod odd;
mod orders;
mod plain;
mod scale;
mod transactions;

use std::fmt::Write as _;
use std::sync::Arc;

use super::Options;
use super::cluster::State;
use super::dice::Dice;
use super::log::Log;
use super::topic::{Overrides, Partition, Topic};
use crate::model::{Codec, Offset};
use crate::records::writer::{BatchWriter, NewHeader};

pub(super) use catalog::{CATALOG, Catalog};
pub(super) use clicks::{CLICKS, Clicks};
pub(super) use orders::{ORDERS, Orders};

/// Replicas of a partition, when there are so many brokers.
const REPLICAS: usize = 3;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// All topics and groups as they are when the cluster starts.
pub(super) fn topics(brokers: &[i32], options: &Options, now_ms: i64) -> State {
    let mut garden = Garden { state: State::default(), brokers: brokers.to_vec(), seed: options.seed, now_ms, planted: 0 };
    clicks::plant(&mut garden);
    orders::plant(&mut garden);
    odd::plant(&mut garden);
    transactions::plant(&mut garden);
    plain::plant(&mut garden);
    broken::plant(&mut garden);
    let broken = catalog::plant(&mut garden);
    scale::plant(&mut garden, options.topics);
    groups::plant(&mut garden, broken, options.groups);
    garden.state
}

/// Where topics are put, one after the other.
struct Garden {
    state: State,
    brokers: Vec<i32>,
    seed: u64,
    now_ms: i64,
    /// Topics so far: leaders begin at another broker for each.
    planted: usize,
}

/// A record to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    pub(super) time_ms: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    /// A null value is possible in a log, though rskafka cannot write one.
    pub(super) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Made {
    fn new(time_ms: i64, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self { time_ms, key: Some(key.as_ref().to_vec()), value: Some(value.as_ref().to_vec()), headers: Vec::new() }
    }

    fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), Some(value.as_ref().to_vec())));
        self
    }
}

impl Garden {
    fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed, purpose)
    }

    /// Replicas of the `n`-th partition of the topic that is planted now: the leader first.
    fn replicas(&self, n: usize) -> Arc<[i32]> {
        let from = self.planted.wrapping_add(n) % self.brokers.len().max(1);
        self.brokers.iter().cycle().skip(from).take(REPLICAS.min(self.brokers.len())).copied().collect()
    }

    /// Adds a topic with these logs.
    fn plant(&mut self, name: &str, overrides: Overrides, logs: Vec<Log>) {
        let partition = |(n, log)| {
            let replicas = self.replicas(n);
            Partition::new(replicas.first().copied().unwrap_or(-1), &replicas, log)
        };
        let partitions = logs.into_iter().enumerate().map(partition).collect();
        self.plant_partitions(name, overrides, partitions);
    }

    fn plant_partitions(&mut self, name: &str, overrides: Overrides, partitions: Vec<Partition>) {
        let internal = name.starts_with("__");
        let mut topic = Topic { name: name.into(), id: self.topic_id(name), internal, overrides, partitions };
        topic.retain(self.now_ms);
        self.state.add(topic);
        self.planted = self.planted.wrapping_add(1);
    }

    /// A random UUID, as a topic's id is. The first bit is clear, so that no id begins with a minus sign.
    fn topic_id(&self, name: &str) -> [u8; 16] {
        let mut dice = Dice::new(self.seed, name);
        let number = (u128::from(dice.next()) << 64) | u128::from(dice.next());
        let version_4 = (number & !(0xf << 76) & !(0x3 << 62) & !(1 << 127)) | (4 << 76) | (2 << 62);
        version_4.to_be_bytes()
    }
}

/// One batch of these records.
fn batch(base: i64, codec: Codec, records: &[Made]) -> Vec<u8> {
    let mut writer = BatchWriter::new(Offset(base)).codec(codec);
    for made in records {
        let headers: Vec<NewHeader<'_>> = made.headers.iter().map(|(name, value)| (name.as_slice(), value.as_deref())).collect();
        writer = writer.record_with(made.time_ms, made.key.as_deref(), made.value.as_deref(), &headers);
    }
    // A codec that fails leaves an empty log behind, which is what one would see.
    writer.finish().unwrap_or_default()
}

/// Appends records in batches of so many.
fn append(log: &mut Log, codec: Codec, per_batch: usize, records: &[Made]) {
    for some in records.chunks(per_batch.max(1)) {
        log.append(batch(log.bounds().end, codec, some));
    }
}

/// Which partition a key belongs to: equal keys to the same one. Not Kafka's own partitioner (murmur2).
pub(super) fn partition_of(key: &[u8], partitions: usize) -> usize {
    let hash = usize::try_from(crc32c::crc32c(key)).unwrap_or(0);
    hash.checked_rem(partitions).unwrap_or(0)
}

/// Moments of the past up to now, `count` of them in order, denser towards the end.
fn moments(now_ms: i64, span_ms: i64, count: u32) -> impl Iterator<Item = i64> {
    let count = i64::from(count.max(1));
    (1..=count).map(move |n| {
        let left = count - n;
        // The square of the part that is left: the last tenth of the records is in the last hundredth of the time.
        now_ms.saturating_sub(span_ms.saturating_mul(left) / count * left / count)
    })
}

/// A time as Python's `datetime.now(timezone.utc).isoformat()` prints it.
fn iso(time_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(time_ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// Random bytes as hexadecimal digits.
fn hex(dice: &mut Dice, bytes: u32) -> String {
    (0..bytes).fold(String::new(), |mut text, _| {
        // Writing to a String does not fail.
        let _written = write!(text, "{:02x}", dice.below(256));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cluster::Named;

    fn planted(seed: u64, topics: u32) -> State {
        super::topics(&[1, 2, 3], &Options { seed, topics, ..Options::default() }, 1_790_000_000_000)
    }

    #[test]
    fn the_same_seed_makes_the_same_cluster() {
        let bytes = |state: &State| -> Vec<_> {
            let all = state.topics().iter();
            all.map(|topic| {
                let logs = topic.partitions.iter().filter_map(|partition| {
                    let log = partition.log();
                    log.read(log.bounds().start, usize::MAX, false, true).map(|piece| piece.bytes)
                });
                (Arc::clone(&topic.name), topic.id, logs.map(|bytes| crc32c::crc32c(&bytes)).collect::<Vec<_>>())
            })
            .collect()
        };
        assert_eq!(bytes(&planted(1, 20)), bytes(&planted(1, 20)));
        assert_ne!(bytes(&planted(1, 0)), bytes(&planted(2, 0)));
    }

    #[test]
    fn moments_are_in_order_and_end_now() {
        let all: Vec<i64> = moments(1_000_000, 900_000, 100).collect();
        assert!(all.is_sorted() && all.len() == 100);
        assert_eq!(all.last(), Some(&1_000_000));
        assert!(all.iter().filter(|at| **at > 980_000).count() > 10, "denser towards the end");
    }

    #[test]
    fn every_topic_says_what_it_is_for() {
        let state = planted(1, 0);
        for name in ["clickstream", "orders", "orders.dlq", "odd-records", "payments", "customers", "audit.log", "__consumer_offsets"] {
            assert!(state.topic(Named::Name(name)).is_some(), "{name}");
        }
        let payments = state.topic(Named::Name("payments")).unwrap();
        let open = payments.partitions.iter().map(Partition::bounds).filter(|bounds| bounds.stable < bounds.end).count();
        assert_eq!(open, 1, "one transaction is open");
        assert_eq!(iso(1_795_266_231_383), "2026-11-21T13:03:51.383000+00:00");
    }
}
