//! The filter language: text in, an expression that prints back, and from it a filter over records.
//!
//! [`parse()`] makes a [`Query`] (an expression as data, no clock in it), [`Filter::compile`] resolves its times and builds
//! what is needed to test records, [`Filter::matches`] tests one. What a match must contain is a [`Prefilter`] over raw
//! bytes; where matches can lie is [`Bounds`]. Pure: uses `model`, `json`, jiff, memchr and regex.
//!
//! To add a test: its form in `ast`, its grammar in `parse`, its meaning in `compile` (and `eval` when it is of a new
//! kind), its literals in `prefilter`, a row in `tests`.

pub mod ast;
mod bounds;
mod check;
mod compile;
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
pub mod when;

pub use ast::{Expr, Query};
pub use bounds::Bounds;
pub use compile::Filter;
pub use error::QueryError;
pub use eval::{Subject, Verdict};
pub use hits::MAX_HITS;
pub use operands::operands;
pub use parse::parse;
pub use position::{Position, parse_position};
pub use prefilter::Prefilter;
pub use when::Context;

#[cfg(test)]
mod tests;
