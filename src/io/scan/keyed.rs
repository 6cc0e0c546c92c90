//! Whether a topic's records lie where their keys say, by a sample of its oldest and newest records: then a key is looked for
//! in one partition alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use tokio::sync::mpsc;

use super::{Options, Sink, Taken, read};
use crate::core::produce::Partitioner;
use crate::core::stream::{Isolation, Plan, Progress};
use crate::io::kafka::{At, Client, Isolation as Level, OffsetAsk};
use crate::io::work::Work;
use crate::model::{Failure, Offset, PartitionId, TopicId, TopicName};
use crate::query::Context;
use crate::query::position::Position;

/// Offsets of each end of each partition that are looked at.
const EACH: i64 = 200;
/// Answers of so many bytes are sample enough.
const BYTES: u64 = 8 << 20;
/// With fewer different keys it may be chance that they lie where one partitioner would put them.
const LEAST: usize = 20;

/// What the sample says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// How all keys of the sample were placed; `None`: by none that is known, or there were too few to tell.
    pub by: Option<Partitioner>,
    /// Different keys in the sample.
    pub keys: usize,
    /// Partitions of the topic.
    pub partitions: usize,
}

impl Placing {
    /// The one partition that records of this key lie in.
    pub fn of(&self, key: &[u8]) -> Option<PartitionId> {
        self.by?.place(Some(key), self.partitions)
    }

    /// In words.
    pub fn words(&self) -> String {
        match self.by {
            Some(by) => format!("keys are placed by {} ({} keys of the oldest and newest records checked)", by.word(), self.keys),
            None if self.partitions < 2 => "the topic has one partition".to_owned(),
            None if self.keys < LEAST => format!("{} different keys in the sample are too few to tell how keys are placed", self.keys),
            None => format!("{} keys of the sample are placed by no partitioner that is known", self.keys),
        }
    }
}

/// Looks at a sample of the topic.
///
/// # Errors
/// As [`read`].
pub async fn placing(client: &Client, work: &Work, topic: &TopicName, context: &Context) -> Result<Placing, Failure> {
    const WHAT: &str = "look how keys are placed";
    let about = client.topic(WHAT, topic).await?;
    let ids: Vec<PartitionId> = about.partitions.iter().map(|partition| partition.id).collect();
    let mut sample = Sample { seen: BTreeSet::new() };
    let partitions = ids.len();
    if partitions < 2 {
        return Ok(Placing { by: None, keys: 0, partitions });
    }
    let ask = |at: At| ids.iter().map(move |&partition| OffsetAsk { topic: topic.clone(), partition, at });
    let asks: Vec<OffsetAsk> = ask(At::Earliest).chain(ask(At::Latest)).collect();
    let ends = client.list_offsets(WHAT, &asks, Level::ReadUncommitted).await?;
    let mut slices: [Slice; 2] = Default::default();
    for (at, &id) in ids.iter().enumerate() {
        let offset = |row: usize| ends.get(row).and_then(|found| found.as_ref().ok()).and_then(|found| found.offset());
        let (Some(start), Some(end)) = (offset(at), offset(at + partitions)) else { continue };
        if start < end {
            let [old, new] = &mut slices;
            old.add(id, start, start.plus(EACH).min(end));
            new.add(id, end.plus(-EACH).max(start), end);
        }
    }
    for slice in slices.into_iter().filter(|slice| !slice.from.is_empty()) {
        let plan = Plan {
            topic: topic.clone(),
            topic_id: TopicId::default(),
            partitions: Some(slice.from.keys().copied().collect()),
            from: Position::Offsets(slice.from),
            until: Some(Position::Offsets(slice.until)),
            isolation: Isolation::ReadUncommitted,
            filter: None,
            newest: None,
            keep: usize::MAX,
        };
        let options = Options { budget: Some(BYTES), ..Options::live(context.clone()) };
        let nobody_steers = mpsc::unbounded_channel().1;
        read(client.clone(), work.clone(), plan, options, nobody_steers, &mut sample).await?;
    }
    Ok(sample.placing(partitions))
}

#[derive(Debug, Default)]
struct Slice {
    from: BTreeMap<PartitionId, Offset>,
    until: BTreeMap<PartitionId, Offset>,
}

impl Slice {
    fn add(&mut self, partition: PartitionId, from: Offset, until: Offset) {
        self.from.insert(partition, from);
        self.until.insert(partition, until);
    }
}

/// Keys, each with the partitions it was seen in.
struct Sample {
    seen: BTreeSet<(Vec<u8>, PartitionId)>,
}

impl Sample {
    fn placing(&self, partitions: usize) -> Placing {
        let keys: BTreeSet<&[u8]> = self.seen.iter().map(|(key, _)| key.as_slice()).collect();
        let fits = |by: Partitioner| self.seen.iter().all(|(key, at)| by.place(Some(key), partitions).is_none_or(|place| place == *at));
        let by = [Partitioner::Murmur2, Partitioner::Crc32, Partitioner::Fnv1a].into_iter().find(|&by| fits(by));
        Placing { by: by.filter(|_| keys.len() >= LEAST && partitions > 1), keys: keys.len(), partitions }
    }
}

impl Sink for &mut Sample {
    async fn take(&mut self, taken: Taken) -> ControlFlow<()> {
        if let Taken::Records(delivery) = taken {
            for record in delivery.chunk.iter() {
                if let Some(key) = record.key.filter(|key| !key.is_empty()) {
                    self.seen.insert((key.to_vec(), record.partition));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _progress: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(by: Partitioner, keys: usize) -> Sample {
        let key = |n: usize| format!("user-{n}").into_bytes();
        Sample { seen: (0..keys).map(|n| (key(n), by.place(Some(&key(n)), 6).unwrap())).collect() }
    }

    #[test]
    fn enough_keys_tell_how_they_are_placed() {
        for by in [Partitioner::Murmur2, Partitioner::Crc32, Partitioner::Fnv1a] {
            let placing = sample(by, 40).placing(6);
            assert_eq!((placing.by, placing.keys), (Some(by), 40));
            assert_eq!(placing.of(b"user-7"), by.place(Some(b"user-7"), 6));
        }
        assert_eq!(sample(Partitioner::Murmur2, 19).placing(6).by, None, "it may be chance");
        let mut one_elsewhere = sample(Partitioner::Murmur2, 40);
        let (key, at) = one_elsewhere.seen.pop_first().unwrap();
        one_elsewhere.seen.insert((key, PartitionId((at.0 + 1) % 6)));
        let placing = one_elsewhere.placing(6);
        assert_eq!((placing.by, placing.of(b"user-7")), (None, None));
        assert!(placing.words().contains("no partitioner"), "{}", placing.words());
    }
}
