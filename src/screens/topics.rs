//! The list of topics: what Metadata tells of all, and figures that are asked for politely: those on screen at every
//! refresh, the others in turn (`core::sweep`).

pub mod columns;
mod draw;
mod save;

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::Ask;
use crate::core::cursor::Cursor;
use crate::core::effect::{TaskId, Term};
use crate::core::event::Arrival;
use crate::core::key::{Button, Input, Mouse, MouseKind};
use crate::core::line::Line;
use crate::core::marks::Marks;
use crate::core::names::bar::{Did, NameBar};
use crate::core::produce::{From, Opening};
use crate::core::stream::lanes;
use crate::core::sweep::{Listed, Sweep};
use crate::core::table::Sort;
use crate::model::{ClusterView, Time, Topic, TopicName};
use crate::text::Shown;
use crate::ui::Pen;
use columns::{COLUMNS, Id, Row};

/// Rows do not change places for so long after a key.
const STEADY: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct Topics {
    view: Option<Arc<ClusterView>>,
    /// Indexes into the view's topics, in the order of the list.
    rows: Vec<usize>,
    cursor: Cursor,
    /// Where the cursor stands, by name: rows may come and go around it.
    selected: Option<TopicName>,
    show_internal: bool,
    hidden: usize,
    bar: NameBar,
    sort: Sort<Id>,
    wide: bool,
    /// Only topics with a partition that is offline or behind.
    problems: bool,
    marks: Marks<TopicName>,
    sweep: Sweep,
    /// The file being written, and of how many topics in it the offsets are not known.
    saving: Option<(TaskId, usize)>,
    paused: bool,
    /// The last key, and whether figures have changed that the list is sorted by.
    touched: Option<Time>,
    unsorted: bool,
}

