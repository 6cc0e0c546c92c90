//! What to underline in the text of a record that matched.

use std::ops::Range;

use super::ast::{Expr, Op, Right, Test, Text};
use super::needle::{Needle, Place, exact};

/// The most ranges that one text gets.
pub const MAX_HITS: usize = 100;

/// What a match was looked for by: texts, expressions and strings that are compared, but for what is under a `not`.
pub(super) fn needles(expr: &Expr) -> Vec<Needle> {
    let mut all = Vec::new();
    collect(expr, &mut all);
    all
}

fn collect(expr: &Expr, out: &mut Vec<Needle>) {
    let equal = |right: &Right| match right {
        Right::Text(text) if !text.text.is_empty() => Some(Needle::exact(text.text.as_bytes(), Place::Anywhere)),
        _ => None,
    };
    let anywhere = |text: &Text| match text.text.as_str() {
        "" => None,
        plain if exact(text) => Some(Needle::exact(plain.as_bytes(), Place::Anywhere)),
        plain => Some(Needle::any_case(plain, Place::Anywhere)),
    };
    match expr {
        Expr::Or(parts) | Expr::And(parts) => parts.iter().for_each(|part| collect(part, out)),
        Expr::Test(Test::Text(text)) => out.extend(anywhere(text)),
        Expr::Test(Test::Matches(pattern)) => out.push(Needle::Regex(pattern.regex().clone())),
        Expr::Test(Test::Compare { op, right, .. }) => match (op, right) {
            (Op::Eq, right) => out.extend(equal(right)),
            (Op::Contains | Op::StartsWith | Op::EndsWith, Right::Text(text)) => out.extend(anywhere(text)),
            (Op::Matches, Right::Pattern(pattern)) => out.push(Needle::Regex(pattern.regex().clone())),
            _ => {}
        },
        Expr::Test(Test::In { list, .. }) => out.extend(list.iter().filter_map(equal)),
        Expr::Not(_) | Expr::Test(_) => {}
    }
}

/// The places of all needles, joined where they overlap.
pub(super) fn find(needles: &[Needle], text: &[u8]) -> Vec<Range<usize>> {
    let mut all: Vec<_> = needles.iter().flat_map(|needle| needle.all(text, MAX_HITS)).filter(|hit| !hit.is_empty()).collect();
    all.sort_by_key(|hit| hit.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for hit in all {
        match joined.last_mut() {
            Some(last) if hit.start < last.end => last.end = last.end.max(hit.end),
            _ => joined.push(hit),
        }
    }
    joined.truncate(MAX_HITS);
    joined
}
