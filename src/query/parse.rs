//! Text to expression: one recursive descent with a limit on its depth. Errors point at bytes of the text.

use std::ops::Range;

use crate::json::{Path, PathError, quoted};

use super::ast::{Expr, Flag, Op, Operand, Query, Test, Text};
use super::error::{QueryError, meant};
use super::needle::{Pattern, Written};
use super::operand::{NAMES, Operator, symbol};

mod bare;
mod bounds;
mod stages;

pub(super) use bare::{stands_bare, value_stands_bare};
pub(super) use stages::STAGES;

/// The longest query, in bytes.
const MAX_LENGTH: usize = 65_536;
/// So many times as long at most is the form in which a query prints: `since:1m` becomes `since:now-1m`, a control character its escape.
const LONGER: usize = 8;
/// How deep `not` and parentheses may nest.
const MAX_DEPTH: usize = 100;

/// Reads a query. A text of white space alone is the query that matches everything.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    read(text).map(|(query, _)| query)
}

/// Reads a query where nothing but a filter is of use: stages are refused, with their place.
pub fn parse_filter(text: &str) -> Result<Query, QueryError> {
    let (query, places) = read(text)?;
    match places.first() {
        Some(place) => {
            Err(QueryError::new(place.clone(), "here stands a filter alone, without stages").hint("leave out what stands behind |"))
        }
        None => Ok(query),
    }
}

/// Reads a query where records are listed: `select` and `limit` are taken, tables are refused, with their place.
pub fn parse_list(text: &str) -> Result<Query, QueryError> {
    let (query, places) = read(text)?;
    match places.iter().zip(&query.stages).find(|(_, stage)| stage.makes_table()) {
        Some((place, _)) => {
            let error = QueryError::new(place.clone(), "records are listed here one by one, so that no table can be made of them");
            Err(error.hint("leave the table out; select and limit are of use here"))
        }
        None => Ok(query),
    }
}

/// Where the stages of a query begin, at their first `|`. `None`: it has none, or the text is no query.
pub fn stages_at(text: &str) -> Option<usize> {
    let (_, places) = read(text).ok()?;
    places.first().map(|place| place.start)
}

/// A query that can be printed and read again, and the place of each stage.
fn read(text: &str) -> Result<(Query, Vec<Range<usize>>), QueryError> {
    let (query, places) = understand(text)?;
    if text.len() > MAX_LENGTH / LONGER && query.to_string().len() > MAX_LENGTH {
        return Err(QueryError::new(0..0, "the query is longer than 65,536 bytes when it is written out"));
    }
    Ok((query, places))
}

/// A query, however long it prints.
fn understand(text: &str) -> Result<(Query, Vec<Range<usize>>), QueryError> {
    if text.len() > MAX_LENGTH {
        return Err(QueryError::new(0..0, "the query is longer than 65,536 bytes"));
    }
    let mut parser = Parser { text, at: 0, depth: 0, bounds: Vec::new() };
    parser.space();
    let none = parser.rest().is_empty() || (parser.next_is('|') && !parser.rest().starts_with("||"));
    let expr = if none { None } else { Some(parser.or()?) };
    if parser.next_is(')') {
        return Err(QueryError::new(parser.here(), "this bracket closes nothing").hint("quote a bracket that is meant as text"));
    }
    let (stages, places) = parser.stages()?;
    if !parser.rest().is_empty() {
        return Err(parser.unexpected());
    }
    if let Some(expr) = &expr {
        bounds::misplaced(expr, &parser.bounds)?;
    }
    Ok((Query { expr, stages }, places))
}

impl std::str::FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        parse(text)
    }
}

/// Whether a word ends before this character.
pub(super) fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | ',')
}

#[derive(Debug)]
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    depth: usize,
    bounds: Vec<Range<usize>>,
}

impl<'t> Parser<'t> {
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(super) fn next_is(&self, c: char) -> bool {
        self.rest().starts_with(c)
    }

    /// The character that comes next, as a span.
    pub(super) fn here(&self) -> Range<usize> {
        self.at..self.at + self.rest().chars().next().map_or(0, char::len_utf8)
    }

    /// The length of the word that comes next.
    pub(super) fn word_length(&self) -> usize {
        let rest = self.rest();
        rest.find(ends_word).unwrap_or(rest.len())
    }