impl Topics {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let mut topics = Self::default();
        topics.refreshed(cx);
        topics
    }

    fn height(cx: &Cx<'_>) -> usize {
        // Less the title and the header.
        usize::from(cx.size.1).saturating_sub(2)
    }

    fn topic(&self, row: usize) -> Option<&Arc<Topic>> {
        self.view.as_ref()?.topics.get(*self.rows.get(row)?)
    }

    fn current(&self) -> Option<&Arc<Topic>> {
        self.topic(self.cursor.at)
    }

    /// Makes the list anew and puts the cursor back on its topic.
    fn relist(&mut self, cx: &Cx<'_>) {
        let Some(view) = self.view.clone() else { return };
        self.hidden = if self.show_internal { 0 } else { view.topics.iter().filter(|t| t.internal).count() };
        let listed = view.topics.iter().enumerate().filter(|(_, t)| self.show_internal || !t.internal);
        let listed = listed.filter(|(_, t)| !self.problems || t.error.is_some() || columns::troubled(t) != (0, 0));
        self.rows = match self.bar.filter() {
            None => listed.map(|(n, _)| n).collect(),
            Some(filter) => filter.apply(listed.map(|(n, t)| (n, t.name.raw()))),
        };
        self.sort_rows(cx);
        let found =
            self.selected.as_ref().and_then(|name| self.rows.iter().position(|&n| view.topics.get(n).is_some_and(|t| t.name == *name)));
        self.cursor.to(found.unwrap_or(self.cursor.at), self.rows.len(), Self::height(cx));
        if self.selected.is_some() && found.is_none() {
            self.selected = self.current().map(|t| t.name.clone());
        }
        self.unsorted = false;
    }

    /// By the chosen column; equal ones, and all by default, by name. A fuzzy filter's order, best first, stays by default.
    fn sort_rows(&mut self, cx: &Cx<'_>) {
        let (Some(view), (by, down)) = (&self.view, self.sort.order()) else { return };
        if by == Id::Name {
            if down {
                self.rows.reverse();
            }
            return;
        }
        let figures = &cx.cluster.figures;
        let used = columns::Used::of(&cx.cluster.groups, matches!(by, Id::Groups | Id::MaxLag));
        self.rows.sort_unstable();
        self.rows.sort_by_cached_key(|&n| {
            let topic = view.topics.get(n);
            let key =
                topic.and_then(|topic| columns::key(by, &Row { topic, figures: figures.of(topic), used: used.by(topic), now: cx.now }));
            // What is unknown comes last, whichever way.
            (key.is_none(), if down { Err(Reverse(key)) } else { Ok(key) })
        });
    }

    /// Asks for the figures whose turn it is.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        let Some(view) = &self.view else { return };
        if self.paused || cx.cluster.trouble.is_some() {
            self.sweep.put_off(cx.now, cx.settings.refresh);
            return;
        }
        let window = self.cursor.window(self.rows.len(), Self::height(cx));
        let seen: Vec<Arc<Topic>> = window.filter_map(|row| self.topic(row)).cloned().collect();
        let all: Vec<Arc<Topic>> = view.topics.iter().filter(|topic| self.show_internal || !topic.internal).cloned().collect();
        let listed = Listed { seen: &seen, all: &all, brokers: view.brokers.len() };
        for (kind, ask) in self.sweep.due(&listed, &cx.cluster.figures, cx.now, cx.settings.refresh) {
            let task = cx.start(ask);
            self.sweep.started(kind, task);
        }
    }

    /// The topics that an action is about: the marked ones, or the selected one.
    fn meant(&self) -> Vec<&str> {
        if self.marks.is_empty() {
            return self.current().map(|topic| topic.name.raw()).into_iter().collect();
        }
        self.marks.iter().map(TopicName::raw).collect()
    }

    fn mark(&mut self, cx: &Cx<'_>) {
        let Some(name) = self.current().map(|topic| topic.name.clone()) else { return };
        self.marks.toggle(name);
        self.moved(cx, 1);
    }

    /// The names of the list, in its order.
    fn names(&self) -> Vec<TopicName> {
        (0..self.rows.len()).filter_map(|row| self.topic(row)).map(|topic| topic.name.clone()).collect()
    }

    /// The column that stands there.
    fn column_at(&self, cx: &Cx<'_>, x: usize) -> Option<Id> {
        let longest = self.view.as_ref()?.topics.iter().map(|topic| topic.name.raw().len()).max()?;
        let (shown, name) = columns::fitting(usize::from(cx.size.0), longest, self.wide);
        let mut end = 2;
        shown
            .into_iter()
            .find(|column| {
                end += if column.id == Id::Name { name } else { column.width + columns::BETWEEN };
                x < end
            })
            .map(|column| column.id)
    }

    fn copy(&mut self, cx: &mut Cx<'_>) {
        let names = self.meant();
        let count = names.len();
        let text = names.join("\n");
        cx.term(Term::Osc52(text.clone()));
        cx.start(Ask::Copy(text));
        let said = if count == 1 {
            "Name sent to the terminal's clipboard.".to_owned()
        } else {
            format!("{count} names sent to the terminal's clipboard.")
        };
        cx.notices.good(cx.now, said);
    }

    fn moved(&mut self, cx: &Cx<'_>, by: isize) {
        self.cursor.by(by, self.rows.len(), Self::height(cx));
        self.selected = self.current().map(|t| t.name.clone());
    }

    /// Opens the messages of all marked topics in one list.
    fn together(&self, cx: &mut Cx<'_>) {
        let Some(view) = cx.cluster.view.get() else { return };
        let listed = view.topics.iter().filter(|topic| topic.error.is_none() && self.marks.iter().any(|name| *name == topic.name));
        let mut topics = listed.cloned();
        match (topics.next(), topics.collect::<Vec<_>>()) {
            (Some(_), others) if others.len() >= lanes::MOST => {
                cx.notices.look(cx.now, format!("One list takes {} topics at most, and more are marked.", lanes::MOST));
            }
            (Some(first), others) if !others.is_empty() => cx.go = Some(Route::Together(first, others)),
            (Some(only), _) => cx.go = Some(Route::Messages(only)),
            (None, _) => cx.notices.look(cx.now, "Space marks topics; M opens the messages of all that are marked."),
        }
    }
}

