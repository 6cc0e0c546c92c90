//! From the form to records that are on their way: the topic is looked at, what is wrong is said, what is many is shown once more.

use std::time::Duration;

use super::form::{Field, Wrong};
use super::outcome::Run;
use super::{Produce, Stage};
use crate::core::ask::{Answer, Ask};
use crate::core::guard::{Level, confirms};
use crate::core::line::Line;
use crate::core::produce::{Sending, Target, level};
use crate::model::{Failure, TopicName};
use crate::screens::Cx;

/// So long what was seen of a topic is good enough to send to it.
const FRESH: Duration = Duration::from_secs(30);

impl Produce {
    /// Looks at the topic that is named.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) {
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
    pub(super) fn target(&self) -> Option<&Target> {
        self.target.as_deref().filter(|target| target.name().raw() == self.form.topic.text().trim())
    }

    /// What would be sent now.
    fn sending(&self) -> Result<Sending, Wrong> {
        let records = self.draft.records.clone()?;
        let manner = self.form.manner()?;
        let unknown = || Wrong { field: Field::Topic, at: None, why: "the topic is not known yet".to_owned() };
        let target = self.target().ok_or_else(unknown)?.clone();
        Ok(Sending { target, manner, records })
    }

    /// ctrl-s: sends, or shows what will be written first.
    pub(super) fn send(&mut self, cx: &mut Cx<'_>) {
        self.wrong = None;
        if self.form.topic.text().trim().is_empty() {
            self.wrong = Some(Wrong { field: Field::Topic, at: None, why: "to which topic?".to_owned() });
            self.form.field = Field::Topic;
            return;
        }
        let sending = match self.sending() {
            Ok(sending) => sending,
            // It goes out with the answer, as one pressed it; what is confirmed first waits for that.
            Err(wrong) if wrong.field == Field::Topic && self.is_one(cx) => {
                if self.asked.is_none() {
                    self.look(cx);
                }
                self.sends = true;
                return;
            }
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

    /// Whether nothing but the topic is missing to send what needs no second look.
    fn is_one(&self, cx: &Cx<'_>) -> bool {
        let Ok(records) = &self.draft.records else { return false };
        matches!(self.stage, Stage::Form) && level(records.count(), &cx.cluster.context.rules) == Level::Form && self.form.manner().is_ok()
    }

    /// Sends now when the topic was looked at lately; else it is looked at once more: where its logs end is where a record is
    /// looked for whose answer was lost, and the less there is to read the better.
    fn go(&mut self, cx: &mut Cx<'_>) {
        if self.looked_at.is_some_and(|at| cx.now.since(at) < FRESH) && self.asked.is_none() {
            self.begin(cx);
        } else {
            self.sends = true;
            self.look(cx);
        }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        match self.sending() {
            Ok(sending) => {
                self.form.remember(cx.history);
                self.stage = Stage::Run(Box::new(Run::start(cx, sending)));
            }
            Err(wrong) => (self.wrong, self.stage) = (Some(wrong), Stage::Form),
        }
    }

    pub(super) fn looked(&mut self, cx: &mut Cx<'_>, result: Result<Answer, Failure>) {
        self.asked = None;
        match result {
            Ok(Answer::Target(target)) => {
                let same = self.target().is_none_or(|old| old.topic.id == target.topic.id);
                (self.target, self.looked_at) = (Some(target), Some(cx.now));
                self.wrong = self.wrong.take().filter(|wrong| wrong.field != Field::Topic);
                if !std::mem::take(&mut self.sends) {
                    return;
                }
                if !same {
                    let why = "the topic was deleted and made again: ctrl-s once more sends to the new one".to_owned();
                    self.wrong = Some(Wrong { field: Field::Topic, at: None, why });
                    self.stage = Stage::Form;
                    return;
                }
                self.remake(cx);
                self.begin(cx);
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
}
