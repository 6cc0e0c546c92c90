//! All that is known of groups: who there are, what they are, how far they are behind, how they have been doing. One cache for
//! every screen; each part knows when it was true.
//!
//! A group that no coordinator reports any more keeps its row, marked, until two whole lists in a row lack it: after a crash of
//! a broker its groups are missing for seconds though nothing happened to them.

pub mod behind;
mod json;
pub mod kept;
pub mod past;
pub mod poll;
pub mod uses;

use std::collections::BTreeMap;
use std::time::Duration;

use super::ask::{Answer, Behind, GroupAsk, GroupLag, GroupList, Shares};
use super::lag::{End, TopicPlaces, Total};
use super::verdict::{self, Limits, Verdict};
use crate::model::{BrokerId, GroupDescription, GroupId, GroupListing, GroupState, Offset, PartitionId, ShareStart, Time, TopicName, Why};
use past::GroupPast;

/// With looks at records of more partitions than this, those are forgotten that nobody took for so long.
const MOST_LOOKED_AT: usize = 10_000;
const LOOK_IS_OF_USE: Duration = Duration::from_secs(300);

/// See the module.
#[derive(Debug, Default)]
pub struct Groups {
    rows: BTreeMap<GroupId, Row>,
    brokers: BTreeMap<BrokerId, Coordinator>,
    /// Whole lists so far: every broker answered without an error.
    clean: u32,
    /// When the last list ended, whole or not.
    listed_at: Option<Time>,
    /// Whether a broker of the list that runs now has failed.
    running_is_partial: bool,
    /// Timestamps of records at commits.
    behind: BTreeMap<(TopicName, PartitionId), behind::Looks>,
    pub limits: Limits,
    /// What an earlier run saw of groups that were not listed yet.
    earlier: kept::Kept,
}

/// What is known of one group.
#[derive(Debug)]
pub struct Row {
    pub listing: GroupListing,
    /// When its coordinator last reported it.
    pub seen: Time,
    /// The count of whole lists at that moment.
    seen_in: u32,
    pub described: Option<(Time, Result<GroupDescription, Why>)>,
    pub lag: Option<(Time, Result<Vec<TopicPlaces>, Why>)>,
    /// Of a share group, in order of topic and partition.
    pub shares: Option<(Time, Result<Vec<ShareStart>, Why>)>,
    /// Since when its lag is not told any more, and why: what was told last stays, with its age.
    pub untold: Option<(Time, Why)>,
    pub past: GroupPast,
    /// Since when it is in its state, as far as it was watched.
    pub state_since: Time,
    /// Whether it was seen to go into that state: else it was in it before.
    pub state_seen: bool,
    total: Option<Total>,
}

/// What a broker says of the groups that it coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinator {
    /// Its last list.
    pub at: Option<Time>,
    /// Since when it does not tell, and why.
    pub trouble: Option<(Time, Why)>,
}

/// When the record at a commit was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTime {
    /// When it was looked at.
    pub at: Time,
    pub time: Result<Option<Time>, Why>,
}

/// Something that was seen to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    pub group: GroupId,
    pub from: Option<GroupState>,
    /// `None`: it is gone.
    pub to: Option<GroupState>,
}

