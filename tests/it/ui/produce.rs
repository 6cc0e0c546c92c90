//! Records that are written from the form, on real brokers: typed, found where they lie, taken as a pattern, sent again as they are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::kafka::{Codec, Release, Writer, record, seeded};
use crate::pty::Terminal;
use crate::run::{Home, kscope};

use super::{OWN, Ui};

#[test]
fn a_record_is_typed_found_and_sent_again_on_4_2() {
    a_record_is_typed_found_and_sent_again(Release::V4_2);
}

#[test]
fn a_record_is_typed_found_and_sent_again_on_2_8() {
    a_record_is_typed_found_and_sent_again(Release::V2_8);
}

fn a_record_is_typed_found_and_sent_again(release: Release) {
    let Some(kafka) = seeded(release) else { return };
    let brokers = kafka.cluster.brokers();
    let (topic, other) = (format!("{OWN}typed"), format!("{OWN}again"));
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 3, 1, &[]);
    writer.create(&other, 3, 1, &[]);

    let mut ui = Ui::open(&brokers);
    ui.until("the list of topics", |seen| seen.has(&topic));
    ui.press(&format!(":produce {topic}\r"));
    ui.until("the topic is known", |seen| seen.has("Will write 1 record"));
    // The value, then back to the headers, then on to the key: null becomes a text.
    ui.press("{\"n\": 1}\x1b[Ztrace=0af7\r lone");
    ui.press("\t\t\t\t\t\x18user-42");
    ui.until("what is typed", |seen| seen.has("user-42") && seen.has("json ✓") && seen.has("trace=0af7"));
    ui.press("\x13");
    ui.until("it is sent", |seen| seen.has("1 record appended at"));
    let first = printed(&brokers, &topic);
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!((first[0]["key"].as_str(), first[0]["value"].as_str()), (Some("user-42"), Some("{\"n\": 1}")));
    assert_eq!(first[0]["headers"].to_string(), r#"[{"key":"trace","value":"0af7"},{"key":"lone","value":null}]"#);

    ui.press("\r");
    ui.until("where it lies", |seen| seen.has("around what was sent") && seen.offset() == Some(0));
    ui.press("pl");
    ui.until("the form is filled with it", |seen| seen.has("from ") && seen.has("user-42") && seen.has("Will write 1 record"));
    ui.press("\x13");
    ui.until("the second is sent", |seen| seen.has("Sent ") && seen.has(" offset 1"));
    ui.press("\x1b");
    ui.until("the form again", |seen| seen.has("Will write 1 record"));
    ui.press("\x1b");
    ui.until("the messages again", |seen| seen.has("around what was sent"));

    ui.press("pa");
    ui.until("where to is asked", |seen| seen.has("Send again") && seen.has("Which topic?"));
    ui.press(&format!("{other}\r"));
    ui.until("the topic is known", |seen| seen.has("Will write 1 record"));
    ui.press("\x13");
    ui.until("it is sent to the other topic", |seen| seen.has(&format!("{other}: 1 record appended")));
    ui.quit();

    let (both, again) = (printed(&brokers, &topic), printed(&brokers, &other));
    assert_eq!((both.len(), again.len()), (2, 1));
    for copy in [&both[1], &again[0]] {
        for field in ["key", "value", "headers"] {
            assert_eq!(copy[field], first[0][field], "{field}");
        }
    }
    writer.delete(&topic);
    writer.delete(&other);
}

