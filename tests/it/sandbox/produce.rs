//! Sending while everything goes wrong that can: every record is in the log as often as is reported, which is once.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use kscope::core::context::Context;
use kscope::core::guard;
use kscope::core::produce::{Acks, Fate, Manner, NewRecord, Partitioner, Records, Report, Safety, Sending, Target};
use kscope::io::kafka::Client;
use kscope::io::{audit, produce};
use kscope::model::{Codec, TopicName};
use kscope::sandbox::{ApiKey, Fault, Injection, Options, Sandbox};

use super::clients::{kcat, output};
use super::{Dice, block_on, bootstrap, client, start, still};
use crate::kafka::parse;
use crate::run::{Home, Running, fed, kscope, tell};

const RETRY: Duration = Duration::from_secs(4);
const TOPIC: &str = "invoices";
const ROUNDS: usize = 150;

async fn send(client: &Client, state: &std::path::Path, target: &Target, records: Vec<NewRecord>, manner: Manner) -> Report {
    let sending = Sending { target: target.clone(), manner, records: Records::Given(records) };
    let intent = sending.intent();
    let receipt = audit::intent(Some(state), &intent).expect("a line");
    let permit = guard::allow(&Context::default(), &intent, receipt).expect("a permit");
    produce::send(client, Some(state), permit, sending, std::future::pending(), |_| std::future::ready(())).await
}

fn value(text: &str) -> NewRecord {
    NewRecord { value: Some(Bytes::from(text.to_owned())), ..NewRecord::default() }
}

/// How often each value is in the topic, and where it was last.
fn truth(sandbox: &Sandbox) -> HashMap<String, (usize, i32, i64)> {
    let arguments = ["tail", "-b", &bootstrap(sandbox), TOPIC, "--from", "earliest", "--until", "now", "-o", "ndjson"];
    let mut found: HashMap<String, (usize, i32, i64)> = HashMap::new();
    for line in kscope(&arguments).ok().lines() {
        let record = parse(line).record;
        let value = String::from_utf8(record.value.expect("a value")).expect("text");
        let place = found.entry(value).or_default();
        *place = (place.0 + 1, record.partition, record.offset);
    }
    found
}

fn befall(sandbox: &Sandbox, dice: &mut Dice) -> String {
    let fault = match dice.roll(11) {
        0 => Fault::Error([6, 7, 19, 20, 3, 74, 2, 56][dice.roll(8)]),
        1 => Fault::AppliedThenError([7, 20, 6, 56][dice.roll(4)]),
        2..=4 => Fault::LoseReply,
        5 => Fault::MoveLeader,
        6 => Fault::CloseMidFrame(6),
        7 => Fault::Close,
        8 => Fault::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        9 => Fault::Throttle(Duration::from_millis(5)),
        _ => Fault::Error([45, 47, 59][dice.roll(3)]),
    };
    let injection = Injection { times: 1 + dice.roll(2), ..Injection::next(ApiKey::Produce, fault) };
    let told = format!("{injection:?}");
    sandbox.inject(injection);
    told
}

/// What a mode of sending came to.
#[derive(Debug, Default)]
struct Counts {
    appended: usize,
    failed: usize,
    unknown: usize,
    read_back: u64,
}

