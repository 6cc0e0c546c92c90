//! Records that are written to a topic: a form, what will be written in words, and what became of it. A record that was read may
//! be taken as a pattern or sent again as it is.
//!
//! ctrl-s sends. Where more than one record is sent, or the context is guarded, what will be written is shown once more first.

mod draw;
mod form;
mod outcome;
mod rehearsal;

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Answer, Ask, Reply};
use crate::core::effect::{TaskId, Term};
use crate::core::event::Arrival;
use crate::core::guard::{Level, confirms};
use crate::core::key::{Input, KeyCode};
use crate::core::line::Line;
use crate::core::produce::{From, Opening, Sending, Target};
use crate::model::{Failure, Offset, PartitionId, Time, TopicName};
use crate::text::Shown;
use crate::ui::Pen;

use form::{Field, Form, Part, Source, Wrong};
use outcome::Run;

/// See the module.
#[derive(Debug)]
pub struct Produce {
    form: Form,
    /// Where the record was read that the form was filled with.
    like: Option<String>,
    stage: Stage,
    wrong: Option<Wrong>,
    /// The topic that is written to, as it was looked at last, and the question for it.
    target: Option<Box<Target>>,
    asked: Option<TaskId>,
    /// Why the topic is not known.
    failure: Option<Failure>,
    /// Sending begins with the answer.
    sends: bool,
    /// Which of the records that a template makes is shown.
    preview: u64,
    /// Which of the earlier sends the form was filled with, from the newest.
    earlier: usize,
    variables: Arc<BTreeMap<String, String>>,
}

#[derive(Debug)]
enum Stage {
    Form,
    /// What will be written is shown once more; in a guarded context its name is typed.
    Review(Option<Line>),
    Run(Box<Run>),
}

impl Produce {
    pub fn open(opening: Opening, cx: &mut Cx<'_>) -> Self {
        let (form, like) = match opening.from {
            From::Nothing => (Form::new(&opening.topic), None),
            From::Record(record, at) => (Form::like(&opening.topic, &record), Some(at)),
            From::Records(redrive) => (Form::again(&opening.topic, *redrive), None),
        };
        let mut screen = Self {
            form,
            like,
            stage: Stage::Form,
            wrong: None,
            target: None,
            asked: None,
            failure: None,
            sends: false,
            preview: 0,
            earlier: 0,
            variables: Arc::clone(&cx.settings.variables),
        };
        screen.look(cx);
        screen
    }

    /// Looks at the topic that is named.
    fn look(&mut self, cx: &mut Cx<'_>) {
        if let Some(old) = self.asked.take() {
            cx.cancel(old);
        }
        self.failure = None;
        let name = self.form.topic.text().trim();
        if !name.is_empty() {
            self.asked = Some(cx.start(Ask::Target(TopicName::new(name))));
        }
    }

    /// The topic, when the one that is named was looked at.
    fn target(&self) -> Option<&Target> {
        self.target.as_deref().filter(|target| target.name().raw() == self.form.topic.text().trim())
    }

    /// Leaves a field: what depends on it is looked at anew.
    fn step(&mut self, cx: &mut Cx<'_>, by: isize) {
        let left = self.form.field;
        self.form.step(by);
        if left == Field::Topic && self.target().is_none() {
            self.look(cx);
        }
    }

    /// What would be sent now.
    fn sending(&self) -> Result<Sending, Wrong> {
        let records = self.form.records(self.target(), &self.variables)?;
        let manner = self.form.manner()?;
        let unknown = || Wrong { field: Field::Topic, at: None, why: "the topic is not known yet".to_owned() };
        let target = self.target().ok_or_else(unknown)?.clone();
        Ok(Sending { target, manner, records })
    }

    /// ctrl-s: sends, or shows what will be written first.
    fn send(&mut self, cx: &mut Cx<'_>) {
        self.wrong = None;
        if self.form.topic.text().trim().is_empty() {
            self.wrong = Some(Wrong { field: Field::Topic, at: None, why: "to which topic?".to_owned() });
            self.form.field = Field::Topic;
            return;
        }
        let sending = match self.sending() {
            Ok(sending) => sending,
            Err(wrong) => {
                self.form.field = wrong.field;
                if wrong.field == Field::Topic && self.asked.is_none() {
                    self.look(cx);
                }
                if let (Some(at), Some(editor)) = (wrong.at, self.form.editor_mut()) {
                    editor.go_to(at);
                }
                self.wrong = Some(wrong);
                return;
            }
        };
        let level = sending.level(&cx.cluster.context.rules);
        match &mut self.stage {
            Stage::Form if level == Level::Form => self.go(cx),
            Stage::Form => self.stage = Stage::Review((level == Level::Name).then(Line::default)),
            Stage::Review(None) => self.go(cx),
            Stage::Review(Some(name)) if confirms(name.text(), sending.target.name().raw()) => self.go(cx),
            Stage::Review(Some(_)) => {
                self.wrong = Some(Wrong { field: Field::Topic, at: None, why: "this is not the topic's name".to_owned() });
            }
            Stage::Run(_) => {}
        }
    }

