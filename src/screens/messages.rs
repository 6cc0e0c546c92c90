//! The messages of one topic, live: filter bar, list, value and record facts. Opening it never reads from the start by
//! surprise: the newest records in all, then what arrives.
//!
//! One file per part: `act` (the keys), `reader` (the running task), `rows` (the lines), `filter` (the bar), `offer` (tab in it), `seek` (where to go), `older`
//! (what lies before the list), `committed` (where a group stands), `inquire` (questions about a record), `list`, `value` and `record` (the panes), `yank` (what can be copied).

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen, TableOf};
use crate::core::action::{Action, Scope};
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::history::Kind;
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::core::store::{MessageStore, Seq};
use crate::core::stream::lanes;
use crate::model::{PartitionId, Topic, TxnTable};
use crate::query::position::Position;
use crate::text::{Shown, TimeFormat};
use crate::ui::Pen;

mod act;
mod columns;
mod committed;
mod draw;
mod facts;
mod fields;
mod filter;
mod inquire;
mod list;
mod offer;
mod older;
mod produce;
mod reader;
mod record;
mod rows;
mod saved;
mod seek;
mod stream;
mod value;
mod yank;
mod zone;

use committed::Committed;
use filter::Bar;
use older::Older;
use reader::{From, Reader};
use rows::Rows;
use saved::{Names, Shelved};
use stream::Rate;
use value::ValuePane;

#[derive(Debug)]
pub struct Messages {
    reader: Reader,
    store: MessageStore,
    rows: Rows,
    bar: Bar,
    value: ValuePane,
    prompt: Option<Prompt>,
    focus: Focus,
    layout: Layout,
    full_screen: bool,
    /// The first line of the record's facts that is seen.
    record_from: usize,
    follow: bool,
    time: Option<TimeFormat>,
    /// Which of the zones that `T` goes through.
    zone: usize,
    headers: bool,
    /// Records shown per second, measured between two progress reports.
    rate: Rate,
    /// Where the last range of marks began.
    last_mark: Option<Seq>,
    /// Facts that were read under a filter and are to be told when it goes: records that were not kept.
    not_kept: u64,
    not_shown: u64,
    older: Older,
    /// The group whose commit it was opened at.
    committed: Option<Committed>,
    /// How transactions ended, once older records were loaded: the reader's own table knows nothing of those.
    joined_txns: Option<TxnTable>,
    /// A record too large for the live view that is being fetched alone.
    opening: Option<TaskId>,
    shelved: Shelved,
    tasks: BTreeSet<TaskId>,
    /// The cluster's addresses as the user gave them, for commands that are copied.
    bootstrap: String,
}

/// Which pane takes the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Focus {
    List,
    Value,
    /// The record's facts, where they have more lines than there is room for.
    Record,
}

/// Where the value is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Below,
    Right,
    Off,
}

/// A line being typed for something other than the filter.
#[derive(Debug)]
struct Prompt {
    kind: Kind,
    line: Line,
    error: Option<String>,
    /// Saved queries, where the name of one is asked for.
    names: Names,
}

impl Messages {
    pub fn open(topic: Arc<Topic>, partition: Option<PartitionId>, cx: &mut Cx<'_>) -> Self {
        let from = From::configured(&cx.settings.start);
        // As with `o`: what begins in the past stays at its first record.
        let follow = from.newest.is_some() || from.position == Position::Latest;
        let mut messages = Self::made(topic, from, follow, cx);
        messages.reader.partitions = partition.map(|id| vec![id]);
        messages.restart(cx);
        messages.read_saved(cx);
        messages
    }

    /// Several topics in one list: at most [`lanes::MOST`].
    pub fn several(first: Arc<Topic>, others: Vec<Arc<Topic>>, cx: &mut Cx<'_>) -> Self {
        let from = From::configured(&cx.settings.start);
        let follow = from.newest.is_some() || from.position == Position::Latest;
        let mut messages = Self::made(first, from, follow, cx);
        messages.reader.others = others;
        messages.reader.others.truncate(lanes::MOST - 1);
        messages.restart(cx);
        messages.read_saved(cx);
        messages
    }