impl Screen for Topics {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("topics")
    }

    fn marked(&self) -> Vec<TopicName> {
        self.marks.iter().cloned().collect()
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Topics, Scope::Table, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenTopic
            | Action::TopicShape
            | Action::TopicBisect
            | Action::CopyTopic
            | Action::ProduceTo
            | Action::DescribeTopic
            | Action::TopicReaders
            | Action::MarkRow
                if self.current().is_none() =>
            {
                Err("No topic is selected.")
            }
            Action::SaveTopics if self.saved().is_empty() => Err("No topic is listed."),
            Action::MarkRowRange => self.marks.allows_range(),
            Action::ClearRowMarks => self.marks.allows_clear(),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (len, height) = (self.rows.len(), Self::height(cx));
        self.touched = Some(cx.now);
        let top = self.cursor.top;
        if self.cursor.obey(action, len, height) {
            self.selected = self.current().map(|t| t.name.clone());
        }
        match action {
            Action::Internal => {
                self.show_internal = !self.show_internal;
                self.relist(cx);
            }
            Action::FilterTopics => self.bar.open(cx.history),
            Action::OpenTopic => {
                if let Some(topic) = self.current() {
                    match topic.error {
                        None => cx.go = Some(Route::Messages(Arc::clone(topic))),
                        Some(error) => cx.notices.look(cx.now, draw::sentence(error)),
                    }
                }
            }
            Action::TopicsTogether => self.together(cx),
            Action::TopicShape => cx.go = self.current().map(|topic| Route::Shape(Arc::clone(topic))),
            Action::TopicBisect => cx.go = self.current().map(|topic| Route::Bisect(Arc::clone(topic), String::new())),
            Action::TopicReaders => cx.go = self.current().map(|topic| Route::UsedBy(Arc::clone(topic))),
            Action::DescribeTopic => cx.go = self.current().map(|topic| Route::Topic(Arc::clone(topic))),
            Action::ProduceTo => {
                let topic = self.current().map(|topic| topic.name.raw().to_owned());
                cx.go = topic.map(|topic| Route::Produce(Box::new(Opening { topic, from: From::Nothing })));
            }
            Action::CopyTopic => self.copy(cx),
            Action::SaveTopics => self.save(cx),
            Action::MarkRow => self.mark(cx),
            Action::MarkRowRange => self.marks.range(&self.names(), self.cursor.at),
            Action::ClearRowMarks => self.marks.clear(),
            Action::MarkRows => self.marks.all(&self.names()),
            Action::ColumnLeft | Action::ColumnRight | Action::Sort if self.sort.obey(action, COLUMNS, self.wide) => self.relist(cx),
            Action::Wide => self.wide = !self.wide,
            Action::Problems => {
                self.problems = !self.problems;
                self.relist(cx);
            }
            Action::PauseList => self.paused = !self.paused,
            Action::Refresh => self.sweep.hurry(cx.now),
            _ => {}
        }
        if self.cursor.top != top || matches!(action, Action::Refresh | Action::PauseList | Action::Sort) {
            self.sweep.hurry(cx.now);
            self.ask(cx);
        }
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
            Did::Moved(by) => self.moved(cx, by),
            Did::Nothing => {}
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        let arrival = match (arrival, self.saving) {
            (Arrival::Reply(reply), Some((id, unknown))) if reply.id == id => {
                self.saving = None;
                Self::was_saved(cx, reply.result, unknown);
                return None;
            }
            (arrival, _) => arrival,
        };
        // What it tells is in the shared figures already.
        if let Arrival::Reply(reply) = &arrival
            && self.sweep.ended(reply.id)
        {
            // Its order changes as figures come in.
            self.unsorted |= !matches!(self.sort.by, Id::Name | Id::Partitions | Id::Replication | Id::Isr);
            self.woke(cx);
            return None;
        }
        Some(arrival)
    }

    fn wake_at(&self, _now: Time) -> Option<Time> {
        let sort = self.touched.filter(|_| self.unsorted).map(|touched| touched.plus(STEADY));
        let ask = self.sweep.wake_at().filter(|_| !self.paused && self.view.is_some());
        [sort, ask].into_iter().flatten().min()
    }

    fn woke(&mut self, cx: &mut Cx<'_>) {
        if self.unsorted && self.touched.is_none_or(|touched| cx.now.since(touched) >= STEADY) {
            self.relist(cx);
        }
        self.ask(cx);
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        if let Some(view) = cx.cluster.view.get() {
            self.view = Some(Arc::clone(view));
            self.relist(cx);
            if self.selected.is_none() {
                self.selected = self.current().map(|t| t.name.clone());
            }
            self.ask(cx);
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.rows.len(), Self::height(cx));
    }

    /// A press selects a row, and opens the one that is selected already; on the header it sorts by that column.
    fn pointer(&mut self, cx: &mut Cx<'_>, mouse: Mouse) {
        match mouse.kind {
            MouseKind::ScrollUp => self.act(cx, Action::Up),
            MouseKind::ScrollDown => self.act(cx, Action::Down),
            MouseKind::Down(Button::Left) if mouse.row == 1 => {
                if let Some(id) = self.column_at(cx, usize::from(mouse.column)) {
                    self.sort.chosen = id;
                    self.act(cx, Action::Sort);
                }
            }
            MouseKind::Down(Button::Left) if mouse.row >= 2 => {
                let row = self.cursor.window(self.rows.len(), Self::height(cx)).start + usize::from(mouse.row) - 2;
                if row == self.cursor.at {
                    self.act(cx, Action::OpenTopic);
                } else if row < self.rows.len() {
                    let by = row.cast_signed() - self.cursor.at.cast_signed();
                    self.moved(cx, by);
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
