//! What else one asks of a topic.

use std::sync::Arc;

use super::{SMALL, USUAL, at, looks, named};
use crate::core::ask::Answer;
use crate::core::inquire::{Bisected, Collector, Halved, Looked, Place, Shape, Sought, Spot, Step, Trail, Turn, Within};
use crate::model::{Offset, PartitionId, TopicName};
use crate::testing::{Made, Script, chunk, live, made, topic};

fn messages(size: (u16, u16)) -> Script {
    at(size).cluster(vec![topic("clicks", 6), topic("orders", 3)]).keys("j enter")
}

fn spot(record: Made) -> Spot {
    Spot::of(&TopicName::new("orders"), &chunk(&[record]), 0).unwrap()
}

#[test]
fn two_records_of_a_key_beside_each_other() {
    let before = r#"{"orderId":"51ab77e0","customer":{"id":1207,"email":"u1207@example.org"},"status":"OPEN","items":[{"sku":"A-1"}]}"#;
    let after = r#"{"orderId":"51ab77e0","customer":{"id":1207},"status":"FAILED","items":[{"sku":"A-1"},{"sku":"B-2"}],"error":"card \u001b[31mrefused\u001b[0m"}"#;
    let headers = vec![("trace-id", Some("51ab77e02c41")), ("retry", Some("1"))];
    for size in [SMALL, USUAL] {
        let record = Made { headers: headers.clone(), at: Some(0), ..made(100, "cust-1207", before) };
        let here = Made { headers: vec![("retry", Some("2"))], ..made(12_107, "cust-1207", after) };
        let script = messages(size).deliver(chunk(&[here]), vec![]).progress(live(3, 0)).keys("{");
        let sought = Sought { offsets: 14_000, bytes: 1_200_000, found: Some(spot(record)), ..Sought::default() };
        let script = script.reply("neighbour", Ok(Answer::Sought(Box::new(sought))));
        looks(&script, &named(size, "same_key"));
    }
}

/// Orders whose amount becomes a string, and that get a coupon.
fn shape() -> Shape {
    let mut collector = Collector::default();
    for n in 0..400_i64 {
        let amount = if n < 240 { format!("{n}.50") } else { format!("\"{n}\"") };
        let coupon = if n >= 300 { format!(",\"coupon code\":\"C{}\"", n % 7) } else { String::new() };
        let value = format!("{{\"orderId\":\"ord-{n:05}\",\"amount\":{amount},\"items\":[{{\"sku\":\"A-{}\"}}]{coupon}}}", n % 9);
        let record = Made { at: Some(n * 60_000), ..made(n, &format!("cust-{}", n % 31), &value) };
        collector.add(&chunk(&[record]).get(0).unwrap());
    }
    let odd = [made(400, "k", "no json \u{1b}[31m"), Made { value: None, ..made(401, "k", "") }];
    for record in chunk(&odd).iter() {
        collector.add(&record);
    }
    Shape { of: "a sample: the newest 2,000 and 12 slices".to_owned(), offsets: 48_112, done: true, ..collector.view() }
}

#[test]
fn the_shape_of_a_topic() {
    for size in [SMALL, USUAL] {
        let script = messages(size).keys(".").reply("shape", Ok(Answer::Shape(Arc::new(shape())))).keys("j j j");
        looks(&script, &named(size, "shape"));
        looks(&script.keys("shift-tab"), &named(size, "shapes"));
    }
}

#[test]
fn where_a_query_turns_true() {
    let place = |partition: i32, offset: i64| Place {
        time_ms: crate::testing::NOW + offset,
        partition: PartitionId(partition),
        offset: Offset(offset),
    };
    let part = |partition: i32, looked: &[(i64, bool)], turn: Turn| {
        let mut part = Halved::new(PartitionId(partition), Offset(0)..Offset(12_000_000));
        for (offset, matched) in looked {
            part.look(Looked { place: place(partition, *offset), matched: *matched });
        }
        part.turn = turn;
        part
    };
    let found = |partition: i32, offset: i64| spot(Made { partition, ..made(offset, "k", "{}") });
    let parts = vec![
        part(0, &[(0, false), (11_999_999, true), (6_000_000, false), (9_000_001, true)], Turn::At(found(0, 9_000_001))),
        part(1, &[(0, false), (11_999_999, false)], Turn::Never),
        part(2, &[(0, true), (4_000_000, false), (11_999_999, true)], Turn::Always(found(2, 0))),
        part(3, &[(0, false), (11_999_999, true)], Turn::Searching),
        part(4, &[], Turn::Empty),
        part(5, &[], Turn::Failed("no leader".to_owned())),
    ];
    for size in [SMALL, USUAL] {
        let script = messages(size).keys("B").text(".version >= 2").keys("enter");
        let bisected = Bisected { parts: parts.clone(), records: 7_025, bytes: 809_000, fetches: 99, done: true };
        let script = script.reply("bisect", Ok(Answer::Bisected(Arc::new(bisected))));
        looks(&script, &named(size, "bisect"));
    }
}

#[test]
fn an_id_through_several_topics() {
    let value = r#"{"orderId":"51ab77e0","status":"FAILED"}"#;
    let step = |topic: &str, at: i64, within: Within| {
        let record = chunk(&[Made { at: Some(at), ..made(12_000_000 + at, "cust-1207", value) }]);
        Step { spot: Spot::of(&TopicName::new(topic), &record, 0).unwrap(), within }
    };
    for size in [SMALL, USUAL] {
        let here = Made { headers: vec![("trace-id", Some("51ab77e0"))], at: Some(120), ..made(12_000_120, "cust-1207", value) };
        let script = messages(size).deliver(chunk(&[here]), vec![]).progress(live(3, 0)).keys(">");
        looks(&script, &named(size, "follow_choose"));
        let script = script.keys("down tab ctrl-u").text("/.").keys("enter");
        let header = Within::Header("trace-id".to_owned());
        let steps = vec![
            step("clicks", 0, Within::Value),
            step("orders", 120, header),
            step("orders", 65_000, Within::Key),
            step("clicks", 3_000_000, Within::Value),
        ];
        let trail = Trail { steps, bytes: 1_200_000, parts_of_words: 3, ..Trail::default() };
        let script = script.reply("follow", Ok(Answer::Trail(Box::new(trail))));
        looks(&script, &named(size, "follow"));
    }
}