    /// Takes the word when it comes next and ends there.
    fn keyword(&mut self, word: &str) -> bool {
        self.space();
        let found = self.rest().strip_prefix(word).is_some_and(|rest| rest.chars().next().is_none_or(ends_word));
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn path(&mut self) -> Result<Path, QueryError> {
        let (path, length) = Path::parse_prefix(self.rest()).map_err(|e| self.path_error(&e))?;
        self.at += length;
        Ok(path)
    }

    fn path_error(&self, error: &PathError) -> QueryError {
        let at = self.at + error.at;
        QueryError::new(at..self.text.get(at..).and_then(|r| r.chars().next()).map_or(at, |c| at + c.len_utf8()), error.message)
    }

    /// The string in quotes that comes next.
    pub(super) fn quoted(&mut self) -> Result<String, QueryError> {
        let (text, length) = quoted(self.rest()).map_err(|e| QueryError::new(self.at..self.text.len(), e.message))?;
        self.at += length;
        Ok(text)
    }

    /// The regular expression that comes next, with its slashes.
    pub(super) fn regex(&mut self) -> Result<Pattern, QueryError> {
        const HINT: &str = "quote a slash that is meant as text: \"/home\"";
        let start = self.at;
        let mut escaped = false;
        let end = self.rest().char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some((length, _)) = end else {
            return Err(QueryError::new(start..self.text.len(), "the regular expression has no / at its end").hint(HINT));
        };
        let source = self.rest().get(1..length).unwrap_or_default();
        self.at += length + 1;
        let any_case = self.next_is('i');
        self.at += usize::from(any_case);
        if self.rest().chars().next().is_some_and(|c| !ends_word(c)) {
            return Err(
                QueryError::new(self.at..self.at + self.word_length(), "behind a regular expression stands nothing but i").hint(HINT)
            );
        }
        let written = if any_case { Written::AnyCase } else { Written::Slashes };
        Pattern::new(source, written).map_err(|message| QueryError::new(start..self.at, message))
    }

    fn or(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.and()?];
        while self.keyword("or") {
            parts.push(self.and()?);
        }
        Expr::any(parts).ok_or_else(|| self.unexpected())
    }

