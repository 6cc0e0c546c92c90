//! Searches that brokers die under, and topics: the count is exact, or it is said what is missing and the exit code is not 0.

use std::collections::BTreeSet;

use crate::kafka::{Cluster, Codec, Plan, Release, Writer, parse, record, serial};
use crate::run::{Finished, Running};

const PARTITIONS: i32 = 3;
/// Of each partition, so large that it takes several fetches.
const BATCHES: i64 = 40;
const RECORDS: i64 = 100;
const ALL: u64 = 12_000;

/// Batches of 100 kB; every other record matches.
fn fill(writer: &mut Writer, topic: &str) {
    let pad = "x".repeat(1_000);
    for batch in 0..BATCHES {
        for partition in 0..PARTITIONS {
            let one = |n: i64| {
                let value = format!("{{\"n\":{},\"even\":{},\"pad\":\"{pad}\"}}", batch * RECORDS + n, n % 2 == 0);
                record(value).at(1_760_000_000_000 + batch * RECORDS + n)
            };
            let _at = writer.append(topic, partition, Codec::None, &(0..RECORDS).map(one).collect::<Vec<_>>());
        }
    }
}

/// A topic searched forwards, from the end and for a table, all at the same time and so slowly that something can happen.
struct Three {
    forwards: Running,
    backwards: Running,
    table: Running,
}

/// One of the three, when it is over.
struct Over {
    name: &'static str,
    done: Finished,
}

impl Three {
    fn start(cluster: &Cluster, topic: &str) -> Self {
        let brokers = cluster.brokers();
        let search = |more: &[&str]| Running::start(&[&["search", "-b", &brokers, "-o", "ndjson", "--max-rate", "1mb"], more].concat());
        let forwards = search(&[topic, ".even == true"]);
        let backwards = search(&["--newest-first", topic, ".even == true"]);
        let table = search(&[topic, ".even == true | count by partition"]);
        Self { forwards, backwards, table }
    }

    /// Until both that print have begun.
    fn run(&self) {
        for one in [&self.forwards, &self.backwards] {
            one.until("the first match", |lines| (!lines.is_empty()).then_some(()));
        }
    }

    fn finish(self) -> [Over; 3] {
        let over = |name, running: Running| Over { name, done: running.finish() };
        [over("forwards", self.forwards), over("backwards", self.backwards), over("table", self.table)]
    }
}

impl Over {
    #[track_caller]
    fn word(&self, name: &str) -> &str {
        let summary = self.done.stderr.lines().find(|line| line.starts_with("scanned=")).unwrap_or_else(|| panic!("{self}"));
        summary.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).unwrap_or_else(|| panic!("{summary}"))
    }

    #[track_caller]
    fn figure(&self, name: &str) -> u64 {
        self.word(name).parse().unwrap_or_else(|_| panic!("{name} in {self}"))
    }

    #[track_caller]
    fn says(&self, words: &str) {
        assert!(self.done.stderr.contains(words), "{words}\n{self}");
    }

    fn is_table(&self) -> bool {
        self.name == "table"
    }

    /// Where the matches lie that were printed, each once.
    #[track_caller]
    fn places(&self) -> BTreeSet<(i32, i64)> {
        let all: Vec<_> = self.done.lines().into_iter().map(parse).map(|line| (line.record.partition, line.record.offset)).collect();
        let places: BTreeSet<_> = all.iter().copied().collect();
        assert_eq!(places.len(), all.len(), "nothing comes twice: {self}");
        places
    }

    /// It ended badly, said so, and printed no table of a part.
    #[track_caller]
    fn is_partial(&self, code: i32) {
        assert_eq!((self.done.code, self.word("ended")), (Some(code), "error"), "{self}");
        if self.is_table() {
            assert_eq!(self.done.text(), "", "{self}");
            self.says("no table: it would be one of a part of the records");
        } else {
            assert_eq!(units(self.places().len()), self.figure("matched"), "{self}");
        }
        assert!(self.figure("scanned") < ALL && self.figure("matched") < ALL / 2, "{self}");
    }
}

impl std::fmt::Display for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.done.stderr)
    }
}

fn units(n: usize) -> u64 {
    u64::try_from(n).expect("small")
}

