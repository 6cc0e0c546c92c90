//! Tests a record against a compiled expression. Nothing here fails: what is missing or of another type is no match, and
//! the verdict says that it was so.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::json::{self, Path};
use crate::model::{Outcome, RecordRef, Time, TimestampType};

use super::ast::Op;
use super::check::{self, Answer, Check, Datum, Order};
use super::needle::Needle;

/// A record, and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub record: &'a RecordRef<'a>,
    pub topic: &'a str,
    /// How the record's transaction ended; `None` when it has none. Needed when [`super::Filter::uses_txn`].
    pub txn: Option<Outcome>,
    /// What `age` is counted from.
    pub now: Time,
}

/// Whether a record matches, and what the test came upon. A test stops when the answer is known, so the flags say what
/// was seen, not all that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    pub matched: bool,
    /// A path was asked of a value (key, header) that is no JSON.
    pub not_json: bool,
    /// Reading came upon a break in JSON.
    pub broken: bool,
    /// What was asked for is not there.
    pub missing: bool,
    /// Values of different types were compared.
    pub mismatch: bool,
    /// Which operands of [`super::Filter::operands`] a comparison asked for in vain, and which were of another type.
    pub missing_at: Marks,
    pub mismatch_at: Marks,
}

/// Some of the first 32 operands of a filter; the others are not told apart from none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks(u32);

impl Marks {
    fn mark(&mut self, place: u8, is: bool) {
        self.0 |= u32::from(is).checked_shl(u32::from(place)).unwrap_or(0);
    }

    /// Their places, in ascending order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = usize::try_from(left.trailing_zeros()).ok().filter(|_| left != 0)?;
            left &= left.wrapping_sub(1);
            Some(place)
        })
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// In key, value or a header's name or value.
    Anywhere(Needle),
    Json(Source, Path, Check),
    Bytes(Source, Check),
    Topic(Check),
    Measure(Measure, MeasureCheck),
    /// One of these outcomes; false: none of them.
    Txn(Vec<Outcome>, bool),
    Tombstone,
    Keyless,
    /// A comparison of the operand at that place of the filter's list: what it comes upon is told of this operand.
    Told(u8, Box<Self>),
    /// One operand against another, with their places.
    Fields(Field, Op, Field, [u8; 2]),
    /// True of every record: a bound that only says where to read.
    True,
    False,
}

/// Where bytes come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Key,
    Value,
    /// Every header of that name.
    Header(Box<[u8]>),
}

/// A number of the record. Times and ages in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Partition,
    Offset,
    Time,
    Size,
    Age,
}

#[derive(Debug, Clone)]
pub(super) enum MeasureCheck {
    Is(Order, i64),
    In(Vec<i64>),
    /// Both ends included.
    Between(i64, i64),
}

/// One side of a comparison of two fields.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Json(Source, Path),
    Bytes(Source),
    Topic,
    Measure(Measure),
}

impl Measure {
    pub(super) fn of(self, subject: &Subject<'_>) -> Option<i64> {
        let record = subject.record;
        let time = (record.timestamp_ms != -1 && record.timestamp_type != TimestampType::None).then_some(record.timestamp_ms);
        match self {
            Self::Partition => Some(i64::from(record.partition.0)),
            Self::Offset => Some(record.offset.0),
            Self::Time => time,
            Self::Size => i64::try_from(record.size()).ok(),
            Self::Age => time.map(|time| subject.now.millis().saturating_sub(time)),
        }
    }
}

impl MeasureCheck {
    fn holds(&self, number: i64) -> bool {
        match self {
            Self::Is(order, want) => order.holds(number.cmp(want)),
            Self::In(all) => all.contains(&number),
            Self::Between(low, high) => (*low..=*high).contains(&number),
        }
    }
}

impl Source {
    /// Calls with every text of this source, null as `None`, until the answer is yes. Returns how many there were.
    pub(super) fn each<'a>(&self, record: &RecordRef<'a>, visit: &mut dyn FnMut(Option<&'a [u8]>) -> ControlFlow<()>) -> usize {
        match self {
            Self::Key => {
                let _ = visit(record.key);
                1
            }
            Self::Value => {
                let _ = visit(record.value);
                1
            }
            Self::Header(name) => {
                let mut count = 0;
                for header in record.headers.iter().filter(|header| *header.key == **name) {
                    count += 1;
                    if visit(header.value).is_break() {
                        break;
                    }
                }
                count
            }
        }
    }
}

impl Node {
    /// Whether the record matches; flags are added to the verdict.
    pub(super) fn test(&self, subject: &Subject<'_>, verdict: &mut Verdict) -> bool {
        let record = subject.record;
        match self {
            Self::All(parts) => parts.iter().all(|part| part.test(subject, verdict)),
            Self::Any(parts) => parts.iter().any(|part| part.test(subject, verdict)),
            Self::Not(inner) => !inner.test(subject, verdict),
            Self::Anywhere(needle) => {
                let found = |bytes: Option<&[u8]>| bytes.is_some_and(|bytes| needle.is_in(bytes));
                found(record.value)
                    || found(record.key)
                    || record.headers.iter().any(|header| found(header.value) || needle.is_in(header.key))
            }
            Self::Json(source, path, check) => json_test(source, path, check, record, verdict),
            Self::Bytes(source, check) => bytes_test(source, check, record, verdict),
            Self::Topic(check) => check.test(&Datum::Text(Cow::Borrowed(subject.topic.as_bytes()))) == Answer::Yes,
            Self::Measure(measure, check) => match measure.of(subject) {
                Some(number) => check.holds(number),
                None => missing(verdict),
            },
            Self::Txn(outcomes, is) => match subject.txn {
                Some(outcome) => outcomes.contains(&outcome) == *is,
                None => missing(verdict),
            },
            Self::Tombstone => record.value.is_none(),
            Self::Keyless => record.key.is_none(),
            Self::Told(place, inner) => told(*place, inner, subject, verdict),
            Self::Fields(left, op, right, places) => fields_test((left, *op, right), *places, subject, verdict),
            Self::True => true,
            Self::False => false,
        }
    }
}

