//! One line of NDJSON as a record: what `text::ndjson` writes, read back byte for byte. A line written by hand needs a value and
//! nothing else.
//!
//! Nearly every line is of the common form, which [`quick`] reads in one pass; [`parse`] reads all that JSON allows, and has the
//! words for what is wrong.

mod quick;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};

use super::block::Block;
use crate::core::produce::{Lines, NewRecord};
use crate::model::PartitionId;

/// A record's line. Where it was read (`topic`, `offset`, `leaderEpoch`, `timestampType`) is of no account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::option_option, reason = "null and absent are two things")]
struct Line {
    partition: Option<i32>,
    timestamp_ms: Option<i64>,
    key: Option<String>,
    key_encoding: Option<String>,
    /// The outer `None`: there is none.
    #[serde(default, deserialize_with = "present")]
    value: Option<Option<String>>,
    value_encoding: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
    txn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::option_option, reason = "null and absent are two things")]
struct Header {
    key: String,
    key_encoding: Option<String>,
    #[serde(default, deserialize_with = "present")]
    value: Option<Option<String>>,
    value_encoding: Option<String>,
}

#[expect(clippy::option_option, reason = "null and absent are two things")]
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

/// Adds the record of a line to a block, under the name `n`. `partition`: where it goes whatever it says.
///
/// # Errors
/// Why there is none, in words.
pub(super) fn add(text: &[u8], (lines, partition): (Lines, Option<PartitionId>), n: u64, block: &mut Block) -> Result<(), String> {
    if quick::parse(text, (lines, partition), n, block).is_none() {
        let record = parse(text, lines)?;
        block.push(n, &NewRecord { partition: partition.or(record.partition), ..record });
    }
    Ok(())
}

/// The record of a line.
fn parse(text: &[u8], lines: Lines) -> Result<NewRecord, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| words(&error))?;
    if let Some(txn) = line.txn.as_deref().filter(|txn| *txn != "committed" && !lines.include_aborted) {
        return Err(format!("the record is of a transaction that is {txn}; --include-aborted takes it"));
    }
    let value = line.value.ok_or("there is no value: write \"value\":null for a tombstone")?;
    let mut headers = Vec::with_capacity(line.headers.len());
    for header in line.headers {
        let value = header.value.ok_or("a header has no value: write \"value\":null where it is null")?;
        let key = bytes(Some(header.key), header.key_encoding.as_deref(), "a header's key")?.unwrap_or_default();
        headers.push((key, bytes(value, header.value_encoding.as_deref(), "a header's value")?));
    }
    Ok(NewRecord {
        key: bytes(line.key, line.key_encoding.as_deref(), "key")?,
        value: bytes(value, line.value_encoding.as_deref(), "value")?,
        headers,
        timestamp_ms: line.timestamp_ms,
        partition: line.partition.filter(|_| lines.keep_partition).map(PartitionId),
    })
}

fn bytes(text: Option<String>, encoding: Option<&str>, what: &str) -> Result<Option<Bytes>, String> {
    match (text, encoding) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(format!("{what} is null and has an encoding")),
        (Some(text), None) => Ok(Some(Bytes::from(text))),
        (Some(text), Some("base64")) => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some(Bytes::from(bytes))),
            Err(error) => Err(format!("{what} is no base64: {error}")),
        },
        (Some(_), Some(other)) => Err(format!("{what} has an encoding that is not known: {other}; base64 is")),
    }
}

