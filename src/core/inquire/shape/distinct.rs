//! How many different values there are: exact up to a bound, then estimated from the smallest hashes (k minimum values). Two counts
//! merge into that of both.

use std::collections::BTreeSet;

/// Hashes that are kept: so many values are counted exactly; beyond, the standard error is 1/√(k−2), about 6 %.
const KEPT: usize = 256;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Distinct {
    smallest: BTreeSet<u64>,
    /// Values that were taken in: there are no more different ones.
    taken: u64,
    /// There were more than are kept.
    over: bool,
}

impl Distinct {
    pub(super) fn add(&mut self, hash: u64) {
        self.taken = self.taken.saturating_add(1);
        self.keep(hash);
    }

    fn keep(&mut self, hash: u64) {
        if self.smallest.len() == KEPT {
            if self.smallest.last().is_some_and(|last| hash > *last) {
                self.over = true;
                return;
            }
            if self.smallest.insert(hash) {
                let _largest = self.smallest.pop_last();
                self.over = true;
            }
        } else {
            self.smallest.insert(hash);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for hash in &other.smallest {
            self.keep(*hash);
        }
        self.taken = self.taken.saturating_add(other.taken);
        self.over |= other.over;
    }

    /// How many, and whether that is exact.
    pub(super) fn count(&self) -> (u64, bool) {
        let kept = u64::try_from(self.smallest.len()).unwrap_or(u64::MAX);
        let largest = self.smallest.last().copied().unwrap_or(0);
        if !self.over || largest == 0 {
            return (kept, true);
        }
        // The k-th smallest of n hashes lies at about k/n of their range.
        let estimate = u128::from(kept - 1) * (u128::from(u64::MAX) + 1) / u128::from(largest);
        (u64::try_from(estimate).unwrap_or(u64::MAX).clamp(kept + 1, self.taken.max(kept + 1)), false)
    }
}

/// A hash of some bytes, the same in every run.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    // FNV-1a, then mixed: its high bits alone are not random enough for short texts.
    let start = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    mix(bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// The finalizer of splitmix64.
pub(super) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_exact_and_many_are_near() {
        let of = |n: u32| {
            let mut distinct = Distinct::default();
            (0..n).chain(0..n / 2).for_each(|n| distinct.add(hash(0, &n.to_be_bytes())));
            distinct.count()
        };
        assert_eq!((of(0), of(1), of(256)), ((0, true), (1, true), (256, true)));
        for n in [1_000, 100_000] {
            let (count, exact) = of(n);
            let apart = count.abs_diff(u64::from(n));
            assert!(!exact && apart * 5 < u64::from(n), "{count} of {n}");
        }
        // An estimate that is too high is cut at what was taken in, also of two counts together.
        let high = (300..3_000).find_map(|n: u32| {
            let mut halves = [Distinct::default(), Distinct::default()];
            (0..n).for_each(|n| halves[usize::try_from(n % 2).unwrap()].add(hash(0, &n.to_be_bytes())));
            let [mut all, other] = halves;
            all.merge(&other);
            (Distinct { taken: u64::MAX, ..all.clone() }.count().0 > u64::from(n)).then(|| (all.count().0, u64::from(n)))
        });
        let (count, n) = high.expect("half of all estimates are too high");
        assert_eq!(count, n);
    }
}
