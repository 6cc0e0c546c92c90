//! What stages make of records: a table of cases, and the promises that hold for any.

use super::*;

/// A table as text: a line for each row, cells apart by a bar.
fn shown(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Absent => "–".to_owned(),
        Cell::Null => "null".to_owned(),
        Cell::Bool(word) => word.to_string(),
        Cell::Text(text) => format!("\"{}\"", String::from_utf8_lossy(text)),
        Cell::Container => "{}".to_owned(),
        Cell::Number(text) => text.clone(),
        Cell::Approx(text) => format!("≈{text}"),
        Cell::Count(n) => format!("#{n}"),
        Cell::Time(ms) => format!("@{}", ms - NOW),
        Cell::Bucket(bucket) => format!("{}..{}", bucket.low, bucket.high),
        Cell::Others(n) => format!("others({n})"),
    };
    let row = |row: &Row| row.cells.iter().map(cell).collect::<Vec<_>>().join(" | ");
    table.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

pub(super) fn stages(query: &str) -> Stages {
    let parsed = parse(query).unwrap_or_else(|e| panic!("{query}: {e} at {:?}", e.at));
    assert_eq!(parse(&parsed.to_string()).as_ref(), Ok(&parsed), "{query} prints as {parsed}");
    Stages::compile(&parsed, &context()).expect("a table")
}

/// The records that match, tallied.
pub(super) fn tally(stages: &Stages, samples: &[Sample]) -> Tally {
    let filter = Filter::compile(stages.query(), &context());
    let mut tally = Tally::new(stages);
    for sample in samples {
        let record = sample.record();
        let subject = Subject { record: &record, topic: "orders-eu", txn: sample.txn, now: Time::from_millis(NOW) };
        if filter.matches(&subject).matched {
            tally.take(&subject);
        }
    }
    tally
}

fn table(query: &str, samples: &[Sample]) -> Table {
    let stages = stages(query);
    tally(&stages, samples).table(&stages)
}

#[track_caller]
fn gives(query: &str, samples: &[Sample], want: &str) {
    let want: Vec<_> = want.trim().lines().map(str::trim).collect();
    assert_eq!(shown(&table(query, samples)), want.join("\n"), "{query}");
}

fn notes(query: &str, samples: &[Sample]) -> Vec<String> {
    table(query, samples).notes.iter().map(ToString::to_string).collect()
}

