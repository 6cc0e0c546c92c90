//! The grammar of JSON over the tokens: which token is a key, how deep it lies, and where the text breaks. Iterative,
//! one bit per level.

use super::lexer::{Kind, Lexer, Token};
use super::scan::Nest;

/// What a text is. Positions are bytes from the start of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON value.
    Valid,
    /// Several values one behind the other: NDJSON, or values without any separator.
    ValidSequence,
    /// JSON up to `at`, and there it stops to be.
    Broken { at: usize, why: &'static str },
    /// JSON that ends too early; what begins at `at` is cut (the end of the text, when a token is missing there).
    Truncated { at: usize },
    /// Nothing that starts like JSON: empty, text, bytes, or a scalar with something else behind it.
    NotJson,
}

/// What a token is to the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A member's name.
    Key,
    /// A scalar.
    Value,
    Open,
    Close,
    Colon,
    Comma,
}

/// A token that stands where the grammar wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    pub token: Token,
    pub role: Role,
    /// Objects and arrays around it; an opening and its closing bracket have the same depth.
    pub depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// At the top: a value, or the end.
    Top,
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    Next,
}

#[derive(Debug, Clone, Copy)]
enum Stop {
    Broken(usize, &'static str),
    Cut(usize),
}

/// Iterates the tokens as far as they are JSON; then [`Reader::shape`] says what the text is.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a [u8],
    lexer: Lexer<'a>,
    nest: Nest,
    expect: Expect,
    values: usize,
    containers: bool,
    stop: Option<Stop>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a [u8]) -> Self {
        Self::over(text, Lexer::new(text), Expect::Top)
    }

    /// Reads one value in the middle of a text, within an open object or array.
    pub(super) fn value_at(text: &'a [u8], at: usize) -> Self {
        Self::over(text, Lexer::within(text, at, 1), Expect::Value)
    }

    fn over(text: &'a [u8], lexer: Lexer<'a>, expect: Expect) -> Self {
        Self { text, lexer, nest: Nest::default(), expect, values: 0, containers: false, stop: None }
    }

    /// How many objects and arrays are open now.
    pub fn depth(&self) -> usize {
        self.nest.depth()
    }

    /// Values that were read to their end at the top level.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Where reading stopped before the end of the text: the first byte that is not JSON, or is cut.
    pub fn stopped_at(&self) -> Option<usize> {
        self.stop.map(|stop| match stop {
            Stop::Broken(at, _) | Stop::Cut(at) => at,
        })
    }

    /// What the text is, as far as it was read: ask after the last token.
    pub fn shape(&self) -> Shape {
        match self.stop {
            // A scalar, or nothing, and then something that is no JSON: text that happens to start with a number.
            Some(Stop::Broken(..)) if !self.containers => Shape::NotJson,
            Some(Stop::Broken(at, why)) => Shape::Broken { at, why },
            Some(Stop::Cut(at)) if !self.containers && self.text.get(at) != Some(&b'"') => Shape::NotJson,
            Some(Stop::Cut(at)) => Shape::Truncated { at },
            None => match self.values {
                0 => Shape::NotJson,
                1 => Shape::Valid,
                _ => Shape::ValidSequence,
            },
        }
    }

    #[cold]
    fn broken(&mut self, token: &Token) -> Option<Stepped> {
        let why = match (token.kind, self.expect) {
            (Kind::Broken, _) => Lexer::why(self.text, token),
            (Kind::ObjectClose | Kind::ArrayClose, Expect::Key | Expect::Value) if self.nest.object().is_some() => {
                "a bracket closes where a value is missing"
            }
            (Kind::ObjectClose | Kind::ArrayClose, _) => "a bracket closes what it did not open",
            (_, Expect::Top | Expect::Value | Expect::FirstElement) => "a value is missing here",
            (_, Expect::FirstKey | Expect::Key) => "a name in double quotes is missing here",
            (_, Expect::Colon) => "a colon is missing here",
            (_, Expect::Next) => "a comma or a closing bracket is missing here",
        };
        self.stop = Some(Stop::Broken(token.start, why));
        None
    }

    #[inline]
    fn after_value(&mut self) {
        self.expect = if self.nest.object().is_some() {
            Expect::Next
        } else {
            self.values += 1;
            Expect::Top
        };
    }

    #[inline]
    fn open(&mut self, token: Token, object: bool) -> Stepped {
        let depth = self.nest.depth();
        self.nest.push(object);
        self.containers = true;
        self.expect = if object { Expect::FirstKey } else { Expect::FirstElement };
        Stepped { token, role: Role::Open, depth }
    }

    #[inline]
    fn close(&mut self, token: Token) -> Stepped {
        self.nest.pop();
        self.after_value();
        Stepped { token, role: Role::Close, depth: self.nest.depth() }
    }
}

impl Iterator for Reader<'_> {
    type Item = Stepped;

    #[inline]
    fn next(&mut self) -> Option<Stepped> {
        if self.stop.is_some() {
            return None;
        }
        let Some(token) = self.lexer.next() else {
            if self.expect != Expect::Top {
                self.stop = Some(Stop::Cut(self.text.len()));
            }
            return None;
        };
        let wants_value = matches!(self.expect, Expect::Top | Expect::Value | Expect::FirstElement);
        let wants_key = matches!(self.expect, Expect::FirstKey | Expect::Key);
        if token.cut {
            if wants_value || (wants_key && token.kind == Kind::String) {
                self.stop = Some(Stop::Cut(token.start));
                return None;
            }
            return self.broken(&token);
        }
        let depth = self.nest.depth();
        match token.kind {
            Kind::String if wants_key => {
                self.expect = Expect::Colon;
                Some(Stepped { token, role: Role::Key, depth })
            }
            Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null if wants_value => {
                self.after_value();
                Some(Stepped { token, role: Role::Value, depth })
            }
            Kind::ObjectOpen | Kind::ArrayOpen if wants_value => Some(self.open(token, token.kind == Kind::ObjectOpen)),
            Kind::ObjectClose if self.nest.object() == Some(true) && matches!(self.expect, Expect::Next | Expect::FirstKey) => {
                Some(self.close(token))
            }
            Kind::ArrayClose if self.nest.object() == Some(false) && matches!(self.expect, Expect::Next | Expect::FirstElement) => {
                Some(self.close(token))
            }
            Kind::Colon if self.expect == Expect::Colon => {
                self.expect = Expect::Value;
                Some(Stepped { token, role: Role::Colon, depth })
            }
            Kind::Comma if self.expect == Expect::Next => {
                self.expect = if self.nest.object() == Some(true) { Expect::Key } else { Expect::Value };
                Some(Stepped { token, role: Role::Comma, depth })
            }
            _ => self.broken(&token),
        }
    }
}
