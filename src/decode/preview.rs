//! One line of a value for a list: made while drawing, from the first kilobytes alone.

use std::ops::Range;

use super::{hex, sniff};
use crate::json::{Kind, Reader, Role, Shape};
use crate::text::{Class, Line, Painter, Window, boundary};

/// Bytes that are looked at.
const LOOKED_AT: usize = 4096;

/// Columns of an opaque string that stay when a value is too long for its line.
const KEPT: usize = 4;

/// Longer opaque strings (ids, hashes, tokens) are shortened.
const OPAQUE: usize = 16;

/// A value on one line: JSON without white space, text, or hex digits. Values too long for the line have their ids and
/// hashes shortened (`"9f31…"`), so that what follows can be seen. `hits` are matched bytes of the value, sorted: they are
/// marked, and never shortened.
pub fn preview(value: Option<&[u8]>, columns: usize, hits: &[Range<usize>]) -> Line {
    let mut painter = Painter::new(Window::wide(columns));
    match value {
        None => painter.own("∅ null", Class::Dim),
        Some([]) => painter.own("\"\"", Class::Dim),
        Some(bytes) => {
            let start = bytes.get(..boundary(bytes, LOOKED_AT)).unwrap_or(bytes);
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
