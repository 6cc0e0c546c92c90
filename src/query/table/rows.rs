//! From groups to the rows that are shown: numbers made, ordered, the first taken.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::json::number;
use crate::query::ast::{Aggregate, Column, Function, Operand, Stage};

use super::decimal::Decimal;
use super::hist::Bucket;
use super::kept::Kept;
use super::note::{self, Note};
use super::quantile::by_value;
use super::read::{decode, tag, time};
use super::state::{Group, State};
use super::sum::Sum;
use super::{Inner, Out};

/// A table as it stands: rows in the order in which they are to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<TableColumn>,
    pub rows: Vec<Row>,
    /// What was left out, and what is an estimate.
    pub notes: Vec<Note>,
    /// Rows that there are before `top` and `limit` take some.
    pub of: usize,
    /// Records that are counted in it.
    pub records: u64,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its canonical text: `.page`, `count`, `sum .amount`, `window`. `sort` knows it by this.
    pub text: String,
    pub kind: ColumnKind,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// The beginning of a window of so many milliseconds.
    Window {
        every_ms: i64,
    },
    /// Values that are grouped by.
    Group,
    /// Ranges of a histogram.
    Bucket,
    /// Whole numbers of records or values.
    Count,
    /// Records a second.
    Rate,
    Number,
    /// Milliseconds since the epoch.
    Time,
    /// Numbers that are milliseconds.
    Duration,
    /// Numbers that are bytes.
    Size,
}

/// One cell of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// There is no such field, or nothing to make a number of.
    Absent,
    Null,
    Bool(bool),
    /// Any bytes: of a JSON string (decoded), a key, a header, a topic.
    Text(Box<[u8]>),
    /// An object or an array.
    Container,
    /// An exact number in decimal; averages and rates have up to twenty digits.
    Number(String),
    /// An estimate in decimal: its error is in the notes.
    Approx(String),
    Count(u64),
    /// Milliseconds since the epoch.
    Time(i64),
    Bucket(Bucket),
    /// So many groups, about, that are not kept apart.
    Others(u64),
}

/// One row. It knows which records it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub cells: Vec<Cell>,
    pub(super) of: Of,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// The encoded values of its group.
    Group(Box<[u8]>),
    Bucket(Bucket),
    Others,
}

impl Row {
    /// Whether it is of all groups that are not kept apart.
    pub fn is_others(&self) -> bool {
        self.of == Of::Others
    }
}

impl Cell {
    /// The number in it, in decimal.
    pub fn number(&self) -> Option<String> {
        match self {
            Self::Number(text) | Self::Approx(text) => Some(text.clone()),
            Self::Count(n) => Some(n.to_string()),
            Self::Time(ms) => Some(ms.to_string()),
            _ => None,
        }
    }

    /// Numbers by value, texts by bytes; what is of different kinds, by kind.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Bucket(a), Self::Bucket(b)) => by_value(&a.low, &b.low).then_with(|| by_value(&a.high, &b.high)),
            (Self::Count(n), Self::Number(text) | Self::Approx(text)) => by_value(&n.to_string(), text),
            (Self::Number(text) | Self::Approx(text), Self::Count(n)) => by_value(text, &n.to_string()),
            (Self::Number(a) | Self::Approx(a), Self::Number(b) | Self::Approx(b)) => by_value(a, b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) | Self::Approx(_) | Self::Count(_) => 2,
            Self::Time(_) => 3,
            Self::Text(_) => 4,
            Self::Container => 5,
            Self::Bucket(_) => 6,
            Self::Others(_) => 7,
            Self::Absent => 8,
        }
    }

    fn of(tag: u8, bytes: &[u8]) -> Self {
        match tag {
            tag::NULL => Self::Null,
            tag::FALSE => Self::Bool(false),
            tag::TRUE => Self::Bool(true),
            tag::NUMBER => Self::Number(String::from_utf8_lossy(bytes).into_owned()),
            tag::TIME => Self::Time(time(bytes)),
            tag::TEXT => Self::Text(bytes.into()),
            tag::CONTAINER => Self::Container,
            _ => Self::Absent,
        }
    }
}

