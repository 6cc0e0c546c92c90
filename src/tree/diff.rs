//! What differs between two records: of JSON by path, of other text by line, of other bytes by range; headers by name; how far
//! apart they are. Applying the differences to the one gives the other.
//!
//! Pure; to be called off the loop. Uses model, json and the rows of a [`Tree`]: nothing recurses over the text. To compare another
//! format: a variant of [`Diff`], an arm in [`values`].

mod spans;

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use bytes::Bytes;

use super::{Kind, Row, Tree};
use crate::json::{self, Quoted, Shape};
use crate::model::{Chunk, RecordRef};

pub use spans::Hunk;

/// Changes that are told; what is beyond is counted.
pub const MOST: usize = 2_000;
/// So deep a value is looked into; what lies deeper is compared as a whole.
const DEEPEST: usize = 200;

/// One step to a place in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The member of that name, escapes decoded; `nth` counts those of the same name, from 0.
    Name { name: Box<[u8]>, nth: u32 },
    /// The element, from 0.
    Index(u32),
}

/// A value that is on one side only, or another on each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub steps: Vec<Step>,
    /// As it stands in the text; `None`: it was added.
    pub from: Option<Bytes>,
    /// `None`: it was removed.
    pub to: Option<Bytes>,
}

impl Change {
    /// Its path as a filter takes it; `.a#2` is the second member of the name. Holds names of members: pass it through `Shown`.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Index(at) => write!(out, "[{at}]"),
                Step::Name { name, nth } => named(&mut out, &String::from_utf8_lossy(name), *nth),
            };
        }
        if !out.starts_with('.') {
            out.insert(0, '.');
        }
        out
    }
}

fn named(out: &mut String, name: &str, nth: u32) -> fmt::Result {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@'));
    if plain {
        write!(out, ".{name}")?;
    } else {
        write!(out, ".{}", Quoted(name))?;
    }
    if nth > 0 { write!(out, "#{}", nth + 1) } else { Ok(()) }
}

/// What differs between two values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Diff {
    /// The same bytes, or both null.
    Same,
    /// Both are JSON and mean the same: blanks, escapes or the order of members differ.
    SameMeaning,
    /// One of them is null.
    Null,
    /// In the order of the text; `more`: so many beyond those.
    Json { changes: Vec<Change>, more: usize },
    /// Text: each hunk is whole lines.
    Lines { hunks: Vec<Hunk>, more: usize },
    /// Bytes that are no text.
    Bytes { hunks: Vec<Hunk>, more: usize },
}

/// A header that is on one side only, or another on each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderChange {
    pub name: Vec<u8>,
    /// Counts those of the same name, from 0.
    pub nth: u32,
    /// `None`: it was added. Within, `None` is null.
    pub from: Option<Option<Vec<u8>>>,
    /// `None`: it was removed.
    pub to: Option<Option<Vec<u8>>>,
}

/// Two records beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    pub value: Diff,
    /// The values: hunks point into them.
    pub from: Option<Bytes>,
    pub to: Option<Bytes>,
    pub headers: Vec<HeaderChange>,
    /// The keys are the same bytes.
    pub same_key: bool,
    /// From the one to the other, in milliseconds; `None` where one has no timestamp.
    pub apart_ms: Option<i64>,
    /// Bytes of key, value and headers of each.
    pub sizes: (usize, usize),
}

impl Comparison {
    /// Compares two records; `None` when there is no such row.
    pub fn of(from: (&Chunk, usize), to: (&Chunk, usize)) -> Option<Self> {
        let (a, b) = (from.0.get(from.1)?, to.0.get(to.1)?);
        let (from, to) = (from.0.value_bytes(from.1), to.0.value_bytes(to.1));
        let apart = |a: i64, b: i64| (a != -1 && b != -1).then(|| b.saturating_sub(a));
        Some(Self {
            value: values(from.as_ref(), to.as_ref()),
            from,
            to,
            headers: headers(&a, &b),
            same_key: a.key == b.key,
            apart_ms: apart(a.timestamp_ms, b.timestamp_ms),
            sizes: (a.size(), b.size()),
        })
    }
}

