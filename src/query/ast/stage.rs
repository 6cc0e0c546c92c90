//! What stands behind `|`: steps that make a table of the records that match, or say what is listed of them.

use std::fmt;
use std::time::Duration;

use crate::query::when::ShownDuration;

use super::{Operand, Query};

/// One step behind `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Aggregates, one row for each group and window.
    Group(Grouping),
    /// How the numbers of an operand are spread, one row for each range.
    Hist(Operand),
    /// The rows with the largest first aggregate; in every window so many.
    Top(u64),
    /// Rows in the order of a column.
    Sort { column: Column, descending: bool },
    /// The columns of a list of records.
    Select(Vec<Operand>),
    /// At most so many records, or rows of the table before it.
    Limit(u64),
}

/// `count, sum .amount by .region every 1m`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// At least one, none twice.
    pub aggregates: Vec<Aggregate>,
    /// None twice; may be empty.
    pub by: Vec<Operand>,
    /// Windows of this length over record timestamps; whole milliseconds, at least one.
    pub every: Option<Duration>,
}

/// A number made of the records of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aggregate {
    /// How many records.
    Count,
    /// Records a second.
    Rate,
    /// A function of the values of an operand.
    Of(Function, Operand),
}

/// What is made of the values of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Sum,
    Avg,
    Min,
    Max,
    /// How many different values.
    Distinct,
    P50,
    P90,
    P95,
    P99,
    P999,
}

/// A column of a table, as `sort` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The beginning of the window.
    Window,
    /// What is grouped by, or the ranges of a histogram.
    Group(Operand),
    Aggregate(Aggregate),
}

impl Function {
    pub const ALL: [Self; 10] =
        [Self::Sum, Self::Avg, Self::Min, Self::Max, Self::Distinct, Self::P50, Self::P90, Self::P95, Self::P99, Self::P999];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Distinct => "distinct",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p999",
        }
    }

    /// The share of values that lie at or below a percentile, in thousandths.
    pub fn permille(self) -> Option<u64> {
        match self {
            Self::P50 => Some(500),
            Self::P90 => Some(900),
            Self::P95 => Some(950),
            Self::P99 => Some(990),
            Self::P999 => Some(999),
            Self::Sum | Self::Avg | Self::Min | Self::Max | Self::Distinct => None,
        }
    }
}

impl Stage {
    /// Whether a table comes out of it whatever goes in.
    pub fn makes_table(&self) -> bool {
        matches!(self, Self::Group(_) | Self::Hist(_))
    }

    /// The columns of the table that it makes, in order.
    pub fn columns(&self) -> Vec<Column> {
        match self {
            Self::Group(grouping) => {
                let window = grouping.every.map(|_| Column::Window);
                let groups = grouping.by.iter().cloned().map(Column::Group);
                window.into_iter().chain(groups).chain(grouping.aggregates.iter().cloned().map(Column::Aggregate)).collect()
            }
            Self::Hist(of) => vec![Column::Group(of.clone()), Column::Aggregate(Aggregate::Count)],
            _ => Vec::new(),
        }
    }
}

impl Query {
    /// Whether a table comes out, and not the records that match.
    pub fn is_table(&self) -> bool {
        self.stages.iter().any(Stage::makes_table)
    }

    /// What is to be shown of each record, when the query says so.
    pub fn select(&self) -> Option<&[Operand]> {
        self.stages.iter().find_map(|stage| if let Stage::Select(all) = stage { Some(all.as_slice()) } else { None })
    }

    /// How many records are wanted, or rows when the query makes a table.
    pub fn limit(&self) -> Option<u64> {
        self.stages.iter().find_map(|stage| if let Stage::Limit(n) = stage { Some(*n) } else { None })
    }

    /// Every operand that the stages look at.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        self.stages.iter().flat_map(|stage| {
            let (of, by): (Vec<&Operand>, &[Operand]) = match stage {
                Stage::Group(grouping) => (
                    grouping.aggregates.iter().filter_map(|a| if let Aggregate::Of(_, of) = a { Some(of) } else { None }).collect(),
                    &grouping.by,
                ),
                Stage::Hist(of) => (vec![of], &[]),
                Stage::Select(all) => (Vec::new(), all),
                Stage::Top(_) | Stage::Sort { .. } | Stage::Limit(_) => (Vec::new(), &[]),
            };
            of.into_iter().chain(by)
        })
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(expr) = &self.expr {
            expr.fmt(f)?;
        }
        for (index, stage) in self.stages.iter().enumerate() {
            write!(f, "{}| {stage}", if index > 0 || self.expr.is_some() { " " } else { "" })?;
        }
        Ok(())
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    all.iter().enumerate().try_for_each(|(index, one)| write!(f, "{}{one}", if index > 0 { ", " } else { "" }))
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(grouping) => grouping.fmt(f),
            Self::Hist(of) => write!(f, "hist {of}"),
            Self::Top(n) => write!(f, "top {n}"),
            Self::Sort { column, descending } => write!(f, "sort {column}{}", if *descending { " desc" } else { "" }),
            Self::Select(all) => {
                f.write_str("select ")?;
                list(f, all)
            }
            Self::Limit(n) => write!(f, "limit {n}"),
        }
    }
}

impl fmt::Display for Grouping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.aggregates)?;
        if !self.by.is_empty() {
            f.write_str(" by ")?;
            list(f, &self.by)?;
        }
        self.every.map_or(Ok(()), |every| write!(f, " every {}", ShownDuration(every)))
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("count"),
            Self::Rate => f.write_str("rate"),
            Self::Of(function, of) => write!(f, "{} {of}", function.name()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Window => f.write_str("window"),
            Self::Group(of) => of.fmt(f),
            Self::Aggregate(aggregate) => aggregate.fmt(f),
        }
    }
}
