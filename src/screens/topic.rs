//! One topic: its partitions with leaders, replicas and offsets, its settings with where each comes from, and the groups that
//! read it.

mod draw;
mod partitions;
mod readers;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, TopicFacts, Which};
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::effect::{TaskId, Term};
use crate::core::event::Arrival;
use crate::core::figures;
use crate::core::groups::poll::Watch;
use crate::core::history::Kind;
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::core::panes;
use crate::core::produce::{From, Opening};
use crate::core::remote::Remote;
use crate::core::table::Sort;
use crate::model::{GroupId, Move, PartitionId, Time, Topic};
use crate::text::Shown;
use crate::ui::Pen;
use partitions::Id;

/// What changes slowly is asked for at every so many refreshes.
const SLOW: u32 = 5;
/// Settings and moves while no replica moves; while one does they are asked at every refresh, like everything that goes on.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);

/// Groups that are asked about as often as those of a list.
const SEEN: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Partitions,
    Settings,
    /// The groups that read it.
    Readers,
}

const PANES: [Pane; 3] = [Pane::Partitions, Pane::Settings, Pane::Readers];

/// See the module.
#[derive(Debug)]
pub struct TopicScreen {
    topic: Arc<Topic>,
    /// Since when the cluster does not name it any more.
    gone: Option<Time>,
    focus: Pane,
    full_screen: bool,
    partitions: Cursor,
    sort: Sort<Id>,
    problems: bool,
    /// Partitions in the order of the list.
    rows: Vec<PartitionId>,
    settings: Cursor,
    /// The groups that read it, in the order of the list.
    readers: Vec<GroupId>,
    reader: Cursor,
    all: bool,
    filter: String,
    typing: Option<Line>,
    facts: Remote<TopicFacts>,
    /// They are to be asked anew before their time.
    outdated: bool,
    /// Questions about positions and sizes under way, and which of them is about the ends.
    asked: Vec<TaskId>,
    ends: Option<TaskId>,
    ticks: u32,
    next: Option<Time>,
}

impl TopicScreen {
    /// With the groups that read it in front.
    pub fn used_by(topic: Arc<Topic>, cx: &mut Cx<'_>) -> Self {
        Self { focus: Pane::Readers, ..Self::open(topic, cx) }
    }

    pub fn open(topic: Arc<Topic>, cx: &mut Cx<'_>) -> Self {
        let mut screen = Self {
            rows: topic.partitions.iter().map(|partition| partition.id).collect(),
            gone: None,
            focus: Pane::Partitions,
            full_screen: false,
            partitions: Cursor::default(),
            sort: Sort::default(),
            problems: false,
            settings: Cursor::default(),
            readers: readers::order(cx.cluster, &topic.name),
            reader: Cursor::default(),
            all: false,
            filter: String::new(),
            typing: None,
            facts: Remote::default(),
            outdated: false,
            asked: Vec::new(),
            ends: None,
            ticks: 0,
            next: None,
            topic,
        };
        screen.ask(cx);
        screen
    }

