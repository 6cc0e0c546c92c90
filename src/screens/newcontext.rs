//! A context to be written into config.toml: typed here, or taken over from another tool's file. The lines that are written stand
//! beside the form; nothing else of the file changes.

mod draw;
mod form;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope};
use crate::core::configure::{New, Preview, Told, Wish};
use crate::core::key::{Input, KeyCode};
use crate::model::Failure;
use crate::text::Shown;
use crate::ui::Pen;
use form::{Field, Form};

/// See the module.
#[derive(Debug)]
pub struct NewContext {
    /// The one of another tool that is taken over.
    found: Option<String>,
    form: Form,
    preview: Option<Preview>,
    /// Why it cannot be written as it is.
    failure: Option<Failure>,
    stage: Stage,
    /// Something was typed after the preview was asked for.
    stale: bool,
}

/// What is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Previewing,
    Writing,
}

impl NewContext {
    pub fn open(found: Option<String>, cx: &mut Cx<'_>) -> Self {
        let name = found.as_deref().map(own_name).unwrap_or_default();
        let form = Form::new(&name, found.is_some());
        let mut screen = Self { found, form, preview: None, failure: None, stage: Stage::Idle, stale: false };
        screen.ask(cx);
        screen
    }

    fn wanted(&self) -> New {
        match &self.found {
            Some(found) => New::Import { found: found.clone(), name: self.form.name().to_owned() },
            None => New::Made(Box::new(self.form.draft())),
        }
    }

    /// Asks what would be written; one question at a time.
    fn ask(&mut self, cx: &mut Cx<'_>) {
        if self.stage != Stage::Idle {
            self.stale = true;
            return;
        }
        self.stale = false;
        if self.found.is_none() && self.form.is_empty() {
            (self.preview, self.failure) = (None, None);
            return;
        }
        self.stage = Stage::Previewing;
        cx.configure(Wish::Preview(self.wanted()));
    }
}

/// "rpk:default" as a name of ours: "rpk-default".
fn own_name(found: &str) -> String {
    found.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

impl Screen for NewContext {
    fn crumb(&self) -> Shown<'_> {
        Shown::of(if self.found.is_some() { "import" } else { "new context" })
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::NewContext]
    }

    fn needs_cluster(&self) -> bool {
        false
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::WriteContext if self.stage == Stage::Writing => Err("It is being written."),
            Action::WriteContext if self.failure.is_some() => Err("It cannot be written as it is: the reason stands beside the form."),
            Action::WriteContext if self.found.is_none() && self.form.is_empty() => Err("A name and an address are wanted first."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        match action {
            Action::ContextNext => self.form.step(1),
            Action::ContextPrevious => self.form.step(-1),
            Action::WriteContext => {
                self.stage = Stage::Writing;
                cx.configure(Wish::Add(self.wanted()));
            }
            _ => {}
        }
    }

    fn configured(&mut self, cx: &mut Cx<'_>, told: &Told) {
        let before = std::mem::replace(&mut self.stage, Stage::Idle);
        match told {
            Told::Preview(preview) if before == Stage::Previewing => {
                (self.preview, self.failure) = (Some(preview.clone()), None);
            }
            Told::Failed(failure) if before != Stage::Idle => self.failure = Some(failure.clone()),
            Told::Added { name, .. } => {
                cx.notices.good(cx.now, format!("{name} was written into config.toml."));
                return;
            }
            // Something else was asked for.
            _ => {
                self.stage = before;
                return;
            }
        }
        if self.stale {
            self.ask(cx);
        }
    }

    fn editing(&self) -> bool {
        true
    }

    fn form(&self) -> bool {
        true
    }

    fn input(&mut self, cx: &mut Cx<'_>, input: &Input) {
        if self.stage == Stage::Writing {
            return;
        }
        match input {
            Input::Key(key) if key.code == KeyCode::Enter || key.code == KeyCode::Down => return self.form.step(1),
            Input::Key(key) if key.code == KeyCode::Up => return self.form.step(-1),
            Input::Key(key) => {
                if !self.form.key(*key) {
                    return;
                }
            }
            Input::Paste(text) => self.form.paste(text),
            _ => return,
        }
        self.failure = None;
        self.ask(cx);
    }

    fn status(&self, _look: &Look<'_>, pen: &mut Pen<'_>) {
        draw::status(self, pen);
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        draw::draw(self, look, buf, area);
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        let fields = self.form.fields();
        (fields.iter().position(|field| *field == self.form.field).unwrap_or(0), fields.len())
    }
}

impl NewContext {
    fn focused(&self) -> Field {
        self.form.field
    }
}
