//! The palette, the way back and forth, and the mouse.

use super::{messages, orders};
use crate::core::ask::{Answer, Ask, LogTail};
use crate::core::effect::{Effect, Term};
use crate::core::key::{Button, Input, Mouse, MouseKind};
use crate::testing::Script;

fn typed(script: Script, line: &str) -> Script {
    script.keys(":").text(line).keys("enter")
}

#[test]
fn a_topic_is_found_fuzzily_completed_and_opened_with_a_query() {
    let script = orders().keys(":").text("mess").sees("messages of a topic").keys("tab").text("ord").sees("3 partitions");
    let script = script.keys("tab").text(" .status == FAILED").keys("enter");
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.topic.raw() == "orders" && plan.filter.is_none()));
    script.sees("topics › orders").sees(".status == FAILED").keys(": up").sees("messages orders .status == FAILED");
}

#[test]
fn a_filter_behind_a_slash_is_one_of_the_list() {
    let script = typed(messages(), "t /^cli").sees("filter  ^cli").sees("clicks");
    assert_eq!(script.state.stack.len(), 1, "and the list is the first screen");
}

#[test]
fn what_is_wrong_is_said_and_stays_to_be_mended() {
    let script = typed(orders(), "messages nothere").sees("No topic \"nothere\" is listed.");
    let script = script.keys("ctrl-u").text("goto 15m").keys("enter").sees("belongs to another screen");
    script.keys("esc").sees_not("─ Command");
}

#[test]
fn every_command_of_the_table_can_be_typed_where_it_works_and_says_why_not_elsewhere() {
    let script = orders().keys(":").text("topics.internal").keys("enter").sees("__consumer_offsets");
    script.keys(":").text("full-screen").sees("There is one pane here");
}

#[test]
fn a_position_is_typed_into_the_prompt_of_the_message_screen() {
    let script = typed(messages(), "goto earliest");
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.newest.is_none()));
}

#[test]
fn an_alias_stands_for_its_line() {
    let mut script = orders();
    script.state.settings.aliases.insert("pay".to_owned(), ":topics /^click".to_owned());
    typed(script, "pay").sees("filter  ^click");
}

#[test]
fn back_forward_and_last_lead_through_the_screens() {
    let script = messages().keys("[").sees_not("topics › orders");
    let script = script.keys("[").sees("This is the first screen").keys("]").sees("topics › orders");
    let script = script.keys("esc d").sees("1 Partitions").keys("-").sees_not("1 Partitions").keys("-").sees("1 Partitions");
    // What `q` left comes back; a new way forward forgets it.
    let script = script.keys("q ]").sees("1 Partitions").keys("q enter q ]").sees_not("1 Partitions");
    script.keys("] ]").sees("No screen was left");
}

#[test]
fn a_neighbour_is_reached_by_typing_its_name() {
    messages().keys("`").text("clic").keys("enter").sees("topics › orders › clicks");
}

#[test]
fn the_pile_of_screens_has_a_limit() {
    let mut script = orders();
    for _ in 0..30 {
        script = typed(script, "topic orders");
    }
    assert!(script.state.stack.len() <= 20);
    let gone = script.effects.iter().filter(|effect| matches!(effect, Effect::CancelOwner(_))).count();
    assert!(gone >= 11, "{gone} screens were ended");
}

#[test]
fn the_log_is_shown_with_its_newest_line_selected() {
    let mut script = orders();
    script.state.settings.log = Some("/state".into());
    let script = typed(script, "log").sees("Reading");
    let lines = vec!["2026-11-20T12:00:00Z INFO started".to_owned(), "2026-11-20T12:00:01Z WARN \u{1b}[31m odd".to_owned()];
    let tail = LogTail { path: "/state/kscope-2026-11-20.log".into(), lines, cut: false };
    script.reply("log", Ok(Answer::Log(tail))).sees("kscope-2026-11-20.log").sees("▌2026-11-20T12:00:01Z WARN ␛[31m odd");
}

#[test]
fn the_mouse_is_the_terminals_until_it_is_asked_for() {
    let press = |row| Input::Mouse(Mouse { kind: MouseKind::Down(Button::Left), column: 5, row, ctrl: false, alt: false, shift: false });
    // Header, breadcrumbs, title and header of the list stand above the rows.
    let script = orders().input(press(5)).sees("▌ clicks");
    let script = typed(script, "mouse on").input(press(5)).sees("▌ orders");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Term(Term::Mouse(true)))));
    let script = script.input(press(3)).sees("NAME ↓").input(press(4)).sees("topics › orders");
    script.keys(":").input(press(5)).sees("─ Command");
}
