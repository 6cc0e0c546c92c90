//! The shape of a topic: its fields with their types, how often, since when; and which shapes its records have. Every figure says of
//! how many records it is.
//!
//! `rows` makes words of what was collected, `draw` the panes.

mod draw;
mod rows;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::inquire::{FieldView, Place, Shape, ShapeAsk};
use crate::core::panes;
use crate::model::{Failure, Topic};
use crate::text::Shown;
use crate::ui::Pen;

/// See the module.
#[derive(Debug)]
pub struct ShapeScreen {
    topic: Arc<Topic>,
    whole: bool,
    reading: Option<TaskId>,
    /// Reading was ended by a key.
    stopped: bool,
    shape: Arc<Shape>,
    failure: Option<Failure>,
    focus: Pane,
    fields: Cursor,
    kinds: Cursor,
    shapes: Cursor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pane {
    Fields,
    /// The types of the selected field.
    Kinds,
    Shapes,
}

impl ShapeScreen {
    pub fn open(topic: Arc<Topic>, cx: &mut Cx<'_>) -> Self {
        let mut screen = Self {
            topic,
            whole: false,
            reading: None,
            stopped: false,
            shape: Arc::default(),
            failure: None,
            focus: Pane::Fields,
            fields: Cursor::default(),
            kinds: Cursor::default(),
            shapes: Cursor::default(),
        };
        screen.read(cx);
        screen
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        if let Some(task) = self.reading.take() {
            cx.cancel(task);
        }
        (self.failure, self.stopped) = (None, false);
        let ask = ShapeAsk { topic: Arc::clone(&self.topic), whole: self.whole };
        self.reading = Some(cx.start(Ask::Shape(Box::new(ask))));
    }

    fn field(&self) -> Option<&FieldView> {
        self.shape.fields.get(self.fields.at)
    }

    /// The list that the keys move in, its length and its height.
    fn list(&mut self, cx: &Cx<'_>) -> (&mut Cursor, usize, usize) {
        let places = draw::Places::of(Rect::new(0, 0, cx.size.0, cx.size.1));
        let (above, below) = (usize::from(places.above.height), usize::from(places.below.height));
        match self.focus {
            Pane::Fields => (&mut self.fields, self.shape.fields.len(), above),
            Pane::Kinds => {
                let kinds = self.shape.fields.get(self.fields.at).map_or(0, |field| field.kinds.len());
                (&mut self.kinds, kinds, below)
            }
            Pane::Shapes => (&mut self.shapes, self.shape.shapes.len(), above),
        }
    }

    /// The record that the selected line tells of.
    fn place(&self) -> Option<Place> {
        match self.focus {
            // Of a field that has several types the one that came last, or else the rarest: what one looks for.
            Pane::Fields => self.field()?.kinds.iter().filter_map(|view| view.seen.first).max(),
            Pane::Kinds => self.field()?.kinds.get(self.kinds.at)?.seen.first,
            Pane::Shapes => self.shape.shapes.get(self.shapes.at)?.seen.first,
        }
    }

    /// A new picture of the same topic: the selection stays with its field.
    fn took(&mut self, shape: Arc<Shape>) {
        let selected = self.field().map(|field| field.path.clone()).filter(|_| self.fields.at > 0);
        if let Some(at) = selected.and_then(|path| shape.fields.iter().position(|field| field.path == path)) {
            self.fields.at = at;
        }
        self.shape = shape;
        let last = |len: usize| len.saturating_sub(1);
        self.fields.at = self.fields.at.min(last(self.shape.fields.len()));
        self.kinds.at = self.kinds.at.min(last(self.field().map_or(0, |field| field.kinds.len())));
        self.shapes.at = self.shapes.at.min(last(self.shape.shapes.len()));
    }
}

impl Screen for ShapeScreen {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("shape")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Shape, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::ShapeRecord if self.place().is_none() => Err("There is no record to open."),
            Action::ShapeWhole if self.whole && self.reading.is_some() => Err("All of it is being read."),
            Action::FullScreen => Err("The panes are as large as they get."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        let (cursor, len, height) = self.list(cx);
        if cursor.obey(action, len, height) {
            if self.focus == Pane::Fields {
                self.kinds = Cursor::default();
            }
            return;
        }
        match action {
            Action::NextPane | Action::PreviousPane => {
                self.focus = panes::turn(&[Pane::Fields, Pane::Kinds, Pane::Shapes], self.focus, action);
            }
            Action::ShapeRecord => {
                let Some(place) = self.place() else { return };
                cx.go = Some(Route::At(Box::new(At::record(&self.topic, place.partition, place.offset))));
            }
            Action::ShapeWhole => {
                self.whole = true;
                self.read(cx);
            }
            Action::Refresh => self.read(cx),
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        if let Some(task) = self.reading.take() {
            cx.cancel(task);
            self.stopped = true;
            return true;
        }
        let inside = self.focus == Pane::Kinds;
        if inside {
            self.focus = Pane::Fields;
        }
        inside
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Shape(shape)) if self.reading == Some(id) => {
                self.took(shape);
                None
            }
            Arrival::Reply(Reply { id, result }) if self.reading == Some(id) => {
                self.reading = None;
                match result {
                    Ok(Answer::Shape(shape)) => self.took(shape),
                    Ok(_) => {}
                    Err(failure) => self.failure = Some(failure),
                }
                self.resized(cx);
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
            Pane::Fields => (self.fields.at, self.shape.fields.len()),
            Pane::Kinds => (self.kinds.at, self.field().map_or(0, |field| field.kinds.len())),
            Pane::Shapes => (self.shapes.at, self.shape.shapes.len()),
        }
    }
}
