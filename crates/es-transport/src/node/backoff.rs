//! How long a dead node rests.

use std::time::Duration;

use crate::rng::Rng;

/// The dead time after the `n`-th failure in a row: `min(base · 2^(n−1), cap)`,
/// of which a random half is taken away at most, so that many clients do not
/// come back to a node in the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadTime {
    /// The dead time after the first failure. Default: 1 s.
    pub base: Duration,
    /// The longest dead time. Default: 30 s.
    pub cap: Duration,
}

impl Default for DeadTime {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_secs(30) }
    }
}

impl DeadTime {
    /// The time after `failures` failures in a row, without jitter.
    pub fn longest(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// The time after `failures` failures in a row, shortened by up to a half.
    pub fn with_jitter(&self, failures: u32, rng: &Rng) -> Duration {
        let half = self.longest(failures) / 2;
        half + half.mul_f64(rng.unit())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap() {
        let seconds = |n| DeadTime::default().longest(n).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6].map(seconds), [1, 2, 4, 8, 16, 30]);
        assert_eq!(seconds(u32::MAX), 30);
    }

    proptest! {
        #[test]
        fn jitter_takes_at_most_half(failures: u32, seed: u64, base in 1_u64..1 << 40, cap in 1_u64..1 << 40) {
            let time = DeadTime { base: Duration::from_nanos(base), cap: Duration::from_nanos(cap) };
            let (longest, taken) = (time.longest(failures), time.with_jitter(failures, &Rng::seeded(seed)));
            prop_assert!(taken <= longest && longest <= time.cap);
            prop_assert!(taken >= longest / 2);
        }

        #[test]
        fn a_further_failure_never_shortens_it(failures in 0..u32::MAX) {
            let time = DeadTime::default();
            prop_assert!(time.longest(failures) <= time.longest(failures + 1));
        }
    }
}
