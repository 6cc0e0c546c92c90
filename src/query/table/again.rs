//! The query of a row: what selects exactly the records that it is of.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::Outcome;
use crate::query::ast::{Bound, Expr, Op, Operand, Query, Right, Test, Text};
use crate::query::needle::{Pattern, Written};
use crate::query::when::{Context, When};

use super::read::{decode, several, tag, time};
use super::rows::{Of, Row};
use super::{Inner, Stages};

/// The expression with all times as instants, so that it means the same later.
pub(super) fn frozen(expr: &Expr, cx: &Context) -> Expr {
    let at = |when: &When| instant(when.resolve(cx));
    let right = |right: &Right| if let Right::Time(when) = right { Right::Time(at(when)) } else { right.clone() };
    match expr {
        Expr::Or(parts) => Expr::Or(parts.iter().map(|part| frozen(part, cx)).collect()),
        Expr::And(parts) => Expr::And(parts.iter().map(|part| frozen(part, cx)).collect()),
        Expr::Not(inner) => Expr::Not(Box::new(frozen(inner, cx))),
        Expr::Test(test) => Expr::Test(match test {
            Test::Bound(Bound::Since(when)) => Test::Bound(Bound::Since(at(when))),
            Test::Bound(Bound::Until(when)) => Test::Bound(Bound::Until(at(when))),
            Test::Compare { left, op, right: than } => Test::Compare { left: left.clone(), op: *op, right: right(than) },
            Test::In { left, list } => Test::In { left: left.clone(), list: list.iter().map(right).collect() },
            Test::Between { left, low, high, open } => {
                Test::Between { left: left.clone(), low: right(low), high: right(high), open: *open }
            }
            other => other.clone(),
        }),
    }
}

/// A time in the form that people read, when it has one.
fn instant(ms: i64) -> When {
    // Years before 1 are not written as dates.
    const YEAR_1: i64 = -62_135_596_800_000;
    let at = Timestamp::from_millisecond(ms).ok().filter(|_| ms >= YEAR_1);
    at.map_or(When::Millis(ms), When::Instant)
}

impl Row {
    /// The query whose matches are exactly the records of the row, relative times resolved. `None` for the others, and
    /// for objects and arrays among several values of a field: they cannot be written.
    pub fn filter(&self, stages: &Stages) -> Option<Query> {
        let inner = &stages.0;
        let tests = match &self.of {
            Of::Others => return None,
            Of::Group(key) => group(inner, key)?,
            Of::Bucket(bucket) => {
                let (of, ..) = inner.reads.first()?;
                let (low, high) = (number(of, &bucket.low)?, number(of, &bucket.high)?);
                vec![Expr::Test(if bucket.low == bucket.high {
                    Test::Compare { left: of.clone(), op: Op::Eq, right: low }
                } else {
                    Test::Between { left: of.clone(), low, high, open: true }
                })]
            }
        };
        Some(Query { expr: Expr::all(inner.base.iter().cloned().chain(tests).collect()), stages: Vec::new() })
    }
}

fn group(stages: &Inner, key: &[u8]) -> Option<Vec<Expr>> {
    let mut values = decode(key);
    let mut tests = Vec::new();
    if let Some(every) = stages.every {
        let (tag, start) = values.next()?;
        let start = time(start);
        tests.push(match (tag, start.checked_add(every)) {
            (tag::TIME, Some(end)) => Expr::Test(Test::Between {
                left: Operand::Time,
                low: Right::Time(instant(start)),
                high: Right::Time(instant(end)),
                open: true,
            }),
            (tag::TIME, None) => compare(&Operand::Time, Op::Ge, Right::Time(instant(start))),
            _ => absent(&Operand::Time)?,
        });
    }
    for (operand, (tag, bytes)) in stages.by.iter().zip(values) {
        tests.push(same(operand, tag, bytes)?);
    }
    Some(tests)
}

fn compare(left: &Operand, op: Op, right: Right) -> Expr {
    Expr::Test(Test::Compare { left: left.clone(), op, right })
}

