//! Bytes in hexadecimal, sixteen a row. Nothing is prepared: a row is made when it is drawn.

use std::ops::Range;

use crate::text::{Class, Painter, Window};
use crate::tree::{Found, Needle, Row};

/// Bytes of a row.
const ROW: usize = 16;

pub(super) fn rows(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len().div_ceil(ROW)).unwrap_or(u32::MAX)
}

/// Hexadecimal digits of an offset: as many as the last one of the value needs, in steps, so that sixteen bytes and their
/// letters fit into 72 columns for all that a live view holds.
fn digits_of(length: usize) -> usize {
    match length {
        0..=0x1_0000 => 4,
        0x1_0001..=0x100_0000 => 6,
        _ => 8,
    }
}

/// `0010  68 65 6c 6c 6f 20 77 6f  72 6c 64 …  hello world…`; with a longer offset the gaps are one column each.
pub(super) fn paint(painter: &mut Painter, bytes: &[u8], row: Row, hits: &[Range<usize>]) {
    let start = row.0 as usize * ROW;
    let Some(rest) = bytes.get(start..) else { return };
    let shown = rest.get(..ROW).unwrap_or(rest);
    let digits = digits_of(bytes.len());
    let gap = if digits == 4 { "  " } else { " " };
    painter.own(&format!("{start:0digits$x}"), Class::Dim);
    for at in 0..ROW {
        painter.own(
            if at == 0 {
                gap
            } else if at == 8 {
                "  "
            } else {
                " "
            },
            Class::Text,
        );
        match shown.get(at) {
            Some(byte) => painter.stand_in(&format!("{byte:02x}"), class(*byte), is_hit(hits, start + at)),
            None => painter.own("  ", Class::Text),
        }
    }
    painter.own(gap, Class::Text);
    for (at, &byte) in shown.iter().enumerate() {
        let letter = if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '·' };
        painter.stand_in(letter.encode_utf8(&mut [0; 4]), class(byte), is_hit(hits, start + at));
    }
}

fn class(byte: u8) -> Class {
    match byte {
        0 => Class::Dim,
        b' '..=b'~' => Class::String,
        _ => Class::Number,
    }
}

fn is_hit(hits: &[Range<usize>], at: usize) -> bool {
    let first = hits.partition_point(|hit| hit.end <= at);
    hits.get(first).is_some_and(|hit| hit.start <= at)
}

/// A match over several rows is a hit on each of them.
pub(super) fn search(bytes: &[u8], needle: &Needle) -> Found {
    let mut found = Found::default();
    for range in needle.in_text(bytes) {
        let mut at = range.start;
        while at < range.end {
            let row = at / ROW;
            let end = ((row + 1) * ROW).min(range.end);
            let Ok(row) = u32::try_from(row) else { return found };
            if !found.push(Row(row), at..end) {
                return found;
            }
            at = end;
        }
    }
    found
}

/// The hexadecimal digits of some bytes, for a preview.
pub(super) fn digits(painter: &mut Painter, bytes: &[u8], hits: &[Range<usize>]) {
    for (at, byte) in bytes.iter().enumerate() {
        if painter.full() {
            return;
        }
        if at > 0 {
            painter.own(" ", Class::Text);
        }
        painter.stand_in(&format!("{byte:02x}"), class(*byte), is_hit(hits, at));
    }
}

/// All rows as they are drawn, for copying.
pub(super) fn dump(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(5));
    for row in (0..rows(bytes)).map(Row) {
        let mut painter = Painter::new(Window::wide(ROW * 5 + 20));
        paint(&mut painter, bytes, row, &[]);
        out += painter.finish().text().trim_end();
        out.push('\n');
    }
    out
}
