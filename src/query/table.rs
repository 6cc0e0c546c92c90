//! Tables of stages: records in, groups with their numbers out.
//!
//! [`Stages`] is a query's table, ready to run; a [`Tally`] takes the records that match, one by one. Several workers may
//! each have a tally of their own: [`Tally::merge`] joins them, and what comes out is the same whatever the order, but for
//! which groups are kept when there are too many. [`Tally::table`] is the table as it stands, at any time.
//!
//! Memory is bounded: so many groups, and so many bytes over all of them; what gives way to that is told in the table's
//! notes. A known group costs no allocation.

mod again;
mod decimal;
mod distinct;
mod hist;
mod kept;
mod note;
mod quantile;
mod read;
mod rows;
mod select;
mod state;
mod sum;

use std::fmt;
use std::sync::Arc;

use super::ast::{Aggregate, Column, Expr, Function, Operand, Query, Stage};
use super::eval::Subject;
use super::when::{Context, millis};

pub use hist::Bucket;
pub use note::Note;
pub use rows::{Cell, ColumnKind, Row, Table, TableColumn};
pub use select::{Select, Selected};

use kept::{Kept, Scratch};
use read::Read;
use state::{Group, Kind};

/// The most groups that are kept; the others share one row.
pub const MAX_GROUPS: usize = 100_000;
/// Bytes of a tally from which on it keeps less of each group.
pub const MAX_BYTES: usize = 64 << 20;

/// The stages of a query that makes a table. Cheap to clone and shared between threads.
#[derive(Clone)]
pub struct Stages(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    query: Query,
    /// The expression with its times resolved.
    base: Option<Expr>,
    by: Vec<Operand>,
    groups: Vec<Read>,
    /// The length of windows, in milliseconds.
    every: Option<i64>,
    /// What is read for numbers: the operand, where from, and which states take it.
    reads: Vec<(Operand, Read, Vec<usize>)>,
    kinds: Vec<Kind>,
    outs: Vec<Out>,
    /// `hist`: the first of `reads` is what it is of.
    hist: bool,
    rate: bool,
    max_groups: usize,
    max_bytes: usize,
}

/// Where the number of a column comes from.
#[derive(Debug, Clone, Copy)]
enum Out {
    Count,
    Rate,
    Sum(usize),
    Avg(usize),
    /// The least or the most, and whether it is a time.
    Edge(usize, bool),
    Distinct(usize),
    Quantile(usize, u64),
}

impl Out {
    fn slot(self) -> Option<usize> {
        match self {
            Self::Count | Self::Rate => None,
            Self::Sum(slot) | Self::Avg(slot) | Self::Edge(slot, _) | Self::Distinct(slot) | Self::Quantile(slot, _) => Some(slot),
        }
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stages({})", self.0.query)
    }
}

impl Stages {
    /// `None` when the query makes no table.
    pub fn compile(query: &Query, cx: &Context) -> Option<Self> {
        let mut inner = Inner {
            query: query.clone(),
            base: query.expr.as_ref().map(|expr| again::frozen(expr, cx)),
            by: Vec::new(),
            groups: Vec::new(),
            every: None,
            reads: Vec::new(),
            kinds: Vec::new(),
            outs: Vec::new(),
            hist: false,
            rate: false,
            max_groups: MAX_GROUPS,
            max_bytes: MAX_BYTES,
        };
        match query.stages.iter().find(|stage| stage.makes_table())? {
            Stage::Group(grouping) => {
                inner.groups = grouping.by.iter().map(Read::of).collect();
                inner.by.clone_from(&grouping.by);
                inner.every = grouping.every.map(|every| millis(every).max(1));
                for aggregate in &grouping.aggregates {
                    let out = inner.out(aggregate);
                    inner.outs.push(out);
                }
            }
            Stage::Hist(of) => {
                inner.hist = true;
                inner.reads.push((of.clone(), Read::of(of), Vec::new()));
            }
            _ => return None,
        }
        Some(Self(Arc::new(inner)))
    }

