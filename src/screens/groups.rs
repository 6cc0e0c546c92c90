//! The list of groups: what each is, how far it is behind, how it does; below it, where there is room, why the selected one
//! does what it does. What is asked for it is decided in `core::groups::poll`; the screen tells what is seen.

mod act;
mod below;
pub mod columns;
mod draw;

use std::cmp::Reverse;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen, written};
use crate::core::action::{Action, Scope};
use crate::core::ask::Answer;
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::groups::Row;
use crate::core::groups::poll::Watch;
use crate::core::key::{Button, Input, Mouse, MouseKind};
use crate::core::line::Line;
use crate::core::marks::Marks;
use crate::core::names::bar::{Did, NameBar};
use crate::core::table::Sort;
use crate::model::{GroupId, Time};
use crate::text::{Shown, units};
use crate::ui::Pen;
use columns::{Id, Judged, Key};

/// Rows do not change places for so long after a key.
const STEADY: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct Groups {
    /// The groups in the list, in its order.
    rows: Vec<GroupId>,
    /// How many there are in all, and how many of them want to be looked at.
    total: usize,
    attention: usize,
    cursor: Cursor,
    /// Where the cursor stands, once it was moved: rows may come and go around it. Until then it stays at the top, where the
    /// problems are.
    selected: Option<GroupId>,
    bar: NameBar,
    sort: Sort<Id>,
    wide: bool,
    problems: bool,
    paused: bool,
    /// The list has the whole screen.
    alone: bool,
    marks: Marks<GroupId>,
    /// Of the screen's area, and the rows that the list has of it.
    size: (u16, u16),
    height: usize,
    /// The last key, and whether something has come since that the list does not show yet.
    touched: Option<Time>,
    unsorted: bool,
    saving: Option<TaskId>,
}

/// At first what wants to be looked at, then what is furthest behind.
const AT_FIRST: Sort<Id> = Sort::new(Id::Verdict, true);

impl Groups {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let mut groups = Self { sort: AT_FIRST, ..Self::default() };
        groups.relist(cx);
        groups
    }

    fn current(&self) -> Option<&GroupId> {
        self.rows.get(self.cursor.at)
    }

    /// Makes the list anew and puts the cursor back on its group.
    fn relist(&mut self, cx: &Cx<'_>) {
        let groups = &cx.cluster.groups;
        self.measure(cx);
        let judged: Vec<Judged<'_>> = groups.rows().map(|row| Judged::of(cx.cluster, row, cx.now)).collect();
        self.total = judged.len();
        self.attention = judged.iter().filter(|one| one.severity(groups, cx.now) > 0).count();
        let kept: Vec<&Judged<'_>> = judged.iter().filter(|one| !self.problems || one.severity(groups, cx.now) > 0).collect();
        let order = match self.bar.filter() {
            None => (0..kept.len()).collect(),
            Some(filter) => filter.apply(kept.iter().map(|one| one.row.id().raw()).enumerate()),
        };
        let mut listed: Vec<&Judged<'_>> = order.into_iter().filter_map(|at| kept.get(at).copied()).collect();
        self.sort(&mut listed, cx);
        self.rows = listed.iter().map(|one| one.row.id().clone()).collect();
        let found = self.selected.as_ref().and_then(|id| self.rows.iter().position(|other| other == id));
        self.cursor.to(found.unwrap_or(self.cursor.at), self.rows.len(), self.height);
        if self.selected.is_some() && found.is_none() {
            self.selected = self.current().cloned();
        }
        self.unsorted = false;
    }

    fn measure(&mut self, cx: &Cx<'_>) {
        self.size = cx.size;
        self.height = draw::list_height(self, cx.size, cx.cluster);
    }

    /// By the chosen column; equal ones by name.
    fn sort(&self, listed: &mut [&Judged<'_>], cx: &Cx<'_>) {
        let (by, down) = self.sort.order();
        let groups = &cx.cluster.groups;
        listed.sort_by_cached_key(|one| {
            let key: Option<Key> = columns::key(by, one, groups, cx.now);
            // What is unknown comes last, whichever way.
            (key.is_none(), if down { Err(Reverse(key)) } else { Ok(key) }, one.row.id().raw().to_owned())
        });
    }

    /// The list anew, or, while keys are being pressed, in a moment.
    fn relist_soon(&mut self, cx: &Cx<'_>) {
        let steady = self.touched.is_none_or(|touched| cx.now.since(touched) >= STEADY);
        if self.paused && !self.rows.is_empty() {
            return;
        }
        if steady || self.rows.is_empty() {
            self.relist(cx);
        } else {
            self.unsorted = true;
        }
    }

    fn moved(&mut self, by: isize) {
        self.cursor.by(by, self.rows.len(), self.height);
        self.selected = self.current().cloned();
    }

    /// The groups that an action is about: the marked ones, or the selected one.
    fn meant(&self) -> Vec<&GroupId> {
        if self.marks.is_empty() { self.current().into_iter().collect() } else { self.marks.iter().collect() }
    }

    /// The selected group.
    fn row<'c>(&self, cluster: &'c Cluster) -> Option<&'c Row> {
        cluster.groups.of(self.current()?)
    }
}

