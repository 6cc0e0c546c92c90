//! Decimal numbers to calculate with: every digit counts, within limits that are stated.
//!
//! A number has at most [`MAX_DIGITS`] digits and lies within 10^±[`MAX_DIGITS`]; what is beyond is not calculated with
//! and is counted apart, so that `1e999999999` costs nothing.

use std::cmp::Ordering;

use crate::json::number;

/// The most digits, and the largest power of ten, of a number that is calculated with.
pub(super) const MAX_DIGITS: usize = 1000;
/// Zeros that are written out before or behind the digits of a number; beyond stands an exponent.
const MAX_ZEROS: i64 = 40;
/// Digits that an `i64` holds whatever they are.
const SMALL: usize = 18;

/// A number within the limits, exactly. Compares by value, but is not equal by form.
#[derive(Debug, Clone)]
pub(super) enum Decimal {
    /// `mantissa × 10^exponent`.
    Small {
        mantissa: i64,
        exponent: i32,
    },
    Large(Box<Large>),
}

/// `±digits × 10^exponent`, without zeros at either end.
#[derive(Debug, Clone)]
pub(super) struct Large {
    pub(super) negative: bool,
    pub(super) digits: Box<[u8]>,
    pub(super) exponent: i32,
}

/// A written number in parts: digits without point and without zeros at either end; none is zero.
#[derive(Debug)]
struct Parts {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Parts {
    /// `None` when the exponent is longer than any that makes sense.
    fn of(text: &[u8]) -> Option<Self> {
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let (significand, written) = match memchr::memchr2(b'e', b'E', text).and_then(|at| text.split_at_checked(at)) {
            Some((head, tail)) => (head, tail.get(1..).unwrap_or_default()),
            None => (text, &[][..]),
        };
        let mut exponent = power(written);
        let point = memchr::memchr(b'.', significand).unwrap_or(significand.len());
        let mut digits: Vec<u8> = significand.iter().copied().filter(|&b| b != b'.').collect();
        let behind = significand.len().saturating_sub(point.saturating_add(1));
        exponent = exponent.and_then(|e| e.checked_sub(i64::try_from(behind).ok()?));
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.and_then(|e| e.checked_add(1));
        }
        let zeros = digits.iter().take_while(|&&d| d == b'0').count();
        digits.drain(..zeros);
        // Zero is zero, whatever its exponent.
        let exponent = if digits.is_empty() { 0 } else { exponent? };
        Some(Self { negative, digits, exponent })
    }
}

/// A written exponent, `+` or `-` and digits; none is 0.
fn power(written: &[u8]) -> Option<i64> {
    let (down, digits) = match written.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, written),
    };
    let zeros = digits.iter().take_while(|&&d| d == b'0').count();
    let digits = digits.get(zeros..).unwrap_or_default();
    if digits.len() > SMALL {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, &d| value * 10 + i64::from(d.wrapping_sub(b'0')));
    Some(if down { -value } else { value })
}

/// Writes a number so that equal numbers are written alike: `1.50` and `15e-1` as `1.5`. A number whose exponent has more
/// than 18 digits stays as it is.
pub(super) fn canonical(text: &[u8], out: &mut Vec<u8>) {
    let plain = text.strip_prefix(b"-").unwrap_or(text);
    if plain.len() <= SMALL && plain.iter().all(u8::is_ascii_digit) && (plain.first() != Some(&b'0') || text == b"0") {
        return out.extend_from_slice(text);
    }
    match Parts::of(text) {
        Some(parts) => out.extend_from_slice(written(parts.negative, &parts.digits, parts.exponent).as_bytes()),
        None => out.extend_from_slice(text),
    }
}

