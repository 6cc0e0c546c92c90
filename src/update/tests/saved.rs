//! Queries that are kept: what was typed for a topic, and what was given a name.

use std::sync::Arc;
use std::time::Duration;

use super::orders;
use crate::core::ask::{Answer, Ask};
use crate::core::saved::queries::Queries;
use crate::testing::{Script, chunk, live, made};

fn opened(saved: &str) -> Script {
    let mut script = orders();
    script.state.history.shelf.path = Some("/config/kscope/queries.txt".into());
    let records: Vec<_> = (0..4).map(|n| made(n, &format!("k{n}"), &format!("{{\"n\":{n}}}"))).collect();
    let script = script.keys("j enter").reply("queries", Ok(Answer::Queries(Arc::new(Queries::read(saved)))));
    script.deliver(chunk(&records), vec![]).progress(live(3, 4))
}

/// What is in force, saved under a name that was typed.
#[track_caller]
fn kept(script: &Script) -> (String, Option<String>, String) {
    let Ask::Queries { named: Some(named), .. } = script.ask("queries").1 else { panic!("nothing is saved") };
    (named.name.clone(), named.topic.as_ref().map(|topic| topic.raw().to_owned()), named.query.clone())
}

#[test]
fn a_query_is_saved_under_a_name_for_its_topic_or_for_all() {
    let script = opened("").keys("W").text("x").keys("enter").sees("none to save").keys("esc");
    let script = script.keys("/").text(".n > 1 | select .n").keys("enter W").text("big one").keys("enter").sees("one word");
    let script = script.keys("ctrl-u").text("big").keys("enter");
    assert_eq!(kept(&script), ("big".to_owned(), Some("orders".to_owned()), ".n > 1 | select .n".to_owned()));
    let file = Queries::read("[orders]\nbig: .n > 1 | select .n\n");
    let script = script.reply("queries", Ok(Answer::Queries(Arc::new(file)))).sees("\"big\" is saved for orders").sees("queries.txt");
    let script = script.keys(":").text("save all-of for all").keys("enter");
    assert_eq!(kept(&script).1, None);
}

#[test]
fn what_stands_in_the_bar_is_saved_before_it_is_in_force_tables_too() {
    let script = opened("").keys("/").text("| count by").keys("ctrl-s").text("x").keys("enter").sees("no query yet").keys("esc");
    let script = script.text(" .n").keys("ctrl-s").text("sizes").keys("enter");
    assert_eq!(kept(&script).2, "| count by .n");
    script.sees("/ | count by .n");
}

#[test]
fn a_saved_query_is_put_in_force_by_its_name() {
    let saved = "one: .n == 1\nrows: | count by .n\n[orders]\ntwo: .n >= 2\n[other]\nthree: .n == 3\n";
    let script = opened(saved).keys("Q").sees("tab: two  one  rows").text("three").keys("enter").sees("No query \"three\" is saved here");
    let script = script.keys("ctrl-u tab").sees("saved query two").keys("enter").sees("/ .n >= 2").sees("matched 2 of 4");
    let script = script.keys(":").text("query one").keys("enter").sees("/ .n == 1").sees("matched 1 of 4");
    let script = script.keys("/ ctrl-u").text("@t").keys("tab").sees("/ .n >= 2").keys("enter").sees("matched 2 of 4");
    let script = script.keys("Q").text("rows").keys("enter");
    assert!(script.waiting().contains(&"tally"));
}

#[test]
fn a_file_that_was_edited_wrongly_is_told_once() {
    let script = opened("one: .n == 1\nnonsense\n")
        .sees("line 2 is no NAME: QUERY")
        .keys("Q")
        .sees("tab: one")
        .keys("esc esc")
        .later(Duration::from_secs(60));
    script.keys("enter").reply("queries", Ok(Answer::Queries(Arc::new(Queries::read("one: x\nnonsense\n"))))).keys("j").sees_not("line 2");
}

#[test]
fn each_topic_has_its_own_history() {
    let script = opened("").keys("/").text("of-orders").keys("enter / ctrl-u").text("second").keys("enter").keys("esc esc");
    let script = script.keys("g enter").keys("/ up").sees("/ second").keys("enter / ctrl-u").text("of-clicks").keys("enter esc esc");
    let script = script.keys("j enter / up").sees("/ second").keys("up").sees("/ of-orders").keys("up").sees("/ of-orders");
    assert_eq!(script.state.to_save().topics.len(), 2);
}
