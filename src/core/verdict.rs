//! How a group does, in one word with its evidence: from what one look shows and what was seen before it.
//!
//! From samples alone "commits the same offset again" and "does not commit" look alike, so nothing here says more than that no
//! progress was seen, and since when.

mod losing;
pub mod words;

use std::time::Duration;

use super::groups::past::{GroupPast, is_behind};
use super::lag::{End, Lag, Place, TopicPlaces, Total};
use crate::model::{GroupState, Offset, PartitionId, Time, TopicName, Why};

/// What the judgement goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A group in use whose commits stand still for so long makes no progress.
    pub stalled_after: Duration,
    /// A commit that went back is news for so long.
    pub rewound_for: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stalled_after: Duration::from_secs(60), rewound_for: Duration::from_secs(300) }
    }
}

/// A partition of a group, and where its commit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub topic: TopicName,
    pub partition: PartitionId,
    pub offset: Offset,
}

/// See the module. Ordered by how much it wants to be looked at, see [`Verdict::severity`].
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// In use, and one partition stands still while others move or are read to their ends.
    Stuck {
        at: Spot,
        since: Time,
        partitions: usize,
    },
    /// In use, behind, and no commit moves.
    NoProgress {
        since: Time,
    },
    /// No members, behind, nothing moves. `since`: when it was last seen with members or moving, else when watching began.
    Stopped {
        since: Time,
        seen: bool,
    },
    /// Records come in faster than they are committed, by so many offsets a second.
    FallingBehind {
        by: f64,
    },
    /// Retention may delete what was not read, at the earliest after so long; `beneath`: how the group does otherwise.
    Losing {
        at: Spot,
        left: Duration,
        beneath: Box<Self>,
    },
    /// A commit of a topic that was deleted; another one has its name now.
    Remade {
        at: Spot,
        when: Time,
    },
    /// Offsets were deleted before they were read.
    Lost {
        offsets: u64,
    },
    /// A commit lies beyond the end of its log.
    BeyondEnd {
        at: Spot,
        by: u64,
    },
    /// An open transaction holds records back.
    Blocked {
        held: u64,
    },
    /// Commits move though there are no members.
    Hidden {
        since: Time,
    },
    /// A commit went back.
    Rewound {
        at: Spot,
        by: u64,
        when: Time,
    },
    /// The lag gets smaller; `None`: too slowly to tell when it is gone.
    CatchingUp {
        eta: Option<Duration>,
    },
    /// Behind by about the same all the time.
    Steady,
    /// Behind, and not yet watched long enough to say more.
    Watching,
    /// Members, nothing to read, and something comes in.
    Level,
    /// Members, nothing to read, nothing comes in.
    Idle,
    /// No members, nothing to read.
    NoMembers,
    /// Nothing is committed.
    NoCommit,
    /// What the group does is not told by commits (share groups, and types that are news to us).
    NoLag,
    Unknown(Why),
}

/// Judges a group.
pub fn judge(state: &GroupState, topics: &[TopicPlaces], past: &GroupPast, limits: Limits, now: Time) -> Verdict {
    let all = || topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (&topic.topic, *id, place)));
    if let Some(found) = rewound(past, limits, now) {
        return found;
    }
    let former = all().find_map(|(topic, partition, place)| {
        let when = past.of_former_topic(topic, partition)?;
        Some(Verdict::Remade { at: Spot { topic: topic.clone(), partition, offset: place.committed()? }, when })
    });
    if let Some(found) = former {
        return found;
    }
    let beyond = all().find_map(|(topic, partition, place)| match place.lag(End::High) {
        Lag::BeyondEnd(by) => Some((Spot { topic: topic.clone(), partition, offset: place.committed()? }, by)),
        _ => None,
    });
    if let Some((at, by)) = beyond {
        return Verdict::BeyondEnd { at, by };
    }
    // A commit that a deleted topic left behind says nothing of the others.
    let gone = Lag::Unknown(Why::NoTopic);
    let every: Vec<Lag> = all().map(|(.., place)| place.lag(End::High)).collect();
    let lags: Vec<&Lag> = every.iter().filter(|lag| **lag != gone).collect();
    if lags.is_empty() && !every.is_empty() {
        return Verdict::Unknown(Why::NoTopic);
    }
    let still = still(topics, past, limits);
    let in_use = past.in_use(now) || state.has_members() == Some(true);
    if in_use && let Some(found) = stuck(&still, topics, past, limits) {
        return found;
    }
    if let Some(Lag::Unknown(why)) = lags.iter().find(|lag| matches!(lag, Lag::Unknown(_))) {
        return Verdict::Unknown(why.clone());
    }
    if lags.is_empty() || lags.iter().all(|lag| matches!(lag, Lag::NoCommit { .. })) {
        return Verdict::NoCommit;
    }
    if !lags.iter().any(|lag| is_behind(lag)) {
        return at_the_end(in_use, past, now);
    }
    let blocked: u64 = lags.iter().map(|lag| if let Lag::Blocked { held, .. } = lag { *held } else { 0 }).sum();
    if blocked > 0 && lags.iter().all(|lag| matches!(lag, Lag::Blocked { .. }) || !is_behind(lag)) {
        return Verdict::Blocked { held: blocked };
    }
    if !in_use {
        return alone(past, limits, now);
    }
    let lost: u64 = lags.iter().map(|lag| lag.lost()).sum();
    if lost > 0 {
        return Verdict::Lost { offsets: lost };
    }
    moving(topics, past)
}

