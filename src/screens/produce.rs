//! Records that are written to a topic: a form, what will be written in words, and what became of it. A record that was read may
//! be taken as a pattern or sent again as it is.
//!
//! ctrl-s sends. Where more than one record is sent, or the context is guarded, what will be written is shown once more first.

mod draft;
mod draw;
mod form;
mod outcome;
mod rehearsal;
mod send;
mod typing;

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{At, Cx, Look, Reason, Route, Screen};
use crate::core::action::{Action, Scope};
use crate::core::ask::{Ask, Reply};
use crate::core::effect::{TaskId, Term};
use crate::core::event::Arrival;
use crate::core::key::Input;
use crate::core::line::Line;
use crate::core::produce::{From, Opening, Target};
use crate::model::{Failure, Offset, PartitionId, Time};
use crate::text::Shown;
use crate::ui::Pen;

use draft::Draft;
use form::{Field, Form, Source, Wrong};
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
    looked_at: Option<Time>,
    /// Why the topic is not known.
    failure: Option<Failure>,
    /// Sending begins with the answer.
    sends: bool,
    /// Which of the records that a template makes is shown.
    preview: u64,
    /// Which of the earlier sends the form was filled with, from the newest.
    earlier: usize,
    variables: Arc<BTreeMap<String, String>>,
    draft: Draft,
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
        let variables = Arc::clone(&cx.settings.variables);
        let mut screen = Self {
            draft: Draft::of(&form, None, &variables, (0, cx.now)),
            form,
            like,
            stage: Stage::Form,
            wrong: None,
            target: None,
            asked: None,
            looked_at: None,
            failure: None,
            sends: false,
            preview: 0,
            earlier: 0,
            variables,
        };
        screen.look(cx);
        screen
    }

    /// Makes the draft anew.
    fn remake(&mut self, cx: &Cx<'_>) {
        self.draft = Draft::of(&self.form, self.target(), &self.variables, (self.preview, cx.now));
    }

    /// Leaves a field: what depends on it is looked at anew.
    fn step(&mut self, cx: &mut Cx<'_>, by: isize) {
        let left = self.form.field;
        self.form.step(by);
        if left == Field::Topic && self.target().is_none() {
            self.look(cx);
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
        cx.go = Some(Route::At(Box::new(At {
            topic,
            partition,
            offset,
            from,
            end: offset.plus(1),
            level: false,
            group: None,
            stuck: false,
            found: false,
        })));
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
            Action::EditElsewhere
            | Action::FormNext
            | Action::FormPrevious
            | Action::FormNull
            | Action::FormCheck
            | Action::EarlierSends
            | Action::LoadFile
                if !in_form =>
            {
                Err("The form is behind this: esc goes back to it.")
            }
            Action::FormNull if !matches!(self.form.field, Field::Key | Field::Value) => Err("Only a key or a value is null."),
            Action::EditElsewhere | Action::FormCheck | Action::NextPreview if !matches!(self.form.source, Source::Composed) => {
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
            Action::EditElsewhere => self.edit(cx),
            Action::Refresh => self.look(cx),
            _ => {}
        }
        self.remake(cx);
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
        if std::mem::take(&mut self.sends) {
            cx.notices.look(cx.now, "Nothing was sent yet: something was typed meanwhile. ctrl-s sends it.");
        }
        self.type_on(cx, input);
        self.remake(cx);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, arrival: Arrival) -> Option<Arrival> {
        match arrival {
            Arrival::Reply(Reply { id, result }) if self.asked == Some(id) => {
                self.looked(cx, result);
                self.remake(cx);
                None
            }
            arrival => match &mut self.stage {
                Stage::Run(run) => run.receive(cx, arrival),
                _ => Some(arrival),
            },
        }
    }

    fn edited(&mut self, cx: &mut Cx<'_>, text: Result<String, Failure>) {
        self.take_back(cx, text);
        self.remake(cx);
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
