//! Arbitrary text as a query, arbitrary bytes as the record: what parses prints back to the same, nothing panics, and
//! what matches passes the prefilter. `cargo +nightly fuzz run query`

#![no_main]

use kscope::model::{Headers, LeaderEpoch, Offset, PartitionId, RecordRef, Time, TimestampType};
use kscope::query::{Context, Filter, Subject, parse, parse_position};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, value) = input;
    let _ = parse_position(text);
    let query = match parse(text) {
        Ok(query) => query,
        Err(error) => {
            assert!(text.get(error.at).is_some());
            return;
        }
    };
    assert_eq!(parse(&query.to_string()).as_ref(), Ok(&query));
    let now = Time(1_795_176_000_000_000);
    let filter = Filter::compile(&query, &Context::utc(now));
    let record = RecordRef {
        partition: PartitionId(0),
        offset: Offset(0),
        timestamp_ms: now.millis(),
        timestamp_type: TimestampType::Create,
        key: None,
        value: Some(value),
        headers: Headers::default(),
        leader_epoch: LeaderEpoch(0),
        transaction: None,
    };
    let verdict = filter.matches(&Subject { record: &record, topic: "t", txn: None, now });
    assert!(!verdict.matched || filter.literals().may_match(value));
    let _ = filter.hits(value);
});
