//! `kscope produce` on a real Kafka: every odd record made again exactly, and read by others byte for byte.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::cluster::{Cluster, Plan, Release};
use super::ndjson::parse;
use super::seed::seeded;
use super::writer::{Right, Writer};
use crate::eventually;
use crate::run::{Finished, Home, fed, kscope, tell};

/// A record but for where it lies.
type Fact = (i32, i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// The same as a search finds it.
fn found(brokers: &str, topic: &str) -> Vec<u8> {
    kscope(&["search", "-b", brokers, "-o", "ndjson", "--", topic, ""]).ok().stdout
}

fn lines(brokers: &str, topic: &str) -> Vec<u8> {
    kscope(&["tail", "-b", brokers, "--from", "earliest", "--until", "now", "-o", "ndjson", "--", topic]).ok().stdout
}

/// By partition, in the order of their offsets.
fn facts(lines: &[u8]) -> Vec<Fact> {
    let text = std::str::from_utf8(lines).expect("UTF-8");
    let mut records: Vec<_> = text.lines().map(|line| parse(line).record).collect();
    records.sort_by_key(|record| (record.partition, record.offset));
    records.into_iter().map(|r| (r.partition, r.timestamp_ms, r.key, r.value, r.headers)).collect()
}

const FOR_EVER: &str = "9223372036854775807";

fn a_release_takes_every_odd_record_again(release: Release) {
    let Some(source) = seeded(release) else { return };
    let Some(target) = Cluster::start(Plan::one(release)) else { return };
    let (home, from, to) = (Home::new(), source.cluster.brokers(), target.brokers());
    let mut writer = Writer::connect(&target.internal);
    let (mut topics, mut records) = (0, 0);
    for (n, (name, topic)) in source.truth.topics.iter().enumerate() {
        let read = found(&from, name);
        let wanted = facts(&read);
        assert!(wanted == facts(&lines(&from, name)), "{name}: a search prints what tail prints");
        if wanted.is_empty() {
            continue;
        }
        let mut configs = vec![("max.message.bytes", "20000000")];
        if release != Release::V2_8 {
            configs.push(("message.timestamp.after.max.ms", FOR_EVER));
        }
        writer.create(name, topic.partitions, 1, &configs);
        let codec = ["none", "gzip", "snappy", "lz4", "zstd"][n % 5];
        let arguments =
            ["produce", "-b", &to, "--ndjson", "--keep-partition", "--include-aborted", "--compression", codec, "-o", "ndjson", "--", name];
        let done = fed(&home, &arguments, read).ok();
        assert_eq!(done.lines().len(), wanted.len(), "{name}: a row for each: {}", done.stderr);
        let found = facts(&lines(&to, name));
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(
                format!("{found:?}").chars().take(500).collect::<String>(),
                format!("{wanted:?}").chars().take(500).collect::<String>(),
                "{name} {codec}"
            );
        }
        assert!(found == wanted, "{name} {codec}: {} of {}", found.len(), wanted.len());
        topics += 1;
        records += wanted.len();
    }
    tell(&format!("Kafka {}: {records} records of {topics} topics made again", release.number()));
    assert!(topics > 10 && records > 1000);
    librdkafka_reads_the_same(
        &to,
        ["headers", "bytes", "null-empty", "timestamps"].into_iter().filter(|name| source.truth.topics.contains_key(*name)),
    );
}

