//! What a group has read of a partition and what it has not: from the five positions that brokers tell, each with its own
//! reason when it is unknown. Pure arithmetic; the words for every case are here, so that a list, a command and a verdict say the
//! same.

use crate::model::{Commit, Offset, PartitionId, Time, TopicId, TopicName, Why};

/// The positions of one partition of a group. The commit was read before the ends, so a lag may be overstated by what was
/// consumed in between, and never negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `Ok(None)`: there is no commit.
    pub commit: Result<Option<Commit>, Why>,
    /// The first offset in the log.
    pub start: Result<Offset, Why>,
    /// The last stable offset: what a reader of committed records reaches.
    pub stable: Result<Offset, Why>,
    /// The high watermark, exclusive: what any reader reaches.
    pub high: Result<Offset, Why>,
}

/// One topic of a group, partitions in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPlaces {
    pub topic: TopicName,
    /// Of the topic as it is now; not known when it is not there or the broker is older than 2.8.
    pub id: TopicId,
    pub partitions: Vec<(PartitionId, Place)>,
}

/// To which end one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// The high watermark: `read_uncommitted`.
    #[default]
    High,
    /// The last stable offset: `read_committed`.
    Stable,
}

/// How a group stands on a partition, from one look. All counts are of offsets, which are no records where the log has gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lag {
    /// Everything is read.
    Level,
    Behind(u64),
    /// Nothing is committed. `waiting`: what lies in the log; where a consumer will begin is a setting that nobody here sees.
    NoCommit {
        waiting: Option<u64>,
    },
    /// The commit lies before the log: `lost` offsets were deleted unread.
    BelowStart {
        lost: u64,
        behind: u64,
    },
    /// The commit lies so far beyond the end: a log that was cut, a topic made again, or another cluster.
    BeyondEnd(u64),
    /// All that is stable is read, and an open transaction holds the rest back. `behind`: how much of that lies before the end
    /// to which one counts, nothing where that is the stable one.
    Blocked {
        behind: u64,
        held: u64,
    },
    Unknown(Why),
}

impl Place {
    /// A partition of which nothing is known but why.
    pub fn unknown(why: &Why) -> Self {
        Self { commit: Err(why.clone()), start: Err(why.clone()), stable: Err(why.clone()), high: Err(why.clone()) }
    }

    /// The offset committed, when there is one.
    pub fn committed(&self) -> Option<Offset> {
        self.commit.as_ref().ok()?.as_ref().map(|commit| commit.offset)
    }

    pub fn end(&self, end: End) -> &Result<Offset, Why> {
        match end {
            End::High => &self.high,
            End::Stable => &self.stable,
        }
    }

    /// Offsets between the last stable offset and the high watermark; `None` when either is unknown.
    pub fn held(&self) -> Option<u64> {
        distance(*self.stable.as_ref().ok()?, *self.high.as_ref().ok()?)
    }

    /// The offset of the record that is read next, when the group is behind: the commit, or the log's start where that lies
    /// behind it. `None` where it is level, or it is not known what is read next.
    pub fn next(&self, end: End) -> Option<Offset> {
        let at = self.committed()?;
        match self.lag(end) {
            Lag::Behind(_) => Some(at),
            // To the stable end nothing waits.
            Lag::Blocked { .. } if end == End::High => Some(at),
            Lag::BelowStart { behind, .. } if behind > 0 => self.start.as_ref().ok().copied(),
            _ => None,
        }
    }

    /// How the group stands.
    pub fn lag(&self, end: End) -> Lag {
        let commit = match &self.commit {
            Ok(commit) => commit.as_ref(),
            Err(why) => return Lag::Unknown(why.clone()),
        };
        let Some(commit) = commit else {
            let waiting = self.start.as_ref().ok().zip(self.end(end).as_ref().ok());
            return Lag::NoCommit { waiting: waiting.and_then(|(start, end)| distance(*start, *end)) };
        };
        let (start, high, end_offset) = match (&self.start, &self.high, self.end(end)) {
            (Ok(start), Ok(high), Ok(end)) => (*start, *high, *end),
            (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => return Lag::Unknown(why.clone()),
        };
        let at = commit.offset;
        if let Some(beyond) = distance(high, at).filter(|&beyond| beyond > 0) {
            return Lag::BeyondEnd(beyond);
        }
        if let Some(lost) = distance(at, start).filter(|&lost| lost > 0) {
            return Lag::BelowStart { lost, behind: distance(start, end_offset).unwrap_or(0) };
        }
        match (distance(at, end_offset).unwrap_or(0), self.held().unwrap_or(0)) {
            (0, 0) => Lag::Level,
            // What is behind the stable end and held back is not to be read by anyone who asks for committed records.
            (0, held) if end == End::Stable => Lag::Blocked { behind: 0, held },
            (0, _) => Lag::Level,
            (behind, held) if held > 0 && self.stable.as_ref().is_ok_and(|stable| *stable <= at) => Lag::Blocked { behind, held: behind },
            (behind, _) => Lag::Behind(behind),
        }
    }
}

/// How long ago a record was written that waits to be read, in milliseconds. One that says to be of the future was written by
/// a clock that is ahead: by up to a minute that counts as now, and by more the time behind is unknown.
pub fn behind_ms(now: Time, written: Time) -> Option<i64> {
    let ms = now.millis().saturating_sub(written.millis());
    (ms >= -60_000).then_some(ms.max(0))
}

/// Offsets from `from` to `to`; `None` when `to` lies before it.
fn distance(from: Offset, to: Offset) -> Option<u64> {
    u64::try_from(to.0.checked_sub(from.0)?).ok()
}

impl Lag {
    /// The lag as `kscope lag` prints it: end − max(committed, log start). `None` when it is unknown, without commit, or when
    /// the commit lies beyond the end.
    pub fn offsets(&self) -> Option<u64> {
        match self {
            Self::Level => Some(0),
            Self::Behind(n) => Some(*n),
            Self::BelowStart { behind, .. } | Self::Blocked { behind, .. } => Some(*behind),
            Self::NoCommit { .. } | Self::BeyondEnd(_) | Self::Unknown(_) => None,
        }
    }

