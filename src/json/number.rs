//! Exact comparison of decimal numbers of any length, as text. Nothing is ever turned into a float.

use std::cmp::Ordering;

use super::scan::{self, State};

/// Whether the text is one number as JSON writes it, and nothing else.
pub fn is(text: &[u8]) -> bool {
    let scan = match text.first() {
        Some(b'-' | b'0'..=b'9') => scan::number(text, 0),
        _ => return false,
    };
    scan.state == State::Whole && scan.end == text.len()
}

/// Compares two JSON numbers by value: `1.0` equals `1`, `1e2` equals `100`, `-0` equals `0`.
///
/// Exact for every number whose exponent has at most 36 digits. Beyond that the larger written exponent counts as the
/// larger one, which only a significand with as many digits could change. What is no number counts as what its digits are.
pub fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (Decimal::of(a), Decimal::of(b));
    match (a.sign(), b.sign()) {
        (x, y) if x != y => x.cmp(&y),
        (0, _) => Ordering::Equal,
        (1, _) => a.magnitude(&b),
        _ => b.magnitude(&a),
    }
}

/// A number in parts: 0.DIGITS × 10^(exponent + point), where DIGITS starts with a digit that is not zero.
#[derive(Debug)]
struct Decimal<'a> {
    negative: bool,
    /// The digits before and behind the point, without leading zeros over both; both empty is zero.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// Where the point stands, counted from the first digit.
    point: i128,
    exponent: Exponent<'a>,
}

#[derive(Debug)]
struct Exponent<'a> {
    negative: bool,
    /// Without leading zeros.
    digits: &'a [u8],
}

fn strip_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&d| d == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn length(digits: &[u8]) -> i128 {
    i128::try_from(digits.len()).unwrap_or(i128::MAX)
}

impl<'a> Decimal<'a> {
    fn of(text: &'a [u8]) -> Self {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let split = |text: &'a [u8], at: Option<usize>| match at.and_then(|at| text.split_at_checked(at)) {
            Some((head, tail)) => (head, tail.get(1..).unwrap_or_default()),
            None => (text, &[][..]),
        };
        let (significand, exponent) = split(text, memchr::memchr2(b'e', b'E', text));
        let (whole, fraction) = split(significand, memchr::memchr(b'.', significand));
        let whole = strip_zeros(whole);
        let (fraction, point) = if whole.is_empty() {
            let stripped = strip_zeros(fraction);
            (stripped, length(stripped) - length(fraction))
        } else {
            (fraction, length(whole))
        };
        let (down, digits) = match exponent.split_first() {
            Some((b'-', rest)) => (true, rest),
            Some((b'+', rest)) => (false, rest),
            _ => (false, exponent),
        };
        Self { negative, whole, fraction, point, exponent: Exponent { negative: down, digits: strip_zeros(digits) } }
    }

    fn sign(&self) -> i8 {
        match (self.whole.is_empty() && self.fraction.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    /// Compares two numbers that are not zero, without their signs.
    fn magnitude(&self, other: &Self) -> Ordering {
        let scale = match (self.exponent.number(), other.exponent.number()) {
            (Some(a), Some(b)) => (a + self.point).cmp(&(b + other.point)),
            _ => self.exponent.cmp(&other.exponent).then(self.point.cmp(&other.point)),
        };
        scale.then_with(|| {
            let mut mine = self.whole.iter().chain(self.fraction);
            let mut theirs = other.whole.iter().chain(other.fraction);
            loop {
                match (mine.next(), theirs.next()) {
                    (None, None) => return Ordering::Equal,
                    (a, b) => match a.unwrap_or(&b'0').cmp(b.unwrap_or(&b'0')) {
                        Ordering::Equal => {}
                        order => return order,
                    },
                }
            }
        })
    }
}

impl Exponent<'_> {
    fn number(&self) -> Option<i128> {
        if self.digits.len() > 36 {
            return None;
        }
        let value = self.digits.iter().fold(0_i128, |value, &d| value * 10 + i128::from(d.wrapping_sub(b'0')));
        Some(if self.negative { -value } else { value })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let size = self.digits.len().cmp(&other.digits.len()).then_with(|| self.digits.cmp(other.digits));
        match (self.negative && !self.digits.is_empty(), other.negative && !other.digits.is_empty()) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}
