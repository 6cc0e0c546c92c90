//! Percentiles: exact up to some thousand values, then from a sketch with a stated relative error (buckets that grow by
//! a constant factor, DDSketch, Masson et al. 2019; when there are too many, neighbours are joined, Epicoco et al. 2020).
//! What comes out does not depend on the order of the values.

use std::cmp::Ordering;

use super::decimal::{Decimal, written};

/// Values kept one by one, and the buckets of a sketch behind that, by how short memory is.
const LEVELS: [(usize, usize); 3] = [(4_096, 2_048), (256, 512), (16, 64)];
/// The bounds of a bucket at first: an estimate is within 1 % of the value, its rounding included.
const GROWTH: f64 = 1.0190;

/// Values of which percentiles are asked.
#[derive(Debug, Clone)]
pub(super) enum Quantiles {
    Exact { values: Vec<Decimal>, heap: usize },
    Sketch(Box<Sketch>),
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::Exact { values: Vec::new(), heap: 0 }
    }
}

fn limits(level: usize) -> (usize, usize) {
    LEVELS.get(level).copied().unwrap_or((16, 64))
}

impl Quantiles {
    pub(super) fn add(&mut self, number: &Decimal, level: usize) {
        let (most, buckets) = limits(level);
        match self {
            Self::Exact { values, heap } => {
                values.push(number.clone());
                *heap += number.heap();
                if values.len() > most {
                    self.fit(level);
                }
            }
            Self::Sketch(sketch) => sketch.add(number, buckets),
        }
    }

    pub(super) fn merge(&mut self, other: Self, level: usize) {
        match other {
            Self::Exact { values, .. } => {
                for value in &values {
                    self.add(value, level);
                }
            }
            Self::Sketch(theirs) => {
                self.sketch(level);
                if let Self::Sketch(ours) = self {
                    ours.merge(*theirs, limits(level).1);
                }
            }
        }
    }

    /// Takes no more memory than the level allows.
    pub(super) fn fit(&mut self, level: usize) {
        let (most, buckets) = limits(level);
        match self {
            Self::Exact { values, .. } if values.len() > most => self.sketch(level),
            Self::Exact { .. } => {}
            Self::Sketch(sketch) => sketch.fit(buckets),
        }
    }

    fn sketch(&mut self, level: usize) {
        if let Self::Exact { values, .. } = self {
            let mut sketch = Sketch::default();
            for value in values.iter() {
                sketch.add(value, limits(level).1);
            }
            *self = Self::Sketch(Box::new(sketch));
        }
    }

    /// The smallest value that so many thousandths of all values do not exceed (nearest rank), and the relative error in
    /// thousandths when it is an estimate. `None` without values.
    pub(super) fn at(&self, permille: u64) -> Option<(String, Option<u32>)> {
        let rank = |n: u64| n.saturating_mul(permille).div_ceil(1000).max(1) - 1;
        match self {
            Self::Exact { values, .. } => {
                let mut order: Vec<&Decimal> = values.iter().collect();
                let at = usize::try_from(rank(u64::try_from(order.len()).ok()?)).ok()?;
                if at >= order.len() {
                    return None;
                }
                let (_, value, _) = order.select_nth_unstable_by(at, |a, b| a.cmp(b));
                Some((value.text(), None))
            }
            Self::Sketch(sketch) => sketch.at(rank(sketch.count)),
        }
    }

    /// The largest relative error of an estimate, in thousandths.
    pub(super) fn error(&self) -> Option<u32> {
        match self {
            Self::Exact { .. } => None,
            Self::Sketch(sketch) => Some(sketch.permille()),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Exact { values, heap } => values.capacity() * size_of::<Decimal>() + heap,
            Self::Sketch(sketch) => size_of::<Sketch>() + (sketch.below.0.capacity() + sketch.above.0.capacity()) * size_of::<(i32, u64)>(),
        }
    }
}

/// How many values lie in each bucket: bucket `i` of the absolute values is `growth^(i-1) .. growth^i`.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    count: u64,
    zeros: u64,
    below: Buckets,
    above: Buckets,
    /// How often neighbours were joined: the growth is squared by each.
    joined: u32,
}