    /// With other limits than [`MAX_GROUPS`] and [`MAX_BYTES`].
    #[must_use]
    pub fn limited(self, groups: usize, bytes: usize) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| shared.as_ref().clone());
        (inner.max_groups, inner.max_bytes) = (groups, bytes);
        Self(Arc::new(inner))
    }

    /// The query that they belong to.
    pub fn query(&self) -> &Query {
        &self.0.query
    }

    /// The columns of the table, which are known before any record is.
    pub fn columns(&self) -> Vec<TableColumn> {
        rows::columns(&self.0)
    }
}

impl Inner {
    fn out(&mut self, aggregate: &Aggregate) -> Out {
        let (function, of) = match aggregate {
            Aggregate::Count => return Out::Count,
            Aggregate::Rate => {
                self.rate = true;
                return Out::Rate;
            }
            Aggregate::Of(function, of) => (*function, of),
        };
        let time = *of == Operand::Time;
        match (function, function.permille()) {
            (_, Some(permille)) => Out::Quantile(self.slot(Kind::Quantiles, of), permille),
            (Function::Sum, _) => Out::Sum(self.slot(Kind::Sum, of)),
            (Function::Avg, _) => Out::Avg(self.slot(Kind::Sum, of)),
            (Function::Min, _) => Out::Edge(self.slot(Kind::Least, of), time),
            (Function::Max, _) => Out::Edge(self.slot(Kind::Most, of), time),
            _ => Out::Distinct(self.slot(Kind::Distinct, of)),
        }
    }

    /// The state of that kind over that operand, shared by all functions that need it.
    fn slot(&mut self, kind: Kind, of: &Operand) -> usize {
        let read = self.reads.iter().position(|(operand, ..)| operand == of).unwrap_or_else(|| {
            self.reads.push((of.clone(), Read::of(of), Vec::new()));
            self.reads.len() - 1
        });
        let Some((_, _, slots)) = self.reads.get_mut(read) else { return 0 };
        if let Some(slot) = slots.iter().find(|slot| self.kinds.get(**slot) == Some(&kind)) {
            return *slot;
        }
        self.kinds.push(kind);
        slots.push(self.kinds.len() - 1);
        self.kinds.len() - 1
    }

    fn group(&self) -> Group {
        Group::new(self.kinds.iter().copied())
    }
}

/// Records that were taken into a table's groups.
#[derive(Debug)]
pub struct Tally {
    stages: Stages,
    kept: Kept,
    scratch: Scratch,
}

impl Tally {
    pub fn new(stages: &Stages) -> Self {
        Self { stages: stages.clone(), kept: Kept::new(&stages.0), scratch: Scratch::default() }
    }

    /// Records that were taken.
    pub fn records(&self) -> u64 {
        self.kept.records
    }

    /// Bytes that the groups take, about.
    pub fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    /// Groups that are kept apart.
    pub fn groups(&self) -> usize {
        self.kept.groups.len()
    }

    /// Takes a record that matches.
    pub fn take(&mut self, subject: &Subject<'_>) {
        self.kept.take(&self.stages.0, subject, &mut self.scratch);
    }

    /// Takes what another tally of the same stages has taken. The order of merging makes no difference, but for which
    /// groups are kept when there are too many.
    pub fn merge(&mut self, other: Self) {
        self.kept.merge(&self.stages.0, other.kept);
    }

    /// The table as it stands. `stages` are those that the tally was made of.
    pub fn table(&self, stages: &Stages) -> Table {
        rows::table(&stages.0, &self.kept)
    }
}

impl Inner {
    /// The column of each number, in order.
    fn aggregates(&self) -> Vec<Column> {
        let table = self.query.stages.iter().find(|stage| stage.makes_table());
        table.map_or_else(Vec::new, |stage| stage.columns().into_iter().filter(|column| matches!(column, Column::Aggregate(_))).collect())
    }
}
