//! From a row to others: parents, siblings, pairs, depths; and what a row means: its name, its value, its path.

use std::ops::Range;

use super::{Folds, Kind, NAMED, NONE, Packed, Row, Tree, UNCLOSED};
use crate::json::{self, Lexer, Path, Step, Token};

/// Steps of a path that a title shows; of deeper ones the last.
const TITLE_STEPS: usize = 32;

/// Where the parts of a row lie in the source.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// The name with its quotes.
    pub(super) name: Option<Range<usize>>,
    /// The scalar, the opening bracket, or both brackets of what is empty.
    pub(super) value: Range<usize>,
    pub(super) kind: Option<json::Kind>,
}

impl Tree {
    /// The row where the object or array begins that ends on this row; every other row is its own.
    pub fn opening(&self, row: Row) -> Row {
        match self.packed(row) {
            Some(close) if close.kind() == Kind::Close => Row(close.link),
            _ => row,
        }
    }

    /// The last row of what begins on this row: its closing bracket, or itself.
    pub fn end(&self, row: Row) -> Row {
        match self.packed(row) {
            Some(open) if open.kind() == Kind::Open => Row(open.link),
            _ => row,
        }
    }

    /// The other bracket of a pair.
    pub fn pair(&self, row: Row) -> Option<Row> {
        let packed = self.packed(row)?;
        let paired = packed.kind() == Kind::Close || (packed.kind() == Kind::Open && !packed.has(UNCLOSED));
        paired.then_some(Row(packed.link))
    }

    /// The opening row of the object or array around a row. A closing bracket's is its opening one.
    pub fn parent(&self, row: Row) -> Option<Row> {
        let packed = self.packed(row)?;
        let parent = if packed.kind() == Kind::Close { packed.link } else { packed.parent };
        (parent != NONE).then_some(Row(parent))
    }

    /// The first row within what opens on this row.
    pub fn first_child(&self, row: Row) -> Option<Row> {
        (self.kind(row)? == Kind::Open && self.end(row) > row).then_some(Row(row.0 + 1))
    }

    /// The next value of the same object or array, or of the top.
    pub fn next_sibling(&self, row: Row) -> Option<Row> {
        let next = Row(self.end(self.opening(row)).0.checked_add(1)?);
        matches!(self.kind(next)?, Kind::Open | Kind::Leaf).then_some(next)
    }

    pub fn previous_sibling(&self, row: Row) -> Option<Row> {
        let before = Row(self.opening(row).0.checked_sub(1)?);
        match self.kind(before)? {
            Kind::Close => Some(self.opening(before)),
            Kind::Leaf => Some(before),
            Kind::Open | Kind::Break | Kind::Raw => None,
        }
    }

    /// The next visible row of another depth; the last row when there is none.
    pub fn next_depth(&self, folds: &Folds, row: Row) -> Row {
        self.other_depth(folds, row, 1)
    }

    pub fn previous_depth(&self, folds: &Folds, row: Row) -> Row {
        self.other_depth(folds, row, -1)
    }

    fn other_depth(&self, folds: &Folds, row: Row, by: i64) -> Row {
        let depth = self.depth(row);
        let mut at = row;
        loop {
            let next = folds.step(at, by);
            if next == at || self.depth(next) != depth {
                return next;
            }
            at = next;
        }
    }

    /// `h`: folds what is open on this row, else goes to the parent. Returns the cursor's row.
    pub fn fold_or_leave(&self, folds: &mut Folds, row: Row) -> Row {
        if self.kind(row) == Some(Kind::Open) && !folds.is_folded(row) {
            folds.fold(self, row);
            return row;
        }
        self.parent(row).map_or(row, |parent| folds.shown(parent))
    }

    /// `l`: opens what is folded on this row, else goes to its first child. Returns the cursor's row.
    pub fn open_or_enter(&self, folds: &mut Folds, row: Row) -> Row {
        if folds.is_folded(row) {
            folds.unfold(self, row);
            return row;
        }
        self.first_child(row).unwrap_or(row)
    }

    /// The opening rows in a range of rows, both ends included, and their depths.
    pub(super) fn opens(&self, from: Row, to: Row) -> impl Iterator<Item = (u32, usize)> {
        let rows = self.rows.get(from.0 as usize..).unwrap_or_default();
        let rows = rows.get(..(to.0 - from.0.min(to.0)) as usize + 1).unwrap_or(rows);
        (from.0..).zip(rows).filter(|(_, row)| row.kind() == Kind::Open).map(|(at, row)| (at, row.depth()))
    }

    /// The name of a row as it stands in the source, with its quotes.
    pub fn name(&self, row: Row) -> Option<&[u8]> {
        let name = self.parts(self.packed(row)?).name?;
        self.source.get(name)
    }

