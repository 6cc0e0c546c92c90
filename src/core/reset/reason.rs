//! What there is to say of a plan and its rows, and what stands against it: each with its words.

use crate::model::{GroupKind, GroupState, Offset, TopicName, Why};
use crate::text::units;

/// Why a partition is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// There is no commit to count from.
    NoCommit,
    /// The other group, or the file, has none.
    NoneThere,
    /// There is no record to skip: the commit is at the log's end.
    NoRecord,
    /// The topic was deleted and made again since: its old offsets mean nothing.
    Recreated,
    /// The topic has no such partition.
    NoPartition,
    /// It was taken out by hand.
    ByHand,
    /// A share group forgets whole topics only.
    WholeTopic,
    /// A position that is needed is unknown.
    Unknown(Why),
}

/// What one should know of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// Wanted was an offset before the log.
    ClampedToStart {
        wanted: Offset,
    },
    /// Wanted was an offset behind the log's end.
    ClampedToEnd {
        wanted: Offset,
    },
    /// No record is at or after that time: the log's end.
    NothingAfter,
    /// The group had no commit here.
    FirstCommit,
    /// To-current without a commit: the log's end.
    NoCommitSoEnd,
    /// The commit lies before the log: so many offsets were deleted unread.
    WasBelowStart {
        lost: u64,
    },
    /// The commit lies so far behind the log's end.
    WasBeyondEnd {
        by: u64,
    },
    /// The target itself lies before the log, as asked for.
    StaysBelowStart,
    /// The target itself lies behind the log's end, as asked for.
    StaysBeyondEnd,
    Edited,
    Unchanged,
}

/// What stands against carrying a plan out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Only members may commit while there are any.
    Members {
        state: GroupState,
        members: usize,
    },
    /// Members subscribe to a topic whose commits are to be forgotten.
    Subscribed(TopicName),
    State(GroupState),
    Kind(GroupKind),
    /// A copy never writes over a group.
    Exists,
    /// No row changes anything.
    Nothing,
}

/// What one should know before a change, though nothing stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caution {
    /// Offsets of a group without members expire (2.3.8 of the protocol notes; `offsets.retention.minutes`).
    Expiry,
    Connect,
    Streams,
    Flink,
    /// The id has characters that are not ASCII, or look like others.
    Confusable,
}

impl Note {
    pub fn sentence(&self) -> String {
        match self {
            Self::ClampedToStart { wanted } => format!("{} lies before the log: its start", wanted.0),
            Self::ClampedToEnd { wanted } => format!("{} lies behind the log: its end", wanted.0),
            Self::NothingAfter => "no record at or after that time: the log's end".to_owned(),
            Self::FirstCommit => "first commit".to_owned(),
            Self::NoCommitSoEnd => "no commit: the log's end".to_owned(),
            Self::WasBelowStart { lost } => format!("{} before the log's start were deleted unread", units::counted(*lost, "offset")),
            Self::WasBeyondEnd { by } => format!("the commit is {} past the log's end", units::thousands(*by)),
            Self::StaysBelowStart => "before the log's start: where the group begins is its own setting".to_owned(),
            Self::StaysBeyondEnd => "past the log's end".to_owned(),
            Self::Edited => "edited".to_owned(),
            Self::Unchanged => "unchanged".to_owned(),
        }
    }

    /// Whether it is something to look at twice.
    pub fn warns(&self) -> bool {
        !matches!(self, Self::Unchanged | Self::Edited | Self::FirstCommit)
    }
}

impl Left {
    pub fn sentence(&self) -> String {
        match self {
            Self::NoCommit => "left alone: no commit to count from".to_owned(),
            Self::NoneThere => "left alone: no commit there to copy".to_owned(),
            Self::NoRecord => "left alone: no record there to skip".to_owned(),
            Self::Recreated => "left alone: the topic was deleted and made again, its old offsets mean nothing".to_owned(),
            Self::NoPartition => "left alone: there is no such partition".to_owned(),
            Self::ByHand => "left alone: taken out".to_owned(),
            Self::WholeTopic => "left alone: a share group forgets whole topics only".to_owned(),
            Self::Unknown(why) => format!("left alone: {}", crate::text::why(why)),
        }
    }
}

impl Obstacle {
    pub fn sentence(&self) -> String {
        match self {
            Self::Members { state, members } => {
                format!("the group has {} ({}): only they may commit", units::counted(units::wide(*members), "member"), state.word())
            }
            Self::Subscribed(topic) => format!("members of the group read {}: their commits cannot be forgotten", topic.raw()),
            Self::State(GroupState::Dead) => "the broker calls the group Dead: it is gone, or of a kind it does not tell of".to_owned(),
            Self::State(state) => format!("the group's state is {}, which is not known to be safe", state.word()),
            Self::Kind(kind) => format!("the group's type is {}: this release does not know how to change it", kind.word()),
            Self::Exists => "the group exists: a copy never writes over one".to_owned(),
            Self::Nothing => "nothing would change".to_owned(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Members { .. } => "stop its consumers first",
            Self::Subscribed(_) => "stop the consumers that subscribe to it first",
            Self::State(_) | Self::Kind(_) => "kscope group describe tells what the group is",
            Self::Exists => "name a group that does not exist, or use group reset with --to-group",
            Self::Nothing => "the commits stand where they are wanted",
        }
    }
}

impl Caution {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Expiry => {
                "start a consumer soon: offsets of a group without members expire (7 days after it became empty, unless offsets.retention.minutes says otherwise), whenever they were committed"
            }
            Self::Connect => {
                "this looks like a Kafka Connect sink: its connector must be stopped, and Connect has an offsets API of its own"
            }
            Self::Streams => {
                "this is a Kafka Streams application: internal topics and local state are not reset with it; kafka-streams-application-reset does that"
            }
            Self::Flink => "this looks like Flink: it restores offsets from its checkpoints and ignores what is committed",
            Self::Confusable => "the group's id has characters that are not ASCII: look at it twice",
        }
    }
}
