//! `odd-records`: what is legal and awkward. Each record's key or its header `case` says what it is.

use std::fmt::Write as _;

use super::{Garden, MINUTE_MS, Made, append};
use crate::model::Codec;
use crate::sandbox::log::Log;

/// Bytes of the large value.
const LARGE: usize = 1_500_000;

pub(super) fn plant(garden: &mut Garden) {
    let records = records();
    let start = garden.now_ms.saturating_sub(90 * MINUTE_MS);
    let mut log = Log::default();
    for (n, mut record) in (0_i64..).zip(records) {
        record.time_ms = start.saturating_add(n * 2 * MINUTE_MS);
        append(&mut log, Codec::None, 1, &[record]);
    }
    for (case, time_ms) in [("no timestamp", -1), ("before 1970", -86_400_000), ("year 9999", 253_402_300_799_000)] {
        append(&mut log, Codec::None, 1, &[Made::new(time_ms, case, format!("time {time_ms}"))]);
    }
    garden.plant("odd-records", &[("max.message.bytes", "5242880"), ("retention.ms", "-1")], vec![log]);
}

fn records() -> Vec<Made> {
    let mut all = keys_and_values();
    all.extend(headers());
    all.extend(texts());
    all.extend(json());
    all
}

fn named(case: &str, value: impl AsRef<[u8]>) -> Made {
    Made::new(0, case, value)
}

fn keys_and_values() -> Vec<Made> {
    let bare = |case: &str, key: Option<&[u8]>, value: Option<&[u8]>| {
        Made { key: key.map(<[u8]>::to_vec), value: value.map(<[u8]>::to_vec), ..Made::default() }.header("case", case)
    };
    vec![
        bare("null key", None, Some(b"a value")),
        bare("empty key", Some(b""), Some(b"a value")),
        bare("null value: a tombstone", Some(b"k"), None),
        bare("empty value", Some(b"k"), Some(b"")),
        bare("null key and null value", None, None),
        bare("key that is no UTF-8", Some(b"\xff\xfe\x80key"), Some(b"a value")),
        bare("key of JSON", Some(br#"{"tenant":"acme","id":7}"#), Some(b"a value")),
        named("value that is no UTF-8", b"caf\xe9 \x80\x81\xff"),
        named("eight bytes", 42_i64.to_be_bytes()),
        named("four bytes", 1_000_000_i32.to_be_bytes()),
        named("all 256 bytes", (0..=255).collect::<Vec<u8>>()),
        named("framed as a schema registry does", [&b"\x00\x00\x00\x00\x2a"[..], br#"{"id":1}"#].concat()),
    ]
}

fn headers() -> Vec<Made> {
    let mut nulls = named("null and empty headers", "{}").header("empty", "");
    nulls.headers.push((b"null".to_vec(), None));
    let mut bytes = named("headers that are no UTF-8", "{}").header(b"\xff\xfename", b"\x00\x01\xff").header("", "without a name");
    bytes.headers.push((b"number".to_vec(), Some(7_i32.to_be_bytes().to_vec())));
    let many = (0..100).fold(named("a hundred headers", "{}"), |made, n| made.header(format!("h{n}"), n.to_string()));
    vec![
        named("duplicate headers", "{}").header("retry", "1").header("retry", "2").header("other", "x").header("retry", "1"),
        nulls,
        bytes,
        many,
    ]
}

fn texts() -> Vec<Made> {
    vec![
        named("escape sequences", "\u{1b}[2J\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7} \u{9b}31m \u{8}\u{7f}"),
        named("carriage returns", "shown\rHIDDEN\r\nnext\u{b}line"),
        named("bidi", "user\u{202e}txt.exe\u{202c} \u{2066}isolated\u{2069} \u{200f}mark"),
        named("zero width and tags", "a\u{200b}b\u{200d}c\u{feff}d\u{e0041}\u{e0042}e\u{ad}f"),
        named("wide and combined", "漢字 e\u{301} 👩‍👩‍👧‍👦 🇩🇰 ﷽ \u{1f3fd}"),
        named("tabs and lines", "name\tcount\none\t1\ntwo\t2\n"),
        named("a long line", "0123456789".repeat(2_000)),
    ]
}

fn json() -> Vec<Made> {
    let mut large = String::with_capacity(LARGE + 100);
    large.push_str(r#"{"case":"a large value","rows":["#);
    let mut n = 0_u32;
    while large.len() < LARGE {
        large.push_str(if n > 0 { "," } else { "" });
        // Writing to a String does not fail.
        let _written = write!(large, r#"{{"n":{n},"text":"row {n} of many"}}"#);
        n += 1;
    }
    large.push_str("]}");
    vec![
        named("big integers", r#"{"id":9007199254740993,"i64":9223372036854775807,"huge":123456789012345678901234567890,"amount":0.1000}"#),
        named("exponents", r#"{"a":1e400,"b":-0.0,"c":1E-7,"d":100000000000000000000.000000000000000001}"#),
        named("duplicate names", r#"{"status":"old","status":"new","status":null}"#),
        named("escapes in JSON", r#"{"tab":"\t","unicode":"é😀","lone":"\ud83d","nul":"\u0000","escape":"\u001b[31m"}"#),
        named("names of every kind", r#"{"":1,"a.b":2,"with space":3,"quote\"d":4,"日本":5}"#),
        named("deep", format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000))),
        named("broken: cut off", r#"{"order_id":"ord-1","items":[{"sku":"MUG-01","quantity":"#),
        named("broken: single quotes", "{'user_id': 12, 'page': '/home'}"),
        named("broken: trailing comma", r#"{"a":1,}"#),
        named("two values", "{\"a\":1}\n{\"a\":2}"),
        named("a bare number", "42"),
        named("a bare string", r#""text""#),
        named("a large value", large),
    ]
}