    /// Where the value of a row lies in the source: all of it for an object or array.
    pub fn value(&self, row: Row) -> Range<usize> {
        let row = self.opening(row);
        let Some(packed) = self.packed(row) else { return 0..0 };
        if matches!(packed.kind(), Kind::Break | Kind::Raw) {
            return self.raw_line(row, packed);
        }
        let value = self.parts(packed).value;
        if packed.kind() != Kind::Open {
            return value;
        }
        let end = match self.packed(Row(packed.link)) {
            Some(close) if !packed.has(UNCLOSED) => close.start as usize + 1,
            _ => self.break_row().and_then(|row| self.packed(row)).map_or(self.source.len(), |at| at.start as usize),
        };
        value.start..end
    }

    /// A raw line without its line break; empty for the row of the break.
    pub(super) fn raw_line(&self, row: Row, packed: Packed) -> Range<usize> {
        let start = packed.start as usize;
        if packed.kind() == Kind::Break {
            return start..start;
        }
        let next = self.packed(Row(row.0.saturating_add(1)));
        let end = next.map_or(self.source.len(), |next| next.start as usize);
        let ends_line = end > start && self.source.get(end - 1) == Some(&b'\n');
        start..if ends_line { end - 1 } else { end }
    }

    /// Reads the tokens of a row again.
    pub(super) fn parts(&self, packed: Packed) -> Parts {
        let mut at = packed.start as usize;
        let mut name = None;
        if packed.has(NAMED) {
            let Some(token) = self.token(at) else { return Parts::default() };
            let Some(colon) = self.token(token.end) else { return Parts::default() };
            name = Some(token.start..token.end);
            at = colon.end;
        }
        let Some(value) = self.token(at) else { return Parts { name, ..Parts::default() } };
        let empty = packed.kind() == Kind::Leaf && matches!(value.kind, json::Kind::ObjectOpen | json::Kind::ArrayOpen);
        let end = if empty { self.token(value.end).map_or(value.end, |close| close.end) } else { value.end };
        Parts { name, value: value.start..end, kind: Some(value.kind) }
    }

    fn token(&self, at: usize) -> Option<Token> {
        // A long token's end is known: lexing 8 MB for each frame is not free.
        let start = at + self.space(at);
        if let Some(long) = self.long(start) {
            let kind = if self.source.get(start) == Some(&b'"') { json::Kind::String } else { json::Kind::Number };
            return Some(Token { kind, start, end: long.end as usize, cut: false });
        }
        let token = Lexer::new(self.source.get(start..)?).next()?;
        Some(Token { start: start + token.start, end: start + token.end, ..token })
    }

    /// White space from `at` on, in bytes.
    fn space(&self, at: usize) -> usize {
        let rest = self.source.get(at..).unwrap_or_default();
        rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
    }

    /// Whether a comma follows what ends at `end`.
    pub(super) fn comma_after(&self, end: usize) -> bool {
        self.source.get(end + self.space(end)) == Some(&b',')
    }

    /// The steps to a row from the top, at most `limit` of them, the innermost; and whether those are all.
    fn steps(&self, row: Row, limit: usize) -> (Vec<Step>, bool) {
        let mut steps = Vec::new();
        let mut at = self.opening(row);
        while let Some(packed) = self.packed(at) {
            let Some(parent) = self.parent(at) else { break };
            if steps.len() == limit {
                return (steps, false);
            }
            steps.push(match self.parts(packed).name.and_then(|name| self.source.get(name)) {
                Some(name) => {
                    let inside = name.get(1..name.len().saturating_sub(1)).unwrap_or_default();
                    Step::Name(String::from_utf8_lossy(&json::decode(inside)).into())
                }
                None => Step::Index(i64::from(self.index(at))),
            });
            at = parent;
        }
        (steps, true)
    }

    /// The path of a row, for filters and for jq ([`Path::jq`]). `None` when it is deeper than paths may be.
    pub fn path(&self, row: Row) -> Option<Path> {
        let (steps, whole) = self.steps(row, json::MAX_STEPS);
        whole.then(|| path_of(steps))
    }

    /// The path of a row for a title; of a deep one the end, behind `…`. Holds names of members: pass it through `Shown`.
    pub fn title(&self, row: Row) -> String {
        let (steps, whole) = self.steps(row, TITLE_STEPS);
        let path = path_of(steps);
        if whole { path.to_string() } else { format!("…{path}") }
    }
}

/// The path of steps that come innermost first.
fn path_of(steps: Vec<Step>) -> Path {
    let mut path = Path::default();
    for step in steps.into_iter().rev() {
        path.push(step);
    }
    path
}
