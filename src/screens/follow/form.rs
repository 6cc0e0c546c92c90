//! The lines that say what is followed: the value, the topics, how far around the moment.

use std::sync::Arc;
use std::time::Duration;

use crate::core::inquire::{FollowAsk, FollowFrom};
use crate::core::key::{Key, KeyCode};
use crate::core::line::Line;
use crate::core::names::NameFilter;
use crate::model::Topic;
use crate::query::when;
use crate::screens::Cx;

/// How far around the moment one looks at first.
const WINDOW: &str = "1h";
/// Topics that are read for one id.
const TOPICS: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Value,
    Topics,
    Window,
}

/// The lines; `field` is the one being typed.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) field: Option<Field>,
    pub(super) value: Line,
    pub(super) topics: Line,
    pub(super) window: Line,
    pub(super) error: Option<String>,
    /// Which of the candidates stands in the value's line.
    pub(super) candidate: Option<usize>,
}

impl Form {
    pub(super) fn of(from: &FollowFrom) -> Self {
        let chosen = from.chosen.and_then(|at| from.candidates.get(at));
        let field = match (chosen, from.topics.is_empty()) {
            (None, _) => Some(Field::Value),
            (Some(_), true) => Some(Field::Topics),
            (Some(_), false) => None,
        };
        let first = chosen.or(from.candidates.first());
        let names: Vec<&str> = from.topics.iter().map(crate::model::TopicName::raw).collect();
        let topics = if names.is_empty() { from.origin.as_ref().map_or("", |spot| spot.topic.raw()).to_owned() } else { names.join(",") };
        Self {
            field,
            value: Line::new(first.map_or("", |candidate| candidate.value.as_str())),
            topics: Line::new(topics),
            window: Line::new(WINDOW),
            error: None,
            candidate: first.map(|_| from.chosen.unwrap_or(0)),
        }
    }

    pub(super) fn edit(&mut self, field: Field) {
        self.field = Some(field);
    }

    pub(super) fn line(&self) -> Option<&Line> {
        Some(match self.field? {
            Field::Value => &self.value,
            Field::Topics => &self.topics,
            Field::Window => &self.window,
        })
    }

    fn line_mut(&mut self) -> Option<&mut Line> {
        Some(match self.field? {
            Field::Value => &mut self.value,
            Field::Topics => &mut self.topics,
            Field::Window => &mut self.window,
        })
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(line) = self.line_mut() {
            line.paste(text);
        }
    }

    /// Tab goes to the next line, up and down through what the record has.
    pub(super) fn key(&mut self, key: Key, from: &FollowFrom) {
        self.error = None;
        let fields = [Field::Value, Field::Topics, Field::Window];
        let at = fields.iter().position(|field| Some(*field) == self.field).unwrap_or(0);
        match (key.code, self.field) {
            (KeyCode::Tab, _) => self.field = fields.get((at + 1) % fields.len()).copied(),
            (KeyCode::BackTab, _) => self.field = fields.get((at + 2) % fields.len()).copied(),
            (KeyCode::Up | KeyCode::Down, Some(Field::Value)) if !from.candidates.is_empty() => {
                let count = from.candidates.len();
                let next = match (self.candidate, key.code == KeyCode::Down) {
                    (None, _) => 0,
                    (Some(at), true) => (at + 1) % count,
                    (Some(at), false) => (at + count - 1) % count,
                };
                self.candidate = Some(next);
                self.value = Line::new(from.candidates.get(next).map_or("", |candidate| candidate.value.as_str()));
            }
            _ => {
                if let Some(line) = self.line_mut() {
                    line.key(key);
                }
                if self.field == Some(Field::Value) {
                    self.candidate = from.candidates.iter().position(|candidate| candidate.value == self.value.text());
                }
            }
        }
    }

    /// What is to be asked. `None`: something is missing, and the line where it is missing is being typed.
    pub(super) fn ask(&mut self, cx: &Cx<'_>, from: &FollowFrom) -> Option<FollowAsk> {
        let mut refuse = |field: Field, error: String| {
            (self.field, self.error) = (Some(field), Some(error));
        };
        let value = self.value.text().to_owned();
        if value.trim().is_empty() {
            refuse(Field::Value, "Type the id that is to be followed.".to_owned());
            return None;
        }
        let topics = match topics(cx, self.topics.text()) {
            Ok(topics) => topics,
            Err(error) => {
                refuse(Field::Topics, error);
                return None;
            }
        };
        let window = match when::duration(self.window.text().trim()) {
            Ok(window) => window,
            Err(error) => {
                refuse(Field::Window, format!("{error}: 10m, 1h, 2h30m"));
                return None;
            }
        };
        let (from_ms, to_ms) = around(from.at_ms.unwrap_or_else(|| cx.now.millis()), window);
        self.error = None;
        Some(FollowAsk { value, topics, from_ms, to_ms })
    }
}

/// From when to when.
pub(super) fn around(at_ms: i64, window: Duration) -> (i64, i64) {
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    (at_ms.saturating_sub(window).max(0), at_ms.saturating_add(window))
}

/// The topics that a line names: with commas between, or a pattern behind a slash.
fn topics(cx: &Cx<'_>, text: &str) -> Result<Vec<Arc<Topic>>, String> {
    let view = cx.cluster.view.get().ok_or("The topics are not known yet.")?;
    let readable = |topic: &&Arc<Topic>| topic.error.is_none();
    let text = text.trim();
    let found: Vec<Arc<Topic>> = if let Some(pattern) = text.strip_prefix('/') {
        let filter = NameFilter::parse(pattern.strip_suffix('/').unwrap_or(pattern))?;
        let all: Vec<&Arc<Topic>> = view.topics.iter().filter(readable).filter(|topic| !topic.internal).collect();
        let names = || all.iter().map(|topic| topic.name.raw()).enumerate();
        let kept = filter.map_or_else(|| names().map(|(at, _)| at).collect(), |filter| filter.apply(names()));
        kept.into_iter().filter_map(|at| all.get(at).copied().cloned()).collect()
    } else {
        let mut found = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let topic = view.topics.iter().filter(readable).find(|topic| topic.name.raw() == name);
            found.push(Arc::clone(topic.ok_or_else(|| format!("No topic \"{}\" is listed.", crate::text::Shown::of(name)))?));
        }
        found
    };
    match found.len() {
        0 => Err("No topic: name some with commas between, or a pattern behind a slash: /^(orders|pay)".to_owned()),
        n if n > TOPICS => Err(format!("{n} topics are too many to read at once: {TOPICS} at most.")),
        _ => Ok(found),
    }
}