/// A line is one line: only its column is said.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(why) => format!("column {}: {why}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Headers, LeaderEpoch, Offset, RecordRef, TimestampType};
    use crate::records::build::{Builder, NewRecord as Wire};
    use crate::records::{Found, Scratch, batches};
    use crate::text::ndjson::{self, Target};

    fn parsed(text: &str) -> Result<NewRecord, String> {
        parse(text.as_bytes(), Lines::default())
    }

    #[test]
    fn null_empty_and_absent_are_three_things() {
        let record = parsed(r#"{"key":"","value":null,"headers":[{"key":"a","value":null},{"key":"a","value":""}]}"#).unwrap();
        assert_eq!((record.key.as_deref(), record.value), (Some(&b""[..]), None));
        assert_eq!(record.headers, [(Bytes::from_static(b"a"), None), (Bytes::from_static(b"a"), Some(Bytes::new()))]);
        assert_eq!(parsed(r#"{"value":"v"}"#).unwrap(), NewRecord { value: Some(Bytes::from_static(b"v")), ..NewRecord::default() });
        assert!(parsed(r#"{"key":"k"}"#).unwrap_err().contains("tombstone"));
    }

    #[test]
    fn what_cannot_be_taken_is_said() {
        for (text, word) in [
            (r#"{"value":{"a":1}}"#, "column 9: invalid type: map, expected a string"),
            (r#"{"value":"/w=","valueEncoding":"base64"}"#, "no base64"),
            (r#"{"value":"x","valueEncoding":"hex"}"#, "not known: hex"),
            (r#"{"value":null,"valueEncoding":"base64"}"#, "null and has an encoding"),
            (r#"{"value":"x","txn":"open"}"#, "open; --include-aborted"),
            (r#"{"value":"x"} x"#, "trailing"),
            (r#"{"value":"x","value":"y"}"#, "duplicate field"),
            (r#"{"value":"x","timestampMs":1.5}"#, "expected i64"),
            ("\u{feff}{}", "column 1"),
        ] {
            let why = parsed(text).unwrap_err();
            assert!(why.contains(word), "{text}: {why}");
        }
        assert!(parse(br#"{"value":"x","txn":"aborted"}"#, Lines { include_aborted: true, keep_partition: false }).is_ok());
    }

    fn some() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..30),
            "\\PC{0,20}".prop_map(String::into_bytes),
            "[\\x00-\\x7f]{0,9}".prop_map(String::into_bytes)
        ]
    }

    proptest! {
        #[test]
        fn whatever_tail_prints_becomes_the_same_record(
            ms in any::<i64>(), key in prop::option::of(some()), value in prop::option::of(some()),
            headers in prop::collection::vec((some(), prop::option::of(some())), 0..4), terminal in any::<bool>(),
        ) {
            let wire: Vec<(&[u8], Option<&[u8]>)> = headers.iter().map(|(key, value)| (&key[..], value.as_deref())).collect();
            let mut builder = Builder::default();
            builder.take(&Wire { timestamp_ms: ms, key: key.as_deref(), value: value.as_deref(), headers: &wire }, usize::MAX);
            let batch = builder.seal(crate::model::Codec::None).unwrap();
            let mut scratch = Scratch::default();
            let Some(Found::Batch(batch)) = batches(PartitionId(3), &batch).next() else { panic!() };
            let opened = batch.open(&mut scratch).unwrap();
            let record = opened.records().next().unwrap().unwrap();
            let mut line = Vec::new();
            ndjson::write(&mut line, "t", &record, None, if terminal { Target::Terminal } else { Target::Data });
            let lines = Lines { include_aborted: false, keep_partition: true };
            let like = NewRecord { partition: Some(PartitionId(3)), ..NewRecord::like(&record) };
            prop_assert_eq!(&parse(&line, lines).unwrap(), &like);
            let mut block = Block::default();
            prop_assert!(ms.unsigned_abs() > 999_999_999_999_999_999 || quick::parse(&line, (lines, None), 7, &mut block).is_some(), "ours is plain");
            prop_assert!(block.iter().all(|fed| fed.to_record() == like));
        }

        #[test]
        fn any_bytes_are_a_record_or_a_reason(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _record_or_reason = parse(&text, Lines::default());
        }
    }

    #[test]
    fn a_record_of_an_old_format_has_no_time() {
        let record = RecordRef {
            partition: PartitionId(0),
            offset: Offset(0),
            timestamp_ms: -1,
            timestamp_type: TimestampType::None,
            key: None,
            value: None,
            headers: Headers::default(),
            leader_epoch: LeaderEpoch(-1),
            transaction: None,
        };
        let mut line = Vec::new();
        ndjson::write(&mut line, "t", &record, None, Target::Data);
        assert_eq!(parse(&line, Lines::default()).unwrap().timestamp_ms, Some(-1));
    }
}
