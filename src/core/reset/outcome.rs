//! Carrying a plan out, as values: the order, the steps on the way, and how it ended.

use std::path::PathBuf;
use std::time::Duration;

use super::{Difference, Obstacle, Plan};
use crate::core::guard::{About, Intent};
use crate::model::{Cause, Commit, Failure, Foreign, GroupState, Member, Offset, PartitionId, TopicName, Why};
use crate::text::units;

/// A plan to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub plan: Plan,
    /// Commits are looked at for at least so long, counted from when the plan was made, before anything is written: what
    /// moves while the group is empty is committed from outside of it. Zero: not at all. Of no account when armed.
    pub sample: Duration,
    /// For so long the group is looked at afterwards.
    pub watch: Duration,
}

/// How far it has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Armed: the group has members still.
    Waiting {
        state: GroupState,
        members: Vec<Member>,
    },
    /// Looking for commits from outside; so long yet.
    Sampling {
        left: Duration,
    },
    /// Everything is read once more.
    Rechecking,
    /// What stands there now is on disk.
    Kept(PathBuf),
    /// The request is on its way.
    Committing {
        partitions: usize,
    },
    /// Reading back.
    Verifying,
    /// The outcome is known; what follows is watching.
    Written(Vec<Outcome>),
    Watching(Watched),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub ended: Ended,
    /// The file that `group undo` puts back, when one was written.
    pub undo: Option<PathBuf>,
    /// What was seen afterwards; `None` when nobody looked.
    pub watched: Option<Watched>,
    /// The outcome could not be written to the audit log, which holds the intent.
    pub unlogged: Option<Foreign>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Nothing was written.
    Stopped(Stop),
    /// Something was sent: what became of each partition that was to be changed.
    Written(Vec<Outcome>),
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    Obstacle(Obstacle),
    /// What was read just before is not what the plan was made from.
    Changed(Vec<Difference>),
    /// Commits moved while the group had no members.
    Outsider(Vec<Difference>),
    /// Another kscope is about to write, or to read back what it wrote.
    Busy,
    /// What stands there could not be put on disk: without a way back nothing is written.
    NoUndo(Foreign),
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub fate: Fate,
    /// What stands there, read afterwards.
    pub read_back: Result<Option<Commit>, Why>,
}

/// What became of a partition's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Read back: it stands there.
    Applied,
    /// The broker refused it, in its words.
    Refused(Foreign),
    /// Refused for a right that is missing: which one.
    Forbidden(Foreign),
    /// Nothing came of it: read back, the old commit stands there.
    NotApplied(Foreign),
    /// It was committed, and something else stands there by now.
    Overwritten,
    /// It cannot be told yet: why.
    Unknown(Foreign),
}

/// What was seen after a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// How long it was looked at.
    pub seconds: u64,
    /// Commits that were not ours while the group had no members: another consumer commits from outside of it.
    pub overwritten: Vec<(TopicName, PartitionId, Option<Offset>)>,
    /// After so many seconds the group had members; how many.
    pub resumed: Option<(u64, usize)>,
    /// Where those have committed since, of the partitions of the plan.
    pub moved: Vec<(TopicName, PartitionId, Offset)>,
    /// Offsets not yet read over the partitions of the plan; `None` when it is not known.
    pub lag: Option<u64>,
    /// How many of those are read in a second, net; `None` before it can be told.
    pub per_second: Option<u64>,
    pub ended: bool,
}

impl Order {
    /// What the audit log says before it; the gate adds the context.
    pub fn intent(&self, armed: bool) -> Intent {
        let totals = self.plan.totals();
        let about = About::Group {
            group: self.plan.wish.group.clone(),
            armed,
            partitions: totals.changed,
            skipped: totals.skipped,
            repeated: totals.repeated,
            plan: self.plan.hash(),
        };
        Intent { deed: self.plan.wish.deed.word(), about, cluster: self.plan.cluster.clone(), context: None }
    }
}

impl Fate {
    /// The stable word of `outcome`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Applied => "committed",
            Self::Refused(_) | Self::Forbidden(_) | Self::NotApplied(_) | Self::Overwritten => "failed",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What went wrong; may be foreign in parts.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Applied => None,
            Self::Refused(why) | Self::Forbidden(why) | Self::NotApplied(why) | Self::Unknown(why) => Some(why.raw()),
            Self::Overwritten => Some("it was committed, and another commit stands there by now"),
        }
    }
}

impl Ended {
    /// How many were committed, failed and are unknown.
    pub fn counts(&self) -> (usize, usize, usize) {
        let Self::Written(outcomes) = self else { return (0, 0, 0) };
        let of = |word: &str| outcomes.iter().filter(|outcome| outcome.fate.word() == word).count();
        (of("committed"), of("failed"), of("unknown"))
    }

    /// The exit code of the command line: 0 when all is committed, 1 when nothing is (4 when all of it for a missing right), 7 for a
    /// part.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Stopped(stop) => stop.failure().exit_code(),
            Self::Written(outcomes) => match self.counts() {
                (_, 0, 0) => 0,
                _ if outcomes.iter().all(|outcome| matches!(outcome.fate, Fate::Forbidden(_))) => 4,
                (0, _, 0) => 1,
                _ => 7,
            },
        }
    }
}

impl Stop {
    /// In words, a line each; parts may be foreign.
    pub fn lines(&self) -> Vec<String> {
        let listed = |first: &str, differences: &[Difference]| {
            std::iter::once(first.to_owned()).chain(differences.iter().map(Difference::sentence)).collect()
        };
        match self {
            Self::Obstacle(obstacle) => vec![obstacle.sentence()],
            Self::Changed(differences) => listed("nothing was written: it is not as it was when the plan was made", differences),
            Self::Outsider(differences) => {
                listed("nothing was written: something outside the group's membership commits here", differences)
            }
            Self::Busy => vec!["nothing was written: another kscope is changing this group".to_owned()],
            Self::NoUndo(why) => vec![format!("nothing was written: the file for undo cannot be, {}", why.raw())],
        }
    }

    pub fn hint(&self) -> &'static str {
        match self {
            Self::Obstacle(obstacle) => obstacle.hint(),
            Self::Changed(_) => "make the plan anew",
            Self::Busy => "see what it did, then make the plan anew",
            Self::Outsider(_) => {
                "find what commits without joining the group: a program with assign(), Flink, another kscope; then make the plan anew"
            }
            Self::NoUndo(_) => "KSCOPE_STATE_DIR can name another folder",
        }
    }

    /// As an error of the command line.
    pub fn failure(&self) -> Failure {
        let what = "change the group";
        let text = Foreign::new(self.lines().join("\n  "));
        let cause = match self {
            Self::NoUndo(_) => Cause::File(text),
            _ => Cause::Stopped(text),
        };
        Failure::new(what, cause).hint(self.hint())
    }
}

impl Report {
    /// In one line.
    pub fn sentence(&self) -> String {
        match &self.ended {
            Ended::Stopped(stop) => stop.lines().into_iter().next().unwrap_or_default(),
            Ended::Written(_) => {
                let (committed, failed, unknown) = self.ended.counts();
                let part = |n: usize, word: &str| (n > 0).then(|| format!("{} {word}", units::thousands(units::wide(n))));
                let parts = [part(committed, "committed"), part(failed, "failed"), part(unknown, "unknown")];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                if parts.is_empty() { "done".to_owned() } else { parts.join(", ") }
            }
        }
    }
}

impl Watched {
    /// When everything will be read at this rate.
    pub fn eta(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.lag?.checked_div(self.per_second?)?))
    }
}
