//! How numbers are spread: ranges whose bounds are round numbers, and how many values lie in each.
//!
//! Two counts are kept, of which one is shown: by the first two digits of a number, for ranges of 1, 2, 5, 10, 20 …, and
//! on an even grid, for ranges of equal width where all numbers are about as large. Neither depends on the order.

use std::collections::BTreeMap;

use super::decimal::{Decimal, written};

/// Cells of the even grid: more are joined by ten.
const CELLS: usize = 4_096;
/// The grid begins at 10^-12.
const FINEST: i32 = -12;
/// Numbers of more than so many digits before the point are too large for the grid.
const LARGEST: i32 = 20;
/// The most ranges of equal width.
const RANGES: i128 = 20;
/// The most ranges of 1, 2, 5: beyond, powers of ten are taken, and beyond these only ranges with values.
const MOST: usize = 60;

/// A range of numbers, from `low` up to `high`, which lies outside; zero alone is the range of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// In decimal, as it is shown.
    pub low: String,
    pub high: String,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Hist {
    pub(super) count: u64,
    /// By sign, order and the first two digits.
    cells: BTreeMap<Cell, u64>,
    grid: Grid,
}

/// Between two neighbours of two digits: for positive numbers `DD × 10^order` and what follows, DD of 10 to 99; for
/// negative ones what precedes. Ordered as the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    /// Reversed, so that the largest comes first.
    Below(std::cmp::Reverse<(i32, u64)>),
    Zero,
    Above((i32, u64)),
}

#[derive(Debug, Clone)]
struct Grid {
    /// The width of a cell is 10^power.
    power: i32,
    cells: BTreeMap<i128, u64>,
    /// A number was too large for it.
    left: bool,
}

impl Default for Grid {
    fn default() -> Self {
        Self { power: FINEST, cells: BTreeMap::new(), left: false }
    }
}

impl Hist {
    pub(super) fn add(&mut self, number: &Decimal) {
        self.count = self.count.saturating_add(1);
        *self.cells.entry(cell(number)).or_default() += 1;
        self.grid.add(number);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        for (cell, n) in &other.cells {
            *self.cells.entry(*cell).or_default() += n;
        }
        self.grid.merge(&other.grid);
    }

    /// Ranges from the smallest to the largest number, and how many values lie in each.
    pub(super) fn ranges(&self) -> Vec<(Bucket, u64)> {
        if let Some(ranges) = self.grid.narrow(&self.cells) {
            return ranges;
        }
        let (fine, coarse) = (self.scaled(&[10, 20, 50]), self.scaled(&[10]));
        let filled = |ranges: Vec<(Bucket, u64)>| ranges.into_iter().filter(|(_, n)| *n > 0).collect::<Vec<_>>();
        match (fine.len(), coarse.len()) {
            (n, _) if n <= MOST => fine,
            (_, n) if n <= MOST => coarse,
            _ => filled(coarse),
        }
    }

    /// Ranges that begin at these two digits of each power of ten.
    fn scaled(&self, starts: &[u64]) -> Vec<(Bucket, u64)> {
        let start = |digits: u64| starts.iter().rev().find(|s| **s <= digits).copied().unwrap_or(10);
        let mut out: BTreeMap<Cell, u64> = BTreeMap::new();
        for (cell, n) in &self.cells {
            let joined = match cell {
                Cell::Below(std::cmp::Reverse((order, digits))) => Cell::Below(std::cmp::Reverse((*order, start(*digits)))),
                Cell::Zero => Cell::Zero,
                Cell::Above((order, digits)) => Cell::Above((*order, start(*digits))),
            };
            *out.entry(joined).or_default() += n;
        }
        fill(&mut out, starts);
        let next = |order: i32, digits: u64| starts.iter().find(|s| **s > digits).map_or((order + 1, 10), |s| (order, *s));
        out.into_iter()
            .map(|(cell, n)| {
                let text = |negative, (order, digits): (i32, u64)| round(negative, i128::from(digits), order);
                let bucket = match cell {
                    Cell::Below(std::cmp::Reverse(at)) => Bucket { low: text(true, next(at.0, at.1)), high: text(true, at) },
                    Cell::Zero => Bucket { low: "0".into(), high: "0".into() },
                    Cell::Above(at) => Bucket { low: text(false, at), high: text(false, next(at.0, at.1)) },
                };
                (bucket, n)
            })
            .collect()
    }

    pub(super) fn bytes(&self) -> usize {
        (self.cells.len() + self.grid.cells.len()) * 48
    }
}

