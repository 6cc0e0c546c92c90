//! A row as a coloured line: only what lies in the window is looked at, however long the row is.

use std::ops::Range;

use super::{ARRAY, Class, Folds, Kind, Line, Packed, Row, Tree, UNCLOSED, Window};
use crate::json;
use crate::text::{Painter, units};

/// Levels that are indented; deeper rows stand where these do and say their depth.
const INDENTED: usize = 16;

/// Columns of a level, and of the fold mark before each row.
const STEP: usize = 2;

impl Tree {
    /// A row as it is drawn in a window, cut with `…`. `hits` are matched bytes of the source, sorted.
    pub fn line(&self, row: Row, folds: &Folds, window: Window, hits: &[Range<usize>]) -> Line {
        let mut painter = Painter::new(window);
        self.paint(&mut painter, row, folds.is_folded(row), hits);
        painter.finish()
    }

    /// Columns of a whole row.
    pub fn columns(&self, row: Row, folds: &Folds) -> usize {
        let mut painter = Painter::measuring();
        self.paint(&mut painter, row, folds.is_folded(row), &[]);
        painter.column()
    }

    /// Screen lines that a row takes when it is wrapped, at least 1.
    pub fn height(&self, row: Row, folds: &Folds, columns: usize) -> usize {
        Wrap::new(self.text_column(row), columns).height(self.columns(row, folds))
    }

    /// One of the screen lines of a wrapped row, from 0: the further ones begin below the first one's text.
    pub fn wrapped(&self, row: Row, folds: &Folds, columns: usize, part: usize, hits: &[Range<usize>]) -> Line {
        let wrap = Wrap::new(self.text_column(row), columns);
        let mut painter = Painter::wrapped(wrap.window(part));
        self.paint(&mut painter, row, folds.is_folded(row), hits);
        wrap.line(part, painter)
    }

    /// The column where the text of a row begins.
    fn text_column(&self, row: Row) -> usize {
        self.depth(row).min(INDENTED) * STEP + STEP
    }

    fn paint(&self, painter: &mut Painter, row: Row, folded: bool, hits: &[Range<usize>]) {
        let Some(packed) = self.packed(row) else { return };
        if packed.kind() == Kind::Raw {
            painter.own("  ", Class::Text);
            return self.foreign(painter, self.raw_line(row, packed), Class::Broken, hits);
        }
        indent(painter, packed, folded);
        match packed.kind() {
            Kind::Break => painter.own(&format!("▲ {}", self.break_text), Class::Broken),
            Kind::Close => {
                painter.own(if packed.has(ARRAY) { "]" } else { "}" }, Class::Punctuation);
                self.comma(painter, packed.start as usize + 1);
            }
            _ => self.member(painter, row, packed, folded, hits),
        }
    }

    /// A name if there is one, and a scalar or an opening bracket.
    fn member(&self, painter: &mut Painter, row: Row, packed: Packed, folded: bool, hits: &[Range<usize>]) {
        let parts = self.parts(packed);
        if let Some(name) = parts.name {
            self.foreign(painter, name, Class::Key, hits);
            painter.own(": ", Class::Punctuation);
        }
        if packed.kind() == Kind::Open {
            return self.bracket(painter, row, packed, folded);
        }
        match parts.kind {
            Some(json::Kind::ObjectOpen) => painter.own("{}", Class::Punctuation),
            Some(json::Kind::ArrayOpen) => painter.own("[]", Class::Punctuation),
            Some(json::Kind::String) => self.foreign(painter, parts.value.clone(), Class::String, hits),
            Some(json::Kind::Number) => self.foreign(painter, parts.value.clone(), Class::Number, hits),
            _ => self.foreign(painter, parts.value.clone(), Class::Word, hits),
        }
        self.comma(painter, parts.value.end);
    }

    /// `{`, or `{ 3 keys }` when it is folded.
    fn bracket(&self, painter: &mut Painter, row: Row, packed: Packed, folded: bool) {
        let (open, close, what) = if packed.has(ARRAY) { ("[", "]", "item") } else { ("{", "}", "key") };
        painter.own(open, Class::Punctuation);
        if !folded {
            return;
        }
        let count = units::counted(u64::from(self.children(row)), what);
        if packed.has(UNCLOSED) {
            return painter.own(&format!(" {count} …"), Class::Dim);
        }
        painter.own(&format!(" {count} "), Class::Dim);
        painter.own(close, Class::Punctuation);
        let end = self.packed(Row(packed.link)).map_or(0, |close| close.start as usize + 1);
        self.comma(painter, end);
    }

    fn comma(&self, painter: &mut Painter, end: usize) {
        if !painter.full() && self.comma_after(end) {
            painter.own(",", Class::Punctuation);
        }
    }

    fn foreign(&self, painter: &mut Painter, range: Range<usize>, class: Class, hits: &[Range<usize>]) {
        let mut start = range.start;
        if let Some(long) = self.long(start) {
            let (bytes, columns) = long.ruler.seek(painter.from().saturating_sub(painter.column()));
            painter.skip(columns);
            start += bytes;
        }
        painter.matched(self.source.get(start..range.end).unwrap_or_default(), start, class, hits);
    }
}

/// The indentation with the fold mark at its end.
fn indent(painter: &mut Painter, packed: Packed, folded: bool) {
    let depth = packed.depth();
    if depth > INDENTED {
        let note = format!("· level {} ", units::thousands(units::wide(depth)));
        painter.own(&format!("{note:<width$}", width = INDENTED * STEP), Class::Dim);
    } else {
        painter.own(&" ".repeat(depth * STEP), Class::Text);
    }
    let mark = match packed.kind() {
        Kind::Open if folded => "▸ ",
        Kind::Open if depth > 0 => "▾ ",
        _ => "  ",
    };
    painter.own(mark, Class::Mark);
}

/// How a line is laid out over several screen lines. The last column stays free for the right half of a wide character, so
/// that every part begins at a column that can be calculated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wrap {
    hanging: usize,
    columns: usize,
}

impl Wrap {
    /// Further lines begin at column `hanging`, unless that leaves them too narrow.
    pub(crate) fn new(hanging: usize, columns: usize) -> Self {
        Self { hanging: if columns < 8 { 0 } else { hanging.min(columns / 2) }, columns: columns.max(2) }
    }

    fn first(self) -> usize {
        self.columns - 1
    }

    fn further(self) -> usize {
        (self.columns - 1).saturating_sub(self.hanging).max(1)
    }

    pub(crate) fn height(self, columns: usize) -> usize {
        1 + columns.saturating_sub(self.first()).div_ceil(self.further())
    }

    /// The columns of the line that this part shows.
    pub(crate) fn window(self, part: usize) -> Window {
        match part.checked_sub(1) {
            None => Window { from: 0, columns: self.first() },
            Some(further) => Window { from: self.first().saturating_add(further.saturating_mul(self.further())), columns: self.further() },
        }
    }

    pub(crate) fn line(self, part: usize, painter: Painter) -> Line {
        let line = painter.finish_wrapped();
        if part == 0 || self.hanging == 0 { line } else { line.indented(self.hanging) }
    }
}
