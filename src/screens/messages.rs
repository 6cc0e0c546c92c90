//! The messages of one topic, live: filter bar, list, value and record facts. Opening it never reads from the start by
//! surprise: the newest records in all, then what arrives.
//!
//! One file per part: `act` (the keys), `reader` (the running task), `rows` (the lines), `filter` (the bar), `seek` (where to go), `older`
//! (what lies before the list), `committed` (where a group stands), `list`, `value` and `record` (the panes), `yank` (what can be copied).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Reply};
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::history::Kind;
use crate::core::key::Input;
use crate::core::line::Line;
use crate::core::store::{MessageStore, Seq};
use crate::core::stream::{Delivery, Fact};
use crate::model::{PartitionId, Time, Topic, TxnTable};
use crate::query::position::Position;
use crate::text::{Shown, TimeFormat, units};
use crate::ui::Pen;

mod act;
mod committed;
mod draw;
mod filter;
mod list;
mod older;
mod produce;
mod reader;
mod record;
mod rows;
mod seek;
mod value;
mod yank;

use committed::Committed;
use filter::Bar;
use older::Older;
use reader::{From, Reader};
use rows::{Rows, What};
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
    /// Which of [`zones`].
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
}

#[derive(Debug, Default)]
struct Rate {
    at: Option<Time>,
    read: u64,
    bytes: u64,
    per_second: f64,
    bytes_per_second: f64,
}

impl Messages {
    pub fn open(topic: Arc<Topic>, partition: Option<PartitionId>, cx: &mut Cx<'_>) -> Self {
        let from = From::configured(&cx.settings.start);
        // As with `o`: what begins in the past stays at its first record.
        let follow = from.newest.is_some() || from.position == Position::Latest;
        let mut messages = Self::made(topic, from, follow, cx);
        messages.reader.partitions = partition.map(|id| vec![id]);
        messages.restart(cx);
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
            tasks: BTreeSet::new(),
            bootstrap: cx.cluster.bootstrap.clone(),
        }
    }

    /// Reads anew from `reader.from`, with an empty list.
    fn restart(&mut self, cx: &mut Cx<'_>) {
        self.store.clear();
        self.rows.clear();
        self.older.forget(cx);
        if let Some(committed) = &mut self.committed {
            committed.forget();
        }
        self.joined_txns = None;
        self.value.forget();
        self.bar.counts = filter::Counts::default();
        self.not_kept = 0;
        self.not_shown = 0;
        self.reader.evicted_before = self.store.evicted();
        self.rate = Rate::default();
        self.reader.start(cx, self.bar.in_force());
        let generation = self.bar.generation();
        self.reader.set_filter(cx, generation, self.bar.in_force());
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

    fn took(&mut self, cx: &mut Cx<'_>, delivery: &Delivery) {
        let height = self.list_height(cx);
        let from = self.store.end();
        for fact in &delivery.facts {
            self.rows.insert_note(from, What::Fact(fact.clone()));
        }
        self.not_shown += delivery.not_shown;
        self.not_kept += delivery.read.saturating_sub(delivery.chunk.len() as u64 + delivery.not_shown);
        let was_full = self.store.is_full();
        if delivery.not_shown > 0 {
            self.older.thinned(cx, &self.reader.progress);
        }
        let evicted = self.store.push(Arc::clone(&delivery.chunk));
        self.older.gone(cx, &evicted);
        let to = self.store.end();
        if delivery.generation == self.bar.generation() || self.bar.in_force().is_none() {
            self.rows.append(from, to);
            self.bar.arrived((from, to), self.store.first(), delivery.read);
        } else {
            self.look_through(cx, from);
        }
        self.rows.evict(self.store.first());
        self.find_committed((from, to), height);
        if self.follow {
            self.rows.cursor.to(usize::MAX, self.rows.len(), height);
        } else {
            self.rows.cursor.fit(self.rows.len(), height);
            if !was_full && self.store.is_full() {
                self.reader.full = true;
                self.reader.steer(cx);
            }
        }
        self.render(cx);
    }

    fn reply(&mut self, cx: &mut Cx<'_>, reply: Reply) -> Option<Reply> {
        if self.reader.is(reply.id) {
            let failure = reply.result.err();
            if let Some(failure) = &failure {
                cx.notices.failure(failure);
            }
            self.reader.ended(failure);
            return None;
        }
        let reply = self.value.receive(cx, reply)?;
        let Reply { id, result } = reply;
        let reply = Reply { id, result: self.older_came(cx, id, result)? };
        let reply = match self.bar.receive(reply) {
            Err(reply) => reply,
            Ok(matches) => {
                let height = self.list_height(cx);
                self.rows.rebuild(matches.into_iter(), self.store.first(), height);
                if self.follow {
                    self.rows.cursor.to(usize::MAX, self.rows.len(), height);
                }
                if self.rows.selected().is_none() {
                    self.value.forget();
                }
                self.render(cx);
                return None;
            }
        };
        if self.opening == Some(reply.id) {
            self.opening = None;
            match reply.result {
                Ok(Answer::Opened { chunk }) => self.value.alone(cx, &chunk),
                Ok(_) => {}
                Err(failure) => cx.notices.failure(&failure),
            }
            return None;
        }
        if !self.tasks.remove(&reply.id) {
            return Some(reply);
        }
        match reply.result {
            Ok(Answer::Exported { path, records, bytes }) => {
                let what = units::counted(units::wide(records), "record");
                cx.notices.good(cx.now, super::written(&path, &what, bytes));
            }
            Ok(_) => {}
            Err(failure) => cx.notices.failure(&failure),
        }
        None
    }

    /// How transactions ended, of all records that are held.
    fn txns(&self) -> &TxnTable {
        self.joined_txns.as_ref().unwrap_or(&self.reader.progress.txns)
    }

    fn look_through(&mut self, cx: &mut Cx<'_>, from: Seq) {
        let txns = Arc::new(self.txns().clone());
        self.bar.look_at(cx, &self.reader.topic, &self.store, txns, from);
    }

    /// The filter changed: what is held is looked through off the loop, what arrives by the reader.
    fn refilter(&mut self, cx: &mut Cx<'_>) {
        let generation = self.bar.generation();
        self.reader.set_filter(cx, generation, self.bar.in_force());
        self.older_refiltered(cx);
        if self.bar.in_force().is_some() {
            self.not_kept = 0;
            self.look_through(cx, self.store.first());
            return;
        }
        if self.not_kept > 0 {
            let records = std::mem::take(&mut self.not_kept);
            let before = self.store.end();
            self.rows.insert_note(before, What::Fact(Fact::NotKept { records }));
        }
        let height = self.list_height(cx);
        self.rows.rebuild(self.store.seqs(), self.store.first(), height);
        if self.follow {
            self.rows.cursor.to(usize::MAX, self.rows.len(), height);
        }
        self.render(cx);
    }
}

