//! What else one asks of a topic, against what all of its records say.

use std::sync::Arc;

use kscope::core::inquire::{Neighbour, Spot};
use kscope::io::inquire::{Teller, neighbour};
use kscope::io::kafka::{Address, Client, Settings};
use kscope::io::scan::open_one;
use kscope::io::work::Work;
use kscope::model::{Offset, PartitionId, Topic, TopicName};
use kscope::sandbox::Sandbox;
use serde_json::Value;

use super::{block_on, bootstrap, still};
use crate::run::kscope;

fn client(sandbox: &Sandbox) -> Client {
    Client::new(Settings::new(vec![Address::parse(&bootstrap(sandbox)).expect("an address")]))
}

/// All records of a topic.
fn all(sandbox: &Sandbox, topic: &str) -> Vec<Value> {
    let done = kscope(&["tail", "-b", &bootstrap(sandbox), "--from", "earliest", "--until", "now", "-o", "ndjson", topic]).ok();
    done.lines().into_iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn place(record: &Value) -> (i32, i64) {
    (i32::try_from(record["partition"].as_i64().expect("a number")).expect("small"), record["offset"].as_i64().expect("a number"))
}

/// The place of the record of the same key before or after the one at a place.
async fn found(client: &Client, topic: &Arc<Topic>, (partition, offset): (i32, i64), back: bool) -> (Option<(i32, i64)>, u64, usize) {
    let chunk = open_one(client, &topic.name, PartitionId(partition), Offset(offset)).await.expect("the record");
    let from = Spot::of(&topic.name, &chunk, 0).expect("a record");
    let ask = Neighbour { topic: Arc::clone(topic), from, back, held: None, sure: false };
    let sought = neighbour(client, &Work::start(2).expect("threads"), &ask, &Teller::nobody()).await.expect("an answer");
    let place = sought.found.as_ref().and_then(Spot::record).map(|record| (record.partition.0, record.offset.0));
    (place, sought.offsets, sought.others)
}

#[test]
fn the_record_of_the_same_key_before_and_after_is_the_one_in_the_log() {
    let sandbox = still();
    let records = all(&sandbox, "orders");
    let client = client(&sandbox);
    block_on(async {
        let topic = client.topic("look", &TopicName::new("orders")).await.expect("the topic");
        // Some records from all over the topic, the first and the last of all among them.
        let step = (records.len() / 12).max(1);
        let picked = records.iter().step_by(step).chain(records.last()).filter(|record| record["key"].is_string());
        let mut nothing = 0;
        for record in picked {
            let (partition, offset) = place(record);
            let same = |other: &&Value| other["key"] == record["key"] && place(other).0 == partition;
            let before = records.iter().filter(same).map(place).filter(|other| other.1 < offset).max();
            let after = records.iter().filter(same).map(place).filter(|other| other.1 > offset).min();
            for (expected, back) in [(before, true), (after, false)] {
                let (place, _, others) = found(&client, &topic, (partition, offset), back).await;
                if others == 0 {
                    assert_eq!(place, expected, "{record} back: {back}");
                }
                nothing += usize::from(place.is_none());
            }
        }
        assert!(nothing > 0, "one of them has none before or after it");
    });
}

#[test]
fn a_key_that_no_partitioner_places_is_looked_for_in_the_other_partitions_by_time() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    // Three partitions with one record each, later than all others, under a key that belongs to one of them at most.
    let topic = "orders";
    let newest = all(&sandbox, topic).iter().filter_map(|record| record["timestampMs"].as_i64()).max().expect("a time");
    let rows = [(0, newest + 1_000), (1, newest + 2_000), (2, newest + 3_000)];
    for (partition, time) in rows {
        let (partition, time) = (partition.to_string(), time.to_string());
        let arguments = ["produce", "-b", &address, topic, "-k", "wanders", "-v", "{}", "-p", &partition, "--timestamp", &time];
        kscope(&arguments).ok();
    }
    let client = client(&sandbox);
    let mine: Vec<Value> = all_of_key(&sandbox, topic, "wanders");
    assert_eq!(mine.len(), 3);
    block_on(async {
        let topic = client.topic("look", &TopicName::new(topic)).await.expect("the topic");
        let at = |partition: i32| mine.iter().map(place).find(|place| place.0 == partition).expect("sent");
        for (from, back, expected) in [(1, true, Some(0)), (2, true, Some(1)), (0, true, None)] {
            let (place, _, others) = found(&client, &topic, at(from), back).await;
            if others > 0 {
                assert_eq!(place.map(|place| place.0), expected, "from {from}, back: {back}");
            } else {
                assert_eq!(place, None, "placed there: nowhere else");
            }
        }
    });
}

fn all_of_key(sandbox: &Sandbox, topic: &str, key: &str) -> Vec<Value> {
    let query = format!("key == \"{key}\"");
    let address = bootstrap(sandbox);
    let arguments = ["tail", "-b", &address, "--from", "earliest", "--until", "now", "-o", "ndjson", topic, "--where", &query];
    kscope(&arguments).ok().lines().into_iter().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
