//! The fast way (literals over batches and records, lazy paths, tallies in parts) and the slow one say the same.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::reference::{self, Value, by_value, reference, values};
use super::*;
use crate::query::ast::Operand;

const NUMBERS: &[&str] = &[
    "5",
    "5.0",
    "50e-1",
    "0",
    "-0",
    "-3",
    "100",
    "1e2",
    "0.25",
    "9007199254740993",
    "9007199254740992",
    "1e400",
    "1e-400",
    "12345678901234567890123456789.5",
    "-1E+2",
];
const STRINGS: &[&str] = &[
    "\"view\"",
    "\"View\"",
    "\"\\u0076iew\"",
    "\"a\\/b\"",
    "\"5\"",
    "\"\"",
    "\"é\"",
    "\"\\u00e9\"",
    "\"\\ud800\"",
    "\"\\ud83c\\udf89\"",
    "\"ſ\"",
    "\"a b\\n\"",
];

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => prop::sample::select(NUMBERS).prop_map(str::to_owned),
        3 => prop::sample::select(STRINGS).prop_map(str::to_owned),
        1 => prop::sample::select(&["null", "true", "false", "{}", "[]", "007", "nul", "\"cut"][..]).prop_map(str::to_owned),
    ];
    let name = prop::sample::select(&["a", "b", "\\u0061", "c", "o d"][..]);
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|all| format!("{{{}}}", all.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect::<Vec<_>>().join(","))),
        ]
    })
}

/// Mostly an object at the top; some are cut, some are no UTF-8, some no JSON.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let object = || {
        prop::collection::vec((prop::sample::select(&["a", "b", "a", "c"][..]), any_json()), 0..5)
            .prop_map(|all| format!("{{{}}}", all.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect::<Vec<_>>().join(",")))
    };
    prop_oneof![
        6 => object().prop_map(String::into_bytes),
        2 => any_json().prop_map(String::into_bytes),
        2 => (object(), 0_usize..60).prop_map(|(text, at)| text.into_bytes().into_iter().take(at).collect()),
        1 => (object(), 0_usize..60).prop_map(|(text, at)| {
            let mut bytes = text.into_bytes();
            let at = at.min(bytes.len());
            bytes.insert(at, 0xe9);
            bytes
        }),
        1 => prop::sample::select(&["view", "5", "-3", " ", "a b k", "View 5", "true"][..]).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let header = prop::option::of(prop::sample::select(&["view", "5", "7", "5.0", "{\"a\":5}", "{\"a\":[\"view\",null]}", "true"][..]));
    let headers = prop::collection::vec((prop::sample::select(&["h", "h", "x"][..]), header), 0..4);
    let txn = prop::option::of(prop::sample::select(vec![Outcome::Committed, Outcome::Aborted, Outcome::Open]));
    (prop::option::weighted(0.9, any_bytes()), prop::option::weighted(0.9, any_bytes()), headers, 0_i32..4, 0_i64..200, -1_i64..4, txn)
        .prop_map(|(value, key, headers, partition, offset, minutes, txn)| {
            let timestamp_ms = if minutes < 0 { -1 } else { NOW - minutes * 47_000 };
            let sample = Sample { key, value, partition, offset, timestamp_ms, txn, ..Sample::value("") };
            headers.into_iter().fold(sample, |sample, (name, value)| sample.header(name, value))
        })
}

const PATHS: &[&str] = &[
    ".a",
    ".b",
    ".a.b",
    ".a[]",
    ".a[].b",
    ".a[0]",
    ".a[-1]",
    ".b[].a",
    ".",
    ".[]",
    ".\"o d\"",
    "key",
    "key.a",
    "key.a[]",
    "value",
    "header.h",
    "header.\"h\".a",
    "header.\"h\".a[]",
    "header.none",
];
const RIGHTS: &[&str] = &[
    "view",
    "View",
    "\"view\"",
    "5",
    "\"5\"",
    "5.00",
    "-3",
    "1e2",
    "9007199254740993",
    "1e400",
    "1e-400",
    "0.25",
    "é",
    "\"\"",
    "true",
    "false",
    "null",
    "a/b",
    "\"\\ud83c\\udf89\"",
    ".b",
    "header.h",
    "key.a",
    ".a[]",
];

