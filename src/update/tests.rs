//! What keys and replies do, told as scripts.

use std::time::Duration;

use crate::core::ask::{Answer, Ask};
use crate::core::context::Context;
use crate::core::effect::{Effect, Term};
use crate::core::key::Input;
use crate::core::saved::{Keeper, Saved};
use crate::core::stream::{Fact, Flow};
use crate::model::{Attempt, Cause, Failure, Foreign, Offset, PartitionId, Step, TxnTable};
use crate::testing::{Made, Script, chunk, live, made, topic};
use crate::text::row::{Field, Row};

mod contexts;
mod groups;
mod inquire;
mod looks;
mod monkey;
mod older;
mod overview;
mod palette;
mod produce;
mod prompts;
mod reset;
mod results;
mod saved;
mod select;
mod together;

fn orders() -> Script {
    Script::at(120, 36).cluster(vec![topic("clicks", 6), topic("orders", 3), topic("__consumer_offsets", 50)])
}

fn messages() -> Script {
    orders().keys("j enter")
}

fn unreachable() -> Failure {
    let attempt =
        Attempt { broker: None, address: Foreign::new("kafka-1:9092"), step: Step::Connect, result: Foreign::new("connection refused") };
    Failure::new("list the topics", Cause::Unreachable).attempts(vec![attempt]).hint("nothing listens on that port")
}

#[test]
fn the_first_frame_needs_no_answer_and_the_first_question_is_the_cluster() {
    let script = Script::at(120, 36).sees("connecting").sees("WRITE");
    assert_eq!(script.waiting(), ["cluster"]);
}

#[test]
fn internal_topics_are_hidden_and_said_so() {
    orders().sees("1 internal hidden").sees_not("__consumer_offsets").keys("i").sees("__consumer_offsets");
}

#[test]
fn a_filter_that_is_no_expression_leaves_the_last_good_one_in_force() {
    orders()
        .keys("/")
        .text("ord")
        .sees("1 of 2")
        .sees_not("clicks")
        .text("(")
        .sees("unclosed")
        .sees("1 of 2")
        .keys("esc esc")
        .sees("clicks");
}

#[test]
fn the_cursor_stays_on_its_topic_when_others_come_and_go() {
    let script = orders().keys("j").later(Duration::from_secs(6));
    let script = script.cluster(vec![topic("aaa", 1), topic("clicks", 6), topic("orders", 3)]).keys("enter");
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.topic.raw() == "orders"));
}

#[test]
fn a_lost_connection_keeps_the_old_list_says_why_and_is_retried_without_a_key() {
    let script =
        orders().figures(|_, _| Some(9)).later(Duration::from_secs(6)).figures(|_, _| Some(9)).reply("cluster", Err(unreachable()));
    let script = script.sees("Connection lost").sees("connection refused").sees("nothing listens").sees("STALE").sees("orders");
    assert!(script.waiting().is_empty());
    let script = script.later(Duration::from_secs(2));
    assert_eq!(script.waiting(), ["cluster"]);
    script.cluster(vec![topic("orders", 3)]).sees_not("Connection lost").sees("orders");
}

#[test]
fn a_cluster_that_nothing_happens_to_is_asked_less_often_until_a_key_or_a_change() {
    let topics = || vec![topic("clicks", 6), topic("orders", 3)];
    let asks = |script: &Script| script.waiting().contains(&"cluster");
    let mut script = Script::at(120, 36).cluster(topics());
    for _ in 0..12 {
        script = script.later(Duration::from_secs(5));
        assert!(asks(&script));
        script = script.cluster(topics());
    }
    let script = script.later(Duration::from_secs(6));
    assert!(!asks(&script), "calm for a minute");
    let script = script.keys("j");
    assert!(asks(&script), "the user is there");
    let mut script = script.cluster(topics()).later(Duration::from_secs(61)).cluster(topics());
    script = script.later(Duration::from_secs(9));
    assert!(!asks(&script));
    script = script.later(Duration::from_secs(1)).cluster(vec![topic("new", 1)]);
    assert!(asks(&script.later(Duration::from_secs(5))), "something happens there");
}

