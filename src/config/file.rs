//! TOML with places: a file as entries that know where they stand, and what is wrong with one as a [`Problem`] with file,
//! line and caret. The only file that knows the TOML parser.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::given::{Given, Wrong};
use crate::text::{Shown, nearest, width};

/// A text and the path that it is called by.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// A byte order mark at the front is left out.
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text: text.strip_prefix('\u{feff}').unwrap_or(text) }
    }

    pub fn path(&self) -> &'a Path {
        self.path
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|&byte| byte == b'\n').count() + 1
    }

    fn place(&self, span: Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let begin = self.text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let line = self.text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let (from, to) = (start - begin, span.end.saturating_sub(begin).min(line.len()));
        let hidden = hidden_from(line);
        let line = hidden.and_then(|at| line.get(..at)).unwrap_or(line);
        let (from, to) = (from.min(line.len()), to.min(line.len()));
        let columns = |range: Range<usize>| width(Shown::of(line.get(range).unwrap_or_default()).as_str());
        let before = columns(0..from.min(line.len()));
        Place::File {
            path: shown(self.path),
            line: self.line_of(start),
            text: Shown::of(line).into_string() + if hidden.is_some() { " ***" } else { "" },
            before,
            carets: columns(from.min(line.len())..to.max(from).min(line.len())).max(1),
        }
    }
}

/// Where the value begins of a line that may hold a secret, as it must not be shown; one that only names where the secret is
/// may be.
fn hidden_from(line: &str) -> Option<usize> {
    let lower = line.to_lowercase();
    let word = ["password", "secret", "token", "jaas"].iter().filter_map(|word| lower.find(word)).min()?;
    let equals = lower.get(word..)?.find('=')? + word;
    let key = lower.get(..equals)?.trim().trim_matches(['"', '\'']);
    let elsewhere = ["_env", "_file", "_command", "_keyring", ".location", ".url"].iter().any(|end| key.ends_with(end));
    (!elsewhere).then_some(equals + 1)
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `text` is the line as it may be shown; the carets stand below `before..before + carets` of its columns.
    File { path: String, line: usize, text: String, before: usize, carets: usize },
    /// The file as a whole.
    Whole { path: String },
    /// An environment variable, with what it is set to.
    Variable { name: String, value: String },
}

impl Place {
    /// For sorting; 0 where there is no line.
    pub(super) fn line(&self) -> usize {
        if let Self::File { line, .. } = self { *line } else { 0 }
    }
}

/// One thing that is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// About a file as a whole.
    pub fn of_file(path: &Path, message: String) -> Self {
        Self { place: Place::Whole { path: shown(path) }, message, hint: None }
    }
}

/// The place and the sentence; then the line with a caret and the hint, each on lines of their own.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = Shown::of(&self.message);
        match &self.place {
            Place::File { path, line, text, before, carets } => {
                let number = line.to_string();
                writeln!(f, "{path}:{line}:{}: {message}", before + 1)?;
                writeln!(f, "  {number} | {text}")?;
                write!(f, "  {} | {}{}", " ".repeat(number.len()), " ".repeat(*before), "^".repeat(*carets))?;
            }
            Place::Whole { path } => write!(f, "{path}: {message}")?,
            Place::Variable { name, value } => write!(f, "{name}={}: {message}", Shown::of(value))?,
        }
        match &self.hint {
            Some(hint) => write!(f, "\n  {}", Shown::of(hint)),
            None => Ok(()),
        }
    }
}

/// All that is wrong, in order. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if n > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}

