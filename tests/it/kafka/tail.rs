//! `kscope tail` against the truth: every record of every seeded topic, byte for byte, on each release.

use super::cluster::Release;
use super::ndjson::{Line, parse};
use super::seed::{Seeded, seeded};
use super::truth::Written;
use crate::run::kscope;

/// Reads a topic from the start to where it ends now.
#[track_caller]
fn tail(kafka: &Seeded, topic: &str, more: &[&str]) -> Vec<Line> {
    let brokers = kafka.cluster.brokers();
    let all = ["tail", "-b", &brokers, "--from", "earliest", "--until", "now", "-o", "ndjson", "--quiet"];
    let lines = kscope(&[&all[..], more, &["--", topic]].concat()).ok();
    lines.lines().into_iter().map(parse).collect()
}

/// The records of the lines, partition by partition in the order of output.
fn by_partition(lines: Vec<Line>) -> Vec<Written> {
    let mut records: Vec<Written> = lines.into_iter().map(|l| l.record).collect();
    records.sort_by_key(|r| r.partition); // stable: the order within a partition is the program's
    records
}

/// Compares without printing megabytes.
#[track_caller]
fn same(topic: &str, found: &[Written], expected: &[Written]) {
    let short = |r: Option<&Written>| r.map_or_else(|| "nothing".to_owned(), |r| format!("{r:?}").chars().take(600).collect());
    let all = 0..found.len().max(expected.len());
    if let Some(at) = all.into_iter().find(|&at| found.get(at) != expected.get(at)) {
        let (found, expected) = (short(found.get(at)), short(expected.get(at)));
        panic!("{topic}: record {at} differs\n   found {found}\nexpected {expected}");
    }
}

fn every_topic_comes_out_byte_for_byte(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    for (name, topic) in &kafka.truth.topics {
        let lines = tail(kafka, name, &[]);
        assert!(lines.iter().all(|l| l.topic == *name));
        let old = name.starts_with("old-format");
        assert!(lines.iter().all(|l| l.leader_epoch.is_none() == old), "{name}: leader epochs");
        same(name, &by_partition(lines), &topic.records);
    }
}

#[test]
fn every_topic_of_4_2_comes_out_byte_for_byte() {
    every_topic_comes_out_byte_for_byte(Release::V4_2);
}

#[test]
fn every_topic_of_3_9_comes_out_byte_for_byte() {
    every_topic_comes_out_byte_for_byte(Release::V3_9);
}

#[test]
fn every_topic_of_2_8_comes_out_byte_for_byte() {
    every_topic_comes_out_byte_for_byte(Release::V2_8);
}

#[test]
fn read_committed_shows_what_is_committed_and_stops_at_an_open_transaction() {
    for release in [Release::V2_8, Release::V3_9, Release::V4_2] {
        let Some(kafka) = seeded(release) else { return };
        for name in ["transactions", "transactions-aborted", "transactions-interleaved", "compacted"] {
            let topic = kafka.truth.topic(name);
            let visible = |r: &&Written| r.txn.is_none_or(|t| t == "committed") && r.offset < topic.bounds[&r.partition].last_stable;
            let expected: Vec<Written> = topic.records.iter().filter(visible).cloned().collect();
            same(name, &by_partition(tail(kafka, name, &["--isolation", "read_committed"])), &expected);
        }
    }
}

#[test]
fn a_topic_that_is_not_there_is_not_found_and_not_created() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let done = kscope(&["tail", "-b", &brokers, "--from", "earliest", "--until", "now", "no-such-topic"]);
    assert_eq!(done.code, Some(5), "{}", done.stderr);
    assert!(done.stdout.is_empty() && done.stderr.contains("no-such-topic"), "{}", done.stderr);
    let mut writer = super::Writer::connect(&kafka.cluster.internal);
    assert_eq!(writer.learn("no-such-topic"), 0, "asking for a topic must not create it");
}
