//! Bounds of what is read: `since:`, `until:`, `p:` and `last:`, and where they may stand.

use std::ops::Range;

use crate::query::ast::{Bound, Expr, Test};
use crate::query::error::QueryError;
use crate::query::when::When;

use super::{Parser, ends_word};

/// Bounds stand at the top level of a conjunction: elsewhere they could not narrow what is read. `spans` has the place
/// of each bound, in the order in which they stand in the expression.
pub(super) fn misplaced(expr: &Expr, spans: &[Range<usize>]) -> Result<(), QueryError> {
    fn count(expr: &Expr) -> usize {
        match expr {
            Expr::Or(parts) | Expr::And(parts) => parts.iter().map(count).sum(),
            Expr::Not(inner) => count(inner),
            Expr::Test(Test::Bound(_)) => 1,
            Expr::Test(_) => 0,
        }
    }
    let mut before = 0;
    for part in expr.conjuncts() {
        let bounds = count(part);
        if bounds > 0 && !matches!(part, Expr::Test(_)) {
            let at = spans.get(before).cloned().unwrap_or_default();
            return Err(QueryError::new(
                at,
                "since:, until:, p: and last: hold for the whole query, not within or, not and their brackets",
            )
            .hint("write it at the front, or use time, partition and offset"));
        }
        before += bounds;
    }
    Ok(())
}

impl Parser<'_> {
    /// The bound that comes next, if one does.
    pub(super) fn bound(&mut self) -> Result<Option<Bound>, QueryError> {
        let start = self.at;
        for word in ["since:", "until:", "p:", "last:"] {
            if !self.rest().starts_with(word) {
                continue;
            }
            self.at += word.len();
            let from = self.at;
            let value = if self.next_is('"') {
                self.quoted()?
            } else {
                let rest = self.rest();
                let length = rest.find(|c| ends_word(c) && (c != ',' || word != "p:")).unwrap_or(rest.len());
                self.at += length;
                rest.get(..length).unwrap_or_default().to_owned()
            };
            let error = |message: &str| QueryError::new(from..self.at, message).hint(format!("quote {word} when it is meant as text"));
            let bound = match word {
                "since:" => When::parse(&value).map(Bound::Since).map_err(error)?,
                "until:" => When::parse(&value).map(Bound::Until).map_err(error)?,
                "p:" => Bound::Partitions(partitions(&value).ok_or_else(|| error("behind p: stand partitions, for example p:0,3"))?),
                _ => {
                    let count = value.parse().ok().filter(|n| *n > 0 && value.bytes().all(|b| b.is_ascii_digit()));
                    Bound::Last(count.ok_or_else(|| error("behind last: stands how many records, for example last:500"))?)
                }
            };
            return Ok(Some(bound));
        }
        self.at = start;
        Ok(None)
    }
}

fn partitions(text: &str) -> Option<Vec<i32>> {
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
    let mut all: Vec<i32> = text.split(',').map(number).collect::<Option<_>>()?;
    all.sort_unstable();
    all.dedup();
    Some(all)
}
