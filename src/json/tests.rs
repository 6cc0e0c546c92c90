//! The promises of the module over the cases that break other parsers, and over any bytes.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn lines(text: &str) -> String {
    let mut out = Vec::new();
    pretty(text.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn one_line(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compact(text, &mut out);
    out
}

fn values(text: &str, path: &str) -> (Vec<String>, Walked) {
    let (mut found, path) = (Vec::new(), Path::parse(path).unwrap());
    let walked = walk(text.as_bytes(), &path, &mut |v| {
        found.push(String::from_utf8_lossy(v.raw).into_owned());
        ControlFlow::Continue(())
    });
    assert_eq!(walked.found, !found.is_empty());
    (found, walked)
}

fn all(text: &str, path: &str) -> String {
    values(text, path).0.join(" ")
}

#[test]
fn every_case_of_the_seed_has_its_shape() {
    let deep = ["[".repeat(10_000), "]".repeat(10_000)].concat();
    let objects = [r#"{"a":"#.repeat(10_000), "1".into(), "}".repeat(10_000)].concat();
    for (text, shape) in [
        (r#"{"ok":9007199254740991,"huge":123456789012345678901234567890}"#, Shape::Valid),
        (r#"{"a":0.1000000000000000055511151231257827,"c":1e400,"d":-0.0,"e":1E+2}"#, Shape::Valid),
        (r#"{"a":1,"b":2,"a":3}"#, Shape::Valid),
        (r#"{"":1," ":2,"a.b":3,"a b":4,"\u00e9":5,"[0]":6,"$":7,"\"":8}"#, Shape::Valid),
        (&deep, Shape::Valid),
        (&objects, Shape::Valid),
        (&"[".repeat(100_000), Shape::Truncated { at: 100_000 }),
        (r#"{"user_id": 17, "page": "/ho"#, Shape::Truncated { at: 24 }),
        (r#"{"a":1,}"#, Shape::Broken { at: 7, why: "a bracket closes where a value is missing" }),
        ("{'a': 1}", Shape::Broken { at: 1, why: "a single quote where JSON has double quotes" }),
        (r#"{"a": NaN, "b": Infinity}"#, Shape::Broken { at: 6, why: "a word that JSON does not have" }),
        (r#"{"a":1 /* c */}"#, Shape::Broken { at: 7, why: "a comment, which JSON does not have" }),
        ("\u{feff}{\"a\":1}", Shape::Valid),
        (r#"{"a":1}{"b":2}"#, Shape::ValidSequence),
        ("{\"a\":1}\n{\"b\":2}\n", Shape::ValidSequence),
        ("\"text\"", Shape::Valid),
        ("42", Shape::Valid),
        ("null", Shape::Valid),
        ("true", Shape::Valid),
        ("  \n\t ", Shape::NotJson),
        ("", Shape::NotJson),
        ("{\r\n  \"a\" : 1\r\n}", Shape::Valid),
        (r#"{"a":007}"#, Shape::Broken { at: 5, why: "a number that is not written as JSON writes it" }),
        (r#"{"a":"\ud800"}"#, Shape::Valid),
        (r#"{"a":"\u0000"}"#, Shape::Valid),
        ("{\"a\":\"x\ty\"}", Shape::Broken { at: 5, why: "a control character within a string" }),
        (r#"{"a":{},"b":[],"c":"","d":null}"#, Shape::Valid),
        ("[1}", Shape::Broken { at: 2, why: "a bracket closes what it did not open" }),
        (r#"{"a" 1}"#, Shape::Broken { at: 5, why: "a colon is missing here" }),
        ("[1 2]", Shape::Broken { at: 3, why: "a comma or a closing bracket is missing here" }),
        ("failed to start", Shape::NotJson),
        ("2026-11-20 12:00 failed", Shape::NotJson),
        ("12 monkeys", Shape::NotJson),
        ("tru", Shape::NotJson),
        ("\"tex", Shape::Truncated { at: 0 }),
        ("[1", Shape::Truncated { at: 1 }),
        (r#"{"a":"b""#, Shape::Truncated { at: 5 }),
    ] {
        assert_eq!(check(text.as_bytes()), shape, "{}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn a_token_keeps_its_bytes_and_says_when_it_is_cut() {
    let text = br#" {"a": tru"#;
    let tokens: Vec<_> = Lexer::new(text).map(|t| (t.kind, t.of(text), t.cut)).collect();
    let want: [(Kind, &[u8], bool); 4] =
        [(Kind::ObjectOpen, b"{", false), (Kind::String, b"\"a\"", false), (Kind::Colon, b":", false), (Kind::True, b"tru", true)];
    assert_eq!(tokens, want);
    for (text, kind, cut) in [
        ("12", Kind::Number, false),
        ("[12", Kind::Number, true),
        ("[12 ", Kind::Number, false),
        ("1e", Kind::Number, true),
        ("[1e,", Kind::Broken, false),
        ("-", Kind::Number, true),
        ("\"a\\u00", Kind::String, true),
        ("\"a\\u0g\"", Kind::Broken, false),
        ("\"a\\x\"", Kind::Broken, false),
        ("nullify", Kind::Broken, false),
        ("01", Kind::Broken, false),
        ("{\"a\"", Kind::String, true),
    ] {
        let token = Lexer::new(text.as_bytes()).find(|t| !matches!(t.kind, Kind::ArrayOpen | Kind::ObjectOpen)).unwrap();
        assert_eq!((token.kind, token.cut), (kind, cut), "{text}");
    }
    // A broken string ends at its quote, and lexing goes on behind it.
    let kinds: Vec<_> = Lexer::new(b"[\"a\tb\",1]").map(|t| t.kind).collect();
    assert_eq!(kinds, [Kind::ArrayOpen, Kind::Broken, Kind::Comma, Kind::Number, Kind::ArrayClose]);
}

#[test]
fn what_looks_like_json_is_a_container_or_one_whole_scalar() {
    for text in ["{", " [1", "\u{feff}{}", "42 ", "\"a\"", "null"] {
        assert!(looks_like(text.as_bytes()), "{text}");
    }
    for text in ["", " ", "\"a", "42 apples", "nullable", "a{}", "}", ",", "-"] {
        assert!(!looks_like(text.as_bytes()), "{text}");
    }
}

#[test]
fn printing_keeps_scalars_and_prints_the_rest_of_a_break_as_it_is() {
    assert_eq!(
        lines(r#"{"a":1.10,"a":[1E+2,{}],"\u00e9":[]}"#),
        "{\n  \"a\": 1.10,\n  \"a\": [\n    1E+2,\n    {}\n  ],\n  \"\\u00e9\": []\n}"
    );
    assert_eq!(lines(r#"{"user_id": 17, "page": "/ho"#), "{\n  \"user_id\": 17,\n  \"page\": \"/ho");
    assert_eq!(lines(r#"{"a":1,}"#), "{\n  \"a\": 1,\n  }");
    assert_eq!(lines(r#"{"a":  NaN, "b": 1}"#), "{\n  \"a\": NaN, \"b\": 1}");
    assert_eq!(lines(r#"{"a":1 /* c */}"#), "{\n  \"a\": 1 /* c */}");
    assert_eq!(lines(r#"{"a":1}{"b":2}"#), "{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}");
    assert_eq!(lines("not JSON"), "not JSON");
    assert_eq!(one_line(b" {\"a\" : [ 1 , 2 ] }\n 3 4"), br#"{"a":[1,2]} 3 4"#);
}

#[test]
fn a_hundred_thousand_levels_are_no_trouble() {
    let mut out = Vec::new();
    let open = "[".repeat(100_000);
    assert_eq!(pretty(open.as_bytes(), &mut out), Shape::Truncated { at: 100_000 });
    assert!(out.len() < 100_000 * 70);
    let closed = [open.as_str(), &"]".repeat(100_000)].concat();
    assert_eq!(check(closed.as_bytes()), Shape::Valid);
    assert_eq!(all(&closed, ".").len(), 200_000);
    assert!(values(&open, ".[0][0][0]").1.broken.is_some());
}

#[test]
fn a_path_leads_to_values() {
    let text = r#"{"a":{"b":[{"sku":"x"},{"n":1},{"sku":"y"}]},"odd name":2,"\u00e9":3,"":4}"#;
    assert_eq!(all(text, ".a.b[].sku"), "\"x\" \"y\"");
    assert_eq!(all(text, ".a.b[0].sku"), "\"x\"");
    assert_eq!(all(text, ".a.b[-1].sku"), "\"y\"");
    assert_eq!(all(text, ".a.b[-2]"), "{\"n\":1}");
    assert_eq!(all(text, ".a.b[3]"), "");
    assert_eq!(all(text, ".a.b[-4]"), "");
    assert_eq!(all(text, ".\"odd name\""), "2");
    assert_eq!(all(text, ".é"), "3");
    assert_eq!(all(text, ".\"\""), "4");
    assert_eq!(all(text, ".a.c"), "");
    assert_eq!(all(text, ".a.b.c"), "");
    assert_eq!(all("[[1,2],[3]]", ".[][]"), "1 2 3");
    assert_eq!(all("[]", ".[]"), "");
    assert_eq!(all("\u{feff}{\"a\":1}", ".a"), "1");
    assert_eq!(all(" 42 ", "."), "42");
    assert_eq!(all("{\r\n  \"a\" : 1\r\n}", ".a"), "1");
}

#[test]
fn the_last_duplicate_counts() {
    assert_eq!(all(r#"{"a":1,"b":2,"a":3}"#, ".a"), "3");
    assert_eq!(all(r#"{"a":1,"b":2,"\u0061":3}"#, ".a"), "3");
    assert_eq!(all(r#"{"o":{"x":1},"o":{"y":2}}"#, ".o.x"), "");
    assert_eq!(all(r#"{"a":1,"b":{"a":3}}"#, ".a"), "1");
    assert_eq!(all(r#"{"a":1,"b":"a"}"#, ".a"), "1");
    assert_eq!(all(r#"{"a":1,"a":2,"a":3"#, ".a"), "2");
    // One that is cut is none, also where the path goes on within it.
    assert_eq!(all(r#"{"a":[5],"a":"#, ".a[]"), "5");
    assert_eq!(all(r#"{"a":{"x":1},"a":tru"#, ".a.x"), "1");
    assert_eq!(all(r#"{"a":{"x":1},"a":{"x":2,"#, ".a.x"), "2");
}

#[test]
fn what_a_break_cuts_or_hides_is_absent() {
    let cut = r#"{"user_id": 17, "page": "/ho"#;
    assert_eq!(all(cut, ".user_id"), "17");
    assert_eq!(all(cut, ".page"), "");
    assert!(values(cut, ".page").1.broken.is_some());
    assert_eq!(all(cut, "."), "");
    assert_eq!(all(r#"{"n": 17"#, ".n"), "");
    assert_eq!(all(r#"{"n": 17 "#, ".n"), "17");
    assert_eq!(all(r#"{"n": true"#, ".n"), "");
    assert_eq!(all(r#"{"o":{"x":1,"y":"#, ".o.x"), "1");
    assert_eq!(all(r#"{"o":{"x":1,"y":"#, ".o"), "");
    assert_eq!(all("[1,2", ".[]"), "1");
    assert_eq!(all("[1,2", ".[-1]"), "");
    assert_eq!(all("[1,2,", ".[]"), "1 2");
    assert_eq!(all("[1,2,]", ".[]"), "1 2");
    assert_eq!(all(r#"{"a":1,}"#, ".a"), "1");
    assert_eq!(all(r#"{"a":007}"#, ".a"), "");
    assert_eq!(all(r#"{"a": NaN, "b": 1}"#, ".b"), "");
    assert_eq!(all(r#"{"a":1 /* c */}"#, ".a"), "1");
    assert_eq!(all(r#"{"o":{bad},"b":1}"#, ".b"), "");
    assert_eq!(all("{\"a\":\"x\ty\",\"b\":1}", ".b"), "");
    assert_eq!(all(r#"{"a":1}{"b":2}"#, ".b"), "");
    for text in ["", "  ", "12 monkeys", "failed"] {
        assert!(values(text, ".").1.not_json, "{text}");
    }
}

#[test]
fn paths_print_as_they_parse() {
    for text in
        [".", ".a", ".a.b[0].c[]", ".\"odd name\"", ".\"\"", ".[0]", ".[].x", ".a[-1]", ".@timestamp", ".trace-id", ".é", ".\"a\\\"b\""]
    {
        assert_eq!(Path::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Path::parse(".a[*]").unwrap().to_string(), ".a[]");
    assert_eq!(Path::parse(".trace-id[0].a").unwrap().jq(), ".\"trace-id\"[0].a");
    assert_eq!(Path::parse_prefix(".a..5").unwrap().1, 2);
    for (text, at) in [("a", 0), (".a.", 3), (".a[", 2), (".a[x]", 3), (".a b", 2), (".\"a", 1)] {
        assert_eq!(Path::parse(text).unwrap_err().at, at, "{text}");
    }
    assert!(Path::parse(&".a".repeat(257)).is_err());
}

#[test]
fn numbers_compare_by_value() {
    use Ordering::{Equal, Greater, Less};
    let long = format!("1{}", "0".repeat(1000));
    let huge = format!("1e{}", "9".repeat(50));
    let tiny = format!("1e-{}", "9".repeat(50));
    for (a, b, order) in [
        ("1.0", "1", Equal),
        ("1e2", "100", Equal),
        ("-0", "0", Equal),
        ("0e999", "0", Equal),
        ("9007199254740993", "9007199254740992", Greater),
        ("0.10000000000000000000001", "0.1", Greater),
        ("-2", "1", Less),
        ("-2", "-1", Less),
        ("0.001e3", "1", Equal),
        ("12.5E-1", "1.25", Equal),
        ("1e400", "1e399", Greater),
        (&long, "1e1000", Equal),
        (&huge, &long, Greater),
        (&tiny, "0", Greater),
        (&tiny, "1e-400", Less),
        (&huge, &huge, Equal),
        ("1e9223372036854775808", "1e9223372036854775807", Greater),
        ("10e9223372036854775806", "1e9223372036854775807", Equal),
    ] {
        assert_eq!(number::compare(a.as_bytes(), b.as_bytes()), order, "{a} {b}");
        assert_eq!(number::compare(b.as_bytes(), a.as_bytes()), order.reverse(), "{b} {a}");
    }
    assert!(number::is(b"-1.5e3") && !number::is(b"1 ") && !number::is(b"01") && !number::is(b"") && !number::is(b"+1"));
}

#[test]
fn strings_decode_and_halves_of_pairs_stay_apart() {
    assert_eq!(&*decode(br#"a\"\\\/\n\u00e9\ud83c\udf89z"#), "a\"\\/\né🎉z".as_bytes());
    let (high, low) = (decode(br"\ud800").into_owned(), decode(br"\udc00").into_owned());
    assert_ne!(high, low);
    assert!(String::from_utf8(high.clone()).is_err());
    assert_eq!(&*decode(br"\ud800\ud800"), [high.clone(), high].concat());
    assert_eq!(Quoted("a\"\u{1}\n").to_string(), r#""a\"\u0001\n""#);
}

/// Any JSON value, some levels deep.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        (-1e6..1e6_f64).prop_map(|n| json!(n)),
        "\\PC{0,6}|[a\"\\\\/\n\u{1}]{0,4}".prop_map(|s| json!(s)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| json!(v)),
            prop::collection::hash_map("[a-e]{1,2}|\\PC{0,2}", inner, 0..5).prop_map(|m| json!(m)),
        ]
    })
}

/// Every path within a value, with the value it leads to.
fn paths(value: &serde_json::Value, path: &mut Path, out: &mut Vec<(Path, serde_json::Value)>) {
    out.push((path.clone(), value.clone()));
    let mut into = |step, value| {
        path.push(step);
        paths(value, path, out);
        path.pop();
    };
    match value {
        serde_json::Value::Object(map) => map.iter().for_each(|(k, v)| into(Step::Name(k.as_str().into()), v)),
        serde_json::Value::Array(list) => {
            for (index, v) in (0_i64..).zip(list) {
                into(Step::Index(index), v);
                into(Step::Index(index - i64::try_from(list.len()).unwrap()), v);
            }
        }
        _ => {}
    }
}

fn bare(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.iter().copied().filter(|b| !b" \t\r\n".contains(b)).collect()
}

proptest! {
    #[test]
    fn valid_json_prints_like_serde_and_reads_back(value in any_json()) {
        let (wide, narrow) = (serde_json::to_string_pretty(&value).unwrap(), value.to_string());
        prop_assert_eq!(check(narrow.as_bytes()), Shape::Valid);
        prop_assert_eq!(lines(&narrow), wide.clone());
        prop_assert_eq!(lines(&wide), wide.clone());
        prop_assert_eq!(String::from_utf8(one_line(wide.as_bytes())).unwrap(), narrow);
    }

    #[test]
    fn walking_finds_what_serde_finds_and_half_a_text_never_another_value(value in any_json(), cut in 0.0..1.0_f64) {
        let text = value.to_string();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a short text")]
        let half = text.as_bytes().get(..(text.len() as f64 * cut) as usize).unwrap();
        let mut all = Vec::new();
        paths(&value, &mut Path::default(), &mut all);
        for (path, want) in all {
            let mut found = Vec::new();
            walk(text.as_bytes(), &path, &mut |v| {
                found.push(String::from_utf8_lossy(v.raw).into_owned());
                ControlFlow::Continue(())
            });
            prop_assert_eq!(&found, &[want.to_string()], "{} in {}", path, text);
            // Negative indexes need the end, and a scalar on its own may be cut unseen.
            if half.first().is_some_and(|b| b"{[".contains(b)) {
                walk(half, &path, &mut |v| {
                    assert_eq!(v.raw, want.to_string().as_bytes());
                    ControlFlow::Continue(())
                });
            }
            let printed = path.to_string();
            prop_assert_eq!(Path::parse(&printed).unwrap(), path);
        }
    }

    #[test]
    fn any_bytes_are_read_without_loss(text in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(prop::sample::select(&b"{}[]:,\"\\ \n\t01-+.eE9ax/u0truefalsn\xef\xbb\xbf"[..]), 0..60),
    ]) {
        let mut end = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        for token in Lexer::new(&text) {
            prop_assert!(bare(text.get(end..token.start).unwrap()).is_empty() && token.start < token.end);
            end = token.end;
        }
        prop_assert!(bare(text.get(end..).unwrap()).is_empty());
        let mut out = Vec::new();
        prop_assert_eq!(pretty(&text, &mut out), check(&text));
        prop_assert_eq!(bare(&out), bare(&text));
        prop_assert_eq!(bare(&one_line(&text)), bare(&text));
        for path in [".", ".a", ".[]", ".[-1]", ".a[].a"] {
            walk(&text, &Path::parse(path).unwrap(), &mut |v| {
                let _ = v.text();
                ControlFlow::Continue(())
            });
        }
        let _ = (looks_like(&text), decode(&text), number::is(&text), number::compare(&text, b"1"));
        // The strict reader and serde agree, but for depth, numbers out of range and bytes that are not UTF-8.
        if std::str::from_utf8(&text).is_ok() && !text.starts_with(b"\xef\xbb\xbf") {
            match serde_json::from_slice::<serde_json::Value>(&text) {
                Ok(_) => prop_assert_eq!(check(&text), Shape::Valid),
                Err(e) if e.to_string().contains("out of range") || e.to_string().contains("surrogate") => {}
                Err(_) => prop_assert_ne!(check(&text), Shape::Valid),
            }
        }
    }

    #[test]
    fn numbers_compare_as_integers_do(a in any::<i64>(), b in any::<i64>(), zeros in 0_usize..5, power in 0_usize..5) {
        let written = format!("{b}{}e-{}", "0".repeat(power), power);
        let padded = format!("{a}.{}e0", "0".repeat(zeros + 1));
        prop_assert_eq!(number::compare(padded.as_bytes(), written.as_bytes()), a.cmp(&b));
    }
}
