//! One id through several topics: what is followed, where and around which moment stands above; below are the records that have it,
//! in time order, each with the gap to the one before.
//!
//! `form` has the lines that say what is followed, `draw` the panes.

mod draw;
mod form;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::cursor::Cursor;
use crate::core::effect::TaskId;
use crate::core::event::Arrival;
use crate::core::inquire::{FollowFrom, Step, Trail};
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::model::Failure;
use crate::text::Shown;
use crate::ui::Pen;

use form::{Field, Form};

/// See the module.
#[derive(Debug)]
pub struct Follow {
    from: FollowFrom,
    form: Form,
    reading: Option<TaskId>,
    stopped: bool,
    started: bool,
    failure: Option<Failure>,
    /// In time order.
    steps: Vec<Step>,
    trail: Trail,
    cursor: Cursor,
    /// The cursor was moved: it stays with its step.
    moved: bool,
}

impl Follow {
    /// Reads at once when it is clear what is followed and where; else its lines are edited first.
    pub fn open(from: FollowFrom, cx: &mut Cx<'_>) -> Self {
        let mut screen = Self {
            form: Form::of(&from),
            from,
            reading: None,
            stopped: false,
            started: false,
            failure: None,
            steps: Vec::new(),
            trail: Trail::default(),
            cursor: Cursor::default(),
            moved: false,
        };
        if screen.form.field.is_none() {
            screen.read(cx);
        }
        screen
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        let Some(ask) = self.form.ask(cx, &self.from) else { return };
        if let Some(task) = self.reading.take() {
            cx.cancel(task);
        }
        (self.steps, self.trail, self.cursor, self.moved) = (Vec::new(), Trail::default(), Cursor::default(), false);
        (self.failure, self.stopped, self.started) = (None, false, true);
        self.form.field = None;
        self.reading = Some(cx.start(Ask::Follow(Box::new(ask))));
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(draw::Places::of(Rect::new(0, 0, cx.size.0, cx.size.1)).list.height)
    }

    /// Takes what a part brought: new steps go to their places in time.
    fn took(&mut self, cx: &Cx<'_>, mut trail: Trail) {
        let selected = self.steps.get(self.cursor.at).map(|step| step.spot.clone()).filter(|_| self.moved);
        self.steps.append(&mut trail.steps);
        self.steps.sort_by_cached_key(|step| {
            let key = step.spot.record().map(|record| (record.timestamp_ms, record.partition, record.offset));
            (key.map(|key| key.0), step.spot.topic.clone(), key)
        });
        self.trail = trail;
        // Until somebody moves, the record that one came from is selected.
        let wanted = selected.as_ref().or(self.from.origin.as_ref());
        if let Some(at) = wanted.and_then(|spot| self.steps.iter().position(|step| step.spot.is(spot))) {
            self.cursor.at = at;
        }
        self.cursor.fit(self.steps.len(), Self::height(cx));
    }
}

impl Screen for Follow {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("follow")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Follow, Scope::List]
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::OpenStep if self.steps.is_empty() => Err("There is no record to open."),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        if self.cursor.obey(action, self.steps.len(), Self::height(cx)) {
            self.moved = true;
            return;
        }
        match action {
            Action::FollowOther => self.form.edit(Field::Value),
            Action::Refresh => self.read(cx),
            Action::OpenStep => {
                let Some(step) = self.steps.get(self.cursor.at) else { return };
                let view = cx.cluster.view.get();
                let topic = view.and_then(|view| view.topics.iter().find(|topic| topic.name == step.spot.topic));
                let (Some(topic), Some(record)) = (topic, step.spot.record()) else { return };
                cx.go = Some(Route::At(Box::new(At::record(topic, record.partition, record.offset))));
            }
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(task) = self.reading.take() else { return false };
        cx.cancel(task);
        self.stopped = true;
        true
    }

    fn editing(&self) -> bool {
        self.form.field.is_some()
    }

    fn line(&self) -> Option<&Line> {
        self.form.line()
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        match input {
            Input::Paste(text) => self.form.paste(text),
            Input::Key(key) if key.code == KeyCode::Esc => self.form.field = None,
            Input::Key(key) if key.code == KeyCode::Enter => self.read(cx),
            Input::Key(key) => self.form.key(*key, &self.from),
            _ => {}
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Part(id, Answer::Trail(trail)) if self.reading == Some(id) => {
                self.took(cx, *trail);
                None
            }
            Arrival::Reply(Reply { id, result }) if self.reading == Some(id) => {
                self.reading = None;
                match result {
                    Ok(Answer::Trail(trail)) => self.took(cx, *trail),
                    Ok(_) => {}
                    Err(failure) => self.failure = Some(failure),
                }
                None
            }
            other => Some(other),
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.steps.len(), Self::height(cx));
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.steps.len())
    }
}
