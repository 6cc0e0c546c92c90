//! What to ask next about groups: the list of every broker, the lag of what is seen, the rest in turn, members of what is seen.
//! While no screen shows groups all of it is asked once a minute, so that a verdict has a past when it is wanted.
//!
//! Pure: `update` starts the asks and tells which have ended.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Groups, Row};
use crate::core::ask::{Ask, GroupAsk};
use crate::core::effect::TaskId;
use crate::core::groups::past::is_behind;
use crate::core::lag::End;
use crate::model::{GroupId, Offset, PartitionId, Time, TopicName};

/// While groups are shown: the list and the lag of what is seen.
const SEEN: Duration = Duration::from_secs(3);
/// Members of what is seen, unless the state has just changed.
const MEMBERS: Duration = Duration::from_secs(10);
/// A round over all groups, while groups are shown and while not.
const ROUND: Duration = Duration::from_secs(30);
const AWAY: Duration = Duration::from_secs(60);
/// Groups in one part of a round.
const AT_ONCE: usize = 500;
/// Topics whose settings are asked for in one question.
const TOPICS: usize = 100;
/// Partitions whose record is looked at in one question.
const RECORDS: usize = 32;
/// Settings of topics change seldom.
const SETTINGS_EVERY: Duration = Duration::from_secs(300);
/// A record's time is asked for again so soon at most, when the commit has moved.
const RECORDS_EVERY: Duration = Duration::from_secs(5);

/// The kinds of questions; at most one of each is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    List,
    /// Lag of what is seen.
    Seen,
    /// Lag of the others, in turn.
    Rest,
    Members,
    Records,
    /// How long the topics keep their records, for what is behind of what is seen.
    Settings,
}

const KINDS: usize = 6;
const ALL: [Kind; KINDS] = [Kind::List, Kind::Seen, Kind::Rest, Kind::Members, Kind::Records, Kind::Settings];

/// What a screen shows of groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// Groups are on screen, or what is made of them.
    pub shown: bool,
    /// The rows that are seen, in order.
    pub seen: Vec<GroupId>,
    /// The one that is open: all that can be known of it.
    pub open: Option<GroupId>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Poll {
    running: [Option<TaskId>; KINDS],
    /// When each was last asked.
    asked: [Option<Time>; KINDS],
    /// Where the round over all groups stands: behind this one.
    at: Option<GroupId>,
    round_began: Option<Time>,
    round_done: bool,
    watch: Watch,
}

impl Poll {
    /// What is shown now. What is new there is asked for at once.
    pub fn watch(&mut self, watch: Watch) {
        if self.watch == watch {
            return;
        }
        if watch.shown && !self.watch.shown {
            self.forget_when(Kind::List);
        }
        if watch.seen.iter().chain(&watch.open).any(|id| !self.watch.seen.contains(id) && self.watch.open.as_ref() != Some(id)) {
            for kind in [Kind::Seen, Kind::Members, Kind::Records, Kind::Settings] {
                self.forget_when(kind);
            }
        }
        self.watch = watch;
    }

    /// The user asks: all of it at once.
    pub fn hurry(&mut self) {
        self.asked = [None; KINDS];
        (self.round_began, self.at) = (None, None);
    }

    fn forget_when(&mut self, kind: Kind) {
        if let Some(asked) = self.asked.get_mut(place(kind)) {
            *asked = None;
        }
    }

    /// When it wants to ask again.
    pub fn wake_at(&self) -> Option<Time> {
        let next = |kind: Kind| {
            let idle = self.running.get(place(kind)).is_some_and(Option::is_none);
            let asked = self.asked.get(place(kind)).copied().flatten();
            asked.filter(|_| idle).map(|asked| asked.plus(self.pause(kind)))
        };
        let kinds: &[Kind] = if self.watch.shown { &ALL } else { &[Kind::List, Kind::Rest] };
        kinds.iter().filter_map(|kind| next(*kind)).min()
    }