/// The records of a topic, as the command line prints them.
fn printed(brokers: &str, topic: &str) -> Vec<Value> {
    let out = kscope(&["-b", brokers, "tail", topic, "--from", "earliest", "--until", "now", "-o", "ndjson", "--quiet"]).ok().text();
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_value_goes_through_the_editor_and_dead_letters_are_sent_again_once_each() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let (dead, back) = (format!("{OWN}dead"), format!("{OWN}back"));
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&dead, 1, 1, &[]);
    writer.create(&back, 2, 1, &[]);

    let home = Home::new();
    let sent = home.path().join(".local/state/kscope/sent");
    let mut ui = Ui {
        terminal: Terminal::kscope_in(home, &[&brokers], &[("EDITOR", "sed -i s/one/two/"), ("KSCOPE_UI_START", ":topics")], 120, 40),
    };
    ui.until("the list of topics", |seen| seen.has(&dead));
    for offset in 0..2 {
        ui.press(&format!(":produce {dead}\r"));
        ui.until("the topic is known", |seen| seen.has("Will write 1 record"));
        ui.press("letter one\x07");
        ui.until("what the editor made of it", |seen| seen.has("letter two"));
        ui.press("\x13");
        ui.until("it is sent", |seen| seen.has("Sent ") && seen.has(&format!(" offset {offset}")));
        ui.press("\x1b");
        ui.until("the form again", |seen| seen.has("Will write 1 record"));
        ui.press("\x1b");
        ui.until("the list again", |seen| seen.has("NAME"));
    }
    writer.append(&dead, 0, Codec::None, &[record("letter three")]);

    ui.press(&format!(":messages {dead}\r"));
    ui.until("three records", |seen| seen.has("letter three"));
    ui.press("pA");
    ui.until("where to is asked", |seen| seen.has(&format!("3 records of {dead}")) && seen.has("Which topic?"));
    ui.press(&format!("{back}\r"));
    ui.until("what is there twice", |seen| seen.has("1 record is the same as one before it: refused"));
    ui.press("\x13");
    ui.until("it is refused", |seen| seen.has("✗ same records"));
    ui.press(" ");
    ui.until("each once", |seen| seen.has("Will write 2 records"));
    ui.press("\x13");
    ui.until("it is shown once more", |seen| seen.has("Once more"));
    ui.press("\x13");
    ui.until("both are sent", |seen| seen.has("2 records appended") && seen.has("what became of each"));

    let rows = std::fs::read_dir(&sent).expect("a folder").flatten().next().expect("a file").path();
    let rows = std::fs::read_to_string(rows).expect("text");
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let again = printed(&brokers, &back);
    let places = |rows: &[Value]| rows.iter().map(|row| (row["partition"].as_i64(), row["offset"].as_i64())).collect::<BTreeSet<_>>();
    assert_eq!((rows.len(), places(&rows)), (2, places(&again)), "{rows:?}");
    let origins: Vec<_> = rows.iter().map(|row| (row["from"]["topic"].as_str(), row["from"]["offset"].as_i64())).collect();
    assert_eq!(origins, [(Some(dead.as_str()), Some(0)), (Some(dead.as_str()), Some(2))]);
    let values: BTreeSet<_> = again.iter().map(|record| record["value"].as_str()).collect();
    assert_eq!(values, BTreeSet::from([Some("letter two"), Some("letter three")]));
    ui.quit();
    writer.delete(&dead);
    writer.delete(&back);
}

#[test]
fn a_sending_that_is_stopped_tells_exactly_what_is_in_the_log() {
    let Some(kafka) = seeded(Release::V4_2) else { return };
    let brokers = kafka.cluster.brokers();
    let topic = format!("{OWN}stopped");
    let mut writer = Writer::connect(&kafka.cluster.internal);
    writer.create(&topic, 3, 1, &[]);

    let mut ui = Ui::open(&brokers);
    ui.until("the list of topics", |seen| seen.has(&topic));
    ui.press(&format!(":produce {topic}\r"));
    ui.until("the topic is known", |seen| seen.has("Will write 1 record"));
    // The value; then topic, partition, by, key, value as, count, rate, places.
    ui.press("n {{seq}}\t\t\t\t\t\t\x15100000\t500\t ");
    ui.until("what is to be sent", |seen| seen.has("Will write 100,000 records") && seen.has("500 a second"));
    ui.press("\x13");
    ui.until("it is shown once more", |seen| seen.has("Once more"));
    ui.press("\x13");
    ui.until("it is under way", |seen| seen.has("of 100,000 appended") && !seen.has("  0 of 100,000"));
    ui.press("x");
    let seen = ui.until("it was stopped", |seen| seen.has("records appended,") && seen.has(", stopped"));
    ui.quit();

    let lines = seen.lines();
    // What was taken and not sent yet may stand behind it.
    let told = lines.iter().filter(|line| line.trim_end().ends_with(", stopped")).find_map(|line| line.split_once(" records appended"));
    let told: usize = told.expect("how many").0.trim().replace(',', "").parse().expect("a number");
    let mut values: Vec<usize> = printed(&brokers, &topic).iter().map(|record| number(&record["value"])).collect();
    values.sort_unstable();
    assert_eq!(values, (1..=told).collect::<Vec<_>>(), "each once, none beside");
    writer.delete(&topic);
}

/// What stands behind the `n`.
fn number(value: &Value) -> usize {
    value.as_str().and_then(|text| text.strip_prefix("n ")).expect("ours").parse().expect("a number")
}
