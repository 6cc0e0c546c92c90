//! Text as lines. A line may be megabytes long: its columns are measured once, here, off the loop.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::highlight::{self, Highlighted, Language};
use crate::text::{Class, Painter, Ruler};
use crate::tree::{Found, Needle, Row};

/// Rows that are highlighted at once; the screen asks for more when it comes near.
const FIRST_ROWS: u32 = 256;

/// Rows highlighted beyond the one asked for.
const AHEAD: u32 = 200;

/// Bytes as lines; need not be UTF-8.
#[derive(Debug, Clone)]
pub struct Text {
    source: Bytes,
    /// Where each line begins.
    starts: Arc<[u32]>,
    /// Long lines, by where they start.
    long: Arc<[(u32, Ruler)]>,
    language: Option<Language>,
    highlighted: Arc<Highlighted>,
}

impl Text {
    /// Lines without colours.
    pub fn plain(source: &Bytes) -> Self {
        let source = source.slice(..source.len().min(u32::MAX as usize));
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', &source).map(|at| at + 1).filter(|&at| at < source.len()).map(narrow));
        let ends = starts.iter().skip(1).copied().chain([narrow(source.len())]);
        let long = starts.iter().zip(ends).filter(|(start, end)| Ruler::pays((end - **start) as usize));
        let long = long.map(|(&start, end)| (start, Ruler::new(source.get(start as usize..end as usize).unwrap_or_default())));
        Self { long: long.collect(), starts: starts.into(), language: None, highlighted: Arc::default(), source: source.clone() }
    }

    /// Lines, the first of them highlighted when the language is known.
    pub fn highlighted(source: &Bytes) -> Self {
        let mut text = Self::plain(source);
        text.language = highlight::language(source);
        text.highlight_to(Row(FIRST_ROWS.saturating_sub(AHEAD)));
        text
    }

    pub fn rows(&self) -> u32 {
        narrow(self.starts.len())
    }

    /// The language's name, when it is known.
    pub fn language(&self) -> Option<&'static str> {
        self.language.map(Language::name)
    }

    pub(super) fn highlighted_rows(&self) -> Option<u32> {
        let done = self.highlighted.rows();
        (self.language.is_some() && !self.highlighted.is_complete() && done < self.rows()).then_some(done)
    }

    pub(super) fn highlight_to(&mut self, row: Row) {
        let to = row.0.saturating_add(AHEAD).min(self.rows());
        if let Some(language) = self.language
            && self.highlighted_rows().is_some_and(|done| done < to)
        {
            self.highlighted = Arc::new(highlight::lines(language, (0..to).map(|row| self.line(Row(row), true))));
        }
    }

    /// The bytes of a line; without its line break unless that is asked for.
    fn line(&self, row: Row, with_break: bool) -> &[u8] {
        let range = self.range(row);
        let line = self.source.get(range).unwrap_or_default();
        if with_break { line } else { line.strip_suffix(b"\n").unwrap_or(line) }
    }

    /// Where a line lies in the source, with its line break.
    pub(super) fn range(&self, row: Row) -> Range<usize> {
        let at = row.0 as usize;
        let Some(&start) = self.starts.get(at) else { return 0..0 };
        start as usize..self.starts.get(at + 1).map_or(self.source.len(), |&next| next as usize)
    }

    pub(super) fn paint(&self, painter: &mut Painter, row: Row, hits: &[Range<usize>]) {
        let start = self.range(row).start;
        let line = self.line(row, false);
        if let Ok(at) = self.long.binary_search_by_key(&narrow(start), |(start, _)| *start)
            && let Some((_, ruler)) = self.long.get(at)
        {
            let (bytes, columns) = ruler.seek(painter.from().saturating_sub(painter.column()));
            painter.skip(columns);
            let from = bytes.min(line.len());
            return painter.matched(line.get(from..).unwrap_or_default(), start + from, Class::Text, hits);
        }
        let mut at = 0;
        for (span, class) in self.highlighted.line(row) {
            let span = span.start.max(at)..span.end.min(line.len());
            painter.matched(line.get(at..span.start).unwrap_or_default(), start + at, Class::Text, hits);
            painter.matched(line.get(span.clone()).unwrap_or_default(), start + span.start, class, hits);
            at = span.end.max(at);
        }
        painter.matched(line.get(at..).unwrap_or_default(), start + at, Class::Text, hits);
    }

    pub(super) fn search(&self, needle: &Needle) -> Found {
        let mut found = Found::default();
        for row in (0..self.rows()).map(Row) {
            if !found.add(needle, row, self.line(row, false), self.range(row).start) {
                break;
            }
        }
        found
    }
}

/// Positions fit 32 bits because the source does.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
