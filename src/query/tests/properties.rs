//! Any text is parsed or refused; what parses prints back; nothing that matches is filtered out before.

use proptest::prelude::*;

use super::*;

/// Pieces that queries are made of, and that records contain.
const PIECES: &[&str] = &[
    ".a",
    ".a.b",
    ".b[]",
    ".b[-1]",
    ".\"o d\"",
    ".",
    "key",
    "key.a",
    "value",
    "header.h",
    "header.\"h i\".a",
    "topic",
    "partition",
    "offset",
    "time",
    "size",
    "age",
    "txn",
    "==",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "~",
    "!~",
    "contains",
    "startswith",
    "endswith",
    "in",
    "(",
    ")",
    ",",
    "..",
    "and",
    "or",
    "not",
    "!",
    "exists",
    "tombstone",
    "keyless",
    "since:15m",
    "until:12:40Z",
    "p:0,3",
    "last:5",
    "failed",
    "View",
    "\"q \\\"x\\\" \\u00e9\"",
    "/a+b?/",
    "/X\\/y/i",
    "5",
    "1.50",
    "1e400",
    "-3",
    "1mb",
    "15m",
    "now-15m",
    "12:40",
    "2026-11-20T12:40Z",
    "@5",
    "true",
    "false",
    "null",
    "open",
    "aborted",
    "..<",
    "|",
    "| count",
    "| sum .a, p95 .a.b",
    "by",
    "by key, .b[]",
    "every",
    "every 1m",
    "| rate",
    "| hist .a",
    "| top 10",
    "| sort count",
    "| sort .a",
    "desc",
    "| select .a, key",
    "| limit 100",
    "distinct",
    "\"",
    "/",
    ".a[",
    "é",
    "x,y",
];

/// A test of the language in which texts and values are few, so that many match.
fn any_test() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![".a", ".a.b", ".b", ".b[]", ".b[].a", ".", "key", "key.a", "value", "header.h", "header.\"h\".a"]);
    let op = prop::sample::select(vec!["==", "!=", "<", ">=", "~", "!~", "contains", "startswith", "endswith"]);
    let right = prop::sample::select(vec!["view", "View", "\"view\"", "ab", "\"a\"", "5", "\"5\"", "v", "k", "\"é\"", "a/b", "ſ", "null"]);
    let regex = prop::sample::select(vec![
        "/vi(e|f)w/",
        "/^ab?v/",
        "/view|ab/",
        "/VIEW/i",
        "/[vx]iew/",
        "/kk+|x/",
        "/a.b/",
        "/ie{1}w/",
        "/s/",
        "/View$/",
    ]);
    prop_oneof![
        (path.clone(), op, right.clone()).prop_map(|(p, o, r)| format!("{p} {o} {r}")),
        (path.clone(), regex.clone()).prop_map(|(p, r)| format!("{p} ~ {r}")),
        (path.clone(), right.clone(), right.clone()).prop_map(|(p, r, s)| format!("{p} in ({r}, {s})")),
        path.clone().prop_map(|p| format!("exists {p}")),
        (path.clone(), path).prop_map(|(p, q)| format!("{p} == {q}")),
        right.prop_map(str::to_owned),
        regex.prop_map(str::to_owned),
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

/// JSON texts over the same few words, some with escapes, some cut.
fn any_text() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "\"view\"",
        "\"View\"",
        "\"ab\"",
        "\"\\u0076iew\"",
        "5",
        "5.0",
        "\"5\"",
        "null",
        "true",
        "\"a\\/b\"",
        "\"é\"",
        "\"\\u00e9\"",
        "\"VIEW\"",
        "\"\u{212a}\"",
        "\"ſ\"",
        "\"kKk\"",
    ]);
    let name = prop::sample::select(vec!["a", "b", "\\u0061", "c"]);
    let json = leaf.prop_map(str::to_owned).prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((name.clone(), inner), 0..3)
                .prop_map(|all| format!("{{{}}}", all.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect::<Vec<_>>().join(","))),
        ]
    });
    prop_oneof![
        6 => json.clone(),
        1 => (json, 0_usize..40).prop_map(|(text, cut)| text.chars().take(cut).collect()),
        1 => prop::sample::select(vec!["view", "VIEW 5", "ab k", "", "vifw", "a\nb"]).prop_map(str::to_owned),
    ]
}

fn any_sample() -> impl Strategy<Value = Sample> {
    (prop::option::of(any_text()), prop::option::of(any_text()), prop::option::of(prop::option::of("[a-z{}\":5]{0,20}|view"))).prop_map(
        |(key, value, header)| {
            let sample = Sample { key: key.map(String::into_bytes), value: value.map(String::into_bytes), ..Sample::value("") };
            match header {
                Some(value) => sample.header("h", value.as_deref()),
                None => sample,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_parses_prints_back(pieces in prop::collection::vec((prop::sample::select(PIECES), any::<bool>()), 0..12)) {
        let text: String = pieces.iter().flat_map(|(piece, space)| [*piece, if *space { " " } else { "" }]).collect();
        match parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                prop_assert_eq!(parse(&printed), Ok(query.clone()), "{} prints as {}", text, printed);
                prop_assert_eq!(parse(&printed).unwrap().to_string(), printed);
                Filter::compile(&query, &context());
            }
            Err(error) => prop_assert!(text.get(error.at.clone()).is_some(), "{:?} in {}", error, text),
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,60}|[ -~]{0,40}") {
        match parse(&text) {
            Ok(query) => prop_assert_eq!(parse(&query.to_string()), Ok(query.clone()), "{}", query),
            Err(error) => prop_assert!(text.get(error.at.clone()).is_some()),
        }
        let _ = parse_position(&text);
    }

    #[test]
    fn what_matches_passes_the_prefilter(query in any_query(), samples in prop::collection::vec(any_sample(), 1..6)) {
        if parse(&query).is_ok() {
            let mut batch = Vec::new();
            let mut matched = false;
            for sample in &samples {
                // Tests the record on its own bytes.
                matched |= sample.test(&query).matched;
                batch.extend(sample.raw());
            }
            let filter = filter(&query);
            prop_assert!(!matched || filter.literals().may_match(&batch));
            for sample in &samples {
                let text = sample.value.clone().unwrap_or_default();
                let hits = filter.hits(&text);
                prop_assert!(hits.windows(2).all(|w| w[0].end <= w[1].start) && hits.iter().all(|h| h.start < h.end && h.end <= text.len()));
            }
        }
    }

    #[test]
    fn any_bytes_are_tested(query in any_query(), value in prop::collection::vec(any::<u8>(), 0..60)) {
        if parse(&query).is_ok() {
            let sample = Sample { value: Some(value.clone()), key: Some(value), ..Sample::value("") };
            let verdict = sample.test(&query);
            let negated = sample.test(&format!("not ({query})"));
            prop_assert_ne!(verdict.matched, negated.matched);
        }
    }
}
