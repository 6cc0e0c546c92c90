//! The query language: text in, an expression and stages that print back, and from them a filter over records and tables.
//!
//! [`parse()`] makes a [`Query`] (an expression as data, no clock in it), [`Filter::compile`] resolves its times and builds
//! what is needed to test records, [`Filter::matches`] tests one. What a match must contain is a [`Prefilter`] over raw
//! bytes; where matches can lie is [`Bounds`]. Stages that make a table become [`Stages`], which a [`Tally`] takes records
//! into, one at a time or in parallel. Pure: uses `model`, `json`, jiff, memchr and regex.
//!
//! To add a test: its form in `ast`, its grammar in `parse`, its meaning in `compile` (and `eval` when it is of a new
//! kind), its literals in `prefilter`, a row in `tests`. To add a function of a group's values: `ast/stage.rs`,
//! `table/state.rs`, a row in `docs/query.md`.

pub mod ast;
mod bounds;
mod check;
mod compile;
pub mod complete;
mod error;
mod eval;
mod hits;
mod literal;
mod needle;
mod operand;
mod operands;
mod parse;
pub mod position;
mod prefilter;
mod right;
mod table;
pub mod when;

pub use ast::{Expr, Query, Stage};
pub use bounds::Bounds;
pub use compile::Filter;
pub use error::QueryError;
pub use eval::{Marks, Subject, Verdict};
pub use hits::MAX_HITS;
pub use operands::operands;
pub use parse::{parse, parse_filter, parse_list, stages_at};
pub use position::{Position, parse_position};
pub use prefilter::Prefilter;
pub use table::{Bucket, Cell, ColumnKind, MAX_BYTES, MAX_GROUPS, Note, Row, Select, Selected, Stages, Table, TableColumn, Tally};
pub use when::Context;

#[cfg(test)]
mod tests;
