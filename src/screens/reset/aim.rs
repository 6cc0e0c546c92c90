//! The first two steps: which partitions, and where to.

use std::path::{Path, PathBuf};

use crate::core::action::Action;
use crate::core::cluster::Cluster;
use crate::core::cursor::Cursor;
use crate::core::reset::{Deed, Kept, Scope, Target, when};
use crate::model::{GroupId, TopicName};
use crate::text::{Shown, units};

/// What one may choose as a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Earliest,
    Latest,
    Time,
    Ago,
    Shift,
    Offset,
    Group,
    Current,
    File,
    Undo,
    Forget,
}

pub(super) const CHOICES: [(Choice, &str, &str); 11] = [
    (Choice::Earliest, "earliest", "the start of the log: everything again"),
    (Choice::Latest, "latest", "the end of the log: skip what is waiting"),
    (Choice::Time, "time …", "the first record at or after a time: 2026-11-20T12:40:00Z"),
    (Choice::Ago, "ago …", "the first record of the last 30m, PT30M, P1DT2H"),
    (Choice::Shift, "shift …", "so many offsets on, or back: 100, -100"),
    (Choice::Offset, "offset …", "the same offset on every partition"),
    (Choice::Group, "group …", "where another group is"),
    (Choice::Current, "current", "where it is; the log's end where there is no commit"),
    (Choice::File, "file …", "a CSV of kafka-consumer-groups.sh, or a saved plan"),
    (Choice::Undo, "undo", "what the last change of this group replaced"),
    (Choice::Forget, "forget", "no commits at all on these partitions"),
];

/// The two lists.
#[derive(Debug)]
pub(super) struct Aim {
    pub(super) scopes: Vec<(String, Scope)>,
    pub(super) scope: Cursor,
    pub(super) target: Cursor,
    /// Whether the scopes have the focus.
    pub(super) on_scope: bool,
}

/// What a key led to.
pub(super) enum Chosen {
    Deed(Deed),
    /// The target needs a text.
    Text,
}

impl Aim {
    pub(super) fn of(group: &GroupId, settled: Option<Scope>, cluster: &Cluster) -> Self {
        let mut scopes = Vec::new();
        if let Some(scope) = settled {
            scopes.push((named(&scope), scope));
        }
        let topics = cluster.groups.of(group).and_then(|row| row.places()).map(|(_, topics)| topics).unwrap_or_default();
        let committed =
            |topic: &crate::core::lag::TopicPlaces| topic.partitions.iter().filter(|(_, place)| place.committed().is_some()).count();
        let all: usize = topics.iter().map(committed).sum();
        scopes.push((format!("all {} that have a commit", units::counted(units::wide(all), "partition")), Scope::Committed));
        for topic in topics {
            let whole = Scope::Topics(vec![(topic.topic.clone(), None)]);
            scopes.push((format!("{}, all partitions", Shown::of(topic.topic.raw())), whole));
        }
        Self { scopes, scope: Cursor::default(), target: Cursor::default(), on_scope: false }
    }

    pub(super) fn scope(&self) -> Scope {
        self.scopes.get(self.scope.at).map_or(Scope::Committed, |(_, scope)| scope.clone())
    }

    fn choice(&self) -> Choice {
        CHOICES.get(self.target.at).map_or(Choice::Current, |choice| choice.0)
    }

    /// What the prompt asks for.
    pub(super) fn asks(&self) -> &'static str {
        match self.choice() {
            Choice::Time => "time: ",
            Choice::Ago => "ago: ",
            Choice::Shift => "shift by: ",
            Choice::Offset => "offset: ",
            Choice::Group => "group: ",
            Choice::File => "file: ",
            _ => "",
        }
    }

    pub(super) fn act(&mut self, action: Action, height: usize) -> Option<Chosen> {
        let (cursor, len) = if self.on_scope { (&mut self.scope, self.scopes.len()) } else { (&mut self.target, CHOICES.len()) };
        if cursor.obey(action, len, height) {
            return None;
        }
        match action {
            Action::NextPane | Action::PreviousPane => {
                self.on_scope = !self.on_scope;
                None
            }
            Action::ChooseTarget if self.on_scope => {
                self.on_scope = false;
                None
            }
            Action::ChooseTarget => Some(match self.choice() {
                Choice::Earliest => Chosen::Deed(Deed::Reset(Target::Earliest)),
                Choice::Latest => Chosen::Deed(Deed::Reset(Target::Latest)),
                Choice::Current => Chosen::Deed(Deed::Reset(Target::Current)),
                Choice::Undo => Chosen::Deed(Deed::Undo(Kept::Latest)),
                Choice::Forget => Chosen::Deed(Deed::Forget),
                _ => Chosen::Text,
            }),
            _ => None,
        }
    }

    /// The deed that a typed text names.
    pub(super) fn target(&self, text: &str) -> Result<Deed, String> {
        let text = text.trim();
        let number =
            || text.replace([',', ' ', '_'], "").parse::<i64>().map_err(|_not_one| format!("\"{}\" is no whole number", Shown::of(text)));
        if text.is_empty() {
            return Err("nothing was typed".to_owned());
        }
        Ok(match self.choice() {
            Choice::Time => Deed::Reset(Target::Time(when::time(text).map_err(|error| error.message)?.ms)),
            Choice::Ago => Deed::Reset(Target::Ago(when::duration(text).map_err(|error| error.message)?)),
            Choice::Shift => Deed::Reset(Target::Shift(number()?)),
            Choice::Offset => Deed::Reset(Target::Offset(number()?)),
            Choice::Group => Deed::Reset(Target::Group(GroupId::new(text))),
            // Our own form has absences of commits, too, and is put back; Kafka's is a target as others are.
            Choice::File if Path::new(text).extension().is_some_and(|extension| extension == "json") => {
                Deed::Undo(Kept::File(PathBuf::from(text)))
            }
            Choice::File => Deed::Reset(Target::File(PathBuf::from(text))),
            Choice::Earliest | Choice::Latest | Choice::Current | Choice::Undo | Choice::Forget => {
                return Err("nothing is to be typed".to_owned());
            }
        })
    }

    #[cfg(test)]
    pub(super) fn cursor(&self) -> (usize, usize) {
        if self.on_scope { (self.scope.at, self.scopes.len()) } else { (self.target.at, CHOICES.len()) }
    }
}

/// A scope in a few words.
fn named(scope: &Scope) -> String {
    let part = |(topic, partitions): &(TopicName, Option<Vec<crate::model::PartitionId>>)| {
        let name = Shown::of(topic.raw()).into_string();
        match partitions {
            None => format!("{name}, all partitions"),
            Some(ids) => {
                let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
                format!("{name}:{}", ids.join(","))
            }
        }
    };
    match scope {
        Scope::Committed => "all partitions that have a commit".to_owned(),
        Scope::Topics(topics) => topics.iter().map(part).collect::<Vec<_>>().join(" "),
    }
}
