//! What records hold, as far as one looked: paths of their JSON, how often, and some values.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::json::{self, Kind, Quoted, Reader, Role, number};
use crate::model::RecordRef;

/// The most paths that are kept, of values and keys together, and the most header names.
pub const MAX_PATHS: usize = 2_000;
/// How deep values are looked into.
pub const MAX_DEPTH: usize = 16;
/// Values that are kept of a field.
const VALUES: usize = 8;
/// Longer values, and longer names, are no help to anyone who types.
const LONGEST: usize = 64;

/// Fields of the records that were looked at. Bounded, whatever the records are.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    records: u64,
    /// By the text of their operands: `.user.id`, `key.tenant`, `header.trace-id`, `key`.
    known: HashMap<Box<str>, Field>,
    topics: BTreeSet<Box<str>>,
    /// There were more paths than are kept.
    full: bool,
}

/// What is known of a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Records that have it.
    pub records: u64,
    /// Some of its values, as a query writes them.
    pub values: Vec<String>,
    /// The record that it was last seen in, counted from 1.
    last: u64,
}

impl Fields {
    /// Records that were looked at.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether there were more paths than are kept.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// What is known of an operand, by its canonical text.
    pub fn get(&self, operand: &str) -> Option<&Field> {
        self.known.get(operand)
    }

    /// All fields by the text of their operands, those in most records first.
    pub fn all(&self) -> Vec<(&str, &Field)> {
        let mut all: Vec<_> = self.known.iter().map(|(text, field)| (text.as_ref(), field)).collect();
        all.sort_by(|a, b| b.1.records.cmp(&a.1.records).then_with(|| a.0.cmp(b.0)));
        all
    }

    /// Names of topics, in order.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.topics.iter().map(AsRef::as_ref)
    }

    pub fn topic(&mut self, name: &str) {
        if self.topics.len() < MAX_PATHS {
            self.topics.insert(name.into());
        }
    }

    /// Looks at one record. Cheap where its fields are known: one pass over the text.
    pub fn take(&mut self, record: &RecordRef<'_>) {
        self.records = self.records.saturating_add(1);
        let mut path = String::with_capacity(128);
        if let Some(value) = record.value {
            self.walk(value, &mut path);
        }
        if let Some(key) = record.key {
            path.clear();
            path.push_str("key");
            self.see(&path, plain(key));
            if key.first() == Some(&b'{') {
                self.walk(key, &mut path);
            }
        }
        for header in record.headers {
            let Ok(name) = std::str::from_utf8(header.key) else { continue };
            if name.len() > LONGEST {
                continue;
            }
            path.clear();
            // Writing to a string cannot fail.
            let _ = write!(path, "{}", crate::query::ast::Operand::Header(name.to_owned()));
            self.see(&path, header.value.map_or_else(|| Some("null".to_owned()), plain));
        }
    }

    /// Adds what another look has seen.
    pub fn merge(&mut self, other: &Self) {
        self.records = self.records.saturating_add(other.records);
        self.full |= other.full;
        for topic in &other.topics {
            self.topic(topic);
        }
        for (text, theirs) in &other.known {
            if let Some(ours) = self.known.get_mut(text) {
                ours.records = ours.records.saturating_add(theirs.records);
                for value in &theirs.values {
                    ours.keep(value.clone());
                }
            } else if self.known.len() < MAX_PATHS {
                self.known.insert(text.clone(), Field { last: 0, ..theirs.clone() });
            } else {
                self.full = true;
            }
        }
    }

    fn see(&mut self, path: &str, value: Option<String>) {
        let record = self.records;
        if let Some(field) = self.known.get_mut(path) {
            if field.last != record {
                field.records = field.records.saturating_add(1);
                field.last = record;
            }
            if let Some(value) = value {
                field.keep(value);
            }
        } else if self.known.len() < MAX_PATHS {
            self.known.insert(path.into(), Field { records: 1, values: value.into_iter().collect(), last: record });
        } else {
            self.full = true;
        }
    }

    /// Whether a value of this path would still be kept.
    fn wants(&self, path: &str) -> bool {
        self.known.get(path).is_none_or(|field| field.values.len() < VALUES)
    }

    /// Sees every path in a JSON text; `path` is what stands before it.
    fn walk(&mut self, text: &[u8], path: &mut String) {
        // Of each object or array that is open: how long the path to it is, and whether it is an object.
        let mut open: Vec<(usize, bool)> = Vec::new();
        if !matches!(text.first(), Some(b'{' | b'[' | b' ' | b'\n' | b'\r' | b'\t' | 0xef)) {
            return;
        }
        for step in Reader::new(text) {
            if step.depth > MAX_DEPTH {
                continue;
            }
            match step.role {
                Role::Key => {
                    path.truncate(open.last().map_or(path.len(), |(length, _)| *length));
                    named(step.token.of(text), path);
                }
                Role::Open => {
                    if let Some((length, false)) = open.last() {
                        path.truncate(*length);
                        path.push_str(if path.is_empty() { ".[]" } else { "[]" });
                    } else if !open.is_empty() {
                        self.see(path, None);
                    }
                    if step.depth < MAX_DEPTH {
                        open.push((path.len(), step.token.kind == Kind::ObjectOpen));
                    }
                }
                Role::Close => {
                    if step.depth < MAX_DEPTH {
                        open.pop();
                    }
                    if step.depth == 0 {
                        return;
                    }
                }
                Role::Value => {
                    let Some((length, object)) = open.last() else { continue };
                    if !object {
                        path.truncate(*length);
                        path.push_str(if path.is_empty() { ".[]" } else { "[]" });
                    }
                    let value = if self.wants(path) { scalar(step.token.kind, step.token.of(text)) } else { None };
                    self.see(path, value);
                }
                Role::Colon | Role::Comma => {}
            }
        }
    }
}

impl Field {
    fn keep(&mut self, value: String) {
        if self.values.len() < VALUES && !self.values.contains(&value) {
            self.values.push(value);
        }
    }
}

/// Appends the name of a member, as paths write it.
fn named(raw: &[u8], path: &mut String) {
    let inside = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    let name = json::decode(inside);
    let name = String::from_utf8_lossy(&name);
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'));
    // Writing to a string cannot fail.
    let _ = if plain { write!(path, ".{name}") } else { write!(path, ".{}", Quoted(&name)) };
}

/// A scalar of JSON as a query writes it.
fn scalar(kind: Kind, raw: &[u8]) -> Option<String> {
    if raw.len() > LONGEST {
        return None;
    }
    let text = match kind {
        Kind::String => {
            let inside = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            return String::from_utf8(json::decode(inside).into_owned()).ok().map(|text| Quoted(&text).to_string());
        }
        _ => raw,
    };
    std::str::from_utf8(text).ok().map(str::to_owned)
}

/// The bytes of a key or header as a query writes them.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST)?;
    Some(if number::is(bytes) { text.to_owned() } else { Quoted(text).to_string() })
}
