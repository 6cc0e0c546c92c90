//! The text of JSON strings: decoding escapes, and writing a string in quotes.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// The bytes that a string means. `inside` is what stands between the quotes and was found well formed.
///
/// Half a surrogate pair (`\ud800`) becomes the three bytes that UTF-8 would have for it, which no valid text contains
/// (WTF-8): so it equals itself, and neither U+FFFD nor the other half.
pub fn decode(inside: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', inside) else { return Cow::Borrowed(inside) };
    let mut out = Vec::with_capacity(inside.len());
    let mut rest = inside;
    let mut next = Some(first);
    while let Some((plain, escape)) = next.and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(plain);
        rest = unescape(escape, &mut out);
        next = memchr::memchr(b'\\', rest);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Decodes the escape that `text` starts with and returns what follows it.
fn unescape<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let after = |n: usize| text.get(n..).unwrap_or_default();
    let plain = match text.get(1) {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'u') => {
            let Some(unit) = unit(text) else {
                out.push(b'\\');
                return after(1);
            };
            if (0xd800..0xdc00).contains(&unit)
                && let Some(low) = self::unit(after(6)).filter(|low| (0xdc00..0xe000).contains(low))
            {
                push(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
                return after(12);
            }
            push(unit, out);
            return after(6);
        }
        Some(&other) => other,
        None => b'\\',
    };
    out.push(plain);
    after(2)
}

/// The UTF-16 unit of the `\uXXXX` that `text` starts with.
fn unit(text: &[u8]) -> Option<u32> {
    let hex = text.strip_prefix(b"\\u")?.get(..4)?;
    hex.iter().try_fold(0, |unit, &b| Some(unit << 4 | char::from(b).to_digit(16)?))
}

fn push(scalar: u32, out: &mut Vec<u8>) {
    if let Some(c) = char::from_u32(scalar) {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // A surrogate: 0xd800..=0xdfff is always of this three-byte form.
        let low = |bits: u32| u8::try_from(0x80 | (bits & 0x3f)).unwrap_or(0x80);
        out.extend_from_slice(&[0xed, low(scalar >> 6), low(scalar)]);
    }
}

/// Displays a text as a JSON string, in quotes.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}
