//! How far behind in time: what is known of the record that is read next, for a partition and for a whole group.

use std::collections::BTreeMap;
use std::time::Duration;

use super::past::is_behind;
use super::{Groups, RecordTime, Row};
use crate::core::lag::{End, Lag, Place, behind_ms};
use crate::model::{Foreign, Offset, PartitionId, Time, TopicName, Why};

/// Looks that are kept of one partition.
const MOST: usize = 64;

/// When records of one partition were written, by offset: several groups may read it, each elsewhere.
#[derive(Debug, Default)]
pub(super) struct Looks(BTreeMap<Offset, RecordTime>);

impl Looks {
    pub(super) fn add(&mut self, offset: Offset, time: RecordTime) {
        self.0.insert(offset, time);
        while self.0.len() > MOST {
            let Some(oldest) = self.0.iter().min_by_key(|(_, known)| known.at).map(|(offset, _)| *offset) else { break };
            self.0.remove(&oldest);
        }
    }

    pub(super) fn at(&self, offset: Offset) -> Option<&RecordTime> {
        self.0.get(&offset)
    }

    /// The newest look.
    pub(super) fn last(&self) -> Option<Time> {
        self.0.values().map(|known| known.at).max()
    }

    /// When the record at an offset was written about, by the nearest that were looked at before and behind it; `end`: what is
    /// written now.
    fn about(&self, offset: Offset, end: (Offset, Time)) -> Option<Time> {
        let told = |(offset, known): (&Offset, &RecordTime)| Some((*offset, known.time.clone().ok()??));
        let (before, from) = self.0.range(..offset).rev().find_map(told)?;
        let (behind, to) = self.0.range(offset..).find_map(told).unwrap_or(end);
        let (part, whole) = (i128::from(offset.0) - i128::from(before.0), i128::from(behind.0) - i128::from(before.0));
        let time = i128::from(from.0) + (i128::from(to.0) - i128::from(from.0)) * part / whole.max(1);
        i64::try_from(time).ok().map(Time)
    }
}

/// See the module. Later variants say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// Nothing waits, or there is no record with a time that does.
    Nothing,
    /// The record was not looked at yet.
    Waiting,
    Unknown(Why),
    /// By records near it that were looked at.
    About(Duration),
    /// Of the very record at the commit.
    Exact(Duration),
}

impl Behind {
    /// How long, exactly or about.
    pub fn time(&self) -> Option<Duration> {
        match self {
            Self::About(time) | Self::Exact(time) => Some(*time),
            _ => None,
        }
    }

    fn rank(&self) -> (u8, Option<Duration>) {
        let rank = match self {
            Self::Nothing => 0,
            Self::Waiting => 1,
            Self::Unknown(_) => 2,
            Self::About(_) | Self::Exact(_) => 3,
        };
        (rank, self.time())
    }
}

impl Groups {
    /// How far behind a group is on one partition.
    pub fn behind_of(&self, topic: &TopicName, partition: PartitionId, place: &Place, now: Time) -> Behind {
        match place.lag(End::High) {
            Lag::Unknown(why) => return Behind::Unknown(why),
            lag if !is_behind(&lag) => return Behind::Nothing,
            _ => {}
        }
        let (Some(looks), Some(committed)) = (self.behind.get(&(topic.clone(), partition)), place.committed()) else {
            return Behind::Waiting;
        };
        let (time, exact) = match looks.at(committed).map(|known| &known.time) {
            Some(Ok(Some(time))) => (*time, true),
            Some(Ok(None)) => return Behind::Nothing,
            Some(Err(why)) => return Behind::Unknown(why.clone()),
            None => match place.high.as_ref().ok().and_then(|high| looks.about(committed, (*high, now))) {
                Some(time) => (time, false),
                None => return Behind::Waiting,
            },
        };
        let Some(ms) = behind_ms(now, time) else {
            return Behind::Unknown(Why::Error(Foreign::new("the record says to be of the future")));
        };
        let time = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        if exact { Behind::Exact(time) } else { Behind::About(time) }
    }

    /// How far behind a group is: the most of what is known of its partitions.
    pub fn behind(&self, row: &Row, now: Time) -> Behind {
        let topics = row.places().map_or(&[][..], |(_, topics)| topics);
        let all = topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (&topic.topic, *id, place)));
        let every = all.map(|(topic, id, place)| self.behind_of(topic, id, place, now));
        every.max_by_key(Behind::rank).unwrap_or(Behind::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_group_reads_next_says_nothing_wrong_of_another_that_is_elsewhere() {
        let mut looks = Looks::default();
        let look = |seconds: i64| RecordTime { at: Time(0), time: Ok(Some(Time(seconds))) };
        looks.add(Offset(100), look(1_000));
        let end = (Offset(300), Time(3_000));
        assert_eq!(looks.at(Offset(200)), None);
        // Half of the way to the end, half of the time.
        assert_eq!(looks.about(Offset(200), end), Some(Time(2_000)));
        looks.add(Offset(220), look(2_800));
        assert_eq!(looks.about(Offset(160), end), Some(Time(1_900)));
        assert_eq!(looks.about(Offset(50), end), None, "nothing before it is known");
        for offset in 0..200 {
            looks.add(Offset(1_000 + offset), RecordTime { at: Time(offset), time: Ok(None) });
        }
        assert_eq!(looks.0.len(), MOST);
    }
}