fn disturbed(sandbox: &Sandbox, acks: Acks, seed: u64) -> (Counts, Safety) {
    let state = tempfile::tempdir().expect("a folder");
    let mut dice = Dice(seed);
    let mut sent = Vec::new();
    let mut counts = Counts::default();
    let mut safety = Safety::Idempotent;
    block_on(async {
        let client = client(sandbox, RETRY);
        let target = produce::look(&client, &TopicName::new(TOPIC)).await.expect("the topic");
        for round in 0..ROUNDS {
            let fault = if dice.roll(4) == 0 { "none".to_owned() } else { befall(sandbox, &mut dice) };
            let names: Vec<String> = (0..=dice.roll(3)).map(|n| format!("{seed}-{acks:?}-{round}-{n}")).collect();
            let key = |name: &String| NewRecord { key: Some(Bytes::from(name.clone())), ..value(name) };
            let report = send(&client, state.path(), &target, names.iter().map(key).collect(), Manner { acks, ..Manner::default() }).await;
            assert_eq!(report.first.len(), names.len(), "every record has its fate: {fault}: {report:?}");
            assert!(report.unlogged.is_none());
            counts.read_back += report.read_back;
            safety = report.safety.clone();
            sent.extend(names.into_iter().zip(report.first).map(|(name, one)| (name, one, fault.clone())));
        }
    });
    let truth = truth(sandbox);
    for (name, one, fault) in sent {
        let found = truth.get(&name).copied();
        let case = format!("{name} {one:?} {found:?} {fault}");
        match one.fate {
            Fate::Appended(offset) => {
                let (times, partition, at) = found.unwrap_or_default();
                assert!(times == 1 && partition == one.partition.0 && offset.is_none_or(|offset| offset.0 == at), "{case}");
                counts.appended += 1;
            }
            Fate::Failed(_) => {
                assert!(found.is_none(), "{case}");
                counts.failed += 1;
            }
            Fate::Unknown(_) => {
                assert!(found.is_none_or(|(times, ..)| times == 1), "{case}");
                counts.unknown += 1;
            }
        }
    }
    let log = std::fs::read_to_string(state.path().join(audit::FILE_NAME)).expect("the audit log");
    let lines = |event: &str| log.lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).count();
    assert_eq!((lines("intent"), lines("outcome")), (ROUNDS, ROUNDS), "a line before and a line after each");
    (counts, safety)
}

#[test]
fn an_idempotent_send_appends_every_record_once_whatever_befalls_it() {
    let sandbox = still();
    let (counts, safety) = disturbed(&sandbox, Acks::All, 11);
    assert_eq!((counts.failed, counts.unknown, safety), (0, 0, Safety::Idempotent), "{counts:?}");
    assert!(counts.appended > ROUNDS && sandbox.requests(ApiKey::InitProducerId) > 1, "{counts:?}");
}

#[test]
fn where_idempotence_is_forbidden_nothing_is_sent_twice_and_the_log_tells_what_became_of_it() {
    let sandbox = still();
    sandbox.inject(Injection::always(ApiKey::InitProducerId, Fault::Error(31)));
    let (counts, safety) = disturbed(&sandbox, Acks::All, 12);
    assert!(matches!(&safety, Safety::Plain(why) if why.raw().contains("IDEMPOTENT_WRITE on the cluster")), "{safety:?}");
    assert!(counts.unknown == 0 && counts.read_back > 20 && counts.failed > 5 && counts.appended > ROUNDS, "{counts:?}");
}

#[test]
fn with_fewer_acknowledgements_a_fate_is_still_what_the_log_holds() {
    let sandbox = still();
    for (acks, seed) in [(Acks::Leader, 13), (Acks::None, 14)] {
        let (counts, _) = disturbed(&sandbox, acks, seed);
        assert!(counts.unknown == 0 && counts.appended > ROUNDS, "{acks:?} {counts:?}");
    }
    assert_eq!(sandbox.requests(ApiKey::InitProducerId), 0);
}

#[test]
fn a_lost_reply_is_asked_for_again_under_the_same_numbers() {
    let sandbox = still();
    let state = tempfile::tempdir().expect("a folder");
    block_on(async {
        let client = client(&sandbox, RETRY);
        let target = produce::look(&client, &TopicName::new(TOPIC)).await.expect("the topic");
        sandbox.inject(Injection::next(ApiKey::Produce, Fault::LoseReply));
        let report = send(&client, state.path(), &target, vec![value("once")], Manner::default()).await;
        let Fate::Appended(Some(offset)) = report.first[0].fate else { panic!("{report:?}") };
        assert_eq!((sandbox.requests(ApiKey::Produce), truth(&sandbox)["once"].0, truth(&sandbox)["once"].2), (2, 1, offset.0));
        // The producer is kept for the next send, until the broker loses count of it.
        let one = |text: &str| NewRecord { partition: Some(report.first[0].partition), ..value(text) };
        assert!(send(&client, state.path(), &target, vec![one("two")], Manner::default()).await.is_whole());
        assert_eq!(sandbox.requests(ApiKey::InitProducerId), 1);
        assert!(sandbox.lose_count(TOPIC, report.first[0].partition.0));
        let after = send(&client, state.path(), &target, vec![one("three")], Manner::default()).await;
        assert!(after.is_whole() && after.safety == Safety::Idempotent, "{after:?}");
        assert_eq!((sandbox.requests(ApiKey::InitProducerId), truth(&sandbox)["three"].0), (2, 1));
        sandbox.inject(Injection::next(ApiKey::Produce, Fault::Throttle(Duration::from_millis(30))));
        let throttled = send(&client, state.path(), &target, vec![one("four"), one("five")], Manner::default()).await;
        assert_eq!((throttled.progress.appended, throttled.progress.throttled_ms), (2, 30));
        assert_eq!((truth(&sandbox)["four"].0, truth(&sandbox)["five"].0), (1, 1));
    });
}

