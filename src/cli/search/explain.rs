//! How a query is run, in words: before, and what it spared afterwards.

use super::Search;
use super::summary::Summary;
use crate::core::stream::Isolation;
use crate::io::scan::Placing;
use crate::query::ast::Operand;
use crate::query::operands;
use crate::text::units;

/// One line for each decision.
pub(super) fn plan(search: &Search, placed: &[Option<Placing>]) -> Vec<String> {
    let mut lines = vec![format!("query: {}", search.filter.query())];
    for (plan, placing) in search.plans.iter().zip(placed) {
        let until = plan.until.as_ref().map_or_else(|| "the end".to_owned(), ToString::to_string);
        let partitions = plan.partitions.as_ref().map_or_else(
            || "all partitions".to_owned(),
            |some| format!("partitions {}", some.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",")),
        );
        let bounded = if plan.from != search.unbounded.from || plan.until != search.unbounded.until { ", as the query says" } else { "" };
        lines.push(format!("where: {}, {partitions}, from {} until {until}{bounded}", plan.topic.raw(), plan.from));
        if let Some(placing) = placing {
            let read = if placing.by.is_some() { "so one partition is read" } else { "so all partitions are read" };
            lines.push(format!("key: {}, {read}", placing.words()));
        }
    }
    lines.push(literals(search));
    lines.push(paths(search));
    let isolation = match search.unbounded.isolation {
        Isolation::ReadUncommitted => "aborted and open transactions too",
        Isolation::ReadCommitted => "only what is committed",
    };
    let order = if search.backwards { "the newest first, in chunks from the end" } else { "by time, each partition by offset" };
    lines.push(format!("order: {order}; {isolation}"));
    let limit = |limit: Option<u64>, unit: &str| limit.map_or_else(|| "none".to_owned(), |bytes| units::size(bytes) + unit);
    lines.push(format!("limits: {}, {} of answers in all", limit(search.rate, "/s"), limit(search.bytes, "")));
    lines
}

fn literals(search: &Search) -> String {
    let literals = search.filter.literals();
    if literals.is_empty() {
        return "literals: none that every match contains; each record is tested".to_owned();
    }
    let one = |words: &[String]| words.join(" or ");
    let all: Vec<String> = literals.words().map(one).collect();
    format!("literals: {} searched in whole batches, then in records, before anything is parsed", all.join(" and "))
}

fn paths(search: &Search) -> String {
    let Some(expr) = &search.filter.query().expr else { return "paths: none; every record matches".to_owned() };
    let json = |operand: &&Operand| matches!(operand, Operand::Path(_) | Operand::KeyPath(_) | Operand::HeaderPath(..));
    let paths: Vec<String> = operands(expr).into_iter().filter(json).map(ToString::to_string).collect();
    if paths.is_empty() {
        return "paths: no JSON is read".to_owned();
    }
    format!("paths: {} read lazily, no tree is built", paths.join(", "))
}

/// What the steps spared.
pub(super) fn spared(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    if summary.log > summary.asked {
        let left = summary.log.saturating_sub(summary.asked);
        let (left, log) = (units::thousands(left), units::thousands(summary.log));
        lines.push(format!("bounds spared {left} of {log} offsets of the partitions that were read"));
    }
    let spared = &summary.spared;
    let tested = summary.scanned.saturating_sub(spared.in_batches).saturating_sub(spared.records);
    lines.push(format!(
        "literals spared {} records in {} whole batches and {} more records; {} of {} were tested",
        units::thousands(spared.in_batches),
        units::thousands(spared.batches),
        units::thousands(spared.records),
        units::thousands(tested),
        units::thousands(summary.scanned)
    ));
    lines
}