fn any_test() -> impl Strategy<Value = String> {
    let path = || prop::sample::select(PATHS);
    let right = || prop::sample::select(RIGHTS);
    let op = prop::sample::select(&["==", "!=", "<", "<=", ">", ">=", "contains", "startswith", "endswith"][..]);
    let regex = prop::sample::select(&["/vi(e|f)w/", "/^v/", "/View/", "/VIEW/i", "/w$|5/", "/^$/", "/a.b/", "\"ie\"", "/[0-9]+/"][..]);
    let own = prop::sample::select(
        &[
            "partition == 1",
            "partition in (0, 3)",
            "partition in 1..<3",
            "offset >= 100",
            "offset in 50..150",
            "size > 20",
            "size in 10..<40",
            "time > now-1m",
            "time in 2026-11-20T11:59Z..<2026-11-20T12:00Z",
            "age < 50s",
            "age in 1s..2m",
            "txn == aborted",
            "txn != open",
            "txn in (open, committed)",
            "topic == orders-eu",
            "topic ~ /^x/",
            "tombstone",
            "keyless",
            "since:1m",
            "p:0,2",
            "offset == .a",
            "key == topic",
            ".a < partition",
            "last:5",
        ][..],
    );
    prop_oneof![
        4 => (path(), op, right()).prop_map(|(p, o, r)| format!("{p} {o} {r}")),
        2 => (path(), prop::sample::select(&["~", "!~"][..]), regex.clone()).prop_map(|(p, o, r)| format!("{p} {o} {r}")),
        2 => (path(), right(), right()).prop_map(|(p, r, s)| format!("{p} in ({r}, {s})")),
        2 => (path(), right(), prop::sample::select(&["..", "..<"][..]), right()).prop_map(|(p, r, o, s)| format!("{p} in {r}{o}{s}")),
        1 => path().prop_map(|p| format!("exists {p}")),
        1 => path().prop_map(str::to_owned),
        1 => right().prop_map(str::to_owned),
        1 => regex.prop_map(str::to_owned),
        2 => own.prop_map(str::to_owned),
    ]
}

fn any_query() -> impl Strategy<Value = String> {
    any_test().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// What a reader does: literals over the whole batch, over the record, and then the tests.
fn found(filter: &Filter, samples: &[Sample]) -> Vec<usize> {
    let batch: Vec<u8> = samples.iter().flat_map(Sample::raw).collect();
    if !filter.literals().may_match(&batch) {
        return Vec::new();
    }
    let record = |sample: &Sample| {
        let record = sample.record();
        let subject = Subject { record: &record, topic: "orders-eu", txn: sample.txn, now: Time::from_millis(NOW) };
        filter.literals().may_match(&sample.raw()) && filter.matches(&subject).matched
    };
    samples.iter().enumerate().filter(|(_, sample)| record(sample)).map(|(at, _)| at).collect()
}

fn wanted(query: &Query, samples: &[Sample]) -> Vec<usize> {
    let matched = |sample: &Sample| query.expr.as_ref().is_none_or(|expr| reference(expr, sample));
    samples.iter().enumerate().filter(|(_, sample)| matched(sample)).map(|(at, _)| at).collect()
}

/// A group's value as the tables show it; numbers by value.
fn shown(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(word) => Cell::Bool(*word),
        Value::Number(text) => Cell::Number(canonical(text)),
        Value::Text(text) | Value::Loose(text) => Cell::Text(text.as_slice().into()),
        Value::Time(ms) => Cell::Time(*ms),
        Value::Container => Cell::Container,
    }
}

/// The first of the numbers of the test that has this value, or the number itself.
fn canonical(text: &str) -> String {
    let plain = ["0", "5", "-3", "100", "-100", "0.25", "1e400", "1e-400"];
    plain.into_iter().find(|known| by_value(known, text).is_eq()).unwrap_or(text).to_owned()
}