impl Screen for Messages {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(self.reader.topic.name.raw())
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
                    if let Some(text) = self.value.field_test() {
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
        } else if self.bar.in_force().is_some() {
            self.bar.set(cx, "");
            self.refilter(cx);
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
        } else if self.bar.input(cx, input) {
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
                None
            }
            Arrival::Reply(reply) => self.reply(cx, reply).map(Arrival::Reply),
            other => Some(other),
        }
    }

    fn refreshed(&mut self, cx: &mut Cx<'_>) {
        // Leaders move and partitions are added; a topic made again under the name is another one.
        let topic = &self.reader.topic;
        let same = |t: &Arc<Topic>| t.name == topic.name && (t.id == topic.id || !topic.id.is_known());
        let found = cx.cluster.view.get().and_then(|view| view.topics.iter().find(|t| same(t)));
        if let Some(found) = found {
            self.reader.topic = Arc::clone(found);
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

impl Messages {
    /// The time zone in force.
    fn zone(&self, look: &Look<'_>) -> TimeZone {
        zones(&look.settings.zone).into_iter().nth(self.zone).unwrap_or(TimeZone::UTC)
    }

    fn next_zone(&mut self, configured: &TimeZone) {
        self.zone = (self.zone + 1) % zones(configured).len().max(1);
    }
}

/// What `T` goes through: the configured zone, UTC, the system's own; each once.
fn zones(configured: &TimeZone) -> Vec<TimeZone> {
    let mut zones: Vec<TimeZone> = Vec::new();
    for zone in [configured.clone(), TimeZone::UTC, TimeZone::system()] {
        if !zones.contains(&zone) {
            zones.push(zone);
        }
    }
    zones
}

/// A zone's name beside times.
fn zone_name(zone: &TimeZone) -> String {
    match zone.iana_name() {
        _ if *zone == TimeZone::UTC => "UTC".to_owned(),
        _ if *zone == TimeZone::system() => "local".to_owned(),
        Some(name) => name.to_owned(),
        None => "its own zone".to_owned(),
    }
}

impl Rate {
    /// From two reports at least half a second apart, smoothed.
    fn measure(&mut self, now: Time, read: u64, bytes: u64) {
        let Some(at) = self.at else {
            *self = Self { at: Some(now), read, bytes, ..Self::default() };
            return;
        };
        let apart = now.since(at);
        if apart < Duration::from_millis(500) {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown with three digits")]
        let per = |new: u64, old: u64| new.saturating_sub(old) as f64 / apart.as_secs_f64();
        let mix = |old: f64, new: f64| if old == 0.0 { new } else { old * 0.5 + new * 0.5 };
        self.per_second = mix(self.per_second, per(read, self.read));
        self.bytes_per_second = mix(self.bytes_per_second, per(bytes, self.bytes));
        *self = Self { at: Some(now), read, bytes, ..std::mem::take(self) };
    }
}
