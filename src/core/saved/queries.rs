//! Queries that were kept under a name, for one topic or for all. They lie in a text file that is made to be read and edited:
//! a line for each, `NAME: QUERY`; those below `[TOPIC]` are of that topic, those above the first such line of all.
//!
//! Pure: text in, text out. Who edits the file keeps their comments and the order of their lines.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::TopicName;

/// What a new file begins with.
const HEAD: &str = "# Saved queries of kscope: a line for each, NAME: QUERY. Those below [TOPIC] are of that topic,\n\
                    # those above the first such line of all. `:save NAME` adds one, `:query NAME` puts it in force.\n";
/// The longest name, in characters.
const LONGEST: usize = 40;

/// A query with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// `None`: of all topics.
    pub topic: Option<TopicName>,
    pub query: String,
}

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queries {
    all: Vec<Named>,
    /// What is no line of the file, as a sentence.
    pub wrong: Option<String>,
}

/// All that is known of saved queries. Cloning copies no text.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// `None`: there is no folder for the file.
    pub path: Option<PathBuf>,
    pub queries: Arc<Queries>,
}

impl Queries {
    /// Reads the file's text. A line that is none is left out, and the first one told.
    pub fn read(text: &str) -> Self {
        let (mut found, mut topic) = (Self::default(), None);
        for (at, line) in text.lines().enumerate() {
            match Line::of(line) {
                Line::Nothing => {}
                Line::Topic(name) => topic = Some(TopicName::new(name)),
                Line::Query(name, query) => {
                    found.all.retain(|one| one.name != name || one.topic != topic);
                    found.all.push(Named { name: name.to_owned(), topic: topic.clone(), query: query.to_owned() });
                }
                Line::Wrong => {
                    let sentence = || format!("line {} is no NAME: QUERY and no [TOPIC]", at + 1);
                    found.wrong.get_or_insert_with(sentence);
                }
            }
        }
        found
    }

    /// Those that a topic has: its own, then those of all that its own do not hide. In the order of the file.
    pub fn of<'a>(&'a self, topic: &TopicName) -> impl Iterator<Item = &'a Named> {
        let own: Vec<&Named> = self.all.iter().filter(|one| one.topic.as_ref() == Some(topic)).collect();
        let others: Vec<&Named> = self.all.iter().filter(|one| one.topic.is_none() && own.iter().all(|own| own.name != one.name)).collect();
        own.into_iter().chain(others)
    }

    /// The query of that name, the topic's own before that of all.
    pub fn find(&self, topic: &TopicName, name: &str) -> Option<&Named> {
        self.of(topic).find(|one| one.name == name)
    }
}

/// Puts a query into the file's text: in the place of the one that has its name, else behind the others of its topic.
pub fn with(text: &str, named: &Named) -> String {
    let mut lines: Vec<String> =
        if text.trim().is_empty() { HEAD.lines().map(str::to_owned).collect() } else { text.lines().map(str::to_owned).collect() };
    let line = format!("{}: {}", named.name, named.query);
    let wanted = named.topic.as_ref().map(TopicName::raw);
    let (mut section, mut last, mut place) = (None::<String>, None, None);
    if wanted.is_none() {
        // Before the first topic, whatever stands there.
        last = Some(lines.iter().take_while(|line| !matches!(Line::of(line), Line::Topic(_))).count());
    }
    for (at, line) in lines.iter().enumerate() {
        match Line::of(line) {
            Line::Topic(name) => section = Some(name.to_owned()),
            Line::Query(name, _) if name == named.name && section.as_deref() == wanted => place = Some(at),
            _ => {}
        }
        let blank = line.trim().is_empty();
        if wanted.is_some() && section.as_deref() == wanted && !blank {
            last = Some(at + 1);
        }
    }
    match (place, last) {
        (Some(at), _) => {
            if let Some(old) = lines.get_mut(at) {
                *old = line;
            }
        }
        (None, Some(mut at)) => {
            while wanted.is_none() && at > 0 && lines.get(at - 1).is_some_and(|line| line.trim().is_empty()) {
                at -= 1;
            }
            lines.insert(at, line);
        }
        (None, None) => lines.extend([String::new(), format!("[{}]", wanted.unwrap_or_default()), line]),
    }
    let mut text = String::new();
    for line in lines {
        // Writing to a string does not fail.
        let _written = writeln!(text, "{line}");
    }
    text
}