#[test]
fn what_cannot_be_sent_is_refused_with_words_and_what_was_sent_is_told() {
    let sandbox = still();
    let (address, home) = (bootstrap(&sandbox), Home::new());
    let run = |arguments: &[&str], input: &str| fed(&home, &[&["produce", "-b", &address], arguments].concat(), input.as_bytes().to_vec());
    let broken = run(&[TOPIC, "--ndjson"], "{\"value\":\"a\"}\n{\"value\":\"b\"}\n{\"value\":\n{\"value\":\"c\"}\n");
    assert_eq!((broken.code, broken.lines().len()), (Some(7), 2), "{}", broken.stderr);
    assert!(broken.stderr.contains("line 3: column") && broken.stderr.contains("2 records appended"), "{}", broken.stderr);
    assert!(!truth(&sandbox).contains_key("c"));
    let refused = |arguments: &[&str], code: i32, word: &str| {
        let before = sandbox.requests(ApiKey::Produce);
        let done = run(arguments, "");
        assert!(done.code == Some(code) && done.stderr.contains(word) && done.stdout.is_empty(), "{arguments:?}: {}", done.stderr);
        assert_eq!(sandbox.requests(ApiKey::Produce), before, "{arguments:?}");
    };
    refused(&["nowhere", "-v", "x"], 5, "topics are not created");
    refused(&["__consumer_offsets", "-v", "x"], 6, "Kafka's own topics");
    refused(&[TOPIC], 2, "standard input is empty");
    refused(&[TOPIC, "-v", "x", "-p", "9"], 5, "it has 3 partitions");
    refused(&[TOPIC, "-v", "x", "--readonly"], 6, "read-only");
    refused(&[TOPIC, "-v", "{{nope}}", "--template"], 2, "no {{nope}}");
    refused(&[TOPIC, "-v", "x", "-k", "y", "--ndjson"], 2, "cannot be used");
    let huge = fed(&home, &["produce", "-b", &address, TOPIC], vec![b'x'; 1_200_000]);
    assert!(huge.code == Some(1) && huge.stderr.contains("1048588 bytes at most (max.message.bytes)"), "{}", huge.stderr);
    let squeezed = fed(&home, &["produce", "-b", &address, TOPIC, "--compression", "zstd"], vec![b'x'; 1_200_000]);
    assert_eq!(squeezed.code, Some(0), "{}", squeezed.stderr);
    let dry = run(&[TOPIC, "-k", "k", "-v", "x", "--dry-run", "--readonly"], "");
    assert!(dry.code == Some(0) && dry.stderr.contains("nothing was sent") && dry.lines().len() == 1, "{}", dry.stderr);
    assert!(sandbox.mutations().iter().all(|(api, _)| matches!(api, ApiKey::Produce | ApiKey::InitProducerId)));
}

#[test]
fn tail_into_produce_makes_the_odd_records_again() {
    let sandbox = still();
    let (address, home) = (bootstrap(&sandbox), Home::new());
    let read = |topic: &str, partition: &str| {
        let arguments = ["tail", "-b", &address, topic, "-p", partition, "--from", "earliest", "--until", "now", "-o", "ndjson"];
        kscope(&arguments).ok().stdout
    };
    let facts = |lines: &[u8]| -> Vec<_> {
        let text = std::str::from_utf8(lines).expect("UTF-8");
        let record = |line: &str| parse(line).record;
        text.lines().map(record).map(|r| (r.timestamp_ms, r.key, r.value, r.headers)).collect()
    };
    let mut all = 0;
    for (n, codec) in ["none", "gzip", "snappy", "lz4", "zstd"].into_iter().enumerate() {
        let source: Vec<u8> = read("odd-records", "0");
        let wanted: Vec<_> =
            facts(&source).into_iter().filter(|(_, _, value, _)| value.as_ref().is_none_or(|v| v.len() < 1_000_000)).collect();
        let lines: Vec<&str> = std::str::from_utf8(&source).expect("UTF-8").lines().filter(|line| line.len() < 1_000_000).collect();
        assert_eq!(lines.len(), wanted.len());
        let before = facts(&read(TOPIC, "1")).len();
        let arguments = ["produce", "-b", &address, TOPIC, "--ndjson", "-p", "1", "--compression", codec, "-o", "ndjson"];
        let done = fed(&home, &arguments, (lines.join("\n") + "\n").into_bytes()).ok();
        assert_eq!(done.lines().len(), wanted.len(), "{}", done.stderr);
        assert_eq!(facts(&read(TOPIC, "1"))[before..], wanted, "{codec}");
        all += wanted.len() * n;
    }
    assert!(all > 100);
}

