//! `kscope search` on a real Kafka: what it finds is what the truth holds, forwards and backwards; how it ends and what it
//! says of that; what it reads and what it leaves out.

mod faults;
mod unfit;

use std::collections::BTreeMap;

use crate::kafka::{Line, Release, Seeded, Written, parse, seeded};
use crate::run::{Finished, kscope};

/// What came of a search.
struct Found {
    lines: Vec<Line>,
    stderr: String,
    done: Finished,
}

impl Found {
    /// A figure of the summary.
    #[track_caller]
    fn figure(&self, name: &str) -> u64 {
        self.word(name).parse().expect("a number")
    }

    #[track_caller]
    fn word(&self, name: &str) -> &str {
        let summary = self.stderr.lines().find(|line| line.starts_with("scanned=")).unwrap_or_else(|| panic!("{}", self.stderr));
        summary.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_else(|| panic!("{summary}"))
    }

    fn places(&self) -> Vec<(String, i32, i64)> {
        self.lines.iter().map(|line| (line.topic.clone(), line.record.partition, line.record.offset)).collect()
    }
}

fn search(kafka: &Seeded, arguments: &[&str]) -> Found {
    let brokers = kafka.cluster.brokers();
    let done = kscope(&[&["search", "-b", &brokers, "-o", "ndjson"], arguments].concat());
    let lines = done.lines().into_iter().map(parse).collect();
    Found { lines, stderr: done.stderr.clone(), done }
}

/// Where the records of a topic lie that a condition holds of, by partition and offset.
fn truth(kafka: &Seeded, topic: &str, holds: &dyn Fn(&Written) -> bool) -> Vec<(String, i32, i64)> {
    let records = kafka.truth.topic(topic).records.iter().filter(|record| holds(record));
    records.map(|record| (topic.to_owned(), record.partition, record.offset)).collect()
}

fn text(record: &Written) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

fn key(record: &Written) -> Option<&[u8]> {
    record.key.as_deref()
}

/// Arguments, the topic and the query last, and which records come out under them.
type Case<'a> = (&'a [&'a str], &'a dyn Fn(&Written) -> bool);

#[test]
fn what_it_finds_is_what_is_there_in_both_directions() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let cases: [Case<'_>; 6] = [
        (&["clicks", ".page == \"/cart\" and .amount >= 16"], &|r| text(r).contains("\"/cart\"") && text(r).contains("16.50")),
        (&["clicks", "key == user-7"], &|r| key(r) == Some(b"user-7")),
        (&["--all-partitions", "clicks", "key == user-7"], &|r| key(r) == Some(b"user-7")),
        (&["-p", "1,3", "clicks", "user-7"], &|r| {
            (text(r).contains("user-7") || key(r).is_some_and(|k| k.starts_with(b"user-7"))) && [1, 3].contains(&r.partition)
        }),
        (&["clicks", "partition == 2 and offset >= 97"], &|r| r.partition == 2 && r.offset >= 97),
        (&["clicks", "\"no such text\""], &|_| false),
    ];
    for (arguments, holds) in cases {
        let [more @ .., topic, query] = arguments else { unreachable!() };
        let wanted = truth(kafka, topic, holds);
        for direction in [&[][..], &["--newest-first"]] {
            let found = search(kafka, &[more, direction, &[topic, query]].concat());
            let mut places = found.places();
            places.sort();
            assert_eq!(places, wanted, "{arguments:?} {direction:?}\n{}", found.stderr);
            assert_eq!((found.done.code, found.word("ended")), (Some(0), "end"), "{}", found.stderr);
            assert_eq!(found.figure("matched"), u64::try_from(wanted.len()).unwrap());
            let times: Vec<i64> = found.lines.iter().map(|line| line.record.timestamp_ms).collect();
            if direction.is_empty() {
                assert!(times.is_sorted(), "{arguments:?}: {times:?}");
            } else {
                assert!(times.iter().rev().is_sorted(), "{arguments:?}: {times:?}");
            }
        }
    }
}

#[test]
fn every_record_of_every_topic_comes_out_once_from_the_end_too() {
    for release in [Release::V4_2, Release::V2_8] {
        let Some(kafka) = seeded(release) else { return };
        for name in kafka.truth.topics.keys() {
            let all = truth(kafka, name, &|_| true);
            let found = search(kafka, &["--newest-first", "--", name, ""]);
            let mut places = found.places();
            // Within a partition from the end to the start.
            for pair in places.chunk_by(|a, b| a.1 == b.1) {
                assert!(pair.iter().rev().is_sorted(), "{name}");
            }
            places.sort();
            assert_eq!(places, all, "{name}\n{}", found.stderr);
            assert_eq!(found.figure("scanned"), u64::try_from(all.len()).unwrap(), "{name}");
        }
    }
}