    /// With a filter in force, which is looked for in the history at once.
    pub fn matching(topic: Arc<Topic>, text: &str, cx: &mut Cx<'_>) -> Self {
        let mut messages = Self::open(topic, None, cx);
        if messages.bar.set(cx, text) {
            messages.refilter(cx);
        }
        messages
    }

    fn made(topic: Arc<Topic>, from: From, follow: bool, cx: &Cx<'_>) -> Self {
        Self {
            reader: Reader::new(topic, from, cx.settings.isolation),
            store: MessageStore::new(cx.settings.limits),
            rows: Rows::default(),
            bar: Bar::default(),
            value: ValuePane::default(),
            prompt: None,
            focus: Focus::List,
            layout: Layout::Below,
            full_screen: false,
            record_from: 0,
            follow,
            time: cx.settings.time,
            zone: 0,
            headers: false,
            rate: Rate::default(),
            last_mark: None,
            not_kept: 0,
            not_shown: 0,
            older: Older::default(),
            committed: None,
            joined_txns: None,
            opening: None,
            shelved: Shelved::default(),
            tasks: BTreeSet::new(),
            bootstrap: cx.cluster.bootstrap.clone(),
        }
    }

    /// Rows that the list can show at this size.
    fn list_height(&self, cx: &Cx<'_>) -> usize {
        let area = Rect::new(0, 0, cx.size.0, cx.size.1);
        usize::from(draw::areas(self, area).list.map_or(0, |pane| pane.height.saturating_sub(2)))
    }

    fn value_size(&self, cx: &Cx<'_>) -> (usize, usize) {
        let area = Rect::new(0, 0, cx.size.0, cx.size.1);
        draw::areas(self, area).value.map_or((0, 0), |pane| (usize::from(pane.width), usize::from(pane.height.saturating_sub(1))))
    }

    /// The cursor was moved by hand: following ends unless it stands on the last row.
    fn moved(&mut self, cx: &mut Cx<'_>, by: isize) {
        let height = self.list_height(cx);
        self.rows.cursor.by(by, self.rows.len(), height);
        if let Some(committed) = &mut self.committed {
            committed.settle();
        }
        if by < 0 && self.rows.len() > 1 {
            self.set_follow(cx, false);
        }
        self.render(cx);
    }

    /// The limit of the query in force, when so many records are listed.
    fn at_limit(&self) -> Option<usize> {
        self.bar.limit().filter(|limit| self.rows.records().take(*limit).count() >= *limit)
    }

    fn set_follow(&mut self, cx: &mut Cx<'_>, follow: bool) {
        self.follow = follow;
        if follow {
            let height = self.list_height(cx);
            self.rows.cursor.to(usize::MAX, self.rows.len(), height);
            self.reader.full = false;
        }
        self.reader.steer(cx);
    }

    /// Asks for the value under the cursor, unless it is there or one is on its way: the newest wish wins.
    fn render(&mut self, cx: &mut Cx<'_>) {
        if self.layout == Layout::Off && !self.full_screen && self.focus == Focus::List {
            return;
        }
        let Some(seq) = self.rows.selected() else { return };
        if let Some((chunk, row)) = self.store.locate(seq) {
            if !self.value.is_of(seq) {
                self.record_from = 0;
            }
            self.value.filter = self.bar.in_force();
            self.value.want(cx, seq, chunk, row);
        }
    }
}

