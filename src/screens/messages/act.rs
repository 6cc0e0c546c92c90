//! What keys do on the message screen.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::core::action::Action;
use crate::core::ask::{Ask, Export};
use crate::core::cursor::{Cursor, Place};
use crate::core::history::Kind;
use crate::core::store::Seq;
use crate::core::stream::{Isolation, lanes};
use crate::model::Chunk;
use crate::screens::Cx;
use crate::text::TimeFormat;

use super::rows::What;
use super::{Focus, Layout, Messages};

impl Messages {
    pub(super) fn act_here(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::OpenRecord if self.open_large(cx) => {}
            Action::Filter | Action::AddTerm => {
                self.bar.offer.learn(&self.store);
                let saved = cx.history.shelf.queries.of(&self.reader.topic.name);
                self.bar.offer.know(saved.map(|one| (one.name.clone(), one.query.clone())).collect());
                self.bar.edit(cx, &self.reader.topic.name, (action == Action::AddTerm).then_some(" and "));
            }
            Action::ProduceNew | Action::ProduceLike | Action::SendAgain | Action::SendListAgain => self.produce(cx, action),
            Action::Mark | Action::MarkRange | Action::MarkAll | Action::ClearMarks => self.mark(cx, action),
            Action::SaveQuery => self.ask_for(cx, Kind::SaveAs),
            Action::RecallQuery => self.ask_for(cx, Kind::Recall),
            Action::Seek => self.ask_for(cx, Kind::Position),
            Action::Partitions if self.reader.is_several() => {
                cx.notices.look(cx.now, "Several topics are read whole: p:0,3 or topic == NAME in the bar narrows them.");
            }
            Action::Partitions => self.ask_for(cx, Kind::Partitions),
            Action::Live
            | Action::FromStart
            | Action::Last1m
            | Action::Last5m
            | Action::Last15m
            | Action::Last30m
            | Action::Last1h
            | Action::Last6h
            | Action::Last24h => self.jump(cx, action),
            Action::Export => self.export(cx),
            Action::CopyValue
            | Action::YankLine
            | Action::YankKey
            | Action::YankHeaders
            | Action::YankPath
            | Action::YankJq
            | Action::YankRecord
            | Action::YankPosition
            | Action::YankCommand => self.yank(cx, action),
            Action::NextRecord => self.moved(cx, 1),
            Action::PreviousRecord => {
                if self.rows.cursor.at == 0 {
                    self.go_further_back(cx);
                }
                self.moved(cx, -1);
            }
            Action::PreviousOfKey | Action::NextOfKey | Action::FollowId | Action::MessageShape | Action::MessageBisect => {
                self.inquire(cx, action);
            }
            Action::NextHit | Action::PreviousHit => self.value.act(cx, action, self.value_size(cx)),
            Action::Follow
            | Action::Pause
            | Action::ClearList
            | Action::InsertMark
            | Action::JumpMark
            | Action::Isolation
            | Action::OnlyKey
            | Action::Refresh => self.act_on_stream(cx, action),
            _ => self.act_on_look(cx, action),
        }
    }

    pub(super) fn move_list(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (len, height) = (self.rows.len(), self.list_height(cx));
        if self.rows.cursor.at == 0 && matches!(action, Action::Up | Action::HalfUp | Action::PageUp | Action::First) {
            self.go_further_back(cx);
        }
        match action {
            Action::Down => self.moved(cx, 1),
            Action::Up => self.moved(cx, -1),
            Action::HalfDown => self.moved(cx, Cursor::half(height)),
            Action::HalfUp => self.moved(cx, -Cursor::half(height)),
            Action::PageDown => self.moved(cx, Cursor::page(height)),
            Action::PageUp => self.moved(cx, -Cursor::page(height)),
            Action::First => self.moved(cx, isize::MIN / 2),
            Action::Last => {
                self.set_follow(cx, true);
                self.render(cx);
            }
            Action::PutTop => self.rows.cursor.place(Place::Top, len, height),
            Action::PutMiddle => self.rows.cursor.place(Place::Middle, len, height),
            Action::PutBottom => self.rows.cursor.place(Place::Bottom, len, height),
            _ => {}
        }
    }

    pub(super) fn act_on_stream(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::Follow => {
                let follow = !self.follow;
                self.set_follow(cx, follow);
                self.render(cx);
            }
            Action::Pause => {
                self.reader.paused = !self.reader.paused;
                self.reader.steer(cx);
            }
            Action::ClearList => {
                let gone = self.store.clear();
                self.older.gone(cx, &gone);
                self.rows.clear();
                self.value.forget();
                self.reader.full = false;
                self.reader.steer(cx);
            }
            Action::InsertMark => {
                let (before, now) = (self.store.end(), cx.now);
                self.rows.insert_note(before, What::Mark(now));
                if self.follow {
                    self.set_follow(cx, true);
                }
            }
            Action::JumpMark => {
                if let Some(at) = self.rows.next_note() {
                    let height = self.list_height(cx);
                    self.set_follow(cx, false);
                    self.rows.cursor.to(at, self.rows.len(), height);
                }
            }
            Action::Isolation => {
                self.reader.isolation = match self.reader.isolation {
                    Isolation::ReadUncommitted => Isolation::ReadCommitted,
                    Isolation::ReadCommitted => Isolation::ReadUncommitted,
                };
                self.restart(cx);
            }
            Action::OnlyKey => self.only_key(cx),
            Action::Refresh if self.reader.failure.is_some() || !self.reader.is_running() => {
                // What ended may be another topic of the same name by now: that one is meant.
                self.reader.forget_identity();
                self.restart(cx);
            }
            _ => {}
        }
    }

    /// `#`: only records with the selected key; again: all.
    fn only_key(&mut self, cx: &mut Cx<'_>) {
        let key = self.rows.selected().and_then(|seq| self.store.get(seq)).map(|record| record.key.map(<[u8]>::to_vec));
        let Some(key) = key else { return };
        if self.bar.toggle_key(cx, key.as_deref()) {
            self.refilter(cx);
        }
    }

    fn mark(&mut self, cx: &mut Cx<'_>, action: Action) {
        let Some(seq) = self.rows.selected() else { return };
        match action {
            Action::Mark => {
                if !self.rows.marked.remove(&seq) {
                    self.rows.marked.insert(seq);
                    self.last_mark = Some(seq);
                }
                self.moved(cx, 1);
            }
            Action::MarkRange => {
                let other = self.last_mark.unwrap_or(seq);
                let (from, to) = (seq.min(other), seq.max(other));
                let range: Vec<Seq> = self.rows.records().filter(|s| (from..=to).contains(s)).collect();
                self.rows.marked.extend(range);
            }
            Action::MarkAll => {
                let all: Vec<Seq> = self.rows.records().collect();
                self.rows.marked.extend(all);
            }
            _ => self.rows.marked.clear(),
        }
    }

    fn act_on_look(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::NextPane | Action::PreviousPane | Action::OpenRecord => {
                self.focus = self.next_focus(cx, action);
                if self.focus == Focus::Value && self.layout == Layout::Off {
                    self.layout = Layout::Below;
                }
            }
            Action::FullScreen => self.full_screen = !self.full_screen,
            Action::Layout => {
                self.layout = match self.layout {
                    Layout::Below => Layout::Right,
                    Layout::Right => Layout::Off,
                    Layout::Off => Layout::Below,
                };
                if self.layout == Layout::Off {
                    self.focus = Focus::List;
                }
            }
            Action::CycleTime => {
                self.time = match self.time {
                    Some(TimeFormat::Clock) => Some(TimeFormat::Full),
                    Some(TimeFormat::Full) => Some(TimeFormat::Age),
                    Some(TimeFormat::Age) => Some(TimeFormat::Epoch),
                    Some(TimeFormat::Epoch) => None,
                    None => Some(TimeFormat::Clock),
                };
            }
            Action::Zone => self.next_zone(&cx.settings.zone),
            Action::Headers => self.headers = !self.headers,
            Action::CycleView => self.value.next_view(),
            Action::Wrap => self.value.wrap = !self.value.wrap,
            _ => {}
        }
        self.settle_focus(cx);
        let height = self.list_height(cx);
        self.rows.cursor.fit(self.rows.len(), height);
        self.render(cx);
    }

    /// The panes in turn; that of the record only when it has more than it shows.
    fn next_focus(&self, cx: &Cx<'_>, action: Action) -> Focus {
        let record = self.record_height(cx).is_some_and(|height| super::record::lines(self) > height);
        let panes: &[Focus] = if record { &[Focus::List, Focus::Value, Focus::Record] } else { &[Focus::List, Focus::Value] };
        let at = panes.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        let step = if action == Action::PreviousPane { panes.len() - 1 } else { 1 };
        panes.get((at + step) % panes.len()).copied().unwrap_or(Focus::List)
    }

    /// A pane that is not drawn any more has no focus.
    pub(super) fn settle_focus(&mut self, cx: &Cx<'_>) {
        if self.focus == Focus::Record && self.record_height(cx).is_none() {
            self.focus = Focus::Value;
        }
    }

    /// Rows of the record's facts, when they are drawn.
    fn record_height(&self, cx: &Cx<'_>) -> Option<usize> {
        let area = Rect::new(0, 0, cx.size.0, cx.size.1);
        super::draw::areas(self, area).record.map(|pane| usize::from(pane.height.saturating_sub(1)))
    }

    pub(super) fn scroll_record(&mut self, cx: &Cx<'_>, action: Action) {
        let height = self.record_height(cx).unwrap_or(0);
        let last = super::record::lines(self).saturating_sub(height);
        let by = match action {
            Action::Down => 1,
            Action::Up => -1,
            Action::HalfDown => Cursor::half(height),
            Action::HalfUp => -Cursor::half(height),
            Action::PageDown => Cursor::page(height),
            Action::PageUp => -Cursor::page(height),
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            _ => 0,
        };
        self.record_from = self.record_from.min(last).saturating_add_signed(by).min(last);
    }

    fn export(&mut self, cx: &mut Cx<'_>) {
        let marked = !self.rows.marked.is_empty();
        let wanted: Vec<Seq> = if marked { self.rows.marked.iter().copied().collect() } else { self.rows.records().collect() };
        let rows: Vec<_> = wanted.iter().filter_map(|&seq| self.store.locate(seq)).map(|(chunk, row)| (Arc::clone(chunk), row)).collect();
        if rows.is_empty() {
            cx.notices.look(cx.now, "No record is shown, so there is nothing to save.");
            return;
        }
        let txns = Arc::new(self.txns().clone());
        let topics: Vec<_> = self.reader.topics().cloned().collect();
        for (at, topic) in topics.iter().enumerate() {
            let several = topics.len() > 1;
            let of_topic = |(chunk, row): &&(Arc<Chunk>, usize)| {
                !several || chunk.get(*row).is_some_and(|record| lanes::place(record.partition).0 == at)
            };
            let rows = self.own_rows(rows.iter().filter(of_topic).cloned().collect());
            if rows.is_empty() {
                continue;
            }
            let txns = if several {
                Arc::new(txns.renumbered(|lane| Some(lanes::place(lane)).filter(|(of, _)| *of == at).map(|(_, id)| id)))
            } else {
                Arc::clone(&txns)
            };
            let task = cx.start(Ask::Export(Export { topic: topic.name.clone(), rows, txns }));
            self.tasks.insert(task);
        }
    }
}