/// `±digits × 10^exponent` as text; the digits have no zeros at either end.
pub(super) fn written(negative: bool, digits: &[u8], exponent: i64) -> String {
    let mut out = String::with_capacity(digits.len() + 8);
    if digits.is_empty() {
        return "0".to_owned();
    }
    if negative {
        out.push('-');
    }
    let text = String::from_utf8_lossy(digits);
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let point = exponent.saturating_add(count);
    let zeros = |out: &mut String, n: i64| (0..n).for_each(|_| out.push('0'));
    if (0..=MAX_ZEROS).contains(&exponent) {
        out.push_str(&text);
        zeros(&mut out, exponent);
    } else if exponent < 0 && point > 0 {
        let (whole, fraction) = text.split_at_checked(usize::try_from(point).unwrap_or(0)).unwrap_or_default();
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else if exponent < 0 && point >= -MAX_ZEROS {
        out.push_str("0.");
        zeros(&mut out, -point);
        out.push_str(&text);
    } else {
        let (first, rest) = text.split_at_checked(1).unwrap_or_default();
        out.push_str(first);
        if !rest.is_empty() {
            out.push('.');
            out.push_str(rest);
        }
        out.push('e');
        out.push_str(&point.saturating_sub(1).to_string());
    }
    out
}

impl Decimal {
    /// Reads a JSON number; `None` when it is beyond the limits.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        Self::short(text).or_else(|| Self::long(text))
    }

    pub(super) fn int(n: i64) -> Self {
        Self::Small { mantissa: n, exponent: 0 }
    }

    /// A number of few digits without exponent: nearly all are.
    fn short(text: &[u8]) -> Option<Self> {
        if text.len() > SMALL {
            return None;
        }
        let (negative, text) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
        let (mut mantissa, mut behind) = (0_i64, None);
        for &b in text {
            match b {
                b'0'..=b'9' => {
                    mantissa = mantissa * 10 + i64::from(b - b'0');
                    behind = behind.map(|n: i32| n + 1);
                }
                b'.' => behind = Some(0),
                _ => return None,
            }
        }
        Some(Self::Small { mantissa: if negative { -mantissa } else { mantissa }, exponent: -behind.unwrap_or(0) })
    }

    fn long(text: &[u8]) -> Option<Self> {
        let Parts { negative, digits, exponent } = Parts::of(text)?;
        let limit = i64::try_from(MAX_DIGITS).unwrap_or(i64::MAX);
        let point = exponent.saturating_add(i64::try_from(digits.len()).ok()?);
        if digits.len() > MAX_DIGITS || !(-limit..=limit + 1).contains(&point) {
            return None;
        }
        let exponent = i32::try_from(exponent).ok()?;
        if digits.len() > SMALL {
            return Some(Self::Large(Box::new(Large { negative, digits: digits.into(), exponent })));
        }
        let mantissa = digits.iter().fold(0_i64, |value, &d| value * 10 + i64::from(d.wrapping_sub(b'0')));
        Some(Self::Small { mantissa: if negative { -mantissa } else { mantissa }, exponent })
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        if let (Self::Small { mantissa: a, exponent: x }, Self::Small { mantissa: b, exponent: y }) = (self, other) {
            let (more, fewer) = (x.saturating_sub(*y), y.saturating_sub(*x));
            let scaled = |n: i64, by: i32| 10_i128.pow(u32::try_from(by).unwrap_or(0)) * i128::from(n);
            match (more, fewer) {
                (0, _) => return a.cmp(b),
                (1..=18, _) => return scaled(*a, more).cmp(&i128::from(*b)),
                (_, 1..=18) => return i128::from(*a).cmp(&scaled(*b, fewer)),
                _ => {}
            }
        }
        number::compare(self.plain().as_bytes(), other.plain().as_bytes())
    }

    /// As digits and exponent.
    fn plain(&self) -> String {
        match self {
            Self::Small { mantissa, exponent } => format!("{mantissa}e{exponent}"),
            Self::Large(large) => {
                format!("{}{}e{}", if large.negative { "-" } else { "" }, String::from_utf8_lossy(&large.digits), large.exponent)
            }
        }
    }

    /// The canonical text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Small { mantissa, exponent } => {
                let digits = mantissa.unsigned_abs().to_string();
                let stripped = digits.trim_end_matches('0');
                let zeros = i64::try_from(digits.len() - stripped.len()).unwrap_or(0);
                written(*mantissa < 0, stripped.as_bytes(), i64::from(*exponent) + zeros)
            }
            Self::Large(large) => written(large.negative, &large.digits, i64::from(large.exponent)),
        }
    }

    /// −1, 0 or 1.
    pub(super) fn sign(&self) -> i8 {
        match self {
            Self::Small { mantissa: 0, .. } => 0,
            Self::Small { mantissa, .. } if *mantissa > 0 => 1,
            Self::Large(large) if !large.negative => 1,
            _ => -1,
        }
    }

    /// The leading digits of a number that is not zero, at most 17 of them as one number, and its decimal order: the
    /// number is `0.DIGITS × 10^order`. Then whether there are more digits.
    pub(super) fn leading(&self) -> (u64, usize, i32, bool) {
        match self {
            Self::Small { mantissa, exponent } => {
                let digits = mantissa.unsigned_abs();
                let count = usize::try_from(digits.checked_ilog10().map_or(0, |n| n + 1)).unwrap_or(0);
                (digits, count, exponent.saturating_add(i32::try_from(count).unwrap_or(0)), false)
            }
            Self::Large(large) => {
                let count = large.digits.len().min(17);
                let digits = large.digits.iter().take(count).fold(0_u64, |value, &d| value * 10 + u64::from(d.wrapping_sub(b'0')));
                (digits, count, large.exponent.saturating_add(i32::try_from(large.digits.len()).unwrap_or(0)), large.digits.len() > count)
            }
        }
    }

    /// All digits of a number that is not zero, and its decimal order: it is `0.DIGITS × 10^order`.
    pub(super) fn digits(&self) -> (Vec<u8>, i32) {
        let (digits, exponent) = match self {
            Self::Small { mantissa, exponent } => (mantissa.unsigned_abs().to_string().into_bytes(), *exponent),
            Self::Large(large) => (large.digits.to_vec(), large.exponent),
        };
        let order = exponent.saturating_add(i32::try_from(digits.len()).unwrap_or(i32::MAX));
        (digits, order)
    }

    /// The decimal logarithm of the absolute value of a number that is not zero.
    pub(super) fn log10(&self) -> f64 {
        let (digits, count, order, _) = self.leading();
        float(digits).log10() - f64::from(u32::try_from(count).unwrap_or(0)) + f64::from(order)
    }

    /// Bytes beside its own.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Small { .. } => 0,
            Self::Large(large) => size_of::<Large>() + large.digits.len(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "only logarithms and estimates are made of it")]
