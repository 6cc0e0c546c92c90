//! The cluster at a glance: what comes in, how the partitions and groups do, what wants to be looked at, what has changed. The
//! start screen: every problem leads to its place.

mod draw;
mod problems;
mod summary;

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::Reply;
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::event::Arrival;
use crate::core::groups::Row;
use crate::core::groups::poll::Watch;
use crate::core::panes;
use crate::core::sweep::{Listed, Sweep};
use crate::core::verdict::Verdict;
use crate::model::{GroupId, Time};
use crate::text::Shown;
use crate::ui::Pen;

use problems::{About, Problem};
use summary::Summary;

/// All is summed up and problems are found anew so often at most; over more than so many topics and groups that is some work,
/// and done less often.
const EVERY: Duration = Duration::from_millis(100);
const EVERY_MANY: Duration = Duration::from_secs(1);
const MANY: usize = 1_000;
/// So many groups are looked at more often than the rest.
const WATCHED: usize = 50;
/// With so many partitions for each broker all of them are looked at at every refresh; else in turn.
const AT_ONCE: usize = 500;

/// A group and how it does.
type Judged<'a> = (&'a Row, Verdict);

/// See the module.
#[derive(Debug, Default)]
pub struct Overview {
    summary: Summary,
    problems: Vec<Problem>,
    /// When both were made; something may have changed since.
    found: Option<Time>,
    stale: bool,
    /// How long after that they are made again.
    every: Duration,
    focus: Pane,
    cursor: Cursor,
    brokers: Cursor,
    changes: Cursor,
    full: bool,
    sweep: Sweep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Problems,
    Brokers,
    Changes,
}

impl Overview {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let mut overview = Self::default();
        overview.find(cx);
        overview.ask(cx);
        overview
    }

    /// Sums up and finds the problems anew; the selection stays with its problem.
    fn find(&mut self, cx: &mut Cx<'_>) {
        let selected = self.problems.get(self.cursor.at).map(|problem| problem.about.clone());
        // Judged once for both: of thousands of groups that is what takes time here.
        let judged: Vec<Judged<'_>> = cx.cluster.groups.rows().map(|row| (row, cx.cluster.verdict(row, cx.now))).collect();
        self.summary = Summary::of(cx.cluster, &judged, cx.now);
        self.problems = problems::of(cx.cluster, &judged, cx.now);
        // What was made of nothing is made anew with the first answer, however soon that comes.
        (self.found, self.stale) = (cx.cluster.view.get().map(|_| cx.now), false);
        // Only who has moved wants to stay: at the top one wants the worst.
        let at =
            selected.filter(|_| self.cursor.at > 0).and_then(|about| self.problems.iter().position(|problem| problem.about.is(&about)));
        self.cursor.to(at.unwrap_or(self.cursor.at), self.problems.len(), self.height(cx, Pane::Problems));
    }

    fn changed(&mut self, cx: &mut Cx<'_>) {
        let topics = cx.cluster.view.get().map_or(0, |view| view.topics.len());
        self.every = if topics + cx.cluster.groups.len() > MANY { EVERY_MANY } else { EVERY };
        if self.found.is_none_or(|found| cx.now.since(found) >= self.every) { self.find(cx) } else { self.stale = true }
    }

    /// Asks for the figures of topics: their rates are what comes in.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        let Some(view) = cx.cluster.view.get() else { return };
        if cx.cluster.trouble.is_some() {
            self.sweep.put_off(cx.now, cx.settings.refresh);
            return;
        }
        let partitions: usize = view.topics.iter().map(|topic| topic.partitions.len()).sum();
        let few = partitions <= AT_ONCE * view.brokers.len().max(1);
        let listed = Listed { seen: if few { &view.topics } else { &[] }, all: &view.topics, brokers: view.brokers.len() };
        for (kind, ask) in self.sweep.due(&listed, &cx.cluster.figures, cx.now, cx.settings.refresh) {
            let task = cx.start(ask);
            self.sweep.started(kind, task);
        }
    }

    fn height(&self, cx: &Cx<'_>, pane: Pane) -> usize {
        let area = Rect::new(0, 0, cx.size.0, cx.size.1);
        usize::from(draw::Places::of(self, area).pane(pane).height).saturating_sub(1).max(1)
    }

    fn list(&mut self, cx: &Cx<'_>) -> (&mut Cursor, usize, usize) {
        let height = self.height(cx, self.focus);
        match self.focus {
            Pane::Problems => (&mut self.cursor, self.problems.len(), height),
            Pane::Brokers => (&mut self.brokers, cx.cluster.view.get().map_or(0, |view| view.brokers.len()), height),
            Pane::Changes => (&mut self.changes, cx.cluster.timeline.len(), height),
        }
    }

    /// Where the selected line leads.
    fn target(&self, cluster: &Cluster) -> Option<Route> {
        match self.focus {
            Pane::Problems => match &self.problems.get(self.cursor.at)?.about {
                About::Group(id) => Some(to_group(id)),
                About::Topic(topic) => Some(Route::Topic(std::sync::Arc::clone(topic))),
                About::Broker(_) => None,
            },
            Pane::Brokers => None,
            Pane::Changes => draw::leads_to(cluster.timeline.newest().nth(self.changes.at)?, cluster),
        }
    }

    /// The group under the cursor.
    fn group(&self) -> Option<&GroupId> {
        match &self.problems.get(self.cursor.at).filter(|_| self.focus == Pane::Problems)?.about {
            About::Group(id) => Some(id),
            _ => None,
        }
    }
}