/// A path as it may be shown.
pub(super) fn shown(path: &Path) -> String {
    Shown::of_bytes(path.as_os_str().as_encoded_bytes()).into_string()
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Item {
    pub value: Value,
    pub span: Range<usize>,
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    /// `None`: beyond 64 bits.
    Integer(Option<i64>),
    Bool(bool),
    List(Vec<Item>),
    Table(Vec<Entry>),
    /// What no setting is: a fraction, a date; its name.
    Other(&'static str),
}

/// A key and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    key: String,
    key_span: Range<usize>,
    item: Item,
}

impl Entry {
    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn item(&self) -> &Item {
        &self.item
    }

    /// Of the value; of a table, its heading's or its first key.
    pub fn span(&self) -> Range<usize> {
        if matches!(self.item.value, Value::Table(_)) { self.key_span.clone() } else { self.item.span.clone() }
    }
}

/// Reads a source; what is wrong is kept.
#[derive(Debug)]
pub struct Reading<'s, 'p> {
    source: &'s Source<'s>,
    problems: &'p mut Vec<Problem>,
}

impl<'s, 'p> Reading<'s, 'p> {
    pub fn new(source: &'s Source<'s>, problems: &'p mut Vec<Problem>) -> Self {
        Self { source, problems }
    }

    pub fn source(&self) -> &'s Source<'s> {
        self.source
    }

    /// Everything at the top level, in the order of the file; nothing when it is no TOML.
    pub fn document(&mut self) -> Option<Vec<Entry>> {
        match DeTable::parse(self.source.text) {
            Ok(table) => Some(entries(table.get_ref())),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                self.push(
                    span,
                    error.message().to_owned(),
                    Some("quotes around text, and one setting a line: name = \"value\"".to_owned()),
                );
                None
            }
        }
    }

    /// The entries of a table, which is `within` another one or "".
    pub fn table<'e>(&mut self, within: &str, entry: &'e Entry) -> Option<&'e [Entry]> {
        if let Value::Table(entries) = &entry.item.value {
            return Some(entries);
        }
        let key = super::dotted(within, &entry.key);
        self.problem(entry, &format!("{key} is a table"), Some(format!("write [{key}] on a line of its own, and what is in it below")));
        None
    }

    /// The entry's value as something else, or a problem.
    pub fn checked<T>(&mut self, entry: &Entry, read: impl FnOnce(Given<'_>) -> Result<T, Wrong>) -> Option<T> {
        read(Given::Item(&entry.item)).map_err(|wrong| self.wrong(entry, wrong)).ok()
    }

    /// Something is wrong with a value, or with an element of it.
    pub fn wrong(&mut self, entry: &Entry, wrong: Wrong) {
        self.push(wrong.span.unwrap_or_else(|| entry.span()), wrong.message, wrong.hint);
    }

    /// A problem with the value of an entry.
    pub fn problem(&mut self, entry: &Entry, message: &str, hint: Option<String>) {
        self.push(entry.span(), message.to_owned(), hint);
    }

    /// A problem with the key.
    pub fn problem_at_key(&mut self, entry: &Entry, message: &str, hint: Option<String>) {
        self.push(entry.key_span.clone(), message.to_owned(), hint);
    }

    /// A key that nobody knows; `what` it would be.
    pub fn unknown(&mut self, entry: &Entry, what: &str, known: &[&str]) {
        let hint = match nearest(&entry.key, known.iter().copied()) {
            Some(name) => format!("did you mean {name}?"),
            None if known.len() > 12 => String::new(),
            None => format!("there are {}", known.join(", ")),
        };
        self.problem_at_key(entry, &format!("there is no {what} {}", entry.key), Some(hint).filter(|hint| !hint.is_empty()));
    }

    fn push(&mut self, span: Range<usize>, message: String, hint: Option<String>) {
        self.problems.push(Problem { place: self.source.place(span), message, hint });
    }
}

/// In the order of the file: the parser's is that of the alphabet.
fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| {
            let item = Item { value: value_of(value.get_ref()), span: value.span() };
            Entry { key: key.get_ref().to_string(), key_span: key.span(), item }
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Boolean(bool) => Value::Bool(*bool),
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Datetime(_) => Value::Other("a date without quotes"),
        DeValue::Array(list) => Value::List(list.iter().map(|item| Item { value: value_of(item.get_ref()), span: item.span() }).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    }
}
