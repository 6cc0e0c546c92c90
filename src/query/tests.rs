//! The promises of the language: what each form means, what errors say, and that nothing is skipped that would match.

mod agree;
mod cases;
mod errors;
mod hostile;
mod meaning;
mod plan;
mod properties;
mod reference;
mod tables;

use crate::model::{Headers, LeaderEpoch, Offset, Outcome, PartitionId, RecordRef, Time, TimestampType};

use super::*;

/// 2026-11-20T12:00:00Z.
const NOW: i64 = 1_795_176_000_000;

/// A record of a test, and what is known around it.
#[derive(Debug, Clone)]
struct Sample {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<u8>,
    count: u32,
    partition: i32,
    offset: i64,
    timestamp_ms: i64,
    txn: Option<Outcome>,
}

impl Sample {
    fn value(value: &str) -> Self {
        Self {
            key: Some(b"user-42".to_vec()),
            value: Some(value.as_bytes().to_vec()),
            headers: Vec::new(),
            count: 0,
            partition: 3,
            offset: 12_000,
            timestamp_ms: NOW - 60_000,
            txn: None,
        }
    }

    fn key(self, key: &str) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    fn header(mut self, name: &str, value: Option<&str>) -> Self {
        let mut varint = |n: i64| {
            let mut zigzag = u64::try_from((n << 1) ^ (n >> 63)).unwrap();
            while zigzag > 127 {
                self.headers.push(u8::try_from(zigzag & 127).unwrap() | 128);
                zigzag >>= 7;
            }
            self.headers.push(u8::try_from(zigzag).unwrap());
        };
        let length = |text: &str| i64::try_from(text.len()).unwrap();
        varint(length(name));
        self.headers.extend(name.as_bytes());
        let mut varint = |n: i64| self.headers.push(if n < 0 { 1 } else { u8::try_from(n << 1).unwrap() });
        varint(value.map_or(-1, length));
        self.headers.extend(value.unwrap_or_default().as_bytes());
        self.count += 1;
        self
    }

    fn record(&self) -> RecordRef<'_> {
        RecordRef {
            partition: PartitionId(self.partition),
            offset: Offset(self.offset),
            timestamp_ms: self.timestamp_ms,
            timestamp_type: TimestampType::Create,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: Headers::from_wire(&self.headers, self.count),
            leader_epoch: LeaderEpoch(0),
            transaction: None,
        }
    }

    /// The bytes of the record as they lie in a batch.
    fn raw(&self) -> Vec<u8> {
        let mut raw = vec![7, 0];
        raw.extend(self.key.iter().flatten());
        raw.push(99);
        raw.extend(self.value.iter().flatten());
        raw.extend(&self.headers);
        raw
    }

    /// Tests the record; what matches must pass the prefilter.
    #[track_caller]
    fn test(&self, query: &str) -> Verdict {
        let filter = filter(query);
        let record = self.record();
        let verdict = filter.matches(&Subject { record: &record, topic: "orders-eu", txn: self.txn, now: Time::from_millis(NOW) });
        assert!(!verdict.matched || filter.literals().may_match(&self.raw()), "{query} passes {:?}", filter.literals());
        verdict
    }

    #[track_caller]
    fn yes(&self, query: &str) {
        assert!(self.test(query).matched, "{query} should match {:?}", self.value.as_ref().map(|v| String::from_utf8_lossy(v)));
    }

    #[track_caller]
    fn no(&self, query: &str) {
        assert!(!self.test(query).matched, "{query} should not match {:?}", self.value.as_ref().map(|v| String::from_utf8_lossy(v)));
    }
}

fn context() -> Context {
    Context::utc(Time::from_millis(NOW))
}

/// Parses, checks that the canonical form means the same, and compiles.
#[track_caller]
fn filter(query: &str) -> Filter {
    let parsed = match parse(query) {
        Ok(parsed) => parsed,
        Err(error) => panic!("{query}: {error} at {:?}", error.at),
    };
    let printed = parsed.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(&parsed), "{query} prints as {printed}");
    Filter::compile(&parsed, &context())
}
