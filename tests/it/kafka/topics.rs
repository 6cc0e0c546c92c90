//! What the seeded topics hold. To add one: a function that takes the [`Seeder`], and its line in [`write_all`]; every test
//! that walks all topics then reads it too.

use super::batch::{Codec, T0, record, tombstone};
use super::cluster::Release;
use super::seed::{Seeder, Times};
use super::texts;

const DAY: i64 = 86_400_000;
/// Room for the large values.
const LARGE: (&str, &str) = ("max.message.bytes", "16777216");

/// Every topic. The compacted one comes first and is awaited last.
pub(crate) fn write_all(s: &mut Seeder) {
    compacted(s);
    clicks(s);
    codecs(s);
    null_and_empty(s);
    headers(s);
    values(s);
    timestamps(s);
    old_formats(s);
    layouts(s);
    transactions(s);
    await_compaction(s);
}

/// `clicks`: what an application writes, 600 JSON events over an hour, keyed by user, in six partitions, lz4.
fn clicks(s: &mut Seeder) {
    s.topic("clicks", 6, &[]);
    for partition in 0..6 {
        let click = |n: i64| {
            let (user, page) = (n % 40, ["/", "/search", "/cart", "/checkout"][usize::try_from(n % 4).unwrap_or(0)]);
            let value = format!(r#"{{"user_id":{user},"page":"{page}","action":"view","amount":{}.50}}"#, n % 17);
            record(value).key(format!("user-{user}")).at(T0 + n * 6_000)
        };
        s.batch("clicks", partition, Codec::Lz4, (0..100).map(|n| click(n * 6 + i64::from(partition))).collect());
    }
}

/// `codec-*`: 100 records in two batches of each codec; `codec-mixed`: all of them in one partition.
fn codecs(s: &mut Seeder) {
    s.topic("codec-mixed", 1, &[]);
    for codec in Codec::ALL {
        let topic = format!("codec-{}", codec.name());
        s.topic(&topic, 1, &[]);
        for half in 0..2 {
            let one = |n: i64| record(format!("{} {n} {}", codec.name(), "the quick brown fox ".repeat(40))).at(T0 + n);
            s.batch(&topic, 0, codec, (half * 50..half * 50 + 50).map(one).collect());
        }
        s.batch("codec-mixed", 0, codec, (0..10).map(|n| record(format!("{} {n}", codec.name()))).collect());
    }
}

/// `null-empty`: null, empty and present keys against null, empty and present values.
fn null_and_empty(s: &mut Seeder) {
    s.topic("null-empty", 1, &[]);
    let values = || [tombstone(), record(""), record("v")];
    let mut records: Vec<_> = values().into();
    records.extend(values().map(|r| r.key("")));
    records.extend(values().map(|r| r.key("k")));
    s.batch("null-empty", 0, Codec::None, records);
}

/// `headers`: order, duplicates, null and empty, 500 of them, long, names and values that are not UTF-8.
fn headers(s: &mut Seeder) {
    s.topic("headers", 1, &[]);
    let r = || record(r#"{"ok": true}"#).key("k");
    let many = (0..500).fold(r(), |record, n| record.header(format!("n{n:03}"), n.to_string()));
    let all_bytes: Vec<u8> = (0..=255).collect();
    s.each(
        "headers",
        vec![
            r(),
            r().header("zebra", "1").header("apple", "2").header("mango", "3"),
            r().header("dup", "1").header("dup", "2").header("other", "x").header("dup", "1"),
            r().null_header("null").header("empty", "").header("", "empty name").null_header(""),
            many,
            r().header("long", vec![b'x'; 100_000]),
            r().header("bytes", all_bytes),
            r().header("naïve ☃ \x1b[31m", "wärme"),
            r().header(*b"\xff\xfe\0name", "the name is not UTF-8"),
            r().header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ],
    );
}

/// `bytes`, `text`, `json`, `markup` (see `texts.rs`; the key names the case) and `big-values`, 1 MB and 8 MB between small ones.
fn values(s: &mut Seeder) {
    for (topic, cases) in [("bytes", texts::bytes()), ("text", texts::text()), ("json", texts::json()), ("markup", texts::markup())] {
        s.topic(topic, 1, &[LARGE]);
        s.each(topic, cases.into_iter().map(|(case, value)| record(value).key(case).header("case", case)).collect());
    }
    s.topic("big-values", 1, &[LARGE]);
    for size in [10, 1_000_000, 10, 8_000_000, 10] {
        let codec = if size == 1_000_000 { Codec::Zstd } else { Codec::None };
        let value = format!(r#"{{"size": {size}, "pad": "{}"}}"#, "x".repeat(size));
        s.batch("big-values", 0, codec, vec![record(value).key(size.to_string())]);
    }
}

/// `timestamps`: out of order, none, before 1970, seconds by mistake, far future; `append-time`: set by the broker.
fn timestamps(s: &mut Seeder) {
    const ANY: &str = "9223372036854775807";
    let limits: &[_] = match s.release {
        Release::V2_8 => &[("message.timestamp.difference.max.ms", ANY)],
        Release::V3_9 | Release::V4_2 => &[("message.timestamp.before.max.ms", ANY), ("message.timestamp.after.max.ms", ANY)],
    };
    s.topic("timestamps", 1, limits);
    let times = [T0, T0 - DAY, T0 - 1, T0 - DAY, -1, 0, 1, -DAY, T0 / 1000, 253_402_300_799_000, i64::MAX, T0];
    s.each("timestamps", times.into_iter().map(|at| record(format!("at {at}")).at(at)).collect());
    s.topic("append-time", 1, &[("message.timestamp.type", "LogAppendTime")]);
    for n in 0..3 {
        let records = (0..2).map(|i| record(format!("{}", n * 2 + i)).at(T0 - i)).collect();
        s.batch_with(Times::Append, "append-time", 0, Codec::Gzip, records);
    }
}

/// `old-format-0` and `old-format-1`: message formats 0 and 1, plain and compressed; only 2.x keeps them.
fn old_formats(s: &mut Seeder) {
    if s.release != Release::V2_8 {
        return;
    }
    for (topic, format, times) in [("old-format-0", "0.9.0", Times::Lost), ("old-format-1", "0.10.2", Times::Create)] {
        s.topic(topic, 1, &[("message.format.version", format)]);
        for codec in [Codec::None, Codec::Gzip, Codec::SnappyFramed, Codec::Lz4] {
            let mut records: Vec<_> = (0..5).map(|n| record(format!("{} {n}", codec.name())).key("k").at(T0 + n)).collect();
            records.push(tombstone());
            s.batch_with(times, topic, 0, codec, records);
        }
    }
}

/// Topics whose shape matters: no record, many partitions, odd names, deleted beginnings.
fn layouts(s: &mut Seeder) {
    s.topic("empty", 3, &[]);
    s.topic("wide", 200, &[]);
    for partition in (0..200).step_by(20) {
        s.batch("wide", partition, Codec::None, vec![record(format!("in {partition}")).at(T0 + i64::from(partition))]);
    }
    for name in ["n".repeat(249).as_str(), "a.b_c", "-dash", "...", "UPPER", "upper"] {
        s.topic(name, 1, &[]);
        s.each(name, vec![record(name)]);
    }
    for (topic, upto) in [("deleted-front", 60), ("deleted-all", 100)] {
        s.topic(topic, 1, &[]);
        for ten in 0..10 {
            s.batch(topic, 0, Codec::None, (0..10).map(|n| record(format!("{}", ten * 10 + n))).collect());
        }
        s.delete_before(topic, 0, upto);
    }
}

/// `transactions`: partition 0 committed and aborted in turn; partition 1 one left open with plain records behind it.
/// `transactions-aborted`: nothing else. `transactions-interleaved`: two producers' batches, one commits, one aborts.
fn transactions(s: &mut Seeder) {
    let five = |word: &str| (0..5).map(|n| record(format!("{word} {n}"))).collect::<Vec<_>>();
    s.topic("transactions", 2, &[]);
    let mut a = s.transactional("tx-a");
    for (outcome, commit) in [("committed", true), ("aborted", false), ("committed", true), ("aborted", false)] {
        s.batch_in(&mut a, ("transactions", 0), outcome, five(outcome));
        s.end(&a, commit, ("transactions", 0));
    }
    s.batch("transactions", 0, Codec::None, vec![record("plain")]);
    s.batch_in(&mut a, ("transactions", 1), "committed", five("committed"));
    s.end(&a, true, ("transactions", 1));
    let mut open = s.transactional("tx-open");
    s.batch_in(&mut open, ("transactions", 1), "open", five("open"));
    s.batch("transactions", 1, Codec::None, vec![record("behind"), record("the open one")]);

    s.topic("transactions-aborted", 1, &[]);
    s.batch_in(&mut a, ("transactions-aborted", 0), "aborted", five("aborted"));
    s.end(&a, false, ("transactions-aborted", 0));

    s.topic("transactions-interleaved", 1, &[]);
    let mut b = s.transactional("tx-b");
    for _ in 0..3 {
        s.batch_in(&mut a, ("transactions-interleaved", 0), "committed", five("committed"));
        s.batch_in(&mut b, ("transactions-interleaved", 0), "aborted", five("aborted"));
    }
    s.end(&a, true, ("transactions-interleaved", 0));
    s.end(&b, false, ("transactions-interleaved", 0));
}

const COMPACTED: i64 = 500;
const KEYS: i64 = 9;

/// `compacted`: 500 records of nine keys, of which the last nine stay, one of them a tombstone, in the rest of a batch that
/// began with others; then two more keys, each in a segment of its own. The records' times are a second apart, which rolls
/// the segments without waiting; the active segment is never compacted.
fn compacted(s: &mut Seeder) {
    let configs = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "200"),
        ("min.cleanable.dirty.ratio", "0.001"),
        ("delete.retention.ms", "315360000000"),
    ];
    s.topic("compacted", 1, &configs);
    for fifty in 0..10 {
        let one = |n: i64| {
            let r = if n == 497 { tombstone() } else { record(format!("{n}")) };
            r.key(format!("key-{}", n % KEYS)).at(T0 + n * 1000)
        };
        s.batch("compacted", 0, Codec::None, (fifty * 50..fifty * 50 + 50).map(one).collect());
    }
    for n in COMPACTED..COMPACTED + 2 {
        s.batch("compacted", 0, Codec::None, vec![record("last").key(format!("last-{n}")).at(T0 + n * 1000)]);
    }
}

fn await_compaction(s: &mut Seeder) {
    let first = COMPACTED - KEYS;
    s.compacted("compacted", T0, first, |r| r.offset < first);
}
