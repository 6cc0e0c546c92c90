//! Whatever is typed: nothing panics, nothing is deep or slow, errors point into the text, and what is completed can be put in.
//!
//! `KSCOPE_FUZZ_CASES=1000000 cargo test --release --lib hostile` looks longer.

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::query::complete::{Fields, complete};

/// Words, signs and halves of both that queries are made of, whole or not.
const TOKENS: &[&str] = &[
    ".",
    "..",
    "..<",
    ".a",
    ".a.b",
    ".a[]",
    ".a[-1]",
    ".a[99999999999999999999]",
    ".\"o d\"",
    ".\"",
    "[",
    "]",
    "[*]",
    "key",
    "key.",
    "key.a",
    "value",
    "value.a",
    "header.",
    "header.h",
    "header.\"h\".a",
    "header.\"",
    "topic",
    "partition",
    "offset",
    "time",
    "size",
    "age",
    "txn",
    "==",
    "=",
    "===",
    "!=",
    "<>",
    "<",
    "<=",
    "=<",
    "=>",
    ">",
    ">=",
    "~",
    "!~",
    "=~",
    "contains",
    "startswith",
    "endswith",
    "in",
    "in(",
    "(",
    ")",
    "((",
    "))",
    ",",
    "and",
    "or",
    "not",
    "!",
    "!!",
    "&&",
    "||",
    "exists",
    "tombstone",
    "keyless",
    "since:",
    "since:15m",
    "until:12:40Z",
    "until:",
    "p:",
    "p:0,3",
    "p:-1",
    "last:",
    "last:5",
    "last:99999999999999999999",
    "failed",
    "View",
    "\"",
    "\"q\"",
    "\"\\u00e9\"",
    "\"\\ud800\"",
    "\"\\",
    "\\",
    "/",
    "/a+/",
    "/a+",
    "/(/",
    "/[/i",
    "/a{1000}{1000}{1000}/",
    "/\\/",
    "//",
    "/x/ii",
    "5",
    "-",
    "-3",
    "1.50",
    "1e400",
    "1e",
    "0x10",
    "00",
    "1mb",
    "1MiB",
    "99999999999999999999mb",
    "15m",
    "2h30m",
    "now",
    "now-",
    "now-15m",
    "12:40",
    "25:61",
    "2026-11-20T12:40Z",
    "2026-13-40",
    "@5",
    "@",
    "@99999999999999999999",
    "true",
    "false",
    "null",
    "open",
    "aborted",
    "|",
    "||",
    "| count",
    "count",
    "sum",
    "sum .a",
    "p95",
    "p1",
    "by",
    "by key",
    "every",
    "every 1m",
    "every 0s",
    "every 99999999999999999999d",
    "rate",
    "hist",
    "hist .a",
    "top",
    "top 10",
    "top -1",
    "sort",
    "sort count",
    "desc",
    "select",
    "select .a, key",
    "limit",
    "limit 0",
    "distinct",
    "é",
    "\u{202e}",
    "\u{0}",
    "\u{1b}[2J",
    "\u{feff}",
    "\u{2028}",
    "👩‍👩‍👧",
    "a\u{300}",
    "\t",
    "\n",
    "\r\n",
    "\u{a0}",
    "\u{3000}",
    " ",
    "  ",
    "{",
    "}",
    ";",
    "#",
    "'",
    "`",
    "$",
    "%",
];

/// Queries that are right, to be spoilt.
const RIGHT: &[&str] = &[
    "(.a or .b) and not \"heartbeat\" | count by .page, key every 1m | sort count desc | top 10",
    ".amount in 100..<200 and .currency in (EUR, \"U S\") since:15m p:0,3 last:500",
    ".items[].sku ~ /^A-\\/[0-9]+$/i or header.\"odd name\".user != 7 and txn != committed",
    "exists .a.\"o d\"[-1] and time >= 2026-11-20T12:40Z age < 2h30m size > 1.5mb topic ~ /^orders/",
    "failed \"é\\u00e9\\n\" tombstone or keyless | count, sum .amount, p999 .latency_ms, distinct key by header.x",
    "| hist .latency_ms | top 3",
    ".a == .b and key.c == .d | select .orderId, .\"é é\", header.trace-id | limit 100",
];

