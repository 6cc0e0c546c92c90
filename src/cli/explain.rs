//! How a query is run, in words: before, and what it spared afterwards.

use crate::core::stream::{Isolation, Plan, Progress, Spared};
use crate::io::scan::Placing;
use crate::query::ast::Operand;
use crate::query::{Filter, operands};
use crate::text::units;

/// How records are read, as the command line says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub filter: Option<&'a Filter>,
    /// The plan before the bounds of the query narrowed it.
    pub unbounded: &'a Plan,
    pub backwards: bool,
    /// Bytes a second, and in all.
    pub rate: Option<u64>,
    pub bytes: Option<u64>,
}

/// One line for each decision. `placed`: what was found out about the keys of each topic.
pub(super) fn plan(reading: Reading<'_>, plans: &[Plan], placed: &[Option<Placing>]) -> Vec<String> {
    let Reading { filter, unbounded, backwards, rate, bytes } = reading;
    let mut lines =
        vec![filter.map_or_else(|| "query: none; every record is wanted".to_owned(), |filter| format!("query: {}", filter.query()))];
    let placed = placed.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    for (plan, placing) in plans.iter().zip(placed) {
        let until = plan.until.as_ref().map_or_else(|| "it is interrupted".to_owned(), ToString::to_string);
        let partitions = plan.partitions.as_ref().map_or_else(
            || "all partitions".to_owned(),
            |some| format!("partitions {}", some.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",")),
        );
        let bounded = if plan.from != unbounded.from || plan.until != unbounded.until { ", as the query says" } else { "" };
        lines.push(format!("where: {}, {partitions}, from {} until {until}{bounded}", plan.topic.raw(), plan.from));
        if let Some(placing) = placing {
            let read = if placing.by.is_some() { "so one partition is read" } else { "so all partitions are read" };
            lines.push(format!("key: {}, {read}", placing.words()));
        }
    }
    lines.push(literals(filter));
    lines.push(paths(filter));
    let isolation = match unbounded.isolation {
        Isolation::ReadUncommitted => "aborted and open transactions too",
        Isolation::ReadCommitted => "only what is committed",
    };
    let order = if backwards { "the newest first, in chunks from the end" } else { "by time, each partition by offset" };
    lines.push(format!("order: {order}; {isolation}"));
    let limit = |limit: Option<u64>, unit: &str| limit.map_or_else(|| "none".to_owned(), |bytes| units::size(bytes) + unit);
    lines.push(format!("limits: {}, {} of answers in all", limit(rate, "/s"), limit(bytes, "")));
    lines
}

fn literals(filter: Option<&Filter>) -> String {
    let Some(literals) = filter.map(Filter::literals).filter(|literals| !literals.is_empty()) else {
        return "literals: none that every match contains; each record is tested".to_owned();
    };
    let one = |words: &[String]| words.join(" or ");
    let all: Vec<String> = literals.words().map(one).collect();
    format!("literals: {} searched in whole batches, then in records, before anything is parsed", all.join(" and "))
}

fn paths(filter: Option<&Filter>) -> String {
    let Some(expr) = filter.and_then(|filter| filter.query().expr.as_ref()) else { return "paths: none; every record matches".to_owned() };
    let json = |operand: &&Operand| matches!(operand, Operand::Path(_) | Operand::KeyPath(_) | Operand::HeaderPath(..));
    let paths: Vec<String> = operands(expr).into_iter().filter(json).map(ToString::to_string).collect();
    if paths.is_empty() {
        return "paths: no JSON is read".to_owned();
    }
    format!("paths: {} read lazily, no tree is built", paths.join(", "))
}

/// What was gone over in the end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    pub scanned: u64,
    pub spared: Spared,
    /// Offsets of the stretches that were to be read; and of the whole log of their partitions.
    pub asked: u64,
    pub log: u64,
}

impl Figures {
    /// Of several readers together. Of partitions that are followed, what was read is what was asked for.
    pub(super) fn of<'p>(all: impl IntoIterator<Item = &'p Progress>) -> Self {
        let mut figures = Self::default();
        for progress in all {
            figures.scanned = figures.scanned.saturating_add(progress.read);
            figures.spared.add(progress.spared);
            for partition in &progress.partitions {
                let offsets = |span: Option<(i64, i64)>| span.map_or(0, |(from, to)| u64::try_from(to.saturating_sub(from)).unwrap_or(0));
                let log = partition.log_start.zip(partition.end).map(|(from, to)| (from.0, to.0));
                let read = partition.first.map(|first| (first.0, partition.position.0));
                let asked = partition.span.map(|(from, to)| (from.0, to.0)).or(read);
                figures.asked = figures.asked.saturating_add(offsets(asked));
                figures.log = figures.log.saturating_add(offsets(log));
            }
        }
        figures
    }
}

/// What the steps spared.
pub(super) fn spared(summary: Figures) -> Vec<String> {
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