fn clicks() -> Vec<Sample> {
    [
        (r#"{"page":"/home","ms":10,"region":"eu","user":{"id":1}}"#, 0),
        (r#"{"page":"/cart","ms":20.5,"region":"us","user":{"id":2}}"#, 10),
        (r#"{"page":"/home","ms":30,"region":"eu","user":{"id":1.0}}"#, 61),
        (r#"{"page":"/home","ms":"40","region":"eu","user":{"id":3}}"#, 62),
        (r#"{"page":null,"ms":null}"#, 63),
        (r#"{"ms":5}"#, 130),
        ("no json", 131),
    ]
    .into_iter()
    .map(|(value, second)| Sample { timestamp_ms: NOW + second * 1000, ..Sample::value(value) })
    .collect()
}

#[test]
fn records_are_counted_by_group() {
    gives("| count", &clicks(), "#7");
    gives("| count by .page", &clicks(), "\"/home\" | #3\n– | #2\nnull | #1\n\"/cart\" | #1");
    gives(".page == \"/home\" | count by .page, .region", &clicks(), "\"/home\" | \"eu\" | #3");
    gives("| count by .user.id", &clicks(), "– | #3\n1 | #2\n2 | #1\n3 | #1");
    gives("nothing | count", &clicks(), "#0");
    gives("nothing | count by key", &clicks(), "");
    gives("| count by partition, topic, key, txn", &clicks(), "3 | \"orders-eu\" | \"user-42\" | – | #7");
    let numbers = ["1", "1.0", "10e-1", "\"1\"", "true", "{}", "[1]", "null"].map(|v| Sample::value(&format!("{{\"a\":{v}}}")));
    gives("| count by .a", &numbers, "1 | #3\n{} | #2\nnull | #1\ntrue | #1\n\"1\" | #1");
}

#[test]
fn several_values_put_a_record_into_several_groups() {
    let samples = [r#"{"t":["a","b","a"],"n":[1,2]}"#, r#"{"t":["b"],"n":[]}"#, r#"{"t":[]}"#].map(Sample::value);
    gives("| count by .t[]", &samples, "\"b\" | #2\n\"a\" | #1\n– | #1");
    gives(
        "| count by .t[], .n[] | sort .n[]",
        &samples,
        "\"a\" | 1 | #1\n\"b\" | 1 | #1\n\"a\" | 2 | #1\n\"b\" | 2 | #1\n\"b\" | – | #1\n– | – | #1",
    );
    gives("| sum .n[], count, distinct .t[]", &samples, "3 | #3 | #2");
    let many = Sample::value(&format!("[{}]", (0..3000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")));
    let counted = table("| count by .[]", &[many]);
    assert_eq!((counted.rows.len(), counted.notes.as_slice()), (1000, &[Note::Crowded { records: 1 }][..]));
    let headers = Sample::value("v").header("h", Some("1")).header("h", None).header("h", Some("1"));
    gives("| count by header.h", &[headers.clone(), Sample::value("v")], "null | #1\n\"1\" | #1\n– | #1");
    gives("| sum header.h, min header.h", &[headers], "2 | 1");
}

#[test]
fn a_record_in_several_groups_of_which_some_find_no_room_counts_once_among_the_others() {
    let samples = [r#"{"t":["a","b","c","d"],"n":[1,2]}"#, r#"{"t":["c","a"],"n":[4]}"#, r#"{"t":["d"],"n":[8]}"#].map(Sample::value);
    let two = stages("| count, sum .n[] by .t[]").limited(2, 1 << 30);
    let table = tally(&two, &samples).table(&two);
    assert_eq!(shown(&table), "\"a\" | #2 | 7\n\"b\" | #1 | 3\nothers(2) | #3 | 15");
    assert!(table.notes.contains(&Note::Others { groups: 2 }), "{:?}", table.notes);
    // Also when the groups are those of two tallies.
    let mut merged = tally(&two, &samples[..1]);
    merged.merge(tally(&two, &samples[1..]));
    assert!(merged.table(&two).notes.contains(&Note::Mixed));
    assert_eq!(merged.records(), 3);
}

#[test]
fn the_first_rows_of_many_are_those_of_the_whole_table() {
    let samples: Vec<Sample> = (0..500).map(|n| Sample::value(&format!("{{\"g\":{},\"v\":{}}}", n * n % 97, n % 13))).collect();
    for query in ["| count by .g", "| sum .v, count by .g", "| max .v by .g"] {
        let whole = table(query, &samples);
        for most in [1, 7, 96, 97, 98, 5_000] {
            for stage in ["top", "limit"] {
                let some = table(&format!("{query} | {stage} {most}"), &samples);
                assert_eq!(
                    (some.rows.as_slice(), some.of),
                    (&whole.rows[..most.min(whole.rows.len())], whole.of),
                    "{query} | {stage} {most}"
                );
            }
        }
    }
    assert_eq!(shown(&table("| count by .g | limit 3 | sort .g", &samples)).lines().count(), 3);
}

#[test]
fn numbers_are_made_of_values() {
    gives("| sum .ms, avg .ms, min .ms, max .ms, count", &clicks(), "65.5 | 16.375 | 5 | 30 | #7");
    gives("| sum .ms by .page", &clicks(), "\"/home\" | 40\n\"/cart\" | 20.5\n– | 5\nnull | –");
    gives("| p50 .ms, p90 .ms, p95 .ms, p99 .ms, p999 .ms", &clicks(), "10 | 30 | 30 | 30 | 30");
    gives("| distinct .user.id, distinct .page, distinct .nothing", &clicks(), "#3 | #3 | #0");
    gives("| min time, max time", &clicks(), "@0 | @131000");
    gives("| max size, sum partition, min offset, max age", &clicks(), "63 | 21 | 12000 | 0");
    assert_eq!(
        notes("| sum .ms, avg .ms, distinct .page", &clicks()),
        [".ms is missing in 1 record", "2 values of .ms are not numbers", ".page is missing in 2 records"]
    );
    let exact = ["9007199254740993", "0.1", "0.2", "1e400", "-1e400", "1e999999999"].map(|v| Sample::value(&format!("{{\"a\":{v}}}")));
    gives("| sum .a, max .a", &exact, "9007199254740993.3 | 1e400");
    assert_eq!(notes("| sum .a", &exact), ["1 number of .a left out: over 1,000 digits or beyond 10^±1,000"]);
}

#[test]
fn windows_and_rates_are_of_record_times() {
    gives("| count every 1m", &clicks(), "@0 | #2\n@60000 | #3\n@120000 | #2");
    gives(
        "| count by .page every 1m",
        &clicks(),
        "@0 | \"/cart\" | #1\n@0 | \"/home\" | #1\n@60000 | \"/home\" | #2\n@60000 | null | #1\n@120000 | – | #2",
    );
    gives("| count by .page every 1m | top 1", &clicks(), "@0 | \"/cart\" | #1\n@60000 | \"/home\" | #2\n@120000 | – | #2");
    let timeless = Sample { timestamp_ms: -1, ..Sample::value("v") };
    let before = Sample { timestamp_ms: -90_000, ..Sample::value("v") };
    let both = [timeless.clone(), before];
    gives("| count every 1m", &both, &format!("@{} | #1\n– | #1", -120_000 - NOW));
    assert_eq!(notes("| count every 1m", &both), ["1 record without a time"]);
    gives("| rate by .page | top 1", &clicks(), "\"/home\" | 0.022900763358778625954");
    assert_eq!(notes("| rate", &clicks()), ["rate: over 2m11s, 2026-11-20T12:00:00Z to 2026-11-20T12:02:11Z"]);
    gives("| rate", &clicks()[..1], "–");
    gives("| count, rate", &[timeless], "#1 | –");
}

#[test]
fn rows_are_ordered_and_taken() {
    gives("| count by .page | top 1", &clicks(), "\"/home\" | #3");
    gives("| count by .page | sort .page", &clicks(), "null | #1\n\"/cart\" | #1\n\"/home\" | #3\n– | #2");
    gives("| count by .page | sort .page desc | limit 2", &clicks(), "\"/home\" | #3\n\"/cart\" | #1");
    gives("| count by .page | top 2 | sort count", &clicks(), "– | #2\n\"/home\" | #3");
    gives("| count by .page | sort count | top 2", &clicks(), "– | #2\n\"/home\" | #3");
    gives(
        "| count, max .ms by .page | sort max .ms desc",
        &clicks(),
        "\"/home\" | #3 | 30\n\"/cart\" | #1 | 20.5\n– | #2 | 5\nnull | #1 | –",
    );
    gives("| count every 1m | sort window desc | limit 1", &clicks(), "@120000 | #2");
    let table = table("| count by .page | limit 1", &clicks());
    assert_eq!((table.rows.len(), table.of, table.records), (1, 4, 7));
    let columns: Vec<String> = table.columns.iter().map(|column| format!("{} {:?}", column.text, column.kind)).collect();
    assert_eq!(columns, [".page Group", "count Count"]);
}

#[test]
fn histograms_have_round_ranges() {
    gives("| hist .ms", &clicks(), "5..10 | #1\n10..20 | #1\n20..50 | #2");
    assert_eq!(notes("| hist .ms", &clicks()), [".ms is missing in 1 record", "2 values of .ms are not numbers"]);
    gives("| hist .ms | top 1", &clicks(), "20..50 | #2");
    gives("| hist .ms | sort count desc | limit 2", &clicks(), "20..50 | #2\n5..10 | #1");
    gives("| hist .nothing", &clicks(), "");
}

#[test]
fn memory_is_bounded_and_says_so() {
    let samples: Vec<Sample> = (0..3000).map(|n| Sample::value(&format!("{{\"g\":{n},\"v\":{},\"w\":{}}}", n % 700, n * 7))).collect();
    let few = stages("| count, distinct .v by .g").limited(100, 1 << 30);
    let table = tally(&few, &samples).table(&few);
    let last = table.rows.last().unwrap();
    assert!(last.is_others() && last.filter(&few).is_none() && table.rows.len() == 101);
    assert!(matches!(last.cells[..], [Cell::Others(n), Cell::Count(2900), Cell::Count(600..=700)] if n.abs_diff(2900) < 150), "{last:?}");
    assert!(table.notes.iter().any(|note| matches!(note, Note::Others { .. })));
    // Every record is counted once, whatever the budget, and bytes stay near it.
    for budget in [10_000, 100_000, 1_000_000] {
        let small = stages("| count, distinct .w, p95 .w by .v").limited(100_000, budget);
        let tally = tally(&small, &samples);
        assert!(tally.bytes() < budget * 2 + 20_000, "{} of {budget}", tally.bytes());
        let table = tally.table(&small);
        let count = |row: &Row| if let Cell::Count(n) = row.cells[1] { n } else { 0 };
        assert_eq!(table.rows.iter().map(count).sum::<u64>(), 3000);
        assert_eq!(table.notes.contains(&Note::Shrunk), budget < 1_000_000, "{budget}");
    }
}

#[test]
fn tallies_of_parts_are_the_tally_of_the_whole() {
    let samples: Vec<Sample> = (0..2000)
        .map(|n| Sample {
            timestamp_ms: NOW + n * 977 % 300_000,
            ..Sample::value(&format!("{{\"g\":{},\"v\":{}.{},\"t\":[{},{}]}}", n * 31 % 17, n * 7919 % 1000, n % 10, n % 3, n % 5))
        })
        .collect();
    for query in [
        "| count by .g",
        "| sum .v, avg .v, min .v, max .v, distinct .v, p95 .v by .t[] every 1m",
        "| p50 .v, distinct .v",
        "| rate by .g | top 3",
        "| hist .v",
    ] {
        for limits in [(100_000, 1 << 30), (100_000, 2_000)] {
            let stages = stages(query).limited(limits.0, limits.1);
            let whole = tally(&stages, &samples);
            let mut parts: Vec<Tally> = samples.chunks(77).map(|part| tally(&stages, part)).collect();
            parts.reverse();
            let mut merged = Tally::new(&stages);
            parts.drain(..).for_each(|part| merged.merge(part));
            let (whole, merged) = (whole.table(&stages), merged.table(&stages));
            if limits.1 > 1 << 20 {
                assert_eq!(merged, whole, "{query}");
            } else {
                assert_eq!(merged.records, whole.records);
            }
        }
    }
}

#[test]
fn a_row_asks_for_its_records_again() {
    let mut samples = clicks();
    samples.push(Sample { value: Some(b"{\"page\":\"caf\xe9\"}".to_vec()), ..Sample::value("") });
    samples.push(Sample { value: None, key: None, timestamp_ms: -1, txn: Some(Outcome::Open), ..Sample::value("") });
    let asked = |query: &str, at: usize| {
        let stages = stages(query);
        let table = tally(&stages, &samples).table(&stages);
        table.rows[at].filter(&stages).map(|query| query.to_string())
    };
    assert_eq!(asked("| count by .page | sort count desc | limit 2", 1).as_deref(), Some("not exists .page"));
    assert_eq!(asked("| count by .page | sort .page", 0).as_deref(), Some(".page == null"));
    assert_eq!(asked("| count by .page | sort .page desc", 0).as_deref(), Some(".page ~ \"^(?-u:\\\\x63\\\\x61\\\\x66\\\\xe9)$\""));
    assert_eq!(
        asked(".ms > 1 or failed | count by .page, .region", 0).as_deref(),
        Some("(.ms > 1 or failed) and .page == \"/home\" and .region == \"eu\"")
    );
    assert_eq!(
        asked("since:15m | count every 1m", 0).as_deref(),
        Some("since:2026-11-20T11:45:00Z and time in 2026-11-20T11:59:00Z..<2026-11-20T12:00:00Z")
    );
    assert_eq!(asked("| count", 0).as_deref(), Some(""));
    assert_eq!(asked("| hist .ms", 0).as_deref(), Some(".ms in 5..<10"));
    assert_eq!(asked("| hist size | limit 1", 0).as_deref(), Some("size == 0"), "a tombstone without key");
    assert_eq!(asked("| count by txn | sort txn", 1).as_deref(), Some("not txn in (committed, aborted, open)"));
}
