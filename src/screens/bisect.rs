//! Where a query turns true, partition by partition: what was looked at, and the first record that matches. Reads about one record
//! for each halving of the log.

mod draw;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::inquire::{BisectAsk, Bisected, Halved, Spot};
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::core::panes;
use crate::model::{Failure, Offset, PartitionId, Topic};
use crate::query::{self, Context, Filter};
use crate::text::Shown;
use crate::ui::Pen;

/// See the module.
#[derive(Debug)]
pub struct Bisect {
    topic: Arc<Topic>,
    /// The query that is or was searched for.
    query: String,
    editing: Option<Line>,
    error: Option<String>,
    searching: Option<TaskId>,
    stopped: bool,
    found: Arc<Bisected>,
    failure: Option<Failure>,
    focus: Pane,
    parts: Cursor,
    looked: Cursor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Parts,
    /// What was looked at in the selected partition.
    Looked,
}

impl Bisect {
    /// Opens with its prompt, in which that query stands.
    pub fn open(topic: Arc<Topic>, query: &str, cx: &mut Cx<'_>) -> Self {
        let past = cx.history.queries(&topic.name);
        Self {
            topic,
            query: String::new(),
            editing: Some(Line::new(query).with_past(past)),
            error: None,
            searching: None,
            stopped: false,
            found: Arc::default(),
            failure: None,
            focus: Pane::Parts,
            parts: Cursor::default(),
            looked: Cursor::default(),
        }
    }

    fn search(&mut self, cx: &mut Cx<'_>, text: &str) -> Result<(), String> {
        if text.trim().is_empty() {
            return Err("Type a query that is false before the turn and true behind it: .amount > 100".to_owned());
        }
        let query = query::parse(text).map_err(|error| error.to_string())?;
        if !query.stages.is_empty() {
            return Err("A search for a turn takes no stages: leave out what stands behind |".to_owned());
        }
        let filter = Arc::new(Filter::compile(&query, &Context { now: cx.now, ..Context::utc(cx.now) }));
        if let Some(task) = self.searching.take() {
            cx.cancel(task);
        }
        (self.failure, self.stopped, self.found) = (None, false, Arc::default());
        (self.parts, self.looked) = (Cursor::default(), Cursor::default());
        text.trim().clone_into(&mut self.query);
        let ask = BisectAsk { topic: Arc::clone(&self.topic), filter };
        self.searching = Some(cx.start(Ask::Bisect(Box::new(ask))));
        Ok(())
    }

    fn took(&mut self, found: Arc<Bisected>) {
        self.found = found;
        self.parts.at = self.parts.at.min(self.found.parts.len().saturating_sub(1));
        self.looked.at = self.looked.at.min(self.part().map_or(0, |part| part.looked.len()).saturating_sub(1));
    }

    fn part(&self) -> Option<&Halved> {
        self.found.parts.get(self.parts.at)
    }

    /// The list that the keys move in, its length and its height.
    fn list(&mut self, cx: &Cx<'_>) -> (&mut Cursor, usize, usize) {
        let places = draw::Places::of(Rect::new(0, 0, cx.size.0, cx.size.1));
        let looked = self.part().map_or(0, |part| part.looked.len());
        match self.focus {
            Pane::Parts => (&mut self.parts, self.found.parts.len(), usize::from(places.parts.height)),
            Pane::Looked => (&mut self.looked, looked, usize::from(places.looked.height)),
        }
    }

    /// The record of the selected line.
    fn place(&self) -> Option<(PartitionId, Offset)> {
        let part = self.part()?;
        match self.focus {
            Pane::Parts => part.turn.spot().and_then(Spot::record).map(|record| (record.partition, record.offset)),
            Pane::Looked => part.looked.get(self.looked.at).map(|looked| (looked.place.partition, looked.place.offset)),
        }
    }
}

impl Screen for Bisect {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("bisect")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Bisect, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenTurn if self.place().is_none() => Err("There is no record on this line."),
            Action::FullScreen => Err("The panes are as large as they get."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (cursor, len, height) = self.list(cx);
        if cursor.obey(action, len, height) {
            if self.focus == Pane::Parts {
                self.looked = Cursor::default();
            }
            return;
        }
        match action {
            Action::NextPane | Action::PreviousPane => self.focus = panes::turn(&[Pane::Parts, Pane::Looked], self.focus, action),
            Action::BisectQuery => self.editing = Some(Line::new(self.query.clone()).with_past(cx.history.queries(&self.topic.name))),
            Action::Refresh if !self.query.is_empty() => {
                let query = self.query.clone();
                self.error = self.search(cx, &query).err();
            }
            Action::OpenTurn => {
                let Some((partition, offset)) = self.place() else { return };
                cx.go = Some(Route::At(Box::new(At::record(&self.topic, partition, offset))));
            }
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        if let Some(task) = self.searching.take() {
            cx.cancel(task);
            self.stopped = true;
            return true;
        }
        std::mem::replace(&mut self.focus, Pane::Parts) == Pane::Looked
    }

    fn editing(&self) -> bool {
        self.editing.is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.editing.as_ref()
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        let Some(mut line) = self.editing.take() else { return };
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if key.code == KeyCode::Esc && line.search().is_none() => {
                self.error = None;
                return;
            }
            Input::Key(key) if key.code == KeyCode::Enter => {
                let text = line.text().to_owned();
                match self.search(cx, &text) {
                    Ok(()) => {
                        self.error = None;
                        cx.history.add_query(&self.topic.name, &text);
                        return;
                    }
                    Err(error) => self.error = Some(error),
                }
            }
            Input::Key(key) => {
                line.key(*key);
                self.error = None;
            }
            _ => {}
        }
        self.editing = Some(line);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Bisected(found)) if self.searching == Some(id) => {
                self.took(found);
                None
            }
            Arrival::Reply(Reply { id, result }) if self.searching == Some(id) => {
                self.searching = None;
                match result {
                    Ok(Answer::Bisected(found)) => self.took(found),
                    Ok(_) => {}
                    Err(failure) => self.failure = Some(failure),
                }
                // The first of all turns is what one looks for.
                let first = self.found.first().and_then(Spot::record).map(|record| record.partition);
                if let (0, Some(at)) = (self.parts.at, self.found.parts.iter().position(|part| Some(part.partition) == first)) {
                    (self.parts.at, self.looked) = (at, Cursor::default());
                    self.resized(cx);
                }
                None
            }
            other => Some(other),
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        let (cursor, len, height) = self.list(cx);
        cursor.fit(len, height);
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
            Pane::Parts => (self.parts.at, self.found.parts.len()),
            Pane::Looked => (self.looked.at, self.part().map_or(0, |part| part.looked.len())),
        }
    }
}