#[test]
fn a_broker_that_dies_costs_no_record_where_another_has_it_and_what_nobody_has_is_said_to_be_missing() {
    let _alone = serial();
    // An election is to come soon.
    let settings = ["broker.session.timeout.ms=2000", "broker.heartbeat.interval.ms=500"];
    let Some(mut cluster) = Cluster::start(Plan { settings: &settings, ..Plan::three(Release::V4_2) }) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    writer.create("replicated", PARTITIONS, 3, &[("min.insync.replicas", "1")]);
    writer.create("alone", PARTITIONS, 1, &[]);
    for topic in ["replicated", "alone"] {
        fill(&mut writer, topic);
    }
    let node = writer.leader("alone", 1);
    let (replicated, alone) = (Three::start(&cluster, "replicated"), Three::start(&cluster, "alone"));
    for three in [&replicated, &alone] {
        three.run();
    }
    cluster.kill(usize::try_from(node).expect("a node"));

    // Asked right now, before another broker leads.
    let brokers = cluster.brokers();
    let turn = Running::start(&["bisect", "-b", &brokers, "-o", "ndjson", "replicated", ".n >= 2000"]).finish();
    assert_eq!(turn.code, Some(0), "{}", turn.stderr);
    let turns: Vec<serde_json::Value> = turn.lines().into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(turns.len() == 3 && turns.iter().all(|row| row["offset"] == 2000), "{}", turn.text());
    let shape = Running::start(&["topic", "shape", "-b", &brokers, "-o", "ndjson", "alone"]).finish();
    assert_eq!(shape.code, Some(7), "{}", shape.stderr);
    assert!(shape.stderr.contains("partition 1 is not read"), "{}", shape.stderr);

    for over in replicated.finish() {
        assert_eq!((over.done.code, over.word("ended"), over.figure("unread")), (Some(0), "end", 0), "{over}");
        assert_eq!((over.figure("scanned"), over.figure("matched")), (ALL, ALL / 2), "{over}");
        if over.is_table() {
            let rows: Vec<serde_json::Value> = over.done.lines().into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
            let counts: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
            assert_eq!((rows.len(), counts), (3, ALL / 2));
        } else {
            assert_eq!(units(over.places().len()), ALL / 2, "{over}");
        }
        // An election may pass between two fetches of a partition.
        over.says("led by broker");
        assert_eq!(over.figure("interrupted") > 0, over.done.stderr.contains("reading was interrupted"), "{over}");
    }
    for over in alone.finish() {
        // One partition ends where the broker died, or begins there when it is read from its end; the others are whole.
        over.is_partial(7);
        let unread = over.figure("unread");
        assert!(unread > 0 && over.figure("scanned") >= 8_000, "{over}");
        assert_eq!(over.figure("scanned") + unread, ALL, "{over}");
        over.says("alone/1: offsets ");
        over.says(" were not read");
        if !over.is_table() {
            let whole = over.places().into_iter().filter(|(partition, _)| *partition != 1).count();
            assert_eq!(units(whole), ALL / 3, "{over}");
        }
    }
    // Nobody knows any more where the partition begins and ends: no figure of it is made up.
    let done = Running::start(&["search", "-b", &brokers, "-o", "ndjson", "alone", ".even == true | count"]).finish();
    let over = Over { name: "table", done };
    over.is_partial(7);
    assert_eq!(over.word("unread"), "unknown", "{over}");
    over.says("alone/1 was not read");
}

#[test]
fn a_topic_that_is_deleted_or_made_again_meanwhile_is_no_end_and_its_successor_is_not_read() {
    let _alone = serial();
    let Some(cluster) = Cluster::start(Plan::one(Release::V4_2)) else { return };
    let mut writer = Writer::connect(&cluster.internal);
    for topic in ["doomed", "anew"] {
        writer.create(topic, PARTITIONS, 1, &[]);
        fill(&mut writer, topic);
    }
    let (doomed, anew) = (Three::start(&cluster, "doomed"), Three::start(&cluster, "anew"));
    for three in [&doomed, &anew] {
        three.run();
    }
    for topic in ["doomed", "anew"] {
        writer.delete(topic);
    }
    crate::eventually("the name is free", || (writer.learn("anew") == 0).then_some(()));
    writer.create("anew", PARTITIONS, 1, &[]);
    let new = record("{\"even\":true,\"n\":-1}");
    let _at = writer.append("anew", 0, Codec::None, std::slice::from_ref(&new));

    for (three, words) in [(doomed, "topic doomed was deleted"), (anew, "topic anew was deleted and made again")] {
        for over in three.finish() {
            over.is_partial(5);
            assert!(over.figure("unread") > 0, "{over}");
            assert!(!over.done.text().contains("\\\"n\\\":-1"), "{over}");
            over.says(words);
            over.says(" were not read");
        }
    }
    // A topic that was never there has no count, not even 0.
    let done = Running::start(&["search", "-b", &cluster.brokers(), "-o", "ndjson", "nowhere", "| count"]).finish();
    assert_eq!((done.code, done.text()), (Some(5), String::new()), "{}", done.stderr);
}
