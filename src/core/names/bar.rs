//! The prompt behind `/` on a list of names: what is in force while it is typed, what is wrong with it, and what a key does.

use super::NameFilter;
use crate::core::history::{History, Kind};
use crate::core::key::{Input, KeyCode};
use crate::core::line::{Edit, Line};

/// See the module.
#[derive(Debug, Default)]
pub struct NameBar {
    text: String,
    compiled: Option<NameFilter>,
    editing: Option<Line>,
    error: Option<String>,
}

/// What an input did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    Nothing,
    /// Another filter is in force.
    Changed,
    /// The list is to move by so many rows.
    Moved(isize),
}

impl NameBar {
    /// The text in force.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn filter(&self) -> Option<&NameFilter> {
        self.compiled.as_ref()
    }

    /// The line being typed.
    pub fn line(&self) -> Option<&Line> {
        self.editing.as_ref()
    }

    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    pub fn open(&mut self, history: &History) {
        self.editing = Some(Line::new(&*self.text).with_past(history.of(Kind::Names)));
    }

    /// Takes the filter away. False: there was none.
    pub fn clear(&mut self) -> bool {
        if self.text.is_empty() {
            return false;
        }
        self.set("")
    }

    /// Takes the text as the filter, unless it is no expression: then the last good one stays in force.
    fn set(&mut self, text: &str) -> bool {
        match NameFilter::parse(text) {
            Ok(compiled) => {
                self.compiled = compiled;
                text.clone_into(&mut self.text);
                self.error = None;
                true
            }
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }

    pub fn input(&mut self, history: &mut History, input: &Input) -> Did {
        let Some(mut line) = self.editing.take() else { return Did::Nothing };
        let mut did = Did::Nothing;
        match input {
            Input::Paste(text) => line.paste(text),
            Input::Key(key) if key.code == KeyCode::Enter && self.error.is_none() => {
                history.add(Kind::Names, line.text());
                return Did::Nothing;
            }
            Input::Key(key) if key.code == KeyCode::Enter => {}
            Input::Key(key) if key.code == KeyCode::Esc && line.search().is_none() => {
                self.error = None;
                return Did::Nothing;
            }
            Input::Key(key) => match (key.code, line.key(*key)) {
                (KeyCode::Down, Edit::Moved) => did = Did::Moved(1),
                (KeyCode::Up, Edit::Moved) => did = Did::Moved(-1),
                _ => {}
            },
            _ => {}
        }
        let text = line.text().to_owned();
        self.editing = Some(line);
        if (text != self.text || self.error.is_some()) && self.set(&text) {
            return Did::Changed;
        }
        did
    }
}