    /// The topic is looked at once more: where its logs end now is where a lost record is looked for.
    fn go(&mut self, cx: &mut Cx<'_>) {
        self.sends = true;
        self.look(cx);
    }

    fn looked(&mut self, cx: &mut Cx<'_>, result: Result<Answer, Failure>) {
        self.asked = None;
        match result {
            Ok(Answer::Target(target)) => {
                let same = self.target().is_none_or(|old| old.topic.id == target.topic.id);
                self.target = Some(target);
                if !std::mem::take(&mut self.sends) {
                    return;
                }
                if !same {
                    let why = "the topic was deleted and made again: ctrl-s once more sends to the new one".to_owned();
                    self.wrong = Some(Wrong { field: Field::Topic, at: None, why });
                    self.stage = Stage::Form;
                    return;
                }
                match self.sending() {
                    Ok(sending) => {
                        self.form.remember(cx.history);
                        self.stage = Stage::Run(Box::new(Run::start(cx, sending)));
                    }
                    Err(wrong) => (self.wrong, self.stage) = (Some(wrong), Stage::Form),
                }
            }
            Ok(_) => {}
            Err(failure) => {
                if std::mem::take(&mut self.sends) {
                    self.stage = Stage::Form;
                }
                self.failure = Some(failure);
            }
        }
    }

    fn run(&self) -> Option<&Run> {
        if let Stage::Run(run) = &self.stage { Some(run) } else { None }
    }

    /// The messages around what was sent.
    fn open_sent(&self, cx: &mut Cx<'_>) {
        let Some((partition, offset)) = self.run().and_then(Run::place) else { return };
        let Some(target) = self.target() else { return };
        let from = Offset(offset.0.saturating_sub(20).max(0));
        let topic = Arc::clone(&target.topic);
        cx.go =
            Some(Route::At(Box::new(At { topic, partition, offset, from, end: offset.plus(1), level: false, group: None, stuck: false })));
    }

    /// What is being typed goes on in the form.
    fn type_on(&mut self, cx: &mut Cx<'_>, input: &Input) {
        self.wrong = None;
        let field = self.form.field;
        match input {
            Input::Paste(text) => match (self.form.editor_mut(), field) {
                (Some(editor), _) => editor.paste(text),
                (None, _) => {
                    if let Some(line) = self.form.line_mut() {
                        line.paste(text);
                    }
                }
            },
            Input::Key(key) => {
                let one_line = !matches!(field, Field::Value | Field::Headers);
                match key.code {
                    KeyCode::Enter | KeyCode::Down if one_line => return self.step(cx, 1),
                    KeyCode::Up if one_line => return self.step(cx, -1),
                    KeyCode::Char(' ') | KeyCode::Right if self.form.turn(1) => return,
                    KeyCode::Left if self.form.turn(-1) => return,
                    _ => {}
                }
                if let Some(editor) = self.form.editor_mut() {
                    editor.key(*key);
                } else if let Some(line) = self.form.line_mut() {
                    line.key(*key);
                }
            }
            _ => {}
        }
    }

    /// Null, and back to a text.
    fn null(&mut self) {
        match self.form.field {
            Field::Key => self.form.key.toggle(),
            Field::Value => self.form.value.toggle(),
            _ => {}
        }
    }

    /// Sets the value's JSON in lines, or says where it is none.
    fn check(&mut self, cx: &mut Cx<'_>) {
        let Part::Text(editor) = &mut self.form.value else { return };
        match serde_json::from_str::<serde_json::Value>(editor.text()) {
            Ok(_) => {
                let mut pretty = Vec::new();
                crate::json::pretty(editor.text().as_bytes(), &mut pretty);
                if let Ok(pretty) = String::from_utf8(pretty) {
                    editor.set(&pretty);
                }
                cx.notices.good(cx.now, "It is JSON.");
            }
            Err(error) => {
                let at = form::json_error(editor.text().as_bytes()).map(|(at, _)| at);
                self.wrong = Some(Wrong { field: Field::Value, at, why: format!("no JSON: {error}") });
            }
        }
    }
}