    fn and(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.unary()?];
        loop {
            self.space();
            let before = self.at;
            if self.rest().is_empty() || self.next_is(')') || self.next_is('|') || self.keyword("or") {
                self.at = before;
                return Expr::all(parts).ok_or_else(|| self.unexpected());
            }
            self.keyword("and");
            parts.push(self.unary()?);
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, QueryError>) -> Result<T, QueryError> {
        if self.depth == MAX_DEPTH {
            return Err(QueryError::new(self.here(), "the query nests more than 100 levels deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn unary(&mut self) -> Result<Expr, QueryError> {
        self.space();
        let bang = self.next_is('!') && !self.rest().starts_with("!=") && !self.rest().starts_with("!~");
        if bang || self.keyword("not") {
            self.at += usize::from(bang);
            return Ok(Expr::Not(Box::new(self.deeper(Self::unary)?)));
        }
        if self.next_is('(') {
            let open = self.here();
            self.at += 1;
            let inner = self.deeper(Self::or)?;
            self.space();
            if !self.next_is(')') {
                if self.rest().is_empty() {
                    return Err(QueryError::new(open, "this bracket is not closed"));
                }
                return Err(self.unexpected());
            }
            self.at += 1;
            return Ok(inner);
        }
        Ok(Expr::Test(self.test()?))
    }

    fn test(&mut self) -> Result<Test, QueryError> {
        let start = self.at;
        match self.rest().chars().next() {
            Some('"') => return Ok(Test::Text(Text { text: self.quoted()?, quoted: true })),
            Some('/') => return self.regex().map(Test::Matches),
            None | Some(')' | '|' | ',' | '=' | '!' | '<' | '>' | '~') => return Err(self.unexpected()),
            Some(_) => {}
        }
        if ["and", "or"].into_iter().any(|word| self.keyword(word)) {
            return Err(QueryError::new(start..self.at, "something to test is missing here").hint("quote a word that is meant as text"));
        }
        for (word, flag) in [("tombstone", Flag::Tombstone), ("keyless", Flag::Keyless)] {
            if self.keyword(word) {
                return Ok(Test::Flag(flag));
            }
        }
        if let Some(bound) = self.bound()? {
            self.bounds.push(start..self.at);
            return Ok(Test::Bound(bound));
        }
        if self.keyword("exists") {
            self.space();
            match self.operand()? {
                Some(
                    of @ (Operand::Path(_)
                    | Operand::Key
                    | Operand::KeyPath(_)
                    | Operand::Value
                    | Operand::Header(_)
                    | Operand::HeaderPath(..)),
                ) => {
                    return Ok(Test::Exists(of));
                }
                _ => self.at = start,
            }
        }
        match self.operand()? {
            Some(operand) => self.tested(operand, start),
            None => self.word(),
        }
    }

    /// What is asked of an operand.
    fn tested(&mut self, operand: Operand, start: usize) -> Result<Test, QueryError> {
        let end = self.at;
        match self.operator()? {
            Some(Operator::Op(op)) => self.compared(operand, op),
            Some(Operator::In) => self.listed(operand),
            None if NAMES.iter().any(|(_, name)| *name == operand) => {
                self.at = start;
                self.word()
            }
            None => {
                self.at = end;
                if self.rest().chars().next().is_some_and(|c| !ends_word(c)) {
                    return Err(
                        QueryError::new(self.here(), "a name with this character in it stands in quotes").hint("for example .\"odd name\"")
                    );
                }
                Ok(Test::Holds(operand))
            }
        }
    }

    /// Text to find, as one word.
    fn word(&mut self) -> Result<Test, QueryError> {
        let span = self.at..self.at + self.word_length();
        let word = self.text.get(span.clone()).unwrap_or_default();
        if word.is_empty() {
            return Err(self.unexpected());
        }
        self.at = span.end;
        let before = self.at;
        self.space();
        if let Some((length, _)) = symbol(self.rest()) {
            let known: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            let hint = match (meant(word, &known), self.as_field(word, length)) {
                (Some(name), _) => format!("did you mean {name}? A field of the value is written .{word}"),
                (None, Some(test)) => format!("write {test}"),
                (None, None) => format!("a field of the value is written .{word}; quote what is meant as text"),
            };
            return Err(QueryError::new(span, "this word is text to find and cannot be compared").hint(hint));
        }
        self.at = before;
        Ok(Test::Text(Text { text: word.into(), quoted: false }))
    }

    /// The comparison that comes next, with `word` as a field of the value: what was probably meant.
    fn as_field(&self, word: &str, operator: usize) -> Option<String> {
        let (sign, rest) = self.rest().split_at_checked(operator)?;
        let rest = rest.trim_start();
        let value = rest.split(|c: char| c.is_whitespace() || c == ')').next().filter(|value| !value.is_empty())?;
        let test = format!(".{word} {} {value}", if sign == "=" { "==" } else { sign });
        parse(&test).is_ok().then_some(test)
    }

    fn compared(&mut self, left: Operand, op: Op) -> Result<Test, QueryError> {
        let right = self.right(&left, Some(op), false)?;
        Ok(Test::Compare { left, op, right })
    }

    /// `(a, b)` or `a..b`.
    fn listed(&mut self, left: Operand) -> Result<Test, QueryError> {
        self.space();
        if self.next_is('(') {
            self.at += 1;
            let mut list = Vec::new();
            loop {
                list.push(self.right(&left, None, false)?);
                self.space();
                let here = self.here();
                if self.next_is(')') {
                    self.at += 1;
                    return Ok(Test::In { left, list });
                }
                if !self.next_is(',') {
                    return Err(QueryError::new(here, "a comma or the end of the list is missing here").hint("for example in (EUR, USD)"));
                }
                self.at += 1;
            }
        }
        let low = self.right(&left, Some(Op::Ge), true)?;
        self.space();
        if !self.rest().starts_with("..") {
            return Err(QueryError::new(self.here(), "behind in stands a list or a range").hint("for example in (0, 3) or in 1..5"));
        }
        self.at += 2;
        let open = self.next_is('<');
        self.at += usize::from(open);
        let high = self.right(&left, Some(Op::Le), true)?;
        Ok(Test::Between { left, low, high, open })
    }

    /// What stands here belongs nowhere.
    fn unexpected(&mut self) -> QueryError {
        self.space();
        let here = self.here();
        let rest = self.rest();
        for (wrong, right) in [("||", "or"), ("&&", "and")] {
            if rest.starts_with(wrong) {
                return QueryError::new(here.start..here.start + 2, format!("{wrong} is no operator"))
                    .hint(format!("did you mean {right}?"));
            }
        }
        if let Some((length, _)) = symbol(rest) {
            let message = "what is compared is missing before this operator";
            return QueryError::new(here.start..here.start + length, message).hint("for example .amount > 100, key == \"user-42\"");
        }
        match rest.chars().next() {
            Some('|') => {
                QueryError::new(here, "stages stand behind the whole query, not in brackets").hint("quote a | that is meant as text")
            }
            Some(',') => QueryError::new(here, "a comma stands only in lists").hint("quote a comma that is meant as text"),
            Some(')') => QueryError::new(here, "something to test is missing before this bracket"),
            Some(_) => QueryError::new(here, "this stands at the wrong place"),
            None => QueryError::new(here, "something to test is missing at the end"),
        }
    }
}
