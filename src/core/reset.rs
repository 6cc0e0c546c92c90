//! Changes of what a group has committed, as values: the wish, the plan that comes of it, and how it went.
//!
//! A [`Wish`] says what is wanted: a [`Deed`] over a [`Scope`]. `io::reset` reads the cluster and hands a [`Look`] to
//! [`plan::of`], which makes the [`Plan`]: absolute numbers for each partition, each with the reason why it is what it is. The
//! numbers that are shown are the numbers that are committed. What became of it is a [`Report`].
//!
//! Pure. To add a target: a variant of [`Target`], an arm in `plan`, one in `command`.

pub mod command;
pub mod csv;
mod differ;
pub mod outcome;
pub mod plan;
mod reason;
pub mod when;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::lag::Place;
use crate::model::{
    BrokerId, ClusterId, Commit, Foreign, GroupId, GroupKind, GroupState, Member, Offset, PartitionId, Time, TopicId, TopicName,
};

pub use differ::{Difference, differences};
pub use outcome::{Ended, Fate, Order, Outcome, Report, Step, Stop, Watched};
pub use plan::{GroupFacts, Look, Sought, Spot, TopicLook};
pub use reason::{Caution, Left, Note, Obstacle};

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub group: GroupId,
    pub deed: Deed,
    /// Which partitions; of no account for an undo and a deletion, which have their own.
    pub scope: Scope,
    /// What was changed by hand in the preview; wins over the deed, also for partitions outside the scope.
    pub edits: Vec<Edit>,
}

/// What is to be done to the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Reset(Target),
    /// Put back the commits, and the absences of commits, that an earlier change replaced.
    Undo(Kept),
    /// Give this group, which does not exist yet, the commits of another.
    Copy {
        from: GroupId,
    },
    /// Forget the commits of the scope.
    Forget,
    /// Delete the group with all its commits.
    Delete,
}

/// Which saved state is to be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// What the latest change of this group replaced.
    Latest,
    /// That file, in our form (.json) or in Kafka's (.csv).
    File(PathBuf),
}

/// Where the commits go: the scenarios of kafka-consumer-groups.sh, another group's commits, and one record skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Earliest,
    /// The high watermark.
    Latest,
    /// Where the group is; the log's end where it has no commit. Nothing is clamped.
    Current,
    Offset(i64),
    Shift(i64),
    /// The first record at or after that many milliseconds since 1970.
    Time(i64),
    /// The first record since so many milliseconds ago; before zero lies the future.
    Ago(i64),
    /// Where another group is.
    Group(GroupId),
    /// An offset for each: a CSV file, rows edited by hand.
    Each(BTreeMap<(TopicName, PartitionId), Offset>),
    /// What a CSV file of Kafka's form says; a preview reads it and makes [`Target::Each`] of it.
    File(PathBuf),
    /// Behind one record: the one at `offset`, or the next that the group reads.
    Skip {
        topic: TopicName,
        partition: PartitionId,
        offset: Option<Offset>,
    },
}

/// Which partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every partition that the group has a commit for (`--all-topics`).
    Committed,
    /// These topics, all partitions (`None`) or the ones named, whether they have a commit or not.
    Topics(Vec<(TopicName, Option<Vec<PartitionId>>)>),
}

/// A row that was changed by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub topic: TopicName,
    pub partition: PartitionId,
    /// The offset to commit; `None`: leave this partition alone.
    pub offset: Option<Offset>,
}

/// What will be done: computed once, shown, and carried out as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub wish: Wish,
    /// When the commits were read.
    pub at: Time,
    pub cluster: Option<ClusterId>,
    pub group: GroupFacts,
    /// In order of topic and partition.
    pub rows: Vec<Row>,
    /// The moment that a time or a duration came to, in milliseconds since 1970.
    pub time_ms: Option<i64>,
    /// The file that an undo puts back.
    pub restored: Option<PathBuf>,
}

/// One partition of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub topic: TopicName,
    /// Not known when the topic is not there, or the broker older than 2.8.
    pub id: TopicId,
    pub partition: PartitionId,
    /// Where the group and the log stand; for a share group its start stands in place of a commit.
    pub place: Place,
    pub to: To,
    pub notes: Vec<Note>,
}

/// What becomes of a partition's commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// This offset is committed, without epoch and metadata, as Kafka's own tool does.
    Commit(Offset),
    /// This commit is made as it was, with epoch and metadata.
    Restore(Commit),
    /// The commit is forgotten.
    Forget,
    Leave(Left),
}

