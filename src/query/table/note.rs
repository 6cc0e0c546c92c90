//! What is to be known of a table beside its rows: what was left out, and what is an estimate.

use std::fmt;

use jiff::Timestamp;

use crate::query::ast::Operand;
use crate::query::when::ShownDuration;

use super::kept::Kept;
use super::rows::TableColumn;
use super::state::{Group, State};
use super::{Inner, Out};

/// One thing to know of a table. Its words are short; operands in them are as the user wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// So many records do not have this field.
    Missing { of: Operand, records: u64 },
    /// So many of its values are no numbers.
    NotANumber { of: Operand, values: u64 },
    /// So many of its numbers have more digits, or are larger or smaller, than is calculated with.
    Beyond { of: Operand, values: u64 },
    /// Times of the first and the last record, between which `rate` counts; milliseconds since the epoch.
    Span { from_ms: i64, to_ms: i64 },
    /// So many records have no time.
    Timeless { records: u64 },
    /// So many groups, about, share the last row.
    Others { groups: u64 },
    /// Records of a group that is kept may have been counted among the others before.
    Mixed,
    /// So many records are in more groups than are counted for one record.
    Crowded { records: u64 },
    /// Numbers of this column with `≈` are within so many thousandths: of percentiles the largest relative error, of
    /// `distinct` the standard error.
    Estimated { column: String, permille: u32 },
    /// Estimates began earlier than they would have, to save memory.
    Shrunk,
}

/// A count in groups of three digits.
struct Thousands(u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

fn of(n: u64, one: &str) -> String {
    format!("{} {one}{}", Thousands(n), if n == 1 { "" } else { "s" })
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { of: operand, records } => write!(f, "{operand} is missing in {}", of(*records, "record")),
            Self::NotANumber { of: operand, values: 1 } => write!(f, "1 value of {operand} is not a number"),
            Self::NotANumber { of: operand, values } => write!(f, "{} of {operand} are not numbers", of(*values, "value")),
            Self::Beyond { of: operand, values } => {
                write!(f, "{} of {operand} left out: over 1,000 digits or beyond 10^±1,000", of(*values, "number"))
            }
            Self::Span { from_ms, to_ms } => {
                let span = u64::try_from(to_ms.saturating_sub(*from_ms)).unwrap_or(0);
                write!(f, "rate: over {}", ShownDuration(std::time::Duration::from_millis(span)))?;
                match (Timestamp::from_millisecond(*from_ms), Timestamp::from_millisecond(*to_ms)) {
                    (Ok(from), Ok(to)) => write!(f, ", {from} to {to}"),
                    _ => Ok(()),
                }
            }
            Self::Timeless { records } => write!(f, "{} without a time", of(*records, "record")),
            Self::Others { groups } => write!(f, "≈ {} more share the last row", of(*groups, "group")),
            Self::Mixed => f.write_str("too many groups: a row may lack records that were counted among the others"),
            Self::Crowded { records } => write!(f, "{} in more than 1,000 groups: counted in the first 1,000", of(*records, "record")),
            Self::Estimated { column, permille } => {
                let error = if column.starts_with("distinct ") { "standard error" } else { "error at most" };
                write!(f, "≈ in {column}: {error} {}.{} %", permille / 10, permille % 10)
            }
            Self::Shrunk => f.write_str("many groups: estimates begin earlier, to save memory"),
        }
    }
}

/// What is to be known of a table.
pub(super) fn notes(stages: &Inner, kept: &Kept, columns: &[TableColumn]) -> Vec<Note> {
    let mut notes = Vec::new();
    for ((of, ..), faults) in stages.reads.iter().zip(&kept.faults) {
        let some = |n: u64| (n > 0).then_some(n);
        notes.extend(some(faults.missing).map(|records| Note::Missing { of: of.clone(), records }));
        notes.extend(some(faults.not_a_number).map(|values| Note::NotANumber { of: of.clone(), values }));
        notes.extend(some(faults.beyond).map(|values| Note::Beyond { of: of.clone(), values }));
    }
    if let (true, Some((from_ms, to_ms))) = (stages.rate, kept.span) {
        notes.push(Note::Span { from_ms, to_ms });
    }
    if kept.timeless > 0 {
        notes.push(Note::Timeless { records: kept.timeless });
    }
    if let Some(others) = &kept.others {
        notes.push(Note::Others { groups: others.seen.estimate() });
    }
    if kept.mixed {
        notes.push(Note::Mixed);
    }
    if kept.crowded > 0 {
        notes.push(Note::Crowded { records: kept.crowded });
    }
    let numbers = columns.len().saturating_sub(stages.outs.len());
    for (out, column) in stages.outs.iter().zip(columns.iter().skip(numbers)) {
        let groups = kept.groups.iter().chain(kept.others.as_ref().map(|others| &others.group));
        if let Some(permille) = groups.filter_map(|group| error(*out, group)).max() {
            notes.push(Note::Estimated { column: column.text.clone(), permille });
        }
    }
    if kept.level > 0 {
        notes.push(Note::Shrunk);
    }
    notes
}

/// The error of an estimate.
fn error(out: Out, group: &Group) -> Option<u32> {
    match (out, group.states.get(out.slot()?)?) {
        (Out::Distinct(_), State::Distinct(distinct)) => distinct.error(),
        (Out::Quantile(..), State::Quantiles(quantiles)) => quantiles.error(),
        _ => None,
    }
}
