//! A value as rows that can be folded: one flat list over the bytes as they came, without a copy of any of them.
//!
//! Built off the loop, shared as `Arc<Tree>`, never changed: what is folded lies in [`Folds`], which belongs to who looks.
//! Pure; may use `json` to read, `text` to show, and regex to search. To add a question about rows: `tree/walk.rs`. To add
//! another kind of row: [`Kind`], the builder in `tree/build.rs` and its painting in `tree/paint.rs`.

mod build;
pub mod diff;
mod folds;
mod needle;
mod paint;
mod walk;

use bytes::Bytes;

use crate::json;
use crate::text::Ruler;

pub use crate::text::{Class, Line, Segment, Window};
pub use folds::Folds;
pub use needle::{Found, Hit, Needle, NeedleError};
pub(crate) use paint::Wrap;

/// No row: the parent of what lies at the top.
const NONE: u32 = u32::MAX;

/// A row's number in its document, from 0. Line numbers on screen begin with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Row(pub u32);

/// What stands on a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An opening bracket, with its name if it has one.
    Open,
    /// The closing bracket.
    Close,
    /// A scalar, or an object or array with nothing in it.
    Leaf,
    /// Says that the JSON breaks here, and why.
    Break,
    /// A line of what follows the break, as it is.
    Raw,
}

/// JSON as rows: one value, several, or one that breaks somewhere.
#[derive(Debug)]
pub struct Tree {
    source: Bytes,
    rows: Vec<Packed>,
    /// Tokens and raw lines too long to be walked for each frame, by where they start.
    long: Vec<Long>,
    /// Objects and arrays that never close, by row.
    unclosed: Vec<Unclosed>,
    shape: json::Shape,
    break_text: String,
}

/// A row in 16 bytes, for documents have millions. The rest is read from the source when the row is drawn.
#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Where the row's first token begins: the name, or the value.
    start: u32,
    /// Depth in the low 24 bits, `Kind` and flags above.
    depth_kind: u32,
    /// Open: the row of its closing bracket (the last row within, when it never closes). Close: the opening row.
    /// Leaf: its index within its parent.
    link: u32,
    /// The opening row around it. Close: the index of the object or array within its parent.
    parent: u32,
}

const DEPTH: u32 = (1 << 24) - 1;
const ARRAY: u32 = 1 << 27;
const NAMED: u32 = 1 << 28;
const UNCLOSED: u32 = 1 << 29;

impl Packed {
    fn new(kind: Kind, start: u32, depth: usize, flags: u32) -> Self {
        let number = match kind {
            Kind::Open => 0,
            Kind::Close => 1,
            Kind::Leaf => 2,
            Kind::Break => 3,
            Kind::Raw => 4,
        };
        let depth = u32::try_from(depth).unwrap_or(DEPTH).min(DEPTH);
        Self { start, depth_kind: depth | number << 24 | flags, link: NONE, parent: NONE }
    }

    fn kind(self) -> Kind {
        match self.depth_kind >> 24 & 7 {
            0 => Kind::Open,
            1 => Kind::Close,
            2 => Kind::Leaf,
            3 => Kind::Break,
            _ => Kind::Raw,
        }
    }

    fn depth(self) -> usize {
        (self.depth_kind & DEPTH) as usize
    }

    fn has(self, flag: u32) -> bool {
        self.depth_kind & flag != 0
    }
}

#[derive(Debug)]
struct Long {
    start: u32,
    end: u32,
    ruler: Ruler,
}

#[derive(Debug, Clone, Copy)]
struct Unclosed {
    row: u32,
    index: u32,
    children: u32,
}

impl Tree {
    /// The bytes it was made of.
    pub fn source(&self) -> &Bytes {
        &self.source
    }

    /// How many rows there are when nothing is folded.
    pub fn rows(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(NONE)
    }

    /// What the text is as JSON: whole, several values, broken or cut.
    pub fn shape(&self) -> json::Shape {
        self.shape
    }

    /// The row that says where the JSON breaks.
    pub fn break_row(&self) -> Option<Row> {
        let json_rows = self.rows.partition_point(|row| !matches!(row.kind(), Kind::Break | Kind::Raw));
        self.rows.get(json_rows).and_then(|_| u32::try_from(json_rows).ok()).map(Row)
    }

    /// What stands on a row; `None` behind the last.
    pub fn kind(&self, row: Row) -> Option<Kind> {
        self.packed(row).map(Packed::kind)
    }

    /// Objects and arrays around a row.
    pub fn depth(&self, row: Row) -> usize {
        self.packed(row).map_or(0, Packed::depth)
    }

    /// Bytes of memory that it takes beside its source.
    pub fn weight(&self) -> usize {
        self.rows.capacity() * size_of::<Packed>() + self.unclosed.capacity() * size_of::<Unclosed>()
    }

    fn packed(&self, row: Row) -> Option<Packed> {
        self.rows.get(row.0 as usize).copied()
    }

    fn long(&self, start: usize) -> Option<&Long> {
        let start = u32::try_from(start).ok()?;
        let at = self.long.binary_search_by_key(&start, |long| long.start).ok()?;
        self.long.get(at)
    }
}

#[cfg(test)]
mod tests;