fn told(place: u8, inner: &Node, subject: &Subject<'_>, verdict: &mut Verdict) -> bool {
    let before = (std::mem::take(&mut verdict.missing), std::mem::take(&mut verdict.mismatch));
    let matched = inner.test(subject, verdict);
    verdict.missing_at.mark(place, verdict.missing && !matched);
    verdict.mismatch_at.mark(place, verdict.mismatch);
    (verdict.missing, verdict.mismatch) = (verdict.missing | before.0, verdict.mismatch | before.1);
    matched
}

fn missing(verdict: &mut Verdict) -> bool {
    verdict.missing = true;
    false
}

/// Walks the path and adds what the walk came upon to the verdict.
fn walk<'a>(text: &'a [u8], path: &Path, verdict: &mut Verdict, visit: &mut dyn FnMut(Datum<'a>) -> ControlFlow<()>) {
    let walked = json::walk(text, path, &mut |value| visit(Datum::of(value)));
    verdict.not_json |= walked.not_json;
    verdict.broken |= walked.broken.is_some();
    verdict.missing |= !walked.found && !walked.not_json;
}

fn json_test(source: &Source, path: &Path, check: &Check, record: &RecordRef<'_>, verdict: &mut Verdict) -> bool {
    let (mut yes, mut mismatch) = (false, false);
    let count = source.each(record, &mut |text| {
        let Some(text) = text else {
            verdict.missing = true;
            return ControlFlow::Continue(());
        };
        walk(text, path, verdict, &mut |datum| {
            match check.test(&datum) {
                Answer::Yes => yes = true,
                Answer::No => {}
                Answer::Mismatch => mismatch = true,
            }
            if yes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if yes { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    verdict.missing |= count == 0;
    verdict.mismatch |= mismatch && !yes;
    yes
}

fn bytes_test(source: &Source, check: &Check, record: &RecordRef<'_>, verdict: &mut Verdict) -> bool {
    let (mut yes, mut mismatch) = (false, false);
    let header = matches!(source, Source::Header(_));
    let count = source.each(record, &mut |text| {
        let answer = match text {
            Some(text) => check.test(&Datum::Loose(text)),
            // A header with a null value is there; a key or value that is null is not.
            None if !header && matches!(check, Check::Exists) => Answer::No,
            None => check.test(&Datum::Null),
        };
        match answer {
            Answer::Yes => {
                yes = true;
                return ControlFlow::Break(());
            }
            Answer::No => {}
            Answer::Mismatch if header || text.is_some() => mismatch = true,
            Answer::Mismatch => verdict.missing = true,
        }
        ControlFlow::Continue(())
    });
    verdict.missing |= count == 0;
    verdict.mismatch |= mismatch && !yes;
    yes
}

impl Field {
    fn each<'a>(&self, subject: &Subject<'a>, verdict: &mut Verdict, visit: &mut dyn FnMut(Datum<'a>) -> ControlFlow<()>) {
        match self {
            Self::Json(source, path) => {
                let count = source.each(subject.record, &mut |text| {
                    let mut flow = ControlFlow::Continue(());
                    match text {
                        Some(text) => walk(text, path, verdict, &mut |datum| {
                            flow = visit(datum);
                            flow
                        }),
                        None => verdict.missing = true,
                    }
                    flow
                });
                verdict.missing |= count == 0;
            }
            Self::Bytes(source) => {
                let count = source.each(subject.record, &mut |text| visit(text.map_or(Datum::Null, Datum::Loose)));
                verdict.missing |= count == 0;
            }
            Self::Topic => {
                let _ = visit(Datum::Text(Cow::Borrowed(subject.topic.as_bytes())));
            }
            Self::Measure(measure) => match measure.of(subject) {
                Some(number) => {
                    let _ = visit(Datum::Number(Cow::Owned(number.to_string().into_bytes())));
                }
                None => verdict.missing = true,
            },
        }
    }
}

fn fields_test((left, op, right): (&Field, Op, &Field), places: [u8; 2], subject: &Subject<'_>, verdict: &mut Verdict) -> bool {
    let before = std::mem::take(&mut verdict.missing);
    let mut others = Vec::new();
    right.each(subject, verdict, &mut |datum| {
        others.push(datum);
        ControlFlow::Continue(())
    });
    verdict.missing_at.mark(places[1], verdict.missing);
    if others.is_empty() {
        verdict.missing |= before;
        return false;
    }
    let before = before | std::mem::take(&mut verdict.missing);
    let (mut yes, mut mismatch) = (false, false);
    left.each(subject, verdict, &mut |datum| {
        for other in &others {
            match check::compare(&datum, op, other) {
                Answer::Yes => {
                    yes = true;
                    return ControlFlow::Break(());
                }
                Answer::No => {}
                Answer::Mismatch => mismatch = true,
            }
        }
        ControlFlow::Continue(())
    });
    verdict.missing_at.mark(places[0], verdict.missing && !yes);
    verdict.mismatch_at.mark(places[0], mismatch && !yes);
    verdict.missing |= before;
    verdict.mismatch |= mismatch && !yes;
    yes
}
