//! The shape of a topic: which fields its records have, of which types, how often, since when.
//!
//! A [`Collector`] takes records in any order; two of them merge into what one would have made of all (as far as none of the limits
//! below was passed), so that several threads collect side by side. Memory is bounded by those limits, whatever is read.

mod distinct;
mod field;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::decode;
use crate::json::{self, Kind as Token, Reader, Role};
use crate::model::{Offset, PartitionId, RecordRef, Topic};

use field::Field;

pub use field::{Kind, Seen};
pub use view::{FieldView, KindView, Shape, ShapeView};

/// Fields that are told apart; what is beyond is counted.
const FIELDS: usize = 2_000;
/// Different shapes that are told apart.
const SHAPES: usize = 100;
/// So deep a value is looked into.
const DEEPEST: usize = 64;

/// Which shape is wanted.
#[derive(Debug, Clone)]
pub struct ShapeAsk {
    pub topic: Arc<Topic>,
    /// All records; else a sample.
    pub whole: bool,
}

/// Where a record lies, and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Milliseconds since the epoch; −1 is none.
    pub time_ms: i64,
    pub partition: PartitionId,
    pub offset: Offset,
}

impl Place {
    pub fn of(record: &RecordRef<'_>) -> Self {
        Self { time_ms: record.timestamp_ms, partition: record.partition, offset: record.offset }
    }
}

/// What a value is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    Json,
    /// JSON values one behind the other.
    Sequence,
    /// JSON that is malformed or cut.
    Broken,
    /// Behind the id of a schema registry.
    Framed,
    Text,
    Bytes,
    Empty,
    Null,
}

impl Format {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sequence => "json sequence",
            Self::Broken => "broken json",
            Self::Framed => "registry",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Empty => "empty",
            Self::Null => "null",
        }
    }
}

/// A node of the tree of paths.
#[derive(Debug, Clone)]
struct Node {
    parent: u32,
    /// As a path writes it: `.name`, `[]`; of the top nodes `.`, `key`, `header.name`.
    step: Arc<str>,
    members: HashMap<Box<[u8]>, u32>,
    elements: Option<u32>,
    field: Field,
    /// The record that was counted last, and the kinds that it had here.
    stamp: (u64, u8),
}

/// What one record has somewhere.
#[derive(Debug, Clone, Copy)]
struct Event {
    node: u32,
    kind: Kind,
    start: usize,
    end: usize,
}

/// Records of one shape: all that have the same fields with the same types.
#[derive(Debug, Clone)]
struct Group {
    /// In order; a path and its type.
    fields: Arc<[(Arc<str>, Kind)]>,
    seen: Seen,
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Collector {
    nodes: Vec<Node>,
    headers: HashMap<Box<[u8]>, u32>,
    formats: BTreeMap<Format, Seen>,
    shapes: HashMap<u64, Group>,
    /// Records of shapes beyond the limit.
    other_shapes: u64,
    /// Records that had fields beyond the limit.
    beyond: u64,
    records: u64,
    bytes: u64,
    first: Option<Place>,
    last: Option<Place>,
    events: Vec<Event>,
}

/// The nodes that there always are.
const ROOT: u32 = 0;
const KEY: u32 = 1;
const NONE: u32 = u32::MAX;

impl Default for Collector {
    fn default() -> Self {
        let mut collector = Self {
            nodes: Vec::new(),
            headers: HashMap::new(),
            formats: BTreeMap::new(),
            shapes: HashMap::new(),
            other_shapes: 0,
            beyond: 0,
            records: 0,
            bytes: 0,
            first: None,
            last: None,
            events: Vec::new(),
        };
        let _root = collector.add_node(NONE, ".");
        let _key = collector.add_node(NONE, "key");
        collector
    }
}

impl Collector {
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Takes one record.
    pub fn add(&mut self, record: &RecordRef<'_>) {
        let place = Place::of(record);
        self.records += 1;
        self.bytes = self.bytes.saturating_add(u64::try_from(record.size()).unwrap_or(u64::MAX));
        self.first = Some(self.first.map_or(place, |first| first.min(place)));
        self.last = Some(self.last.map_or(place, |last| last.max(place)));
        let stamp = self.records;
        let text = |bytes: &[u8]| if std::str::from_utf8(bytes).is_ok() { Kind::String } else { Kind::Bytes };
        let kind = |value: Option<&[u8]>| value.map_or(Kind::Null, text);
        self.count(KEY, stamp, place, kind(record.key), record.key.unwrap_or_default());
        for header in record.headers {
            if let Some(node) = self.header(header.key) {
                self.count(node, stamp, place, kind(header.value), header.value.unwrap_or_default());
            }
        }
        let format = self.value(record.value, place, stamp);
        self.formats.entry(format).or_default().add(place);
    }

