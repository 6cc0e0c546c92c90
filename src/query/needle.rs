//! Text and regular expressions to find in bytes, with the case rules of the language: any case when written without
//! a capital and without quotes, else exact.

use std::fmt;
use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use crate::json::Quoted;

use super::ast::Text;

/// What a compiled expression may take in bytes. Matching time is linear in the text whatever is written.
const SIZE_LIMIT: usize = 1 << 20;
/// How deep a regular expression may nest.
const NEST_LIMIT: u32 = 100;

/// How a regular expression was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// `/…/`: any case unless it has a capital.
    Slashes,
    /// `/…/i`: any case.
    AnyCase,
    /// `"…"`: exact.
    Quoted,
}

/// A regular expression that compiles.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    written: Written,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.written == other.written
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({self})")
    }
}

impl Pattern {
    /// Compiles; `Err` says what is wrong with the expression. Between slashes, `\/` is a slash.
    pub fn new(source: &str, written: Written) -> Result<Self, String> {
        let source = if written == Written::Quoted { source.to_owned() } else { plain_slashes(source) };
        match build(&source, any_case(&source, written)) {
            Ok(regex) => Ok(Self { source, written, regex }),
            Err(regex::Error::CompiledTooBig(_)) => Err("the regular expression is too large".into()),
            Err(error) => {
                let text = error.to_string();
                let cause = text.rsplit("error: ").next().unwrap_or(&text).trim();
                Err(format!("the regular expression cannot be read: {cause}"))
            }
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn written(&self) -> Written {
        self.written
    }

    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }

    pub(super) fn any_case(&self) -> bool {
        any_case(&self.source, self.written)
    }
}

fn any_case(source: &str, written: Written) -> bool {
    match written {
        Written::Slashes => !has_capital(source),
        Written::AnyCase => true,
        Written::Quoted => false,
    }
}

fn plain_slashes(source: &str) -> String {
    let (mut plain, mut escaped) = (String::with_capacity(source.len()), false);
    for c in source.chars() {
        if escaped && c == '/' {
            plain.pop();
        }
        plain.push(c);
        escaped = c == '\\' && !escaped;
    }
    plain
}

fn build(source: &str, any_case: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).case_insensitive(any_case).size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT).build()
}

/// Whether the literal characters of an expression have a capital: not those of `\D`, `\p{Lu}` or a group's name.
fn has_capital(source: &str) -> bool {
    let mut chars = source.chars().peekable();
    let mut before = ['\0'; 2];
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = chars.next();
                if let Some('p' | 'P' | 'x' | 'u' | 'U' | 'b') = class {
                    let close = if chars.peek() == Some(&'{') { Some('}') } else { None };
                    let _ = close.and_then(|close| chars.by_ref().find(|&c| c == close));
                    if let (Some('p' | 'P'), None) = (class, close) {
                        chars.next();
                    }
                }
            }
            // (?<Name> and (?P<Name>, but not look-around, which this engine does not have.
            '<' if before == ['(', '?'] || before.last() == Some(&'P') => {
                let _ = chars.by_ref().find(|&c| c == '>');
            }
            'P' if before == ['(', '?'] => {}
            c if c.is_uppercase() => return true,
            _ => {}
        }
        before = [before.last().copied().unwrap_or_default(), c];
    }
    false
}

/// As it is written in a query; a slash within is escaped.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.written == Written::Quoted {
            return Quoted(&self.source).fmt(f);
        }
        f.write_str("/")?;
        let mut escaped = false;
        for c in self.source.chars() {
            if c == '/' && !escaped {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
            escaped = c == '\\' && !escaped;
        }
        f.write_str(if self.written == Written::AnyCase { "/i" } else { "/" })
    }
}

/// Where in a text the bytes have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Anywhere,
    Start,
    End,
}

/// Something to find in bytes.
#[derive(Debug, Clone)]
pub(super) enum Needle {
    Exact(Box<Finder<'static>>, Place),
    Regex(Regex),
}

impl Needle {
    pub(super) fn exact(bytes: &[u8], place: Place) -> Self {
        Self::Exact(Box::new(Finder::new(bytes).into_owned()), place)
    }

    /// Text by the case rules.
    pub(super) fn text(text: &Text, place: Place) -> Self {
        if exact(text) { Self::exact(text.text.as_bytes(), place) } else { Self::any_case(&text.text, place) }
    }

    pub(super) fn any_case(text: &str, place: Place) -> Self {
        let escaped = regex::escape(text);
        let source = match place {
            Place::Anywhere => escaped,
            Place::Start => format!(r"\A{escaped}"),
            Place::End => format!(r"{escaped}\z"),
        };
        // Only a text so long that it passes the size limit fails here; then its case counts.
        build(&source, true).map_or_else(|_| Self::exact(text.as_bytes(), place), Self::Regex)
    }

    #[inline]
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Exact(finder, Place::Anywhere) => finder.find(bytes).is_some(),
            Self::Exact(finder, Place::Start) => bytes.starts_with(finder.needle()),
            Self::Exact(finder, Place::End) => bytes.ends_with(finder.needle()),
            Self::Regex(regex) => regex.is_match(bytes),
        }
    }

    /// Where it is in the text, at most `limit` times, without overlaps.
    pub(super) fn all(&self, bytes: &[u8], limit: usize) -> Vec<Range<usize>> {
        match self {
            Self::Exact(finder, place) => {
                let length = finder.needle().len();
                match place {
                    Place::Anywhere => finder.find_iter(bytes).take(limit).map(|at| at..at + length).collect(),
                    Place::Start if bytes.starts_with(finder.needle()) => std::iter::once(0..length).collect(),
                    Place::End if bytes.ends_with(finder.needle()) => std::iter::once(bytes.len() - length..bytes.len()).collect(),
                    Place::Start | Place::End => Vec::new(),
                }
            }
            Self::Regex(regex) => regex.find_iter(bytes).take(limit).map(|found| found.range()).collect(),
        }
    }
}

/// Whether the case of a text counts. A text without letters that have case can be searched exactly as well.
pub(super) fn exact(text: &Text) -> bool {
    text.quoted || text.text.chars().any(char::is_uppercase) || !text.text.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_of_classes_and_names_do_not_count() {
        for (source, capital) in [
            ("err", false),
            ("Err", true),
            (r"\D+\W", false),
            (r"\p{Lu}x", false),
            (r"\pLx", false),
            ("(?P<Name>x)", false),
            ("(?<N>X)", true),
            (r"\\D", true),
            ("<X", true),
            ("ä", false),
            ("Ä", true),
        ] {
            assert_eq!(has_capital(source), capital, "{source}");
        }
    }

    #[test]
    fn hostile_patterns_are_refused_or_linear() {
        assert!(Pattern::new("(a+)+$", Written::Slashes).unwrap().regex().is_match(&vec![b'a'; 100_000]));
        assert_eq!(Pattern::new("x{1000}{1000}", Written::Slashes).unwrap_err(), "the regular expression is too large");
        assert!(Pattern::new(&"(".repeat(1000), Written::Slashes).is_err());
        assert_eq!(Pattern::new("(a", Written::Slashes).unwrap_err(), "the regular expression cannot be read: unclosed group");
    }
}
