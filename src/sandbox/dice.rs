//! Chance that can be repeated: splitmix64, seeded by a number and by what it is for, so that one use never shifts another.

/// A stream of numbers that look random.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a over the purpose.
        let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `bound`, without it; 0 when the bound is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let random = self.next() >> 32;
        // The high half of a product of two 32-bit numbers fits 32 bits.
        u32::try_from((random * u64::from(bound)) >> 32).unwrap_or(0)
    }

    /// A number from `low` up to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// One of these.
    pub(super) fn of<'w>(&mut self, words: &[&'w str]) -> &'w str {
        let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
        usize::try_from(self.below(count)).ok().and_then(|at| words.get(at).copied()).unwrap_or_default()
    }

    /// True about once in `n` times.
    pub(super) fn once_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let run = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose);
            (0..5).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(run(1, "a"), run(1, "a"));
        assert_ne!(run(1, "a"), run(1, "b"));
        assert_ne!(run(1, "a"), run(2, "a"));
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::new(7, "bounds");
        let drawn: std::collections::BTreeSet<u32> = (0..500).map(|_| dice.between(3, 9)).collect();
        assert_eq!(drawn, (3..=9).collect());
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.of(&[]), "");
    }
}
