//! Finds the values of a path in the bytes of a JSON text, without building anything.
//!
//! The text is read from its start and only as far as needed: what lies behind a break is absent, and so is what the
//! break cuts (a value that is still open, and a scalar that touches the end of the text inside of something open).
//! Of duplicate names the last counts that could be read.

use std::borrow::Cow;
use std::ops::ControlFlow;

use memchr::memmem::Finder;

use super::path::{Path, Step};
use super::reader::Reader;
use super::scan::{self, State};
use super::string;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}

/// A value where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    pub kind: ValueKind,
    /// Its exact bytes; a string's with the quotes.
    pub raw: &'a [u8],
}

impl<'a> Value<'a> {
    /// What a string means, escapes decoded (see [`super::decode`] for halves of surrogate pairs); `None` for all other kinds.
    #[inline]
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        (self.kind == ValueKind::String).then(|| string::decode(self.raw.get(1..self.raw.len().saturating_sub(1)).unwrap_or_default()))
    }
}

/// How a walk went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walked {
    /// The path led to at least one value.
    pub found: bool,
    /// The text is no JSON at all: nothing was read.
    pub not_json: bool,
    /// Reading came upon a break (malformed, or cut) at this byte. What was found before it was found.
    pub broken: Option<usize>,
}

/// Calls `visit` with every value that the path leads to, in order, until it breaks off. Of several values in one text
/// (NDJSON) the first is read. Costs a scan up to the last value, and a search for a second occurrence of each name.
pub fn walk<'a>(text: &'a [u8], path: &Path, visit: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>) -> Walked {
    let mut walker = Walker { text, walked: Walked::default(), visit };
    let start = scan::start(text);
    match scan::byte(text, start) {
        Some(b'{' | b'[') => {
            let steps = Steps { steps: path.steps(), finders: path.finders() };
            let _ = walker.descend(Place { at: start, end: None }, steps);
        }
        Some(_) => walker.scalar(start, path),
        None => walker.walked.not_json = true,
    }
    walker.walked
}

/// Where a value starts, and its end when it was already looked for.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    end: Option<usize>,
}

#[derive(Clone, Copy)]
struct Steps<'p> {
    steps: &'p [Step],
    finders: &'p [Finder<'static>],
}

impl<'p> Steps<'p> {
    fn split(self) -> Option<(&'p Step, &'p Finder<'static>, Self)> {
        let (step, steps) = self.steps.split_first()?;
        let (finder, finders) = self.finders.split_first()?;
        Some((step, finder, Self { steps, finders }))
    }
}

struct Walker<'a, 'v> {
    text: &'a [u8],
    walked: Walked,
    visit: &'v mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
}

impl Walker<'_, '_> {
    #[cold]
    fn broke(&mut self, at: usize) {
        self.walked.broken.get_or_insert(at);
    }

    /// A text that is one whole scalar.
    fn scalar(&mut self, start: usize, path: &Path) {
        let Some((end, _)) = scalar_end(self.text, start) else {
            // A string without its closing quote is cut JSON; anything else is just text.
            if scan::byte(self.text, start) == Some(b'"') && scan::string(self.text, start).state == State::Cut {
                self.broke(start);
            } else {
                self.walked.not_json = true;
            }
            return;
        };
        if scan::space(self.text, end) < self.text.len() {
            self.walked.not_json = true;
        } else if path.steps().is_empty() {
            let _ = self.give(start, end);
        }
    }

    fn give(&mut self, at: usize, end: usize) -> ControlFlow<()> {
        let raw = self.text.get(at..end).unwrap_or_default();
        let kind = match raw.first() {
            Some(b'{') => ValueKind::Object,
            Some(b'[') => ValueKind::Array,
            Some(b'"') => ValueKind::String,
            Some(b't') => ValueKind::True,
            Some(b'f') => ValueKind::False,
            Some(b'n') => ValueKind::Null,
            _ => ValueKind::Number,
        };
        self.walked.found = true;
        (self.visit)(Value { kind, raw })
    }

    fn descend(&mut self, mut place: Place, mut steps: Steps<'_>) -> ControlFlow<()> {
        loop {
            let Some((step, finder, rest)) = steps.split() else {
                let Some(end) = place.end.or_else(|| self.skip(place.at)) else { return ControlFlow::Continue(()) };
                return self.give(place.at, end);
            };
            let last = rest.steps.is_empty();
            let next = match (step, scan::byte(self.text, place.at)) {
                (Step::Name(name), Some(b'{')) => self.member(place.at, Name { name: name.as_bytes(), finder }, last),
                (Step::Index(index), Some(b'[')) => self.element(place.at, *index),
                (Step::Any, Some(b'[')) => return self.elements(place.at, rest),
                _ => {
                    // Another type: absent. What is no value at all is a break.
                    if place.end.is_none() && !matches!(scan::byte(self.text, place.at), Some(b'{' | b'[')) {
                        self.skip(place.at);
                    }
                    None
                }
            };
            let Some(found) = next else { return ControlFlow::Continue(()) };
            (place, steps) = (found, rest);
        }
    }

    /// The end of the value at `at`, which lies within something open; `None`, and noted, when it is broken or cut.
    #[inline]
    fn skip(&mut self, at: usize) -> Option<usize> {
        if let Some((end, _)) = scalar_end(self.text, at) {
            if end < self.text.len() {
                return Some(end);
            }
            self.broke(at);
            return None;
        }
        if !matches!(scan::byte(self.text, at), Some(b'{' | b'[')) {
            self.broke(at);
            return None;
        }
        let mut reader = Reader::value_at(self.text, at);
        while let Some(step) = reader.next() {
            if reader.depth() == 0 {
                return Some(step.token.end);
            }
        }
        self.broke(reader.stopped_at().unwrap_or(at));
        None
    }