#[test]
fn kcat_reads_what_was_sent_and_places_keys_alike() {
    let sandbox = still();
    let (address, home) = (bootstrap(&sandbox), Home::new());
    if kcat(&["-V"]).is_none() {
        return;
    }
    let keys = ["a", "user-42", "", "é", "order-0017", "x".repeat(300).as_str()].map(str::to_owned);
    for (partitioner, theirs) in [("murmur2", "murmur2"), ("crc32", "consistent"), ("fnv1a", "fnv1a")] {
        for key in keys.iter().filter(|key| !key.is_empty() || partitioner == "murmur2") {
            let value = format!("{partitioner}:{}", key.len());
            let done = fed(
                &home,
                &["produce", "-b", &address, "orders", "-k", key, "-v", &value, "--partitioner", partitioner, "-o", "ndjson"],
                vec![],
            )
            .ok();
            let ours: serde_json::Value = serde_json::from_str(done.lines()[0]).expect("JSON");
            let property = format!("partitioner={theirs}");
            let write = kcat(&["-b", &address, "-P", "-t", "orders", "-k", key, "-X", &property]);
            output(&mut write.expect("it was there"), &format!("{value}:theirs"));
            let partition = ours["partition"].to_string();
            let read = kcat(&["-b", &address, "-C", "-q", "-e", "-t", "orders", "-p", &partition, "-o", "-20", "-f", "%k|%s\\n"]);
            let lines = output(&mut read.expect("it was there"), "");
            for wanted in [format!("{key}|{value}"), format!("{key}|{value}:theirs")] {
                assert!(
                    lines.lines().any(|line| line == wanted),
                    "{partitioner} {key:?}: {wanted} is not in partition {partition}:\n{lines}"
                );
            }
        }
    }
}

#[test]
fn producers_of_python_write_with_their_defaults() {
    static TOLD: Once = Once::new();
    let sandbox = start(&Options { rate: 0, brokers: 2, ..Options::default() });
    let address = bootstrap(&sandbox);
    for library in ["kafka", "confluent_kafka"] {
        if !Command::new("python3").args(["-c", &format!("import {library}")]).output().is_ok_and(|done| done.status.success()) {
            TOLD.call_once(|| tell("*** SKIPPED: producers of Python, whose libraries are not installed. ***"));
            continue;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sandbox/producer.py");
        output(Command::new("python3").args([script, library, &address, TOPIC, "300"]), "");
        let found = truth(&sandbox);
        let once = (0..300).filter(|n| found.get(&format!("{library}-{n}")).is_some_and(|(times, ..)| *times == 1)).count();
        assert_eq!(once, 300, "{library}");
    }
    assert!(sandbox.requests(ApiKey::InitProducerId) > 0 || sandbox.requests(ApiKey::Produce) == 0);
}

#[test]
fn an_interrupt_ends_it_and_every_row_is_in_the_log() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let arguments =
        ["produce", "-b", &address, TOPIC, "-v", "{{seq}}", "--template", "--count", "1000000", "--rate", "400", "-o", "ndjson"];
    let running = Running::start(&arguments);
    running.until("some rows", |lines| (lines.len() > 20).then_some(()));
    running.signal(rustix::process::Signal::INT);
    let done = running.finish();
    assert!(done.code == Some(130) && done.stderr.contains("stopped"), "{}", done.stderr);
    let found = truth(&sandbox);
    assert_eq!(found.len(), done.lines().len());
    assert!(found.len() < 100_000 && found.values().all(|(times, ..)| *times == 1), "no more than the rate");
}

#[test]
fn the_manner_of_sending_is_the_careful_one_unless_it_is_said() {
    let manner = Manner::default();
    assert_eq!((manner.acks, manner.codec, manner.partitioner), (Acks::All, Codec::None, Partitioner::Murmur2));
}
