//! Unread data that retention is about to delete: how far behind in time a group is, against how long its topics keep records.
//!
//! A broker deletes whole segments, and one only when its newest record is too old. So a record lives at least until
//! `retention.ms` after its own timestamp: the time that is told here is the least. What `retention.bytes` will do cannot be known.

use std::time::Duration;

use super::{Spot, Verdict};
use crate::core::cluster::Cluster;
use crate::core::figures::{self, TopicFigures};
use crate::core::groups::Row;
use crate::core::groups::behind::Behind;
use crate::model::{Cleanup, Known, Time, TopicName};

/// The end of a record's life is near when less than this is left of it,
const SOON: Duration = Duration::from_secs(3600);
/// or less than one part in so many of the time that records are kept.
const PART: u32 = 5;

impl Cluster {
    /// How a group does, together with what its topics' settings make of it.
    pub fn verdict(&self, row: &Row, now: Time) -> Verdict {
        let found = self.groups.verdict(row, now);
        // Where it stands is worse, or says more, or it will be level before.
        let gets_there = |left: Duration| matches!(found, Verdict::CatchingUp { eta: Some(eta) } if eta < left);
        match found {
            Verdict::Stopped { .. }
            | Verdict::FallingBehind { .. }
            | Verdict::Steady
            | Verdict::Watching
            | Verdict::CatchingUp { .. }
            | Verdict::Hidden { .. }
            | Verdict::Blocked { .. } => match self.losing(row, now) {
                Some((at, left)) if !gets_there(left) => Verdict::Losing { at, left, beneath: Box::new(found) },
                _ => found,
            },
            other => other,
        }
    }

    /// Where the record that is read next is closest to the end of its life, and how long that is at least; `None` when no end
    /// is near, or nothing is known of it.
    pub fn losing(&self, row: &Row, now: Time) -> Option<(Spot, Duration)> {
        let (_, topics) = row.places()?;
        let mut least: Option<(Spot, Duration)> = None;
        for places in topics {
            let Some(kept) = self.kept(&places.topic) else { continue };
            for (partition, place) in &places.partitions {
                let Behind::Exact(behind) = self.groups.behind_of(&places.topic, *partition, place, now) else { continue };
                let left = kept.saturating_sub(behind);
                let is_soon = left < SOON.min(kept / 2) || left < kept / PART;
                if let Some(offset) = place.committed().filter(|_| is_soon && least.as_ref().is_none_or(|(_, least)| left < *least)) {
                    least = Some((Spot { topic: places.topic.clone(), partition: *partition, offset }, left));
                }
            }
        }
        least
    }

    /// For how long a topic keeps its records; `None` when for ever, or when that is not known.
    fn kept(&self, topic: &TopicName) -> Option<Duration> {
        let topic = figures::find(self.view.get()?, topic)?;
        let Known::Is(keep) = self.figures.of(topic).map(TopicFigures::keep)? else { return None };
        let deletes = keep.cleanup.is_none_or(|cleanup| cleanup != Cleanup::Compact);
        let ms = keep.retention_ms.and_then(|ms| u64::try_from(ms).ok()).filter(|_| deletes)?;
        Some(Duration::from_millis(ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ask::{Answer, Behind as Look};
    use crate::model::{GroupId, Keep, Offset, PartitionId, TopicName};
    use crate::state::State;
    use crate::testing::{Script, TestGroup, topic};

    /// A group without members that is behind by so many minutes on a topic that keeps records for so many.
    fn verdict(behind: i64, kept: i64, cleanup: Cleanup) -> Verdict {
        let groups = [TestGroup::empty("old", "orders", &[(90, 90), (3, 70)])];
        let script = Script::at(120, 36).cluster(vec![topic("orders", 2)]).groups(&groups);
        let State { mut cluster, now, .. } = script.state;
        let (orders, partition, offset) = (TopicName::new("orders"), PartitionId(1), Offset(3));
        let written = Time(now.0 - behind * 60_000_000);
        cluster.told(&Answer::Behind(vec![Look { topic: orders.clone(), partition, offset, timestamp: Ok(Some(written)) }]), now);
        let keep = Keep { retention_ms: Some(kept * 60_000), retention_bytes: None, cleanup: Some(cleanup), min_isr: None };
        cluster.told(&Answer::Kept(vec![(orders, Ok(keep))]), now);
        let row = cluster.groups.of(&GroupId::new("old")).unwrap();
        cluster.verdict(row, now)
    }

    #[test]
    fn data_that_retention_will_take_is_told_with_the_time_left() {
        let day = 24 * 60;
        let Verdict::Losing { at, left, beneath } = verdict(day - 23, day, Cleanup::Delete) else { panic!("not seen") };
        assert_eq!((at.partition, at.offset, left), (PartitionId(1), Offset(3), Duration::from_secs(23 * 60)));
        assert!(!matches!(*beneath, Verdict::Losing { .. }));
        assert!(matches!(verdict(day + 5, day, Cleanup::Delete), Verdict::Losing { left: Duration::ZERO, .. }));
        // Half a day behind is no hurry, and neither is what is kept for ever or as long as nobody overwrites it.
        for calm in [verdict(day / 2, day, Cleanup::Delete), verdict(day, -1, Cleanup::Delete), verdict(day, day, Cleanup::Compact)] {
            assert!(!matches!(calm, Verdict::Losing { .. }), "{calm:?}");
        }
    }
}
