//! What topics are: `kscope topics` and `kscope topic describe`.

use serde_json::{Value, json};

use super::alike;
use super::mirror::{ADDED, TOPICS};
use crate::run::kscope;

fn asked(address: &str, arguments: &[&str]) -> Value {
    let output = kscope(&[&["-b", address, "-o", "json", "--quiet"], arguments].concat()).ok();
    serde_json::from_str(&output.text()).expect("JSON")
}

/// Ids are random, and a broker's files hold more than the records that are still there.
fn neutral(of: &mut Value) {
    let size = &of["sizeBytes"];
    let size = size.as_u64().map_or_else(|| size.clone(), |bytes| json!(if bytes > 0 { "some" } else { "none" }));
    of["sizeBytes"] = size;
    if let Some(id) = of.get_mut("id") {
        assert_eq!(id.as_str().map(str::len), Some(22), "{id}");
        *id = Value::Null;
    }
}

#[test]
fn the_list_of_topics() {
    let names = format!("^({})$", TOPICS.join("|"));
    let lines = alike(|address| {
        let mut list = asked(address, &["topics", "-f", &names]);
        let rows = list.as_array_mut().expect("rows");
        // A broker keeps the file of records that were deleted, until retention comes by.
        rows.iter_mut().filter(|row| row["offsets"] == 0).for_each(|row| row["sizeBytes"] = json!(0));
        rows.iter_mut().for_each(neutral);
        rows.iter().map(Value::to_string).collect()
    });
    assert_eq!(lines.len(), TOPICS.len());
    assert!(lines.iter().any(|line| line.contains(r#""name":"orders""#) && line.contains(r#""offsets":900"#)), "{lines:#?}");
}

#[test]
fn the_partitions_of_each_topic() {
    let lines = alike(|address| {
        let mut lines = Vec::new();
        for topic in TOPICS {
            let described = asked(address, &["topic", "describe", topic]);
            for partition in described["partitions"].as_array().expect("partitions") {
                let mut partition = partition.clone();
                if partition["logStart"] == partition["highWatermark"] {
                    partition["sizeBytes"] = json!(0);
                }
                neutral(&mut partition);
                lines.push(format!("{topic} {partition}"));
            }
        }
        lines
    });
    let held = lines.iter().filter(|line| line.contains(r#""lastStable":5,"#)).count();
    assert_eq!((lines.len(), held), (24, 1), "{lines:#?}");
}

#[test]
fn the_settings_of_each_topic() {
    let lines = alike(|address| {
        let mut lines = Vec::new();
        for topic in TOPICS {
            let mut described = asked(address, &["topic", "describe", topic]);
            let settings = described["configs"].as_array_mut().expect("settings");
            settings.sort_by_key(|setting| setting["name"].to_string());
            for setting in settings {
                let name = setting["name"].as_str().expect("a name").to_owned();
                // What the copy added, and what the fixture's brokers have set for all topics.
                if ADDED.iter().any(|(added, _)| *added == name) || (setting["source"] != "topic" && is_of_the_broker(&name)) {
                    *setting = json!(name);
                }
                lines.push(format!("{topic} {setting}"));
            }
        }
        lines
    });
    assert!(lines.iter().any(|line| line.starts_with("payments") && line.contains(r#""value":"2592000000""#)), "{lines:#?}");
}

/// What the fixture's brokers set, when the topic does not (`tests/kafka/cluster.py`).
fn is_of_the_broker(setting: &str) -> bool {
    ["retention.ms", "min.insync.replicas"].contains(&setting)
}

#[test]
fn a_topic_that_is_not_there() {
    alike(|address| {
        let mut lines = Vec::new();
        for name in ["no-such-topic", "no such name", "..", &"n".repeat(250)] {
            let done = kscope(&["-b", address, "topic", "describe", name]);
            lines.push(format!("{:?} {}", done.code, done.text()));
            lines.extend(done.stderr.lines().map(|line| line.replace(address, "HOST:PORT")));
        }
        lines
    });
}