/// A moment that is over and stays so would keep the loop busy, and no frame would be drawn.
#[test]
fn while_the_cluster_is_away_nobody_wants_to_wake_at_once_again_and_again() {
    for keys in ["", "d"] {
        let script = orders().figures(|_, _| Some(9)).keys(keys).later(Duration::from_secs(6)).figures(|_, _| Some(9));
        let mut script = script.reply("cluster", Err(unreachable()));
        for _ in 0..5 {
            script = script.later(Duration::from_secs(3));
            let wake = script.state.wake_at();
            assert!(wake.is_none_or(|at| at > script.state.now), "{keys:?}: {wake:?} at {:?}", script.state.now);
        }
    }
}

#[test]
fn the_context_is_kept_for_the_next_run_and_a_folder_that_cannot_be_written_is_said_once() {
    let mut script = Script::at(120, 36);
    script.state.keeper = Keeper::new(Some("/state/state.json".into()), Saved::default());
    let script = script.later(Duration::from_millis(1));
    assert_eq!(script.waiting(), ["cluster"], "addresses alone are nothing to keep");
    let mut script = script.cluster(vec![topic("orders", 3)]);
    script.state.cluster.context = Context { name: Some("prod".to_owned()), configured: true, ..Context::default() };
    script.state.keeper = Keeper::new(Some("/state/state.json".into()), Saved::default());
    let script = script.later(Duration::from_millis(1));
    let (_, ask) = script.ask("save");
    assert!(matches!(ask, Ask::Save { saved, .. } if saved.context.as_deref() == Some("prod")), "{ask:?}");
    let full = Failure::new("keep the history", Cause::File(Foreign::new("no space left on device")));
    let script = script.reply("save", Err(full)).sees("no space left on device").keys("j").sees_not("no space left");
    let script = script.later(Duration::from_secs(1));
    assert!(!script.waiting().contains(&"save"), "{:?}", script.waiting());
}

#[test]
fn what_was_kept_is_not_written_again() {
    let mut script = orders();
    script.state.cluster.context = Context { name: Some("prod".to_owned()), configured: true, ..Context::default() };
    script.state.keeper = Keeper::new(Some("/state/state.json".into()), Saved::default());
    let script = script.keys("j").reply("save", Ok(Answer::Saved)).keys("j k");
    assert!(!script.waiting().contains(&"save"));
    assert_eq!(script.state.keeper.kept().context.as_deref(), Some("prod"));
    let script = script.keys(":").text("topics /^ord").keys("enter");
    let (_, ask) = script.ask("save");
    assert!(matches!(ask, Ask::Save { saved, .. } if saved.inputs["command"] == ["topics /^ord"]), "{ask:?}");
}

#[test]
fn a_late_reply_is_ignored() {
    let script = orders().keys("enter");
    let (old, _) = script.ask("read");
    let script = script.keys("1");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Cancel(id) if *id == old)));
    let mut script = script;
    let reply = crate::core::ask::Reply { id: old, result: Err(unreachable()) };
    script.event(crate::core::event::Event::Arrival(crate::core::event::Arrival::Reply(reply)));
    script.sees_not("STOPPED");
}

#[test]
fn opening_a_topic_reads_the_newest_and_follows() {
    let script = messages();
    assert!(matches!(script.ask("read").1, Ask::Read(plan) if plan.newest == Some(500) && plan.until.is_none()));
    let records: Vec<Made> = (0..5).map(|n| made(n, "cust-1", &format!("{{\"n\":{n},\"status\":\"OK\"}}"))).collect();
    script.deliver(chunk(&records), vec![]).progress(live(3, 5)).sees("● LIVE").sees("cust-1").sees("\"status\"").sees("at the log end");
}

#[test]
fn moving_up_stops_following_and_the_last_line_resumes() {
    let records: Vec<Made> = (0..5).map(|n| made(n, "k", "{}")).collect();
    let script = messages().deliver(chunk(&records), vec![]).keys("k").sees("follow off");
    let more: Vec<Made> = (5..8).map(|n| made(n, "k", "{}")).collect();
    let script = script.deliver(chunk(&more), vec![]).keys("y o");
    let copied = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| if let Effect::Term(Term::Osc52(text)) = effect { Some(text.clone()) } else { None })
    };
    assert_eq!(copied(&script).as_deref(), Some("orders/0@3"), "the selection stays on its record");
    let script = script.keys("G y o").sees_not("follow off");
    assert_eq!(copied(&script).as_deref(), Some("orders/0@7"));
}

