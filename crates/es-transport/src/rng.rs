//! Random numbers for jitter and for node selection. They are not suitable for
//! cryptography.
//!
//! [`Rng`] is SplitMix64 (Steele, Lea, Flood: *Fast Splittable Pseudorandom Number
//! Generators*, 2014) over one atomic counter: it is shared without a lock, and a seed
//! makes it reproducible for tests. [`seed_thread`] seeds all random numbers of a
//! thread, for simulations.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// A small random number generator that tasks can share.
///
/// ```
/// use es_transport::rng::Rng;
///
/// let (one, other) = (Rng::seeded(7), Rng::seeded(7));
/// assert_eq!(one.next_u64(), other.next_u64());
/// assert!(Rng::new().below(3) < 3);
/// ```
#[derive(Debug)]
pub struct Rng(AtomicU64);

thread_local! {
    /// The generator of this thread, for which no other thread contends.
    // The standard library's hasher keys are random without another crate.
    static OF_THREAD: Rng = Rng::seeded(RandomState::new().hash_one(STEP));
}

/// Seeds the generator of this thread, so that every run yields the same numbers from
/// now on: for node selection, and for the jitter of components that are created later
/// (which take their seeds from the thread's generator).
///
/// Use it in simulations, with a paused clock and a single-threaded runtime.
///
/// ```
/// use es_transport::rng::{self, Rng};
///
/// rng::seed_thread(7);
/// let number = Rng::new().next_u64();
/// rng::seed_thread(7);
/// assert_eq!(Rng::new().next_u64(), number);
/// ```
pub fn seed_thread(seed: u64) {
    OF_THREAD.with(|rng| rng.0.store(seed, Ordering::Relaxed));
}

/// A number below `bound` from this thread's own generator; 0 if `bound` is 0.
pub(crate) fn below(bound: usize) -> usize {
    OF_THREAD.with(|rng| rng.below(bound))
}

/// Returns a number from 0 (included) to 1 (excluded) from this thread's own generator.
pub(crate) fn unit() -> f64 {
    OF_THREAD.with(Rng::unit)
}

/// 2⁶⁴ divided by the golden ratio: the step of SplitMix64.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// Creates a generator with a random seed, unless [`seed_thread`] set one.
    pub fn new() -> Self {
        Self::seeded(OF_THREAD.with(Self::next_u64))
    }

    /// Creates a generator that yields the same numbers for the same seed.
    pub const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Returns the next number, uniform over all of `u64`.
    pub fn next_u64(&self) -> u64 {
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`; 0 if `bound` is 0.
    ///
    /// It uses the high half of a product instead of a remainder, which avoids a division. The
    /// bias is at most `bound` / 2⁶⁴.
    pub fn below(&self, bound: usize) -> usize {
        let product = u128::from(self.next_u64()) * bound as u128;
        // The high half of a product with `bound` is below `bound`, so it fits.
        usize::try_from(product >> 64).unwrap_or_default()
    }

    /// Returns a number from 0 (included) to 1 (excluded).
    pub fn unit(&self) -> f64 {
        // 53 bits are what a double holds exactly.
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Default for Rng {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn yields_the_numbers_of_the_published_algorithm() {
        // The first outputs for seed 1234567, as the reference implementation prints them.
        let rng = Rng::seeded(1_234_567);
        let numbers = std::array::from_fn::<_, 3, _>(|_| rng.next_u64());
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn two_generators_start_differently() {
        assert_ne!(Rng::new().next_u64(), Rng::new().next_u64());
    }

    #[test]
    fn a_seeded_thread_draws_the_same_again() {
        let draw = || {
            seed_thread(7);
            (
                below(1_000),
                below(1_000),
                Rng::new().next_u64(),
                Rng::new().next_u64(),
            )
        };
        let numbers = draw();
        assert_eq!(draw(), numbers);
        assert_ne!(numbers.2, numbers.3);
        assert_eq!(below(0), 0);
    }

    proptest! {
        #[test]
        fn stays_within_its_bounds(seed: u64, bound in 1..10_000_usize) {
            let rng = Rng::seeded(seed);
            for _ in 0..100 {
                prop_assert!(rng.below(bound) < bound);
                prop_assert!((0.0..1.0).contains(&rng.unit()));
            }
            prop_assert_eq!(rng.below(0), 0);
        }

        #[test]
        fn every_number_comes_up_equally_often(seed: u64) {
            let rng = Rng::seeded(seed);
            let mut counts = [0_u32; 4];
            for _ in 0..4_000 {
                counts[rng.below(4)] += 1;
            }
            prop_assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
        }
    }
}