    /// Asks for what is due: ends, and behind them the last stable offsets, at every refresh; starts and sizes less often,
    /// settings once a minute.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        let due = self.next.is_none_or(|next| cx.now >= next);
        if !due || self.gone.is_some() {
            return;
        }
        self.next = Some(cx.now.plus(cx.settings.refresh));
        if cx.cluster.trouble.is_some() {
            return;
        }
        if self.asked.is_empty() {
            let topics = || vec![Arc::clone(&self.topic)];
            let ends = cx.start(Ask::Positions { which: Which::End, topics: topics() });
            (self.ends, self.asked) = (Some(ends), vec![ends]);
            if self.ticks.is_multiple_of(SLOW) {
                self.asked.push(cx.start(Ask::Positions { which: Which::Start, topics: topics() }));
                self.asked.push(cx.start(Ask::Sizes(topics())));
            }
            self.ticks = self.ticks.wrapping_add(1);
        }
        let every = if self.moves().is_empty() { SETTINGS_EVERY } else { cx.settings.refresh };
        let old = self.outdated || self.facts.value.as_ref().is_none_or(|fresh| cx.now.since(fresh.at) >= every);
        if old && !self.facts.is_loading() {
            self.outdated = false;
            let controller = cx.cluster.view.get().and_then(|view| view.controller);
            let task = cx.start(Ask::Topic { topic: Arc::clone(&self.topic), controller });
            self.facts.loading(task, cx.now);
        }
    }

    fn moves(&self) -> &[Move] {
        self.facts.get().and_then(|facts| facts.moves.as_ref().ok()).map_or(&[], Vec::as_slice)
    }

    /// Puts the partitions in order, and the cursor back on the one that it was on.
    fn relist(&mut self, cx: &Cx<'_>) {
        let selected = self.rows.get(self.partitions.at).copied();
        self.rows = partitions::order(&self.topic, cx.cluster.figures.of(&self.topic), self.sort, self.problems);
        let at = selected.and_then(|id| self.rows.iter().position(|&row| row == id)).unwrap_or(self.partitions.at);
        let height = Self::heights(cx).0;
        self.partitions.to(at, self.rows.len(), height);
    }

    /// The groups that read it anew; the cursor stays on its group.
    fn list_readers(&mut self, cx: &Cx<'_>) {
        let selected = self.readers.get(self.reader.at).cloned();
        self.readers = readers::order(cx.cluster, &self.topic.name);
        let at = selected.and_then(|id| self.readers.iter().position(|other| *other == id)).unwrap_or(self.reader.at);
        let height = Self::heights(cx).1.saturating_sub(1);
        self.reader.to(at, self.readers.len(), height);
    }

    /// Lines of the two lists.
    fn heights(cx: &Cx<'_>) -> (usize, usize) {
        let rows = usize::from(cx.size.1);
        // Each has a title; partitions a header too.
        (rows.saturating_sub(2), rows.saturating_sub(1))
    }

    /// Whether both panes are on screen.
    fn is_split(&self, columns: u16) -> bool {
        !self.full_screen && columns >= draw::SPLIT
    }

    fn move_cursor(&mut self, cx: &Cx<'_>, action: Action) {
        let (high, low) = Self::heights(cx);
        let len = match self.focus {
            Pane::Partitions => self.rows.len(),
            Pane::Settings => self.listed().len(),
            Pane::Readers => self.readers.len(),
        };
        let (cursor, height) = match self.focus {
            Pane::Partitions => (&mut self.partitions, high),
            Pane::Settings => (&mut self.settings, low),
            Pane::Readers => (&mut self.reader, low.saturating_sub(1)),
        };
        cursor.obey(action, len, height);
    }

    fn selected(&self) -> Option<PartitionId> {
        self.rows.get(self.partitions.at).copied()
    }

    fn copy(&self, cx: &mut Cx<'_>) {
        let text = match self.focus {
            Pane::Partitions => self.selected().map(|id| format!("{}/{}", self.topic.name.raw(), id.0)),
            Pane::Settings => self
                .listed()
                .get(self.settings.at)
                .map(|setting| format!("{}={}", setting.name.raw(), setting.value.as_ref().map_or("", |value| value.raw()))),
            Pane::Readers => self.readers.get(self.reader.at).map(|id| id.raw().to_owned()),
        };
        if let Some(text) = text {
            cx.term(Term::Osc52(text.clone()));
            cx.start(Ask::Copy(text));
            cx.notices.good(cx.now, "Sent to the terminal's clipboard.");
        }
    }
}

