//! Topics and partitions. A partition of a synthetic topic takes 64 bytes until somebody writes to it: its log is one batch that
//! many share, numbered when it is read.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::log::{Bounds, Log, number};
use crate::model::Offset;

/// Names and values that differ from the defaults.
pub(super) type Overrides = &'static [(&'static str, &'static str)];

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    pub(super) id: [u8; 16],
    pub(super) internal: bool,
    pub(super) overrides: Overrides,
    /// By index.
    pub(super) partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug)]
pub(super) struct Partition {
    /// −1: none.
    pub(super) leader: i32,
    pub(super) epoch: i32,
    pub(super) replicas: Arc<[i32]>,
    pub(super) isr: Arc<[i32]>,
    /// Before the shared one.
    own: Option<Box<Log>>,
    shared: Option<Arc<SharedBatch>>,
    /// Where the shared one begins here.
    start: u32,
}

/// A batch that is the whole log of many partitions, each under offsets of its own.
#[derive(Debug)]
pub(super) struct SharedBatch {
    /// Its base offset is 0.
    pub(super) bytes: Bytes,
    pub(super) records: u32,
}

impl Topic {
    /// What is configured, unless it is the default.
    pub(super) fn overridden(&self, name: &str) -> Option<&'static str> {
        self.overrides.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.overridden(name).and_then(|value| value.parse().ok())
    }

    /// A cleanup policy or a timestamp type and the like.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.overridden(name).is_some_and(|set| set.split(',').any(|one| one == value))
    }

    /// The largest batch that producers may send, in bytes (`max.message.bytes`).
    pub(super) fn largest_batch(&self) -> usize {
        self.number("max.message.bytes").and_then(|n| usize::try_from(n).ok()).unwrap_or(1_048_588)
    }

    /// Applies what its configuration says of retention.
    pub(super) fn retain(&mut self, now_ms: i64) {
        if self.overridden("cleanup.policy") == Some("compact") {
            return;
        }
        let bytes = self.number("retention.bytes");
        let oldest = self.number("retention.ms").and_then(|ms| i64::try_from(ms).ok()).map(|ms| now_ms.saturating_sub(ms));
        if bytes.is_none() && oldest.is_none() {
            return;
        }
        for partition in &mut self.partitions {
            if let Some(log) = &mut partition.own {
                log.retain(bytes, oldest);
            }
        }
    }
}

impl Partition {
    pub(super) fn new(leader: i32, replicas: &Arc<[i32]>, log: Log) -> Self {
        let replicas = Arc::clone(replicas);
        Self { leader, epoch: 0, isr: Arc::clone(&replicas), replicas, own: Some(Box::new(log)), shared: None, start: 0 }
    }

    /// One whose log is a batch that others have as well.
    pub(super) fn shared(leader: i32, replicas: &Arc<[i32]>, start: u32, batch: &Arc<SharedBatch>) -> Self {
        let replicas = Arc::clone(replicas);
        Self { leader, epoch: 0, isr: Arc::clone(&replicas), replicas, own: None, shared: Some(Arc::clone(batch)), start }
    }

    pub(super) fn bounds(&self) -> Bounds {
        match (&self.own, &self.shared) {
            (Some(log), _) => log.bounds(),
            (None, None) => Bounds { start: 0, stable: 0, end: 0, size: 0 },
            (None, Some(batch)) => {
                let (start, size) = (i64::from(self.start), u64::try_from(batch.bytes.len()).unwrap_or(u64::MAX));
                let end = start.saturating_add(i64::from(batch.records));
                Bounds { start, stable: end, end, size }
            }
        }
    }

    pub(super) fn log(&self) -> Cow<'_, Log> {
        match &self.own {
            Some(log) => Cow::Borrowed(log),
            None => Cow::Owned(unshared(self.start, self.shared.as_deref())),
        }
    }

    /// Its log for good: a shared one becomes its own.
    pub(super) fn log_mut(&mut self) -> &mut Log {
        let (start, shared) = (self.start, &self.shared);
        self.own.get_or_insert_with(|| Box::new(unshared(start, shared.as_deref())))
    }

    /// Numbers a batch and appends it; its offset. Its checksum is right already.
    pub(super) fn append(&mut self, mut batch: Vec<u8>) -> i64 {
        let epoch = self.epoch;
        let log = self.log_mut();
        let base = log.bounds().end;
        number(&mut batch, Offset(base), epoch);
        log.append(batch);
        base
    }

    /// Gives the leadership to the next replica that is alive, under a new epoch. With one replica the leader stays, under a new
    /// epoch as well. `false`: nobody is alive.
    pub(super) fn move_leader(&mut self, alive: &[i32]) -> bool {
        let candidates: Vec<i32> = self.isr.iter().filter(|id| alive.contains(id)).copied().collect();
        let at = candidates.iter().position(|id| *id == self.leader).map_or(0, |at| at + 1);
        let Some(next) = candidates.iter().cycle().nth(at) else { return false };
        self.leader = *next;
        self.epoch = self.epoch.saturating_add(1);
        let epoch = self.epoch;
        self.log_mut().begin_epoch(epoch);
        true
    }
}

fn unshared(start: u32, batch: Option<&SharedBatch>) -> Log {
    let mut log = Log::starting_at(i64::from(start));
    if let Some(batch) = batch {
        let mut bytes = batch.bytes.to_vec();
        number(&mut bytes, Offset(i64::from(start)), 0);
        log.append(bytes);
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::writer::BatchWriter;

    #[test]
    fn a_shared_log_has_offsets_of_its_own_and_is_left_alone_by_writers() {
        let bytes = BatchWriter::new(Offset(0)).record(5, None, Some(b"a")).record(6, None, Some(b"b")).finish().unwrap();
        let batch = Arc::new(SharedBatch { bytes: bytes.clone().into(), records: 2 });
        let replicas: Arc<[i32]> = Arc::new([1, 2]);
        let mut one = Partition::shared(1, &replicas, 1000, &batch);
        let two = Partition::shared(2, &replicas, 70, &batch);
        let shared = one.bounds();
        assert_eq!((shared.start, shared.end), (1000, 1002));
        assert_eq!(one.log().bounds(), shared, "told without making it, and the same once it is made");
        assert_eq!(one.log().first_at(6), Some((6, 1001)));
        assert_eq!(one.append(bytes), 1002);
        assert_eq!((one.bounds().end, two.bounds().end), (1004, 72));
    }

    #[test]
    fn leadership_goes_round_among_the_living() {
        let replicas: Arc<[i32]> = Arc::new([1, 2, 9]);
        let mut partition = Partition::new(1, &replicas, Log::default());
        assert!(partition.move_leader(&[1, 2, 3]));
        assert_eq!((partition.leader, partition.epoch), (2, 1));
        assert!(partition.move_leader(&[1, 2, 3]));
        assert_eq!((partition.leader, partition.epoch), (1, 2));
        assert!(!partition.move_leader(&[3]));
    }

    #[test]
    fn a_partition_is_small() {
        assert!(size_of::<Partition>() <= 64, "{}", size_of::<Partition>());
    }
}
