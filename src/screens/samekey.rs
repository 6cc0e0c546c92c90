//! The record of the same key before or after one, and what differs between the two. The search shows how far it has got and ends
//! with esc; from what it found one goes on to the next.
//!
//! `entries` makes lines of the differences, `draw` the panes.

mod draw;
mod entries;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::inquire::{Neighbour, Sought, Spot};
use crate::model::Failure;
use crate::text::Shown;
use crate::tree::diff::Comparison;
use crate::ui::Pen;

use entries::Entry;

/// See the module.
#[derive(Debug)]
pub struct SameKey {
    /// What is or was looked for.
    ask: Neighbour,
    searching: Option<TaskId>,
    sought: Sought,
    /// The search was ended by a key.
    stopped: bool,
    failure: Option<Failure>,
    /// The two records that are compared, the earlier one first.
    pair: Option<(Spot, Spot)>,
    comparing: Option<TaskId>,
    comparison: Option<Arc<Comparison>>,
    entries: Vec<Entry>,
    cursor: Cursor,
}

impl SameKey {
    pub fn open(ask: Neighbour, cx: &mut Cx<'_>) -> Self {
        let mut screen = Self {
            ask,
            searching: None,
            sought: Sought::default(),
            stopped: false,
            failure: None,
            pair: None,
            comparing: None,
            comparison: None,
            entries: Vec::new(),
            cursor: Cursor::default(),
        };
        screen.search(cx);
        screen
    }

    fn search(&mut self, cx: &mut Cx<'_>) {
        if let Some(task) = self.searching.take() {
            cx.cancel(task);
        }
        (self.sought, self.failure, self.stopped) = (Sought::default(), None, false);
        self.searching = Some(cx.start(Ask::Neighbour(Box::new(self.ask.clone()))));
    }

    /// From the record that was found, else from the same one, in this direction.
    fn go_on(&mut self, cx: &mut Cx<'_>, back: bool) {
        if let Some(found) = &self.sought.found {
            self.ask.from = found.clone();
        }
        (self.ask.back, self.ask.held, self.ask.sure) = (back, None, false);
        self.search(cx);
    }

    fn ended(&mut self, cx: &mut Cx<'_>, result: Result<Answer, Failure>) {
        self.searching = None;
        match result {
            Ok(Answer::Sought(sought)) => {
                self.sought = *sought;
                if let Some(found) = self.sought.found.clone() {
                    let here = self.ask.from.clone();
                    let (from, to) = if self.ask.back { (found, here) } else { (here, found) };
                    self.comparing = Some(cx.start(Ask::Compare { from: from.clone(), to: to.clone() }));
                    self.pair = Some((from, to));
                    (self.comparison, self.entries, self.cursor) = (None, Vec::new(), Cursor::default());
                }
            }
            Ok(_) => {}
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(draw::Places::of(Rect::new(0, 0, cx.size.0, cx.size.1)).list.height)
    }
}

impl Screen for SameKey {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("same key")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::SameKey, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenFound if self.sought.found.is_none() => Err("Nothing was found to open."),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let height = Self::height(cx);
        if self.cursor.obey(action, self.entries.len(), height) {
            return;
        }
        match action {
            Action::KeyBefore => self.go_on(cx, true),
            Action::KeyAfter => self.go_on(cx, false),
            Action::Refresh => self.search(cx),
            Action::OpenFound => {
                let place = self.sought.found.as_ref().and_then(Spot::record).map(|record| (record.partition, record.offset));
                let Some((partition, offset)) = place else { return };
                cx.go = Some(Route::At(Box::new(At::record(&self.ask.topic, partition, offset))));
            }
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(task) = self.searching.take() else { return false };
        cx.cancel(task);
        self.stopped = true;
        true
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Sought(sought)) if self.searching == Some(id) => {
                self.sought = *sought;
                None
            }
            Arrival::Reply(Reply { id, result }) if self.searching == Some(id) => {
                self.ended(cx, result);
                None
            }
            Arrival::Reply(Reply { id, result }) if self.comparing == Some(id) => {
                self.comparing = None;
                match result {
                    Ok(Answer::Compared(comparison)) => {
                        self.entries = entries::of(&comparison);
                        self.comparison = Some(comparison);
                    }
                    Ok(_) => {}
                    Err(failure) => self.failure = Some(failure),
                }
                None
            }
            other => Some(other),
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        let height = Self::height(cx);
        self.cursor.fit(self.entries.len(), height);
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.entries.len())
    }
}
