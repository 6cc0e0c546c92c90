//! What changed between a plan and now: read again just before anything is written, and a reason to stop.

use std::collections::BTreeMap;

use super::{Plan, Row};
use crate::model::{Foreign, GroupKind, GroupState, Offset, PartitionId, TopicName};

/// One thing that is not as it was when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Another cluster answers.
    Cluster,
    /// The group is not listed any more, or is now.
    Listed {
        now: bool,
    },
    Kind {
        from: GroupKind,
        to: GroupKind,
    },
    State {
        from: GroupState,
        to: GroupState,
    },
    /// Client ids of members that came and that went.
    Members {
        joined: Vec<Foreign>,
        left: Vec<Foreign>,
    },
    /// The topic was deleted, or deleted and made again.
    Topic {
        topic: TopicName,
        made_again: bool,
    },
    /// A partition came into the scope, or left it.
    Partition {
        topic: TopicName,
        partition: PartitionId,
        now: bool,
    },
    /// A commit moved, came or went. `from` and `to` are the same when only its epoch or metadata did.
    Commit {
        topic: TopicName,
        partition: PartitionId,
        from: Option<Offset>,
        to: Option<Offset>,
    },
    /// A commit that cannot be read now.
    Unreadable {
        topic: TopicName,
        partition: PartitionId,
    },
    /// The log's start has passed the target.
    BelowStart {
        topic: TopicName,
        partition: PartitionId,
        target: Offset,
        start: Offset,
    },
}

/// What changed from `before` to `now`, which was read for the same wish. While one waits for members to leave (`armed`) their
/// state, their comings and goings, and their commits elsewhere are no difference, nor is a commit of the same offset.
pub fn differences(before: &Plan, now: &Plan, armed: bool) -> Vec<Difference> {
    let mut found = Vec::new();
    if before.cluster != now.cluster {
        found.push(Difference::Cluster);
    }
    if before.group.listed != now.group.listed {
        found.push(Difference::Listed { now: now.group.listed });
    }
    if before.group.kind != now.group.kind {
        found.push(Difference::Kind { from: before.group.kind.clone(), to: now.group.kind.clone() });
    }
    if !armed {
        if before.group.state != now.group.state {
            found.push(Difference::State { from: before.group.state.clone(), to: now.group.state.clone() });
        }
        found.extend(members(before, now));
    }
    rows(before, now, armed, &mut found);
    found
}

fn members(before: &Plan, now: &Plan) -> Option<Difference> {
    let only = |here: &Plan, there: &Plan| -> Vec<Foreign> {
        let news = here.group.members.iter().filter(|member| !there.group.members.iter().any(|other| other.id == member.id));
        news.map(|member| member.client_id.clone()).collect()
    };
    let (joined, left) = (only(now, before), only(before, now));
    (!joined.is_empty() || !left.is_empty()).then_some(Difference::Members { joined, left })
}

fn rows(before: &Plan, now: &Plan, armed: bool, found: &mut Vec<Difference>) {
    let by_place = |plan: &'_ Plan| -> BTreeMap<(TopicName, PartitionId), Row> {
        plan.rows.iter().map(|row| ((row.topic.clone(), row.partition), row.clone())).collect()
    };
    let (then, current) = (by_place(before), by_place(now));
    let mut topics_told: Vec<TopicName> = Vec::new();
    for ((topic, partition), row) in &then {
        let Some(new) = current.get(&(topic.clone(), *partition)) else {
            if !armed || row.changes() {
                found.push(Difference::Partition { topic: topic.clone(), partition: *partition, now: false });
            }
            continue;
        };
        if row.id != new.id && row.id.is_known() {
            if !topics_told.contains(topic) {
                topics_told.push(topic.clone());
                found.push(Difference::Topic { topic: topic.clone(), made_again: new.id.is_known() });
            }
            continue;
        }
        if armed && !row.changes() {
            continue;
        }
        found.extend(commit(row, new, armed));
        if let (true, Some(target), Ok(start), Ok(then)) = (row.changes(), row.target(), &new.place.start, &row.place.start)
            && target < *start
            && target >= *then
        {
            found.push(Difference::BelowStart { topic: topic.clone(), partition: *partition, target, start: *start });
        }
    }
    // While armed, members may commit for the first time elsewhere.
    if !armed {
        let news = current.keys().filter(|place| !then.contains_key(*place));
        found.extend(news.map(|(topic, partition)| Difference::Partition { topic: topic.clone(), partition: *partition, now: true }));
    }
}

fn commit(row: &Row, new: &Row, armed: bool) -> Option<Difference> {
    let (topic, partition) = (row.topic.clone(), row.partition);
    match (&row.place.commit, &new.place.commit) {
        (Ok(from), Ok(to)) => {
            let offset = |commit: &Option<crate::model::Commit>| commit.as_ref().map(|commit| commit.offset);
            let same = if armed { offset(from) == offset(to) } else { from == to };
            (!same).then(|| Difference::Commit { topic, partition, from: offset(from), to: offset(to) })
        }
        (Err(_), _) => None,
        (Ok(_), Err(_)) => Some(Difference::Unreadable { topic, partition }),
    }
}

impl Difference {
    /// In words; parts may be foreign, for [`crate::text::Shown::of`].
    pub fn sentence(&self) -> String {
        let names = |clients: &[Foreign]| clients.iter().map(Foreign::raw).collect::<Vec<_>>().join(", ");
        let number = |offset: &Option<Offset>| offset.map_or_else(|| "none".to_owned(), |offset| offset.0.to_string());
        match self {
            Self::Cluster => "another cluster answers".to_owned(),
            Self::Listed { now: true } => "the group exists now".to_owned(),
            Self::Listed { now: false } => "the group is gone".to_owned(),
            Self::Kind { from, to } => format!("the group's type was {} and is {}", from.word(), to.word()),
            Self::State { from, to } => format!("the group's state was {} and is {}", from.word(), to.word()),
            Self::Members { joined, left } => match (joined.as_slice(), left.as_slice()) {
                (joined, []) => format!("joined: {}", names(joined)),
                ([], left) => format!("left: {}", names(left)),
                (joined, left) => format!("joined: {}; left: {}", names(joined), names(left)),
            },
            Self::Topic { topic, made_again: true } => format!("{}: the topic was deleted and made again", topic.raw()),
            Self::Topic { topic, made_again: false } => format!("{}: the topic is gone", topic.raw()),
            Self::Partition { topic, partition, now: true } => format!("{}:{}: is new", topic.raw(), partition.0),
            Self::Partition { topic, partition, now: false } => format!("{}:{}: is gone", topic.raw(), partition.0),
            Self::Commit { topic, partition, from, to } if from == to => {
                format!("{}:{}: was committed anew at {}", topic.raw(), partition.0, number(to))
            }
            Self::Commit { topic, partition, from, to } => {
                format!("{}:{}: the commit was {} and is {}", topic.raw(), partition.0, number(from), number(to))
            }
            Self::Unreadable { topic, partition } => format!("{}:{}: the commit cannot be read now", topic.raw(), partition.0),
            Self::BelowStart { topic, partition, target, start } => {
                format!("{}:{}: the log begins at {} now, behind the target {}", topic.raw(), partition.0, start.0, target.0)
            }
        }
    }

    /// Whether it is a commit that someone made.
    pub fn is_commit(&self) -> bool {
        matches!(self, Self::Commit { .. })
    }
}