/// Orders cells, what is absent last whatever the direction.
fn ordered(a: &Cell, b: &Cell, descending: bool) -> Ordering {
    match (a, b) {
        (Cell::Absent, _) | (_, Cell::Absent) => a.compare(b),
        _ if descending => b.compare(a),
        _ => a.compare(b),
    }
}

/// Orders encoded groups as their cells would be.
fn by_group(a: &[u8], b: &[u8]) -> Ordering {
    let mut others = decode(b);
    for (tag, bytes) in decode(a) {
        let Some((other, theirs)) = others.next() else { return Ordering::Greater };
        let order = match (tag, other) {
            (tag::NUMBER, tag::NUMBER) => number::compare(bytes, theirs),
            (tag::TIME, tag::TIME) => time(bytes).cmp(&time(theirs)),
            (tag::ABSENT, tag::ABSENT) => Ordering::Equal,
            (tag::ABSENT, _) => Ordering::Greater,
            (_, tag::ABSENT) => Ordering::Less,
            (a, b) => a.cmp(&b).then_with(|| bytes.cmp(theirs)),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

pub(super) fn columns(stages: &Inner) -> Vec<TableColumn> {
    let Some(table) = stages.query.stages.iter().find(|stage| stage.makes_table()) else { return Vec::new() };
    let kind = |column: &Column| match column {
        Column::Window => ColumnKind::Window { every_ms: stages.every.unwrap_or(0) },
        Column::Group(_) if stages.hist => ColumnKind::Bucket,
        Column::Group(_) => ColumnKind::Group,
        Column::Aggregate(Aggregate::Count | Aggregate::Of(Function::Distinct, _)) => ColumnKind::Count,
        Column::Aggregate(Aggregate::Rate) => ColumnKind::Rate,
        Column::Aggregate(Aggregate::Of(_, of)) => match of {
            Operand::Time => ColumnKind::Time,
            Operand::Age => ColumnKind::Duration,
            Operand::Size => ColumnKind::Size,
            _ => ColumnKind::Number,
        },
    };
    table.columns().iter().map(|column| TableColumn { text: column.to_string(), kind: kind(column) }).collect()
}

/// A group on its way to a row.
struct Line<'k> {
    key: &'k [u8],
    group: &'k Group,
    /// Its first number, by which it is ordered.
    first: Cell,
}

pub(super) fn table(stages: &Inner, kept: &Kept) -> Table {
    let columns = columns(stages);
    let (mut rows, of) = if stages.hist { ranges(stages, kept) } else { groups(stages, kept) };
    if let Some(others) = kept.others.as_ref().filter(|_| !cuts(stages)) {
        let known = columns.len() - stages.outs.len();
        let cells = std::iter::repeat_n(Cell::Others(others.seen.estimate()), known);
        let numbers = stages.outs.iter().map(|out| cell(*out, &others.group, kept));
        rows.push(Row { cells: cells.chain(numbers).collect(), of: Of::Others });
    }
    Table { notes: note::notes(stages, kept, &columns), columns, rows, of, records: kept.records }
}

/// Whether only some of the rows are wanted.
fn cuts(stages: &Inner) -> bool {
    stages.query.stages.iter().any(|stage| matches!(stage, Stage::Top(_) | Stage::Limit(_)))
}

fn groups(stages: &Inner, kept: &Kept) -> (Vec<Row>, usize) {
    let first = |group| stages.outs.first().map_or(Cell::Absent, |out| cell(*out, group, kept));
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(kept.groups.len());
    for (key, at) in &kept.index {
        lines.extend(kept.groups.get(*at).map(|group| Line { key, group, first: first(group) }));
    }
    let of = lines.len();
    let windowed = stages.every.is_some();
    let window = |line: &Line<'_>| decode(line.key).next().filter(|(tag, _)| windowed && *tag == tag::TIME).map(|(_, ms)| time(ms));
    let by_window = |a: &Line<'_>, b: &Line<'_>| match (window(a), window(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // Records without a time come last.
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    // No two lines have the same group, so that this is one order.
    let order =
        |a: &Line<'_>, b: &Line<'_>| by_window(a, b).then_with(|| ordered(&a.first, &b.first, true)).then_with(|| by_group(a.key, b.key));
    if let Some(most) = first_lines(stages).filter(|most| *most < lines.len()) {
        // The first lines alone are put in order: there may be a hundred thousand, sorted anew at every look.
        if let Some(last) = most.checked_sub(1) {
            let _split = lines.select_nth_unstable_by(last, order);
        }
        lines.truncate(most);
    }
    lines.sort_unstable_by(order);
    for stage in &stages.query.stages {
        match stage {
            Stage::Top(n) => top(&mut lines, *n, &window),
            Stage::Sort { column, descending } => lines = sorted(stages, kept, lines, column, *descending),
            Stage::Limit(n) => lines.truncate(usize::try_from(*n).unwrap_or(usize::MAX)),
            Stage::Group(_) | Stage::Hist(_) | Stage::Select(_) => {}
        }
    }
    let row = |line: Line<'_>| {
        let known = decode(line.key).map(|(tag, bytes)| Cell::of(tag, bytes));
        let numbers = stages.outs.iter().map(|out| cell(*out, line.group, kept));
        Row { cells: known.chain(numbers).collect(), of: Of::Group(line.key.into()) }
    };
    (lines.into_iter().map(row).collect(), of)
}

/// How many lines, from the first on, the stages leave, where that is known before lines are in order.
fn first_lines(stages: &Inner) -> Option<usize> {
    let mut rest = stages.query.stages.iter().filter(|stage| matches!(stage, Stage::Top(_) | Stage::Sort { .. } | Stage::Limit(_)));
    match rest.next()? {
        // In windows, each has its own.
        Stage::Top(n) if stages.every.is_none() => usize::try_from(*n).ok(),
        Stage::Limit(n) => usize::try_from(*n).ok(),
        _ => None,
    }
}

/// Keeps the lines with the largest first numbers, in every window so many, in the order that they are in.
fn top(lines: &mut Vec<Line<'_>>, n: u64, window: &dyn Fn(&Line<'_>) -> Option<i64>) {
    let mut best: Vec<usize> = (0..lines.len()).collect();
    let line = |at: &usize| lines.get(*at);
    best.sort_by(|a, b| match (line(a), line(b)) {
        (Some(a), Some(b)) => ordered(&a.first, &b.first, true).then_with(|| by_group(a.key, b.key)),
        _ => Ordering::Equal,
    });
    let mut taken: BTreeMap<Option<i64>, u64> = BTreeMap::new();
    let mut keep = vec![false; lines.len()];
    for at in best {
        let Some(line) = lines.get(at) else { continue };
        let count = taken.entry(window(line)).or_default();
        *count += 1;
        if let Some(keep) = keep.get_mut(at) {
            *keep = *count <= n;
        }
    }
    let mut keep = keep.into_iter();
    lines.retain(|_| keep.next().unwrap_or(false));
}

fn sorted<'k>(stages: &Inner, kept: &Kept, lines: Vec<Line<'k>>, column: &Column, descending: bool) -> Vec<Line<'k>> {
    let windows = usize::from(stages.every.is_some());
    let known = match column {
        Column::Window => Some(0),
        Column::Group(of) => stages.by.iter().position(|by| by == of).map(|at| at + windows),
        Column::Aggregate(_) => None,
    };
    let number = stages.aggregates().iter().position(|one| one == column).and_then(|at| stages.outs.get(at));
    let key = |line: &Line<'_>| match (known, number) {
        (Some(at), _) => decode(line.key).nth(at).map_or(Cell::Absent, |(tag, bytes)| Cell::of(tag, bytes)),
        (None, Some(out)) => cell(*out, line.group, kept),
        (None, None) => Cell::Absent,
    };
    let mut keyed: Vec<(Cell, Line<'k>)> = lines.into_iter().map(|line| (key(&line), line)).collect();
    keyed.sort_by(|(a, _), (b, _)| ordered(a, b, descending));
    keyed.into_iter().map(|(_, line)| line).collect()
}

