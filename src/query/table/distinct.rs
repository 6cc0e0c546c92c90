//! How many different values: exact up to a limit, then an estimate that knows its error (HyperLogLog, Flajolet et al.
//! 2007, with the estimator of Ertl 2017, which needs no tables). The answer does not depend on the order of the values.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

/// Values kept one by one, and the power of two of registers behind that, by how short memory is.
const LEVELS: [(usize, u8); 3] = [(65_536, 14), (1_024, 12), (32, 9)];

/// Two hashes of 64 bits stand for a value: that two values share both is out of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark(u64, u64);

impl Mark {
    pub(super) fn of(value: &[u8]) -> Self {
        let hash = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(salt);
            hasher.write(value);
            hasher.finish()
        };
        Self(hash(1), hash(2))
    }
}

/// Marks are hashes already.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, n: u64) {
        self.0 ^= n;
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Distinct {
    /// Values that were taken in: there are no more different ones.
    taken: u64,
    seen: Set,
}

#[derive(Debug, Clone)]
enum Set {
    Exact(HashSet<Mark, BuildHasherDefault<Ready>>),
    Estimate(Registers),
}

impl Default for Set {
    fn default() -> Self {
        Self::Exact(HashSet::default())
    }
}

impl Distinct {
    pub(super) fn add(&mut self, mark: Mark, level: usize) {
        self.taken = self.taken.saturating_add(1);
        self.seen.add(mark, level);
    }

    pub(super) fn merge(&mut self, other: Self, level: usize) {
        self.taken = self.taken.saturating_add(other.taken);
        self.seen.merge(other.seen, level);
    }

    /// Takes no more memory than the level allows.
    pub(super) fn fit(&mut self, level: usize) {
        self.seen.fit(level);
    }

    /// How many, and the standard error in thousandths when it is an estimate.
    pub(super) fn count(&self) -> (u64, Option<u32>) {
        match &self.seen {
            Set::Exact(marks) => (u64::try_from(marks.len()).unwrap_or(u64::MAX), None),
            Set::Estimate(registers) => (registers.estimate().min(self.taken), Some(registers.permille())),
        }
    }

    /// The standard error of an estimate, in thousandths.
    pub(super) fn error(&self) -> Option<u32> {
        match &self.seen {
            Set::Exact(_) => None,
            Set::Estimate(registers) => Some(registers.permille()),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.seen {
            Set::Exact(marks) => marks.capacity() * (size_of::<Mark>() + 1),
            Set::Estimate(registers) => registers.all.len(),
        }
    }
}

impl Set {
    fn add(&mut self, mark: Mark, level: usize) {
        match self {
            Self::Exact(marks) => {
                if marks.insert(mark) && marks.len() > limits(level).0 {
                    self.fit(level);
                }
            }
            Self::Estimate(registers) => registers.add(mark.0),
        }
    }

    fn merge(&mut self, other: Self, level: usize) {
        match other {
            Self::Exact(marks) => {
                for mark in marks {
                    self.add(mark, level);
                }
            }
            Self::Estimate(mut theirs) => {
                self.estimate(theirs.power);
                if let Self::Estimate(ours) = self {
                    let power = ours.power.min(theirs.power);
                    ours.fold(power);
                    theirs.fold(power);
                    ours.join(&theirs);
                }
            }
        }
        self.fit(level);
    }

    fn fit(&mut self, level: usize) {
        let (most, power) = limits(level);
        match self {
            Self::Exact(marks) if marks.len() > most => self.estimate(power),
            Self::Exact(_) => {}
            Self::Estimate(registers) => registers.fold(power),
        }
    }

    fn estimate(&mut self, power: u8) {
        if let Self::Exact(marks) = self {
            let mut registers = Registers::new(power);
            for mark in marks.iter() {
                registers.add(mark.0);
            }
            *self = Self::Estimate(registers);
        }
    }
}

fn limits(level: usize) -> (usize, u8) {
    LEVELS.get(level).copied().unwrap_or((32, 9))
}

/// The registers of a HyperLogLog: of each the largest rank seen, 2^power of them.
#[derive(Debug, Clone)]
pub(super) struct Registers {
    power: u8,
    all: Box<[u8]>,
}

impl Registers {
    pub(super) fn new(power: u8) -> Self {
        Self { power, all: vec![0; 1 << power].into_boxed_slice() }
    }

