//! What was typed into prompts before: one list per kind of prompt, shared by all screens and kept for the next run. A line
//! goes through it with up, down and ctrl-r ([`super::line`]).

use std::collections::BTreeMap;
use std::sync::Arc;

/// Inputs that a list keeps.
const MOST: usize = 200;

/// Inputs of one kind, the newest last. Cloning copies no text.
pub type Past = Arc<Vec<String>>;

/// What a prompt asks for: inputs of one kind are of use wherever that is asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A query over records.
    Query,
    /// A pattern over names in a list.
    Names,
    /// A text that rows of settings hold.
    Settings,
    /// A position in a topic.
    Position,
    Partitions,
    /// A text within a value.
    Search,
    /// A line of the palette.
    Command,
}

impl Kind {
    const ALL: [Self; 7] = [Self::Query, Self::Names, Self::Settings, Self::Position, Self::Partitions, Self::Search, Self::Command];

    /// What it is kept under.
    fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Names => "names",
            Self::Settings => "settings",
            Self::Position => "position",
            Self::Partitions => "partitions",
            Self::Search => "search",
            Self::Command => "command",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct History {
    lists: BTreeMap<Kind, Past>,
    /// Records that were sent, as their form was. They are not kept for the next run: values are nobody's business on a disk.
    sends: Vec<String>,
    /// How many were taken: a change is noticed by it.
    taken: u64,
}

impl History {
    /// What an earlier run kept; lists that this release does not know are left out.
    pub fn of_saved(inputs: &BTreeMap<String, Vec<String>>) -> Self {
        let list = |word: &str| inputs.get(word).filter(|list| !list.is_empty());
        let newest = |list: &Vec<String>| Arc::new(list.iter().skip(list.len().saturating_sub(MOST)).cloned().collect());
        let lists = Kind::ALL.into_iter().filter_map(|kind| Some((kind, newest(list(kind.word())?))));
        Self { lists: lists.collect(), ..Self::default() }
    }

    /// For the next run.
    pub fn to_saved(&self) -> BTreeMap<String, Vec<String>> {
        self.lists.iter().map(|(kind, list)| (kind.word().to_owned(), list.to_vec())).collect()
    }

    /// Changes with every input that is taken.
    pub fn revision(&self) -> u64 {
        self.taken
    }

    /// The inputs of a kind, the newest last.
    pub fn of(&self, kind: Kind) -> Past {
        self.lists.get(&kind).cloned().unwrap_or_default()
    }

    /// What was sent in this run, the newest last.
    pub fn sends(&self) -> &[String] {
        &self.sends
    }

    /// Remembers what was sent. The same once more, and what is very large, is not worth it.
    pub fn sent(&mut self, form: String) {
        if form.len() > 256 * 1024 || self.sends.last().is_some_and(|last| *last == form) {
            return;
        }
        self.sends.push(form);
        if self.sends.len() > 50 {
            self.sends.remove(0);
        }
    }

    /// Remembers an input that was taken. Blank ones and the newest one once more are not worth it.
    pub fn add(&mut self, kind: Kind, text: &str) {
        let text = text.trim();
        let list = Arc::make_mut(self.lists.entry(kind).or_default());
        if text.is_empty() || list.last().is_some_and(|newest| newest == text) {
            return;
        }
        list.push(text.to_owned());
        self.taken += 1;
        let over = list.len().saturating_sub(MOST);
        list.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_inputs_without_repeats_in_a_row() {
        let mut history = History::default();
        for text in ["-500", "-500", " ", "15m", "-500"] {
            history.add(Kind::Position, text);
        }
        history.add(Kind::Partitions, "0,3");
        assert_eq!(*history.of(Kind::Position), ["-500", "15m", "-500"]);
        assert_eq!(*history.of(Kind::Partitions), ["0,3"]);
        assert!(history.of(Kind::Query).is_empty());
    }

    #[test]
    fn what_is_kept_comes_back_and_every_kind_has_a_word() {
        let mut history = History::default();
        history.add(Kind::Query, "a");
        history.add(Kind::Command, "topics /^pay");
        assert_eq!(history.revision(), 2);
        let mut kept = history.to_saved();
        kept.insert("of a later release".to_owned(), vec!["x".to_owned()]);
        let back = History::of_saved(&kept);
        assert_eq!((back.of(Kind::Query), back.of(Kind::Command)), (history.of(Kind::Query), history.of(Kind::Command)));
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut history = History::default();
        (0..=MOST).for_each(|n| history.add(Kind::Query, &n.to_string()));
        let kept = history.of(Kind::Query);
        assert_eq!((kept.len(), kept.first().map(String::as_str)), (MOST, Some("1")));
    }
}
