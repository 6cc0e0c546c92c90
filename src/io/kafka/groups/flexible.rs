//! Kafka's flexible encodings (KIP-482), for the few answers whose schema the protocol crate lacks or knows in an older version.
//!
//! Nothing is reserved by a count from the wire: every element of an array takes at least one byte, so that a false count ends
//! with the bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::super::wire::{skip_tags, unsigned_varint};

/// Reads an answer. `None`: it ends too early, or is no text where text should be.
#[derive(Debug)]
pub(super) struct Reader(pub(super) Bytes);

impl Reader {
    pub(super) fn is_empty(&self) -> bool {
        !self.0.has_remaining()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.0.try_get_u8().ok().map(|byte| byte != 0)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        self.0.try_get_i16().ok()
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.0.try_get_i32().ok()
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.0.try_get_i64().ok()
    }

    pub(super) fn skip(&mut self, bytes: usize) -> Option<()> {
        if self.0.remaining() < bytes {
            return None;
        }
        self.0.advance(bytes);
        Some(())
    }

    /// The end of a structure.
    pub(super) fn tags(&mut self) -> Option<()> {
        skip_tags(&mut self.0)
    }

    /// `Some(None)` is null.
    #[expect(clippy::option_option, reason = "the bytes may end early, and the text may be null")]
    pub(super) fn nullable(&mut self) -> Option<Option<String>> {
        let Some(length) = unsigned_varint(&mut self.0)?.checked_sub(1) else { return Some(None) };
        let length = usize::try_from(length).ok()?;
        if self.0.remaining() < length {
            return None;
        }
        let text = self.0.split_to(length);
        Some(Some(std::str::from_utf8(&text).ok()?.to_owned()))
    }

    /// Text that is never null.
    pub(super) fn text(&mut self) -> Option<String> {
        self.nullable()?
    }

    /// An array; null is empty.
    pub(super) fn array<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = unsigned_varint(&mut self.0)?.saturating_sub(1);
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(item(self)?);
        }
        Some(items)
    }

    /// A structure that may be null; read for its place alone.
    pub(super) fn maybe(&mut self, item: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        // A null structure is −1 in a byte.
        match self.0.try_get_i8().ok()? {
            ..0 => Some(()),
            _ => item(self),
        }
    }
}

/// Writes the length of an array, which is one more than it is.
pub(super) fn count(out: &mut BytesMut, n: usize) {
    varint(out, n.saturating_add(1));
}

/// Writes text.
pub(super) fn text(out: &mut BytesMut, text: &str) {
    count(out, text.len());
    out.put_slice(text.as_bytes());
}

/// Ends a structure: no tagged fields.
pub(super) fn end(out: &mut BytesMut) {
    out.put_u8(0);
}

fn varint(out: &mut BytesMut, mut n: usize) {
    while n >= 0x80 {
        out.put_u8(u8::try_from(n & 0x7f).unwrap_or(0) | 0x80);
        n >>= 7;
    }
    out.put_u8(u8::try_from(n).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let long = "x".repeat(300);
        let mut out = BytesMut::new();
        count(&mut out, 2);
        for name in ["", long.as_str()] {
            text(&mut out, name);
        }
        end(&mut out);
        let mut reader = Reader(out.freeze());
        assert_eq!(reader.array(Reader::text), Some(vec![String::new(), long]));
        assert_eq!((reader.tags(), reader.is_empty()), (Some(()), true));
    }

    #[test]
    fn a_false_count_or_length_ends_with_the_bytes() {
        assert_eq!(Reader(Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1])).array(Reader::text), None);
        assert_eq!(Reader(Bytes::from_static(&[9, b'a'])).nullable(), None);
        assert_eq!(Reader(Bytes::from_static(&[0])).nullable(), Some(None));
        assert_eq!(Reader(Bytes::from_static(&[3, 0xff, 0xfe])).text(), None);
    }
}