    fn pause(&self, kind: Kind) -> Duration {
        match (kind, self.watch.shown) {
            (Kind::List, false) => AWAY,
            // A round that is under way goes on by itself.
            (Kind::Rest, false) => AWAY / 2,
            // A part of a round; the round itself is as long as `ROUND` or `AWAY`.
            _ => SEEN,
        }
    }

    /// Whether its time has come; if so, the next is a pause later, also when there turns out to be nothing to ask. (A moment
    /// that is over and stays so would keep the loop busy.)
    fn is_due(&mut self, kind: Kind, now: Time) -> bool {
        let (at, pause) = (place(kind), self.pause(kind));
        let free = self.running.get(at).is_some_and(Option::is_none);
        let Some(asked) = self.asked.get_mut(at).filter(|asked| free && asked.is_none_or(|asked| now >= asked.plus(pause))) else {
            return false;
        };
        *asked = Some(now);
        true
    }

    /// What to ask now. The caller starts each and says so with [`Self::started`].
    /// `settings_at`: when it was last told how long a topic keeps its records; `None` where nobody can be asked.
    pub fn due(&mut self, groups: &Groups, settings_at: &dyn Fn(&TopicName) -> Option<Option<Time>>, now: Time) -> Vec<(Kind, Ask)> {
        let mut asks = Vec::new();
        if self.is_due(Kind::List, now) {
            asks.push((Kind::List, Ask::Groups));
        }
        if groups.listed_at().is_none() {
            return asks;
        }
        // Each once: the second of two questions about a group has no answer of its own.
        let seen = self.watch.seen.iter().filter(|id| self.watch.open.as_ref() != Some(*id));
        let wanted: Vec<&Row> = self.watch.open.iter().chain(seen).filter_map(|id| groups.of(id)).collect();
        if self.watch.shown && self.is_due(Kind::Seen, now) && !wanted.is_empty() {
            asks.push((Kind::Seen, Ask::Lag(wanted.iter().map(|row| row.ask()).collect())));
        }
        if self.watch.shown && self.is_due(Kind::Members, now) {
            let members: Vec<GroupAsk> = wanted.iter().filter(|row| self.wants_members(row, now)).map(|row| row.ask()).collect();
            if !members.is_empty() {
                asks.push((Kind::Members, Ask::Describe(members)));
            }
        }
        if self.watch.shown && self.is_due(Kind::Records, now) {
            let records = self.records(&wanted, groups, now);
            if !records.is_empty() {
                asks.push((Kind::Records, Ask::Behind(records)));
            }
        }
        if self.watch.shown && self.is_due(Kind::Settings, now) {
            let old = |topic: &TopicName| settings_at(topic).is_some_and(|told| told.is_none_or(|at| now.since(at) >= SETTINGS_EVERY));
            let topics = settings(&wanted, &old);
            if !topics.is_empty() {
                asks.push((Kind::Settings, Ask::Keep(topics)));
            }
        }
        if self.is_due(Kind::Rest, now) {
            asks.extend(self.rest(groups, &wanted, now).map(|ask| (Kind::Rest, ask)));
        }
        asks
    }

    /// Described members of what is seen: now and then, and at once after a change of state.
    fn wants_members(&self, row: &Row, now: Time) -> bool {
        let open = self.watch.open.as_ref() == Some(row.id());
        let old = row.described.as_ref().is_none_or(|(at, _)| open || now.since(*at) >= MEMBERS || row.state_since > *at);
        old && (open || row.listing.state.has_members() != Some(false))
    }

