//! Literals that the raw bytes of every match contain: searched in whole decompressed batches, and then in records,
//! before anything is parsed. Passing says nothing; failing says that no record in these bytes matches.
//!
//! What is looked for in a key, a value or a header as bytes stands there as it is. A string or a name within JSON may be
//! written otherwise, but without quote, backslash, slash, control and non-ASCII characters only by `\u`: so bytes that
//! have a `\u` in them pass. Numbers can be written in many ways and are never looked for.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::json::{Path, Step};

use super::ast::{Expr, Op, Operand, Right, Test, Text};
use super::literal;
use super::needle::{Needle, Pattern, Place, exact};

/// More alternatives than this are not worth their searches.
const MAX_ALTERNATIVES: usize = 16;

static UNICODE_ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br"\u"));

/// What every match contains: one needle of each clause.
#[derive(Clone, Default)]
pub struct Prefilter {
    clauses: Vec<Clause>,
}

/// One of the needles is in the bytes, or, within JSON, a `\u`.
#[derive(Clone)]
struct Clause {
    any: Vec<Needle>,
    json: bool,
    /// For showing: what is looked for.
    words: Vec<String>,
}

impl fmt::Debug for Prefilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clauses.iter().map(|clause| &clause.words)).finish()
    }
}

impl Prefilter {
    pub(super) fn of(expr: &Expr) -> Self {
        let mut clauses = clauses(expr);
        // Exact searches are the fastest, and JSON's may have to look for a `\u` too.
        clauses.sort_by_key(|clause| (clause.any.iter().any(|needle| matches!(needle, Needle::Regex(_))), clause.json));
        Self { clauses }
    }

    /// Whether there is nothing to search for: then everything passes.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// What is searched for, as texts: one of each inner list must be found. For saying how a query is run.
    pub fn words(&self) -> impl Iterator<Item = &[String]> {
        self.clauses.iter().map(|clause| clause.words.as_slice())
    }

    /// Whether records in these bytes may match: a whole decompressed batch, or the bytes of one record.
    pub fn may_match(&self, bytes: &[u8]) -> bool {
        self.clauses
            .iter()
            .all(|clause| clause.any.iter().any(|needle| needle.is_in(bytes)) || (clause.json && UNICODE_ESCAPE.find(bytes).is_some()))
    }
}

impl Clause {
    fn new(needle: Needle, word: &str, json: bool) -> Self {
        Self { any: vec![needle], json, words: vec![word.into()] }
    }

    fn exact(word: &str, json: bool) -> Self {
        Self::new(Needle::exact(word.as_bytes(), Place::Anywhere), word, json)
    }

    /// One of these clauses, if each alternative has one.
    fn union(clauses: impl Iterator<Item = Option<Self>>) -> Option<Self> {
        let mut union: Option<Self> = None;
        for clause in clauses {
            let clause = clause?;
            match &mut union {
                None => union = Some(clause),
                Some(all) => {
                    all.any.extend(clause.any);
                    all.words.extend(clause.words);
                    all.json |= clause.json;
                }
            }
        }
        union.filter(|all| all.any.len() <= MAX_ALTERNATIVES)
    }
}

fn clauses(expr: &Expr) -> Vec<Clause> {
    match expr {
        Expr::And(parts) => parts.iter().flat_map(clauses).collect(),
        Expr::Or(parts) => Clause::union(parts.iter().map(|part| clauses(part).into_iter().next())).into_iter().collect(),
        Expr::Not(_) => Vec::new(),
        Expr::Test(test) => self::test(test),
    }
}

/// Whether a text stands in JSON as it is unless it is written with `\u`.
fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b) && !matches!(b, b'"' | b'\\' | b'/'))
}

fn is_json(operand: &Operand) -> bool {
    matches!(operand, Operand::Path(_) | Operand::KeyPath(_) | Operand::HeaderPath(..))
}

fn test(test: &Test) -> Vec<Clause> {
    let one = match test {
        Test::Text(text) => found(text, false),
        Test::Matches(pattern) => matched(pattern, false),
        Test::Compare { left, right: Right::Operand(right), .. } => return name(left).into_iter().chain(name(right)).collect(),
        Test::Compare { left, op, right } => compared(left, *op, right).or_else(|| name(left)),
        Test::In { left, list } => Clause::union(list.iter().map(|right| equal(left, right))).or_else(|| name(left)),
        Test::Between { left, .. } | Test::Exists(left) | Test::Holds(left) => name(left),
        Test::Flag(_) | Test::Bound(_) => None,
    };
    one.into_iter().collect()
}

/// The name that a field must have to exist: of a path the last.
fn name(operand: &Operand) -> Option<Clause> {
    let last = |path: &Path| {
        let names = path.steps().iter().rev().filter_map(|step| if let Step::Name(name) = step { Some(name) } else { None });
        names.into_iter().find(|name| plain(name)).map(|name| Clause::exact(&format!("\"{name}\""), true))
    };
    match operand {
        Operand::Path(path) | Operand::KeyPath(path) | Operand::HeaderPath(_, path) => last(path),
        Operand::Header(name) if !name.is_empty() => Some(Clause::exact(name, false)),
        _ => None,
    }
}

/// Text that is found by the case rules.
fn found(text: &Text, json: bool) -> Option<Clause> {
    if text.text.is_empty() || (json && !plain(&text.text)) {
        return None;
    }
    let needle =
        if exact(text) { Needle::exact(text.text.as_bytes(), Place::Anywhere) } else { Needle::any_case(&text.text, Place::Anywhere) };
    Some(Clause::new(needle, &text.text, json))
}

fn matched(pattern: &Pattern, json: bool) -> Option<Clause> {
    let text = literal::required(pattern.source()).filter(|text| !json || plain(text))?;
    let needle =
        if pattern.any_case() { Needle::any_case(&text, Place::Anywhere) } else { Needle::exact(text.as_bytes(), Place::Anywhere) };
    Some(Clause::new(needle, &text, json))
}

/// What equality asks for.
fn equal(left: &Operand, right: &Right) -> Option<Clause> {
    match (left, right) {
        (Operand::Topic | Operand::Txn, _) => None,
        (left, Right::Text(text)) if is_json(left) => plain(&text.text).then(|| Clause::exact(&format!("\"{}\"", text.text), true)),
        // Keys, values and headers are compared with a number as text.
        (_, Right::Text(Text { text, .. }) | Right::Number(text)) if !is_json(left) && bytes(left) && !text.is_empty() => {
            Some(Clause::exact(text, false))
        }
        _ => None,
    }
}

fn bytes(operand: &Operand) -> bool {
    matches!(operand, Operand::Key | Operand::Value | Operand::Header(_))
}

fn compared(left: &Operand, op: Op, right: &Right) -> Option<Clause> {
    if !is_json(left) && !bytes(left) {
        return None;
    }
    match (op, right) {
        (Op::Eq, right) => equal(left, right),
        (Op::Contains | Op::StartsWith | Op::EndsWith, Right::Text(text)) => found(text, is_json(left)),
        (Op::Matches, Right::Pattern(pattern)) => matched(pattern, is_json(left)),
        _ => None,
    }
}