#[test]
fn a_filter_shows_what_matches_of_what_is_held_and_asks_the_reader_for_the_rest() {
    let records = [made(0, "a", r#"{"status":"OK"}"#), made(1, "b", r#"{"status":"FAILED"}"#)];
    let script = messages().deliver(chunk(&records), vec![]).keys("/").text(".status == FAILED").keys("enter");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Flow(_, Flow::Filter { generation: 1, filter: Some(_) }))));
    let script = script.sees("FAILED").sees_not("\"OK\"");
    let script = script.deliver(chunk(&[made(2, "c", r#"{"status":"FAILED","late":1}"#)]), vec![]).sees("late");
    script.keys("esc").sees("\"OK\"");
}

#[test]
fn a_filter_that_asks_for_more_than_was_read_says_which_key_reads_it() {
    messages().keys("/").text("since:15m").keys("enter").sees("looks at what was read: o now-15m reads further back");
    messages().keys("/").text("last:700").keys("enter").sees("last:700 filters nothing: o -700 reads them");
    messages().keys("/").text("failed").keys("enter").sees_not("looks at what was read");
    let from_there = messages().keys("o").text("15m").keys("enter").keys("/").text("since:15m").keys("enter");
    from_there.sees("matched").sees_not("reads further back");
}

#[test]
fn a_wrong_filter_shows_where_it_is_wrong_and_changes_nothing() {
    let records = [made(0, "a", r#"{"status":"OK"}"#)];
    let script = messages().deliver(chunk(&records), vec![]).keys("/").text(".status == ").keys("enter").sees("^ ");
    assert!(script.state.top().unwrap().screen.editing());
    script.keys("esc").sees("\"OK\"").sees("no filter");
}

#[test]
fn a_wrong_filter_says_what_to_write_also_where_there_is_little_room() {
    let wide = messages().keys("/").text("status = FAILED").keys("enter");
    wide.sees("^ this word is text to find and cannot be compared · write .status == FAILED");
    let small = Script::at(80, 24).cluster(vec![topic("orders", 3)]).keys("enter /").text(".a == 1 and status = FAILED").keys("enter");
    small.sees("^ write .status == FAILED");
}

#[test]
fn facts_of_the_stream_stand_at_their_place_in_words() {
    let lost = Fact::Lost { partition: PartitionId(0), from: Offset(0), to: Offset(60) };
    messages().deliver(chunk(&[made(60, "k", "{}")]), vec![lost]).sees("60 offsets (0 to 59) were deleted");
}

#[test]
fn an_aborted_record_says_so_once_it_is_known() {
    let record = Made { transaction: Some(9), ..made(3, "k", r#"{"a":1}"#) };
    let script = messages().deliver(chunk(&[record]), vec![]).progress(live(3, 4)).sees("open");
    let mut txns = TxnTable::default();
    txns.marker(PartitionId(0), crate::model::ProducerId(9), Offset(4), crate::model::Outcome::Aborted);
    let progress = crate::core::stream::Progress { txns, ..live(3, 5) };
    script.progress(progress).sees("aborted").sees("producer 9");
}

#[test]
fn null_empty_and_tombstone_look_different() {
    let records = [Made { key: None, value: Some(vec![]), ..made(0, "", "") }, Made { key: Some(vec![]), value: None, ..made(1, "", "") }];
    messages().deliver(chunk(&records), vec![]).sees("∅ null").sees("\"\" empty").sees("tombstone");
}

#[test]
fn folding_names_the_path_of_the_cursor() {
    let value = r#"{"customer":{"id":9007199254740993,"mail":"x"},"n":1}"#;
    let script = messages().deliver(chunk(&[made(0, "k", value)]), vec![]).sees("9007199254740993");
    script.keys("tab j j").sees(".customer.id").keys("k enter").sees("2 keys").sees_not("9007199254740993\n");
}

#[test]
fn a_search_in_the_value_jumps_to_its_hit() {
    let value = r#"{"a":1,"b":{"needle":2}}"#;
    messages().deliver(chunk(&[made(0, "k", value)]), vec![]).keys("tab /").text("needle").keys("enter").sees(".b.needle").sees("1 of 1");
}

#[test]
fn a_search_says_which_hit_the_cursor_is_on() {
    let value = r#"{"a":"x","b":{"needle":2},"c":["needle","other","needle"]}"#;
    let script = messages().deliver(chunk(&[made(0, "k", value)]), vec![]).keys("tab /").text("needle").keys("enter").sees("1 of 3");
    let script = script.keys("n").sees("2 of 3").keys("N N").sees("3 of 3").keys("k").sees("3 hits");
    script.keys("/").text("nowhere").keys("enter").sees("/nowhere not found");
}

#[test]
fn markers_are_counted_when_there_are_any() {
    let script = messages().deliver(chunk(&[made(0, "k", "{}")]), vec![]).progress(live(3, 5)).sees_not("marker");
    let progress = crate::core::stream::Progress { markers: 12, ..live(3, 5) };
    script.progress(progress).sees("0 not shown · 12 markers");
}

#[test]
fn facts_that_do_not_fit_are_scrolled() {
    let headers = (0..30).map(|n| (["one", "two", "three"][n % 3], Some("value"))).chain([("last", Some("of all"))]).collect();
    let record = Made { headers, ..made(0, "k", "{}") };
    let script = Script::at(80, 24).cluster(vec![topic("orders", 3)]).keys("enter").deliver(chunk(&[record]), vec![]);
    let script = script.keys("tab f").sees("31 headers").sees("tab scrolls").sees("headers   31").sees_not("last  ");
    let script = script.keys("tab").sees("1–11 of 37").keys("j").sees("2–12 of 37").keys("G").sees("27–37 of 37").sees("last  ");
    let script = script.keys("k").sees_not("last  ").keys("g").sees("partition 0").keys("shift-tab").sees("tab scrolls");
    // Beside the value as well; where all fits, tab goes between list and value alone.
    let script = script.keys("esc esc").input(Input::Resize(120, 24)).keys("tab tab").sees("of 37").keys("tab shift-tab").sees("of 37");
    script.input(Input::Resize(80, 24)).sees_not("of 37");
    let few = messages().deliver(chunk(&[made(1, "k", "{}")]), vec![]).keys("tab").sees("enter fold").keys("tab");
    few.sees_not("enter fold");
}

#[test]
fn a_paste_is_never_run_as_keys() {
    let script = orders().input(Input::Paste("q\nenter".to_owned())).sees("paste");
    assert!(!script.state.quitting);
    let script = script.keys("/").input(Input::Paste("ord\n".to_owned()));
    assert!(script.state.top().unwrap().screen.editing(), "a line break in a paste confirms nothing");
    script.sees("1 of 2");
}

#[test]
fn hostile_names_and_values_appear_as_visible_text() {
    let script = Script::at(120, 36).cluster(vec![topic("a\u{1b}]0;owned\u{7}\u{202e}b", 1)]).keys("enter");
    let records = [Made { headers: vec![("\u{1b}[2J", Some("\u{9b}31m"))], ..made(0, "\u{1b}c", "{\"a\":\"\u{202e}\u{7f}\"}") }];
    let screen = script.deliver(chunk(&records), vec![]).keys("x").screen();
    assert!(screen.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{screen:?}");
}

#[test]
fn leaving_a_screen_cancels_its_tasks() {
    let script = messages().keys("q");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::CancelOwner(_))));
    assert!(!script.keys("q").waiting().is_empty());
}

#[test]
fn what_lies_under_another_screen_fetches_nothing_until_it_is_seen_again() {
    let count = |script: &Script| {
        let is = |wanted: fn(&Flow) -> bool| script.effects.iter().filter(|e| matches!(e, Effect::Flow(_, flow) if wanted(flow))).count();
        (is(|flow| matches!(flow, Flow::Hold)), is(|flow| matches!(flow, Flow::Resume)))
    };
    let script = messages().keys(":").text("messages clicks").keys("enter");
    assert_eq!(count(&script), (1, 0));
    let script = script.keys("[");
    assert_eq!(count(&script), (1, 1));
    // A pause of the user's own stays.
    let script = messages().keys("P : ").text("messages clicks").keys("enter [");
    assert_eq!(count(&script), (1, 0));
}

#[test]
fn help_lists_the_keys_and_runs_the_chosen_one() {
    let script = messages().keys("?").sees("only this key").text("pause and").sees("1 of").keys("enter").sees_not("EVERYWHERE");
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Flow(_, Flow::Hold))));
    script.sees("PAUSED");
}

#[test]
fn an_export_takes_the_marked_records_or_all_that_are_shown() {
    let records: Vec<Made> = (0..4).map(|n| made(n, "k", "{}")).collect();
    let script = messages().deliver(chunk(&records), vec![]).keys("g space space ctrl-s");
    assert!(matches!(script.ask("export").1, Ask::Export(export) if export.rows.len() == 2));
    let done = Answer::Exported { path: "/tmp/orders.ndjson".into(), records: 2, bytes: 300 };
    script.reply("export", Ok(done)).sees("2 records").sees("orders.ndjson");
}

#[test]
fn the_list_of_topics_is_saved_as_it_is_known() {
    let saved = |script: &Script| match script.ask("rows").1 {
        Ask::SaveRows { name: "topics", rows } => rows.clone(),
        other => panic!("{other:?}"),
    };
    let script = orders().figures(|_, _| Some(9)).keys("ctrl-s");
    let names = |rows: &[Row]| rows.iter().map(|row| row.first().unwrap().1.clone()).collect::<Vec<_>>();
    let name = |text: &str| Field::Text(text.to_owned());
    assert_eq!(names(&saved(&script)), [name("clicks"), name("orders")], "what is shown: no internal one");
    let offsets = |row: &Row| row.iter().find(|(name, _)| *name == "offsets").unwrap().1.clone();
    assert_eq!(saved(&script).iter().map(offsets).collect::<Vec<_>>(), [Field::Number(36), Field::Number(18)]);
    let done = Answer::Exported { path: "/tmp/topics.ndjson".into(), records: 2, bytes: 300 };
    let script = script.reply("rows", Ok(done)).sees("topics.ndjson: 2 topics, 300 B, written in /tmp");
    // Marked ones alone, also where the filter hides them; what nobody told is said to be missing.
    let script = script.keys("j space /").text("cli").keys("enter ctrl-s");
    assert_eq!(names(&saved(&script)), [name("orders")]);
    let unknown = orders().keys("ctrl-s").reply("rows", Ok(Answer::Exported { path: "/t/topics.ndjson".into(), records: 2, bytes: 9 }));
    unknown.sees("2 topics (2 without offsets)");
    let full = Failure::new("save the list", Cause::File(Foreign::new("no space left on device")));
    orders().keys("ctrl-s").reply("rows", Err(full)).sees("no space left on device");
    Script::at(120, 36).cluster(vec![]).keys("ctrl-s").sees("No topic is listed.");
}

#[test]
fn what_a_reader_says_last_is_shown_even_when_its_end_came_first() {
    let script = messages().deliver(chunk(&[made(0, "k", "{}")]), vec![]);
    let (id, _) = script.ask("read");
    let mut script = script.reply("read", Ok(Answer::ReadEnded)).sees("END");
    let delivery = crate::core::stream::Delivery {
        generation: 0,
        facts: vec![Fact::Deleted],
        chunk: std::sync::Arc::new(chunk(&[])),
        read: 0,
        not_shown: 0,
    };
    script.event(crate::core::event::Event::Arrival(crate::core::event::Arrival::Chunk(id, delivery)));
    script.sees("the topic was deleted");
}

#[test]
fn an_escape_too_many_does_not_quit_and_q_does() {
    let script = orders().keys("esc esc").sees("q quits");
    assert!(!script.state.quitting);
    assert!(script.keys("q").state.quitting);
}

#[test]
fn a_gone_terminal_ends_it_and_is_told_from_a_wish_to_quit() {
    let script = orders().input(Input::HangUp);
    assert!(script.state.quitting && script.state.hung_up);
    assert!(!orders().keys("q").state.hung_up);
}