/// Compares two values; `None` is null.
pub fn values(from: Option<&Bytes>, to: Option<&Bytes>) -> Diff {
    let (from, to) = match (from, to) {
        (None, None) => return Diff::Same,
        (Some(from), Some(to)) if from == to => return Diff::Same,
        (Some(from), Some(to)) => (from, to),
        _ => return Diff::Null,
    };
    if json::looks_like(from) && json::looks_like(to) {
        let (a, b) = (Tree::new(from), Tree::new(to));
        if a.shape() == Shape::Valid && b.shape() == Shape::Valid {
            let mut walk = Walk { a: &a, b: &b, changes: Vec::new(), more: 0 };
            walk.run();
            let Walk { changes, more, .. } = walk;
            return if changes.is_empty() { Diff::SameMeaning } else { Diff::Json { changes, more } };
        }
    }
    let is_text = |bytes: &Bytes| std::str::from_utf8(bytes).is_ok();
    let (text, mut hunks) = if is_text(from) && is_text(to) { (true, spans::lines(from, to)) } else { (false, spans::bytes(from, to)) };
    let more = hunks.len().saturating_sub(MOST);
    hunks.truncate(MOST);
    if text { Diff::Lines { hunks, more } } else { Diff::Bytes { hunks, more } }
}

/// Compares headers by name, those of one name in their order.
fn headers(from: &RecordRef<'_>, to: &RecordRef<'_>) -> Vec<HeaderChange> {
    let numbered = |record: &RecordRef<'_>| {
        let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut all = Vec::new();
        for header in record.headers {
            let nth = seen.entry(header.key.to_vec()).and_modify(|n| *n += 1).or_insert(0);
            all.push(((header.key.to_vec(), *nth), header.value.map(<[u8]>::to_vec)));
        }
        all
    };
    let (a, b) = (numbered(from), numbered(to));
    let there: HashMap<_, _> = b.iter().cloned().collect();
    let mut changes = Vec::new();
    for ((name, nth), from) in &a {
        let to = there.get(&(name.clone(), *nth)).cloned();
        if to.as_ref() != Some(from) {
            changes.push(HeaderChange { name: name.clone(), nth: *nth, from: Some(from.clone()), to });
        }
    }
    let had: HashMap<_, _> = a.into_iter().collect();
    for ((name, nth), to) in b {
        if !had.contains_key(&(name.clone(), nth)) {
            changes.push(HeaderChange { name, nth, from: None, to: Some(to) });
        }
    }
    changes
}

/// Two trees that are gone through side by side.
struct Walk<'t> {
    a: &'t Tree,
    b: &'t Tree,
    changes: Vec<Change>,
    more: usize,
}

/// What is yet to be done; the last one first.
enum Todo {
    Both(Row, Row),
    Removed(Row),
    Added(Row),
}

/// A thing to do, and where it lies: how many steps of the path stay, and the one behind them.
struct Task {
    depth: usize,
    step: Option<Step>,
    todo: Todo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Object,
    Array,
    Scalar,
}