    fn add(&mut self, hash: u64) {
        let at = usize::try_from(hash >> (64 - self.power)).unwrap_or(0);
        // The bit behind the last one ends the count.
        let rest = (hash << self.power) | (1 << (self.power - 1));
        self.raise(at, small(rest.leading_zeros() + 1));
    }

    pub(super) fn see(&mut self, mark: Mark) {
        self.add(mark.0);
    }

    fn raise(&mut self, at: usize, rank: u8) {
        if let Some(register) = self.all.get_mut(at) {
            *register = (*register).max(rank);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (ours, theirs) in self.all.iter_mut().zip(&other.all) {
            *ours = (*ours).max(*theirs);
        }
    }

    /// Fewer registers, as if there had never been more.
    fn fold(&mut self, power: u8) {
        if power >= self.power {
            return;
        }
        let down = u32::from(self.power - power);
        let mut fewer = Self::new(power);
        for (at, &rank) in self.all.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            let low = at & ((1 << down) - 1);
            let rank = if low == 0 { rank.saturating_add(small(down)) } else { small(down - low.ilog2()) };
            fewer.raise(at >> down, rank);
        }
        *self = fewer;
    }

    pub(super) fn estimate(&self) -> u64 {
        let q = usize::from(64 - self.power);
        let mut counts = vec![0_u32; q + 2];
        for &rank in &self.all {
            if let Some(count) = counts.get_mut(usize::from(rank)) {
                *count += 1;
            }
        }
        let m = f64::from(1_u32 << self.power);
        let share = |at: usize| f64::from(counts.get(at).copied().unwrap_or(0)) / m;
        let mut z = m * tau(1.0 - share(q + 1));
        for at in (1..=q).rev() {
            z = 0.5 * (z + share(at) * m);
        }
        z += m * sigma(share(0));
        whole(m * m / (2.0 * std::f64::consts::LN_2 * z))
    }

    /// The standard error, in thousandths, rounded up.
    fn permille(&self) -> u32 {
        u32::try_from(whole((1040.0 / f64::from(1_u32 << self.power).sqrt()).ceil())).unwrap_or(u32::MAX)
    }
}

fn small(n: u32) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate that is not negative; the cast saturates")]
fn whole(x: f64) -> u64 {
    x.round() as u64
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(n: u32) -> Mark {
        Mark::of(&n.to_le_bytes())
    }

    fn of(values: impl Iterator<Item = u32>, level: usize) -> Distinct {
        let mut distinct = Distinct::default();
        for n in values {
            distinct.add(mark(n), level);
        }
        distinct
    }

    #[test]
    fn exact_up_to_the_limit_and_near_beyond() {
        for (level, exact, permille) in [(0, 65_536, 9), (1, 1_024, 17), (2, 32, 46)] {
            assert_eq!(of((0..exact).chain(0..exact), level).count(), (u64::from(exact), None));
            for many in [exact + 1, exact * 2, exact * 20] {
                let (count, error) = of(0..many, level).count();
                assert_eq!(error, Some(permille));
                let off = count.abs_diff(u64::from(many)) * 1000 / u64::from(many);
                assert!(off <= u64::from(permille) * 3, "{count} for {many}: {off} permille off");
            }
        }
    }

    #[test]
    fn the_order_does_not_matter() {
        for level in 0..3 {
            for cut in [1, 40_000, 99_990] {
                let whole = of((0..100_000).chain(cut..cut + 5), level);
                let mut joined = of(cut..100_000, level);
                joined.merge(of(0..cut + 5, level), level);
                assert_eq!(joined.count(), whole.count());
            }
            // An estimate that folds is the one that was small from the start.
            let mut folded = of(0..100_000, 0);
            folded.fit(level);
            assert_eq!(folded.count(), of(0..100_000, level).count());
        }
    }

    #[test]
    fn an_estimate_is_never_more_than_there_were_values() {
        let high = (33..2_000).find(|n| {
            let Set::Estimate(registers) = of(0..*n, 2).seen else { return false };
            registers.estimate() > u64::from(*n)
        });
        let n = high.expect("half of all estimates are too high");
        assert_eq!(of(0..n, 2).count().0, u64::from(n));
        let mut halves = of(0..n / 2, 2);
        halves.merge(of(n / 2..n, 2), 2);
        assert_eq!(halves.count().0, u64::from(n));
    }
}
