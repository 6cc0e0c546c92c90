//! Prompts: what was typed before comes back, whatever topic is open.

use super::messages;
use crate::core::ask::Ask;
use crate::query::position::Position;
use crate::testing::{Script, chunk, made};

fn opened() -> Script {
    messages().deliver(chunk(&[made(0, "k", r#"{"status":"FAILED"}"#)]), vec![])
}

#[test]
fn a_prompt_without_earlier_inputs_promises_none() {
    opened().keys("o").sees("go to").sees_not("earlier").keys("up").sees("go to ▏");
}

#[test]
fn inputs_of_each_prompt_come_back_in_another_topic() {
    let script = opened().keys("o").text("-20").keys("enter");
    let script = script.deliver(chunk(&[made(0, "k", r#"{"status":"FAILED"}"#)]), vec![]);
    let script = script.keys("p p").text("0,2").keys("enter").deliver(chunk(&[made(0, "k", r#"{"status":"FAILED"}"#)]), vec![]);
    let script = script.keys("tab /").text("fail").keys("enter tab /").text(".status == FAILED").keys("enter");
    let script = script.keys("esc q k enter").deliver(chunk(&[made(0, "k", "{}")]), vec![]);
    let script = script.keys("/ up").sees("/ .status == FAILED▏").keys("esc tab / up").sees("search fail▏").keys("esc");
    let script = script.keys("p p up").sees("partitions 0,2▏").keys("esc o up").sees("go to -20▏").keys("enter");
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.from == Position::Last(20)));
}

#[test]
fn what_was_refused_is_not_remembered() {
    opened().keys("o").text("nowhere").keys("enter").sees("✗").keys("esc o up").sees("go to ▏");
}

#[test]
fn a_search_back_says_what_it_looks_for_and_escape_ends_only_the_search() {
    let script = opened().keys("o").text("-20").keys("enter o").text("15m").keys("enter o").text("7").keys("ctrl-r").text("-");
    let script = script.sees("earlier with \"-\": -20▏").sees("as it was").text("x").sees("none before has \"-x\": -20▏");
    let script = script.keys("esc").sees("go to 7▏");
    assert!(script.state.top().unwrap().screen.editing());
    script.keys("esc").sees_not("go to 7");
}

#[test]
fn names_of_topics_are_recalled_too() {
    let script = messages().keys("q /").text("ord").keys("enter esc /").sees("earlier ones").keys("up").sees("1 of 2");
    script.keys("enter").sees_not("clicks");
}