    /// The partitions of what is seen whose next record is to be looked at: all of the open group, of others the one that is
    /// furthest behind.
    fn records(&self, wanted: &[&Row], groups: &Groups, now: Time) -> Vec<(TopicName, PartitionId, Offset)> {
        let mut found: Vec<(TopicName, PartitionId, Offset)> = Vec::new();
        for row in wanted {
            let Some((_, topics)) = row.places() else { continue };
            let mut behind: Vec<_> = topics
                .iter()
                .flat_map(|topic| topic.partitions.iter().map(move |(id, place)| (&topic.topic, *id, place)))
                .filter(|(.., place)| is_behind(&place.lag(End::High)))
                .collect();
            if self.watch.open.as_ref() != Some(row.id()) {
                behind.sort_by_key(|(.., place)| std::cmp::Reverse(place.lag(End::High).offsets()));
                behind.truncate(1);
            }
            for (topic, partition, place) in behind {
                let Some(offset) = place.committed() else { continue };
                let recent = groups.last_record_look(topic, partition);
                let known = groups.record_time(topic, partition, offset).is_some();
                if !known && recent.is_none_or(|at| now.since(at) >= RECORDS_EVERY) {
                    found.push((topic.clone(), partition, offset));
                }
            }
        }
        found.sort();
        found.dedup();
        found.truncate(RECORDS);
        found
    }

    /// The next groups of the round over all.
    fn rest(&mut self, groups: &Groups, seen: &[&Row], now: Time) -> Option<Ask> {
        let pause = if self.watch.shown { ROUND } else { AWAY };
        if self.round_done && self.round_began.is_some_and(|began| now.since(began) < pause) {
            return None;
        }
        if self.round_done || self.round_began.is_none() {
            (self.round_done, self.round_began, self.at) = (false, Some(now), None);
        }
        // The first round is as fast as it goes: what was never looked at is what a list cannot sort.
        let next = groups.after(self.at.as_ref());
        let mut asks = Vec::new();
        let mut at = self.at.clone();
        for row in next {
            if asks.len() >= AT_ONCE {
                break;
            }
            at = Some(row.id().clone());
            let is_seen = self.watch.shown && seen.iter().any(|other| other.id() == row.id());
            if !is_seen {
                asks.push(row.ask());
            }
        }
        self.at = at;
        self.round_done = asks.len() < AT_ONCE;
        (!asks.is_empty()).then_some(Ask::Lag(asks))
    }

    pub fn started(&mut self, kind: Kind, task: TaskId, now: Time) {
        if let (Some(running), Some(asked)) = (self.running.get_mut(place(kind)), self.asked.get_mut(place(kind))) {
            (*running, *asked) = (Some(task), Some(now));
        }
    }

    /// The questions under way.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.running.iter().copied().flatten()
    }

    /// Which question of ours this was; it has ended.
    pub fn ended(&mut self, task: TaskId) -> Option<Kind> {
        let at = self.running.iter().position(|running| *running == Some(task))?;
        if let Some(running) = self.running.get_mut(at) {
            *running = None;
        }
        ALL.into_iter().find(|kind| place(*kind) == at)
    }

    /// A list or the first part of a round has ended: what depends on it is due.
    pub fn go_on(&mut self, kind: Kind, first: bool) {
        if first && kind == Kind::List {
            for kind in [Kind::Seen, Kind::Rest, Kind::Members] {
                self.forget_when(kind);
            }
        }
        if kind == Kind::Rest && !self.round_done {
            self.forget_when(Kind::Rest);
        }
    }
}

/// The topics on which these groups are behind and whose settings are too old.
fn settings(wanted: &[&Row], old: &dyn Fn(&TopicName) -> bool) -> Vec<TopicName> {
    let topics = wanted.iter().filter_map(|row| row.places()).flat_map(|(_, topics)| topics);
    let behind = topics.filter(|topic| topic.partitions.iter().any(|(_, place)| is_behind(&place.lag(End::High))));
    let names: BTreeSet<&TopicName> = behind.map(|topic| &topic.topic).filter(|topic| old(topic)).collect();
    names.into_iter().take(TOPICS).cloned().collect()
}

fn place(kind: Kind) -> usize {
    match kind {
        Kind::List => 0,
        Kind::Seen => 1,
        Kind::Rest => 2,
        Kind::Members => 3,
        Kind::Records => 4,
        Kind::Settings => 5,
    }
}
