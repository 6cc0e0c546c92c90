//! Shapes, as tables; and that several collectors make together what one makes alone.

use proptest::prelude::*;

use super::*;
use crate::model::{Headers, LeaderEpoch, TimestampType};

fn record<'a>(offset: i64, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> RecordRef<'a> {
    RecordRef {
        partition: PartitionId(i32::try_from(offset % 3).unwrap()),
        offset: Offset(offset),
        timestamp_ms: 1_000 + offset,
        timestamp_type: TimestampType::Create,
        key,
        value,
        headers: Headers::default(),
        leader_epoch: LeaderEpoch(0),
        transaction: None,
    }
}

fn of(values: &[&str]) -> Shape {
    let mut collector = Collector::default();
    for (offset, value) in (0..).zip(values) {
        collector.add(&record(offset, Some(b"k"), Some(value.as_bytes())));
    }
    collector.view()
}

fn lines(shape: &Shape) -> Vec<String> {
    let line = |field: &FieldView| {
        let kinds: Vec<String> = field.kinds.iter().map(|view| format!("{} {}", view.kind.word(), view.seen.records)).collect();
        format!("{} {}/{} {} ={}", field.path, field.records, field.of, kinds.join(" "), field.distinct.0)
    };
    shape.fields.iter().map(line).collect()
}

#[test]
fn fields_are_counted_once_a_record_with_each_of_their_types() {
    let shape = of(&[
        r#"{"id":1,"tags":["a","b","a"],"o":{"x":null}}"#,
        r#"{"id":"7","tags":[1,"c"],"odd name":true}"#,
        r#"{"id":2,"id":3}"#,
        "[5]",
    ]);
    assert_eq!(
        lines(&shape),
        [
            "key 4/4 string 4 =1",
            ". 4/4 object 3 array 1 =0",
            ".id 3/4 number 2 string 1 =4",
            ".tags 2/4 array 2 =0",
            ".tags[] 2/4 string 2 number 1 =4",
            ".o 1/4 object 1 =0",
            ".o.x 1/4 null 1 =0",
            ".\"odd name\" 1/4 boolean 1 =1",
            ".[] 1/4 number 1 =1",
        ]
    );
    let id = &shape.fields[2];
    assert_eq!(id.range, Some((b"1".to_vec(), b"3".to_vec())));
    assert_eq!(id.lengths, Some((1, 1)));
    // Since when a field is a string.
    let string = id.kinds[1].seen.first.unwrap();
    assert_eq!((string.time_ms, string.partition, string.offset), (1_001, PartitionId(1), Offset(1)));
}

#[test]
fn numbers_are_compared_exactly_and_shown_as_they_are_written() {
    let shape = of(&[r#"{"n":9007199254740993}"#, r#"{"n":9007199254740992}"#, r#"{"n":1e400}"#, r#"{"n":-0.50}"#]);
    assert_eq!(shape.fields[2].range, Some((b"-0.50".to_vec(), b"1e400".to_vec())));
}

#[test]
fn what_is_no_json_is_counted_by_what_it_is() {
    let mut collector = Collector::default();
    let values: [Option<&[u8]>; 9] = [
        None,
        Some(b""),
        Some(b"text"),
        Some(b"\xff\xfe"),
        Some(b"{\"a\":1"),
        Some(b"{\"a\":x}"),
        Some(b"{} {}"),
        Some(b"\0\0\0\0\x07data"),
        Some(b"7"),
    ];
    for (offset, value) in (0..).zip(values) {
        collector.add(&record(offset, None, value));
    }
    let shape = collector.view();
    let found: Vec<(&str, u64)> = shape.formats.iter().map(|(format, seen)| (format.word(), seen.records)).collect();
    let expected =
        [("json", 1), ("json sequence", 1), ("broken json", 2), ("registry", 1), ("text", 1), ("bytes", 1), ("empty", 1), ("null", 1)];
    assert_eq!(found, expected);
    // The fields of what breaks are not counted.
    assert_eq!(lines(&shape), ["key 9/9 null 9 =0", ". 1/1 number 1 =1"]);
}

#[test]
fn shapes_know_since_when_and_what_they_have_more_and_less() {
    let shape = of(&[r#"{"a":1,"b":2}"#, r#"{"b":2,"a":7}"#, r#"{"a":"1"}"#, r#"{"a":3,"b":4}"#]);
    let [usual, other] = &shape.shapes[..] else { panic!("{:?}", shape.shapes) };
    assert_eq!((usual.seen.records, usual.fields, usual.more.len(), usual.less.len()), (3, 3, 0, 0));
    assert_eq!(other.more, [(".a".to_owned(), Kind::String)]);
    assert_eq!(other.less, [(".a".to_owned(), Kind::Number), (".b".to_owned(), Kind::Number)]);
    assert_eq!(other.seen.first.unwrap().offset, Offset(2));
}

#[test]
fn headers_are_fields_of_their_own() {
    let raw = [2, b'h', 2, b'1', 2, b'h', 1];
    let mut collector = Collector::default();
    collector.add(&RecordRef { headers: Headers::from_wire(&raw, 2), ..record(0, None, None) });
    assert_eq!(lines(&collector.view()), ["key 1/1 null 1 =0", "header.h 1/1 null 1 string 1 =1"]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut collector = Collector::default();
    for n in 0..5_000 {
        collector.add(&record(n, None, Some(format!("{{\"f{n}\":{n}}}").as_bytes())));
    }
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    collector.add(&record(5_000, None, Some(deep.as_bytes())));
    let shape = collector.view();
    assert!(shape.fields.len() <= FIELDS && shape.shapes.len() == SHAPES);
    assert!(shape.beyond > 3_000 && shape.other_shapes > 4_800, "{} {}", shape.beyond, shape.other_shapes);
}

proptest! {
    #[test]
    fn collectors_merge_into_what_one_would_have_made(
        values in prop::collection::vec(("[a-c]{1,2}", "[a-c]{1}", prop_oneof![
            Just("1"), Just("2.50"), Just("\"x\""), Just("null"), Just("[1,\"y\"]"), Just("{\"z\":true}"), Just("[]")
        ]), 0..40),
        cut in 0_usize..40,
        other in 0_usize..40,
    ) {
        let texts: Vec<String> = values.iter().map(|(a, b, value)| format!("{{\"{a}\":{value},\"{b}\":[{value}]}}")).collect();
        let collect = |range: std::ops::Range<usize>| {
            let mut collector = Collector::default();
            for at in range {
                let key = texts[at].as_bytes().get(..4);
                collector.add(&record(i64::try_from(at).unwrap(), key, Some(texts[at].as_bytes())));
            }
            collector
        };
        let (a, b) = (cut.min(other).min(texts.len()), cut.max(other).min(texts.len()));
        let parts = [collect(0..a), collect(a..b), collect(b..texts.len())];
        let told = |collector: &Collector| {
            let mut shape = collector.view();
            // Members come in the order of their first appearance, which depends on who was first.
            shape.fields.sort_by(|a, b| a.path.cmp(&b.path));
            format!("{shape:?}")
        };
        let whole = told(&collect(0..texts.len()));
        let mut left = parts[0].clone();
        left.merge(&parts[1]);
        left.merge(&parts[2]);
        let mut right = parts[2].clone();
        right.merge(&parts[0]);
        right.merge(&parts[1]);
        prop_assert_eq!(&told(&left), &whole);
        prop_assert_eq!(&told(&right), &whole);
    }
}
