//! What is asked of one value, and the answer: yes, no, or that the types do not compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memmem;

use crate::json::{Value, ValueKind, number};

use super::ast::Op;
use super::needle::Needle;

/// A value that is tested.
#[derive(Debug, Clone)]
pub(super) enum Datum<'a> {
    Null,
    Bool(bool),
    /// As it is written, or as the record's own number is written.
    Number(Cow<'a, [u8]>),
    /// A JSON string, decoded, or the topic's name.
    Text(Cow<'a, [u8]>),
    /// The bytes of a key, a value or a header: text, which a number is compared with as it is written.
    Loose(&'a [u8]),
    /// An object or an array: only there, or not.
    Container,
}

impl<'a> Datum<'a> {
    #[inline]
    pub(super) fn of(value: Value<'a>) -> Self {
        match value.kind {
            ValueKind::Null => Self::Null,
            ValueKind::False => Self::Bool(false),
            ValueKind::True => Self::Bool(true),
            ValueKind::Number => Self::Number(Cow::Borrowed(value.raw)),
            ValueKind::String => value.text().map_or(Self::Null, Self::Text),
            ValueKind::Array | ValueKind::Object => Self::Container,
        }
    }

    fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Loose(bytes) => Some(bytes),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// The types do not compare, which is no match and is counted.
    Mismatch,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// The operators that compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Order {
    /// `None` for the operators that search.
    pub(super) fn of(op: Op) -> Option<Self> {
        Some(match op {
            Op::Eq => Self::Eq,
            Op::Ne => Self::Ne,
            Op::Lt => Self::Lt,
            Op::Le => Self::Le,
            Op::Gt => Self::Gt,
            Op::Ge => Self::Ge,
            Op::Matches | Op::NotMatches | Op::Contains | Op::StartsWith | Op::EndsWith => return None,
        })
    }

    #[inline]
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }

    /// Compares a text with a number: whether it is the same text, or its place in the order of numbers.
    fn loosely(self, text: &[u8], number: &[u8]) -> Answer {
        match self {
            Self::Eq => (text == number).into(),
            Self::Ne => (text != number).into(),
            _ if number::is(text) => self.holds(number::compare(text, number)).into(),
            _ => Answer::Mismatch,
        }
    }
}

/// One question about a value.
#[derive(Debug, Clone)]
pub(super) enum Check {
    /// It is there.
    Exists,
    /// It is neither null nor false.
    Holds,
    /// It is null, or is not.
    Null(bool),
    /// It is this word; the second is false for `!=`.
    Bool(bool, bool),
    Number(Order, Box<[u8]>),
    Text(Order, Box<[u8]>),
    /// It contains this; false: it does not.
    Find(Needle, bool),
    Any(Vec<Self>),
    Both(Box<(Self, Self)>),
}

impl Check {
    #[inline]
    pub(super) fn test(&self, datum: &Datum<'_>) -> Answer {
        match (self, datum) {
            (Self::Exists, _) => Answer::Yes,
            (Self::Holds, _) => (!matches!(datum, Datum::Null | Datum::Bool(false))).into(),
            (Self::Null(is), _) => (matches!(datum, Datum::Null) == *is).into(),
            (Self::Text(order, want), Datum::Text(have)) => order.holds((**have).cmp(want)).into(),
            (Self::Text(order, want), Datum::Loose(have)) => order.holds((*have).cmp(want)).into(),
            (Self::Number(order, want), Datum::Number(have)) => order.holds(number::compare(have, want)).into(),
            (Self::Number(order, want), Datum::Loose(have)) => order.loosely(have, want),
            (Self::Bool(want, is), Datum::Bool(have)) => ((want == have) == *is).into(),
            (Self::Bool(want, is), Datum::Loose(have)) => ((*have == want.to_string().as_bytes()) == *is).into(),
            (Self::Find(needle, is), _) => datum.text().map_or(Answer::Mismatch, |text| (needle.is_in(text) == *is).into()),
            (Self::Any(checks), _) => {
                // A mismatch with all of them is one.
                let mut answer = if checks.is_empty() { Answer::No } else { Answer::Mismatch };
                for check in checks {
                    match check.test(datum) {
                        Answer::Yes => return Answer::Yes,
                        Answer::No => answer = Answer::No,
                        Answer::Mismatch => {}
                    }
                }
                answer
            }
            (Self::Both(checks), _) => match checks.0.test(datum) {
                Answer::Yes => checks.1.test(datum),
                other => other,
            },
            (Self::Number(..) | Self::Text(..) | Self::Bool(..), _) => Answer::Mismatch,
        }
    }
}

/// Compares two values of a record.
pub(super) fn compare(left: &Datum<'_>, op: Op, right: &Datum<'_>) -> Answer {
    let Some(order) = Order::of(op) else {
        let (Some(text), Some(part)) = (left.text(), right.text()) else { return Answer::Mismatch };
        return match op {
            Op::StartsWith => text.starts_with(part),
            Op::EndsWith => text.ends_with(part),
            _ => memmem::find(text, part).is_some(),
        }
        .into();
    };
    match (left, right) {
        (Datum::Number(a), Datum::Number(b)) => order.holds(number::compare(a, b)).into(),
        (Datum::Loose(text), Datum::Number(number)) => order.loosely(text, number),
        (Datum::Number(number), Datum::Loose(text)) => match order {
            Order::Eq | Order::Ne => order.loosely(text, number),
            _ if number::is(text) => order.holds(number::compare(number, text)).into(),
            _ => Answer::Mismatch,
        },
        (Datum::Bool(a), Datum::Bool(b)) if matches!(order, Order::Eq | Order::Ne) => order.holds(a.cmp(b)).into(),
        (Datum::Null, Datum::Null) if matches!(order, Order::Eq | Order::Ne) => (order == Order::Eq).into(),
        _ => match (left.text(), right.text()) {
            (Some(a), Some(b)) => order.holds(a.cmp(b)).into(),
            _ => Answer::Mismatch,
        },
    }
}
