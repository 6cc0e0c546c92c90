//! A query as data. Every expression prints to a canonical text that parses to the same expression.

use std::fmt;
use std::time::Duration;

use crate::json::{Path, Quoted};
use crate::model::Outcome;

use super::needle::Pattern;
use super::parse::{stands_bare, value_stands_bare};
use super::when::{ShownDuration, When};

mod stage;

pub use stage::{Aggregate, Column, Function, Grouping, Stage};

/// A whole query. Without an expression it matches every record; without stages its records are listed as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    pub expr: Option<Expr>,
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// At least two, none of them an `Or`.
    Or(Vec<Self>),
    /// At least two, none of them an `And`.
    And(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// One question about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// Bytes in key, value or a header.
    Text(Text),
    /// The same with a regular expression.
    Matches(Pattern),
    Compare {
        left: Operand,
        op: Op,
        right: Right,
    },
    In {
        left: Operand,
        list: Vec<Right>,
    },
    /// From `low` to `high`: `low..high` includes both, `low..<high` leaves the upper end out.
    Between {
        left: Operand,
        low: Right,
        high: Right,
        open: bool,
    },
    Exists(Operand),
    /// Present and neither null nor false.
    Holds(Operand),
    Flag(Flag),
    Bound(Bound),
}

/// Text to find. In quotes its case counts; else only if it has a capital.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    pub quoted: bool,
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// The value, read as JSON.
    Path(Path),
    Key,
    KeyPath(Path),
    /// The value as bytes.
    Value,
    Header(String),
    HeaderPath(String, Path),
    Topic,
    Partition,
    Offset,
    Time,
    /// Bytes of key, value and headers.
    Size,
    /// How long before now the record's time is.
    Age,
    Txn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Matches,
    NotMatches,
    Contains,
    StartsWith,
    EndsWith,
}

/// What an operand is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// A string. `quoted` only differs from true where case depends on it.
    Text(Text),
    /// As it was written: every digit counts.
    Number(String),
    Bool(bool),
    Null,
    Pattern(Pattern),
    Operand(Operand),
    /// Bytes.
    Size(u64),
    Duration(Duration),
    Time(When),
    Txn(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// The value is null.
    Tombstone,
    /// The key is null.
    Keyless,
}

/// What narrows the places to read. Stands only at the top level of a conjunction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// Records at or after a time.
    Since(When),
    /// Records before a time.
    Until(When),
    /// These partitions, in ascending order, each once.
    Partitions(Vec<i32>),
    /// The last so many offsets of each partition: for where to read, true of every record.
    Last(u64),
}

impl Expr {
    /// All of these; conjunctions among them are taken apart.
    pub fn all(exprs: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match expr {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() < 2 { flat.pop() } else { Some(Self::And(flat)) }
    }

    /// Any of these; disjunctions among them are taken apart.
    pub fn any(exprs: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match expr {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() < 2 { flat.pop() } else { Some(Self::Or(flat)) }
    }

    /// The parts of the conjunction that the expression is, or it alone.
    pub fn conjuncts(&self) -> &[Self] {
        match self {
            Self::And(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }
}

impl Op {
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Matches => "~",
            Self::NotMatches => "!~",
            Self::Contains => "contains",
            Self::StartsWith => "startswith",
            Self::EndsWith => "endswith",
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::Or(_) | Self::And(_) if !matches!((part, word), (Self::And(_), "or")) => write!(f, "({part})")?,
                    _ => part.fmt(f)?,
                }
            }
            Ok(())
        };
        match self {
            Self::Or(parts) => joined(f, parts, "or"),
            Self::And(parts) => joined(f, parts, "and"),
            Self::Not(inner) => match **inner {
                Self::Or(_) | Self::And(_) => write!(f, "not ({inner})"),
                _ => write!(f, "not {inner}"),
            },
            Self::Test(test) => test.fmt(f),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Matches(pattern) => pattern.fmt(f),
            Self::Compare { left, op, right } => write!(f, "{left} {} {right}", op.symbol()),
            Self::In { left, list } => {
                write!(f, "{left} in (")?;
                for (index, right) in list.iter().enumerate() {
                    write!(f, "{}{right}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Between { left, low, high, open } => write!(f, "{left} in {low}..{}{high}", if *open { "<" } else { "" }),
            Self::Exists(operand) => write!(f, "exists {operand}"),
            Self::Holds(operand) => operand.fmt(f),
            Self::Flag(Flag::Tombstone) => f.write_str("tombstone"),
            Self::Flag(Flag::Keyless) => f.write_str("keyless"),
            Self::Bound(bound) => bound.fmt(f),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.quoted && stands_bare(&self.text) { f.write_str(&self.text) } else { Quoted(&self.text).fmt(f) }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Key => f.write_str("key"),
            Self::KeyPath(path) => write!(f, "key{path}"),
            Self::Value => f.write_str("value"),
            Self::Header(name) if !name.is_empty() && !name.contains("..") && name.chars().all(header_letter) => write!(f, "header.{name}"),
            Self::Header(name) => write!(f, "header.{}", Quoted(name)),
            Self::HeaderPath(name, path) => write!(f, "header.{}{path}", Quoted(name)),
            Self::Topic => f.write_str("topic"),
            Self::Partition => f.write_str("partition"),
            Self::Offset => f.write_str("offset"),
            Self::Time => f.write_str("time"),
            Self::Size => f.write_str("size"),
            Self::Age => f.write_str("age"),
            Self::Txn => f.write_str("txn"),
        }
    }
}

/// Whether a header's name may have this letter without quotes.
pub(super) fn header_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(Text { text, quoted: false }) if value_stands_bare(text) => f.write_str(text),
            Self::Text(text) => Quoted(&text.text).fmt(f),
            Self::Number(number) => f.write_str(number),
            Self::Bool(bool) => bool.fmt(f),
            Self::Null => f.write_str("null"),
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Operand(operand) => operand.fmt(f),
            Self::Size(bytes) => match bytes {
                0 => f.write_str("0"),
                n if n % 1_000_000 == 0 => write!(f, "{}mb", n / 1_000_000),
                n if n % 1000 == 0 => write!(f, "{}kb", n / 1000),
                n => write!(f, "{n}"),
            },
            Self::Duration(duration) => ShownDuration(*duration).fmt(f),
            Self::Time(when) => when.fmt(f),
            Self::Txn(outcome) => f.write_str(outcome.word()),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since(when) => write!(f, "since:{when}"),
            Self::Until(when) => write!(f, "until:{when}"),
            Self::Partitions(partitions) => {
                f.write_str("p:")?;
                for (index, partition) in partitions.iter().enumerate() {
                    write!(f, "{}{partition}", if index > 0 { "," } else { "" })?;
                }
                Ok(())
            }
            Self::Last(n) => write!(f, "last:{n}"),
        }
    }
}
