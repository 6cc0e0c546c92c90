//! What is read: `kscope tail` with every way to say what and where.

use serde_json::{Value, json};

use super::alike;
use super::mirror::TOPICS;
use crate::run::kscope;

/// What came out, each partition in its order, then how it ended and what was said.
fn tail(address: &str, arguments: &[&str]) -> Vec<String> {
    let done = kscope(&[&["tail", "-b", address, "-o", "ndjson"], arguments].concat());
    let mut records: Vec<Value> = done.lines().into_iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for record in &mut records {
        // The broker's own clock.
        if record["timestampType"] == "append" {
            record["timestampMs"] = json!(null);
        }
    }
    records.sort_by_key(|record| record["partition"].as_i64());
    let mut lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.push(format!("exit code {:?}", done.code));
    lines.extend(done.stderr.lines().map(|line| line.replace(address, "HOST:PORT")));
    lines
}

/// As [`tail`], on both sides; how many records.
#[track_caller]
fn read(arguments: &[&str]) -> (usize, Vec<String>) {
    let lines = alike(|address| tail(address, arguments));
    (lines.iter().take_while(|line| !line.starts_with("exit code")).count(), lines)
}

const ALL: [&str; 4] = ["--from", "earliest", "--until", "now"];

#[test]
fn every_record_of_every_topic() {
    for topic in TOPICS {
        let (records, lines) = read(&[&ALL[..], &["--", topic]].concat());
        let empty = ["invoices", "page-views.daily"].contains(&topic);
        assert!((records == 0) == empty && lines[records] == "exit code Some(0)", "{topic}: {records} {:?}", lines.last());
    }
}

#[test]
fn from_and_until_places_and_times() {
    // Within the records of both topics: they end where the sandbox began, and go back six hours and more.
    let begun = read(&["orders", "--from", "-1", "--until", "now", "-p", "0"]).1;
    let begun: Value = serde_json::from_str(&begun[0]).expect("a record");
    let begun = begun["timestampMs"].as_i64().expect("a time");
    let hours = |hours: i64| format!("@{}", begun - hours * 3_600_000);
    let (three, one) = (hours(3), hours(1));
    for (arguments, some) in [
        (&["orders", "--from", "-3", "--until", "now"][..], true),
        (&["orders", "--from", "100", "--until", "now", "-p", "1"], true),
        (&["orders", "--from", "100", "--until", "110", "-p", "1"], true),
        (&["clickstream", "--from", "3@12100,5@12200", "--until", "now"], true),
        (&["clickstream", "--from", "0", "--until", "now", "-p", "2"], true),
        (&["clickstream", "--from", "earliest", "-n", "7", "-p", "4"], true),
        (&["clickstream", "--from", &three, "--until", &one], true),
        (&["orders", "--from", &one, "--until", "now"], true),
        (&["orders", "--from", "@4102444800000", "--until", "now"], false),
        (&["orders", "--from", "1000000", "--until", "now", "-p", "1"], false),
        (&["page-views.daily", "--from", "10", "--until", "now"], false),
        (&["payments", "--from", "-4", "--until", "now"], true),
        (&["clickstream", "--where", "last:5 p:0,3", "--until", "now"], true),
    ] {
        let (records, lines) = read(arguments);
        assert_eq!(records > 0, some, "{arguments:?}: {:?}", &lines[records..]);
    }
}

#[test]
fn queries() {
    for (topic, query, count) in [
        ("orders", ".customer.address.city == Oslo and .total > 100", None),
        ("orders", "header.source == web and .payment.status == declined", None),
        ("orders", "key == ord-100500", Some(1)),
        ("clickstream", ".action == purchase", None),
        ("payments", "txn == aborted", Some(21)),
        ("payments", "txn == open", Some(3)),
        ("odd-records", "tombstone", Some(2)),
        ("odd-records", "header.retry == 2", Some(1)),
        ("odd-records", "size > 1mb", Some(1)),
        ("odd-records", "time > 2100-01-01T00:00Z", Some(1)),
    ] {
        let (records, lines) = read(&[&ALL[..], &["--where", query, topic]].concat());
        assert!(records > 0 && count.is_none_or(|count| count == records), "{query}: {records} {:?}", &lines[records..]);
    }
}

#[test]
fn read_committed_and_read_uncommitted() {
    let (all, lines) = read(&[&ALL[..], &["payments"]].concat());
    let count = |word: &str| lines.iter().filter(|line| line.contains(&format!(r#""txn":"{word}""#))).count();
    assert!(count("open") == 3 && count("aborted") > 0 && count("committed") > 0);
    let (committed, lines) = read(&[&ALL[..], &["--isolation", "read_committed", "payments"]].concat());
    let count = |word: &str| lines.iter().filter(|line| line.contains(&format!(r#""txn":"{word}""#))).count();
    assert!(committed < all && count("open") + count("aborted") == 0);
    // What lies behind the open one is held back, and -n counts what is left.
    read(&["payments", "--isolation", "read_committed", "--from", "-6", "--until", "now"]);
    read(&["payments", "--isolation", "read_committed", "--from", "earliest", "-n", "4", "-p", "2"]);
}

#[test]
fn what_is_not_there() {
    for (arguments, code) in [
        (&["no-such-topic"][..], 5),
        (&["no such name"], 2),
        (&["orders", "no-such-topic"], 5),
        (&["orders", "-p", "9"], 5),
        (&["orders", "--from", "9@12"], 5),
    ] {
        let (_, lines) = read(&[&ALL[2..], arguments].concat());
        let ended = format!("exit code Some({code})");
        assert!(lines.contains(&ended), "{arguments:?}: {lines:?}");
    }
}
