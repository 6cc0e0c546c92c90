//! Searching within a document: what was typed becomes a [`Needle`], and that gives sorted places.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::{Kind, Row, Tree};

/// Hits that are kept at most; [`Found::capped`] says when there were more.
const HITS: usize = 100_000;

/// Memory that one compiled expression may take.
const COMPILED: usize = 1 << 20;

/// What is searched for. Smart case: a pattern without capital letters matches them too.
#[derive(Debug, Clone)]
pub struct Needle {
    regex: Regex,
}

/// Why a pattern can not be searched for, as a sentence with the regex engine's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NeedleError(String);

/// One match: the row, and the bytes of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub row: Row,
    pub range: Range<usize>,
}

/// The matches in a document, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub hits: Vec<Hit>,
    /// There were more than are kept.
    pub capped: bool,
}

impl Needle {
    /// A regular expression, in linear time and limited memory.
    pub fn regex(pattern: &str) -> Result<Self, NeedleError> {
        let smart = !pattern.chars().any(char::is_uppercase);
        let regex = RegexBuilder::new(pattern).case_insensitive(smart).unicode(true).size_limit(COMPILED).build();
        regex.map(|regex| Self { regex }).map_err(|error| {
            let said = error.to_string();
            NeedleError(said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
        })
    }

    /// The text as it is.
    pub fn literal(text: &str) -> Result<Self, NeedleError> {
        Self::regex(&regex::escape(text))
    }

    /// What a search line means: a regular expression when it is one, else the text as it is.
    pub fn typed(text: &str) -> Result<Self, NeedleError> {
        Self::regex(text).or_else(|_| Self::literal(text))
    }

    /// The matches in a text, without empty ones.
    pub fn in_text<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        self.regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

impl Found {
    /// Adds the matches in `text`, which begins at `base` of the source. Returns whether there is room for more.
    pub fn add(&mut self, needle: &Needle, row: Row, text: &[u8], base: usize) -> bool {
        needle.in_text(text).all(|range| self.push(row, base + range.start..base + range.end))
    }

    /// Adds one match behind the others. Returns whether there was room for it.
    pub fn push(&mut self, row: Row, range: Range<usize>) -> bool {
        if self.hits.len() >= HITS {
            self.capped = true;
            return false;
        }
        self.hits.push(Hit { row, range });
        true
    }

    /// The matched bytes of a row, for drawing it.
    pub fn on(&self, row: Row) -> Vec<Range<usize>> {
        let first = self.hits.partition_point(|hit| hit.row < row);
        let rest = self.hits.get(first..).unwrap_or_default();
        rest.iter().take_while(|hit| hit.row == row).map(|hit| hit.range.clone()).collect()
    }

    /// The number (from 0) of the first hit on a row.
    pub fn number(&self, row: Row) -> Option<usize> {
        let first = self.hits.partition_point(|hit| hit.row < row);
        self.hits.get(first).filter(|hit| hit.row == row).map(|_| first)
    }

    /// The number (from 0) and row of the first hit behind a row, or of the first of all.
    pub fn next(&self, row: Row) -> Option<(usize, Row)> {
        let after = self.hits.partition_point(|hit| hit.row <= row);
        let at = if after < self.hits.len() { after } else { 0 };
        self.hits.get(at).map(|hit| (at, hit.row))
    }

    /// The number and row of the last hit before a row, or of the last of all.
    pub fn previous(&self, row: Row) -> Option<(usize, Row)> {
        let before = self.hits.partition_point(|hit| hit.row < row);
        let at = before.checked_sub(1).or_else(|| self.hits.len().checked_sub(1))?;
        self.hits.get(at).map(|hit| (at, hit.row))
    }
}

impl Tree {
    /// Searches names, scalars and raw lines, each for itself: to be called off the loop.
    pub fn search(&self, needle: &Needle) -> Found {
        let mut found = Found::default();
        for (at, packed) in (0..).zip(&self.rows) {
            let row = Row(at);
            let spans = match packed.kind() {
                Kind::Close | Kind::Break => continue,
                Kind::Raw => [Some(self.raw_line(row, *packed)), None],
                Kind::Open | Kind::Leaf => {
                    let parts = self.parts(*packed);
                    [parts.name, (packed.kind() == Kind::Leaf).then_some(parts.value)]
                }
            };
            for span in spans.into_iter().flatten() {
                let text = self.source.get(span.clone()).unwrap_or_default();
                if !found.add(needle, row, text, span.start) {
                    return found;
                }
            }
        }
        found
    }
}
