//! Colours of text that is not JSON: syntect's grammars, mapped to our classes. Its themes are not used. The grammars are
//! read when the first text of a known language is opened.

use std::ops::Range;
use std::sync::LazyLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::text::Class;
use crate::tree::Row;

/// Bytes that are highlighted at most.
const LIMIT: usize = 256 * 1024;

/// A line longer than this ends the highlighting: grammars are slow on what nobody can read anyway.
const LINE: usize = 4096;

/// A language whose grammar we have and whose text we recognise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Xml,
    Html,
    Yaml,
    Sql,
    /// Another one, recognised by its first line (`#!/bin/sh`, `diff --git`): its place in the set of grammars.
    Other(usize),
}

impl Language {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Html => "html",
            Self::Yaml => "yaml",
            Self::Sql => "sql",
            Self::Other(at) => GRAMMARS.syntaxes().get(at).map_or("", |syntax| syntax.name.as_str()),
        }
    }

    fn grammar(self) -> Option<&'static SyntaxReference> {
        match self {
            Self::Xml => GRAMMARS.find_syntax_by_extension("xml"),
            Self::Html => GRAMMARS.find_syntax_by_extension("html"),
            Self::Yaml => GRAMMARS.find_syntax_by_extension("yaml"),
            Self::Sql => GRAMMARS.find_syntax_by_extension("sql"),
            Self::Other(at) => GRAMMARS.syntaxes().get(at),
        }
    }
}

static GRAMMARS: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);

/// Scopes and what they are to us; of several that fit the innermost counts, and of its prefixes the first listed.
static CLASSES: LazyLock<Vec<(Scope, Class)>> = LazyLock::new(|| {
    let known = [
        ("comment", Class::Dim),
        ("constant.character.escape", Class::Mark),
        ("constant.numeric", Class::Number),
        ("constant.language", Class::Word),
        ("entity.name.tag", Class::Key),
        ("entity.other.attribute-name", Class::Key),
        ("punctuation.definition.string", Class::String),
        ("punctuation", Class::Punctuation),
        ("string", Class::String),
        ("keyword", Class::Word),
        ("storage", Class::Word),
        ("constant", Class::Word),
        ("entity.name", Class::Key),
        ("variable", Class::Key),
        ("support", Class::Word),
    ];
    known.into_iter().filter_map(|(name, class)| Scope::new(name).ok().map(|scope| (scope, class))).collect()
});

/// The coloured bytes of a line, in order.
type Spans = Box<[(Range<u32>, Class)]>;

/// The colours of the first lines of a text.
#[derive(Debug, Default)]
pub struct Highlighted {
    lines: Vec<Spans>,
    /// Nothing beyond will be highlighted.
    complete: bool,
}

impl Highlighted {
    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The coloured spans of a line, in bytes of the line.
    pub(super) fn line(&self, row: Row) -> impl Iterator<Item = (Range<usize>, Class)> + '_ {
        let spans = self.lines.get(row.0 as usize).map(AsRef::as_ref).unwrap_or_default();
        spans.iter().map(|(span, class)| (span.start as usize..span.end as usize, *class))
    }
}

/// Which language a text is in, by its beginning; `None` for prose, logs and what is not UTF-8.
pub(super) fn language(bytes: &[u8]) -> Option<Language> {
    let start = bytes.get(..crate::text::boundary(bytes, LINE)).unwrap_or(bytes);
    let start = std::str::from_utf8(start).ok()?;
    let start = start.strip_prefix('\u{feff}').unwrap_or(start).trim_start();
    let lower = start.get(..start.len().min(16)).unwrap_or_default().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Some(Language::Html);
    }
    let mut letters = start.chars();
    if letters.next() == Some('<') && letters.next().is_some_and(|c| c.is_alphabetic() || matches!(c, '?' | '!' | '_')) {
        return Some(Language::Xml);
    }
    if is_yaml(start) {
        return Some(Language::Yaml);
    }
    let word = lower.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let mut words = start.split_whitespace().skip(1).map(str::to_ascii_lowercase);
    let sql = match word {
        "select" => words.any(|word| word == "from"),
        "insert" => words.next().is_some_and(|word| word == "into"),
        "update" => words.any(|word| word == "set"),
        "delete" => words.next().is_some_and(|word| word == "from"),
        "create" | "alter" | "drop" => words.next().is_some_and(|word| matches!(word.as_str(), "table" | "index" | "view" | "database")),
        _ => false,
    };
    if sql {
        return Some(Language::Sql);
    }
    // Only first lines that announce a language are worth the reading of all grammars.
    if !(start.starts_with("#!") || start.starts_with("diff ") || start.starts_with("<?php")) {
        return None;
    }
    let found = GRAMMARS.find_syntax_by_first_line(start.lines().next()?)?;
    GRAMMARS.syntaxes().iter().position(|syntax| syntax.name == found.name).map(Language::Other)
}

/// A `---` line, or at least two of the first lines are `name: …` and none of them anything else.
fn is_yaml(start: &str) -> bool {
    if start.starts_with("---\n") || start.starts_with("---\r\n") {
        return true;
    }
    let mut names = 0;
    for line in start.lines().take(8).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = line.trim_start_matches("- ");
        let name = line.split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with(' ')).map(|(name, _)| name);
        match name {
            Some(name) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')) => names += 1,
            None if names > 0 => {}
            _ => return false,
        }
    }
    names >= 2
}

/// The colours of these lines, which come with their line breaks.
pub(super) fn lines<'a>(language: Language, lines: impl Iterator<Item = &'a [u8]>) -> Highlighted {
    let Some(grammar) = language.grammar() else { return Highlighted { lines: Vec::new(), complete: true } };
    let mut state = ParseState::new(grammar);
    let mut stack = ScopeStack::new();
    let mut done = Highlighted::default();
    let mut bytes = 0;
    for line in lines {
        bytes += line.len();
        let readable = std::str::from_utf8(line).ok().filter(|_| line.len() <= LINE && bytes <= LIMIT);
        let Some(spans) = readable.and_then(|line| spans(line, &mut state, &mut stack)) else {
            done.complete = true;
            return done;
        };
        done.lines.push(spans);
    }
    done
}

/// The spans of one line; `None` when the grammar gives up.
fn spans(line: &str, state: &mut ParseState, stack: &mut ScopeStack) -> Option<Spans> {
    let ops = state.parse_line(line, &GRAMMARS).ok()?;
    let mut spans = Vec::new();
    let mut at = 0;
    for (next, op) in ops {
        push(&mut spans, at..next, stack);
        at = next;
        stack.apply(&op).ok()?;
    }
    push(&mut spans, at..line.trim_end_matches('\n').len(), stack);
    Some(spans.into())
}

fn push(spans: &mut Vec<(Range<u32>, Class)>, range: Range<usize>, stack: &ScopeStack) {
    let class = class(stack);
    if let (
        false,
        Class::Key | Class::String | Class::Number | Class::Word | Class::Punctuation | Class::Dim | Class::Mark,
        Ok(start),
        Ok(end),
    ) = (range.is_empty(), class, u32::try_from(range.start), u32::try_from(range.end))
    {
        spans.push((start..end, class));
    }
}

fn class(stack: &ScopeStack) -> Class {
    let of = |scope: &Scope| CLASSES.iter().find(|(known, _)| known.is_prefix_of(*scope)).map(|(_, class)| *class);
    stack.as_slice().iter().rev().find_map(of).unwrap_or_default()
}