/// What confluent-kafka reads is what kscope reads.
fn librdkafka_reads_the_same<'a>(brokers: &str, topics: impl Iterator<Item = &'a str>) {
    if !Command::new("python3").args(["-c", "import confluent_kafka"]).output().is_ok_and(|done| done.status.success()) {
        return tell("*** SKIPPED: what confluent-kafka reads, which is not installed. ***");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/kafka/reader.py");
    for topic in topics {
        let done = Command::new("python3").args([script, brokers, topic]).output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let bytes = |value: &Value| value.as_str().map(|text| STANDARD.decode(text).expect("base64"));
        let text = String::from_utf8(done.stdout).expect("UTF-8");
        let mut theirs: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        theirs.sort_by_key(|row| (row["partition"].as_i64(), row["offset"].as_i64()));
        let ours = facts(&lines(brokers, topic));
        assert_eq!(theirs.len(), ours.len(), "{topic}");
        for (row, (partition, time, key, value, headers)) in theirs.iter().zip(ours) {
            assert_eq!((row["partition"].as_i64(), row["timestamp"].as_i64()), (Some(i64::from(partition)), Some(time)), "{topic} {row}");
            assert!(bytes(&row["key"]) == key && bytes(&row["value"]) == value, "{topic} {row}");
            if let Some(told) = row["headers"].as_array() {
                let told: Vec<_> = told.iter().map(|pair| (bytes(&pair[0]).expect("a name"), bytes(&pair[1]))).collect();
                assert_eq!(told, headers, "{topic} {row}");
            }
        }
    }
}

#[test]
fn kafka_4_2_takes_every_odd_record_again() {
    a_release_takes_every_odd_record_again(Release::V4_2);
}

#[test]
fn kafka_2_8_takes_every_odd_record_again() {
    a_release_takes_every_odd_record_again(Release::V2_8);
}

const AUTHORIZER: [&str; 2] =
    ["authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "allow.everyone.if.no.acl.found=true"];

#[test]
fn what_a_real_broker_refuses_is_said_and_nothing_is_created() {
    let Some(kafka) = Cluster::start(Plan { settings: &AUTHORIZER, ..Plan::one(Release::V4_2) }) else { return };
    let (home, brokers) = (Home::new(), kafka.brokers());
    let mut writer = Writer::connect(&kafka.internal);
    writer.create("small", 2, 1, &[("max.message.bytes", "1000")]);
    writer.create("latest", 1, 1, &[("cleanup.policy", "compact")]);
    writer.create("stamped", 1, 1, &[("message.timestamp.type", "LogAppendTime")]);
    writer.create("locked", 1, 1, &[]);
    let run =
        |arguments: &[&str], input: &[u8]| fed(&home, &[&["produce", "-b", &brokers, "-o", "ndjson"], arguments].concat(), input.to_vec());
    let row = |done: &Finished| -> Value { serde_json::from_str(done.lines()[0]).expect("JSON") };
    let missing = run(&["not-there", "-v", "x"], b"");
    assert_eq!(missing.code, Some(5), "{}", missing.stderr);
    assert!(!kscope(&["topics", "-b", &brokers, "-o", "ndjson"]).ok().text().contains("not-there"), "nothing is created");
    let large = run(&["small"], &[b'x'; 2000]);
    assert!(large.code == Some(1) && large.stderr.contains("1000 bytes at most"), "{}", large.stderr);
    let batch = run(&["small", "-v", &"y".repeat(300), "--count", "10", "-p", "1"], b"").ok();
    assert_eq!(batch.lines().len(), 10, "split into batches that the topic takes");
    let keyless = run(&["latest", "-v", "x"], b"");
    assert!(keyless.code == Some(1) && keyless.stderr.contains("INVALID_RECORD (87)"), "{}", keyless.stderr);
    let gone = run(&["latest", "-k", "k", "--null-value"], b"").ok();
    assert!(gone.stderr.contains("deletes this key"), "{}", gone.stderr);
    let stamped = run(&["stamped", "-v", "x", "--timestamp", "1000"], b"").ok();
    assert!(row(&stamped)["timestampMs"].as_i64().expect("a time") > 1_700_000_000_000 && stamped.stderr.contains("broker's time"));
    for acks in ["1", "0"] {
        let done = run(&["locked", "-v", acks, "--acks", acks], b"").ok();
        assert_eq!(row(&done)["offset"].is_null(), acks == "0", "{}", done.stderr);
    }
    writer.acl("locked", Right::Describe, true);
    writer.acl("locked", Right::Read, true);
    let denied = eventually("the right is gone", || Some(run(&["locked", "-v", "x"], b"")).filter(|done| done.code != Some(0)));
    assert!(denied.code == Some(4) && denied.stderr.contains("WRITE on topic locked"), "{}", denied.stderr);
    assert_eq!(facts(&lines(&brokers, "locked")).len() % 2, 0, "what was refused is not there");
}
