//! What is known of one field.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Place;
use super::distinct::{self, Distinct};
use crate::json;

/// Examples that are kept of a field, and bytes of one.
const EXAMPLES: usize = 5;
const EXAMPLE: usize = 80;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
    /// No text: of a key or a header.
    Bytes,
}

impl Kind {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
            Self::Bytes => "bytes",
        }
    }
}

/// How often something was seen, first and last. In time, and in offset where times are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub records: u64,
    pub first: Option<Place>,
    pub last: Option<Place>,
}

impl Seen {
    pub(super) fn of(place: Place) -> Self {
        Self { records: 1, first: Some(place), last: Some(place) }
    }

    pub(super) fn add(&mut self, place: Place) {
        self.merge(&Self::of(place));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
    }
}

/// One field, over all records that have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Of its path.
    pub(super) hash: u64,
    /// Records that have it, whatever its type.
    pub(super) records: u64,
    /// Records that have it with that type; one whose array has both counts for both.
    pub(super) kinds: BTreeMap<Kind, Seen>,
    /// The smallest and the largest number, as they are written.
    pub(super) least: Option<Box<[u8]>>,
    pub(super) most: Option<Box<[u8]>>,
    /// Bytes of the shortest and the longest text.
    pub(super) lengths: Option<(usize, usize)>,
    /// Different values; objects and arrays are none.
    pub(super) distinct: Distinct,
    /// Some of them, by the order of their hashes, so that no order of the records chooses others.
    examples: BTreeMap<u64, Box<[u8]>>,
}

impl Field {
    /// Of the path with that hash.
    pub(super) fn of(hash: u64) -> Self {
        Self { hash, ..Self::default() }
    }

    /// Some different values, as they are written.
    pub(super) fn examples(&self) -> impl Iterator<Item = &[u8]> {
        self.examples.values().map(|value| &**value)
    }

    pub(super) fn value(&mut self, kind: Kind, raw: &[u8]) {
        match kind {
            Kind::Array | Kind::Object | Kind::Null => return,
            Kind::Number => {
                replace(&mut self.least, raw, Ordering::Less);
                replace(&mut self.most, raw, Ordering::Greater);
            }
            Kind::String | Kind::Bytes => {
                // A string of JSON is counted without its quotes.
                let quoted = raw.len() >= 2 && raw.first() == Some(&b'"') && raw.last() == Some(&b'"');
                let length = if quoted { raw.len() - 2 } else { raw.len() };
                let (short, long) = self.lengths.unwrap_or((length, length));
                self.lengths = Some((short.min(length), long.max(length)));
            }
            Kind::Boolean => {}
        }
        let hash = distinct::hash(0, raw);
        self.distinct.add(hash);
        self.example(hash, raw);
    }

    fn example(&mut self, hash: u64, raw: &[u8]) {
        let wanted = self.examples.len() < EXAMPLES || self.examples.last_key_value().is_some_and(|(last, _)| hash < *last);
        if wanted && !self.examples.contains_key(&hash) {
            self.examples.insert(hash, raw.get(..EXAMPLE).unwrap_or(raw).into());
            if self.examples.len() > EXAMPLES {
                let _largest = self.examples.pop_last();
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.records += other.records;
        for (kind, seen) in &other.kinds {
            self.kinds.entry(*kind).or_default().merge(seen);
        }
        if let Some(least) = &other.least {
            replace(&mut self.least, least, Ordering::Less);
        }
        if let Some(most) = &other.most {
            replace(&mut self.most, most, Ordering::Greater);
        }
        self.lengths = match (self.lengths, other.lengths) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.distinct.merge(&other.distinct);
        for (hash, raw) in &other.examples {
            self.example(*hash, raw);
        }
    }
}

/// Puts a number in place of another when it is less or greater. Of equal ones the shorter notation, then the first in order of
/// bytes: no order of records must choose.
fn replace(place: &mut Option<Box<[u8]>>, raw: &[u8], wanted: Ordering) {
    let better = match place {
        None => true,
        Some(old) => match json::number::compare(raw, old) {
            Ordering::Equal => (raw.len(), raw) < (old.len(), &**old),
            order => order == wanted,
        },
    };
    // A number of a megabyte is not kept: no line shows it.
    if better && raw.len() <= 1_000 {
        *place = Some(raw.into());
    }
}