    /// The last member of that name in the object that opens at `open`. A member that is still open at a break is one
    /// to go into, but no value of its own (`last`: it would be the path's end).
    fn member(&mut self, open: usize, name: Name<'_>, last: bool) -> Option<Place> {
        let text = self.text;
        let mut found = None;
        let mut at = scan::space(text, open + 1);
        if scan::byte(text, at) == Some(b'}') {
            return None;
        }
        loop {
            if scan::byte(text, at) != Some(b'"') {
                self.broke(at);
                return found;
            }
            let key = scan::string(text, at);
            let colon = scan::space(text, key.end);
            if !matches!(key.state, State::Whole | State::Escaped) || scan::byte(text, colon) != Some(b':') {
                self.broke(if key.end < text.len() && scan::byte(text, colon).is_some() { colon } else { at });
                return found;
            }
            let hit = name.is(text.get(at + 1..key.end - 1).unwrap_or_default(), key.state);
            let value = scan::space(text, colon + 1);
            let only = hit && !name.again(text.get(value..).unwrap_or_default());
            let opens = hit && matches!(scan::byte(text, value), Some(b'{' | b'['));
            // After another one of that name, a scalar must be whole to count.
            if only && !last && (opens || found.is_none()) {
                return Some(Place { at: value, end: None });
            }
            match self.skip(value) {
                Some(end) if only => return Some(Place { at: value, end: Some(end) }),
                Some(end) => {
                    if hit {
                        found = Some(Place { at: value, end: Some(end) });
                    }
                    at = scan::space(text, end);
                }
                None if opens && !last => return Some(Place { at: value, end: None }),
                None => return found,
            }
            match scan::byte(text, at) {
                Some(b',') => at = scan::space(text, at + 1),
                Some(b'}') => return found,
                _ => {
                    self.broke(at);
                    return found;
                }
            }
        }
    }

    /// Element `index` of the array that opens at `open`.
    fn element(&mut self, open: usize, index: i64) -> Option<Place> {
        let mut left = match usize::try_from(index) {
            Ok(index) => index,
            Err(_) => self.count(open)?.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
        };
        let mut next = self.first(open);
        while let Next::Element(at) = next {
            if left == 0 {
                return Some(Place { at, end: None });
            }
            left -= 1;
            next = self.following(at);
        }
        None
    }

    /// How many elements the array has; `None` when a break leaves it unknown, and with it every index from the end.
    fn count(&mut self, open: usize) -> Option<usize> {
        let (mut next, mut count) = (self.first(open), 0);
        while let Next::Element(at) = next {
            count += 1;
            next = self.following(at);
        }
        (next == Next::End).then_some(count)
    }

    fn elements(&mut self, open: usize, rest: Steps<'_>) -> ControlFlow<()> {
        let mut next = self.first(open);
        while let Next::Element(at) = next {
            // The end of the path needs the end of the element, and then knows it for the step to the next one.
            let end = if rest.steps.is_empty() { self.skip(at) } else { None };
            if end.is_some() || !rest.steps.is_empty() {
                self.descend(Place { at, end }, rest)?;
            }
            next = match end {
                Some(end) => self.behind(end),
                None => self.following(at),
            };
        }
        ControlFlow::Continue(())
    }

    fn first(&mut self, open: usize) -> Next {
        let at = scan::space(self.text, open + 1);
        match scan::byte(self.text, at) {
            Some(b']') => Next::End,
            Some(_) => Next::Element(at),
            None => {
                self.broke(at);
                Next::Break
            }
        }
    }

    /// What follows the element at `at`.
    fn following(&mut self, at: usize) -> Next {
        self.skip(at).map_or(Next::Break, |end| self.behind(end))
    }

    /// What follows the element that ends at `end`.
    fn behind(&mut self, end: usize) -> Next {
        let at = scan::space(self.text, end);
        match scan::byte(self.text, at) {
            Some(b',') => Next::Element(scan::space(self.text, at + 1)),
            Some(b']') => Next::End,
            _ => {
                self.broke(at);
                Next::Break
            }
        }
    }
}

/// What comes next in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// An element that starts here.
    Element(usize),
    End,
    Break,
}

/// A name that is looked for, and a search for it in quotes.
#[derive(Clone, Copy)]
struct Name<'p> {
    name: &'p [u8],
    finder: &'p Finder<'static>,
}

impl Name<'_> {
    #[inline]
    fn is(self, inside: &[u8], state: State) -> bool {
        if state == State::Escaped { *string::decode(inside) == *self.name } else { inside == self.name }
    }

    /// Whether the name may occur again in `rest`. Written otherwise it has a backslash in it.
    #[inline]
    fn again(self, rest: &[u8]) -> bool {
        memchr::memchr(b'\\', rest).is_some() || self.finder.find(rest).is_some()
    }
}

/// The end of the whole scalar that starts at `at`; `None` when there is none, or it is cut or broken.
#[inline]
fn scalar_end(text: &[u8], at: usize) -> Option<(usize, State)> {
    let scan = match scan::byte(text, at)? {
        b'"' => scan::string(text, at),
        b'-' | b'0'..=b'9' => scan::number(text, at),
        b't' => scan::word(text, at, b"true"),
        b'f' => scan::word(text, at, b"false"),
        b'n' => scan::word(text, at, b"null"),
        _ => return None,
    };
    matches!(scan.state, State::Whole | State::Escaped).then_some((scan.end, scan.state))
}
