//! What was typed into prompts before: one list per kind of prompt, shared by all screens and kept for the next run; of queries
//! one for each topic besides. A line goes through it with up, down and ctrl-r ([`super::line`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::saved::queries::Shelf;
use super::saved::{OfTopic, Saved};
use crate::model::TopicName;

/// Inputs that a list keeps.
const MOST: usize = 200;
/// Topics that have a list of their own, and queries in each: what was asked last stays.
const TOPICS: usize = 64;
const OF_TOPIC: usize = 30;
/// A longer query is of no use to another run, and many of them would be too much for the file.
const LONGEST: usize = 1000;

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
    /// The name that a query is saved under.
    SaveAs,
    /// The name of a saved query.
    Recall,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Query,
        Self::Names,
        Self::Settings,
        Self::Position,
        Self::Partitions,
        Self::Search,
        Self::Command,
        Self::SaveAs,
        Self::Recall,
    ];

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
            Self::SaveAs => "save",
            Self::Recall => "recall",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct History {
    lists: BTreeMap<Kind, Past>,
    /// Queries of each topic; the topic that was asked last stands last.
    topics: Vec<(TopicName, Past)>,
    /// Queries that were kept under a name.
    pub shelf: Shelf,
    /// Records that were sent, as their form was. They are not kept for the next run: values are nobody's business on a disk.
    sends: Vec<String>,
    /// How many were taken: a change is noticed by it.
    taken: u64,
}

impl History {
    /// What an earlier run kept; lists that this release does not know are left out.
    pub fn of_saved(saved: &Saved) -> Self {
        let newest = |list: &[String], most: usize| Arc::new(list.iter().skip(list.len().saturating_sub(most)).cloned().collect());
        let list = |word: &str| saved.inputs.get(word).filter(|list| !list.is_empty());
        let lists = Kind::ALL.into_iter().filter_map(|kind| Some((kind, newest(list(kind.word())?, MOST))));
        let topics = saved.topics.iter().skip(saved.topics.len().saturating_sub(TOPICS));
        let topics = topics.map(|one| (TopicName::new(one.topic.as_str()), newest(&one.queries, OF_TOPIC)));
        Self { lists: lists.collect(), topics: topics.collect(), ..Self::default() }
    }

    /// For the next run.
    pub fn to_saved(&self) -> (BTreeMap<String, Vec<String>>, Vec<OfTopic>) {
        let inputs = self.lists.iter().map(|(kind, list)| (kind.word().to_owned(), list.to_vec())).collect();
        let kept = |list: &Past| list.iter().filter(|text| text.len() <= LONGEST).cloned().collect();
        let topics = self.topics.iter().map(|(topic, list)| OfTopic { topic: topic.raw().to_owned(), queries: kept(list) });
        (inputs, topics.collect())
    }

    /// Changes with every input that is taken.
    pub fn revision(&self) -> u64 {
        self.taken
    }

    /// The inputs of a kind, the newest last.
    pub fn of(&self, kind: Kind) -> Past {
        self.lists.get(&kind).cloned().unwrap_or_default()
    }

    /// The queries of a topic, the newest last; those of all topics while it has none of its own.
    pub fn queries(&self, topic: &TopicName) -> Past {
        let own = self.topics.iter().find(|(name, list)| name == topic && !list.is_empty());
        own.map_or_else(|| self.of(Kind::Query), |(_, list)| Past::clone(list))
    }

    /// Remembers a query that was asked of a topic.
    pub fn add_query(&mut self, topic: &TopicName, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.add(Kind::Query, text);
        let at = self.topics.iter().position(|(name, _)| name == topic);
        let mut own = at.map_or_else(|| (topic.clone(), Past::default()), |at| self.topics.remove(at));
        let list = Arc::make_mut(&mut own.1);
        if list.last().is_none_or(|newest| newest != text) {
            list.push(text.to_owned());
            let over = list.len().saturating_sub(OF_TOPIC);
            list.drain(..over);
        }
        self.topics.push(own);
        let over = self.topics.len().saturating_sub(TOPICS);
        self.topics.drain(..over);
        self.taken += 1;
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
        let (mut inputs, topics) = history.to_saved();
        inputs.insert("of a later release".to_owned(), vec!["x".to_owned()]);
        let back = History::of_saved(&Saved { inputs, topics, context: None });
        assert_eq!((back.of(Kind::Query), back.of(Kind::Command)), (history.of(Kind::Query), history.of(Kind::Command)));
    }

    #[test]
    fn a_topic_has_its_own_queries_and_those_of_all_until_then() {
        let (orders, pay) = (TopicName::new("orders"), TopicName::new("pay"));
        let mut history = History::default();
        for text in ["a", "b", "b", " "] {
            history.add_query(&orders, text);
        }
        assert_eq!(
            (history.queries(&orders).to_vec(), history.queries(&pay).to_vec()),
            (vec!["a".into(), "b".into()], vec!["a".into(), "b".into()])
        );
        history.add_query(&pay, "c");
        let long = "x".repeat(LONGEST + 1);
        history.add_query(&pay, &long);
        let (inputs, topics) = history.to_saved();
        let back = History::of_saved(&Saved { inputs, topics, context: None });
        assert_eq!((back.queries(&pay).to_vec(), back.queries(&orders).to_vec()), (vec!["c".into()], vec!["a".into(), "b".into()]));
        assert_eq!(back.of(Kind::Query).len(), 4);
    }

    #[test]
    fn the_topics_asked_last_stay() {
        let mut history = History::default();
        let name = |n: usize| TopicName::new(format!("t{n}"));
        (0..=TOPICS).for_each(|n| history.add_query(&name(n), &format!("q{n}")));
        history.add_query(&name(1), "again");
        let (_, topics) = history.to_saved();
        assert_eq!(
            (topics.len(), topics.first().map(|one| one.topic.as_str()), topics.last().map(|one| one.topic.as_str())),
            (TOPICS, Some("t2"), Some("t1"))
        );
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut history = History::default();
        (0..=MOST).for_each(|n| history.add(Kind::Query, &n.to_string()));
        let kept = history.of(Kind::Query);
        assert_eq!((kept.len(), kept.first().map(String::as_str)), (MOST, Some("1")));
    }
}
