//! What else one asks of a topic: the ways there, what is seen while it is looked for, and how it ends.

use super::messages;
use crate::core::ask::{Answer, Ask};
use crate::core::effect::Effect;
use crate::core::inquire::{Neighbour, Reach, Sought, Spot};
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