impl Screen for Messages {
    fn crumb(&self) -> Shown<'_> {
        let name = Shown::of(self.reader.topic.name.raw());
        match self.reader.others.len() {
            0 => name,
            more => Shown::of(&format!("{name} + {more} more")).into_owned(),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.focus {
            Focus::List if self.committed.as_ref().is_some_and(|committed| committed.group.is_some()) => {
                vec![Scope::Records, Scope::Messages, Scope::Change, Scope::List]
            }
            Focus::List => vec![Scope::Records, Scope::Messages, Scope::List],
            Focus::Value => vec![Scope::Value, Scope::Messages, Scope::List],
            Focus::Record => vec![Scope::Messages, Scope::List],
        }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        let needs_record = matches!(
            action,
            Action::OnlyKey
                | Action::PreviousOfKey
                | Action::NextOfKey
                | Action::FollowId
                | Action::Mark
                | Action::MarkRange
                | Action::CopyValue
                | Action::YankLine
                | Action::YankKey
                | Action::YankHeaders
                | Action::YankRecord
                | Action::YankPosition
                | Action::YankCommand
        );
        if needs_record && self.rows.selected().is_none() { Err("No record is selected.") } else { Ok(()) }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action.command().scope {
            Scope::Change => self.change_group(cx, action),
            Scope::List if self.focus == Focus::Value => self.value.act(cx, action, self.value_size(cx)),
            Scope::List if self.focus == Focus::Record => self.scroll_record(cx, action),
            Scope::List => self.move_list(cx, action),
            Scope::Value => match action {
                Action::SearchValue => self.ask_for(cx, Kind::Search),
                Action::FilterByField => {
                    if let Some(test) = self.value.field_test() {
                        let text = self.bar.with(&test);
                        self.bar.set(cx, &text);
                        self.refilter(cx);
                    }
                }
                _ => self.value.act(cx, action, self.value_size(cx)),
            },
            _ => self.act_here(cx, action),
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.full_screen {
            self.full_screen = false;
        } else if self.focus == Focus::Value {
            if !self.value.clear_search() {
                self.focus = Focus::List;
            }
        } else if self.focus == Focus::Record {
            self.focus = Focus::Value;
        } else if self.call_search_off(cx) {
        } else if !self.bar.text.is_empty() {
            if self.bar.set(cx, "") {
                self.refilter(cx);
            }
        } else {
            return false;
        }
        self.settle_focus(cx);
        let height = self.list_height(cx);
        self.rows.cursor.fit(self.rows.len(), height);
        true
    }

    fn editing(&self) -> bool {
        self.bar.is_editing() || self.prompt.is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.prompt.as_ref().map(|prompt| &prompt.line).or(self.bar.editing.as_ref())
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        if self.prompt.is_some() {
            self.type_prompt(cx, input);
        } else if matches!(input, Input::Key(key) if key.ctrl && key.code == KeyCode::Char('s')) {
            self.ask_for(cx, Kind::SaveAs);
        } else if let Some(query) = self.bar.table(cx, &self.reader.topic.name, input) {
            self.open_table(cx, query);
        } else if self.bar.input(cx, &self.reader.topic.name, input) {
            self.refilter(cx);
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Chunk(id, delivery) if self.reader.is(id) => {
                self.took(cx, &delivery);
                None
            }
            Arrival::Progress(id, progress) if self.reader.is(id) => {
                self.rate.measure(cx.now, progress.read, progress.bytes);
                self.reader.progress = progress;
                self.learn_outcomes();
                if self.older.is_wanted() {
                    self.search_past(cx);
                }
                None
            }
            Arrival::Part(id, answer) => self.older_part(cx, id, answer).map(|answer| Arrival::Part(id, answer)),
            Arrival::Reply(reply) => self.reply(cx, reply).map(Arrival::Reply),
            other => Some(other),
        }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        // Leaders move and partitions are added; a topic made again under the name is another one.
        let Some(view) = cx.cluster.view.get() else { return };
        let reader = &mut self.reader;
        for topic in std::iter::once(&mut reader.topic).chain(&mut reader.others) {
            let same = |t: &&Arc<Topic>| t.name == topic.name && (t.id == topic.id || !topic.id.is_known());
            if let Some(found) = view.topics.iter().find(same) {
                *topic = Arc::clone(found);
            }
        }
    }

    /// Readers share a connection: one that nobody looks at would keep the others waiting for the end of its long poll.
    fn covered(&mut self, cx: &mut Cx<'_>, covered: bool) {
        self.reader.covered = covered;
        self.reader.steer(cx);
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.settle_focus(cx);
        let height = self.list_height(cx);
        self.rows.cursor.fit(self.rows.len(), height);
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.rows.cursor.at, self.rows.len())
    }
}
