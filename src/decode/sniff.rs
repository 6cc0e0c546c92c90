//! What bytes seem to be, from as little of them as will do.

use crate::json::{self, Reader, Role, Shape};
use crate::tree::Tree;

/// Bytes whose share of controls decides whether UTF-8 is text.
const LOOKED_AT: usize = 4096;

/// The first byte that is not white space, behind a byte order mark.
fn first(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Whether a tree can show anything of it.
pub(super) fn json_start(bytes: &[u8]) -> bool {
    matches!(first(bytes), Some(b'{' | b'[')) || json::looks_like(bytes)
}

/// JSON, or JSON that breaks behind its first name or element: what breaks at once never was any.
pub(super) fn json(bytes: &[u8]) -> bool {
    if !matches!(first(bytes), Some(b'{' | b'[')) {
        return json::looks_like(bytes);
    }
    let mut reader = Reader::new(bytes);
    let opened = reader.next();
    let within = reader.next().is_some_and(|step| matches!(step.role, Role::Key | Role::Value | Role::Open | Role::Close));
    opened.is_some() && (within || matches!(reader.shape(), Shape::Truncated { .. }))
}

/// Whether a tree is a line of text that begins with a bracket: `[17] done`.
pub(super) fn line_of_text(tree: &Tree) -> bool {
    let broken = tree.break_row().is_some_and(|row| tree.depth(row) == 0);
    broken && matches!(tree.shape(), Shape::Broken { .. }) && first(tree.source()) == Some(b'[')
}

/// UTF-8 with few controls: eight small bytes of a number are UTF-8 too.
pub(super) fn text(bytes: &[u8]) -> bool {
    if schema_id(bytes).is_some() || std::str::from_utf8(bytes).is_err() {
        return false;
    }
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let odd = |byte: &&u8| (**byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x1b)) || **byte == 0x7f;
    start.iter().filter(odd).count() * 8 <= start.len()
}

/// The schema id when the bytes are framed as a schema registry's serializers do it: a zero byte, four bytes of id, data.
/// Eight bytes are rather a number.
pub fn schema_id(bytes: &[u8]) -> Option<u32> {
    let (&magic, rest) = bytes.split_first()?;
    let id = u32::from_be_bytes(*rest.first_chunk()?);
    (magic == 0 && bytes.len() != 8 && (1..=10_000_000).contains(&id)).then_some(id)
}
