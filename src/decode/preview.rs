//! One line of a value for a list: made while drawing, from the first kilobytes alone.

use std::ops::Range;

use super::{hex, sniff};
use crate::json::{Kind, Reader, Role, Shape};
use crate::text::{Class, Line, Painter, Segment, Window, boundary};

/// Bytes that are looked at where nothing matched further on.
const LOOKED_AT: usize = 4096;

/// Bytes in which a list looks for what to underline: a preview goes as far as this to a hit, and no further.
pub const HITS_WITHIN: usize = 16 << 10;

/// Columns of an opaque string that stay when a value is too long for its line.
const KEPT: usize = 4;

/// Longer opaque strings (ids, hashes, tokens) are shortened.
const OPAQUE: usize = 16;

/// A value on one line: JSON without white space, text, or hex digits. Values too long for the line have their ids and
/// hashes shortened (`"9f31…"`), so that what follows can be seen. `hits` are matched bytes of the value, sorted: they are
/// marked, and never shortened; when the first of them lies to the right of what there is room for, the line begins with `…`
/// and shows the part around it.
pub fn preview(value: Option<&[u8]>, columns: usize, hits: &[Range<usize>]) -> Line {
    let line = painted(value, Window::wide(columns), columns, hits);
    let Some(first) = hits.first().filter(|hit| hit.end <= HITS_WITHIN) else { return line };
    // Bytes are no columns, but of text that is all shown there is nothing to the right.
    if value.is_none_or(|value| value.len() <= columns && line.width() < columns) {
        return line;
    }
    let (start, width) = place(&painted(value, Window::wide(first.end.saturating_mul(WIDEST)), columns, hits));
    if width == 0 || start + width < columns || columns < 2 {
        return line;
    }
    // A third of the line stands before the hit, less when it is long.
    let before = (columns / 3).min((columns - 2).saturating_sub(width));
    let from = start.saturating_sub(before);
    if from == 0 {
        return line;
    }
    let mut line = painted(value, Window { from, columns: columns - 1 }, columns, hits);
    line.segments.insert(0, Segment::own("…", Class::Dim));
    line
}

/// Columns that one byte takes at most: `⟨U+00A0⟩` of two, `\xff` of one.
const WIDEST: usize = 4;

/// Column and columns of the first hit of a line.
fn place(line: &Line) -> (usize, usize) {
    let start = line.segments.iter().take_while(|segment| !segment.hit).map(Segment::width).sum();
    let hit = line.segments.iter().skip_while(|segment| !segment.hit).take_while(|segment| segment.hit);
    (start, hit.map(Segment::width).sum())
}

fn painted(value: Option<&[u8]>, window: Window, columns: usize, hits: &[Range<usize>]) -> Line {
    let mut painter = Painter::new(window);
    match value {
        None => painter.own("∅ null", Class::Dim),
        Some([]) => painter.own("\"\"", Class::Dim),
        Some(bytes) => {
            let hit = hits.first().map_or(0, |hit| hit.end).min(HITS_WITHIN);
            let start = bytes.get(..boundary(bytes, LOOKED_AT.max(hit + columns))).unwrap_or(bytes);
            if sniff::json_start(start) {
                json(&mut painter, start, bytes.len() > columns, hits);
            } else if readable(start) {
                painter.matched(start, 0, Class::Text, hits);
            } else {
                hex::digits(&mut painter, start, hits);
            }
            if start.len() < bytes.len() {
                painter.unfinished();
            }
        }
    }
    painter.finish()
}

fn json(painter: &mut Painter, text: &[u8], long: bool, hits: &[Range<usize>]) {
    let mut end = 0;
    let mut reader = Reader::new(text);
    for step in reader.by_ref() {
        if painter.full() {
            return;
        }
        let token = step.token.of(text);
        let class = match (step.role, step.token.kind) {
            (Role::Key, _) => Class::Key,
            (Role::Value, Kind::String) => Class::String,
            (Role::Value, Kind::Number) => Class::Number,
            (Role::Value, _) => Class::Word,
            _ => Class::Punctuation,
        };
        // Several values stand apart.
        if step.depth == 0 && end > 0 && matches!(step.role, Role::Open | Role::Value) {
            painter.own(" ", Class::Text);
        }
        end = step.token.end;
        let range = step.token.start..end;
        if long && class == Class::String && is_opaque(token) && !hits.iter().any(|hit| hit.start < range.end && hit.end > range.start) {
            painter.bytes(token.get(..=KEPT).unwrap_or(token), class);
            painter.own("…", Class::Dim);
            painter.own("\"", class);
        } else {
            painter.matched(token, range.start, class, hits);
        }
    }
    // What is cut keeps its colour: of a large value only the beginning was looked at.
    if let Some(at) = reader.stopped_at() {
        let (at, class) = match reader.shape() {
            Shape::Truncated { .. } if text.get(at) == Some(&b'"') => (at, Class::String),
            _ => (end, Class::Text),
        };
        painter.matched(text.get(at..).unwrap_or_default(), at, class, hits);
    }
}

/// A long string of printable ASCII without spaces.
fn is_opaque(token: &[u8]) -> bool {
    token.len() > OPAQUE + 2 && token.iter().all(u8::is_ascii_graphic)
}

/// Mostly letters: Latin-1 text is better read with a few `\xe9` than in hex.
fn readable(bytes: &[u8]) -> bool {
    if sniff::text(bytes) {
        return true;
    }
    let start = bytes.get(..64).unwrap_or(bytes);
    sniff::schema_id(bytes).is_none() && start.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').count() * 4 > start.len() * 3
}