fn ranges(stages: &Inner, kept: &Kept) -> (Vec<Row>, usize) {
    let row = |(bucket, n): (Bucket, u64)| Row { cells: vec![Cell::Bucket(bucket.clone()), Cell::Count(n)], of: Of::Bucket(bucket) };
    let mut rows: Vec<Row> = kept.hist.ranges().into_iter().map(row).collect();
    let of = rows.len();
    let cell = |row: &Row, at: usize| row.cells.get(at).cloned().unwrap_or(Cell::Absent);
    for stage in &stages.query.stages {
        match stage {
            Stage::Top(n) => {
                let mut counts: Vec<Cell> = rows.iter().map(|row| cell(row, 1)).collect();
                counts.sort_by(|a, b| b.compare(a));
                let mut left = usize::try_from(*n).unwrap_or(usize::MAX);
                let least = counts.get(left.saturating_sub(1)).cloned();
                // As many as wanted, of those that are alike the first.
                let above = |row: &Row| least.as_ref().is_none_or(|least| cell(row, 1).compare(least).is_gt());
                left = left.saturating_sub(rows.iter().filter(|row| above(row)).count());
                rows.retain(|row| {
                    let alike = least.as_ref().is_some_and(|least| cell(row, 1).compare(least).is_eq());
                    let keep = above(row) || (alike && left > 0);
                    left -= usize::from(alike && left > 0);
                    keep
                });
            }
            Stage::Sort { column, descending } => {
                let at = usize::from(matches!(column, Column::Aggregate(_)));
                rows.sort_by(|a, b| ordered(&cell(a, at), &cell(b, at), *descending));
            }
            Stage::Limit(n) => rows.truncate(usize::try_from(*n).unwrap_or(usize::MAX)),
            Stage::Group(_) | Stage::Hist(_) | Stage::Select(_) => {}
        }
    }
    (rows, of)
}