#[test]
fn the_latest_match_is_found_without_reading_the_rest_and_why_it_ended_is_said() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let newest = kafka.truth.topic("clicks").records.iter().map(|record| record.timestamp_ms).max().unwrap();
    let one = search(kafka, &["--newest-first", "-n", "1", "clicks", "exists .page"]);
    assert_eq!(one.lines.iter().map(|line| line.record.timestamp_ms).collect::<Vec<_>>(), [newest], "{}", one.stderr);
    assert_eq!((one.word("ended"), one.figure("matched")), ("limit", 1));

    let budget = search(kafka, &["--max-bytes", "1", "clicks", "exists .page"]);
    assert_eq!((budget.done.code, budget.word("ended")), (Some(0), "bytes"), "{}", budget.stderr);
    let timed = search(kafka, &["--until", "@1760003000000", "clicks", "exists .page"]);
    assert_eq!(timed.word("ended"), "time");
    assert!(timed.places().len() < 600);

    let nothing = search(kafka, &["--exit-code", "clicks", "\"no such text\""]);
    assert_eq!((nothing.done.code, nothing.figure("matched")), (Some(8), 0));
    let missing = search(kafka, &["click", "x"]);
    assert_eq!((missing.done.code, missing.word("ended")), (Some(5), "error"));
    assert!(missing.stderr.contains("did you mean clicks?"), "{}", missing.stderr);
    for arguments in [&["clicks"][..], &["clicks", ".a =="], &["--max-rate", "quick", "clicks", "x"]] {
        assert_eq!(search(kafka, arguments).done.code, Some(2), "{arguments:?}");
    }
}

#[test]
fn several_topics_come_in_the_order_of_time() {
    let Some(kafka) = seeded(Release::V3_9) else { return };
    let mut both = [truth(kafka, "clicks", &|_| true), truth(kafka, "codec-mixed", &|_| true)].concat();
    both.sort();
    for direction in [&[][..], &["--newest-first"]] {
        let found = search(kafka, &[direction, &["codec-mixed", "clicks", ""]].concat());
        let mut times: Vec<i64> = found.lines.iter().map(|line| line.record.timestamp_ms).collect();
        if !direction.is_empty() {
            times.reverse();
        }
        assert!(times.is_sorted(), "{direction:?}: {times:?}");
        let mut places = found.places();
        places.sort();
        assert_eq!(places, both);
    }
    let few = search(kafka, &["-n", "7", "codec-mixed", "clicks", ""]);
    assert_eq!((few.lines.len(), few.figure("matched"), few.word("ended")), (7, 7, "limit"));
}

#[test]
fn explain_says_what_is_read_and_what_was_spared() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let found = search(kafka, &["--explain", "clicks", ".page == \"no-such-page\" and offset >= 50"]);
    for part in [
        "query: .page == \"no-such-page\" and offset >= 50",
        "where: clicks, all partitions, from 50 until now, as the query says",
        "literals: \"no-such-page\" searched in whole batches",
        "paths: .page read lazily",
        "order: by time",
        "0 of 300 were tested",
        "bounds spared 300 of 600 offsets",
    ] {
        assert!(found.stderr.contains(part), "{part}\n{}", found.stderr);
    }
}

#[test]
fn a_table_counts_what_the_truth_counts() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let rows = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let brokers = kafka.cluster.brokers();
        let done = kscope(&[&["search", "-b", &brokers, "-o", "ndjson"], arguments].concat()).ok();
        done.lines().into_iter().map(|line| serde_json::from_str(line).expect("an object")).collect()
    };
    // Counted by another reader of JSON.
    let mut pages: BTreeMap<String, (u64, i128)> = BTreeMap::new();
    for record in &kafka.truth.topic("clicks").records {
        let value: serde_json::Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
        let entry = pages.entry(value["page"].as_str().unwrap().to_owned()).or_default();
        let cents = (value["amount"].as_f64().unwrap() * 100.0).round();
        *entry = (entry.0 + 1, entry.1 + cents.to_string().parse::<i128>().unwrap());
    }
    let found = rows(&["clicks", "| count, sum .amount by .page"]);
    assert_eq!(found.len(), pages.len());
    for row in &found {
        let (count, cents) = pages[row[".page"].as_str().unwrap()];
        assert_eq!(row["count"].as_u64(), Some(count), "{row}");
        assert_eq!((row["sum .amount"].as_f64().unwrap() * 100.0).round().to_string(), cents.to_string(), "{row}");
    }
    let counts: Vec<u64> = found.iter().map(|row| row["count"].as_u64().unwrap()).collect();
    assert!(counts.iter().rev().is_sorted(), "the most first: {counts:?}");
    assert_eq!(rows(&["clicks", "| count by .page | top 2"]).len(), 2);
    assert_eq!(rows(&["clicks", ".nothing == 1 | count"]).first().map(|row| row["count"].clone()), Some(0.into()));
    let selected = rows(&["clicks", "| select .page, offset"]);
    assert_eq!(selected.len(), kafka.truth.topic("clicks").records.len());
    assert!(selected.iter().all(|row| row[".page"].is_string() && row["offset"].is_u64()), "{selected:?}");
    for wrong in [&["-n", "3", "clicks", "| count"][..], &["--format", "%k", "clicks", "| select .page"], &["clicks", "| cuont"]] {
        assert_eq!(search(kafka, wrong).done.code, Some(2), "{wrong:?}");
    }
}
