//! The left-hand side of a test: what it looks at, and the operator behind it.

use super::ast::{Op, Operand, header_letter};
use super::error::QueryError;
use super::parse::{Parser, ends_word};

/// Plain names of operands, which are text to find unless an operator follows.
pub(super) const NAMES: [(&str, Operand); 9] = [
    ("key", Operand::Key),
    ("value", Operand::Value),
    ("topic", Operand::Topic),
    ("partition", Operand::Partition),
    ("offset", Operand::Offset),
    ("time", Operand::Time),
    ("size", Operand::Size),
    ("age", Operand::Age),
    ("txn", Operand::Txn),
];

/// An operator, or `in`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Op(Op),
    In,
}

impl Parser<'_> {
    /// The operand that comes next, if one does; else nothing is taken.
    pub(super) fn operand(&mut self) -> Result<Option<Operand>, QueryError> {
        if self.next_is('.') {
            return self.path().map(Operand::Path).map(Some);
        }
        if let Some(named) = self.rest().strip_prefix("header.") {
            self.at += "header.".len();
            if self.next_is('"') {
                let name = self.quoted()?;
                return Ok(Some(if self.next_is('.') { Operand::HeaderPath(name, self.path()?) } else { Operand::Header(name) }));
            }
            let length = named.find(|c| !header_letter(c)).unwrap_or(named.len());
            // A range follows `..`, which is no part of a name.
            let name = named.get(..length).and_then(|name| name.split("..").next()).unwrap_or_default();
            if name.is_empty() {
                return Err(
                    QueryError::new(self.here(), "the header's name is missing").hint("for example header.trace-id or header.\"odd name\"")
                );
            }
            self.at += name.len();
            return Ok(Some(Operand::Header(name.into())));
        }
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(length).unwrap_or_default();
        let Some((_, operand)) = NAMES.iter().find(|(known, _)| *known == name) else { return Ok(None) };
        let into = after.starts_with('.') && !after.starts_with("..");
        Ok(match operand {
            Operand::Key if into => {
                self.at += length;
                Some(Operand::KeyPath(self.path()?))
            }
            Operand::Value if into => {
                self.at += length;
                Some(Operand::Path(self.path()?))
            }
            operand if after.chars().next().is_none_or(ends_word) || symbol(after).is_some() => {
                self.at += length;
                Some(operand.clone())
            }
            _ => None,
        })
    }

    /// The operator that comes next, if one does.
    pub(super) fn operator(&mut self) -> Result<Option<Operator>, QueryError> {
        self.space();
        for (wrong, right) in [("===", "=="), ("=~", "~"), ("=>", ">="), ("=<", "<="), ("<>", "!="), ("!==", "!="), ("~=", "~")] {
            if self.rest().starts_with(wrong) {
                return Err(QueryError::new(self.at..self.at + wrong.len(), format!("{wrong} is no operator"))
                    .hint(format!("did you mean {right}?")));
            }
        }
        if let Some((length, op)) = symbol(self.rest()) {
            self.at += length;
            return Ok(Some(Operator::Op(op)));
        }
        let words = [
            ("contains", Operator::Op(Op::Contains)),
            ("startswith", Operator::Op(Op::StartsWith)),
            ("endswith", Operator::Op(Op::EndsWith)),
            ("in", Operator::In),
        ];
        for (word, operator) in words {
            let after = self.rest().strip_prefix(word).map(|rest| rest.chars().next());
            if after.is_some_and(|next| next.is_none_or(|c| ends_word(c) || matches!(c, '"' | '/'))) {
                self.at += word.len();
                return Ok(Some(operator));
            }
        }
        Ok(None)
    }
}

/// The operator of signs that the text starts with, and its length.
pub(super) fn symbol(text: &str) -> Option<(usize, Op)> {
    let ops = [
        ("==", Op::Eq),
        ("!=", Op::Ne),
        ("<=", Op::Le),
        (">=", Op::Ge),
        ("!~", Op::NotMatches),
        ("=", Op::Eq),
        ("<", Op::Lt),
        (">", Op::Gt),
        ("~", Op::Matches),
    ];
    ops.into_iter().find(|(sign, _)| text.starts_with(sign)).map(|(sign, op)| (sign.len(), op))
}
