//! What sending records again will do, before it is done: how many go to which partition, and which are there twice.

use std::collections::{BTreeMap, HashSet};

use crate::core::produce::{Partitioner, Redrive, Target};
use crate::model::PartitionId;
use crate::text::units;

/// Partitions that are named one by one.
const NAMED: usize = 8;

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rehearsal {
    /// By partition; `None`: any, which is settled when they are sent.
    places: BTreeMap<Option<PartitionId>, usize>,
    /// Records with the key, the value and the headers of another one.
    twice: usize,
    /// Records whose own partition the topic does not have.
    nowhere: usize,
}

/// Rows with the key, the value and the headers of one before them: their places in the run, from 0.
pub(super) fn repeated(redrive: &Redrive) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let mut again = HashSet::new();
    for (at, record) in redrive.rows.iter().enumerate().filter_map(|(at, (chunk, row))| Some((at, chunk.get(*row)?))) {
        let headers: Vec<_> = record.headers.iter().map(|header| (header.key, header.value)).collect();
        if !seen.insert((record.key, record.value, headers)) {
            again.insert(at);
        }
    }
    again
}

impl Rehearsal {
    /// Of what is sent; `twice`: how many of what was read are the same as one before them.
    pub(super) fn of(redrive: &Redrive, twice: usize, target: &Target, partitioner: Partitioner) -> Self {
        let mut all = Self { twice, ..Self::default() };
        let partitions = target.topic.partitions.len();
        for record in redrive.rows.iter().filter_map(|(chunk, row)| chunk.get(*row)) {
            let place = if redrive.keep_partition { Some(record.partition) } else { partitioner.place(record.key, partitions) };
            all.nowhere += usize::from(place.is_some_and(|id| target.topic.partition(id).is_none()));
            *all.places.entry(place).or_default() += 1;
        }
        all
    }

    /// In a line: `→ 0: 12  1: 8  any: 3`.
    pub(super) fn places(&self) -> String {
        let place = |(id, count): (&Option<PartitionId>, &usize)| match id {
            Some(id) => format!("{}: {}", id.0, units::thousands(units::wide(*count))),
            None => format!("any: {}", units::thousands(units::wide(*count))),
        };
        let named: Vec<String> = self.places.iter().take(NAMED).map(place).collect();
        let more = self.places.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("  and {}", units::counted(units::wide(more), "partition more")) } else { String::new() };
        format!("→ partition {}{more}", named.join("  "))
    }

    /// How many of them are the same as one before them, in words; `None`: all differ.
    pub(super) fn twice(&self) -> Option<String> {
        match self.twice {
            0 => None,
            1 => Some("1 record is the same as one before it".to_owned()),
            n => Some(format!("{} are the same as one before them", units::counted(units::wide(n), "record"))),
        }
    }

    /// What one should know of it.
    pub(super) fn cautions(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.nowhere > 0 {
            all.push(format!("▲ the topic lacks the partition of {}", units::counted(units::wide(self.nowhere), "record")));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::TopicName;
    use crate::testing::{chunk, made, topic};

    #[test]
    fn where_they_will_go_is_counted_and_what_is_there_twice_is_told() {
        let records = [made(0, "a", "1"), made(1, "b", "2"), made(2, "a", "1")];
        let chunk = Arc::new(chunk(&records));
        let rows = (0..3).map(|row| (Arc::clone(&chunk), row)).collect();
        let mut redrive = Redrive { from: TopicName::new("dlq"), rows, keep_partition: false, keep_time: false, origin: false };
        let target = Target {
            topic: Arc::new(topic("orders", 1)),
            cluster: None,
            settings: Ok(crate::core::produce::Settings::default()),
            ends: Vec::new(),
        };
        let rehearsal = Rehearsal::of(&redrive, 1, &target, Partitioner::Murmur2);
        assert_eq!(rehearsal.places(), "→ partition 0: 3");
        assert_eq!(rehearsal.twice().as_deref(), Some("1 record is the same as one before it"));
        assert_eq!(repeated(&redrive), HashSet::from([2]));
        assert_eq!(Rehearsal::of(&redrive, 1, &target, Partitioner::Sticky).places(), "→ partition any: 3");
        redrive.keep_partition = true;
        let nowhere = Target { topic: Arc::new(topic("orders", 0)), ..target };
        assert!(
            Rehearsal::of(&redrive, 1, &nowhere, Partitioner::Murmur2)
                .cautions()
                .iter()
                .any(|words| words.contains("lacks the partition of 3 records"))
        );
    }
}
