//! From a wish and what was read to a plan. Pure arithmetic, the one place where targets are computed.

use super::{Deed, Left, Note, Plan, Row, Target, To, Wish};
use crate::core::lag::{End, Lag, Place};
use crate::model::{
    BrokerId, ClusterId, Commit, Foreign, GroupId, GroupKind, GroupState, LeaderEpoch, Member, Offset, PartitionId, Time, TopicId,
    TopicName, Why,
};
use std::path::PathBuf;

/// What the cluster told, all that a plan is computed from.
#[derive(Debug, Clone)]
pub struct Look {
    /// When the commits were read.
    pub at: Time,
    pub cluster: Option<ClusterId>,
    pub group: GroupFacts,
    /// In order of name: the partitions of the scope, and those that were edited.
    pub topics: Vec<TopicLook>,
    /// The moment that was searched for.
    pub time_ms: Option<i64>,
    /// The file that was read for an undo.
    pub restored: Option<PathBuf>,
}

/// The group itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    pub id: GroupId,
    pub kind: GroupKind,
    pub state: GroupState,
    /// The classic protocol's type.
    pub protocol: Foreign,
    pub coordinator: BrokerId,
    pub members: Vec<Member>,
    /// A broker told of it. False only for a group that a copy is to make.
    pub listed: bool,
}

/// One topic.
#[derive(Debug, Clone)]
pub struct TopicLook {
    pub topic: TopicName,
    /// Of the topic as it is now, or why there is none.
    pub id: Result<TopicId, Why>,
    /// In order.
    pub partitions: Vec<(PartitionId, Spot)>,
    /// On how many more of its partitions a share group starts: it forgets whole topics, these too. 0 of other groups.
    pub elsewhere: usize,
}

/// One partition.
#[derive(Debug, Clone)]
pub struct Spot {
    pub place: Place,
    pub sought: Sought,
}

/// What a target needed to be looked up.
#[derive(Debug, Clone)]
pub enum Sought {
    Nothing,
    /// The first record at or after the time, or the next that the group reads; `Ok(None)`: there is none.
    Record(Result<Option<Offset>, Why>),
    /// What the other group committed.
    Commit(Result<Option<Commit>, Why>),
    /// What a file saved; `id` is the topic's at that time.
    Saved {
        commit: Option<Commit>,
        id: TopicId,
    },
}

/// Computes the plan.
pub fn of(wish: Wish, look: Look) -> Plan {
    let mut rows = Vec::new();
    let in_part: Vec<TopicName> = look.topics.iter().filter(|topic| topic.elsewhere > 0).map(|topic| topic.topic.clone()).collect();
    for topic in look.topics {
        let id = topic.id.clone().unwrap_or_default();
        // What stands against the whole topic stands against each of its partitions.
        let gone = topic.id.as_ref().err().cloned();
        for (partition, spot) in topic.partitions {
            let (to, mut notes) = match gone.clone() {
                Some(why) if wish.deed != Deed::Delete => leave(Left::Unknown(why)),
                None if wish.deed != Deed::Delete && spot.place.start == Err(Why::NoTopic) => leave(Left::NoPartition),
                _ => aim(&wish, (&topic.topic, id, partition), &spot),
            };
            let row = Row { topic: topic.topic.clone(), id, partition, place: spot.place, to, notes: Vec::new() };
            notes.extend(remarks(&row));
            rows.push(Row { notes, ..row });
        }
    }
    rows.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    if look.group.kind == GroupKind::Share {
        whole_topics(&mut rows, &in_part);
    }
    Plan { wish, at: look.at, cluster: look.cluster, group: look.group, rows, time_ms: look.time_ms, restored: look.restored }
}

/// A share group can forget where it starts on whole topics only (`DeleteShareGroupOffsets`). `in_part`: topics on which it starts
/// elsewhere too.
fn whole_topics(rows: &mut [Row], in_part: &[TopicName]) {
    for rows in rows.chunk_by_mut(|a, b| a.topic == b.topic) {
        let is_in_part = rows.first().is_some_and(|row| in_part.contains(&row.topic));
        if is_in_part || !rows.iter().all(|row| row.to == To::Forget || row.committed().is_none()) {
            for row in rows.iter_mut().filter(|row| row.to == To::Forget) {
                row.to = To::Leave(Left::WholeTopic);
            }
        }
    }
}

type Aimed = (To, Vec<Note>);

fn aim(wish: &Wish, (topic, id, partition): (&TopicName, TopicId, PartitionId), spot: &Spot) -> Aimed {
    let place = &spot.place;
    if let Err(why) = &place.commit {
        return leave(Left::Unknown(why.clone()));
    }
    if let Some(edit) = wish.edit(topic, partition) {
        return match edit.offset {
            None => leave(Left::ByHand),
            Some(offset) => {
                let (to, mut notes) = clamped(offset.0, place);
                notes.push(Note::Edited);
                (to, notes)
            }
        };
    }
    match &wish.deed {
        Deed::Reset(target) => aim_at(target, (topic, partition), spot),
        Deed::Forget | Deed::Delete => (To::Forget, Vec::new()),
        Deed::Copy { .. } => match &spot.sought {
            // The epoch is the other group's: for this one it is a commit from outside.
            Sought::Commit(Ok(Some(commit))) => restore(Commit { epoch: LeaderEpoch(-1), ..commit.clone() }, place),
            other => leave(without(other)),
        },
        Deed::Undo(_) => match &spot.sought {
            Sought::Saved { id: then, .. } if then.is_known() && id.is_known() && *then != id => leave(Left::Recreated),
            Sought::Saved { commit: Some(commit), .. } => restore(commit.clone(), place),
            Sought::Saved { commit: None, .. } => (To::Forget, Vec::new()),
            other => leave(without(other)),
        },
    }
}