/// The number of a column for a group.
fn cell(out: Out, group: &Group, kept: &Kept) -> Cell {
    match (out, out.slot().and_then(|slot| group.states.get(slot))) {
        (Out::Count, _) => Cell::Count(group.count),
        (Out::Rate, _) => rate(group.timed, kept.span),
        (Out::Sum(_), Some(State::Sum(sum))) if sum.count() > 0 => Cell::Number(sum.text()),
        (Out::Avg(_), Some(State::Sum(sum))) => sum.average().map_or(Cell::Absent, Cell::Number),
        (Out::Edge(_, time), Some(State::Least(Some(number)) | State::Most(Some(number)))) => {
            let text = number.text();
            match text.parse() {
                Ok(ms) if time => Cell::Time(ms),
                _ => Cell::Number(text),
            }
        }
        (Out::Distinct(_), Some(State::Distinct(distinct))) => match distinct.count() {
            (n, None) => Cell::Count(n),
            (n, Some(_)) => Cell::Approx(n.to_string()),
        },
        (Out::Quantile(_, permille), Some(State::Quantiles(quantiles))) => match quantiles.at(permille) {
            Some((text, None)) => Cell::Number(text),
            Some((text, Some(_))) => Cell::Approx(text),
            None => Cell::Absent,
        },
        _ => Cell::Absent,
    }
}

/// Records a second between the first and the last time of all records; nothing when these are the same.
fn rate(records: u64, span: Option<(i64, i64)>) -> Cell {
    let ms = span.and_then(|(from, to)| u64::try_from(i128::from(to) - i128::from(from)).ok()).filter(|ms| *ms > 0);
    let Some(ms) = ms else { return Cell::Absent };
    let mut sum = Sum::default();
    sum.add(&Decimal::int(i64::try_from(records).unwrap_or(i64::MAX)));
    sum.over(1000, ms).map_or(Cell::Absent, Cell::Number)
}