impl Groups {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// In order of name.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub fn of(&self, id: &GroupId) -> Option<&Row> {
        self.rows.get(id)
    }

    /// When the last list of all brokers ended; `None` before the first.
    pub fn listed_at(&self) -> Option<Time> {
        self.listed_at
    }

    /// Brokers that do not tell of their groups now.
    pub fn troubled(&self) -> impl Iterator<Item = (BrokerId, Time, &Why)> {
        self.brokers.iter().filter_map(|(id, broker)| broker.trouble.as_ref().map(|(since, why)| (*id, *since, why)))
    }

    /// Takes what an answer tells; every answer may be offered. Gives the changes of states that it tells of.
    pub fn take(&mut self, answer: &Answer, now: Time) -> Vec<StateChange> {
        match answer {
            Answer::Groups(list) => return self.take_list(list, now),
            Answer::Described(all) => {
                for (id, described) in all {
                    let Some(row) = self.rows.get_mut(id) else { continue };
                    if let Ok(description) = described {
                        row.past.saw_state(&description.state, now);
                    }
                    row.described = Some((now, described.clone()));
                }
            }
            Answer::Lag(lags) => lags.iter().for_each(|lag| self.take_lag(lag, now)),
            Answer::Shares(all) => all.iter().for_each(|shares| self.take_shares(shares, now)),
            Answer::Behind(all) => {
                for Behind { topic, partition, offset, timestamp } in all {
                    let looks = self.behind.entry((topic.clone(), *partition)).or_default();
                    looks.add(*offset, RecordTime { at: now, time: timestamp.clone() });
                }
                if self.behind.len() > MOST_LOOKED_AT {
                    self.behind.retain(|_, looks| looks.last().is_some_and(|at| now.since(at) < LOOK_IS_OF_USE));
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn take_list(&mut self, list: &GroupList, now: Time) -> Vec<StateChange> {
        let broker = self.brokers.entry(list.broker).or_insert(Coordinator { at: None, trouble: None });
        let groups = match &list.groups {
            Ok(groups) => {
                (broker.at, broker.trouble) = (Some(now), None);
                groups
            }
            Err(why) => {
                let since = broker.trouble.as_ref().map_or(now, |(since, _)| *since);
                broker.trouble = Some((since, why.clone()));
                self.running_is_partial = true;
                return Vec::new();
            }
        };
        let first = self.listed_at.is_none();
        let mut changes = Vec::new();
        for listing in groups {
            let from = self.listed(listing, now);
            if from.as_ref() != Some(&listing.state) && !(first && from.is_none()) {
                changes.push(StateChange { group: listing.id.clone(), from, to: Some(listing.state.clone()) });
            }
        }
        changes
    }

    /// One group of a list; gives the state that it had.
    fn listed(&mut self, listing: &GroupListing, now: Time) -> Option<GroupState> {
        let seen_in = self.clean;
        let Some(row) = self.rows.get_mut(&listing.id) else {
            let mut past = GroupPast::default();
            if let Some(group) = self.earlier.groups.remove(listing.id.raw()) {
                past.recall(&group);
            }
            past.saw_state(&listing.state, now);
            let fresh = Row {
                listing: listing.clone(),
                seen: now,
                seen_in,
                described: None,
                lag: None,
                shares: None,
                untold: None,
                past,
                state_since: now,
                state_seen: false,
                total: None,
            };
            self.rows.insert(listing.id.clone(), fresh);
            return None;
        };
        let from = std::mem::replace(&mut row.listing, listing.clone()).state;
        (row.seen, row.seen_in) = (now, seen_in);
        row.past.saw_state(&listing.state, now);
        if from != listing.state {
            (row.state_since, row.state_seen) = (now, true);
        }
        Some(from)
    }

    /// The list of all brokers has ended. Gives the groups that are gone.
    pub fn list_ended(&mut self, now: Time) -> Vec<StateChange> {
        self.listed_at = Some(now);
        if std::mem::take(&mut self.running_is_partial) {
            return Vec::new();
        }
        self.clean = self.clean.wrapping_add(1);
        // Told in the list that just ended: 0 behind; lacking in two whole lists: 2.
        let (clean, mut gone) = (self.clean, Vec::new());
        self.rows.retain(|id, row| {
            let stays = clean.wrapping_sub(row.seen_in) <= 2;
            if !stays {
                gone.push(StateChange { group: id.clone(), from: Some(row.listing.state.clone()), to: None });
            }
            stays
        });
        gone
    }

    fn take_lag(&mut self, lag: &GroupLag, now: Time) {
        let Some(row) = self.rows.get_mut(&lag.id) else { return };
        match &lag.topics {
            Ok(topics) => {
                row.past.saw(topics, now);
                row.total = Some(Total::over(topics, End::High));
                row.lag = Some((now, Ok(topics.clone())));
                row.untold = None;
            }
            Err(why) if matches!(row.lag, Some((_, Ok(_)))) => {
                let since = row.untold.as_ref().map_or(now, |(since, _)| *since);
                row.untold = Some((since, why.clone()));
            }
            Err(why) => row.lag = Some((now, Err(why.clone()))),
        }
    }

    fn take_shares(&mut self, Shares { id, starts }: &Shares, now: Time) {
        let Some(row) = self.rows.get_mut(id) else { return };
        if let Ok(starts) = starts {
            let mut total = Total::default();
            for start in starts {
                total.of += 1;
                if let Some(left) = start.lag.and_then(|left| u64::try_from(left).ok()) {
                    total.known += 1;
                    total.offsets = total.offsets.saturating_add(left);
                }
            }
            row.total = Some(total);
        }
        row.shares = Some((now, starts.clone()));
    }

    /// The groups behind that one in order of name; all when there is none.
    fn after(&self, id: Option<&GroupId>) -> impl Iterator<Item = &Row> {
        use std::ops::Bound;
        let from = id.map_or(Bound::Unbounded, |id| Bound::Excluded(id.clone()));
        self.rows.range((from, Bound::Unbounded)).map(|(_, row)| row)
    }

    /// When the time of a record of a partition was last asked for, at whatever offset.
    fn last_record_look(&self, topic: &TopicName, partition: PartitionId) -> Option<Time> {
        self.behind.get(&(topic.clone(), partition))?.last()
    }

    /// When the record at a partition's commit was written, when that was asked for this very commit.
    pub fn record_time(&self, topic: &TopicName, partition: PartitionId, committed: Offset) -> Option<&RecordTime> {
        self.behind.get(&(topic.clone(), partition))?.at(committed)
    }

    /// How the group does.
    pub fn verdict(&self, row: &Row, now: Time) -> Verdict {
        match &row.lag {
            _ if !row.listing.kind.commits() => Verdict::NoLag,
            None => Verdict::Unknown(Why::NotAsked),
            Some((_, Err(why))) => Verdict::Unknown(why.clone()),
            Some((_, Ok(topics))) => verdict::judge(&row.listing.state, topics, &row.past, self.limits, now),
        }
    }

    /// The groups with commits on a topic, or with members that read it.
    pub fn readers<'a>(&'a self, topic: &'a TopicName) -> impl Iterator<Item = &'a Row> {
        self.rows.values().filter(move |row| row.reads(topic))
    }
}

impl Row {
    pub fn id(&self) -> &GroupId {
        &self.listing.id
    }

    /// The newest word on its state: of the description when that is newer than the list.
    pub fn state(&self) -> &GroupState {
        match &self.described {
            Some((at, Ok(description))) if *at > self.seen => &description.state,
            _ => &self.listing.state,
        }
    }

    /// Its partitions, as last told, and when.
    pub fn places(&self) -> Option<(Time, &[TopicPlaces])> {
        match &self.lag {
            Some((at, Ok(topics))) => Some((*at, topics)),
            _ => None,
        }
    }

    /// The lag over all of its partitions; `None` before it was told. Of a share group: records that are not done yet, as its
    /// coordinator counts them.
    pub fn total(&self) -> Option<Total> {
        self.total
    }

    /// Its description, when one was told.
    pub fn description(&self) -> Option<(Time, &GroupDescription)> {
        match &self.described {
            Some((at, Ok(description))) => Some((*at, description)),
            _ => None,
        }
    }

    /// How many members it has: described, or none because it is empty.
    pub fn members(&self) -> Option<usize> {
        match (self.description(), self.state().has_members()) {
            (_, Some(false)) => Some(0),
            (Some((_, description)), _) => Some(description.members.len()),
            (None, _) => None,
        }
    }

    /// How many topics it has commits on.
    pub fn topics(&self) -> Option<usize> {
        if let Some((_, Ok(shares))) = &self.shares {
            return Some(shares.chunk_by(|a, b| a.topic == b.topic).count());
        }
        let (_, topics) = self.places()?;
        Some(topics.iter().filter(|topic| topic.partitions.iter().any(|(_, place)| place.committed().is_some())).count())
    }

    /// Since when no coordinator reports it, when it was not in the last list.
    pub fn missing_for(&self, groups: &Groups, now: Time) -> Option<Duration> {
        let listed = groups.listed_at?;
        let lacking = groups.clean.wrapping_sub(self.seen_in) > 1 || now.since(self.seen) > Duration::from_secs(20);
        (self.seen < listed && lacking).then(|| now.since(self.seen))
    }

    pub fn reads(&self, topic: &TopicName) -> bool {
        let committed = self.places().is_some_and(|(_, topics)| topics.iter().any(|places| places.topic == *topic));
        let members = self.description().into_iter().flat_map(|(_, description)| &description.members);
        committed || members.into_iter().any(|member| member.subscribed.iter().flatten().any(|name| name == topic))
    }

    /// To ask its coordinator about it; partitions of members are asked for, too.
    pub fn ask(&self) -> GroupAsk {
        let mut also: BTreeMap<TopicName, Vec<PartitionId>> = BTreeMap::new();
        for member in self.description().into_iter().flat_map(|(_, description)| &description.members) {
            for (topic, partitions) in member.assigned.iter().flatten() {
                also.entry(topic.clone()).or_default().extend(partitions);
            }
        }
        GroupAsk {
            id: self.listing.id.clone(),
            kind: self.listing.kind.clone(),
            coordinator: self.listing.coordinator,
            also: also.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