/// The operand has this value.
fn same(operand: &Operand, tag: u8, bytes: &[u8]) -> Option<Expr> {
    let equal = |right| Some(compare(operand, Op::Eq, right));
    match tag {
        tag::NULL => equal(Right::Null),
        tag::FALSE => equal(Right::Bool(false)),
        tag::TRUE => equal(Right::Bool(true)),
        tag::NUMBER => equal(number(operand, std::str::from_utf8(bytes).ok()?)?),
        tag::TIME => equal(Right::Time(instant(time(bytes)))),
        tag::TEXT => text(operand, bytes),
        tag::CONTAINER => container(operand),
        _ => absent(operand),
    }
}

/// A number as the operand is compared with it. The record's own numbers are whole: what lies at or above a bound lies at
/// or above the next whole number.
fn number(operand: &Operand, text: &str) -> Option<Right> {
    if !matches!(operand, Operand::Partition | Operand::Offset | Operand::Size | Operand::Age) {
        return Some(Right::Number(text.to_owned()));
    }
    let (whole, fraction) = text.split_once('.').map_or((text, false), |(whole, _)| (whole, true));
    let whole: i64 = if whole.contains('e') { 1 } else { whole.parse().ok()? };
    let number = if fraction && !text.starts_with('-') { whole.checked_add(1)? } else { whole };
    Some(match operand {
        Operand::Size => Right::Size(u64::try_from(number).ok()?),
        Operand::Age => Right::Duration(Duration::from_millis(u64::try_from(number).ok()?)),
        _ => Right::Number(number.to_string()),
    })
}

fn text(operand: &Operand, bytes: &[u8]) -> Option<Expr> {
    if *operand == Operand::Txn {
        let all = [Outcome::Committed, Outcome::Aborted, Outcome::Open];
        let outcome = all.into_iter().find(|outcome| outcome.word().as_bytes() == bytes)?;
        return Some(compare(operand, Op::Eq, Right::Txn(outcome)));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(compare(operand, Op::Eq, Right::Text(Text { text: text.to_owned(), quoted: true })));
    }
    // Bytes that are no text can be written in an expression alone.
    let mut escaped = String::with_capacity(bytes.len() * 4);
    for b in bytes {
        // Writing to a string cannot fail.
        let _ = write!(escaped, "\\x{b:02x}");
    }
    let pattern = Pattern::new(&format!("^(?-u:{escaped})$"), Written::Quoted).ok()?;
    Some(compare(operand, Op::Matches, Right::Pattern(pattern)))
}

/// The operand is not there. `None` for what every record has.
fn absent(operand: &Operand) -> Option<Expr> {
    let there = match operand {
        Operand::Time => compare(operand, Op::Ge, Right::Time(When::Millis(i64::MIN))),
        Operand::Txn => Expr::Test(Test::In {
            left: Operand::Txn,
            list: [Outcome::Committed, Outcome::Aborted, Outcome::Open].map(Right::Txn).to_vec(),
        }),
        Operand::Topic | Operand::Partition | Operand::Offset | Operand::Size | Operand::Age => return None,
        _ => Expr::Test(Test::Exists(operand.clone())),
    };
    Some(Expr::Not(Box::new(there)))
}

/// The operand is an object or an array: it is there and nothing else. Of several values that cannot be said.
fn container(operand: &Operand) -> Option<Expr> {
    if several(operand) {
        return None;
    }
    let empty = Right::Text(Text { text: String::new(), quoted: true });
    let zero = || Right::Number("0".to_owned());
    let scalar = Expr::Or(vec![
        compare(operand, Op::Eq, Right::Null),
        Expr::Test(Test::In { left: operand.clone(), list: vec![Right::Bool(true), Right::Bool(false)] }),
        compare(operand, Op::Contains, empty),
        compare(operand, Op::Lt, zero()),
        compare(operand, Op::Ge, zero()),
    ]);
    Some(Expr::And(vec![Expr::Test(Test::Exists(operand.clone())), Expr::Not(Box::new(scalar))]))
}
