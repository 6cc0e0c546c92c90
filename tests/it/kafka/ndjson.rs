//! Reads the program's NDJSON back into what was written, and checks the order of keys on the way.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::truth::Written;

/// A record as a line tells it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) topic: String,
    pub(crate) record: Written,
    /// `None` is null: formats 0 and 1 know no epoch.
    pub(crate) leader_epoch: Option<i64>,
}

/// Every key that a record may have, in its place.
const KEYS: [&str; 11] = [
    "topic",
    "partition",
    "offset",
    "timestampMs",
    "timestampType",
    "key",
    "keyEncoding",
    "value",
    "valueEncoding",
    "headers",
    "leaderEpoch",
];

/// Reads one line. Panics on anything that the documented form does not allow.
#[track_caller]
pub(crate) fn parse(line: &str) -> Line {
    let Members(members) = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:.300}"));
    let order: Vec<usize> = members.iter().map(|(key, _)| place(key)).collect();
    assert!(order.is_sorted_by(|a, b| a < b), "keys out of order: {line:.300}");
    let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let text = |name: &str| get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("{name}: {line:.300}"));
    let number = |name: &str| get(name).and_then(Value::as_i64).unwrap_or_else(|| panic!("{name}: {line:.300}"));
    let headers = headers_of(line).into_iter().map(|Members(header)| {
        let get = |name: &str| header.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let names: Vec<&str> = header.iter().map(|(key, _)| key.as_str()).filter(|k| !k.ends_with("Encoding")).collect();
        assert_eq!(names, ["key", "value"], "{line:.300}");
        (bytes(get("key"), get("keyEncoding")).expect("a header has a name"), bytes(get("value"), get("valueEncoding")))
    });
    Line {
        topic: text("topic").to_owned(),
        record: Written {
            partition: i32::try_from(number("partition")).expect("a partition"),
            offset: number("offset"),
            timestamp_ms: number("timestampMs"),
            timestamp_type: word(text("timestampType"), &["create", "append", "none"]),
            key: bytes(get("key"), get("keyEncoding")),
            value: bytes(get("value"), get("valueEncoding")),
            headers: headers.collect(),
            txn: get("txn").map(|v| word(v.as_str().expect("a word"), &["committed", "aborted", "open"])),
        },
        leader_epoch: get("leaderEpoch").expect("always there").as_i64(),
    }
}

fn place(key: &str) -> usize {
    KEYS.iter().chain(&["txn"]).position(|k| *k == key).unwrap_or_else(|| panic!("an undocumented key: {key}"))
}

fn word(found: &str, allowed: &[&'static str]) -> &'static str {
    allowed.iter().find(|w| **w == found).unwrap_or_else(|| panic!("not one of {allowed:?}: {found}"))
}

/// Text, or base64 where the encoding says so; null is `None`. Base64 of what would have been text is refused.
fn bytes(value: Option<&Value>, encoding: Option<&Value>) -> Option<Vec<u8>> {
    let text = match value.expect("null, but never absent") {
        Value::Null => return None,
        other => other.as_str().expect("text"),
    };
    let Some(encoding) = encoding else { return Some(text.as_bytes().to_vec()) };
    assert_eq!(encoding, "base64");
    let bytes = STANDARD.decode(text).expect("base64");
    assert!(std::str::from_utf8(&bytes).is_err(), "text must come as text: {text}");
    Some(bytes)
}

/// An object's members in the order in which they stand: a map would sort them.
#[derive(Debug)]
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

fn headers_of(line: &str) -> Vec<Members> {
    #[derive(serde::Deserialize)]
    struct Headers {
        headers: Vec<Members>,
    }
    serde_json::from_str::<Headers>(line).unwrap_or_else(|e| panic!("{e}: {line:.300}")).headers
}

#[test]
fn a_documented_line_is_read_back() {
    let line = r#"{"topic":"t","partition":3,"offset":12,"timestampMs":-1,"timestampType":"create","key":"/w==","keyEncoding":"base64","value":null,"headers":[{"key":"a","value":null},{"key":"a","value":"b"}],"leaderEpoch":14,"txn":"open"}"#;
    let read = parse(line);
    assert_eq!((read.topic.as_str(), read.leader_epoch), ("t", Some(14)));
    assert_eq!((read.record.key.as_deref(), read.record.value, read.record.txn), (Some(&b"\xff"[..]), None, Some("open")));
    assert_eq!(read.record.headers, [(b"a".to_vec(), None), (b"a".to_vec(), Some(b"b".to_vec()))]);
}

#[test]
#[should_panic(expected = "keys out of order")]
fn keys_in_another_order_are_refused() {
    parse(
        r#"{"partition":3,"topic":"t","offset":1,"timestampMs":1,"timestampType":"create","key":null,"value":null,"headers":[],"leaderEpoch":1}"#,
    );
}
