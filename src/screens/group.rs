//! One group: where it stands on every partition, who its members are, and why it does what it does. Enter on a partition
//! opens its messages at the committed offset.

mod act;
mod draw;
mod members;
mod places;
mod shares;

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask};
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::groups::Row;
use crate::core::groups::poll::Watch;
use crate::core::lag::{End, Lag, Place};
use crate::core::marks::Marks;
use crate::core::table::Sort;
use crate::model::{GroupId, Holder, Member, PartitionId, ShareStart, Time, TopicName, Why};
use crate::text::Shown;
use crate::ui::Pen;
use places::Id;

/// Who holds records back is asked so often for the partition that is selected.
const HOLDERS_EVERY: Duration = Duration::from_secs(5);
/// Rows do not change places for so long after a key.
const STEADY: Duration = Duration::from_secs(2);

/// A partition of the group.
type Spot = (TopicName, PartitionId);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Partitions,
    Members,
    Group,
}

const PANES: [Pane; 3] = [Pane::Partitions, Pane::Members, Pane::Group];

/// See the module.
#[derive(Debug)]
pub struct Group {
    id: GroupId,
    /// Since when no coordinator knows it, once one did.
    gone: Option<Time>,
    known: bool,
    focus: Pane,
    full_screen: bool,
    /// Partitions in the order of the list, and where the cursor stands, once it was moved.
    rows: Vec<Spot>,
    cursor: Cursor,
    selected: Option<Spot>,
    sort: Sort<Id>,
    problems: bool,
    /// Partitions that a change is to be about.
    marks: Marks<Spot>,
    members: Cursor,
    /// Its members when they last had partitions: none is reported while they are moved about.
    last: Option<(Time, Vec<Member>)>,
    /// Who holds records back.
    holders: BTreeMap<Spot, (Time, Result<Vec<Holder>, Why>)>,
    asked: Option<(TaskId, Spot)>,
    touched: Option<Time>,
    unsorted: bool,
}

impl Group {
    pub fn open(id: GroupId, cx: &mut Cx<'_>) -> Self {
        let mut group = Self {
            id,
            gone: None,
            known: false,
            focus: Pane::Partitions,
            full_screen: false,
            rows: Vec::new(),
            cursor: Cursor::default(),
            selected: None,
            sort: Sort::default(),
            problems: false,
            marks: Marks::default(),
            members: Cursor::default(),
            last: None,
            holders: BTreeMap::new(),
            asked: None,
            touched: None,
            unsorted: false,
        };
        group.refreshed(cx);
        group
    }

    fn row<'c>(&self, cluster: &'c Cluster) -> Option<&'c Row> {
        cluster.groups.of(&self.id)
    }

    /// How it stands on a partition.
    fn place<'c>(&self, cluster: &'c Cluster, (topic, id): &Spot) -> Option<&'c Place> {
        let (_, topics) = self.row(cluster)?.places()?;
        let places = topics.iter().find(|places| places.topic == *topic)?;
        places.partitions.iter().find(|(other, _)| other == id).map(|(_, place)| place)
    }

    /// The selected partition of a share group.
    fn share<'c>(&self, cluster: &'c Cluster) -> Option<&'c ShareStart> {
        let (Some((_, Ok(shares))), Some((topic, id))) = (self.row(cluster)?.shares.as_ref(), self.current()) else { return None };
        shares.iter().find(|share| share.topic == *topic && share.partition == *id)
    }

    fn current(&self) -> Option<&Spot> {
        self.rows.get(self.cursor.at)
    }

    /// Its members, and since when this is not told any more. While they are moved about: as they were before.
    fn members<'c>(&'c self, cluster: &'c Cluster) -> (Option<Time>, &'c [Member]) {
        let told = self.row(cluster).and_then(Row::description);
        match (told, &self.last) {
            (Some((_, told)), Some((at, last)))
                if told.state.is_rebalancing() && told.members.iter().all(|m| m.partitions() == Some(0)) =>
            {
                (Some(*at), last)
            }
            (Some((_, told)), _) => (None, &told.members),
            (None, Some((at, last))) => (Some(*at), last),
            (None, None) => (None, &[]),
        }
    }

    /// The member that has a partition.
    fn member<'c>(&'c self, cluster: &'c Cluster, (topic, id): &Spot) -> Option<&'c Member> {
        self.members(cluster).1.iter().find(|member| member.has(topic, *id))
    }

    /// Puts the partitions in order, and the cursor back on the one that it was on. Until it is moved it stands where the
    /// verdict points.
    fn relist(&mut self, cx: &Cx<'_>) {
        self.unsorted = false;
        let Some(row) = self.row(cx.cluster) else { return };
        self.rows = places::order(self, cx.cluster, row, cx.now);
        if let Some((_, topics)) = row.places() {
            let there = |(topic, id): &Spot| {
                topics.iter().any(|places| places.topic == *topic && places.partitions.iter().any(|(other, _)| other == id))
            };
            self.marks.retain(there);
        }
        let verdict = cx.cluster.verdict(row, cx.now);
        let pointed = verdict.spot().map(|spot| (spot.topic.clone(), spot.partition));
        let wanted = self.selected.clone().or(pointed);
        let found = wanted.and_then(|wanted| self.rows.iter().position(|spot| *spot == wanted));
        let height = draw::heights(self, cx.size).0;
        self.cursor.to(found.unwrap_or(self.cursor.at), self.rows.len(), height);
        if self.selected.is_some() && found.is_none() {
            self.selected = self.current().cloned();
        }
    }

    /// Asks who holds the selected partition's records back, when somebody does.
    fn ask_holders(&mut self, cx: &mut Cx<'_>) {
        let Some(spot) = self.current().cloned() else { return };
        let held = self.place(cx.cluster, &spot).and_then(Place::held).unwrap_or(0);
        let old = self.holders.get(&spot).is_none_or(|(at, _)| cx.now.since(*at) >= HOLDERS_EVERY);
        if held == 0 || !old || self.asked.is_some() || cx.cluster.trouble.is_some() {
            return;
        }
        let task = cx.start(Ask::Holders { topic: spot.0.clone(), partition: spot.1 });
        self.asked = Some((task, spot));
    }
}