/// The place of a group.
fn to_group(id: &GroupId) -> Route {
    Route::Group(id.clone())
}

impl Screen for Overview {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("overview")
    }

    fn scopes(&self) -> Vec<Scope> {
        if self.group().is_some() { vec![Scope::Overview, Scope::Change, Scope::List] } else { vec![Scope::Overview, Scope::List] }
    }

    /// What is a problem, and what may become one: groups that are behind.
    fn groups(&self, cluster: &Cluster) -> Watch {
        let known = self.problems.iter().filter_map(|problem| if let About::Group(id) = &problem.about { Some(id) } else { None });
        let mut seen: Vec<GroupId> = known.take(WATCHED).cloned().collect();
        let behind = cluster.groups.rows().filter(|row| row.total().is_some_and(|total| total.offsets > 0));
        for row in behind.take(WATCHED) {
            if seen.len() < WATCHED && !seen.contains(row.id()) {
                seen.push(row.id().clone());
            }
        }
        Watch { shown: true, seen, open: None }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::GoThere if self.focus == Pane::Problems && self.problems.is_empty() => Err("There is no problem to go to."),
            Action::GoThere if self.focus == Pane::Brokers => Err("There is no screen of a broker yet."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (cursor, len, height) = self.list(cx);
        if cursor.obey(action, len, height) {
            return;
        }
        if let Some(row) = self.group().and_then(|id| cx.cluster.groups.of(id)) {
            let spot = cx.cluster.verdict(row, cx.now).stuck_at().map(|spot| (spot.topic.clone(), spot.partition, None));
            if action == Action::SkipRecord && spot.is_none() {
                return cx.notices.look(cx.now, "It is not stuck at a record: open it, and skip on the partition that is meant.");
            }
            if cx.change(action, row.id(), None, spot) {
                return;
            }
        }
        match action {
            Action::GoThere => match self.target(cx.cluster) {
                Some(route) => cx.go = Some(route),
                None => cx.notices.look(cx.now, "This line leads nowhere."),
            },
            Action::NextPane | Action::PreviousPane => {
                self.focus = panes::turn(&[Pane::Problems, Pane::Brokers, Pane::Changes], self.focus, action);
            }
            Action::FullScreen => self.full = !self.full,
            Action::ListTopics => cx.go = Some(Route::Topics),
            Action::ListGroups => cx.go = Some(Route::Groups),
            Action::Refresh => {
                self.sweep.hurry(cx.now);
                self.find(cx);
                self.ask(cx);
            }
            _ => {}
        }
    }

    fn back(&mut self, _cx: &mut Cx<'_>) -> bool {
        std::mem::take(&mut self.full)
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, answer) => {
                self.changed(cx);
                Some(Arrival::Part(id, answer))
            }
            Arrival::Reply(Reply { id, .. }) if self.sweep.ended(id) => {
                self.changed(cx);
                None
            }
            other => Some(other),
        }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        self.changed(cx);
        self.ask(cx);
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.problems.len(), self.height(cx, Pane::Problems));
    }

    fn wake_at(&self, _now: Time) -> Option<Time> {
        let again = self.found.filter(|_| self.stale).map(|found| found.plus(self.every));
        [self.sweep.wake_at(), again].into_iter().flatten().min()
    }

    fn woke(&mut self, cx: &mut Cx<'_>) {
        if self.stale {
            self.changed(cx);
        }
        self.ask(cx);
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.problems.len())
    }
}
