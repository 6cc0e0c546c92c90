use proptest::prelude::*;

use super::*;
use crate::core::produce::NewRecord;

fn quick(text: &[u8], lines: Lines) -> Option<NewRecord> {
    let mut block = Block::default();
    // Something before it, and it is not the first that is tried.
    block.push(0, &NewRecord { value: Some("before".into()), ..NewRecord::default() });
    let _tried = parse(br#"{"headers":[{"key":"a","value":"b"}],"value":"x\uZ"}"#, (lines, None), 5, &mut block);
    let read = parse(text, (lines, None), 9, &mut block);
    assert_eq!(block.len(), 1 + usize::from(read.is_some()));
    read.and_then(|()| block.get(1)).map(|fed| {
        assert_eq!(fed.n, 9);
        fed.to_record()
    })
}

/// The careful parser reads all that this one reads, and the same.
fn agrees(text: &[u8]) -> bool {
    let mut any = false;
    for lines in [Lines::default(), Lines { include_aborted: true, keep_partition: true }] {
        if let Some(record) = quick(text, lines) {
            any = true;
            assert_eq!(super::super::parse(text, lines).as_ref(), Ok(&record), "{}", String::from_utf8_lossy(text));
        }
    }
    any
}

#[test]
fn what_is_plain_is_read_and_as_the_careful_parser_reads_it() {
    for text in [
        r#"{"value":null}"#,
        r#" { "value" : "a" , "key":"k" } "#,
        "{\"value\":\"a\"}\r\n",
        r#"{"value":"\"\\\/\b\f\n\r\t\u00e9\u0000\uD83C\uDf89é🎉"}"#,
        r#"{"valueEncoding":"base64","value":"\u002fw==","keyEncoding":null,"key":null}"#,
        r#"{"value":"","headers":[{"key":"a","value":null},{"value":"/w==","key":"YQ==","valueEncoding":"base64","keyEncoding":"base64"},{"key":"a","value":""}]}"#,
        r#"{"topic":"a\nb","topic":null,"offset":-1,"leaderEpoch":null,"partition":null,"timestampMs":-1,"value":"v","txn":"committed"}"#,
        r#"{"timestampMs":999999999999999999,"partition":-7,"value":"v","txn":null}"#,
    ] {
        assert!(agrees(text.as_bytes()), "{text}");
    }
    assert!(quick(br#"{"value":"v","txn":"open"}"#, Lines { include_aborted: true, keep_partition: false }).is_some());
}

#[test]
fn what_is_odd_is_left_to_care() {
    for text in [
        r"{}",
        r#"{"key":"k"}"#,
        r#"{"value":"a","value":"b"}"#,
        r#"{"value":"a","key":null,"key":"b"}"#,
        r#"{"value":"a"} x"#,
        r#"{"value":"a",}"#,
        r#"{"value":"a"#,
        r#"{"value":"\uD83C"}"#,
        r#"{"value":"\uDC00"}"#,
        r#"{"value":"\uD83C\u0041"}"#,
        r#"{"value":"\x"}"#,
        "{\"value\":\"a\tb, and so on\"}",
        r#"{"value":1}"#,
        r#"{"value":"v","offset":01}"#,
        r#"{"value":"v","timestampMs":1.0}"#,
        r#"{"value":"v","timestampMs":-0}"#,
        r#"{"value":"v","timestampMs":1234567890123456789}"#,
        r#"{"value":"v","partition":2147483648}"#,
        r#"{"value":"v","txn":"aborted","txn":null}"#,
        r#"{"value":"v","headers":null}"#,
        r#"{"value":"v","headers":[{"key":"a"}]}"#,
        r#"{"value":"v","headers":[{"value":"a"}]}"#,
        r#"{"value":"v","headers":[{"key":null,"value":"a"}]}"#,
        r#"{"value":"v","headers":[{"key":"a","value":"b"},]}"#,
        r#"{"value":"v","else":1}"#,
        r#"{"value":"/w=","valueEncoding":"base64"}"#,
        r#"{"value":null,"valueEncoding":"base64"}"#,
        r#"{"value":"v","valueEncoding":"hex"}"#,
    ] {
        assert!(!agrees(text.as_bytes()), "{text}");
    }
    assert_eq!(quick(br#"{"value":"v","txn":"open"}"#, Lines::default()), None);
    assert_eq!(quick(b"{\"value\":\"\xff\"}", Lines::default()), None);
    assert_eq!(quick(b"{\"topic\":\"\xff\",\"value\":\"v\"}", Lines::default()), None);
}

/// Pieces of lines as they are written here and elsewhere, and wrong ones.
fn text() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(vec![
        "",
        "a",
        "x\u{7f}",
        "é漢🎉",
        "01234567",
        "012345678901234567890",
        r"\n",
        r#"\""#,
        r"\\",
        r"\/",
        r"\u0041",
        r"\u00E9",
        r"\u0000",
        r"\ud83c\udf89",
        r"\ud83c",
        r"\udf89",
        r"\u12",
        r"\q",
        "\t",
        "AA==",
        "/w==",
        "Zm9v",
        "committed",
        "open",
        "base64",
    ]);
    let many = prop::collection::vec(plain, 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()));
    prop_oneof![6 => many, 1 => Just("null".to_owned()), 1 => Just("\"base64\"".to_owned())]
}

fn number() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "null",
        "-0",
        "00",
        "1.5",
        "1e3",
        "-",
        "9223372036854775807",
        "-9223372036854775808",
        "2147483648",
        "true",
    ]);
    prop_oneof![3 => any::<i32>().prop_map(|n| n.to_string()), 2 => any::<i64>().prop_map(|n| n.to_string()), 1 => odd.prop_map(str::to_owned)]
}

fn object(names: Vec<&'static str>, headers: bool) -> BoxedStrategy<String> {
    let encodings = prop::sample::select(vec!["\"base64\"", "null", "\"hex\""]);
    let array = if headers {
        prop::collection::vec(object(vec!["key", "value", "keyEncoding", "valueEncoding"], false), 0..4)
            .prop_map(|all| format!("[{}]", all.join(",")))
            .boxed()
    } else {
        Just("[]".to_owned()).boxed()
    };
    let field = (prop::sample::select(names), text(), number(), array, encodings).prop_map(|(name, text, number, array, encoding)| {
        let value = match name {
            "partition" | "offset" | "timestampMs" | "leaderEpoch" => number,
            "headers" => array,
            "keyEncoding" | "valueEncoding" => encoding.to_owned(),
            _ => text,
        };
        format!("\"{name}\":{value}")
    });
    prop::collection::vec(field, 0..8).prop_map(|fields| format!("{{{}}}", fields.join(","))).boxed()
}

fn line() -> impl Strategy<Value = String> {
    let names = vec![
        "topic",
        "partition",
        "offset",
        "timestampMs",
        "timestampType",
        "key",
        "value",
        "value",
        "value",
        "keyEncoding",
        "valueEncoding",
        "headers",
        "headers",
        "leaderEpoch",
        "txn",
        "else",
    ];
    (object(names, true), any::<bool>(), prop::sample::select(vec!["", "\n", " \r\n", "}", "x"]))
        .prop_map(|(line, blank, end)| format!("{}{end}", if blank { line.replace(',', " ,\t") } else { line }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn both_read_the_same(line in line()) {
        agrees(line.as_bytes());
    }

    #[test]
    fn both_read_the_same_of_lines_that_were_damaged(line in line(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut line = line.into_bytes();
        let at = at.index(line.len());
        if cut { line.truncate(at) } else { line[at] = byte }
        agrees(&line);
    }
}
