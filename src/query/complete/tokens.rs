//! A query that is being typed, in pieces: good enough for one that does not parse yet.

use std::ops::Range;

use crate::query::operand::symbol;
use crate::query::parse::ends_word;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A word, a path, a bound: whatever has no space.
    Word,
    /// In quotes, closed or not.
    Quoted,
    /// Between slashes, closed or not.
    Regex,
    /// An operator of signs.
    Sign,
    /// One of `( ) , |`.
    Mark,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) piece: Piece,
    pub(super) at: Range<usize>,
    pub(super) text: &'t str,
}

impl Token<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        self.piece != Piece::Quoted && self.text == text
    }
}

/// The pieces of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut all: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let space = rest.len() - rest.trim_start().len();
        if space > 0 {
            at += space;
            continue;
        }
        let value = all.last().is_some_and(|token| token.piece == Piece::Sign);
        let (piece, length) = piece(rest, value);
        let end = at + length;
        all.push(Token { piece, at: at..end, text: text.get(at..end).unwrap_or_default() });
        at = end;
    }
    all
}

/// What the text starts with, and its length. `value`: an operator of signs stands before it.
fn piece(rest: &str, value: bool) -> (Piece, usize) {
    match rest.chars().next() {
        Some('"') => (Piece::Quoted, closed(rest, '"')),
        Some('/') => (Piece::Regex, closed(rest, '/') + usize::from(rest.get(closed(rest, '/')..).is_some_and(|r| r.starts_with('i')))),
        Some('(' | ')' | ',' | '|') => (Piece::Mark, 1),
        _ => match symbol(rest) {
            Some((length, _)) => (Piece::Sign, length),
            None => (Piece::Word, word(rest, value)),
        },
    }
}

/// The length of something that begins with `quote` and ends with it.
fn closed(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, c)| at + c.len_utf8())
}

/// The length of a word: names in quotes belong to a path, operators of signs end one.
fn word(rest: &str, value: bool) -> usize {
    let mut at = 0;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let here = rest.get(at..).unwrap_or_default();
        if c == '"' && rest.get(..at).is_some_and(|before| before.ends_with('.')) {
            at += closed(here, '"');
        } else if ends_word(c) || (at > 0 && !value && symbol(here).is_some()) {
            break;
        } else {
            at += c.len_utf8();
        }
    }
    at
}
