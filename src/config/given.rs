//! One value, from a file or from a variable, as what a setting needs; or why it is not.

use std::ops::Range;

use super::file::{Item, Value};
use crate::text::nearest;

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    Item(&'a Item),
    /// The text of an environment variable: numbers and switches are read out of it.
    Word(&'a str),
}

/// Why a value will not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub message: String,
    pub hint: Option<String>,
    /// Where, when it is only a part of the value.
    pub span: Option<Range<usize>>,
}

impl Wrong {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, span: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A text, and where it stands when it is an element of a list.
type Placed<'a> = (&'a str, Option<Range<usize>>);

impl<'a> Given<'a> {
    /// Text.
    pub fn text(self) -> Result<&'a str, Wrong> {
        match self {
            Self::Word(word) => Ok(word),
            Self::Item(Item { value: Value::Text(text), .. }) => Ok(text),
            Self::Item(item) => Err(unfit(item, "text in quotes")),
        }
    }

    pub fn bool(self) -> Result<bool, Wrong> {
        match self {
            Self::Word("true" | "1" | "yes" | "on") | Self::Item(Item { value: Value::Bool(true), .. }) => Ok(true),
            Self::Word("false" | "0" | "no" | "off") | Self::Item(Item { value: Value::Bool(false), .. }) => Ok(false),
            Self::Word(_) => Err(Wrong::new("true or false is wanted here")),
            Self::Item(item) => Err(unfit(item, "true or false")),
        }
    }

    /// A whole number in that range.
    pub fn count(self, range: std::ops::RangeInclusive<usize>) -> Result<usize, Wrong> {
        let number = match self {
            Self::Word(word) => word.trim().replace('_', "").parse::<i64>().ok(),
            Self::Item(Item { value: Value::Integer(number), .. }) => *number,
            Self::Item(item) => return Err(unfit(item, "a whole number")),
        };
        let number = number.and_then(|number| usize::try_from(number).ok()).filter(|number| range.contains(number));
        number.ok_or_else(|| Wrong::new(format!("a whole number from {} to {} is wanted here", range.start(), range.end())))
    }

    /// One of some words; a number without quotes may be one.
    pub fn one_of<T: Clone>(self, words: &[(&str, T)]) -> Result<T, Wrong> {
        let number = match self {
            Self::Item(Item { value: Value::Integer(Some(number)), .. }) => Some(number.to_string()),
            _ => None,
        };
        let text = number.as_deref().map_or_else(|| self.text(), Ok)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(value.clone());
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(unknown_word(text, &all))
    }

    /// Texts with their places, from a list or from one text.
    pub fn texts(self) -> Result<Vec<Placed<'a>>, Wrong> {
        match self {
            Self::Item(Item { value: Value::List(list), .. }) => list
                .iter()
                .map(|item| match &item.value {
                    Value::Text(text) => Ok((text.as_str(), Some(item.span.clone()))),
                    _ => Err(Wrong { span: Some(item.span.clone()), ..unfit(item, "text in quotes") }),
                })
                .collect(),
            Self::Item(Item { value: Value::Text(text), .. }) => Ok(vec![(text, None)]),
            Self::Item(item) => Err(unfit(item, "text in quotes, or a list of such")),
            Self::Word(word) => Ok(word.split(',').map(|word| (word.trim(), None)).collect()),
        }
    }
}

/// A word that is none of those known.
pub(super) fn unknown_word(text: &str, known: &[&str]) -> Wrong {
    let message = format!("{text:?} is not one of {}", known.join(", "));
    match nearest(text, known.iter().copied()) {
        Some(word) => Wrong::new(message).hint(format!("did you mean {word:?}?")),
        None => Wrong::new(message),
    }
}

fn unfit(item: &Item, wanted: &str) -> Wrong {
    let found = match &item.value {
        Value::Text(_) => "text",
        Value::Integer(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
        Value::Other(what) => what,
    };
    Wrong::new(format!("{wanted} is wanted here, not {found}"))
}
