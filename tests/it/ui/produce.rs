//! Records that are written from the form, on real brokers: typed, found where they lie, taken as a pattern, sent again as they are.

use serde_json::Value;

use crate::kafka::{Release, Writer, seeded};
use crate::run::kscope;

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
