//! `| select` and `| limit` in the bar of the message list.

use super::{messages, orders};
use crate::core::ask::Ask;
use crate::core::effect::Effect;
use crate::core::stream::Flow;
use crate::testing::{Made, Script, chunk, live, made};

fn records(count: i64) -> Vec<Made> {
    (0..count).map(|n| made(n, &format!("k{n}"), &format!("{{\"n\":{n},\"half\":{}}}", n / 2))).collect()
}

fn filters(script: &Script) -> usize {
    script.effects.iter().filter(|effect| matches!(effect, Effect::Flow(_, Flow::Filter { filter: Some(_), .. }))).count()
}

fn listed(script: &Script) -> usize {
    script.state.top().map_or(0, |top| top.screen.cursor().1)
}

#[test]
fn select_alone_filters_nothing_and_reads_nothing_anew() {
    let script = messages().deliver(chunk(&records(4)), vec![]).progress(live(3, 4));
    let asked = script.waiting();
    let script = script.keys("/").text("| select .n, .half").keys("enter").sees(".half").sees_not("VALUE").sees_not("matched");
    assert_eq!((filters(&script), listed(&script)), (0, 4));
    assert_eq!(script.waiting(), asked);
    script.deliver(chunk(&[made(9, "k", r#"{"half":"late"}"#)]), vec![]).sees("late").keys("esc").sees("VALUE").sees_not(".half");
}

#[test]
fn a_filter_stays_what_it_was_while_its_columns_change() {
    let script = messages().deliver(chunk(&records(4)), vec![]).progress(live(3, 4));
    let script = script.keys("/").text(".n >= 2 | select .n").keys("enter").sees("matched 2 of 4");
    assert_eq!(filters(&script), 1);
    let script = script.keys("/").text(", .half").keys("enter").sees(".half").sees("matched 2 of 4");
    assert_eq!(filters(&script), 1, "the same records are wanted");
}

#[test]
fn what_is_added_to_a_filter_stands_before_its_stages() {
    let script = messages().deliver(chunk(&records(4)), vec![]).progress(live(3, 4));
    let script = script.keys("/").text(".n >= 1 | select .n").keys("enter");
    let script = script.keys("&").text(".n < 3").keys("enter").sees("/ .n >= 1 and .n < 3 | select .n").sees("matched 2 of 4");
    let script = script.keys("#").sees("(.n >= 1 and .n < 3) and key == \"k2\" | select .n").sees("matched 1 of 4");
    script.keys("#").sees("/ .n >= 1 and .n < 3 | select .n").keys("B").sees_not("select");
}

#[test]
fn a_field_is_added_to_the_filter_in_force() {
    let script = messages().deliver(chunk(&records(4)), vec![]).progress(live(3, 4));
    let script = script.keys("/").text(".n >= 2 | select .n").keys("enter").keys("G tab j j *");
    script.sees("/ (.n >= 2) and .half == 1 | select .n").sees("matched 2 of 4");
}

#[test]
fn a_limit_lists_the_newest_and_asks_for_no_more_of_history() {
    let script = messages().deliver(chunk(&records(9)), vec![]);
    let mut progress = live(3, 9);
    for part in &mut progress.partitions {
        part.first = Some(crate::model::Offset(4));
    }
    let script = script.progress(progress).keys("/").text("| limit 5").keys("enter");
    assert_eq!(listed(&script), 5);
    let script = script.sees("k8").sees_not("k3").sees("limit 5").keys("g k");
    assert!(!script.waiting().contains(&"older"));
    let script = script.deliver(chunk(&[made(9, "k9", "{}")]), vec![]);
    assert_eq!(listed(&script), 5);
    let script = script.keys("/ ctrl-u").text(".n >= 7 | limit 5").keys("enter");
    let Ask::Older(plan, _) = script.ask("older").1 else { panic!("another ask") };
    assert!(plan.newest.is_some_and(|newest| newest <= 5), "{:?}", plan.newest);
    assert_eq!(listed(&script.keys("esc esc")), 10);
}

#[test]
fn a_table_is_still_a_table() {
    let script = orders().keys("j enter").keys("/").text("| count by .n").keys("enter");
    assert!(script.waiting().contains(&"tally"));
}
