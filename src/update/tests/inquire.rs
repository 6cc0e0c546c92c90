//! What else one asks of a topic: the ways there, what is seen while it is looked for, and how it ends.

use std::sync::Arc;

use super::{messages, orders};
use crate::core::ask::{Answer, Ask};
use crate::core::effect::Effect;
use crate::core::inquire::{Bisected, Collector, Halved, Looked, Neighbour, Place, Reach, Shape, Sought, Spot, Step, Trail, Turn, Within};
use crate::model::{Offset, PartitionId, TopicName};
use crate::testing::{Made, Script, chunk, live, made};

fn two(script: Script) -> Script {
    script
        .deliver(chunk(&[made(100, "k", "{\"n\":1}"), made(105, "other", "{}"), made(107, "k", "{\"n\":2}")]), vec![])
        .progress(live(3, 0))
}

fn neighbour(script: &Script) -> Neighbour {
    let (_, Ask::Neighbour(ask)) = script.ask("neighbour") else { panic!() };
    Neighbour::clone(ask)
}

fn spot(record: Made) -> Spot {
    Spot::of(&TopicName::new("orders"), &chunk(&[record]), 0).unwrap()
}

#[test]
fn the_neighbour_of_a_key_is_looked_for_between_it_and_the_nearest_that_is_held() {
    let script = two(messages()).keys("G {");
    let ask = neighbour(&script);
    assert!(ask.back && !ask.sure, "offsets are missing between the two that are held");
    assert_eq!(ask.held.as_ref().and_then(Spot::record).map(|record| record.offset), Some(Offset(100)));
    assert_eq!(ask.from.record().map(|record| record.offset), Some(Offset(107)));
    let reach = Some(Reach { partition: PartitionId(0), offset: Offset(101), time_ms: Some(crate::testing::NOW) });
    let sought = Sought { offsets: 2_000, bytes: 9, reach, ..Sought::default() };
    let script = script.part("neighbour", Answer::Sought(Box::new(sought)));
    let script = script.sees("2,000 offsets of partition 0 back to 0@101, 2026-11-20 12:41:07.000Z: none yet; esc ends it");
    // What was found stands beside the one that it was looked for from, by path.
    let found = Some(spot(made(100, "k", "{\"n\":1}")));
    let script = script.reply("neighbour", Ok(Answer::Sought(Box::new(Sought { found, held: true, ..Sought::default() }))));
    let script = script.sees("before  0@100").sees("after   0@107").sees("~ .n  1 → 2").sees("it is among the records held");
    // And from there on.
    let script = script.keys("{");
    assert_eq!(neighbour(&script).from.record().map(|record| record.offset), Some(Offset(100)));
    let script = script.reply("neighbour", Ok(Answer::Sought(Box::new(Sought { offsets: 7, ..Sought::default() }))));
    script
        .sees("none: 7 offsets of partition 0 back to where the log begins")
        .sees("~ .n  1 → 2")
        .keys("enter")
        .sees("Nothing was found to open.");
}

#[test]
fn looking_for_a_neighbour_ends_with_esc_and_the_screen_stays() {
    let script = two(messages()).keys("g }");
    let (task, _) = script.ask("neighbour");
    let script = script.keys("esc");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Cancel(id) if *id == task)));
    let script = script.sees("ended by you").keys("esc");
    script.sees_not("same key");
}

#[test]
fn a_record_without_a_key_has_no_neighbours() {
    let mut record = made(1, "", "{}");
    record.key = None;
    let script = messages().deliver(chunk(&[record]), vec![]).progress(live(3, 0)).keys("{");
    assert!(!script.waiting().contains(&"neighbour"));
    script.sees("The record has no key");
}

