//! A record as one line of JSON: the public form of `kscope tail -o ndjson`, of exports and of copied records.
//!
//! Keys always stand in the same order, nothing is absent but what does not apply, bytes that are not UTF-8 are base64
//! and say so: who reads the line can make the record again, byte for byte.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::{Header, Outcome, RecordRef, TimestampType};

/// Where the line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A file or a pipe: only what JSON demands is escaped.
    Data,
    /// A terminal: whatever could act on it is written as `\uXXXX`, which means the same to a JSON parser.
    Terminal,
}

/// Appends the record as one line, with its line break.
pub fn write(out: &mut Vec<u8>, topic: &str, record: &RecordRef<'_>, txn: Option<Outcome>, target: Target) {
    out.reserve(record.size() * 2 + 192);
    out.extend_from_slice(b"{\"topic\":");
    string(out, topic, target);
    out.extend_from_slice(b",\"partition\":");
    integer(out, i64::from(record.partition.0));
    out.extend_from_slice(b",\"offset\":");
    integer(out, record.offset.0);
    out.extend_from_slice(b",\"timestampMs\":");
    integer(out, record.timestamp_ms);
    out.extend_from_slice(match record.timestamp_type {
        TimestampType::Create => b",\"timestampType\":\"create\"",
        TimestampType::Append => b",\"timestampType\":\"append\"",
        TimestampType::None => b",\"timestampType\":\"none\"".as_slice(),
    });
    field(out, "key", record.key, target);
    field(out, "value", record.value, target);
    out.extend_from_slice(b",\"headers\":[");
    for (n, header) in record.headers.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_header(out, header, target);
    }
    out.extend_from_slice(b"],\"leaderEpoch\":");
    match record.leader_epoch.0 {
        // Formats 0 and 1 do not tell it: unknown is null.
        ..0 => out.extend_from_slice(b"null"),
        epoch => integer(out, i64::from(epoch)),
    }
    if let Some(txn) = txn {
        out.extend_from_slice(b",\"txn\":\"");
        out.extend_from_slice(txn.word().as_bytes());
        out.push(b'"');
    }
    out.extend_from_slice(b"}\n");
}

/// The headers alone, as the array that stands in a record's line.
pub fn write_headers(out: &mut Vec<u8>, record: &RecordRef<'_>, target: Target) {
    out.push(b'[');
    for (n, header) in record.headers.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_header(out, header, target);
    }
    out.push(b']');
}

fn write_header(out: &mut Vec<u8>, header: Header<'_>, target: Target) {
    // The first field of an object has no comma in front of it.
    let start = out.len();
    field(out, "key", Some(header.key), target);
    if let Some(comma) = out.get_mut(start) {
        *comma = b'{';
    }
    field(out, "value", header.value, target);
    out.push(b'}');
}

/// `,"name":"text"`, and behind it `,"nameEncoding":"base64"` when the bytes are no text.
fn field(out: &mut Vec<u8>, name: &str, bytes: Option<&[u8]>, target: Target) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    let Some(bytes) = bytes else {
        out.extend_from_slice(b"null");
        return;
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        string(out, text, target);
        return;
    }
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    if let Some(room) = out.get_mut(start..) {
        // The room is exactly what the encoding takes, so this cannot fail.
        let _written = STANDARD.encode_slice(bytes, room);
    }
    out.extend_from_slice(b"\",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"Encoding\":\"base64\"");
}

/// Bytes of a word that are zero, each as 0x80 in its place.
const fn zeros(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}

/// Quotes and backslashes of a word, each as 0x80 in its place, and whether there is any control character.
#[inline]
const fn marks(word: u64) -> (u64, bool) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let quotes = zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64));
    (quotes, zeros(word & (ONES * 0xe0)) != 0)
}

/// A JSON string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str, target: Target) {
    out.push(b'"');
    if target == Target::Terminal && !text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        for c in text.chars() {
            terminal_safe(out, c);
        }
    } else {
        escaped(out, text.as_bytes());
    }
    out.push(b'"');
}

/// Room for what eight bytes become at most, twice: a flush is rare and a store of eight bytes never ends outside.
const ROOM: usize = 256;