/// Groups by definition: every choice of one value for each operand, and the records with it.
fn grouped(by: &[Operand], every: Option<i64>, samples: &[Sample], matched: &[usize]) -> Vec<(Vec<Cell>, Vec<usize>)> {
    let mut groups: Vec<(Vec<Cell>, Vec<usize>)> = Vec::new();
    for at in matched {
        let sample = &samples[*at];
        let mut keys: Vec<Vec<Cell>> = vec![Vec::new()];
        if let Some(every) = every {
            let ms = sample.timestamp_ms;
            keys = vec![vec![if ms == -1 { Cell::Absent } else { Cell::Time(ms.div_euclid(every) * every) }]];
        }
        for operand in by {
            let mut cells: Vec<Cell> = values(operand, sample).iter().map(shown).collect();
            if cells.is_empty() {
                cells.push(Cell::Absent);
            }
            keys = keys.iter().flat_map(|key| cells.iter().map(|cell| key.iter().cloned().chain([cell.clone()]).collect())).collect();
        }
        for key in keys {
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, records)) if records.contains(at) => {}
                Some((_, records)) => records.push(*at),
                None => groups.push((key, vec![*at])),
            }
        }
    }
    groups
}

/// All numbers of an operand in these records, and how many different values it has.
fn numbers(of: &Operand, samples: &[Sample], records: &[usize]) -> (Vec<String>, usize) {
    let all: Vec<Value> = records.iter().flat_map(|at| values(of, &samples[*at])).collect();
    let number = |value: &Value| match value {
        Value::Number(text) => Some(text.clone()),
        Value::Time(ms) => Some(ms.to_string()),
        Value::Loose(text) => String::from_utf8(text.clone()).ok().filter(|text| crate::json::number::is(text.as_bytes())),
        _ => None,
    };
    let different: BTreeSet<String> = all.iter().map(|value| format!("{:?}", shown(value))).collect();
    (all.iter().filter_map(number).collect(), different.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_way_finds_what_the_slow_one_finds(query in any_query(), samples in prop::collection::vec(any_sample(), 1..8)) {
        if let Ok(parsed) = parse(&query) {
            prop_assert_eq!(parse(&parsed.to_string()), Ok(parsed.clone()), "{} prints as {}", query, parsed);
            let show = |at: &usize| format!("{:?}", samples.get(*at).map(|s| s.value.as_deref().map(String::from_utf8_lossy)));
            let (fast, slow) = (found(&filter(&query), &samples), wanted(&parsed, &samples));
            prop_assert_eq!(&fast, &slow, "{}: {:?} and {:?}", query, fast.iter().map(show).collect::<Vec<_>>(), slow.iter().map(show).collect::<Vec<_>>());
        }
    }

    #[test]
    fn tables_are_what_grouping_by_definition_gives(
        expr in prop_oneof![2 => Just(String::new()), 1 => any_query()],
        by in prop::collection::vec(prop::sample::select(&[
            ".a", ".b", ".a[]", ".a[].b", "key", "key.a", "header.h", "header.\"h\".a", "partition", "size", "time", "txn", "topic", "value", ".",
        ][..]), 0..3),
        of in prop::sample::select(&[".a", ".a[]", ".b", "header.h", "size", "partition", "offset"][..]),
        windows in any::<bool>(),
        samples in prop::collection::vec(any_sample(), 0..14),
        split in 0_usize..14,
    ) {
        let by: BTreeSet<&str> = by.into_iter().collect();
        let by: Vec<&str> = by.into_iter().collect();
        let list = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
        let every = if windows { " every 1m" } else { "" };
        let text = format!("{expr} | count, min {of}, max {of}, distinct {of}, p50 {of}, sum {of}{list}{every}");
        let Ok(query) = parse(&text) else { return Ok(()) };
        let stages = Stages::compile(&query, &context()).unwrap();
        let split = split.min(samples.len());
        let mut tally = tables::tally(&stages, &samples[split..]);
        tally.merge(tables::tally(&stages, &samples[..split]));
        let table = tally.table(&stages);

        let [Stage::Group(grouping)] = query.stages.as_slice() else { panic!() };
        let matched = wanted(&query, &samples);
        let mut groups = grouped(&grouping.by, windows.then_some(60_000), &samples, &matched);
        if by.is_empty() && !windows && groups.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        let known = grouping.by.len() + usize::from(windows);
        let rows: BTreeMap<String, &Row> = table.rows.iter().map(|row| (format!("{:?}", &row.cells[..known]), row)).collect();
        prop_assert_eq!(rows.len(), table.rows.len());
        prop_assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), groups.iter().map(|(key, _)| format!("{key:?}")).collect::<BTreeSet<_>>(), "{}", text);
        let operand = grouping.aggregates.iter().find_map(|a| if let ast::Aggregate::Of(_, of) = a { Some(of) } else { None }).unwrap();
        for (key, records) in &groups {
            let row = rows[&format!("{key:?}")];
            let (mut all, different) = numbers(operand, &samples, records);
            all.sort_by(|a, b| by_value(a, b));
            let edge = |n: Option<&String>| n.map_or(Cell::Absent, |n| Cell::Number(n.clone()));
            let alike = |a: &Cell, b: &Cell| match (a.number(), b.number()) {
                (Some(a), Some(b)) => by_value(&a, &b).is_eq(),
                _ => a == b,
            };
            let got = &row.cells[known..];
            prop_assert_eq!(&got[0], &Cell::Count(u64::try_from(records.len()).unwrap()), "{}", text);
            prop_assert!(alike(&got[1], &edge(all.first())), "{} min {:?} of {:?}", text, got[1], all);
            prop_assert!(alike(&got[2], &edge(all.last())), "{} max {:?} of {:?}", text, got[2], all);
            // Objects and arrays differ as they are written, which the slow way does not keep.
            if !records.iter().any(|at| values(operand, &samples[*at]).contains(&Value::Container)) {
                prop_assert_eq!(&got[3], &Cell::Count(u64::try_from(different).unwrap()), "{} {:?}", text, key);
            }
            prop_assert!(alike(&got[4], &edge(all.get(all.len().div_ceil(2).max(1) - 1))), "{} p50 {:?} of {:?}", text, got[4], all);
            let total = all.iter().fold((0_i128, true), |(sum, small), n| match millionths(n) {
                Some(n) => (sum + n, small),
                None => (sum, false),
            });
            if let (Some(sum), (total, true)) = (got[5].number(), total) {
                prop_assert_eq!(millionths(&sum), Some(total), "{} of {:?}", text, all);
            }
            prop_assert_eq!(got[5] == Cell::Absent, all.is_empty());
            // The row's own query finds its records, and no others.
            match row.filter(&stages) {
                Some(own) => {
                    prop_assert_eq!(parse(&own.to_string()), Ok(own.clone()), "{}", own);
                    let again = found(&Filter::compile(&own, &context()), &samples);
                    prop_assert_eq!(&again, records, "{} for {:?} of {}", own, key, text);
                }
                None => prop_assert!(key.contains(&Cell::Container), "{:?} of {}", key, text),
            }
        }
    }

    #[test]
    fn ranges_find_their_records_again(of in prop::sample::select(&[".a", ".a[]", "header.h", "size", "offset", "partition"][..]), samples in prop::collection::vec(any_sample(), 0..14)) {
        let query = parse(&format!("| hist {of}")).unwrap();
        let stages = Stages::compile(&query, &context()).unwrap();
        let table = tables::tally(&stages, &samples).table(&stages);
        let operand = query.operands().next().unwrap();
        let mut seen = 0;
        for row in &table.rows {
            let [Cell::Bucket(bucket), Cell::Count(count)] = &row.cells[..] else { panic!() };
            let inside = |n: &String| by_value(n, &bucket.low).is_ge() && (by_value(n, &bucket.high).is_lt() || bucket.low == bucket.high && by_value(n, "0").is_eq());
            let records: Vec<usize> = (0..samples.len()).filter(|at| numbers(operand, &samples, &[*at]).0.iter().any(inside)).collect();
            let again = found(&Filter::compile(&row.filter(&stages).unwrap(), &context()), &samples);
            prop_assert_eq!(&again, &records, "{:?} of {}", bucket, of);
            prop_assert!(usize::try_from(*count).unwrap() >= records.len());
            seen += count;
        }
        let all: Vec<usize> = (0..samples.len()).collect();
        prop_assert_eq!(usize::try_from(seen).unwrap(), numbers(operand, &samples, &all).0.len());
    }
}

/// A number in millionths, when it is not too large for that and has no more digits.
fn millionths(text: &str) -> Option<i128> {
    let (negative, digits) = reference::wide(text);
    let (whole, behind) = digits.split_at(digits.len() - 994);
    if behind.bytes().any(|b| b != b'0') {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let n: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some(if negative { -n } else { n })
}
