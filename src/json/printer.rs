//! Prints JSON text anew, changing white space alone: every scalar keeps its bytes, names keep their order and
//! duplicates. What is not JSON is printed up to the break, and from there as it is.

use super::reader::{Reader, Role, Shape};

/// Levels that are indented; deeper ones stand at the same column, so that 100,000 levels do not print gigabytes.
const INDENTED: usize = 32;
const SPACES: &[u8; 2 * INDENTED] = &[b' '; 2 * INDENTED];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Lines,
    OneLine,
}

/// Appends the text with one member or element per line and two spaces a level, without a line break at the end.
/// Several values stand on lines of their own. A byte order mark is dropped. Returns what the text is.
pub fn pretty(text: &[u8], out: &mut Vec<u8>) -> Shape {
    out.reserve(text.len() + text.len() / 2);
    print(text, out, Layout::Lines)
}

/// Appends the text on one line, without spaces but between several values. Returns what the text is.
pub fn compact(text: &[u8], out: &mut Vec<u8>) -> Shape {
    out.reserve(text.len());
    print(text, out, Layout::OneLine)
}

#[inline]
fn line(out: &mut Vec<u8>, layout: Layout, depth: usize) {
    if layout == Layout::Lines {
        out.push(b'\n');
        out.extend_from_slice(SPACES.get(..2 * depth.min(INDENTED)).unwrap_or(SPACES));
    }
}

fn print(text: &[u8], out: &mut Vec<u8>, layout: Layout) -> Shape {
    let from = out.len();
    // The token before: a line is due behind a comma, and behind a bracket that opened unless it closes at once.
    let (mut before, mut end) = (None, 0);
    let mut reader = Reader::new(text);
    for step in reader.by_ref() {
        match (step.role, before) {
            (Role::Key | Role::Value | Role::Open, Some(Role::Comma | Role::Open)) => line(out, layout, step.depth),
            (Role::Key | Role::Value | Role::Open, _) if step.depth == 0 && out.len() > from => {
                out.push(if layout == Layout::Lines { b'\n' } else { b' ' });
            }
            (Role::Close, Some(role)) if role != Role::Open => line(out, layout, step.depth),
            _ => {}
        }
        out.extend_from_slice(step.token.of(text));
        if step.role == Role::Colon && layout == Layout::Lines {
            out.push(b' ');
        }
        before = Some(step.role);
        end = step.token.end;
    }
    if let Some(at) = reader.stopped_at() {
        let mut verbatim = end;
        if let Some(Role::Comma | Role::Open) = before
            && at < text.len()
        {
            line(out, layout, reader.depth());
            verbatim = at;
        } else if before == Some(Role::Colon) {
            verbatim = at;
        }
        out.extend_from_slice(text.get(verbatim..).unwrap_or_default());
    }
    reader.shape()
}