impl Screen for Groups {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("groups")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Groups, Scope::Change, Scope::Table, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenGroup
            | Action::CopyGroup
            | Action::YankGroup
            | Action::YankGroupCommand
            | Action::MarkRow
            | Action::ResetGroup
            | Action::SkipRecord
            | Action::UndoGroup
            | Action::DeleteGroup
                if self.current().is_none() =>
            {
                Err("No group is selected.")
            }
            Action::SaveGroups if self.rows.is_empty() => Err("There is no group to save."),
            Action::MarkRowRange => self.marks.allows_range(),
            Action::ClearRowMarks => self.marks.allows_clear(),
            Action::NextPane | Action::PreviousPane => Err("What is below tells of the selected group; f takes it away."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        self.obey(cx, action);
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        let cleared = self.bar.clear();
        if cleared {
            self.relist(cx);
        }
        cleared
    }

    fn editing(&self) -> bool {
        self.bar.line().is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.bar.line()
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        match self.bar.input(cx.history, input) {
            Did::Changed => self.relist(cx),
            Did::Moved(by) => self.moved(by),
            Did::Nothing => {}
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Reply(reply) if self.saving == Some(reply.id) => {
                self.saving = None;
                match reply.result {
                    Ok(Answer::Exported { path, records, bytes }) => {
                        let what = units::counted(units::wide(records), "group");
                        cx.notices.good(cx.now, written(&path, &what, bytes));
                    }
                    Ok(_) => {}
                    Err(failure) => cx.notices.failure(&failure),
                }
                None
            }
            // A part of the lag of many: what it told is in the shared cache.
            Arrival::Part(_, Answer::Lag(_) | Answer::Shares(_) | Answer::Groups(_)) => {
                self.relist_soon(cx);
                Some(arrival)
            }
            other => Some(other),
        }
    }

    fn groups(&self, _cluster: &Cluster) -> Watch {
        if self.paused {
            return Watch::default();
        }
        let window = self.cursor.window(self.rows.len(), self.height);
        let seen = self.rows.get(window).unwrap_or_default().to_vec();
        Watch { shown: true, seen, open: None }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        self.relist_soon(cx);
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.measure(cx);
        self.cursor.fit(self.rows.len(), self.height);
    }

    fn wake_at(&self, _now: Time) -> Option<Time> {
        self.touched.filter(|_| self.unsorted).map(|touched| touched.plus(STEADY))
    }

    fn woke(&mut self, cx: &mut Cx<'_>) {
        if self.unsorted && self.touched.is_none_or(|touched| cx.now.since(touched) >= STEADY) {
            self.relist(cx);
        }
    }

    /// A press selects a row, and opens the one that is selected already; on the header it sorts by that column.
    fn pointer(&mut self, cx: &mut Cx<'_>, mouse: Mouse) {
        let first = usize::from(draw::first_row(cx.cluster));
        let row = usize::from(mouse.row);
        match mouse.kind {
            MouseKind::ScrollUp => self.act(cx, Action::Up),
            MouseKind::ScrollDown => self.act(cx, Action::Down),
            MouseKind::Down(Button::Left) if row + 1 == first => {
                if let Some(id) = draw::column_at(self, cx, usize::from(mouse.column)) {
                    self.sort.chosen = id;
                    self.act(cx, Action::Sort);
                }
            }
            MouseKind::Down(Button::Left) if row >= first && row - first < self.height => {
                let at = self.cursor.window(self.rows.len(), self.height).start + row - first;
                if at == self.cursor.at {
                    self.act(cx, Action::OpenGroup);
                } else if at < self.rows.len() {
                    self.moved(at.cast_signed() - self.cursor.at.cast_signed());
                }
            }
            _ => {}
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