fn cases() -> Config {
    let cases = std::env::var("KSCOPE_FUZZ_CASES").ok().and_then(|text| text.parse().ok());
    Config { cases: cases.unwrap_or(1_000), failure_persistence: None, ..Config::default() }
}

fn soup() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(TOKENS), prop::sample::select(vec!["", " "]));
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.into_iter().flat_map(|(token, space)| [token, space]).collect())
}

/// Characters taken out, put in twice, swapped or replaced.
fn spoilt() -> impl Strategy<Value = String> {
    let change = (0_u8..4, any::<prop::sample::Index>(), any::<char>());
    (prop::sample::select(RIGHT), prop::collection::vec(change, 0..6)).prop_map(|(text, changes)| {
        let mut text: Vec<char> = text.chars().collect();
        for (how, at, other) in changes {
            let at = at.index(text.len().max(1));
            match how {
                _ if text.is_empty() => text.push(other),
                0 => drop(text.remove(at)),
                1 => text.insert(at, other),
                2 => text[at] = other,
                _ => {
                    let again = text[at];
                    text.insert(at, again);
                }
            }
        }
        text.into_iter().collect()
    })
}

fn bytes() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn fields() -> Fields {
    let mut fields = Fields::default();
    let samples =
        [Sample::value(r#"{"a":{"b":[1,"é"]},"o d":null,"page":"/x y\"\\"}"#).header("odd name", Some("{\"user\":7}")), Sample::value("x")];
    for sample in &samples {
        fields.take(&sample.record());
    }
    fields.topic("orders-eu");
    fields
}

/// What has to hold of any text.
fn holds(text: &str, fields: &Fields) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            prop_assert_eq!(parse(&printed), Ok(query.clone()), "{:?} prints as {:?}", text, printed);
            prop_assert_eq!(parse(&printed).unwrap().to_string(), printed.clone());
            let filter = Filter::compile(&query, &context());
            let sample = Sample::value(r#"{"a":{"b":[1,"é"]},"page":"/x"}"#);
            let record = sample.record();
            let subject = Subject { record: &record, topic: "orders-eu", txn: None, now: Time::from_millis(NOW) };
            let verdict = filter.matches(&subject);
            prop_assert!(verdict.missing_at.iter().chain(verdict.mismatch_at.iter()).all(|place| place < filter.operands().len()));
            if let Some(stages) = Stages::compile(&query, &context()) {
                let mut tally = Tally::new(&stages);
                tally.take(&subject);
                let table = tally.table(&stages);
                prop_assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()));
            }
        }
        Err(error) => {
            prop_assert!(text.get(error.at.clone()).is_some(), "{:?} in {:?}", error, text);
            prop_assert!(!error.message.is_empty() && !error.message.contains('\n'), "{:?}", error);
        }
    }
    if let Err(error) = parse_position(text) {
        prop_assert!(text.get(error.at.clone()).is_some(), "{:?} in {:?}", error, text);
    }
    let carets = (0..=text.len().min(40)).chain([text.len(), text.len() + 7]);
    for caret in carets {
        let completion = complete(text, caret, fields);
        prop_assert!(text.get(completion.range.clone()).is_some(), "{:?} at {} of {:?}", completion, caret, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn soups_of_tokens_are_read_or_refused(text in soup()) {
        holds(&text, &fields())?;
    }

    #[test]
    fn spoilt_queries_are_read_or_refused(text in spoilt()) {
        holds(&text, &fields())?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(text in bytes()) {
        holds(&text, &fields())?;
    }
}

#[test]
fn long_and_deep_texts_are_refused_at_once_or_read() {
    let fields = fields();
    let endless = [
        "(",
        "not ",
        "!",
        "((.a ",
        ".a[",
        ".a.",
        "\"\\",
        "/(",
        "a or ",
        ".a in (",
        "a,",
        "| ",
        "| count ",
        "since:1m ",
        "key.",
        "é",
        ".a == ",
    ];
    for piece in endless {
        for length in [60_000, 70_000] {
            let text = piece.repeat(length / piece.len());
            holds(&text, &fields).unwrap_or_else(|error| panic!("{piece}: {error}"));
        }
    }
    for depth in [99, 100, 101, 30_000] {
        let text = format!("{}.a{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(parse(&text).is_ok(), depth <= 100, "{depth}");
    }
}
