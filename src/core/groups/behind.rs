//! How far behind in time: what is known of the record that is read next, for a partition and for a whole group.

use std::time::Duration;

use super::past::is_behind;
use super::{Groups, Row};
use crate::core::lag::{End, Lag, Place, behind_ms};
use crate::model::{Foreign, PartitionId, Time, TopicName, Why};

/// A look at a record is of use so long after the commit has moved away from it.
const FRESH: Duration = Duration::from_secs(60);

/// See the module. Later variants say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behind {
    /// Nothing waits, or there is no record with a time that does.
    Nothing,
    /// The record was not looked at yet.
    Waiting,
    Unknown(Why),
    /// Of a record that was read since: as old as it was when it was looked at.
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
        let Some(known) = self.behind.get(&(topic.clone(), partition)) else { return Behind::Waiting };
        let time = match &known.time {
            Ok(Some(time)) => *time,
            Ok(None) => return Behind::Nothing,
            Err(why) => return Behind::Unknown(why.clone()),
        };
        let exact = place.committed() == Some(known.offset);
        if !exact && now.since(known.at) > FRESH {
            return Behind::Waiting;
        }
        let Some(ms) = behind_ms(if exact { now } else { known.at }, time) else {
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