/// Ordered by number, none empty.
#[derive(Debug, Clone, Default)]
struct Buckets(Vec<(i32, u64)>);

impl Buckets {
    fn add(&mut self, bucket: i32, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(at) => {
                if let Some((_, n)) = self.0.get_mut(at) {
                    *n = n.saturating_add(count);
                }
            }
            Err(at) => self.0.insert(at, (bucket, count)),
        }
    }

    /// Joins each bucket of an even number with the one below.
    fn join(&mut self) {
        let before = std::mem::take(&mut self.0);
        for (bucket, count) in before {
            // Rounded up, as the bounds are.
            let bucket = bucket.div_euclid(2) + bucket.rem_euclid(2);
            match self.0.last_mut().filter(|(b, _)| *b == bucket) {
                Some((_, n)) => *n = n.saturating_add(count),
                None => self.0.push((bucket, count)),
            }
        }
        self.0.shrink_to_fit();
    }
}

impl Sketch {
    /// The decimal logarithm of the growth.
    fn step(&self) -> f64 {
        GROWTH.log10() * f64::from(1_u32.checked_shl(self.joined).unwrap_or(u32::MAX))
    }

    fn add(&mut self, number: &Decimal, most: usize) {
        self.count = self.count.saturating_add(1);
        let sign = number.sign();
        if sign == 0 {
            self.zeros = self.zeros.saturating_add(1);
            return;
        }
        // The first bounds decide, so that a value lies in the same bucket whenever it came.
        let mut bucket = nearest((number.log10() / GROWTH.log10()).ceil());
        for _ in 0..self.joined {
            bucket = bucket.div_euclid(2) + bucket.rem_euclid(2);
        }
        let side = if sign < 0 { &mut self.below } else { &mut self.above };
        side.add(bucket, 1);
        self.fit(most);
    }

    fn merge(&mut self, mut other: Self, most: usize) {
        while other.joined < self.joined {
            other.join();
        }
        while self.joined < other.joined {
            self.join();
        }
        self.count = self.count.saturating_add(other.count);
        self.zeros = self.zeros.saturating_add(other.zeros);
        other.below.0.iter().for_each(|(bucket, n)| self.below.add(*bucket, *n));
        other.above.0.iter().for_each(|(bucket, n)| self.above.add(*bucket, *n));
        self.fit(most);
    }

    fn fit(&mut self, most: usize) {
        while self.below.0.len() + self.above.0.len() > most {
            self.join();
        }
    }

    fn join(&mut self) {
        self.below.join();
        self.above.join();
        self.joined += 1;
    }

    fn at(&self, rank: u64) -> Option<(String, Option<u32>)> {
        let permille = Some(self.permille());
        let below = self.below.0.iter().rev().map(|(bucket, n)| (*n, Some((true, *bucket))));
        let above = self.above.0.iter().map(|(bucket, n)| (*n, Some((false, *bucket))));
        let mut before = 0_u64;
        for (n, found) in below.chain([(self.zeros, None)]).chain(above) {
            before = before.saturating_add(n);
            if rank < before {
                return Some((found.map_or_else(|| "0".to_owned(), |(negative, bucket)| self.middle(negative, bucket)), permille));
            }
        }
        None
    }

    /// The value that is nearest to all of a bucket, with four digits.
    fn middle(&self, negative: bool, bucket: i32) -> String {
        let growth = 10_f64.powf(self.step());
        let log = self.step() * f64::from(bucket) + (2.0 / (growth + 1.0)).log10();
        let order = log.floor();
        let digits = nearest((10_f64.powf(log - order) * 1000.0).round()).to_string();
        let stripped = digits.trim_end_matches('0');
        let zeros = i64::try_from(digits.len() - stripped.len()).unwrap_or(0);
        written(negative, stripped.as_bytes(), i64::from(nearest(order)) - 3 + zeros)
    }