impl Walk<'_> {
    fn run(&mut self) {
        let mut path: Vec<Step> = Vec::new();
        let mut tasks = vec![Task { depth: 0, step: None, todo: Todo::Both(Row(0), Row(0)) }];
        while let Some(task) = tasks.pop() {
            path.truncate(task.depth);
            path.extend(task.step);
            match task.todo {
                Todo::Removed(row) => self.tell(&path, Some(text(self.a, row)), None),
                Todo::Added(row) => self.tell(&path, None, Some(text(self.b, row))),
                Todo::Both(a, b) => self.both(&path, (a, b), &mut tasks),
            }
        }
    }

    fn tell(&mut self, path: &[Step], from: Option<Bytes>, to: Option<Bytes>) {
        if self.changes.len() < MOST {
            self.changes.push(Change { steps: path.to_vec(), from, to });
        } else {
            self.more += 1;
        }
    }

    fn both(&mut self, path: &[Step], (a, b): (Row, Row), tasks: &mut Vec<Task>) {
        let (from, to) = (text(self.a, a), text(self.b, b));
        if from == to {
            return;
        }
        let below = match (form(&from), form(&to)) {
            (Form::Scalar, Form::Scalar) if same_text(&from, &to) => return,
            (Form::Object, Form::Object) if path.len() < DEEPEST => self.members(a, b),
            (Form::Array, Form::Array) if path.len() < DEEPEST => self.elements(a, b),
            _ => return self.tell(path, Some(from), Some(to)),
        };
        tasks.extend(below.into_iter().rev().map(|(step, todo)| Task { depth: path.len(), step: Some(step), todo }));
    }

    fn members(&self, a: Row, b: Row) -> Vec<(Step, Todo)> {
        let of = |tree: &Tree, row: Row| {
            let mut seen: HashMap<Box<[u8]>, u32> = HashMap::new();
            let mut all = Vec::new();
            for child in children(tree, row) {
                let quoted = tree.name(child).unwrap_or_default();
                let name: Box<[u8]> = json::decode(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()).into();
                let nth = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(0);
                all.push(((name, *nth), child));
            }
            all
        };
        let (left, right) = (of(self.a, a), of(self.b, b));
        let there: HashMap<_, _> = right.iter().map(|(key, row)| (key, *row)).collect();
        let had: HashMap<_, _> = left.iter().map(|(key, row)| (key, *row)).collect();
        let step = |(name, nth): &(Box<[u8]>, u32)| Step::Name { name: name.clone(), nth: *nth };
        let mut todo: Vec<_> = left
            .iter()
            .map(|(key, row)| (step(key), there.get(key).map_or(Todo::Removed(*row), |other| Todo::Both(*row, *other))))
            .collect();
        todo.extend(right.iter().filter(|(key, _)| !had.contains_key(key)).map(|(key, row)| (step(key), Todo::Added(*row))));
        todo
    }

    fn elements(&self, a: Row, b: Row) -> Vec<(Step, Todo)> {
        let (mut left, mut right) = (children(self.a, a), children(self.b, b));
        let mut todo = Vec::new();
        for at in 0_u32.. {
            let one = match (left.next(), right.next()) {
                (Some(a), Some(b)) => Todo::Both(a, b),
                (Some(a), None) => Todo::Removed(a),
                (None, Some(b)) => Todo::Added(b),
                (None, None) => break,
            };
            todo.push((Step::Index(at), one));
        }
        todo
    }
}

fn children(tree: &Tree, row: Row) -> impl Iterator<Item = Row> + '_ {
    let first = if tree.kind(row) == Some(Kind::Open) { tree.first_child(row) } else { None };
    std::iter::successors(first.filter(|row| tree.kind(*row) != Some(Kind::Close)), |row| tree.next_sibling(*row))
}

fn text(tree: &Tree, row: Row) -> Bytes {
    let range = tree.value(row);
    if range.end <= tree.source().len() && range.start <= range.end { tree.source().slice(range) } else { Bytes::new() }
}

fn form(text: &[u8]) -> Form {
    match text.first() {
        Some(b'{') => Form::Object,
        Some(b'[') => Form::Array,
        _ => Form::Scalar,
    }
}

/// Two strings may be written in other ways; numbers are compared as they are written, because another notation is a difference
/// that somebody may want to see.
fn same_text(from: &[u8], to: &[u8]) -> bool {
    let inside = |text: &[u8]| text.get(1..text.len().saturating_sub(1)).map(|inside| json::decode(inside).into_owned());
    from.first() == Some(&b'"') && to.first() == Some(&b'"') && inside(from) == inside(to)
}

#[cfg(test)]
mod tests;