fn rewound(past: &GroupPast, limits: Limits, now: Time) -> Option<Verdict> {
    let rewound = past.rewound().filter(|rewound| now.since(rewound.at) < limits.rewound_for)?;
    let at = Spot { topic: rewound.topic.clone(), partition: rewound.partition, offset: rewound.to };
    Some(Verdict::Rewound { at, by: rewound.from.0.abs_diff(rewound.to.0), when: rewound.at })
}

fn at_the_end(in_use: bool, past: &GroupPast, now: Time) -> Verdict {
    if !in_use {
        return match past.moved_alone {
            Some(at) if now.since(at) < Duration::from_secs(120) => Verdict::Hidden { since: at },
            _ => Verdict::NoMembers,
        };
    }
    if past.produced().is_some_and(|rate| rate < 0.01) { Verdict::Idle } else { Verdict::Level }
}

/// A partition that is behind and whose commit has stood still for too long.
struct Still<'a> {
    topic: &'a TopicName,
    partition: PartitionId,
    offset: Offset,
    since: Time,
    /// Offsets to read.
    behind: u64,
}

fn still<'a>(topics: &'a [TopicPlaces], past: &GroupPast, limits: Limits) -> Vec<Still<'a>> {
    let of = |topic: &'a TopicName, partition: PartitionId, place: &Place| {
        let seen = past.of(topic, partition)?;
        let behind = is_behind(&place.lag(End::High)) && !matches!(place.lag(End::High), Lag::Blocked { .. });
        // Only what was looked at twice, so far apart: between two looks anything may have moved.
        let stands = behind && seen.at.since(seen.still_since) >= limits.stalled_after;
        let offsets = place.lag(End::High).offsets()?;
        stands.then_some(Still { topic, partition, offset: place.committed()?, since: seen.still_since, behind: offsets })
    };
    topics.iter().flat_map(|topic| topic.partitions.iter().filter_map(move |(id, place)| of(&topic.topic, *id, place))).collect()
}

fn stuck(still: &[Still<'_>], topics: &[TopicPlaces], past: &GroupPast, limits: Limits) -> Option<Verdict> {
    // Where most waits: partitions that are a record behind may stand as long by chance.
    let first = still.iter().max_by_key(|still| (still.behind, std::cmp::Reverse(still.since)))?;
    let all = || topics.iter().flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (&topic.topic, *id, place)));
    let behind = all().filter(|(.., place)| is_behind(&place.lag(End::High))).count();
    let others = all().filter(|(topic, id, _)| !still.iter().any(|s| s.topic == *topic && s.partition == *id));
    let live = others
        .filter(|(topic, id, place)| {
            let moved = past.of(topic, *id).is_some_and(|past| past.has_moved && past.at.since(past.still_since) < limits.stalled_after);
            moved || place.lag(End::High) == Lag::Level
        })
        .count();
    if live > 0 {
        let at = Spot { topic: first.topic.clone(), partition: first.partition, offset: first.offset };
        return Some(Verdict::Stuck { at, since: first.since, partitions: still.len() });
    }
    (still.len() == behind).then_some(Verdict::NoProgress { since: first.since })
}

