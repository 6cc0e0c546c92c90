//! What else one asks of a topic, against what all of its records say.

use std::sync::Arc;

use kscope::core::inquire::{FollowAsk, Neighbour, Spot};
use kscope::io::inquire::{Teller, follow, neighbour};
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

/// The records of a topic, with what a field of their JSON says.
fn values(records: &[Value]) -> impl Iterator<Item = (&Value, Option<Value>)> {
    records.iter().map(|record| (record, record["value"].as_str().and_then(|text| serde_json::from_str(text).ok())))
}

#[test]
fn the_shape_of_a_topic_counts_what_all_of_its_records_have() {
    let sandbox = still();
    let records = all(&sandbox, "orders");
    let address = bootstrap(&sandbox);
    let done = kscope(&["topic", "shape", "-b", &address, "orders", "--whole", "-o", "json"]);
    let shape: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(shape["records"].as_u64(), u64::try_from(records.len()).ok());
    let json: Vec<Value> = values(&records).filter_map(|(_, value)| value).collect();
    assert!(!json.is_empty());
    let names: std::collections::BTreeSet<&String> = json.iter().filter_map(Value::as_object).flat_map(|all| all.keys()).collect();
    assert!(!names.is_empty());
    let fields = shape["fields"].as_array().expect("fields");
    for name in names {
        let with: Vec<&Value> = json.iter().filter_map(|value| value.get(name)).collect();
        let field = fields.iter().find(|field| field["path"] == format!(".{name}")).unwrap_or_else(|| panic!("no {name} in {fields:?}"));
        assert_eq!(field["records"].as_u64(), u64::try_from(with.len()).ok(), "{name}");
        assert_eq!(field["of"].as_u64(), u64::try_from(json.len()).ok(), "{name}");
        for kind in field["types"].as_array().expect("types") {
            let is = |value: &&&Value| match kind["type"].as_str() {
                Some("number") => value.is_number(),
                Some("string") => value.is_string(),
                Some("boolean") => value.is_boolean(),
                Some("null") => value.is_null(),
                Some("array") => value.is_array(),
                _ => value.is_object(),
            };
            assert_eq!(kind["records"].as_u64(), u64::try_from(with.iter().filter(is).count()).ok(), "{name} {kind}");
        }
    }
}

/// What `kscope bisect` says: the turn, by partition.
fn turns(address: &str, topic: &str, query: &str) -> Vec<Value> {
    let done = kscope(&["bisect", "-b", address, topic, query, "-o", "json"]);
    serde_json::from_slice(&done.stdout).expect("JSON")
}

#[test]
fn a_turn_is_the_first_record_that_matches_with_few_looked_at() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    // Dense, with gaps, with markers of transactions.
    for topic in ["orders", "payments", "customers"] {
        let records = all(&sandbox, topic);
        let most = records.iter().map(|record| place(record).1).max().expect("records");
        for bound in [0, 1, most / 3, most / 2 + 1, most, most + 1] {
            // Not a bound of the plan: every step has to look.
            let rows = turns(&address, topic, &format!("not (offset < {bound})"));
            for row in &rows {
                let partition = row["partition"].as_i64().expect("a number");
                let offsets = || records.iter().filter(|record| record["partition"] == partition).map(|record| place(record).1);
                let (first, expected) = (offsets().min(), offsets().filter(|offset| *offset >= bound).min());
                assert_eq!(row["offset"].as_i64(), expected, "{topic} {bound} {row}");
                let turn = match (first, expected) {
                    (None, _) => "empty",
                    (_, None) => "never",
                    (first, expected) if first == expected => "always",
                    _ => "turns",
                };
                assert_eq!((row["turn"].as_str(), row["contradicted"].as_bool()), (Some(turn), Some(false)), "{topic} {bound} {row}");
                assert!(row["lookedAt"].as_u64() < Some(60), "{row}");
            }
        }
    }
}

#[test]
fn a_query_that_turns_more_than_once_is_said_to() {
    let sandbox = still();
    let rows = turns(&bootstrap(&sandbox), "orders", "offset < 5 and p:0");
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((row["partition"].as_i64(), row["turn"].as_str()), (Some(0), Some("always")), "{row}");
    let last = all(&sandbox, "orders").iter().map(place).filter(|place| place.0 == 0).map(|place| place.1).max().expect("records");
    let rows = turns(&bootstrap(&sandbox), "orders", &format!("(offset < 5 or offset > {}) and p:0", last / 2));
    assert_eq!(rows[0]["contradicted"].as_bool(), Some(true), "{rows:?}");
}

#[test]
fn an_id_is_followed_through_several_topics_in_the_window_alone() {
    let sandbox = still();
    let address = bootstrap(&sandbox);
    let at = |topic: &str, value: &str, time: i64| {
        kscope(&["produce", "-b", &address, topic, "-k", "k", "-v", value, "--timestamp", &time.to_string()]).ok();
    };
    // Behind all that is there, so that times grow.
    let newest = all(&sandbox, "orders").iter().chain(&all(&sandbox, "payments")).filter_map(|r| r["timestampMs"].as_i64()).max();
    let start = newest.expect("records") + 60_000;
    at("orders", r#"{"id":"follow-1"}"#, start);
    at("payments", "paid follow-1 wholly", start + 500);
    at("orders", r#"{"id":"follow-10"}"#, start + 600);
    at("orders", r#"{"ref":"follow-1"}"#, start + 700_000);
    let client = client(&sandbox);
    let ask = |topics, from_ms, to_ms| FollowAsk { value: "follow-1".to_owned(), topics, from_ms, to_ms };
    block_on(async {
        let orders = client.topic("look", &TopicName::new("orders")).await.expect("the topic");
        let payments = client.topic("look", &TopicName::new("payments")).await.expect("the topic");
        let work = Work::start(2).expect("threads");
        let ask = ask(vec![orders, payments], start - 1_000, start + 60_000);
        let trail = follow(&client, &work, &ask, &Teller::nobody()).await.expect("an answer");
        let mut found: Vec<(i64, &str)> =
            trail.steps.iter().map(|step| (step.spot.record().expect("a record").timestamp_ms - start, step.spot.topic.raw())).collect();
        found.sort_unstable();
        assert_eq!(found, [(0, "orders"), (500, "payments")]);
        assert_eq!(trail.parts_of_words, 1, "follow-10 is another id");
        assert!(trail.topics.iter().all(|read| read.done && read.offsets == read.of), "{:?}", trail.topics);
    });
}