fn aim_at(target: &Target, (topic, partition): (&TopicName, PartitionId), spot: &Spot) -> Aimed {
    let place = &spot.place;
    let committed = place.committed();
    match target {
        Target::Earliest => known(&place.start),
        Target::Latest => known(&place.high),
        Target::Offset(offset) => clamped(*offset, place),
        Target::Shift(by) => committed.map_or_else(|| leave(Left::NoCommit), |at| clamped(at.0.saturating_add(*by), place)),
        Target::Current => match committed {
            Some(offset) => (To::Commit(offset), outside(offset, place)),
            None => with(known(&place.high), Note::NoCommitSoEnd),
        },
        Target::Time(_) | Target::Ago(_) => match &spot.sought {
            Sought::Record(Ok(Some(offset))) => (To::Commit(*offset), Vec::new()),
            Sought::Record(Ok(None)) => with(known(&place.high), Note::NothingAfter),
            other => leave(without(other)),
        },
        Target::Group(_) => match &spot.sought {
            Sought::Commit(Ok(Some(commit))) => clamped(commit.offset.0, place),
            other => leave(without(other)),
        },
        Target::Each(offsets) => {
            let found = offsets.get(&(topic.clone(), partition));
            found.map_or_else(|| leave(Left::NoneThere), |offset| clamped(offset.0, place))
        }
        Target::Skip { topic: wanted, partition: id, offset } if wanted == topic && *id == partition => {
            let at = match (offset, &spot.sought) {
                (Some(offset), _) => Some(*offset),
                (None, Sought::Record(Ok(found))) => *found,
                (None, Sought::Record(Err(why))) => return leave(Left::Unknown(why.clone())),
                (None, _) => return leave(Left::NoCommit),
            };
            match (at, &place.start, &place.high) {
                (_, Err(why), _) | (_, _, Err(why)) => leave(Left::Unknown(why.clone())),
                (Some(at), Ok(start), Ok(high)) if at >= *start && at < *high => (To::Commit(at.plus(1)), Vec::new()),
                _ => leave(Left::NoRecord),
            }
        }
        // Of a file nothing is known before it is read.
        Target::Skip { .. } | Target::File(_) => leave(Left::NoneThere),
    }
}

fn leave(left: Left) -> Aimed {
    (To::Leave(left), Vec::new())
}

fn with((to, mut notes): Aimed, note: Note) -> Aimed {
    if !matches!(to, To::Leave(_)) {
        notes.push(note);
    }
    (to, notes)
}

/// Why what was looked up is no offset.
fn without(sought: &Sought) -> Left {
    match sought {
        Sought::Record(Err(why)) | Sought::Commit(Err(why)) => Left::Unknown(why.clone()),
        Sought::Commit(Ok(None)) => Left::NoneThere,
        _ => Left::Unknown(Why::NotAsked),
    }
}

fn known(position: &Result<Offset, Why>) -> Aimed {
    match position {
        Ok(offset) => (To::Commit(*offset), Vec::new()),
        Err(why) => leave(Left::Unknown(why.clone())),
    }
}

/// An offset within the log: before it the start, behind it the end, and a word that it was so.
fn clamped(wanted: i64, place: &Place) -> Aimed {
    let (start, high) = match (&place.start, &place.high) {
        (Ok(start), Ok(high)) => (*start, *high),
        (Err(why), _) | (_, Err(why)) => return leave(Left::Unknown(why.clone())),
    };
    let wanted = Offset(wanted);
    if wanted > high {
        (To::Commit(high), vec![Note::ClampedToEnd { wanted }])
    } else if wanted < start {
        (To::Commit(start), vec![Note::ClampedToStart { wanted }])
    } else {
        (To::Commit(wanted), Vec::new())
    }
}

fn restore(commit: Commit, place: &Place) -> Aimed {
    let notes = outside(commit.offset, place);
    (To::Restore(commit), notes)
}

/// Where a target that is not clamped lies outside the log.
fn outside(offset: Offset, place: &Place) -> Vec<Note> {
    if place.start.as_ref().is_ok_and(|start| offset < *start) {
        vec![Note::StaysBelowStart]
    } else if place.high.as_ref().is_ok_and(|high| offset > *high) {
        vec![Note::StaysBeyondEnd]
    } else {
        Vec::new()
    }
}

/// What is to be said of a row whatever its target.
fn remarks(row: &Row) -> Vec<Note> {
    let mut notes = Vec::new();
    match row.place.lag(End::High) {
        Lag::BelowStart { lost, .. } => notes.push(Note::WasBelowStart { lost }),
        Lag::BeyondEnd(by) => notes.push(Note::WasBeyondEnd { by }),
        _ => {}
    }
    match &row.to {
        To::Leave(_) => {}
        to if matches!(row.place.commit, Ok(None)) && *to != To::Forget => notes.push(Note::FirstCommit),
        _ if !row.changes() => notes.push(Note::Unchanged),
        _ => {}
    }
    notes
}
