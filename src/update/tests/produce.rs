//! Records that are written from the form: typed, confirmed, sent, and what became of them.

use std::sync::Arc;

use super::*;
use crate::core::context::Guard;
use crate::core::event::Event;
use crate::core::guard::Rules;
use crate::core::produce::{Fate, NewRecord, Progress, Records, Report, Safety, Sending, Sent, Settings, Target};
use crate::model::{Offset, PartitionId};

fn target(name: &str, settings: Settings) -> Answer {
    let topic = Arc::new(topic(name, 3));
    let ends = (0..3).map(|id| (PartitionId(id), Ok(Offset(10)))).collect();
    Answer::Target(Box::new(Target { topic, cluster: None, settings: Ok(settings), ends }))
}

fn report(appended: u64) -> Report {
    let sent = Sent { n: 0, partition: PartitionId(1), timestamp_ms: 0, fate: Fate::Appended(Some(Offset(12_086))) };
    Report {
        progress: Progress { taken: appended, appended, last: Some(sent.clone()), ..Progress::default() },
        safety: Safety::Idempotent,
        failure: None,
        stopped: false,
        first: vec![sent],
        missing: Vec::new(),
        read_back: 0,
        unlogged: None,
        journal: None,
    }
}

/// The form for a topic, with what is known of it.
pub(super) fn form(size: (u16, u16)) -> Script {
    let script = Script::at(size.0, size.1).cluster(vec![topic("orders", 3)]).keys("p");
    script.reply("target", Ok(target("orders", Settings { compacted: Some(true), ..Settings::default() })))
}

/// One record that was sent.
pub(super) fn sent(size: (u16, u16)) -> Script {
    let script = form(size).text("hello").keys("ctrl-s");
    script.reply("produce", Ok(Answer::Produced(Box::new(report(1)))))
}

/// Sent, as the gate lets it through.
fn sending(script: &Script) -> Sending {
    let Ask::Produce(sending) = script.ask("produce").1 else { panic!("records") };
    Sending::clone(sending)
}

#[test]
fn a_record_is_sent_in_a_few_keys_and_enter_leads_to_it() {
    let script = form((120, 36)).sees("Will write 1 record").sees("∅ null").sees("the broker refuses records without a key");
    let script = script.text("hello there").keys("tab tab tab tab ctrl-x k 1").sees("by the key → ");
    let script = script.keys("ctrl-s");
    let Records::Given(records) = sending(&script).records else { panic!("one record") };
    let key = Some(bytes::Bytes::from_static(b"k1"));
    assert_eq!(records, [NewRecord { key, value: Some(bytes::Bytes::from_static(b"hello there")), ..NewRecord::default() }]);
    let script = script.reply("produce", Ok(Answer::Produced(Box::new(report(1))))).sees("1 record appended at 1@12086");
    let script = script.keys("enter").sees("orders");
    assert!(script.waiting().contains(&"read"), "{:?}", script.waiting());
}

#[test]
fn invalid_json_is_not_sent_and_its_place_is_told() {
    let script = form((100, 30)).text("{\"a\": 1,").sees("json ✗").keys("ctrl-s").sees("✗ value: no JSON");
    assert!(!script.waiting().contains(&"target"), "{:?}", script.waiting());
    let script = script.text(" \"b\": [2]}").keys("ctrl-t").sees("It is JSON.").sees("  \"b\": [");
    script.keys("ctrl-_").sees_not("  \"b\": [");
}

#[test]
fn many_records_are_shown_once_more_and_a_guarded_context_wants_the_name() {
    let many = |guard| {
        let mut script = form((120, 36));
        script.state.cluster.context.rules = Rules { guard, refused: None };
        script.text("n {{seq}}").keys("tab tab tab tab tab tab ctrl-u 5 0 0 tab tab space").sees("Will write 500 records").keys("ctrl-s")
    };
    let script = many(Guard::None).sees("Once more").sees("ctrl-s sends");
    assert!(!script.waiting().contains(&"produce"));
    assert!(script.keys("esc").sees_not("Once more").keys("ctrl-s ctrl-s").waiting().contains(&"produce"));
    let script = many(Guard::Typed).sees("type the topic's name").text("order").keys("ctrl-s").sees("this is not the topic's name");
    assert!(!script.waiting().contains(&"produce"));
    let script = script.text("s").keys("ctrl-s");
    let Records::Template(_, count) = sending(&script).records else { panic!("a template") };
    assert_eq!(count, 500);
    let progress = Progress { appended: 120, taken: 130, ..Progress::default() };
    let script = script.part("produce", Answer::Producing(Box::new(progress))).sees("120 of 500 appended").keys("x").sees("Stopping");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Flow(_, Flow::Stop))));
    script.reply("produce", Ok(Answer::Produced(Box::new(Report { stopped: true, ..report(130) })))).sees("130 records appended, stopped");
}

#[test]
fn nothing_is_written_where_nothing_may_be() {
    let mut script = form((100, 30));
    let refused = Some(crate::core::guard::ReadOnly::Flag);
    script.state.cluster.context.rules = Rules { guard: Guard::None, refused };
    let script = script.text("x").keys("ctrl-s");
    assert!(!script.waiting().contains(&"produce") && !script.waiting().contains(&"audit"), "{:?}", script.waiting());
    script.sees("Nothing was sent.");
}

