//! Sums and averages of decimals, exact whatever their lengths: partial sums by power of ten, joined only when asked.

use super::decimal::{Decimal, written};

/// Partial sums are joined when there are more of them.
const MANY: usize = 24;
/// A partial sum of eighteen digits, and one more.
const BASE: i128 = 1_000_000_000_000_000_000;
/// Digits of an average that does not come out even.
const AVERAGE_DIGITS: usize = 20;

/// What was added so far, and how many numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Sum {
    count: u64,
    /// `total × 10^exponent`, ordered by exponent, each once. A total takes 2^63 additions of an `i64`.
    parts: Vec<(i32, i128)>,
    /// Join the parts when there are more than this.
    room: usize,
}

impl Sum {
    pub(super) fn add(&mut self, number: &Decimal) {
        self.count = self.count.saturating_add(1);
        match number {
            Decimal::Small { mantissa, exponent } => self.part(*exponent, i128::from(*mantissa)),
            Decimal::Large(large) => {
                let mut exponent = large.exponent;
                for chunk in large.digits.rchunks(18) {
                    let value = chunk.iter().fold(0_i128, |value, &d| value * 10 + i128::from(d.wrapping_sub(b'0')));
                    self.part(exponent, if large.negative { -value } else { value });
                    exponent = exponent.saturating_add(18);
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        for (exponent, total) in &other.parts {
            self.part(*exponent, *total);
        }
    }

    fn part(&mut self, exponent: i32, value: i128) {
        if let Some(last) = self.parts.last_mut().filter(|(e, _)| *e == exponent) {
            last.1 = last.1.saturating_add(value);
            return;
        }
        match self.parts.binary_search_by_key(&exponent, |(e, _)| *e) {
            Ok(at) => {
                if let Some((_, total)) = self.parts.get_mut(at) {
                    *total = total.saturating_add(value);
                }
            }
            Err(at) => {
                self.parts.insert(at, (exponent, value));
                if self.parts.len() > self.room.max(MANY) {
                    self.join();
                }
            }
        }
    }

    /// Makes the parts few: at most one for every eighteen powers of ten.
    fn join(&mut self) {
        let (negative, lowest, limbs) = self.limbs();
        self.parts.clear();
        let mut exponent = lowest;
        for limb in limbs {
            if limb != 0 {
                self.parts.push((exponent, if negative { -limb } else { limb }));
            }
            exponent = exponent.saturating_add(18);
        }
        self.room = self.parts.len() * 2 + MANY;
    }

    /// The absolute value as limbs of 10^18 with the lowest first, above 10^exponent.
    fn limbs(&self) -> (bool, i32, Vec<i128>) {
        let Some(&(lowest, _)) = self.parts.first() else { return (false, 0, Vec::new()) };
        let mut limbs: Vec<i128> = Vec::new();
        let mut put = |at: usize, value: i128| {
            if limbs.len() <= at {
                limbs.resize(at + 1, 0);
            }
            if let Some(limb) = limbs.get_mut(at) {
                *limb += value;
            }
        };
        for &(exponent, total) in &self.parts {
            let above = usize::try_from(exponent.saturating_sub(lowest)).unwrap_or(0);
            let (at, power) = (above / 18, 10_i128.pow(u32::try_from(above % 18).unwrap_or(0)));
            // Three limbs hold any total; each is below 10^36 before it is carried.
            let mut rest = total;
            for place in at..at + 3 {
                let scaled = (rest % BASE) * power;
                put(place, scaled % BASE);
                put(place + 1, scaled / BASE);
                rest /= BASE;
            }
        }
        let negative = carry(&mut limbs);
        (negative, lowest, limbs)
    }

    /// The number of numbers.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The sum, in canonical text.
    pub(super) fn text(&self) -> String {
        let (negative, lowest, limbs) = self.limbs();
        finish(negative, &digits(&limbs), i64::from(lowest))
    }

    /// The sum divided by the number of numbers, to twenty digits. `None` without numbers.
    pub(super) fn average(&self) -> Option<String> {
        self.over(1, self.count)
    }

    /// The sum times `factor` over `by`, rounded to twenty digits when it does not come out even.
    pub(super) fn over(&self, factor: u64, by: u64) -> Option<String> {
        if by == 0 {
            return None;
        }
        let (negative, lowest, limbs) = self.limbs();
        let mut all = limbs;
        let mut over = 0_i128;
        for limb in &mut all {
            let value = *limb * i128::from(factor) + over;
            *limb = value % BASE;
            over = value / BASE;
        }
        all.extend([over % BASE, over / BASE]);
        // Three limbs more below are more digits than are kept, whatever the divisor.
        let mut scaled = vec![0; 3];
        scaled.extend(all);
        let mut rest = 0_i128;
        for limb in scaled.iter_mut().rev() {
            let value = rest * BASE + *limb;
            *limb = value / i128::from(by);
            rest = value % i128::from(by);
        }
        let (digits, more) = rounded(&digits(&scaled), rest != 0);
        Some(finish(negative, &digits, i64::from(lowest) - 54 + more))
    }

    pub(super) fn bytes(&self) -> usize {
        self.parts.capacity() * size_of::<(i32, i128)>()
    }
}

/// Carries between limbs so that each is within 0..10^18, of the absolute value. True: the value is negative.
fn carry(limbs: &mut Vec<i128>) -> bool {
    let settle = |limbs: &mut Vec<i128>| {
        let mut over = 0;
        for limb in limbs.iter_mut() {
            let value = *limb + over;
            *limb = value.rem_euclid(BASE);
            over = value.div_euclid(BASE);
        }
        over
    };
    let mut over = settle(limbs);
    let negative = over < 0;
    if negative {
        limbs.push(over);
        for limb in limbs.iter_mut() {
            *limb = -*limb;
        }
        over = settle(limbs);
    }
    while over > 0 {
        limbs.push(over % BASE);
        over /= BASE;
    }
    negative
}

/// Digits of limbs, the highest first, without zeros before them.
fn digits(limbs: &[i128]) -> Vec<u8> {
    let mut out = Vec::with_capacity(limbs.len() * 18);
    for limb in limbs.iter().rev() {
        out.extend_from_slice(format!("{limb:018}").as_bytes());
    }
    let zeros = out.iter().take_while(|&&d| d == b'0').count();
    out.drain(..zeros);
    out
}

/// Rounds half up to the digits of an average; also how many digits were left out. `rest`: the number goes on.
fn rounded(digits: &[u8], rest: bool) -> (Vec<u8>, i64) {
    let stripped = digits.iter().rev().take_while(|&&d| d == b'0').count();
    if digits.len() <= AVERAGE_DIGITS || (!rest && digits.len() - stripped <= AVERAGE_DIGITS) {
        return (digits.to_vec(), 0);
    }
    let (kept, left) = digits.split_at_checked(AVERAGE_DIGITS).unwrap_or_default();
    let mut kept = kept.to_vec();
    if left.first().is_some_and(|&d| d >= b'5') {
        let nines = kept.iter().rev().take_while(|&&d| d == b'9').count();
        let at = kept.len() - nines;
        kept.iter_mut().skip(at).for_each(|d| *d = b'0');
        match at.checked_sub(1).and_then(|at| kept.get_mut(at)) {
            Some(digit) => *digit += 1,
            None => kept.insert(0, b'1'),
        }
    }
    (kept, i64::try_from(left.len()).unwrap_or(0))
}

/// Canonical text of digits that may have zeros behind them.
fn finish(negative: bool, digits: &[u8], exponent: i64) -> String {
    let zeros = digits.iter().rev().take_while(|&&d| d == b'0').count();
    let kept = digits.get(..digits.len() - zeros).unwrap_or_default();
    written(negative, kept, exponent + i64::try_from(zeros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(all: &[&str]) -> Sum {
        let mut sum = Sum::default();
        for text in all {
            sum.add(&Decimal::parse(text.as_bytes()).unwrap());
        }
        sum
    }

    #[test]
    fn no_digit_is_lost() {
        for (all, want, average) in [
            (&[][..], "0", None),
            (&["0.1", "0.2"], "0.3", Some("0.15")),
            (&["1", "2", "2"], "5", Some("1.6666666666666666667")),
            (&["-1", "1"], "0", Some("0")),
            (&["9007199254740993", "0.000000000000000000001"], "9007199254740993.000000000000000000001", Some("4503599627370496.5")),
            (&["1e400", "-1e400", "1e-400"], "1e-400", Some("3.3333333333333333333e-401")),
            (&["99999999999999999999999999999999", "1"], "100000000000000000000000000000000", Some("50000000000000000000000000000000")),
            (&["-5", "-0.5"], "-5.5", Some("-2.75")),
            (&["9223372036854775807", "9223372036854775807", "2"], "18446744073709551616", Some("6148914691236517205.3")),
        ] {
            let sum = sum(all);
            assert_eq!(sum.text(), want);
            assert_eq!(
                sum.average().as_deref().map(|a| a.get(..a.len().min(21)).unwrap()),
                average.map(|a| a.get(..a.len().min(21)).unwrap()),
                "{all:?}"
            );
        }
        assert_eq!(sum(&["2"]).over(1000, 3).unwrap(), "666.66666666666666667");
        assert_eq!(sum(&["1999999999999999999999"]).over(1, 2000).unwrap(), "1000000000000000000");
    }

    proptest! {
        #[test]
        fn sums_are_those_of_integers(all in prop::collection::vec((any::<i64>(), 0_u32..60), 0..60), split in 0_usize..60) {
            // In units of 10^-60 this fits in no integer of the machine: two halves are added apart.
            let texts: Vec<String> = all.iter().map(|(n, e)| format!("{n}e-{e}")).collect();
            let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
            let whole = sum(&refs);
            let split = split.min(refs.len());
            let mut merged = sum(&refs[split..]);
            merged.merge(&sum(&refs[..split]));
            prop_assert_eq!(merged.text(), whole.text());
            prop_assert_eq!(merged.count(), whole.count());
            // Adding the opposite of each leaves nothing.
            let opposite: Vec<String> = all.iter().map(|(n, e)| format!("{}e-{e}", -i128::from(*n))).collect();
            merged.merge(&sum(&opposite.iter().map(String::as_str).collect::<Vec<_>>()));
            prop_assert_eq!(merged.text(), "0");
        }

        #[test]
        fn averages_are_near(all in prop::collection::vec(-1_000_000_i64..1_000_000, 1..40)) {
            let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
            let sum = sum(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let total: i64 = all.iter().sum();
            prop_assert_eq!(sum.text(), total.to_string());
            let average: f64 = sum.average().unwrap().parse().unwrap();
            let want = f64::from(i32::try_from(total).unwrap()) / f64::from(i32::try_from(all.len()).unwrap());
            prop_assert!((average - want).abs() < 1e-6);
        }
    }
}
