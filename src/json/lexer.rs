//! Tokens of JSON text. Lossless: every byte that is not white space lies in exactly one token, and any bytes may come.

use super::scan::{self, Scan, State};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    ObjectOpen,
    ObjectClose,
    ArrayOpen,
    ArrayClose,
    Colon,
    Comma,
    /// With its quotes. Its bytes need not be UTF-8: what is between the quotes is the producer's.
    String,
    Number,
    True,
    False,
    Null,
    /// Bytes that are no JSON: a run up to the next delimiter, or a string with a control character or an unknown escape
    /// in it. [`Lexer::why`] says what is wrong. Lexing goes on behind it.
    Broken,
}

/// A token and where it lies: `start..end` in bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// The text ends within it, or may do so: a string without closing quote, half a word or number, and any scalar that
    /// touches the end of the text while an object or array is open (`{"n": 17` may have been 170). Then `kind` is what
    /// it would have been.
    pub cut: bool,
}

impl Token {
    /// The bytes of the token.
    pub fn of<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// Iterates the tokens of a text. A byte order mark at the start is skipped, like white space.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Open objects and arrays, not checked against each other: that is the grammar's part.
    open: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self { text, at: scan::start(text), open: 0 }
    }

    /// Starts in the middle of a text, at a token within `open` objects and arrays.
    pub(super) fn within(text: &'a [u8], at: usize, open: usize) -> Self {
        Self { text, at, open }
    }

    /// What is wrong with a [`Kind::Broken`] token of this text.
    pub fn why(text: &[u8], token: &Token) -> &'static str {
        let state = match scan::byte(text, token.start) {
            Some(b'"') => scan::string(text, token.start).state,
            Some(b'-' | b'0'..=b'9') => scan::number(text, token.start).state,
            Some(b't' | b'f' | b'n' | b'N' | b'I' | b'T' | b'F') => State::Broken("a word that JSON does not have"),
            Some(b'\'') => State::Broken("a single quote where JSON has double quotes"),
            Some(b'/' | b'#') => State::Broken("a comment, which JSON does not have"),
            _ => State::Whole,
        };
        if let State::Broken(why) = state { why } else { "no JSON" }
    }

    #[inline]
    fn scalar(&self, kind: Kind, start: usize, scan: Scan) -> Token {
        let touches = self.open > 0 && scan.end >= self.text.len();
        match scan.state {
            State::Broken(_) => Token { kind: Kind::Broken, start, end: scan.end, cut: false },
            State::Cut => Token { kind, start, end: scan.end, cut: true },
            State::Whole | State::Escaped => Token { kind, start, end: scan.end, cut: touches },
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        let start = scan::space(self.text, self.at);
        let one = |kind| Token { kind, start, end: start + 1, cut: false };
        let token = match scan::byte(self.text, start)? {
            b'{' => one(Kind::ObjectOpen),
            b'}' => one(Kind::ObjectClose),
            b'[' => one(Kind::ArrayOpen),
            b']' => one(Kind::ArrayClose),
            b':' => one(Kind::Colon),
            b',' => one(Kind::Comma),
            b'"' => self.scalar(Kind::String, start, scan::string(self.text, start)),
            b'-' | b'0'..=b'9' => self.scalar(Kind::Number, start, scan::number(self.text, start)),
            b't' => self.scalar(Kind::True, start, scan::word(self.text, start, b"true")),
            b'f' => self.scalar(Kind::False, start, scan::word(self.text, start, b"false")),
            b'n' => self.scalar(Kind::Null, start, scan::word(self.text, start, b"null")),
            _ => Token { kind: Kind::Broken, start, end: scan::run(self.text, start), cut: false },
        };
        match token.kind {
            Kind::ObjectOpen | Kind::ArrayOpen => self.open += 1,
            Kind::ObjectClose | Kind::ArrayClose => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.at = token.end;
        Some(token)
    }
}
