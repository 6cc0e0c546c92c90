//! Queries with a name: keeping the one in force, and putting one in force that was kept.

use std::sync::Arc;

use crate::core::ask::{Answer, Ask};
use crate::core::effect::TaskId;
use crate::core::key::Input;
use crate::core::line::Line;
use crate::core::saved::queries::{self, Named, Queries};
use crate::model::Failure;
use crate::query::{self, Query};
use crate::screens::{Cx, Route};
use crate::text::Shown;

use super::Messages;

/// What was asked of the file of saved queries.
#[derive(Debug, Default)]
pub(super) struct Shelved {
    reading: Option<TaskId>,
    saving: Option<(TaskId, Named)>,
}

/// The names that tab goes through behind what was typed.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: Vec<String>,
    /// What was typed before tab, and which name stands there now.
    given: Option<(String, usize)>,
}

impl Names {
    pub(super) fn all(&self) -> &[String] {
        &self.all
    }

    /// Takes tab and shift-tab; anything else is a new beginning. True: it was one of them.
    pub(super) fn input(&mut self, line: &mut Line, input: &Input) -> bool {
        let Some(back) = input.tabbed() else {
            self.given = None;
            return false;
        };
        let typed = self.given.as_ref().map_or_else(|| line.text().trim().to_owned(), |(typed, _)| typed.clone());
        let fitting: Vec<&String> = self.all.iter().filter(|name| name.starts_with(&typed)).collect();
        let count = fitting.len();
        let next = match &self.given {
            None if back => count.saturating_sub(1),
            None => 0,
            Some((_, at)) => (at + if back { count.saturating_sub(1) } else { 1 }) % count.max(1),
        };
        if let Some(name) = fitting.get(next) {
            line.replace(0..line.text().len(), name);
            self.given = Some((typed, next));
        }
        true
    }
}

impl Messages {
    /// Looks again at what is saved: the file may have been edited.
    pub(super) fn read_saved(&mut self, cx: &mut Cx<'_>) {
        if let Some(path) = cx.history.shelf.path.clone() {
            self.shelved.reading = Some(cx.start(Ask::Queries { path, named: None }));
        }
    }

    pub(super) fn saved_names(&self, cx: &Cx<'_>) -> Names {
        let all = cx.history.shelf.queries.of(&self.reader.topic.name).map(|one| one.name.clone()).collect();
        Names { all, given: None }
    }

    /// Keeps what stands in the bar, or is in force, under the name that was typed.
    pub(super) fn save_query(&mut self, cx: &mut Cx<'_>, typed: &str) -> Result<(), String> {
        let (name, all) = queries::name(typed)?;
        let text = self.bar.editing.as_ref().map_or(self.bar.text.as_str(), Line::text).trim();
        if text.is_empty() {
            return Err("No filter is in force, so there is none to save: / sets one.".to_owned());
        }
        query::parse(text).map_err(|error| format!("What stands in the bar is no query yet: {}", error.message))?;
        let path = cx.history.shelf.path.clone().ok_or("There is no folder of a configuration to keep it in.")?;
        let topic = (!all).then(|| self.reader.topic.name.clone());
        let named = Named { name: name.to_owned(), topic, query: text.to_owned() };
        let task = cx.start(Ask::Queries { path, named: Some(named.clone()) });
        self.shelved.saving = Some((task, named));
        Ok(())
    }

    /// Puts a saved query in force.
    pub(super) fn recall_query(&mut self, cx: &mut Cx<'_>, typed: &str) -> Result<(), String> {
        let shelf = cx.history.shelf.clone();
        let topic = self.reader.topic.name.clone();
        let Some(named) = shelf.queries.find(&topic, typed) else {
            let names: Vec<&str> = shelf.queries.of(&topic).map(|one| one.name.as_str()).collect();
            return Err(match (names.as_slice(), typed) {
                ([], _) => "No query is saved for this topic: W keeps the one in force.".to_owned(),
                (names, "") => format!("Saved are {}.", names.join(", ")),
                (names, _) => format!("No query \"{}\" is saved here, but {}.", Shown::of(typed).cut(40).as_str(), names.join(", ")),
            });
        };
        let parsed = query::parse(&named.query).map_err(|error| {
            format!("{} is no query any more, {}: {}", named.name, error.message, Shown::of(&named.query).cut(60).as_str())
        })?;
        cx.history.add_query(&topic, &named.query);
        self.bar.editing = None;
        if parsed.is_table() {
            self.open_table(cx, parsed);
        } else if self.bar.set(cx, &named.query) {
            self.refilter(cx);
        }
        Ok(())
    }

    /// The table of a query, over what is read here.
    pub(super) fn open_table(&self, cx: &mut Cx<'_>, query: Query) {
        if self.reader.is_several() {
            return cx.notices.look(cx.now, "A table is made of one topic; kscope search T1 T2 '… | count by topic' makes one of several.");
        }
        let super::Reader { topic, partitions, isolation, .. } = &self.reader;
        let (topic, partitions, isolation) = (Arc::clone(topic), partitions.clone(), *isolation);
        cx.go = Some(Route::Results(Box::new(super::TableOf { topic, partitions, isolation, query })));
    }

    /// Takes the answer to its own question; gives back another.
    pub(super) fn shelved_came(&mut self, cx: &mut Cx<'_>, id: TaskId, result: Result<Answer, Failure>) -> Option<Result<Answer, Failure>> {
        let saved = self.shelved.saving.take_if(|(task, _)| *task == id).map(|(_, named)| named);
        if saved.is_none() && self.shelved.reading.take_if(|task| *task == id).is_none() {
            return Some(result);
        }
        match result {
            Ok(Answer::Queries(queries)) => {
                told(cx, &queries);
                if let Some(named) = saved {
                    let place = cx.history.shelf.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
                    let whose = named.topic.as_ref().map_or("all topics", |topic| topic.raw());
                    let name = &named.name;
                    let sentence =
                        format!("\"{name}\" is saved for {}: Q, or :query {name}. It stands in {}", Shown::of(whose), Shown::of(&place));
                    cx.notices.good(cx.now, sentence);
                }
                cx.history.shelf.queries = queries;
            }
            Ok(_) => {}
            Err(failure) => cx.notices.failure(&failure),
        }
        None
    }
}

/// Says once what of the file is not understood.
fn told(cx: &mut Cx<'_>, queries: &Queries) {
    if let Some(wrong) = queries.wrong.as_ref().filter(|wrong| cx.history.shelf.queries.wrong.as_ref() != Some(*wrong)) {
        let place = cx.history.shelf.path.as_deref().and_then(|path| path.file_name()).unwrap_or_default().display().to_string();
        let sentence = format!("Saved queries: {wrong} in {}; it is left out.", Shown::of(&place));
        cx.notices.look(cx.now, sentence);
    }
}