    fn value(&mut self, value: Option<&[u8]>, place: Place, stamp: u64) -> Format {
        let Some(value) = value else { return Format::Null };
        if value.is_empty() {
            return Format::Empty;
        }
        let other = || match std::str::from_utf8(value) {
            _ if decode::schema_id(value).is_some() => Format::Framed,
            Ok(_) => Format::Text,
            Err(_) => Format::Bytes,
        };
        if !json::looks_like(value) {
            return other();
        }
        self.events.clear();
        let format = match self.walk(value) {
            json::Shape::Valid => Format::Json,
            json::Shape::ValidSequence => return Format::Sequence,
            json::Shape::NotJson => return other(),
            json::Shape::Broken { .. } | json::Shape::Truncated { .. } => return Format::Broken,
        };
        let events = std::mem::take(&mut self.events);
        for event in &events {
            self.count(event.node, stamp, place, event.kind, value.get(event.start..event.end).unwrap_or_default());
        }
        self.shape(&events, place);
        self.events = events;
        format
    }

    /// Goes through a text and notes what it has where; nothing is counted yet, for it may break.
    fn walk(&mut self, value: &[u8]) -> json::Shape {
        let mut reader = Reader::new(value);
        // The node of each open object or array, and whether it is an array.
        let mut open: Vec<(u32, bool)> = Vec::new();
        let (mut name, mut beyond) = (None::<std::ops::Range<usize>>, false);
        for step in reader.by_ref() {
            let token = step.token;
            match step.role {
                Role::Key => name = Some(token.start..token.end),
                Role::Value | Role::Open => {
                    let node = match open.last() {
                        None => ROOT,
                        Some(&(NONE, _)) => NONE,
                        Some(&(parent, true)) => self.element(parent),
                        Some(&(parent, false)) => self.member(parent, name.take().and_then(|name| value.get(name)).unwrap_or_default()),
                    };
                    let node = if open.len() > DEEPEST { NONE } else { node };
                    beyond |= node == NONE;
                    if node != NONE {
                        self.events.push(Event { node, kind: kind(token.kind), start: token.start, end: token.end });
                    }
                    if step.role == Role::Open {
                        open.push((node, token.kind == Token::ArrayOpen));
                    }
                }
                Role::Close => drop(open.pop()),
                Role::Colon | Role::Comma => {}
            }
        }
        self.beyond += u64::from(beyond);
        reader.shape()
    }

    fn count(&mut self, node: u32, stamp: u64, place: Place, kind: Kind, raw: &[u8]) {
        let Some(node) = self.nodes.get_mut(node as usize) else { return };
        if node.stamp.0 != stamp {
            node.stamp = (stamp, 0);
            node.field.records += 1;
        }
        let bit = 1_u8 << (kind as u8);
        if node.stamp.1 & bit == 0 {
            node.stamp.1 |= bit;
            node.field.kinds.entry(kind).or_default().add(place);
        }
        node.field.value(kind, raw);
    }

    /// The shape of a record: a hash that no order of its fields changes.
    fn shape(&mut self, events: &[Event], place: Place) {
        let mut parts: Vec<(u32, Kind)> = events.iter().map(|event| (event.node, event.kind)).collect();
        parts.sort_unstable();
        parts.dedup();
        let sum = |sum: u64, (node, kind): &(u32, Kind)| {
            let hash = self.nodes.get(*node as usize).map_or(0, |node| node.field.hash);
            sum.wrapping_add(distinct::mix(hash ^ (*kind as u64 + 1)))
        };
        let key = parts.iter().fold(0, sum);
        if let Some(group) = self.shapes.get_mut(&key) {
            group.seen.add(place);
        } else if self.shapes.len() < SHAPES {
            let mut fields: Vec<(Arc<str>, Kind)> = parts.iter().map(|(node, kind)| (Arc::from(self.path(*node)), *kind)).collect();
            fields.sort();
            self.shapes.insert(key, Group { fields: fields.into(), seen: Seen::of(place) });
        } else {
            self.other_shapes += 1;
        }
    }

