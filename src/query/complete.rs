//! What may stand at the caret of a query that is being typed: fields that were seen, operators, values, stages.
//!
//! [`Fields`] collects what records hold; [`complete`] looks at the text before the caret and gives candidates with the
//! range that each replaces. To add a kind of candidate: a place in `Wanted`, how it is recognised in `wanted`, what it
//! offers in `candidates`.

mod fields;
mod tokens;

use std::ops::Range;

use super::ast::{Column, Function, Operand, Stage};
use super::operand::NAMES;
use super::parse::{self, STAGES, ends_word};

pub use fields::{Field, Fields, MAX_DEPTH, MAX_PATHS};

use tokens::{Piece, Token, tokens};

/// The most candidates that are given.
const MOST: usize = 100;

/// What may stand at the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What a candidate replaces, in bytes of the text.
    pub range: Range<usize>,
    /// The likeliest first. Empty when nothing is known to fit.
    pub candidates: Vec<Candidate>,
}

/// One thing that may stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What is to be written.
    pub text: String,
    pub kind: CandidateKind,
    /// Of a field: in how many of the records that were looked at.
    pub records: Option<u64>,
    /// Of a field: a value of it, as a query writes it.
    pub example: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// A path, a header, a part of the record.
    Field,
    Operator,
    Value,
    Stage,
    /// A number of a group: `sum`, `p95` …
    Function,
    Column,
    /// `and`, `by`, `exists`, `tombstone` …
    Word,
}

/// What is missing at the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// The beginning of a test.
    Test,
    Operand,
    /// Behind an operand.
    Operator,
    /// A value of this operand.
    Value(String),
    Stage,
    Function,
    /// Behind the numbers of a group; whether `by` may still come.
    Grouping {
        by: bool,
    },
    Duration,
    /// A column of the table that this text makes.
    Column(usize),
    Direction,
    Nothing,
}

/// What may stand at `caret`, a place in bytes; one that is no character's boundary counts as the one before it.
pub fn complete(text: &str, caret: usize, fields: &Fields) -> Completion {
    let mut caret = caret.min(text.len());
    while !text.is_char_boundary(caret) {
        caret -= 1;
    }
    let before = text.get(..caret).unwrap_or_default();
    let mut all = tokens(before);
    let touches = all.last().is_some_and(|token| token.at.end == caret && !matches!(token.piece, Piece::Sign | Piece::Mark));
    let current = if touches { all.pop() } else { None };
    let start = current.as_ref().map_or(caret, |token| token.at.start);
    let typed = current.as_ref().map_or("", |token| token.text);
    let end = caret + text.get(caret..).map_or(0, |rest| rest_of_word(rest, current.as_ref()));
    let wanted = wanted(&all, current.as_ref());
    let mut candidates = candidates(&wanted, text, typed, fields);
    candidates.retain(|candidate| fits(&candidate.text, typed));
    candidates.sort_by_key(|candidate| !starts(&candidate.text, typed));
    candidates.truncate(MOST);
    // What stands there already, alone, is nothing to offer.
    if candidates.len() == 1 && candidates.first().is_some_and(|only| only.text == typed) {
        candidates.clear();
    }
    Completion { range: start..end, candidates }
}

/// How much behind the caret belongs to the word that it stands in.
fn rest_of_word(rest: &str, current: Option<&Token<'_>>) -> usize {
    match current.map(|token| token.piece) {
        Some(Piece::Word) => rest.find(|c| ends_word(c) || matches!(c, '=' | '!' | '<' | '>' | '~')).unwrap_or(rest.len()),
        _ => 0,
    }
}

fn bare(text: &str) -> &str {
    text.trim_start_matches('"').trim_end_matches('"')
}

fn starts(candidate: &str, typed: &str) -> bool {
    let (candidate, typed) = (bare(candidate).to_lowercase(), bare(typed).to_lowercase());
    candidate.starts_with(&typed)
}

