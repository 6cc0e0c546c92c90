//! Bytes to rows, in one pass and without recursion: 100,000 levels are rows like any other.

use bytes::Bytes;

use super::{ARRAY, Kind, Long, NAMED, NONE, Packed, Row, Tree, UNCLOSED, Unclosed};
use crate::json::{self, Reader, Role, Shape, Stepped};
use crate::text::{Ruler, units};

impl Tree {
    /// Reads all of `source` once: to be called off the loop. Text beyond 4 GB is left out.
    pub fn new(source: &Bytes) -> Self {
        let length = u32::try_from(source.len()).unwrap_or(NONE);
        let source = source.slice(..length as usize);
        let mut build =
            Build { text: &source, rows: Vec::new(), open: Vec::new(), name: None, top: 0, long: Vec::new(), unclosed: Vec::new() };
        let mut reader = Reader::new(&source);
        for step in reader.by_ref() {
            build.step(&step);
        }
        let shape = reader.shape();
        let levels = build.open.len();
        build.leave_open();
        let mut break_text = String::new();
        if let Some(at) = reader.stopped_at() {
            break_text = why(shape, at, source.len(), levels);
            build.broken(at, levels);
        }
        let Build { mut rows, long, unclosed, .. } = build;
        rows.shrink_to_fit();
        Self { source, rows, long, unclosed, shape, break_text }
    }
}

/// The sentence on the row of the break.
fn why(shape: Shape, at: usize, length: usize, levels: usize) -> String {
    let place = format!("byte {} of {}", units::thousands(units::wide(at)), units::thousands(units::wide(length)));
    match shape {
        Shape::Truncated { .. } if at < length => format!("breaks here, {place}: the text ends within this token"),
        Shape::Truncated { .. } => {
            format!("breaks here: the text ends with {} open", units::counted(units::wide(levels), "bracket"))
        }
        Shape::Broken { why, .. } => format!("breaks here, {place}: {why}"),
        Shape::NotJson | Shape::Valid | Shape::ValidSequence => format!("breaks here, {place}: this is no JSON"),
    }
}

struct Build<'a> {
    text: &'a [u8],
    rows: Vec<Packed>,
    open: Vec<Unclosed>,
    /// Where the name begins that waits for its value.
    name: Option<u32>,
    /// Values at the top level so far.
    top: u32,
    long: Vec<Long>,
    unclosed: Vec<Unclosed>,
}

impl Build<'_> {
    fn step(&mut self, step: &Stepped) {
        let (start, end) = (narrow(step.token.start), narrow(step.token.end));
        match step.role {
            Role::Key => {
                self.name = Some(start);
                self.measure(start, end);
            }
            Role::Value => {
                self.measure(start, end);
                let (at, flags) = self.begin(start);
                let mut row = Packed::new(Kind::Leaf, at, step.depth, flags);
                (row.parent, row.link) = self.child();
                self.rows.push(row);
            }
            Role::Open => {
                let array = if step.token.kind == json::Kind::ArrayOpen { ARRAY } else { 0 };
                let (at, flags) = self.begin(start);
                let mut row = Packed::new(Kind::Open, at, step.depth, flags | array);
                let (parent, index) = self.child();
                row.parent = parent;
                self.open.push(Unclosed { row: narrow(self.rows.len()), index, children: 0 });
                self.rows.push(row);
            }
            Role::Close => self.close(start, step.depth),
            Role::Colon | Role::Comma => {}
        }
    }

    /// Where a row begins whose value begins at `value`: at the name, if it has one.
    fn begin(&mut self, value: u32) -> (u32, u32) {
        self.name.take().map_or((value, 0), |name| (name, NAMED))
    }

    /// The parent of a row that comes now, and its index within.
    fn child(&mut self) -> (u32, u32) {
        let (parent, count) = match self.open.last_mut() {
            Some(around) => (around.row, &mut around.children),
            None => (NONE, &mut self.top),
        };
        let index = *count;
        *count = count.saturating_add(1);
        (parent, index)
    }

    fn close(&mut self, start: u32, depth: usize) {
        let Some(open) = self.open.pop() else { return };
        let row = narrow(self.rows.len());
        let Some(opening) = self.rows.get_mut(open.row as usize) else { return };
        if open.children == 0 {
            let flags = opening.depth_kind & (ARRAY | NAMED);
            let leaf = Packed::new(Kind::Leaf, opening.start, depth, flags);
            *opening = Packed { parent: opening.parent, link: open.index, ..leaf };
            return;
        }
        opening.link = row;
        let closing = Packed::new(Kind::Close, start, depth, opening.depth_kind & ARRAY);
        self.rows.push(Packed { link: open.row, parent: open.index, ..closing });
    }

    /// What is still open at the end keeps its index and its count aside, for it has no closing row to keep them.
    fn leave_open(&mut self) {
        let last = narrow(self.rows.len().saturating_sub(1));
        for open in &self.open {
            if let Some(row) = self.rows.get_mut(open.row as usize) {
                row.link = last;
                row.depth_kind |= UNCLOSED;
            }
        }
        self.unclosed = std::mem::take(&mut self.open);
    }

    /// The row that says so, then the rest as lines. A name without its value belongs to the rest.
    fn broken(&mut self, at: usize, depth: usize) {
        let from = self.name.map_or(at, |name| name as usize);
        self.rows.push(Packed::new(Kind::Break, narrow(from), depth, 0));
        let mut start = from;
        while let Some(rest) = self.text.get(start..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |end| start + end);
            self.rows.push(Packed::new(Kind::Raw, narrow(start), 0, 0));
            self.measure(narrow(start), narrow(end));
            start = end + 1;
        }
    }

    fn measure(&mut self, start: u32, end: u32) {
        let length = end.saturating_sub(start) as usize;
        if Ruler::pays(length)
            && let Some(text) = self.text.get(start as usize..end as usize)
        {
            // A name that waited for its value was measured before, and is measured again as part of the raw rest.
            while self.long.pop_if(|long| long.start >= start).is_some() {}
            self.long.push(Long { start, end, ruler: Ruler::new(text) });
        }
    }
}

/// Positions fit 32 bits because the source does.
fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

impl Tree {
    /// Members or elements of the object or array that opens on this row.
    pub fn children(&self, row: Row) -> u32 {
        let Some(open) = self.packed(row).filter(|open| open.kind() == Kind::Open) else { return 0 };
        if open.has(UNCLOSED) {
            return self.unclosed_at(row).map_or(0, |unclosed| unclosed.children);
        }
        let last = open.link.checked_sub(1).and_then(|last| self.packed(Row(last)));
        last.map_or(0, |last| if last.kind() == Kind::Close { last.parent } else { last.link }.saturating_add(1))
    }

    /// The index of a row within its parent, from 0; a closing bracket has that of its opening one.
    pub fn index(&self, row: Row) -> u32 {
        let Some(packed) = self.packed(row) else { return 0 };
        match packed.kind() {
            Kind::Leaf => packed.link,
            Kind::Close => packed.parent,
            Kind::Open if packed.has(UNCLOSED) => self.unclosed_at(row).map_or(0, |unclosed| unclosed.index),
            Kind::Open => self.packed(Row(packed.link)).map_or(0, |close| close.parent),
            Kind::Break | Kind::Raw => 0,
        }
    }

    fn unclosed_at(&self, row: Row) -> Option<&Unclosed> {
        let at = self.unclosed.binary_search_by_key(&row.0, |unclosed| unclosed.row).ok()?;
        self.unclosed.get(at)
    }
}
