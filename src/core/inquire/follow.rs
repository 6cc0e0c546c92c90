//! One id through several topics: every record around a moment that has it, in time order.

use std::sync::Arc;

use super::Spot;
use crate::json::Quoted;
use crate::model::{Header, RecordRef, Topic, TopicName};

/// Records that are kept; more are not looked for.
pub const STEPS: usize = 2_000;

/// What a record has that one may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Where it stands; holds foreign names.
    pub label: String,
    pub value: String,
}

/// Where one comes from who follows an id.
#[derive(Debug, Clone, Default)]
pub struct FollowFrom {
    /// The record, if one was selected.
    pub origin: Option<Spot>,
    /// The moment around which one looks, in milliseconds since the epoch; `None`: now.
    pub at_ms: Option<i64>,
    pub candidates: Vec<Candidate>,
    /// Which of them is meant, when that is clear.
    pub chosen: Option<usize>,
    /// The topics that are marked.
    pub topics: Vec<TopicName>,
}

/// What is followed, and where.
#[derive(Debug, Clone)]
pub struct FollowAsk {
    /// Text that stands in a key, a value or a header.
    pub value: String,
    pub topics: Vec<Arc<Topic>>,
    /// From when to when, in milliseconds since the epoch, both included.
    pub from_ms: i64,
    pub to_ms: i64,
}

/// In which part of a record the id stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
    Key,
    Value,
    /// In the header of that name; foreign.
    Header(String),
}

/// A record that has it.
#[derive(Debug, Clone)]
pub struct Step {
    pub spot: Spot,
    pub within: Within,
}

/// How far one topic is read.
#[derive(Debug, Clone, Default)]
pub struct Read {
    pub topic: Option<TopicName>,
    /// Offsets gone over, and those of the stretch.
    pub offsets: u64,
    pub of: u64,
    pub found: u64,
    pub done: bool,
    /// Why it is not read, or not wholly; foreign in part.
    pub trouble: Option<String>,
}

/// How far all of it has got. `steps` are those that came since the part before.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    pub steps: Vec<Step>,
    pub topics: Vec<Read>,
    pub bytes: u64,
    /// Records in which the text is part of a longer word only.
    pub parts_of_words: u64,
    /// There are more than are kept: reading ended.
    pub full: bool,
}

/// The query that finds every record with the text in it: as it is, and as JSON writes it where that differs.
pub fn query(value: &str) -> String {
    let quoted = Quoted(value).to_string();
    let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if inside == value { quoted } else { format!("{quoted} or {}", Quoted(inside)) }
}

/// Where the text stands as a word of its own: `ord-1` is no part of `ord-10`. `None`: nowhere.
pub fn within(record: &RecordRef<'_>, value: &str) -> Option<Within> {
    let quoted = Quoted(value).to_string();
    let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let has = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| stands(bytes, value.as_bytes()) || stands(bytes, escaped.as_bytes()));
    let header = |header: &Header<'_>| has(header.value);
    if has(record.key) {
        Some(Within::Key)
    } else if let Some(header) = record.headers.iter().find(header) {
        Some(Within::Header(String::from_utf8_lossy(header.key).into_owned()))
    } else {
        has(record.value).then_some(Within::Value)
    }
}

/// Whether a text stands in bytes with no letter or digit right before or behind it that goes on with it.
fn stands(bytes: &[u8], text: &[u8]) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let (first, last) = (word(text.first()), word(text.last()));
    memchr::memmem::find_iter(bytes, text).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let goes_on = first && word(before) || last && word(bytes.get(at + text.len()));
        !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_as_a_word_of_its_own() {
        let table: &[(&str, &str, bool)] = &[
            (r#"{"id":"ord-1"}"#, "ord-1", true),
            (r#"{"id":"ord-10"}"#, "ord-1", false),
            (r#"{"id":"ord-10","ref":"ord-1"}"#, "ord-1", true),
            ("xord-1", "ord-1", false),
            ("41507", "150", false),
            ("150", "150", true),
            ("a-b", "-", true),
            ("", "x", false),
        ];
        for (bytes, text, expected) in table {
            assert_eq!(stands(bytes.as_bytes(), text.as_bytes()), *expected, "{text} in {bytes}");
        }
    }

    #[test]
    fn what_json_writes_otherwise_is_looked_for_in_both_forms() {
        assert_eq!(query("t-1"), r#""t-1""#);
        assert_eq!(query(r#"say "hi""#), r#""say \"hi\"" or "say \\\"hi\\\"""#);
        assert!(crate::query::parse(&query("a\\b\u{7}")).is_ok());
    }
}
