//! What stages look at in a record, and values as the bytes that groups are told apart by.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::json::{self, Path, Step, ValueKind, number};
use crate::query::ast::Operand;
use crate::query::compile::{measure, source};
use crate::query::eval::{Measure, Source, Subject};

use super::decimal::{self, Decimal};

/// An operand that is ready to be read.
#[derive(Debug, Clone)]
pub(super) enum Read {
    Json(Source, Path),
    Bytes(Source),
    Topic,
    Txn,
    Time,
    Measure(Measure),
}

/// A value of a record.
#[derive(Debug, Clone)]
pub(super) enum Seen<'a> {
    Null,
    Bool(bool),
    Number(&'a [u8]),
    Int(i64),
    /// Milliseconds since the epoch.
    Time(i64),
    /// A JSON string, or a word of the record's own.
    Text(Cow<'a, [u8]>),
    /// Bytes of a key, a value or a header: a text, or a number written as text.
    Loose(&'a [u8]),
    /// An object or an array as it is written.
    Container(&'a [u8]),
}

/// Why a value is not calculated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    NotANumber,
    Beyond,
}

impl Read {
    pub(super) fn of(operand: &Operand) -> Self {
        match (operand, source(operand)) {
            (Operand::Path(path) | Operand::KeyPath(path) | Operand::HeaderPath(_, path), Some(source)) => Self::Json(source, path.clone()),
            (_, Some(source)) => Self::Bytes(source),
            (Operand::Txn, None) => Self::Txn,
            (Operand::Time, None) => Self::Time,
            (_, None) => measure(operand).map_or(Self::Topic, Self::Measure),
        }
    }

    /// Calls with every value of the record. False: there was none.
    pub(super) fn each<'a>(&self, subject: &Subject<'a>, visit: &mut dyn FnMut(Seen<'a>)) -> bool {
        match self {
            Self::Json(source, path) => {
                let mut found = false;
                source.each(subject.record, &mut |text| {
                    let Some(text) = text else { return ControlFlow::Continue(()) };
                    json::walk(text, path, &mut |value| {
                        found = true;
                        visit(Seen::of(value));
                        ControlFlow::Continue(())
                    });
                    ControlFlow::Continue(())
                });
                return found;
            }
            Self::Bytes(source) => {
                let count = source.each(subject.record, &mut |text| {
                    visit(text.map_or(Seen::Null, Seen::Loose));
                    ControlFlow::Continue(())
                });
                return count > 0;
            }
            Self::Topic => visit(Seen::Text(Cow::Borrowed(subject.topic.as_bytes()))),
            Self::Txn => match subject.txn {
                Some(outcome) => visit(Seen::Text(Cow::Borrowed(outcome.word().as_bytes()))),
                None => return false,
            },
            Self::Time => match Measure::Time.of(subject) {
                Some(ms) => visit(Seen::Time(ms)),
                None => return false,
            },
            Self::Measure(measure) => match measure.of(subject) {
                Some(n) => visit(Seen::Int(n)),
                None => return false,
            },
        }
        true
    }
}

/// Whether a record may have several values of it.
pub(super) fn several(operand: &Operand) -> bool {
    match operand {
        Operand::Path(path) | Operand::KeyPath(path) => path.steps().contains(&Step::Any),
        Operand::Header(_) | Operand::HeaderPath(..) => true,
        _ => false,
    }
}

impl<'a> Seen<'a> {
    #[inline]
    fn of(value: json::Value<'a>) -> Self {
        match value.kind {
            ValueKind::Null => Self::Null,
            ValueKind::False => Self::Bool(false),
            ValueKind::True => Self::Bool(true),
            ValueKind::Number => Self::Number(value.raw),
            ValueKind::String => value.text().map_or(Self::Null, Self::Text),
            ValueKind::Array | ValueKind::Object => Self::Container(value.raw),
        }
    }

    pub(super) fn number(&self) -> Result<Decimal, Unfit> {
        let text = match self {
            Self::Int(n) | Self::Time(n) => return Ok(Decimal::int(*n)),
            Self::Number(text) => text,
            Self::Loose(text) if number::is(text) => text,
            _ => return Err(Unfit::NotANumber),
        };
        Decimal::parse(text).ok_or(Unfit::Beyond)
    }

    /// Appends the value as bytes that are equal when values are, with a length before them. Objects and arrays are all
    /// one, unless they are told apart by how they are `written`.
    #[inline]
    pub(super) fn encode(&self, written: bool, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        match self {
            Self::Null => out.push(tag::NULL),
            Self::Bool(false) => out.push(tag::FALSE),
            Self::Bool(true) => out.push(tag::TRUE),
            Self::Number(text) => {
                out.push(tag::NUMBER);
                decimal::canonical(text, out);
            }
            Self::Int(n) => {
                out.push(tag::NUMBER);
                let _infallible = std::io::Write::write_fmt(out, format_args!("{n}"));
            }
            Self::Time(ms) => {
                out.push(tag::TIME);
                out.extend_from_slice(&ms.to_le_bytes());
            }
            Self::Text(text) => {
                out.push(tag::TEXT);
                out.extend_from_slice(text);
            }
            Self::Loose(text) => {
                out.push(tag::TEXT);
                out.extend_from_slice(text);
            }
            Self::Container(text) => {
                out.push(tag::CONTAINER);
                if written {
                    out.extend_from_slice(text);
                }
            }
        }
        sized(start, out);
    }
}

/// Appends the value that is not there.
pub(super) fn absent(out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, tag::ABSENT]);
    sized(start, out);
}

fn sized(start: usize, out: &mut [u8]) {
    let length = u32::try_from(out.len() - start - 4).unwrap_or(u32::MAX).to_le_bytes();
    if let Some(prefix) = out.get_mut(start..start + 4) {
        prefix.copy_from_slice(&length);
    }
}

/// What an encoded value is.
pub(super) mod tag {
    pub(in super::super) const ABSENT: u8 = 0;
    pub(in super::super) const NULL: u8 = 1;
    pub(in super::super) const FALSE: u8 = 2;
    pub(in super::super) const TRUE: u8 = 3;
    pub(in super::super) const NUMBER: u8 = 4;
    pub(in super::super) const TIME: u8 = 5;
    pub(in super::super) const TEXT: u8 = 6;
    pub(in super::super) const CONTAINER: u8 = 7;
}

/// The encoded values of a group, one behind the other: what each is, and its bytes.
pub(super) fn decode(mut key: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = key.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        key = rest;
        value.split_first().map(|(tag, bytes)| (*tag, bytes))
    })
}

/// The milliseconds of an encoded time.
pub(super) fn time(bytes: &[u8]) -> i64 {
    bytes.first_chunk().map_or(0, |ms| i64::from_le_bytes(*ms))
}