    /// The relative error, in thousandths, rounded up: of the bucket, and of rounding to four digits.
    fn permille(&self) -> u32 {
        let growth = 10_f64.powf(self.step());
        u32::try_from(nearest(((growth - 1.0) / (growth + 1.0) * 1000.0 + 0.5).ceil())).unwrap_or(u32::MAX)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number of a few thousands; the cast saturates")]
fn nearest(x: f64) -> i32 {
    x as i32
}

/// Orders percentiles as they are shown.
pub(super) fn by_value(a: &str, b: &str) -> Ordering {
    crate::json::number::compare(a.as_bytes(), b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like latencies: mostly small, with a long tail.
    fn latencies(n: u64) -> Vec<u64> {
        (0..n).map(|i| 1 + (i * 7919 % 1000) * (i * 104_729 % 997) / 100 + if i % 100 == 0 { i % 50_000 } else { 0 }).collect()
    }

    fn of(values: &[u64], level: usize) -> Quantiles {
        let mut quantiles = Quantiles::default();
        for n in values {
            quantiles.add(&Decimal::int(i64::try_from(*n).unwrap()), level);
        }
        quantiles
    }

    fn exact(values: &[u64], permille: u64) -> u64 {
        let mut all = values.to_vec();
        all.sort_unstable();
        all[usize::try_from((u64::try_from(all.len()).unwrap() * permille).div_ceil(1000).max(1) - 1).unwrap()]
    }

    #[test]
    fn exact_up_to_the_limit_and_near_beyond() {
        for (level, most) in [(0, 4_096), (1, 256), (2, 16)] {
            for permille in [500, 900, 950, 990, 999] {
                let few = latencies(most);
                assert_eq!(of(&few, level).at(permille), Some((exact(&few, permille).to_string(), None)));
                let many = latencies(most * 10 + 1);
                let (text, error) = of(&many, level).at(permille).unwrap();
                let (value, want, error) = (text.parse::<f64>().unwrap(), exact(&many, permille), f64::from(error.unwrap()));
                let want = f64::from(u32::try_from(want).unwrap());
                assert!((value - want).abs() <= want * error / 1000.0, "{value} for {want} at level {level}, stated {error}");
            }
        }
        assert_eq!(of(&latencies(50_000), 0).at(500).unwrap().1, Some(10));
        assert_eq!(Quantiles::default().at(500), None);
    }

    #[test]
    fn the_order_does_not_matter() {
        let values = latencies(20_000);
        for level in 0..3 {
            let whole = of(&values, level);
            let mut backwards: Vec<u64> = values.clone();
            backwards.reverse();
            for cut in [1, 10, 5_000, 19_999] {
                let mut joined = of(&backwards[cut..], level);
                joined.merge(of(&backwards[..cut], level), level);
                for permille in [0, 1, 500, 999, 1000] {
                    assert_eq!(joined.at(permille), whole.at(permille), "level {level} cut {cut}");
                }
            }
            let mut shrunk = of(&values, 0);
            shrunk.fit(level);
            assert_eq!(shrunk.at(950), whole.at(950));
        }
    }

    #[test]
    fn huge_small_and_negative_numbers_have_a_place() {
        let mut quantiles = Quantiles::default();
        for text in ["-1e400", "-2", "0", "1e-400", "3", "1e400"].into_iter().cycle().take(6_000) {
            quantiles.add(&Decimal::parse(text.as_bytes()).unwrap(), 0);
        }
        let at = |permille| quantiles.at(permille).unwrap().0;
        let near = |a: &str, b: f64| (a.parse::<f64>().unwrap() - b).abs() <= b.abs() / 100.0;
        assert!(at(100).starts_with('-') && (at(100).ends_with("e400") || at(100).ends_with("e399")), "{}", at(100));
        assert!(near(&at(200), -2.0) && near(&at(700), 3.0), "{} {}", at(200), at(700));
        assert_eq!(at(400), "0");
        assert!(at(600).ends_with("e-400") || at(600).ends_with("e-401"), "{}", at(600));
        assert!(by_value(&at(900), "9.9e399").is_gt() && by_value(&at(900), "1.01e400").is_lt());
    }
}
