//! What was seen of a group while kscope watched it: how its lag went, how fast its logs grow and its commits move, since when
//! a commit stands still. Verdicts are made of this and of the last look; one look alone proves little.

mod columns;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::kept::{Earlier, KeptGroup, KeptPartition};
use crate::core::lag::{End, Lag, Place, TopicPlaces, Total};
use crate::model::{GroupState, Offset, PartitionId, Time, TopicId, TopicName};
pub use columns::Columns;

/// Rates follow a change by two thirds within so many seconds.
const SMOOTHING: f64 = 12.0;
/// Two looks closer to each other say nothing about a rate.
const LEAST_GAP: Duration = Duration::from_millis(400);
/// A group counts as in use so long after a member was seen: a consumer that crashes and comes back is away for seconds.
const IN_USE: Duration = Duration::from_secs(60);

/// One column of a group's lag.
const COLUMN: Duration = Duration::from_secs(15);
/// Columns of a group's lag: a quarter of an hour.
pub const GROUP_COLUMNS: usize = 60;
/// Of one partition's.
pub const PARTITION_COLUMNS: usize = 15;

/// What was seen of a group.
#[derive(Debug, Clone)]
pub struct GroupPast {
    /// When it was looked at first and last.
    first: Option<Time>,
    last: Option<Time>,
    lag: Columns<GROUP_COLUMNS>,
    partitions: HashMap<(TopicName, PartitionId), PartitionPast>,
    /// When the group was last seen with members, and without.
    pub with_members: Option<Time>,
    pub without_members: Option<Time>,
    /// The first moment of the present stretch without members.
    pub empty_since: Option<Time>,
    rewound: Option<Rewound>,
    /// When a commit was last seen to have moved while no member was there before or after it.
    pub moved_alone: Option<Time>,
    /// Where commits stood in an earlier run; each is forgotten once the partition was looked at.
    earlier: BTreeMap<(TopicName, PartitionId), Earlier>,
    /// Which topics the names stood for at the last look, and when one was seen to stand for another.
    topics: BTreeMap<TopicName, TopicId>,
    remade: BTreeMap<TopicName, Time>,
}

/// A commit that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewound {
    pub at: Time,
    pub topic: TopicName,
    pub partition: PartitionId,
    pub from: Offset,
    pub to: Offset,
}

/// What was seen of one partition of a group.
#[derive(Debug, Clone)]
pub struct PartitionPast {
    /// The commit, and when it was seen first.
    pub commit: Option<Offset>,
    pub still_since: Time,
    /// Whether it was ever seen to move: only then is `still_since` the moment of that, else it stood longer.
    pub has_moved: bool,
    /// When it was last looked at.
    pub at: Time,
    /// The high watermark then.
    pub end: Option<Offset>,
    /// Offsets a second, smoothed; `None` until two looks.
    pub produced: Option<f64>,
    pub committed: Option<f64>,
    pub lag: Columns<PARTITION_COLUMNS>,
}

impl Default for GroupPast {
    fn default() -> Self {
        Self {
            first: None,
            last: None,
            lag: Columns::new(COLUMN),
            partitions: HashMap::new(),
            with_members: None,
            without_members: None,
            empty_since: None,
            rewound: None,
            moved_alone: None,
            earlier: BTreeMap::new(),
            topics: BTreeMap::new(),
            remade: BTreeMap::new(),
        }
    }
}

impl GroupPast {
    /// The group was listed or described in this state.
    pub fn saw_state(&mut self, state: &GroupState, now: Time) {
        match state.has_members() {
            Some(true) => {
                self.with_members = Some(now);
                self.empty_since = None;
            }
            Some(false) => {
                self.without_members = Some(now);
                self.empty_since.get_or_insert(now);
            }
            None => {}
        }
    }

    /// The group was looked at.
    pub fn saw(&mut self, topics: &[TopicPlaces], now: Time) {
        self.first.get_or_insert(now);
        let before = self.last.replace(now);
        let total = Total::over(topics, End::High);
        // A sum that lacks a part is no point of a line.
        if total.is_whole() {
            self.lag.set(now, total.offsets);
        }
        let mut moved = false;
        for topic in topics {
            self.saw_topic(topic, now);
            for (id, place) in &topic.partitions {
                moved |= self.saw_partition(&topic.topic, *id, place, now);
            }
        }
        let alone = self.empty_since.is_some_and(|since| before.is_some_and(|before| since <= before));
        if moved && alone {
            self.moved_alone = Some(now);
        }
        self.partitions.retain(|_, past| now.since(past.at) < Duration::from_secs(3600));
    }

    /// Whether its name still stands for the same topic.
    fn saw_topic(&mut self, topic: &TopicPlaces, now: Time) {
        if !topic.id.is_known() {
            return;
        }
        let before = self.topics.insert(topic.topic.clone(), topic.id);
        if before.is_some_and(|before| before != topic.id) {
            self.remade.insert(topic.topic.clone(), now);
        }
    }