/// Whether a candidate has what was typed in it: of a path a part of any name.
fn fits(candidate: &str, typed: &str) -> bool {
    let part = bare(typed).trim_start_matches('.').to_lowercase();
    starts(candidate, typed)
        || (!part.is_empty() && typed.starts_with('.') && candidate.starts_with('.') && candidate.to_lowercase().contains(&part))
}

/// What is missing behind these tokens. `current` is what is being typed.
fn wanted(all: &[Token<'_>], current: Option<&Token<'_>>) -> Wanted {
    if current.is_some_and(|token| token.piece == Piece::Regex) {
        return Wanted::Nothing;
    }
    if let Some(bar) = all.iter().rposition(|token| token.is("|")) {
        let place = all.get(bar).map_or(0, |token| token.at.start);
        return stage(all.get(bar + 1..).unwrap_or_default(), place);
    }
    let Some(last) = all.last() else { return Wanted::Test };
    let nth = |n: usize| all.len().checked_sub(n).and_then(|at| all.get(at));
    let operator = |token: &Token<'_>| token.piece == Piece::Sign || is_word(token, &["contains", "startswith", "endswith", "in"]);
    if operator(last) {
        return nth(2).filter(|token| is_operand(token)).map_or(Wanted::Nothing, |of| Wanted::Value(of.text.to_owned()));
    }
    // Within the list behind `in`.
    if last.is("(") || last.is(",") {
        let open = all.iter().rposition(|token| token.is("("));
        let listed = open.and_then(|open| open.checked_sub(2)).and_then(|at| all.get(at..at + 2));
        if let Some([of, word]) = listed
            && word.is("in")
        {
            return Wanted::Value(of.text.to_owned());
        }
        return if last.is("(") { Wanted::Test } else { Wanted::Nothing };
    }
    if last.is("exists") {
        return Wanted::Operand;
    }
    if is_word(last, &["and", "or", "not"]) || last.is("!") {
        return Wanted::Test;
    }
    let value = nth(2).is_some_and(|token| operator(token) && !token.is("in"));
    if is_operand(last) && !value { Wanted::Operator } else { Wanted::Test }
}

fn is_word(token: &Token<'_>, words: &[&str]) -> bool {
    token.piece == Piece::Word && words.contains(&token.text)
}

fn is_operand(token: &Token<'_>) -> bool {
    let named =
        NAMES.iter().any(|(name, _)| token.text == *name || token.text.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    token.piece == Piece::Word && (token.text.starts_with('.') || token.text.starts_with("header.") || named)
}

/// What is missing in a stage that begins with these tokens, behind the `|` at `bar`.
fn stage(all: &[Token<'_>], bar: usize) -> Wanted {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return Wanted::Stage };
    match first.text {
        "top" | "limit" => Wanted::Nothing,
        "sort" => match all.len() {
            1 => Wanted::Column(bar),
            _ if is_word(last, &["desc"]) => Wanted::Nothing,
            _ if Function::ALL.iter().any(|function| last.is(function.name())) => Wanted::Operand,
            _ => Wanted::Direction,
        },
        "select" | "hist" => {
            let more = all.len() == 1 || (first.is("select") && last.is(","));
            if more { Wanted::Operand } else { Wanted::Nothing }
        }
        _ => {
            let by = all.iter().any(|token| token.is("by"));
            let every = all.iter().any(|token| token.is("every"));
            match last.text {
                "every" => Wanted::Duration,
                "by" => Wanted::Operand,
                "," if by => Wanted::Operand,
                "," => Wanted::Function,
                word if Function::ALL.iter().any(|function| function.name() == word) => Wanted::Operand,
                _ if every => Wanted::Nothing,
                _ => Wanted::Grouping { by: !by },
            }
        }
    }
}

fn candidates(wanted: &Wanted, text: &str, typed: &str, fields: &Fields) -> Vec<Candidate> {
    let of = |kind: CandidateKind, words: &[&str]| words.iter().map(|word| plain(word, kind)).collect::<Vec<_>>();
    match wanted {
        Wanted::Test => {
            let mut all = operands(fields, typed);
            all.extend(of(CandidateKind::Word, &["not", "exists", "tombstone", "keyless", "since:", "until:", "last:", "p:"]));
            all
        }
        Wanted::Operand => operands(fields, typed),
        Wanted::Operator => {
            let mut all =
                of(CandidateKind::Operator, &["==", "!=", "<", "<=", ">", ">=", "~", "!~", "contains", "startswith", "endswith", "in"]);
            all.extend(of(CandidateKind::Word, &["and", "or", "|"]));
            all
        }
        Wanted::Value(operand) => values(operand, fields),
        Wanted::Stage => of(CandidateKind::Stage, &STAGES),
        Wanted::Function => {
            let mut all = of(CandidateKind::Function, &["count", "rate"]);
            all.extend(Function::ALL.iter().map(|function| plain(function.name(), CandidateKind::Function)));
            all
        }
        Wanted::Grouping { by } => of(CandidateKind::Word, if *by { &["by", "every", "|"] } else { &["every", "|"] }),
        Wanted::Duration => of(CandidateKind::Value, &["1s", "10s", "1m", "5m", "15m", "1h", "1d"]),
        Wanted::Column(bar) => {
            let table = text.get(..*bar).and_then(|before| parse::parse(before).ok());
            let columns = table.iter().flat_map(|query| query.stages.iter().flat_map(Stage::columns)).collect::<Vec<Column>>();
            columns.iter().map(|column| plain(&column.to_string(), CandidateKind::Column)).collect()
        }
        Wanted::Direction => of(CandidateKind::Word, &["desc"]),
        Wanted::Nothing => Vec::new(),
    }
}

fn plain(text: &str, kind: CandidateKind) -> Candidate {
    Candidate { text: text.to_owned(), kind, records: None, example: None }
}

/// Fields that were seen, and the parts that every record has.
fn operands(fields: &Fields, typed: &str) -> Vec<Candidate> {
    let seen = fields.all().into_iter().map(|(text, field)| Candidate {
        text: text.to_owned(),
        kind: CandidateKind::Field,
        records: Some(field.records),
        example: field.values.first().cloned(),
    });
    // Paths first, then headers and keys, unless one of these is being typed.
    let mut all: Vec<Candidate> = seen.filter(|candidate| candidate.text != "key").collect();
    all.sort_by_key(|candidate| !candidate.text.starts_with('.'));
    if !typed.starts_with('.') {
        all.extend(NAMES.iter().map(|(name, operand)| {
            let field = fields.get(name).filter(|_| *operand == Operand::Key);
            Candidate { records: field.map(|field| field.records), ..plain(name, CandidateKind::Field) }
        }));
    }
    all
}

/// Values of an operand that were seen, or all that it can have.
fn values(operand: &str, fields: &Fields) -> Vec<Candidate> {
    let known = match operand {
        "txn" => ["committed", "aborted", "open"].map(str::to_owned).to_vec(),
        "topic" => fields.topics().map(str::to_owned).collect(),
        "time" => ["now-5m", "now-15m", "now-1h", "now-1d"].map(str::to_owned).to_vec(),
        "age" => ["1m", "5m", "15m", "1h"].map(str::to_owned).to_vec(),
        "size" => ["1kb", "100kb", "1mb"].map(str::to_owned).to_vec(),
        _ => {
            // Written otherwise, the same path: `.items[*]`, `value.a`.
            let canonical = operand.replace("[*]", "[]");
            let canonical = canonical.strip_prefix("value.").map_or_else(|| canonical.clone(), |path| format!(".{path}"));
            fields.get(&canonical).map_or_else(Vec::new, |field| field.values.clone())
        }
    };
    known.iter().map(|value| plain(value, CandidateKind::Value)).collect()
}

#[cfg(test)]
mod tests;
