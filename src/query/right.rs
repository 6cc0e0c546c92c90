//! The right-hand side of a test: what is written there means what its operand is compared with.

use std::ops::Range;

use crate::json::number;
use crate::model::Outcome;

use super::ast::{Op, Operand, Right, Text};
use super::error::{QueryError, meant};
use super::needle::{Pattern, Written};
use super::parse::{Parser, ends_word};
use super::when::{self, When};

/// What was written, before it is known what it means.
#[derive(Debug)]
enum Raw<'t> {
    Quoted(String),
    Word(&'t str),
    Regex(Pattern),
    Operand(Operand),
}

impl<'t> Parser<'t> {
    /// Reads what an operand is compared with: `op` is `None` in a list; `range`: a word ends at `..`.
    pub(super) fn right(&mut self, left: &Operand, op: Option<Op>, range: bool) -> Result<Right, QueryError> {
        self.space();
        let start = self.at;
        let raw = self.raw(range)?;
        let span = start..self.at;
        match left {
            Operand::Partition | Operand::Offset | Operand::Size | Operand::Time | Operand::Age => measure(left, op, &raw, range, span),
            Operand::Txn => outcome(op, &raw, range, span),
            _ => text(left, op, raw, range, span),
        }
    }

    fn raw(&mut self, range: bool) -> Result<Raw<'t>, QueryError> {
        let rest = self.rest();
        match rest.chars().next() {
            Some('"') => return self.quoted().map(Raw::Quoted),
            Some('/') => return self.regex().map(Raw::Regex),
            Some('.') if !rest.starts_with("..") => return self.path().map(|path| Raw::Operand(Operand::Path(path))),
            Some('<' | '>' | '=' | '!' | '~') => {
                let error = QueryError::new(self.here(), "a value to compare with is missing here");
                return Err(error.hint("a text that starts with an operator is written in quotes"));
            }
            _ => {}
        }
        if (rest.starts_with("header.") || (rest.starts_with("key.") && !rest.starts_with("key..")))
            && let Some(operand) = self.operand()?
        {
            return Ok(Raw::Operand(operand));
        }
        let mut length = rest.find(ends_word).unwrap_or(rest.len());
        if range {
            length = rest.get(..length).and_then(|word| word.find("..")).unwrap_or(length);
        }
        if length == 0 {
            return Err(QueryError::new(self.here(), "a value to compare with is missing here"));
        }
        self.at += length;
        Ok(Raw::Word(rest.get(..length).unwrap_or_default()))
    }
}

fn text(left: &Operand, op: Option<Op>, raw: Raw<'_>, range: bool, span: Range<usize>) -> Result<Right, QueryError> {
    let error = |message: String| QueryError::new(span.clone(), message);
    match (op, raw) {
        (Some(Op::Matches | Op::NotMatches), raw) => {
            let (source, written) = match raw {
                Raw::Regex(pattern) => return Ok(Right::Pattern(pattern)),
                Raw::Quoted(source) => (source, Written::Quoted),
                Raw::Word(word) => (word.to_owned(), Written::Slashes),
                Raw::Operand(_) => return Err(error("~ takes a regular expression, not another field".into()).hint("for example ~ /^A-/")),
            };
            Pattern::new(&source, written).map(Right::Pattern).map_err(error)
        }
        (_, Raw::Regex(_)) => Err(error("a regular expression is compared with ~".into()).hint("quote a text that starts with a slash")),
        (_, Raw::Operand(_)) if range => Err(error("the ends of a range are values, not fields".into())),
        (_, Raw::Operand(operand)) => Ok(Right::Operand(operand)),
        (Some(Op::Contains | Op::StartsWith | Op::EndsWith), Raw::Word(word)) => Ok(Right::Text(Text { text: word.into(), quoted: false })),
        (_, Raw::Quoted(text)) => Ok(Right::Text(Text { text, quoted: true })),
        (op, Raw::Word(word)) => match word {
            _ if *left == Operand::Topic => Ok(Right::Text(Text { text: word.into(), quoted: true })),
            "true" | "false" | "null" if !matches!(op, None | Some(Op::Eq | Op::Ne)) => {
                Err(error(format!("{word} has no order")).hint("compare it with == or !=, or quote it"))
            }
            "true" => Ok(Right::Bool(true)),
            "false" => Ok(Right::Bool(false)),
            "null" => Ok(Right::Null),
            _ if number::is(word.as_bytes()) => Ok(Right::Number(word.into())),
            _ => Ok(Right::Text(Text { text: word.into(), quoted: true })),
        },
    }
}

/// Numbers of the record: they are compared, never searched in.
fn measure(left: &Operand, op: Option<Op>, raw: &Raw<'_>, range: bool, span: Range<usize>) -> Result<Right, QueryError> {
    let error = |message: &str| QueryError::new(span.clone(), message);
    if let Some(op @ (Op::Matches | Op::NotMatches | Op::Contains | Op::StartsWith | Op::EndsWith)) = op {
        return Err(error(&format!("{left} is a number, and {} is for text", op.symbol())).hint("compare it with == != < <= > >= or in"));
    }
    let written = match raw {
        Raw::Operand(_) if range => return Err(error("the ends of a range are values, not fields")),
        Raw::Operand(operand) => return Ok(Right::Operand(operand.clone())),
        Raw::Regex(_) => return Err(error("a regular expression is compared with ~, and with text alone")),
        Raw::Quoted(text) => text.as_str(),
        Raw::Word(word) => word,
    };
    match left {
        Operand::Time => When::parse(written).map(Right::Time).map_err(error),
        Operand::Age => when::duration(written).map(Right::Duration).map_err(error),
        Operand::Size => when::size(written).map(Right::Size).map_err(error),
        _ => {
            let number = written.parse::<i64>().ok().filter(|_| !written.starts_with('+'));
            let number = number.ok_or_else(|| error(&format!("{left} is compared with a whole number")))?;
            Ok(Right::Number(number.to_string()))
        }
    }
}

fn outcome(op: Option<Op>, raw: &Raw<'_>, range: bool, span: Range<usize>) -> Result<Right, QueryError> {
    const WORDS: [Outcome; 3] = [Outcome::Committed, Outcome::Aborted, Outcome::Open];
    let error = QueryError::new(span, "txn is compared with committed, aborted or open");
    if range || !matches!(op, None | Some(Op::Eq | Op::Ne)) {
        return Err(error.hint("by == or !=, or in (committed, open)"));
    }
    let written = match raw {
        Raw::Quoted(text) => text.as_str(),
        Raw::Word(word) => word,
        Raw::Regex(_) | Raw::Operand(_) => return Err(error),
    };
    match WORDS.into_iter().find(|outcome| outcome.word() == written) {
        Some(outcome) => Ok(Right::Txn(outcome)),
        None => Err(match meant(written, &WORDS.map(Outcome::word)) {
            Some(word) => error.hint(format!("did you mean {word}?")),
            None => error,
        }),
    }
}