    /// When a topic was seen to have been deleted and made again, if the commit on this partition is from before: it is an
    /// offset of another log, whatever it looks like in this one.
    pub fn of_former_topic(&self, topic: &TopicName, partition: PartitionId) -> Option<Time> {
        let at = *self.remade.get(topic)?;
        let past = self.of(topic, partition)?;
        (past.commit.is_some() && past.still_since < at).then_some(at)
    }

    /// Whether its commit has moved since the last look.
    fn saw_partition(&mut self, topic: &TopicName, id: PartitionId, place: &Place, now: Time) -> bool {
        let Ok(commit) = &place.commit else { return false };
        let commit = commit.as_ref().map(|commit| commit.offset);
        let end = place.high.as_ref().ok().copied();
        let lag = place.lag(End::High).offsets();
        let fresh = || PartitionPast {
            commit,
            still_since: now,
            has_moved: false,
            at: now,
            end,
            produced: None,
            committed: None,
            lag: Columns::new(Duration::from_secs(60)),
        };
        let earlier = self.earlier.remove(&(topic.clone(), id)).filter(|earlier| Some(earlier.commit) == commit);
        let known = self.partitions.contains_key(&(topic.clone(), id));
        let past = self.partitions.entry((topic.clone(), id)).or_insert_with(fresh);
        if let Some(lag) = lag {
            past.lag.set(now, lag);
        }
        if !known {
            if let Some(earlier) = earlier {
                (past.still_since, past.has_moved) = (earlier.since.min(now), earlier.moved);
            }
            return false;
        }
        let gap = now.since(past.at);
        if gap < LEAST_GAP && past.commit == commit {
            return false;
        }
        let more = |new: Option<Offset>, old: Option<Offset>| Some(new?.0.saturating_sub(old?.0));
        past.produced = follow(past.produced, more(end, past.end), gap);
        past.committed = follow(past.committed, more(commit, past.commit), gap);
        let moved = past.commit != commit;
        if let (Some(from), Some(to)) = (past.commit, commit)
            && to < from
        {
            self.rewound = Some(Rewound { at: now, topic: topic.clone(), partition: id, from, to });
            past.committed = None;
        }
        if moved {
            (past.commit, past.still_since, past.has_moved) = (commit, now, true);
        }
        (past.at, past.end) = (now, end.or(past.end));
        moved
    }

    pub fn of(&self, topic: &TopicName, partition: PartitionId) -> Option<&PartitionPast> {
        self.partitions.get(&(topic.clone(), partition))
    }

    /// The group's lag by quarter minutes; what was not seen whole is none.
    pub fn lag(&self, now: Time) -> [Option<u64>; GROUP_COLUMNS] {
        self.lag.values(now)
    }

    /// How long the columns reach back.
    pub fn span(&self) -> Duration {
        self.lag.span()
    }

    /// Since when it is watched.
    pub fn watched_since(&self) -> Option<Time> {
        self.first
    }

    /// Offsets a second that come in over all partitions; `None` until all were seen twice.
    pub fn produced(&self) -> Option<f64> {
        self.sum(|past| past.produced)
    }

    /// Offsets a second by which commits move. A partition without a commit adds nothing.
    pub fn committed(&self) -> Option<f64> {
        self.sum(|past| if past.commit.is_none() { Some(0.0) } else { past.committed })
    }

    fn sum(&self, rate: impl Fn(&PartitionPast) -> Option<f64>) -> Option<f64> {
        let last = self.last?;
        let seen = self.partitions.values().filter(|past| past.at == last);
        let rates: Option<Vec<f64>> = seen.map(rate).collect();
        rates.filter(|rates| !rates.is_empty()).map(|rates| rates.iter().sum())
    }

    /// The newest commit that was seen to move, and when.
    pub fn last_move(&self) -> Option<Time> {
        self.partitions.values().filter(|past| past.has_moved).map(|past| past.still_since).max()
    }

    /// For the next run; `None` before it was looked at.
    pub(super) fn to_kept(&self, most: usize) -> Option<KeptGroup> {
        let partition = |((topic, id), past): (&(TopicName, PartitionId), &PartitionPast)| {
            let commit = past.commit?;
            let (topic, since, moved) = (topic.raw().to_owned(), past.still_since.0, past.has_moved);
            Some(KeptPartition { topic, partition: id.0, commit: commit.0, since, moved })
        };
        Some(KeptGroup {
            first: self.first?.0,
            last: self.last?.0,
            members: self.with_members.map(|at| at.0),
            lag: self.lag.numbered(),
            partitions: self.partitions.iter().filter_map(partition).take(most).collect(),
        })
    }