/// The plan in numbers. All are of offsets, which are no records where a log has gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub partitions: usize,
    /// Those that are written to.
    pub changed: usize,
    pub unchanged: usize,
    /// Those that are left alone because their target cannot be computed, or by hand.
    pub left: usize,
    /// Those that get a commit for the first time.
    pub first: usize,
    /// Those whose commit is forgotten.
    pub forgotten: usize,
    /// Offsets in the logs that the group will not read.
    pub skipped: u64,
    /// Offsets in the logs that it will read again.
    pub repeated: u64,
    /// Offsets that are gone already: deleted before they were read.
    pub lost: u64,
}

impl Wish {
    pub fn reset(group: GroupId, scope: Scope, target: Target) -> Self {
        Self { group, deed: Deed::Reset(target), scope, edits: Vec::new() }
    }

    /// The edit of a partition, when there is one.
    pub fn edit(&self, topic: &TopicName, partition: PartitionId) -> Option<&Edit> {
        // The last word counts.
        self.edits.iter().rev().find(|edit| edit.partition == partition && edit.topic == *topic)
    }
}

impl Deed {
    /// The stable word of audit lines and files.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Reset(_) => "reset",
            Self::Undo(_) => "undo",
            Self::Copy { .. } => "copy",
            Self::Forget => "delete-offsets",
            Self::Delete => "delete",
        }
    }
}

impl To {
    /// The offset that will stand there; `None` when there will be none, or it is left alone.
    pub fn offset(&self) -> Option<Offset> {
        match self {
            Self::Commit(offset) => Some(*offset),
            Self::Restore(commit) => Some(commit.offset),
            Self::Forget | Self::Leave(_) => None,
        }
    }
}

impl Row {
    /// The commit as it was read; `None` when there is none or it is unknown.
    pub fn committed(&self) -> Option<&Commit> {
        self.place.commit.as_ref().ok()?.as_ref()
    }

    /// The offset after the change: of a row that is left alone it is unknown here, so `None`.
    pub fn target(&self) -> Option<Offset> {
        self.to.offset()
    }

    /// How far the commit moves; `None` without a commit before or after.
    pub fn change(&self) -> Option<i64> {
        self.target()?.0.checked_sub(self.committed()?.offset.0)
    }

    /// Whether anything is written.
    pub fn changes(&self) -> bool {
        match &self.to {
            To::Commit(offset) => self.committed().map(|commit| commit.offset) != Some(*offset),
            To::Restore(commit) => self.committed() != Some(commit),
            To::Forget => self.committed().is_some(),
            To::Leave(_) => false,
        }
    }

    /// Whether what stands there now is what was wanted.
    pub fn is_reached(&self, now: Option<&Commit>) -> bool {
        match &self.to {
            To::Commit(offset) => now.map(|commit| commit.offset) == Some(*offset),
            To::Restore(commit) => now == Some(commit),
            To::Forget => now.is_none(),
            To::Leave(_) => false,
        }
    }

    /// All that is to be said of it, in order, as one text; empty when there is nothing. Ours, but for a broker's words in it.
    pub fn note(&self) -> String {
        let left = match &self.to {
            To::Leave(left) => Some(left.sentence()),
            _ => None,
        };
        left.into_iter().chain(self.notes.iter().map(Note::sentence)).collect::<Vec<_>>().join("; ")
    }

    /// Offsets in the log that will not be read, and those that will be read again.
    fn moved(&self) -> (u64, u64) {
        let (Some(from), Some(to)) = (self.committed(), self.target()) else { return (0, 0) };
        let (start, high) = (self.place.start.as_ref().ok().map(|at| at.0), self.place.high.as_ref().ok().map(|at| at.0));
        let within = |at: i64| at.max(start.unwrap_or(i64::MIN)).min(high.unwrap_or(i64::MAX));
        let (from, to) = (within(from.offset.0), within(to.0));
        let distance = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        (distance(from, to), distance(to, from))
    }
}