impl Screen for TopicScreen {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(self.topic.name.raw())
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.focus {
            Pane::Partitions => vec![Scope::Topic, Scope::Table, Scope::List],
            Pane::Settings => vec![Scope::Topic, Scope::List],
            Pane::Readers => vec![Scope::Readers, Scope::Topic, Scope::List],
        }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::MarkRow | Action::MarkRowRange | Action::ClearRowMarks | Action::MarkRows => Err("Partitions are not marked here."),
            Action::Wide => Err("All columns that fit are shown; f gives the pane the whole screen."),
            Action::PauseList => Err("Partitions are always refreshed; the list of topics can be paused."),
            Action::OpenReader if self.readers.is_empty() => Err("No group reads this topic."),
            Action::PartitionMessages if self.focus != Pane::Partitions => Err("Messages are those of a partition: 1 goes there."),
            Action::PartitionMessages if self.selected().is_none() => Err("No partition is selected."),
            Action::FilterRows if self.focus != Pane::Settings => {
                Err("The filter is one of settings: 2 goes there. ! shows partitions in trouble.")
            }
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::TopicMessages => cx.go = Some(Route::Messages(Arc::clone(&self.topic))),
            Action::PartitionMessages => cx.go = self.selected().map(|id| Route::Partition(Arc::clone(&self.topic), id)),
            Action::AllSettings => {
                self.all = !self.all;
                self.focus = Pane::Settings;
                self.settings = Cursor::default();
            }
            Action::NextPane | Action::PreviousPane => self.focus = panes::turn(&PANES, self.focus, action),
            Action::Pane3 | Action::UsedBy => self.focus = Pane::Readers,
            Action::OpenReader => cx.go = self.readers.get(self.reader.at).cloned().map(Route::Group),
            Action::Pane1 => self.focus = Pane::Partitions,
            Action::Pane2 => self.focus = Pane::Settings,
            Action::FullScreen => self.full_screen = !self.full_screen,
            Action::FilterRows => self.typing = Some(Line::new(&*self.filter).with_past(cx.history.of(Kind::Settings))),
            Action::ColumnLeft | Action::ColumnRight | Action::Sort if self.sort.obey(action, partitions::COLUMNS, true) => self.relist(cx),
            Action::Problems => {
                self.problems = !self.problems;
                self.relist(cx);
            }
            Action::ShapeHere => cx.go = Some(Route::Shape(Arc::clone(&self.topic))),
            Action::BisectHere => cx.go = Some(Route::Bisect(Arc::clone(&self.topic), String::new())),
            Action::ProduceHere => {
                let topic = self.topic.name.raw().to_owned();
                cx.go = Some(Route::Produce(Box::new(Opening { topic, from: From::Nothing })));
            }
            Action::CopyRow => self.copy(cx),
            Action::Refresh => {
                (self.next, self.ticks, self.outdated) = (None, 0, true);
                self.ask(cx);
            }
            other => self.move_cursor(cx, other),
        }
    }

    fn back(&mut self, _cx: &mut Cx<'_>) -> bool {
        if !self.filter.is_empty() {
            self.filter.clear();
            return true;
        }
        std::mem::take(&mut self.full_screen)
    }

    fn editing(&self) -> bool {
        self.typing.is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.typing.as_ref()
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        let Some(mut line) = self.typing.take() else { return };
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if key.code == KeyCode::Esc && line.search().is_none() => return,
            Input::Key(key) if key.code == KeyCode::Enter => return cx.history.add(Kind::Settings, line.text()),
            Input::Key(key) => drop(line.key(*key)),
            _ => {}
        }
        line.text().clone_into(&mut self.filter);
        self.typing = Some(line);
        let (len, height) = (self.listed().len(), Self::heights(cx).1);
        self.settings.fit(len, height);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        let task = arrival.task();
        let Arrival::Reply(reply) = arrival else { return Some(arrival) };
        if self.asked.contains(&task) {
            // What it told is in the shared figures.
            self.asked.retain(|asked| *asked != task);
            if self.ends == Some(task) && self.gone.is_none() {
                // Only behind the ends: what comes between the two answers must not look held back.
                self.ends = None;
                self.asked.push(cx.start(Ask::Positions { which: Which::Stable, topics: vec![Arc::clone(&self.topic)] }));
            }
            self.relist(cx);
            return None;
        }
        self.facts
            .accept(reply, cx.now, |answer| match answer {
                Answer::Topic(facts) => Some(Arc::new(facts)),
                _ => None,
            })
            .map(Arrival::Reply)
    }

    fn groups(&self, _cluster: &Cluster) -> Watch {
        Watch { shown: true, seen: self.readers.iter().take(SEEN).cloned().collect(), open: None }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        self.list_readers(cx);
        let Some(view) = cx.cluster.view.get() else { return };
        match figures::find(view, &self.topic.name) {
            Some(topic) => {
                if topic.id != self.topic.id {
                    cx.notices.look(cx.now, "The topic was deleted and made again: this is the new one.");
                    (self.next, self.ticks, self.facts) = (None, 0, Remote::default());
                }
                if !same_replicas(&self.topic, topic) {
                    // A move began or ended.
                    self.outdated = true;
                }
                self.topic = Arc::clone(topic);
                self.gone = None;
            }
            // A broker that has not heard of it yet may answer once (P26): the next answer decides.
            None => self.gone = self.gone.or(Some(cx.now)),
        }
        self.relist(cx);
        self.ask(cx);
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        let (high, low) = Self::heights(cx);
        self.partitions.fit(self.rows.len(), high);
        let len = self.listed().len();
        self.settings.fit(len, low);
    }

    fn wake_at(&self, _now: Time) -> Option<Time> {
        self.next.filter(|_| self.gone.is_none())
    }

    fn woke(&mut self, cx: &mut Cx<'_>) {
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
        match self.focus {
            Pane::Partitions => (self.partitions.at, self.rows.len()),
            Pane::Settings => (self.settings.at, self.listed().len()),
            Pane::Readers => (self.reader.at, self.readers.len()),
        }
    }
}

/// Whether all partitions lie where they lay. The metadata names those that come and those that go until a move is over.
fn same_replicas(before: &Topic, now: &Topic) -> bool {
    before.partitions.len() == now.partitions.len()
        && before.partitions.iter().zip(&now.partitions).all(|(before, now)| before.replicas == now.replicas)
}