    /// What an earlier run saw.
    pub(super) fn recall(&mut self, kept: &KeptGroup) {
        let earlier = Time(kept.first);
        self.first = Some(self.first.map_or(earlier, |first| first.min(earlier)));
        self.with_members = self.with_members.max(kept.members.map(Time));
        let past = std::mem::replace(&mut self.lag, Columns::new(COLUMN));
        for (number, offsets) in &kept.lag {
            self.lag.set_column(*number, *offsets);
        }
        for (number, offsets) in past.numbered() {
            self.lag.set_column(number, offsets);
        }
        for partition in &kept.partitions {
            let known = Earlier { commit: Offset(partition.commit), since: Time(partition.since), moved: partition.moved };
            match self.partitions.get_mut(&partition.key()) {
                Some(past) if past.commit == Some(known.commit) => past.still_since = past.still_since.min(known.since),
                Some(_) => {}
                None => drop(self.earlier.insert(partition.key(), known)),
            }
        }
    }

    /// Whether members are there or were there a moment ago.
    pub fn in_use(&self, now: Time) -> bool {
        self.with_members.is_some_and(|at| now.since(at) < IN_USE)
    }

    /// The last commit that went back.
    pub fn rewound(&self) -> Option<&Rewound> {
        self.rewound.as_ref()
    }
}

/// A smoothed rate after one more measurement.
fn follow(rate: Option<f64>, more: Option<i64>, gap: Duration) -> Option<f64> {
    let Some(more) = more.filter(|more| *more >= 0) else { return rate.filter(|_| false) };
    if gap < LEAST_GAP {
        return rate;
    }
    let seconds = gap.as_secs_f64();
    let measured = float(more) / seconds;
    let share = 1.0 - (-seconds / SMOOTHING).exp();
    Some(rate.map_or(measured, |old| old + (measured - old) * share))
}

/// Whether a partition has something to read as far as one look tells.
pub fn is_behind(lag: &Lag) -> bool {
    lag.offsets().is_some_and(|offsets| offsets > 0)
}

#[expect(clippy::cast_precision_loss, reason = "a rate has no more digits than a float")]
fn float(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Commit, Foreign, LeaderEpoch};

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
    }

    fn places(commits: &[(Option<i64>, i64)]) -> Vec<TopicPlaces> {
        let commit = |offset: i64| Commit { offset: Offset(offset), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        let place = |(committed, end): &(Option<i64>, i64)| Place {
            commit: Ok(committed.map(commit)),
            start: Ok(Offset(0)),
            stable: Ok(Offset(*end)),
            high: Ok(Offset(*end)),
        };
        let partitions = (0..).map(PartitionId).zip(commits.iter().map(place)).collect();
        vec![TopicPlaces { topic: TopicName::new("orders"), id: TopicId::default(), partitions }]
    }

    #[test]
    fn rates_and_stillness_come_from_two_looks() {
        let mut past = GroupPast::default();
        past.saw(&places(&[(Some(10), 100), (Some(5), 50)]), at(0));
        assert_eq!((past.produced(), past.committed()), (None, None), "one look is no rate");
        past.saw(&places(&[(Some(30), 200), (Some(5), 50)]), at(10));
        assert_eq!((past.produced(), past.committed()), (Some(10.0), Some(2.0)));
        let still = past.of(&TopicName::new("orders"), PartitionId(1)).unwrap();
        assert_eq!((still.still_since, still.has_moved), (at(0), false));
        assert_eq!(past.last_move(), Some(at(10)));
    }

    #[test]
    fn a_commit_that_goes_back_is_told_and_one_that_moves_without_members_too() {
        let mut past = GroupPast::default();
        past.saw_state(&GroupState::Empty, at(0));
        past.saw(&places(&[(Some(10), 100)]), at(0));
        past.saw_state(&GroupState::Empty, at(5));
        past.saw(&places(&[(Some(4), 100)]), at(5));
        let rewound = past.rewound().unwrap();
        assert_eq!((rewound.from, rewound.to, past.moved_alone), (Offset(10), Offset(4), Some(at(5))));
        assert!(!past.in_use(at(5)));
        past.saw_state(&GroupState::Stable, at(6));
        assert!(past.in_use(at(60)) && !past.in_use(at(70)));
    }

    #[test]
    fn a_commit_that_outlived_its_topic_is_not_taken_for_one_of_the_new() {
        let named = |id: u8, commits: &[(Option<i64>, i64)]| {
            let mut topics = places(commits);
            topics[0].id = TopicId([id; 16]);
            topics
        };
        let mut past = GroupPast::default();
        let former = |past: &GroupPast, n: i32| past.of_former_topic(&TopicName::new("orders"), PartitionId(n));
        past.saw(&named(1, &[(Some(5), 9), (Some(5), 9)]), at(0));
        past.saw(&named(1, &[(Some(7), 9), (Some(5), 9)]), at(10));
        assert_eq!(former(&past, 0), None);
        // The one commits into the new log, the other's commit is what it was.
        past.saw(&named(2, &[(Some(1), 9), (Some(5), 9)]), at(20));
        assert_eq!((former(&past, 0), former(&past, 1)), (None, Some(at(20))));
        past.saw(&named(2, &[(Some(1), 9), (Some(6), 9)]), at(30));
        assert_eq!(former(&past, 1), None);
    }
}