impl Plan {
    /// The rows that are written.
    pub fn changing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.changes())
    }

    pub fn row(&self, topic: &TopicName, partition: PartitionId) -> Option<&Row> {
        let at = self.rows.binary_search_by(|row| (&row.topic, row.partition).cmp(&(topic, partition))).ok()?;
        self.rows.get(at)
    }

    pub fn totals(&self) -> Totals {
        let mut totals = Totals { partitions: self.rows.len(), ..Totals::default() };
        for row in &self.rows {
            match &row.to {
                To::Leave(_) => totals.left += 1,
                _ if !row.changes() => totals.unchanged += 1,
                to => {
                    totals.changed += 1;
                    totals.first += usize::from(matches!(row.place.commit, Ok(None)));
                    totals.forgotten += usize::from(*to == To::Forget);
                }
            }
            let (skipped, repeated) = row.moved();
            totals.skipped = totals.skipped.saturating_add(skipped);
            totals.repeated = totals.repeated.saturating_add(repeated);
            let lost = row.notes.iter().find_map(|note| if let Note::WasBelowStart { lost } = note { Some(*lost) } else { None });
            totals.lost = totals.lost.saturating_add(lost.unwrap_or(0));
        }
        totals
    }

    /// What stands against carrying it out now; members can be waited for (`Ask::Arm`).
    pub fn obstacle(&self) -> Option<Obstacle> {
        let group = &self.group;
        if let Deed::Copy { .. } = self.wish.deed {
            return if group.listed { Some(Obstacle::Exists) } else { self.nothing() };
        }
        if !group.kind.may_change() {
            return Some(Obstacle::Kind(group.kind.clone()));
        }
        match group.state.has_members() {
            Some(false) if group.state == GroupState::Dead => Some(Obstacle::State(group.state.clone())),
            // A state may be a moment older than the members.
            Some(false) if group.members.is_empty() => self.nothing(),
            None => Some(Obstacle::State(group.state.clone())),
            _ if self.wish.deed == Deed::Forget && group.kind != GroupKind::Share => match self.read_by_members() {
                Some(topic) => Some(Obstacle::Subscribed(topic)),
                None => self.nothing(),
            },
            _ => Some(Obstacle::Members { state: group.state.clone(), members: group.members.len() }),
        }
    }

    fn nothing(&self) -> Option<Obstacle> {
        // A group can be deleted though it has no commits.
        (self.wish.deed != Deed::Delete && self.changing().next().is_none()).then_some(Obstacle::Nothing)
    }

    /// A topic of the plan that a member reads, as far as members tell.
    fn read_by_members(&self) -> Option<TopicName> {
        let reads = |row: &&Row| {
            self.group.members.iter().any(|member| match (&member.subscribed, &member.pattern) {
                (Some(topics), None) => topics.contains(&row.topic) || member.has(&row.topic, row.partition),
                // Not told in a form that we know: the broker is asked, and refuses.
                _ => false,
            })
        };
        self.changing().find(reads).map(|row| row.topic.clone())
    }

    /// What one should know before it is carried out.
    pub fn cautions(&self) -> Vec<Caution> {
        let id = self.group.id.raw();
        let protocol = self.group.protocol.raw();
        let clients = |word: &str| self.group.members.iter().any(|member| member.client_id.raw().to_ascii_lowercase().contains(word));
        let mut cautions = Vec::new();
        if protocol == "connect" || id.starts_with("connect-") {
            cautions.push(Caution::Connect);
        }
        if self.group.kind == GroupKind::Streams || clients("-streamthread-") {
            cautions.push(Caution::Streams);
        }
        if id.to_ascii_lowercase().contains("flink") || clients("flink") {
            cautions.push(Caution::Flink);
        }
        if !id.is_ascii() {
            cautions.push(Caution::Confusable);
        }
        let commits = self.changing().any(|row| row.target().is_some());
        if commits && self.group.kind != GroupKind::Share {
            cautions.push(Caution::Expiry);
        }
        cautions
    }

    /// A number for the plan's rows and their targets: the same for the same plan (FNV-1a, 64 bits), in hexadecimal.
    pub fn hash(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in bytes.iter().chain(b"\n") {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        add(self.wish.group.raw().as_bytes());
        add(self.wish.deed.word().as_bytes());
        for row in self.changing() {
            add(row.topic.raw().as_bytes());
            add(&row.id.0);
            add(&row.partition.0.to_be_bytes());
            let number = |offset: Option<Offset>| offset.map_or_else(|| "none".to_owned(), |offset| offset.0.to_string());
            add(number(row.committed().map(|commit| commit.offset)).as_bytes());
            add(number(row.target()).as_bytes());
        }
        format!("{hash:016x}")
    }
}

impl Default for GroupFacts {
    /// A group of which nothing is known: nothing may be changed.
    fn default() -> Self {
        Self {
            id: GroupId::new(""),
            kind: GroupKind::Untold,
            state: GroupState::Untold,
            protocol: Foreign::new(""),
            coordinator: BrokerId(-1),
            members: Vec::<Member>::new(),
            listed: false,
        }
    }
}

#[cfg(test)]
mod tests;
