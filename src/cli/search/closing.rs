//! What is said beside the summary of a search: what was not read, what could not be read, what a comparison asked for in vain.

use std::time::Duration;

use super::summary::{Summary, Unread};
use crate::model::TopicName;
use crate::query::Filter;
use crate::query::ast::Operand;
use crate::text::units;

/// Stretches that are named one by one.
const NAMED: usize = 5;

/// What is missing from the output, a sentence each: said also where words are not wanted.
pub(super) fn missing(summary: &Summary, topics: &[&TopicName]) -> Vec<String> {
    // Who asked for an end before the end knows that there is more.
    if summary.ended != "error" {
        return Vec::new();
    }
    let name = |at: usize| topics.get(at).map_or("", |topic| topic.raw());
    let one = |unread: &Unread| match unread.span {
        Some((from, to)) => {
            format!("{}/{}: offsets {} to {} were not read", name(unread.topic), unread.partition.0, from.0, to.0.saturating_sub(1))
        }
        None => format!("{}/{} was not read: where it begins and ends was not told", name(unread.topic), unread.partition.0),
    };
    let mut lines: Vec<String> = summary.unread.iter().take(NAMED).map(one).collect();
    let more = summary.unread.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(format!("{} more were not read to their ends", units::counted(units::wide(more), "partition")));
    }
    lines
}

/// What else is to be known of how it went.
pub(super) fn notes(summary: &Summary, topics: &[&TopicName], filter: &Filter, listed: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if summary.interrupted > 0 {
        let times = if summary.interrupted == 1 { "once".to_owned() } else { format!("{} times", units::thousands(summary.interrupted)) };
        let longest = units::duration(Duration::from_millis(summary.longest_ms));
        lines.push(format!("reading was interrupted {times}, for {longest} at most, and went on at the next offset"));
    }
    if let Some((at, partition, offset)) = summary.first.filter(|_| summary.undecodable > 0 && !listed) {
        let topic = topics.get(at).map_or("", |topic| topic.raw());
        let hint = if summary.values > 0 { "; --undecodable lists them" } else { "" };
        let what = if summary.values == summary.undecodable { "value" } else { "record" };
        lines.push(format!(
            "{} no JSON, or broken: the first at {topic}/{}@{}{hint}",
            are(summary.undecodable, what),
            partition.0,
            offset.0
        ));
    }
    let tested = summary.scanned.saturating_sub(summary.spared.in_batches).saturating_sub(summary.spared.records);
    let unfit = |counts: &[u64], words: &dyn Fn(&Operand, u64) -> String| -> Vec<String> {
        let named = filter.operands().iter().zip(counts).filter(|(_, n)| **n > 0);
        named.map(|(operand, n)| words(operand, *n)).collect()
    };
    let absent = unfit(&summary.unfit.missing, &|operand, n| format!("{} had no {operand}", units::thousands(n)));
    let other = unfit(&summary.unfit.mismatch, &|operand, n| format!("{} had {operand} of another type", units::thousands(n)));
    let all = [absent, other].concat();
    if !all.is_empty() && !listed {
        lines.push(format!("of {} tested, {}", units::counted(tested, "record"), all.join(", ")));
    }
    lines
}

fn are(n: u64, what: &str) -> String {
    format!("{} {}", units::counted(n, what), if n == 1 { "is" } else { "are" })
}