/// Puts the empty ranges between the first and the last of a sign, when they are not too many.
fn fill(cells: &mut BTreeMap<Cell, u64>, starts: &[u64]) {
    let span = |all: Vec<i32>| all.iter().min().copied().zip(all.iter().max().copied());
    let above: Vec<(i32, u64)> = cells.keys().filter_map(|cell| if let Cell::Above(at) = cell { Some(*at) } else { None }).collect();
    let below: Vec<(i32, u64)> =
        cells.keys().filter_map(|cell| if let Cell::Below(std::cmp::Reverse(at)) = cell { Some(*at) } else { None }).collect();
    for (all, negative) in [(above, false), (below, true)] {
        let (Some((first, last)), Some(low), Some(high)) =
            (span(all.iter().map(|(o, _)| *o).collect()), all.iter().min(), all.iter().max())
        else {
            continue;
        };
        if usize::try_from(last - first).unwrap_or(usize::MAX) > MOST {
            continue;
        }
        for order in first..=last {
            for start in starts.iter().map(|start| (order, *start)).filter(|at| (low..=high).contains(&at)) {
                let cell = if negative { Cell::Below(std::cmp::Reverse(start)) } else { Cell::Above(start) };
                cells.entry(cell).or_default();
            }
        }
    }
}

/// The first two digits and their power of ten. A negative number that is exactly one of two digits lies in the range
/// that begins with it, which is the one below in size.
fn cell(number: &Decimal) -> Cell {
    let sign = number.sign();
    if sign == 0 {
        return Cell::Zero;
    }
    let (leading, count, order, more) = number.leading();
    let (digits, rest) = match count {
        0 | 1 => (leading * 10, false),
        _ => {
            let power = 10_u64.pow(u32::try_from(count - 2).unwrap_or(0));
            (leading / power, leading % power != 0 || more)
        }
    };
    let order = order - 2;
    match (sign > 0, rest, digits) {
        (true, ..) => Cell::Above((order, digits)),
        (false, true, _) => Cell::Below(std::cmp::Reverse((order, digits))),
        (false, false, 10) => Cell::Below(std::cmp::Reverse((order - 1, 99))),
        (false, false, _) => Cell::Below(std::cmp::Reverse((order, digits - 1))),
    }
}

/// `digits × 10^power` as it is shown.
fn round(negative: bool, digits: i128, power: i32) -> String {
    let text = digits.to_string();
    let stripped = text.trim_end_matches('0');
    let zeros = i64::try_from(text.len() - stripped.len()).unwrap_or(0);
    written(negative, stripped.as_bytes(), i64::from(power) + zeros)
}

impl Grid {
    fn add(&mut self, number: &Decimal) {
        if self.left {
            return;
        }
        match place(number, self.power) {
            Some(at) => self.put(at, 1),
            None => self.leave(),
        }
    }

    fn leave(&mut self) {
        self.left = true;
        self.cells.clear();
    }

    fn put(&mut self, at: i128, count: u64) {
        *self.cells.entry(at).or_default() += count;
        while self.cells.len() > CELLS {
            self.join();
        }
    }

    fn join(&mut self) {
        self.power += 1;
        for (at, n) in std::mem::take(&mut self.cells) {
            *self.cells.entry(at.div_euclid(10)).or_default() += n;
        }
    }

    fn merge(&mut self, other: &Self) {
        if self.left || other.left {
            return self.leave();
        }
        while self.power < other.power {
            self.join();
        }
        for (at, n) in &other.cells {
            // The other's cells may be finer, and this grid may become coarser on the way.
            let at = (other.power..self.power).fold(*at, |at, _| at.div_euclid(10));
            self.put(at, *n);
        }
    }

    /// Ranges of equal width, when the numbers are about as large: all of one sign, and the largest less than four times
    /// the smallest.
    fn narrow(&self, cells: &BTreeMap<Cell, u64>) -> Option<Vec<(Bucket, u64)>> {
        let (first, last) = (cells.keys().next()?, cells.keys().next_back()?);
        let close = match (first, last) {
            (Cell::Above(low), Cell::Above(high)) | (Cell::Below(std::cmp::Reverse(high)), Cell::Below(std::cmp::Reverse(low))) => {
                *high < four_times(*low)
            }
            _ => false,
        };
        let (low, high) = (*self.cells.keys().next()?, *self.cells.keys().next_back()?);
        if self.left || !close || low == high {
            return None;
        }
        let width = (0..)
            .flat_map(|power| [1, 2, 5].map(|n| n * 10_i128.pow(power)))
            .take(90)
            .find(|width| high.div_euclid(*width) - low.div_euclid(*width) < RANGES)?;
        let mut ranges: BTreeMap<i128, u64> = (low.div_euclid(width)..=high.div_euclid(width)).map(|at| (at, 0)).collect();
        for (at, n) in &self.cells {
            *ranges.entry(at.div_euclid(width)).or_default() += n;
        }
        let text = |at: i128| round(at < 0, (at * width).abs(), self.power);
        Some(ranges.into_iter().map(|(at, n)| (Bucket { low: text(at), high: text(at + 1) }, n)).collect())
    }
}

