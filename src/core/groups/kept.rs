//! What of the groups' past is kept for the next run: since when commits stand still, when members were seen, how the lag went.
//! So that a group that stopped yesterday is not "watching" this morning. Bounded; one file for each cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Groups;
use crate::core::effect::TaskId;
use crate::model::{ClusterId, Offset, PartitionId, Time, TopicName};

/// Groups that are kept, and partitions of each.
const GROUPS: usize = 2_000;
const PARTITIONS: usize = 500;
/// The file is written so often at most.
const EVERY: Duration = Duration::from_secs(60);
/// What is older than this says nothing any more.
const OLDEST: Duration = Duration::from_secs(14 * 86_400);

/// The content of the file. What an older or newer release left out or added does no harm. Times are microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub groups: BTreeMap<String, KeptGroup>,
}

/// One group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptGroup {
    /// Since when it is watched, and when it was looked at last.
    pub first: i64,
    pub last: i64,
    /// When members were seen last.
    pub members: Option<i64>,
    /// Columns of its lag: the number of the column and the offsets.
    pub lag: Vec<(i64, u64)>,
    pub partitions: Vec<KeptPartition>,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptPartition {
    pub topic: String,
    pub partition: i32,
    pub commit: i64,
    /// Since when the commit stands there, and whether it was seen to come there.
    pub since: i64,
    pub moved: bool,
}

/// A commit of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Earlier {
    pub commit: Offset,
    pub since: Time,
    pub moved: bool,
}

impl Groups {
    /// What the file is to hold.
    pub fn to_kept(&self) -> Kept {
        let watched = self.rows().filter_map(|row| Some((row.id().raw().to_owned(), row.past.to_kept(PARTITIONS)?)));
        Kept { groups: watched.take(GROUPS).collect() }
    }

    /// What an earlier run saw.
    pub fn recall(&mut self, mut kept: Kept, now: Time) {
        kept.groups.retain(|_, group| now.since(Time(group.last)) < OLDEST && group.last <= now.0);
        for row in self.rows.values_mut() {
            if let Some(group) = kept.groups.remove(row.listing.id.raw()) {
                row.past.recall(&group);
            }
        }
        self.earlier = kept;
    }
}

impl KeptPartition {
    pub(super) fn key(&self) -> (TopicName, PartitionId) {
        (TopicName::new(self.topic.as_str()), PartitionId(self.partition))
    }
}

/// Sees to it that the file is read once and written now and then.
#[derive(Debug, Default)]
pub struct PastKeeper {
    /// Of which cluster it was read.
    read: Option<ClusterId>,
    reading: Option<TaskId>,
    writing: Option<TaskId>,
    next: Option<Time>,
    /// It cannot be written, which was said.
    given_up: bool,
}

/// What is to be done about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    Read,
    Write,
}

impl PastKeeper {
    /// What is due; `id`: of the cluster, when it told one.
    pub fn wants(&self, id: Option<&ClusterId>, now: Time) -> Option<Wants> {
        let id = id.filter(|_| !self.given_up)?;
        if self.read.as_ref() != Some(id) {
            return self.reading.is_none().then_some(Wants::Read);
        }
        (self.reading.is_none() && self.writing.is_none() && self.next.is_some_and(|next| next <= now)).then_some(Wants::Write)
    }

    pub fn wake_at(&self) -> Option<Time> {
        self.next.filter(|_| self.writing.is_none() && !self.given_up)
    }

    pub fn reading(&mut self, id: &ClusterId, task: TaskId, now: Time) {
        (self.read, self.reading, self.next) = (Some(id.clone()), Some(task), Some(now.plus(EVERY)));
    }

    pub fn writing(&mut self, task: TaskId) {
        self.writing = Some(task);
    }

    /// The questions under way.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        [self.reading, self.writing].into_iter().flatten()
    }

    /// Whether this reply was to a question of its own; `failed`: nothing more is tried.
    pub fn ended(&mut self, task: TaskId, failed: bool, now: Time) -> bool {
        let ours = [&mut self.reading, &mut self.writing].into_iter().any(|slot| slot.take_if(|id| *id == task).is_some());
        if ours {
            self.next = Some(now.plus(EVERY));
            self.given_up |= failed;
        }
        ours
    }
}

/// The file of a cluster in the state folder; `None` when its id is no name for a file.
pub fn path(folder: &Path, id: &ClusterId) -> Option<PathBuf> {
    let name = id.raw();
    let plain = !name.is_empty() && name.len() <= 100 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    plain.then(|| folder.join("lag").join(format!("{name}.json")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::groups::past::GroupPast;
    use crate::core::lag::{Place, TopicPlaces};
    use crate::model::{Commit, Foreign, GroupState, LeaderEpoch, TopicId};

    fn at(seconds: u64) -> Time {
        Time::from_millis(1_795_178_467_000).plus(Duration::from_secs(seconds))
    }

    fn places(committed: i64, high: i64) -> Vec<TopicPlaces> {
        let commit = Commit { offset: Offset(committed), epoch: LeaderEpoch(-1), metadata: Foreign::new("") };
        let place = Place { commit: Ok(Some(commit)), start: Ok(Offset(0)), stable: Ok(Offset(high)), high: Ok(Offset(high)) };
        vec![TopicPlaces { topic: TopicName::new("orders"), id: TopicId::default(), partitions: vec![(PartitionId(0), place)] }]
    }

    #[test]
    fn a_commit_that_stands_where_it_stood_in_an_earlier_run_stands_since_then() {
        let mut first = GroupPast::default();
        first.saw_state(&GroupState::Stable, at(0));
        first.saw(&places(5, 90), at(0));
        first.saw(&places(7, 95), at(10));
        let kept = first.to_kept(10).unwrap();
        let text = serde_json::to_string(&kept).unwrap();
        let read: KeptGroup = serde_json::from_str(&text).unwrap();
        assert_eq!(read, kept);

        let mut later = GroupPast::default();
        later.recall(&read);
        later.saw(&places(7, 900), at(5_000));
        let past = later.of(&TopicName::new("orders"), PartitionId(0)).unwrap();
        assert_eq!((past.still_since, past.has_moved, later.watched_since()), (at(10), true, Some(at(0))));

        let mut moved = GroupPast::default();
        moved.recall(&read);
        moved.saw(&places(8, 900), at(5_000));
        assert_eq!(moved.of(&TopicName::new("orders"), PartitionId(0)).unwrap().still_since, at(5_000));
    }

    #[test]
    fn a_cluster_whose_id_is_no_file_name_has_no_file() {
        let of = |id: &str| path(Path::new("/state"), &ClusterId::new(id));
        assert_eq!(of("q2kZ_-9"), Some(PathBuf::from("/state/lag/q2kZ_-9.json")));
        assert_eq!((of("../x"), of(""), of("a/b")), (None, None, None));
    }
}