#[test]
fn the_shape_grows_as_it_is_read_and_leads_to_the_record_where_a_type_came() {
    let mut collector = Collector::default();
    for record in chunk(&[made(1, "k", r#"{"amount":1}"#), made(7, "k", r#"{"amount":"1"}"#)]).iter() {
        collector.add(&record);
    }
    let script = messages().keys(".").sees("Reading …");
    let shape = Shape { of: "a sample".to_owned(), offsets: 900, ..collector.view() };
    let script = script.part("shape", Answer::Shape(Arc::new(shape.clone()))).sees("2 records of ≈900 · a sample · reading …");
    let script = script.reply("shape", Ok(Answer::Shape(Arc::new(Shape { done: true, ..shape })))).keys("j j");
    let script = script.sees("number 50 % · string 50 %").keys("enter").sees("around what was found, 7");
    // All of it is another question.
    let script = script.keys("esc A");
    assert!(matches!(script.ask("shape").1, Ask::Shape(ask) if ask.whole));
}

#[test]
fn a_turn_is_searched_for_once_the_query_can_be_read() {
    let script = orders().keys("j B").text("and and").keys("enter");
    assert!(!script.waiting().contains(&"bisect"));
    let script = script.keys("ctrl-u").text("exists .x").keys("enter").sees("halving …");
    let place = |offset| Place { time_ms: crate::testing::NOW, partition: PartitionId(1), offset: Offset(offset) };
    let mut part = Halved::new(PartitionId(1), Offset(0)..Offset(1_000));
    part.look(Looked { place: place(500), matched: true });
    part.look(Looked { place: place(250), matched: false });
    part.open = Offset(251)..Offset(500);
    let found = Bisected { parts: vec![part.clone()], records: 2, bytes: 70, fetches: 2, done: false };
    let script = script.part("bisect", Answer::Bisected(Arc::new(found.clone())));
    let script = script.sees("… between 251 and 500: 249 offsets left").sees("true   1@500").sees("false  1@250");
    part.look(Looked { place: place(700), matched: false });
    part.turn = Turn::At(spot(Made { partition: 1, ..made(400, "k", "{}") }));
    let script = script.reply("bisect", Ok(Answer::Bisected(Arc::new(Bisected { parts: vec![part], done: true, ..found }))));
    let script =
        script.sees("turns in 1 of 1 partition, in 1 more than once; first 1@400").sees("▲ more than once: true at 500, false at 700");
    script.keys("enter").sees("around what was found, 400");
}

#[test]
fn an_id_is_followed_through_the_marked_topics_in_time_order() {
    // Two topics are marked in the list; then the cursor stands on a field.
    let script = orders().keys("space space G enter").deliver(chunk(&[made(1, "k", r#"{"id":"ord-1"}"#)]), vec![]).progress(live(3, 0));
    let script = script.keys("enter j >");
    let (_, Ask::Follow(ask)) = script.ask("follow") else { panic!() };
    let topics: Vec<&str> = ask.topics.iter().map(|topic| topic.name.raw()).collect();
    assert_eq!((ask.value.as_str(), topics), ("ord-1", vec!["clicks", "orders"]));
    assert_eq!(ask.to_ms - ask.from_ms, 7_200_000, "an hour before and after");
    let step = |topic: &str, at: i64| {
        let record = chunk(&[Made { at: Some(at), ..made(at, "k", r#"{"id":"ord-1"}"#) }]);
        Step { spot: Spot::of(&TopicName::new(topic), &record, 0).unwrap(), within: Within::Value }
    };
    let trail = |steps| Box::new(Trail { steps, ..Trail::default() });
    let script = script.part("follow", Answer::Trail(trail(vec![step("orders", 1_000)])));
    let script = script.reply("follow", Ok(Answer::Trail(trail(vec![step("clicks", 880), step("orders", 4_000)]))));
    let screen = script.screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(at("0@880") < at("0@1,000") && at("0@1,000") < at("0@4,000"), "{screen}");
    script.sees("+120ms").sees("+3.0s").sees("from the first to the last 3.1s").keys("g enter").sees("around what was found, 880");
}

#[test]
fn what_is_followed_can_be_chosen_among_what_the_record_has() {
    let record = Made { headers: vec![("trace-id", Some("t-7"))], ..made(1, "k-1", "{}") };
    let script = orders().keys("j enter").deliver(chunk(&[record]), vec![]).progress(live(3, 0)).keys(">");
    let script = script.sees("header trace-id").keys("down tab").sees("id      t-7").keys("ctrl-u").text("nowhere").keys("enter");
    let script = script.sees("No topic \"nowhere\" is listed.").keys("ctrl-u").text("/^cl").keys("enter");
    let (_, Ask::Follow(ask)) = script.ask("follow") else { panic!() };
    assert_eq!((ask.value.as_str(), ask.topics.len()), ("t-7", 1));
}
