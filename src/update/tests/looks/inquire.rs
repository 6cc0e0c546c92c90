//! What else one asks of a topic.

use super::{SMALL, USUAL, at, looks, named};
use crate::core::ask::Answer;
use crate::core::inquire::{Sought, Spot};
use crate::model::TopicName;
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
