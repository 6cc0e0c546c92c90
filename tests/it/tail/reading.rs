//! Where to begin and end, which partitions, how many, what matches; following; signals and pipes.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::kafka::{Codec, Line, Release, Seeded, Writer, Written, parse, record, seeded};
use crate::pty::Terminal;
use crate::run::{Running, kscope};
use crate::ui::OWN;

/// What comes out, sorted by topic, partition and offset.
#[track_caller]
fn tail(kafka: &Seeded, arguments: &[&str]) -> Vec<(String, i32, i64)> {
    let brokers = kafka.cluster.brokers();
    let done = kscope(&[&["tail", "-b", &brokers, "-o", "ndjson"], arguments].concat()).ok();
    let mut lines: Vec<Line> = done.lines().into_iter().map(parse).collect();
    lines.sort_by_key(|line| (line.topic.clone(), line.record.partition)); // stable: within a partition as it was printed
    lines.into_iter().map(|line| (line.topic, line.record.partition, line.record.offset)).collect()
}

/// What the truth holds of a topic under a condition.
fn truth(kafka: &Seeded, topic: &str, holds: impl Fn(&Written) -> bool) -> Vec<(String, i32, i64)> {
    let records = kafka.truth.topic(topic).records.iter().filter(|r| holds(r));
    records.map(|r| (topic.to_owned(), r.partition, r.offset)).collect()
}

/// Arguments, and which records come out under them.
type Case<'a> = (&'a [&'a str], &'a dyn Fn(&Written) -> bool);

#[test]
fn it_begins_and_ends_where_it_is_told() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let cases: [Case<'_>; 12] = [
        (&["--from", "-3", "--until", "now"], &|r| r.offset >= 97),
        (&["--from", "latest", "--until", "now"], &|_| false),
        (&["--from", "98", "--until", "now", "-p", "1,4"], &|r| r.offset >= 98 && [1, 4].contains(&r.partition)),
        (&["--from", "3@50,5@77", "--until", "now", "-p", "3,5"], &|r| {
            (r.partition == 3 && r.offset >= 50) || (r.partition == 5 && r.offset >= 77)
        }),
        (&["--from", "@1760003000000", "--until", "now"], &|r| r.timestamp_ms >= 1_760_003_000_000),
        (&["--from", "2025-10-09T09:43:20Z", "--until", "now"], &|r| r.timestamp_ms >= 1_760_003_000_000),
        (&["--from", "earliest", "--until", "now", "--where", ".page == \"/cart\" and .amount >= 16"], &|r| {
            let text = String::from_utf8_lossy(r.value.as_deref().unwrap_or_default());
            text.contains("\"/cart\"") && text.contains("16.50")
        }),
        (&["--from", "earliest", "--until", "now", "--where", "key == user-7 and partition in (1, 3)"], &|r| {
            r.key.as_deref() == Some(b"user-7") && [1, 3].contains(&r.partition)
        }),
        // The query says where to read, and with an end it ends by itself.
        (&["--until", "now", "--where", "last:3"], &|r| r.offset >= 97),
        (&["--until", "now", "--where", "since:@1760003000000 user-7"], &|r| {
            r.timestamp_ms >= 1_760_003_000_000 && r.key.as_deref() == Some(b"user-7")
        }),
        (&["--where", "until:@1760003000000 p:1,4"], &|r| r.timestamp_ms < 1_760_003_000_000 && [1, 4].contains(&r.partition)),
        (&["--where", "offset >= 97 offset < 99 partition == 2"], &|r| (97..99).contains(&r.offset) && r.partition == 2),
    ];
    for (arguments, holds) in cases {
        assert_eq!(tail(kafka, &[arguments, &["clicks"]].concat()), truth(kafka, "clicks", holds), "{arguments:?}");
    }
}

#[test]
fn a_count_is_over_all_partitions_and_several_topics_come_together() {
    let Some(kafka) = seeded(Release::V3_9) else { return };
    for n in [1, 7, 250] {
        let found = tail(kafka, &["--from", "earliest", "-n", &n.to_string(), "clicks"]);
        assert_eq!(found.len(), n);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), n, "one record twice");
    }
    assert_eq!(tail(kafka, &["--from", "earliest", "-n", "0", "clicks"]), []);
    let both = [truth(kafka, "clicks", |_| true), truth(kafka, "codec-mixed", |_| true)].concat();
    assert_eq!(tail(kafka, &["--from", "earliest", "--until", "now", "codec-mixed", "clicks"]), both);
}

#[test]
fn a_format_prints_what_it_says() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let done = kscope(&["tail", "-b", &brokers, "--from", "0", "-n", "1", "-p", "0", "--format", "%t %p %o %k %s\\n", "clicks"]).ok();
    let first = kafka.truth.topic("clicks").of(0).next().unwrap();
    let value = String::from_utf8_lossy(first.value.as_deref().unwrap());
    assert_eq!(done.lines(), [format!("clicks 0 0 {} {value}", String::from_utf8_lossy(first.key.as_deref().unwrap()))]);
}

#[test]
fn what_is_written_is_printed_while_one_follows_until_a_signal() {
    let Some(kafka) = seeded(Release::V2_8) else { return };
    let topic = format!("{OWN}followed");
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 2, 1, &[]);
    writer.append(&topic, 0, Codec::None, &[record("before")]);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        // From the start, so that nothing depends on when it has connected.
        let tail = Running::start(&["tail", "-b", &kafka.cluster.brokers(), "--from", "earliest", &topic]);
        let before = tail.until("what is there", |lines| (!lines.is_empty()).then_some(lines.len()));
        let word = format!("while one follows, until {code}");
        writer.append(&topic, 1, Codec::Zstd, &[record(word.clone())]);
        tail.until("what is written", |lines| (lines.len() > before && lines.iter().any(|line| line.contains(&word))).then_some(()));
        tail.signal(signal);
        assert_eq!(tail.finish().code, Some(code));
    }
    writer.delete(&topic);
}

#[test]
fn a_closed_pipe_is_a_good_and_quiet_end() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let tail = Running::start(&["tail", "-b", &brokers, "--from", "earliest", "-o", "ndjson", "clicks", "big-values", "json"]);
    tail.until("it prints", |lines| (!lines.is_empty()).then_some(()));
    tail.hang_up();
    // The pipe is closed when its next bytes are read, of which there are many more than it holds.
    let done = tail.finish();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

#[test]
fn on_a_terminal_no_foreign_byte_comes_out() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    for topic in ["text", "bytes", "headers", "null-empty"] {
        for output in [&[][..], &["-o", "ndjson"], &["-o", "json"], &["-o", "csv"]] {
            let arguments = [&["tail", "-b", &brokers, "--from", "earliest", "--until", "now"], output, &[topic]].concat();
            let mut terminal = Terminal::kscope(&arguments, 200, 60);
            assert_eq!(terminal.ended().exit_code(), 0, "{}", terminal.text());
            let found = crate::pty::escapes(&terminal.raw());
            assert_eq!((found.foreign, found.osc), (vec![], vec![]), "{topic} {output:?}");
        }
    }
}