fn four_times((order, digits): (i32, u64)) -> (i32, u64) {
    if digits < 25 { (order, digits * 4) } else { (order + 1, digits * 4 / 10) }
}

/// The cell of the grid that a number lies in; `None` when it is too large.
fn place(number: &Decimal, power: i32) -> Option<i128> {
    if number.sign() == 0 {
        return Some(0);
    }
    let (digits, order) = number.digits();
    if order > LARGEST {
        return None;
    }
    // So many digits stand above the grid's unit; what is left goes into the cell that begins below.
    let wanted = usize::try_from(order - power).unwrap_or(0);
    let (kept, rest) = digits.split_at_checked(wanted).unwrap_or((&digits, &[]));
    let size = kept.iter().fold(0_i128, |value, &d| value * 10 + i128::from(d.wrapping_sub(b'0')));
    let size = size * 10_i128.pow(u32::try_from(wanted - kept.len()).unwrap_or(0));
    let more = rest.iter().any(|&d| d != b'0');
    Some(if number.sign() > 0 { size } else { -size - i128::from(more) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::number;
    use proptest::prelude::*;

    fn of(all: &[&str]) -> Hist {
        let mut hist = Hist::default();
        for text in all {
            hist.add(&Decimal::parse(text.as_bytes()).unwrap());
        }
        hist
    }

    fn shown(hist: &Hist) -> String {
        hist.ranges().iter().map(|(b, n)| format!("{}..{}:{n}", b.low, b.high)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ranges_have_round_bounds() {
        for (all, want) in [
            (&["1", "2", "3", "7", "10", "15", "99", "100", "1"][..], "1..2:2 2..5:2 5..10:1 10..20:2 20..50:0 50..100:1 100..200:1"),
            (&["0", "0", "0.5", "30"], "0..0:2 0.5..1:1 1..2:0 2..5:0 5..10:0 10..20:0 20..50:1"),
            (&["-10", "-1", "-0.5", "5"], "-10..-5:1 -5..-2:0 -2..-1:0 -1..-0.5:1 -0.5..-0.2:1 5..10:1"),
            (&["100", "104", "109.5", "103"], "100..100.5:1 100.5..101:0"),
            (&["7", "7"], "5..10:2"),
            (&["1e400", "1e-400", "0"], "0..0:1 1e-400..2e-400:1 1e400..2e400:1"),
            (&["-30", "-29.5", "-21"], "-30..-29.5:1 -29.5..-29:1 -29..-28.5:0"),
        ] {
            assert!(shown(&of(all)).starts_with(want), "{}", shown(&of(all)));
        }
        assert_eq!(of(&[]).ranges(), []);
        let many: Vec<String> = (0..50_000).map(|n| format!("{}.{}", 400 + n % 7, n)).collect();
        let ranges = of(&many.iter().map(String::as_str).collect::<Vec<_>>()).ranges();
        assert!((5..=20).contains(&ranges.len()), "{ranges:?}");
        assert_eq!(ranges.iter().map(|(_, n)| n).sum::<u64>(), 50_000);
    }

    proptest! {
        #[test]
        fn every_number_lies_in_its_range_in_any_order(
            all in prop::collection::vec("-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,4})?", 1..80),
            large in prop::collection::vec("-?[1-9][0-9]{0,25}(e-?[0-9]{1,2})?", 0..3),
            split in 0_usize..80,
        ) {
            let all: Vec<&str> = all.iter().chain(&large).map(String::as_str).collect();
            let whole = of(&all);
            let split = split.min(all.len());
            let mut joined = of(&all[split..]);
            joined.merge(&of(&all[..split]));
            prop_assert_eq!(shown(&joined), shown(&whole));
            let ranges = whole.ranges();
            let order = |a: &str, b: &str| number::compare(a.as_bytes(), b.as_bytes());
            for (bucket, n) in &ranges {
                let inside = |text: &&&str| {
                    if bucket.low == bucket.high { order(text, "0").is_eq() } else { order(text, &bucket.low).is_ge() && order(text, &bucket.high).is_lt() }
                };
                prop_assert_eq!(u64::try_from(all.iter().filter(inside).count()).unwrap(), *n, "{:?} in {:?}", bucket, ranges);
            }
            prop_assert_eq!(ranges.iter().map(|(_, n)| n).sum::<u64>(), u64::try_from(all.len()).unwrap());
        }
    }
}