/// What was typed as a name: the name, and whether the query is meant for all topics (`NAME for all`).
///
/// # Errors
/// Why it is no name, as a sentence.
pub fn name(typed: &str) -> Result<(&str, bool), String> {
    let typed = typed.trim();
    let (name, all) = match typed.strip_suffix(" for all") {
        Some(name) => (name.trim_end(), true),
        None => (typed, false),
    };
    if name.is_empty() {
        return Err("A name is missing: failed, or failed for all (topics).".to_owned());
    }
    if name.chars().count() > LONGEST {
        return Err(format!("A name has at most {LONGEST} characters."));
    }
    match name.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
        Some(' ') => Err("A name is one word; \" for all\" behind it means all topics.".to_owned()),
        Some(_) => Err("A name has letters, digits, -, _ and . alone.".to_owned()),
        None => Ok((name, all)),
    }
}

/// A line of the file.
enum Line<'a> {
    /// Blank, or a comment.
    Nothing,
    Topic(&'a str),
    Query(&'a str, &'a str),
    Wrong,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Self::Nothing;
        }
        if let Some(topic) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return if topic.trim().is_empty() { Self::Wrong } else { Self::Topic(topic.trim()) };
        }
        match line.split_once(':').map(|(name, query)| (name.trim(), query.trim())) {
            Some((word, query)) if !query.is_empty() && name(word).is_ok_and(|(_, all)| !all) => Self::Query(word, query),
            _ => Self::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(topic: Option<&str>, name: &str, query: &str) -> Named {
        Named { name: name.to_owned(), topic: topic.map(TopicName::new), query: query.to_owned() }
    }

    fn seen(queries: &Queries, topic: &str) -> Vec<(String, String)> {
        queries.of(&TopicName::new(topic)).map(|one| (one.name.clone(), one.query.clone())).collect()
    }

    #[test]
    fn a_topic_has_its_own_queries_and_those_of_all() {
        let text = "# mine\nfailed: .status == \"FAILED\"\nslow: .ms > 9\n\n[orders]\nslow: .took > since:15m\n[pay.ments]\nx: a:b\n";
        let queries = Queries::read(text);
        assert_eq!(queries.wrong, None);
        let pair = |name: &str, query: &str| (name.to_owned(), query.to_owned());
        assert_eq!(seen(&queries, "orders"), [pair("slow", ".took > since:15m"), pair("failed", ".status == \"FAILED\"")]);
        assert_eq!(seen(&queries, "pay.ments"), [pair("x", "a:b"), pair("failed", ".status == \"FAILED\""), pair("slow", ".ms > 9")]);
        assert_eq!(queries.find(&TopicName::new("else"), "slow").map(|one| one.query.as_str()), Some(".ms > 9"));
        assert!(queries.find(&TopicName::new("else"), "x").is_none());
    }

    #[test]
    fn what_is_no_line_is_told_and_hides_nothing_else() {
        let queries = Queries::read("a: 1\nno query\n[]\nb c: 2\nd:\ne: 5\n");
        assert_eq!(seen(&queries, "t").len(), 2);
        assert!(queries.wrong.is_some_and(|wrong| wrong.contains("line 2")));
    }

    #[test]
    fn what_is_put_in_comes_out_and_all_else_stays() {
        let mut text = String::new();
        for (topic, name, query) in [
            (None, "all", "x | limit 5"),
            (Some("orders"), "a", ".a == 1"),
            (None, "second", "y"),
            (Some("pay"), "a", "of pay"),
            (Some("orders"), "b", ".b"),
            (Some("orders"), "a", ".a == 2"),
        ] {
            text = with(&text, &named(topic, name, query));
        }
        let wanted = format!("{HEAD}all: x | limit 5\nsecond: y\n\n[orders]\na: .a == 2\nb: .b\n\n[pay]\na: of pay\n");
        assert_eq!(text, wanted);
        assert_eq!(seen(&Queries::read(&text), "orders").len(), 4);
        let edited = "# a comment of mine\n[orders]\n# and another\na: 1\n\n# below\n";
        let text = with(&with(edited, &named(Some("orders"), "a", "2")), &named(None, "z", "3"));
        assert_eq!(text, "# a comment of mine\nz: 3\n[orders]\n# and another\na: 2\n\n# below\n");
    }

    #[test]
    fn names_are_words() {
        assert_eq!(name(" failed-2.x "), Ok(("failed-2.x", false)));
        assert_eq!(name("failed for all"), Ok(("failed", true)));
        for bad in ["", " for all", "a b", "a:b", "[a]", "#a", &"x".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