    /// What was collected by another: afterwards it is as if this one had taken its records too.
    pub fn merge(&mut self, other: &Self) {
        let mut map: Vec<u32> = Vec::with_capacity(other.nodes.len());
        for (at, node) in other.nodes.iter().enumerate() {
            let mapped = self.like(other, at, node, &map);
            if let Some(mine) = self.nodes.get_mut(mapped as usize) {
                mine.field.merge(&node.field);
            }
            map.push(mapped);
        }
        for (format, seen) in &other.formats {
            self.formats.entry(*format).or_default().merge(seen);
        }
        for (key, group) in &other.shapes {
            if let Some(mine) = self.shapes.get_mut(key) {
                mine.seen.merge(&group.seen);
            } else if self.shapes.len() < SHAPES {
                self.shapes.insert(*key, group.clone());
            } else {
                self.other_shapes += group.seen.records;
            }
        }
        self.other_shapes += other.other_shapes;
        self.beyond += other.beyond;
        self.records += other.records;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
    }

    /// The node here that is what that one is there.
    fn like(&mut self, other: &Self, at: usize, node: &Node, map: &[u32]) -> u32 {
        if node.parent == NONE {
            let header = other.headers.iter().find(|(_, n)| **n as usize == at);
            return header.map_or_else(|| u32::try_from(at).unwrap_or(NONE), |(name, _)| self.header(name).unwrap_or(NONE));
        }
        let parent = map.get(node.parent as usize).copied().unwrap_or(NONE);
        let above = other.nodes.get(node.parent as usize);
        if above.is_some_and(|above| above.elements.is_some_and(|n| n as usize == at)) {
            return self.element(parent);
        }
        let name = above.and_then(|above| above.members.iter().find(|(_, n)| **n as usize == at)).map(|(name, _)| name.clone());
        name.map_or(NONE, |name| self.named(parent, &name))
    }

    fn member(&mut self, parent: u32, quoted: &[u8]) -> u32 {
        let name = json::decode(quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default());
        self.named(parent, &name)
    }

    fn named(&mut self, parent: u32, name: &[u8]) -> u32 {
        let Some(node) = self.nodes.get(parent as usize) else { return NONE };
        if let Some(&there) = node.members.get(name) {
            return there;
        }
        let mut step = json::Path::default();
        step.push(json::Step::Name(String::from_utf8_lossy(name).into()));
        let child = self.add_node(parent, &step.to_string());
        if let (true, Some(node)) = (child != NONE, self.nodes.get_mut(parent as usize)) {
            node.members.insert(name.into(), child);
        }
        child
    }

    fn element(&mut self, parent: u32) -> u32 {
        let Some(node) = self.nodes.get(parent as usize) else { return NONE };
        if let Some(there) = node.elements {
            return there;
        }
        let child = self.add_node(parent, "[]");
        if let (true, Some(node)) = (child != NONE, self.nodes.get_mut(parent as usize)) {
            node.elements = Some(child);
        }
        child
    }

    fn header(&mut self, name: &[u8]) -> Option<u32> {
        if let Some(&there) = self.headers.get(name) {
            return Some(there);
        }
        let text = String::from_utf8_lossy(name);
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let step = if plain { format!("header.{text}") } else { format!("header.{}", json::Quoted(&text)) };
        let node = self.add_node(NONE, &step);
        if node == NONE {
            self.beyond += 1;
            return None;
        }
        self.headers.insert(name.into(), node);
        Some(node)
    }

    /// `NONE`: there are too many.
    fn add_node(&mut self, parent: u32, step: &str) -> u32 {
        if self.nodes.len() >= FIELDS {
            return NONE;
        }
        let above = self.nodes.get(parent as usize).map_or(0, |node| node.field.hash);
        let field = Field::of(distinct::hash(above, step.as_bytes()));
        let node = Node { parent, step: step.into(), members: HashMap::new(), elements: None, field, stamp: (0, 0) };
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).unwrap_or(NONE)
    }

    /// The path of a node as the query language writes it.
    fn path(&self, node: u32) -> String {
        let mut steps: Vec<&str> = Vec::new();
        let mut at = node;
        while let Some(found) = self.nodes.get(at as usize) {
            steps.push(&found.step);
            at = found.parent;
        }
        let text: String = steps.iter().rev().copied().collect();
        // The top is `.`, and so begins every name below it.
        text.strip_prefix('.').filter(|rest| rest.starts_with('.')).map_or(text.clone(), str::to_owned)
    }
}

fn kind(token: Token) -> Kind {
    match token {
        Token::Null => Kind::Null,
        Token::True | Token::False => Kind::Boolean,
        Token::Number => Kind::Number,
        Token::ObjectOpen => Kind::Object,
        Token::ArrayOpen => Kind::Array,
        _ => Kind::String,
    }
}

#[cfg(test)]
mod tests;