impl Screen for Group {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(self.id.raw())
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.focus {
            Pane::Partitions => vec![Scope::Group, Scope::Change, Scope::Table, Scope::List],
            Pane::Members | Pane::Group => vec![Scope::Group, Scope::Change, Scope::List],
        }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::MarkRow if self.current().is_none() => Err("No partition is selected."),
            Action::MarkRowRange => self.marks.allows_range(),
            Action::ClearRowMarks => self.marks.allows_clear(),
            Action::Wide => Err("All columns that fit are shown; f gives the pane the whole screen."),
            Action::PauseList => Err("One group is always refreshed; the list of groups can be paused."),
            Action::CommittedMessages if self.focus != Pane::Partitions => Err("Messages are those of a partition: 1 goes there."),
            Action::CommittedMessages | Action::PlaceMessages | Action::GroupTopic if self.current().is_none() => {
                Err("No partition is selected.")
            }
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.obey(cx, action);
        self.ask_holders(cx);
    }

    fn back(&mut self, _cx: &mut Cx<'_>) -> bool {
        std::mem::take(&mut self.full_screen)
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Reply(reply) if self.asked.as_ref().is_some_and(|(task, _)| *task == reply.id) => {
                if let (Some((_, spot)), Ok(Answer::Holders { holders, .. })) = (self.asked.take(), reply.result) {
                    self.holders.insert(spot, (cx.now, holders));
                }
                None
            }
            Arrival::Part(_, Answer::Lag(_) | Answer::Shares(_)) => {
                self.refreshed(cx);
                Some(arrival)
            }
            other => Some(other),
        }
    }

    fn groups(&self, _cluster: &Cluster) -> Watch {
        Watch { shown: true, seen: Vec::new(), open: Some(self.id.clone()) }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        let groups = &cx.cluster.groups;
        match groups.of(&self.id) {
            Some(row) => {
                (self.known, self.gone) = (true, None);
                let told =
                    row.description().filter(|(_, told)| told.members.iter().any(|member| member.partitions().is_some_and(|n| n > 0)));
                if let Some((at, told)) = told {
                    self.last = Some((at, told.members.clone()));
                }
            }
            None if groups.listed_at().is_some() => self.gone = self.gone.or(Some(cx.now)),
            None => {}
        }
        let steady = self.touched.is_none_or(|touched| cx.now.since(touched) >= STEADY);
        if steady || self.rows.is_empty() {
            self.relist(cx);
        } else {
            self.unsorted = true;
        }
        self.ask_holders(cx);
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        let (partitions, members) = draw::heights(self, cx.size);
        self.cursor.fit(self.rows.len(), partitions);
        let count = self.members(cx.cluster).1.len();
        self.members.fit(count, members);
    }

    fn wake_at(&self, _now: Time) -> Option<Time> {
        self.touched.filter(|_| self.unsorted).map(|touched| touched.plus(STEADY))
    }

    fn woke(&mut self, cx: &mut Cx<'_>) {
        if self.unsorted && self.touched.is_none_or(|touched| cx.now.since(touched) >= STEADY) {
            self.relist(cx);
        }
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.rows.len())
    }
}

/// Whether there is something to say of a partition.
fn is_troubled(place: &Place) -> bool {
    !matches!(place.lag(End::High), Lag::Level)
}