/// The bytes with quotes, backslashes and control characters escaped. JSON within JSON has a quote every seven bytes, so this
/// goes by words: each is stored whole, then again from each quote on, one byte further.
fn escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut buffer = [0_u8; ROOM];
    let mut filled = 0;
    let (words, rest) = bytes.as_chunks::<8>();
    for chunk in words {
        let word = u64::from_le_bytes(*chunk);
        let (mut quotes, control) = marks(word);
        if control {
            out.extend_from_slice(&buffer[..filled]);
            filled = 0;
            for &byte in chunk {
                escape(out, byte);
            }
            continue;
        }
        if filled > ROOM - 24 {
            out.extend_from_slice(&buffer[..filled]);
            filled = 0;
        }
        let (mut left, mut done) = (word, 0);
        while quotes != 0 {
            let at = quotes.trailing_zeros() as usize / 8;
            store(&mut buffer, filled, left);
            filled += at - done;
            if let Some(place) = buffer.get_mut(filled) {
                *place = b'\\';
            }
            filled += 1;
            left = word >> (at * 8);
            done = at;
            quotes &= quotes - 1;
        }
        store(&mut buffer, filled, left);
        filled += 8 - done;
    }
    out.extend_from_slice(&buffer[..filled]);
    for &byte in rest {
        escape(out, byte);
    }
}

#[inline]
fn store(buffer: &mut [u8; ROOM], at: usize, word: u64) {
    if let Some(place) = buffer.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *place = word.to_le_bytes();
    }
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => unicode(out, u16::from(byte)),
        _ => out.push(byte),
    }
}

fn unicode(out: &mut Vec<u8>, unit: u16) {
    // Writing to a Vec does not fail.
    let _written = write!(out, "\\u{unit:04x}");
}

fn terminal_safe(out: &mut Vec<u8>, c: char) {
    let mut buffer = [0; 4];
    let text = c.encode_utf8(&mut buffer);
    if let [byte @ (0..0x20 | b'"' | b'\\')] = *text.as_bytes() {
        escape(out, byte);
    } else if super::Shown::of(text).as_str() == text {
        out.extend_from_slice(text.as_bytes());
    } else {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            unicode(out, *unit);
        }
    }
}

/// A whole number.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, PartitionId};

    fn line(key: Option<&[u8]>, value: Option<&[u8]>, headers: Headers<'_>, target: Target) -> String {
        let record = RecordRef {
            partition: PartitionId(3),
            offset: Offset(12),
            timestamp_ms: -1,
            timestamp_type: TimestampType::Create,
            key,
            value,
            headers,
            leader_epoch: LeaderEpoch(14),
            transaction: None,
        };
        let mut out = Vec::new();
        write(&mut out, "clicks", &record, Some(Outcome::Aborted), target);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_stand_in_their_order_and_null_is_not_empty() {
        // "a" = null, "" = 0xff
        let wire = [2, b'a', 1, 0, 2, 0xff];
        assert_eq!(
            line(Some(b""), None, Headers::from_wire(&wire, 2), Target::Data),
            concat!(
                r#"{"topic":"clicks","partition":3,"offset":12,"timestampMs":-1,"timestampType":"create","key":"","value":null,"#,
                r#""headers":[{"key":"a","value":null},{"key":"","value":"/w==","valueEncoding":"base64"}],"leaderEpoch":14,"txn":"aborted"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn whatever_the_text_json_gives_it_back() {
        let texts = ["plain", "\"\\\n\r\t\u{0}\u{1f}", "é 漢 🎉 \u{202e}\u{7f}\u{9b}31m", "{\"a\":1}"];
        for text in texts {
            for target in [Target::Data, Target::Terminal] {
                let line = line(None, Some(text.as_bytes()), Headers::default(), target);
                let back: serde_json::Value = serde_json::from_str(&line).unwrap();
                assert_eq!(back["value"], text);
            }
        }
    }

    #[test]
    fn escapes_are_exact_wherever_they_stand() {
        let letters = ["a", "\"", "\\", "\n", "\u{1}", "é", "\u{80}", "\u{ff}"];
        let mut seed = 7_u64;
        for length in 0..600 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                letters[usize::try_from(seed >> 33).unwrap() % if length % 3 == 0 { 2 } else { letters.len() }]
            };
            let text: String = (0..length).map(|_| next()).collect();
            let mut out = Vec::new();
            string(&mut out, &text, Target::Data);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_is_written_to_one() {
        let line = line(Some("\u{9b}31m\u{7f}\u{202e}".as_bytes()), Some(b"\x1b[2J\x07"), Headers::default(), Target::Terminal);
        assert!(line.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line:?}");
    }

    #[test]
    fn integers_are_exact_at_the_ends_of_their_range() {
        for n in [0, 7, -1, i64::MAX, i64::MIN, 10, 99] {
            let mut out = Vec::new();
            integer(&mut out, n);
            assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
        }
    }
}