pub(super) fn float(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> String {
        let mut out = Vec::new();
        super::canonical(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_numbers_are_written_alike() {
        let forty = format!("1{}", "0".repeat(40));
        let more = format!("1{}", "0".repeat(41));
        for (text, want) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000e7", "0"),
            ("1.50", "1.5"),
            ("15e-1", "1.5"),
            ("100", "100"),
            ("1e2", "100"),
            ("-1E+2", "-100"),
            ("0.00010", "0.0001"),
            ("1e400", "1e400"),
            ("12.5e-400", "1.25e-399"),
            (&forty, &forty),
            (&more, "1e41"),
            ("1e0000000000000000000000002", "100"),
            ("1e1000000000000000000000000", "1e1000000000000000000000000"),
            ("123456789012345678901.5", "123456789012345678901.5"),
        ] {
            assert_eq!(canonical(text), want, "{text}");
            assert!(number::is(want.as_bytes()) && number::compare(text.as_bytes(), want.as_bytes()).is_eq(), "{text}");
            if let Some(decimal) = Decimal::parse(text.as_bytes()) {
                assert_eq!(decimal.text(), want);
            }
        }
        assert!(Decimal::parse(b"1e1000").is_some() && Decimal::parse(b"1e1001").is_none() && Decimal::parse(b"1e-1002").is_none());
        assert!(Decimal::parse(format!("1{}1", "0".repeat(1000)).as_bytes()).is_none());
        assert!(Decimal::parse(b"0e99999999999999999999999999").is_some());
    }

    proptest! {
        #[test]
        fn numbers_compare_and_print_by_value(
            a in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?",
            b in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?",
        ) {
            let (x, y) = (Decimal::parse(a.as_bytes()).unwrap(), Decimal::parse(b.as_bytes()).unwrap());
            let order = number::compare(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(x.cmp(&y), order, "{} {}", a, b);
            prop_assert_eq!(canonical(&a) == canonical(&b), order.is_eq());
            prop_assert_eq!(x.text(), canonical(&a));
            prop_assert!(number::compare(canonical(&a).as_bytes(), a.as_bytes()).is_eq());
            if x.sign() != 0 {
                let f: f64 = a.parse().unwrap();
                prop_assert!((x.log10() - f.abs().log10()).abs() < 1e-9);
            }
        }
    }
}