#[test]
fn what_was_sent_before_comes_back_and_a_file_can_be_sent() {
    let script = form((120, 36)).text("first").keys("ctrl-s");
    let script = script.reply("produce", Ok(Answer::Produced(Box::new(report(1))))).keys("esc ctrl-u").sees_not("first").keys("ctrl-r");
    let script = script.sees("first").keys("ctrl-o").sees("Produce from a file").text("/tmp/a.ndjson").sees("the records of /tmp/a.ndjson");
    let script = script.keys("ctrl-s ctrl-s");
    assert!(matches!(sending(&script).records, Records::File { path, .. } if path.ends_with("a.ndjson")));
}

#[test]
fn escape_goes_back_to_the_form_and_from_there_to_where_one_came_from() {
    let script = form((120, 36)).text("x").later(Duration::from_secs(31)).keys("ctrl-s esc").sees("Nothing was sent.");
    let script = script.reply("target", Ok(target("orders", Settings::default())));
    assert!(!script.waiting().contains(&"produce"), "escape was in time");
    let script = sent((120, 36)).keys("esc").sees("Will write").keys("esc").sees_not("Will write");
    assert_eq!(script.state.stack.len(), 1);
}

#[test]
fn a_topic_that_was_looked_at_long_ago_is_looked_at_once_more() {
    let stale = || form((120, 36)).text("x").later(Duration::from_secs(31)).keys("ctrl-s");
    assert!(!stale().waiting().contains(&"produce"));
    let script = stale().reply("target", Ok(target("orders", Settings::default())));
    assert!(script.waiting().contains(&"produce"));
    let Answer::Target(mut other) = target("orders", Settings::default()) else { panic!("a target") };
    Arc::make_mut(&mut other.topic).id = crate::model::TopicId([7; 16]);
    let script = stale().reply("target", Ok(Answer::Target(other))).sees("deleted and made again");
    assert!(!script.waiting().contains(&"produce"));
}

#[test]
fn a_text_goes_through_the_editor_and_comes_back_where_it_was() {
    let script = form((120, 36)).text("{\"a\": 1}").keys("ctrl-g");
    let given = script.effects.iter().find_map(|effect| match effect {
        Effect::Term(Term::Edit { text, json }) => Some((text.clone(), *json)),
        _ => None,
    });
    assert_eq!(given, Some(("{\"a\": 1}".to_owned(), true)));
    let mut script = script;
    script.event(Event::Edited(Ok("{\"a\": 2}".to_owned())));
    let mut script = script.sees("\"a\": 2").sees("json ✓").keys("ctrl-_").sees("\"a\": 1");
    let failed = Failure::new("edit the text", Cause::File(Foreign::new("the editor ended with 1")));
    script.event(Event::Edited(Err(failed)));
    script.sees("the editor ended with 1").sees("\"a\": 1");
}

#[test]
fn what_begins_as_json_does_may_be_meant_as_text() {
    let script = form((120, 36)).text("[INFO] up").keys("ctrl-s").sees("✗ value: no JSON").sees("\"value as\" text");
    assert!(!script.waiting().contains(&"produce"));
    let script = script.keys("tab tab tab tab tab space space").sees("value as        text").keys("ctrl-s");
    assert!(matches!(sending(&script).records, Records::Given(records) if records[0].value.as_deref() == Some(b"[INFO] up")));
}

#[test]
fn records_that_are_there_twice_are_refused_until_one_says_what_is_to_become_of_them() {
    let records = [made(0, "a", "1"), made(1, "b", "2"), made(2, "a", "1")];
    let script = Script::at(120, 36).cluster(vec![topic("dlq", 1), topic("orders", 3)]).keys("enter").deliver(chunk(&records), Vec::new());
    let script = script.keys("p A").text("orders").keys("tab").reply("target", Ok(target("orders", Settings::default())));
    let script = script.sees("3 records of dlq").sees("1 record is the same as one before it").keys("ctrl-s").sees("✗ same records");
    assert!(!script.waiting().contains(&"produce"));
    let script = script.keys("space").sees("sent once").sees("Will write 2 records").sees("→ partition 1: 1  2: 1").keys("ctrl-s ctrl-s");
    assert!(matches!(sending(&script).records, Records::Read(redrive) if redrive.rows.len() == 2));
    let script =
        script.keys("x").reply("produce", Ok(Answer::Produced(Box::new(report(2))))).keys("esc space").sees("Will write 3 records");
    script.keys("space").sees("refused");
}

#[test]
fn a_topic_that_answers_late_gets_the_record_then_unless_it_was_changed_or_called_off() {
    let early = || Script::at(120, 36).cluster(vec![topic("orders", 3)]).keys("p").text("hello").keys("ctrl-s").sees("then it is sent");
    let answer = || Ok(target("orders", Settings::default()));
    let script = early();
    assert!(!script.waiting().contains(&"produce"));
    assert!(script.reply("target", answer()).waiting().contains(&"produce"));
    for keys in ["x", "esc"] {
        let script = early().keys(keys).reply("target", answer());
        assert!(!script.waiting().contains(&"produce"), "{keys}");
    }
    let many = Script::at(120, 36).cluster(vec![topic("orders", 3)]).keys("p tab tab tab tab tab tab ctrl-u 5 ctrl-s");
    let script = many.sees("the topic is not known yet").reply("target", answer()).sees_not("not known yet");
    assert!(!script.waiting().contains(&"produce"), "it is shown once more first");
}