    /// Offsets that were deleted before they were read.
    pub fn lost(&self) -> u64 {
        match self {
            Self::BelowStart { lost, .. } => *lost,
            _ => 0,
        }
    }

    /// The word of one look, stable for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Behind(_) => "behind",
            Self::NoCommit { .. } => "no_commit",
            Self::BelowStart { .. } => "below_start",
            Self::BeyondEnd(_) => "beyond_end",
            Self::Blocked { .. } => "blocked_by_transaction",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// The lag of many partitions: a sum that says how much of it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Over the partitions of which it is known.
    pub offsets: u64,
    /// Deleted unread, over the same.
    pub lost: u64,
    pub known: usize,
    pub of: usize,
}

impl Total {
    pub fn add(&mut self, lag: &Lag) {
        self.of += 1;
        self.lost = self.lost.saturating_add(lag.lost());
        if let Some(offsets) = lag.offsets() {
            self.known += 1;
            self.offsets = self.offsets.saturating_add(offsets);
        }
    }

    pub fn over<'a>(topics: impl IntoIterator<Item = &'a TopicPlaces>, end: End) -> Self {
        let mut total = Self::default();
        for (_, place) in topics.into_iter().flat_map(|topic| &topic.partitions) {
            total.add(&place.lag(end));
        }
        total
    }

    /// Whether every partition's lag is in it.
    pub fn is_whole(&self) -> bool {
        self.known == self.of
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Foreign, LeaderEpoch};

    fn place(committed: Option<i64>, start: i64, stable: i64, high: i64) -> Place {
        let commit = |offset| Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        Place { commit: Ok(committed.map(commit)), start: Ok(Offset(start)), stable: Ok(Offset(stable)), high: Ok(Offset(high)) }
    }

    #[test]
    fn every_case_has_its_own_word_and_none_is_a_wrong_zero() {
        let cases = [
            (place(Some(10), 0, 10, 10), Lag::Level, Some(0)),
            (place(Some(4), 0, 10, 10), Lag::Behind(6), Some(6)),
            (place(None, 3, 10, 10), Lag::NoCommit { waiting: Some(7) }, None),
            (place(Some(2), 5, 10, 10), Lag::BelowStart { lost: 3, behind: 5 }, Some(5)),
            (place(Some(12), 0, 10, 10), Lag::BeyondEnd(2), None),
            (place(Some(8), 0, 8, 10), Lag::Blocked { behind: 2, held: 2 }, Some(2)),
            (place(Some(5), 0, 8, 10), Lag::Behind(5), Some(5)),
        ];
        for (place, lag, offsets) in cases {
            assert_eq!((place.lag(End::High), place.lag(End::High).offsets()), (lag, offsets), "{place:?}");
        }
    }

    #[test]
    fn to_the_stable_end_what_is_held_back_is_no_lag_but_is_told() {
        assert_eq!(place(Some(8), 0, 8, 10).lag(End::Stable), Lag::Blocked { behind: 0, held: 2 });
        assert_eq!(place(Some(5), 0, 8, 10).lag(End::Stable), Lag::Behind(3));
        // A commit between the two ends is behind a reader's back: nothing of it is beyond the end.
        assert_eq!(place(Some(9), 0, 8, 10).lag(End::Stable), Lag::Blocked { behind: 0, held: 2 });
    }

    #[test]
    fn what_is_read_next_is_never_asked_for_where_nothing_waits() {
        let next = |committed, start| place(committed, start, 10, 10).next(End::High).map(|offset| offset.0);
        assert_eq!((next(Some(4), 0), next(Some(2), 5), next(Some(2), 10)), (Some(4), Some(5), None));
        assert_eq!((next(Some(10), 0), next(None, 0), next(Some(12), 0)), (None, None, None));
    }

    #[test]
    fn a_clock_that_is_ahead_makes_no_negative_time() {
        let behind = |ms| behind_ms(Time::from_millis(100_000), Time::from_millis(ms));
        assert_eq!((behind(90_000), behind(100_500), behind(160_001)), (Some(10_000), Some(0), None));
        assert_eq!(behind_ms(Time::from_millis(0), Time(i64::MIN)).map(|ms| ms > 0), Some(true));
    }

    #[test]
    fn an_unknown_part_makes_the_lag_unknown_and_the_total_partial() {
        let mut half = place(Some(4), 0, 10, 10);
        half.high = Err(Why::NoLeader);
        assert_eq!(half.lag(End::High), Lag::Unknown(Why::NoLeader));
        let mut total = Total::default();
        total.add(&half.lag(End::High));
        total.add(&place(Some(4), 0, 10, 10).lag(End::High));
        assert_eq!((total.offsets, total.known, total.of, total.is_whole()), (6, 1, 2, false));
    }

    #[test]
    fn positions_at_the_ends_of_the_range_do_not_overflow() {
        assert_eq!(place(Some(i64::MAX), 0, 10, 10).lag(End::High), Lag::BeyondEnd(i64::MAX.unsigned_abs() - 10));
        assert_eq!(place(Some(i64::MIN), i64::MAX, i64::MAX, i64::MAX).lag(End::High), Lag::Level);
    }
}