impl Screen for Produce {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(if matches!(self.form.source, Source::Read(_)) { "send again" } else { "produce" })
    }

    fn scopes(&self) -> Vec<Scope> {
        match self.stage {
            Stage::Run(_) => vec![Scope::Sent, Scope::Form],
            _ => vec![Scope::Form],
        }
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        let running = self.run().is_some_and(Run::is_running);
        let in_form = matches!(self.stage, Stage::Form);
        match action {
            Action::SendRecords if running => Err("Records are being sent."),
            Action::SendRecords if self.asked.is_some() && self.sends => Err("The topic is looked at once more."),
            Action::StopSending if !running => Err("Nothing is being sent."),
            Action::OpenSent if self.run().and_then(Run::place).is_none() => Err("Where it is was not told."),
            Action::FormNext | Action::FormPrevious | Action::FormNull | Action::FormCheck | Action::EarlierSends | Action::LoadFile
                if !in_form =>
            {
                Err("The form is behind this: esc goes back to it.")
            }
            Action::FormNull if !matches!(self.form.field, Field::Key | Field::Value) => Err("Only a key or a value is null."),
            Action::FormCheck | Action::NextPreview if !matches!(self.form.source, Source::Composed) => {
                Err("There is no value to be typed here.")
            }
            Action::LoadFile if matches!(self.form.source, Source::Read(_)) => Err("These records were read already."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::SendRecords if self.run().is_some() => {
                self.stage = Stage::Form;
                self.send(cx);
            }
            Action::SendRecords => self.send(cx),
            Action::StopSending => {
                if let Stage::Run(run) = &mut self.stage {
                    run.stop(cx);
                }
            }
            Action::OpenSent => self.open_sent(cx),
            Action::FormNext => self.step(cx, 1),
            Action::FormPrevious => self.step(cx, -1),
            Action::FormNull => self.null(),
            Action::FormCheck => self.check(cx),
            Action::NextPreview => self.preview = self.preview.wrapping_add(1),
            Action::EarlierSends => {
                let past = cx.history.sends();
                match past.len().checked_sub(self.earlier + 1).and_then(|at| past.get(at)) {
                    Some(sent) => {
                        self.earlier += 1;
                        self.form = Form { topic: self.form.topic.clone(), ..Form::recalled(sent) };
                    }
                    None if self.earlier > 0 => self.earlier = 0,
                    None => cx.notices.look(cx.now, "Nothing was sent from here before."),
                }
            }
            Action::LoadFile => {
                let composed = matches!(self.form.source, Source::Composed);
                self.form.source = if composed { Source::File } else { Source::Composed };
                self.form.field = if composed { Field::Path } else { Field::Value };
            }
            Action::CopyProduce => {
                let text = self.form.command(&cx.cluster.bootstrap);
                cx.term(Term::Osc52(text.clone()));
                cx.start(Ask::Copy(text));
                cx.notices.good(cx.now, "The command was sent to the terminal's clipboard.");
            }
            Action::Refresh => self.look(cx),
            _ => {}
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> bool {
        match &mut self.stage {
            Stage::Form | Stage::Review(_) if self.sends => {
                (self.stage, self.sends) = (Stage::Form, false);
                cx.notices.look(cx.now, "Nothing was sent.");
                true
            }
            Stage::Form => false,
            Stage::Run(run) if run.is_running() => {
                run.stop(cx);
                true
            }
            Stage::Review(_) | Stage::Run(_) => {
                (self.stage, self.wrong, self.sends) = (Stage::Form, None, false);
                true
            }
        }
    }

    fn editing(&self) -> bool {
        match &self.stage {
            Stage::Form => true,
            Stage::Review(name) => name.is_some(),
            Stage::Run(_) => false,
        }
    }

    fn form(&self) -> bool {
        true
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        if let Stage::Review(Some(name)) = &mut self.stage {
            self.wrong = None;
            match input {
                Input::Key(key) => drop(name.key(*key)),
                Input::Paste(text) => name.paste(text),
                _ => {}
            }
            return;
        }
        self.type_on(cx, input);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Reply(Reply { id, result }) if self.asked == Some(id) => {
                self.looked(cx, result);
                None
            }
            arrival => match &mut self.stage {
                Stage::Run(run) => run.receive(cx, arrival),
                _ => Some(arrival),
            },
        }
    }

    fn busy(&self) -> Option<Reason> {
        self.run().filter(|run| run.is_running()).map(|_| "Records are being sent: once more leaves before their outcome is known.")
    }

    fn wake_at(&self, now: Time) -> Option<Time> {
        self.run().filter(|run| run.is_running()).map(|_| now.plus(std::time::Duration::from_secs(1)))
    }

    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, look, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.form.fields().iter().position(|field| *field == self.form.field).unwrap_or(0), self.form.fields().len())
    }
}

/// A partition and an offset in it.
type Place = (PartitionId, Offset);