/// Behind and without members.
fn alone(past: &GroupPast, limits: Limits, now: Time) -> Verdict {
    if let Some(at) = past.moved_alone.filter(|at| now.since(*at) < Duration::from_secs(120)) {
        return Verdict::Hidden { since: at };
    }
    let last = past.last_move().into_iter().chain(past.with_members).max();
    match (last, past.watched_since()) {
        (Some(at), _) if now.since(at) < limits.stalled_after.min(Duration::from_secs(10)) => Verdict::Watching,
        (Some(at), _) => Verdict::Stopped { since: at, seen: true },
        (None, Some(since)) => Verdict::Stopped { since, seen: false },
        (None, None) => Verdict::Watching,
    }
}

fn moving(topics: &[TopicPlaces], past: &GroupPast) -> Verdict {
    let (Some(produced), Some(committed)) = (past.produced(), past.committed()) else { return Verdict::Watching };
    let lag = float(Total::over(topics, End::High).offsets);
    // What comes in within a few seconds is on its way, not behind.
    if lag <= produced.max(1.0) * 5.0 {
        return Verdict::Level;
    }
    let net = committed - produced;
    let noise = (produced * 0.02).max(0.1);
    if net > noise {
        let seconds = lag / net;
        let eta = (seconds < 30.0 * 86_400.0).then(|| Duration::from_secs_f64(seconds));
        return Verdict::CatchingUp { eta };
    }
    if net < -noise { Verdict::FallingBehind { by: -net } } else { Verdict::Steady }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate has no more digits than a float")]
fn float(n: u64) -> f64 {
    n as f64
}

impl Verdict {
    /// The word of `kscope lag --watch`, stable for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Stuck { .. } => "stuck",
            Self::NoProgress { .. } => "no_progress",
            Self::Stopped { .. } => "stopped",
            Self::FallingBehind { .. } => "falling_behind",
            Self::Losing { .. } => "losing_data",
            Self::Remade { .. } => "topic_remade",
            Self::Lost { .. } => "below_start",
            Self::BeyondEnd { .. } => "beyond_end",
            Self::Blocked { .. } => "blocked_by_transaction",
            Self::Hidden { .. } => "hidden_consumer",
            Self::Rewound { .. } => "rewound",
            Self::CatchingUp { .. } => "catching_up",
            Self::Steady | Self::Watching => "behind",
            Self::Level => "level",
            Self::Idle => "idle",
            Self::NoMembers => "no_members",
            Self::NoCommit => "no_commit",
            Self::NoLag | Self::Unknown(_) => "unknown",
        }
    }

    /// How much it wants to be looked at: 2 act, 1 look, 0 fine.
    pub fn severity(&self) -> u8 {
        match self {
            Self::Stuck { .. }
            | Self::NoProgress { .. }
            | Self::FallingBehind { .. }
            | Self::Losing { .. }
            | Self::Remade { .. }
            | Self::Lost { .. }
            | Self::BeyondEnd { .. } => 2,
            // What was not asked yet will be known in a moment.
            Self::Unknown(why) => u8::from(*why != Why::NotAsked),
            Self::Stopped { .. } | Self::Blocked { .. } | Self::Hidden { .. } | Self::Rewound { .. } => 1,
            Self::CatchingUp { .. }
            | Self::Steady
            | Self::Watching
            | Self::Level
            | Self::Idle
            | Self::NoMembers
            | Self::NoCommit
            | Self::NoLag => 0,
        }
    }

    /// Where to look first.
    pub fn spot(&self) -> Option<&Spot> {
        match self {
            Self::Stuck { at, .. }
            | Self::BeyondEnd { at, .. }
            | Self::Rewound { at, .. }
            | Self::Losing { at, .. }
            | Self::Remade { at, .. } => Some(at),
            _ => None,
        }
    }

    /// The record that it does not get past.
    pub fn stuck_at(&self) -> Option<&Spot> {
        if let Self::Stuck { at, .. } = self { Some(at) } else { None }
    }

    /// Since when, where that is part of it.
    pub fn since(&self) -> Option<Time> {
        match self {
            Self::Stuck { since, .. } | Self::NoProgress { since } | Self::Stopped { since, .. } | Self::Hidden { since } => Some(*since),
            Self::Rewound { when, .. } | Self::Remade { when, .. } => Some(*when),
            Self::Losing { beneath, .. } => beneath.since(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
