//! Paths into a JSON value: `.a.b[0]."odd name"[]`. Parsed, printed canonically, and printed for jq.

use std::fmt::{self, Write as _};

use memchr::memmem;

use super::string::{self, Quoted};

/// The most steps that a path may have when it is parsed.
pub const MAX_STEPS: usize = 256;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of an object; of duplicates the last.
    Name(Box<str>),
    /// The element of an array, from 0; −1 is the last.
    Index(i64),
    /// Every element of an array.
    Any,
}

/// A path. Without steps (`.`) it means the whole value.
#[derive(Clone, Default)]
pub struct Path {
    steps: Vec<Step>,
    /// Per step: finds the name in its quotes in raw text; an empty needle for other steps.
    finders: Vec<memmem::Finder<'static>>,
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.steps == other.steps
    }
}

impl Eq for Path {}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

/// What is wrong with a written path: `at` is a byte of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    pub at: usize,
    pub message: &'static str,
}

/// Whether a character may stand in a name without quotes.
pub(super) fn plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@')
}

impl Path {
    /// The whole text is a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (path, end) = Self::parse_prefix(text)?;
        if end < text.len() {
            return Err(PathError { at: end, message: "the path ends before this" });
        }
        Ok(path)
    }

    /// The path that the text starts with, and where it ends. It stops before `..`, which stands between two values.
    pub fn parse_prefix(text: &str) -> Result<(Self, usize), PathError> {
        let from = |at: usize| text.get(at..).unwrap_or_default();
        if !text.starts_with('.') {
            return Err(PathError { at: 0, message: "a path starts with a dot" });
        }
        let (mut path, mut at) = (Self::default(), 0);
        loop {
            if path.steps.len() > MAX_STEPS {
                return Err(PathError { at, message: "a path has at most 256 steps" });
            }
            let rest = from(at);
            if rest.starts_with("..") {
                return Ok((path, at));
            } else if let Some(named) = rest.strip_prefix('.') {
                let length = named.find(|c| !plain(c)).unwrap_or(named.len());
                if length > 0 {
                    path.push(Step::Name(named.get(..length).unwrap_or_default().into()));
                    at += 1 + length;
                } else if named.starts_with('"') {
                    let (name, length) = quoted(named).map_err(|e| PathError { at: at + 1 + e.at, ..e })?;
                    path.push(Step::Name(name.into()));
                    at += 1 + length;
                } else if at == 0 {
                    at = 1;
                    if !named.starts_with('[') {
                        return Ok((path, at));
                    }
                } else {
                    return Err(PathError { at: at + 1, message: "a name is missing behind the dot" });
                }
            } else if rest.starts_with('[') {
                let Some(length) = rest.find(']') else {
                    return Err(PathError { at, message: "the bracket is not closed" });
                };
                let step = match rest.get(1..length).unwrap_or_default().trim() {
                    "" | "*" => Step::Any,
                    number => {
                        let index = number.parse().ok();
                        Step::Index(index.ok_or(PathError { at: at + 1, message: "in brackets stands a number, * or nothing" })?)
                    }
                };
                path.push(step);
                at += length + 1;
            } else {
                return Ok((path, at));
            }
        }
    }

    pub fn push(&mut self, step: Step) {
        let needle = match &step {
            Step::Name(name) => format!("\"{name}\""),
            Step::Index(_) | Step::Any => String::new(),
        };
        self.finders.push(memmem::Finder::new(needle.as_bytes()).into_owned());
        self.steps.push(step);
    }

    /// Goes one step back.
    pub fn pop(&mut self) -> Option<Step> {
        self.finders.pop();
        self.steps.pop()
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(super) fn finders(&self) -> &[memmem::Finder<'static>] {
        &self.finders
    }

    /// The path as jq and its kin write it: names that are no identifiers of jq stand in quotes.
    pub fn jq(&self) -> String {
        let identifier =
            |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
        self.written(&identifier)
    }

    fn written(&self, bare: &dyn Fn(&str) -> bool) -> String {
        let mut out = String::new();
        for step in &self.steps {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Name(name) if !name.is_empty() && bare(name) => write!(out, ".{name}"),
                Step::Name(name) => write!(out, ".{}", Quoted(name)),
                Step::Index(index) => write!(out, "[{index}]"),
                Step::Any => write!(out, "[]"),
            };
        }
        if !out.starts_with('.') {
            out.insert(0, '.');
        }
        out
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(&|name| name.chars().all(plain)))
    }
}

impl std::str::FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

/// The JSON string that the text starts with, decoded, and its length in bytes.
pub(crate) fn quoted(text: &str) -> Result<(String, usize), PathError> {
    use super::scan::{State, string};
    let scan = string(text.as_bytes(), 0);
    match scan.state {
        State::Whole | State::Escaped => {}
        State::Cut => return Err(PathError { at: 0, message: "the quote is not closed" }),
        State::Broken(_) => return Err(PathError { at: 0, message: "in quotes stand escapes of JSON, and no control characters" }),
    }
    let inside = text.as_bytes().get(1..scan.end.saturating_sub(1)).unwrap_or_default();
    let name = String::from_utf8(string::decode(inside).into_owned()).ok();
    name.map(|name| (name, scan.end)).ok_or(PathError { at: 0, message: "half of a surrogate pair is no text" })
}
