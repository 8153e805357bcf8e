//! Delays after failures: before a retry, and before a failed node is used again.

use std::time::Duration;

use crate::rng::Rng;

/// Exponential backoff with equal jitter.
///
/// After the *n*-th failure in a row, the wait is between *t*/2 and *t*, where *t* =
/// min(`cap`, `base` · 2^(n−1)). Half of it is fixed, so that a busy node gets a rest;
/// the other half is random, so that clients that failed together do not retry together
/// (Brooker, *Exponential Backoff and Jitter*, 2015).
///
/// ```
/// use std::time::Duration;
/// use es_transport::{Backoff, rng::Rng};
///
/// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// let wait = backoff.wait(2, &Rng::new());
/// assert!((Duration::from_millis(100)..=Duration::from_millis(200)).contains(&wait));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Creates a backoff that waits for at most `base` after the first failure, twice as
    /// long after each further one, and never longer than `cap`. With a `base` of zero,
    /// it does not wait.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// Returns the longest wait after the given number of failures in a row (at least 1).
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::Backoff;
    ///
    /// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    /// assert_eq!(backoff.ceiling(3), Duration::from_millis(400));
    /// assert_eq!(backoff.ceiling(30), Duration::from_secs(10));
    /// ```
    pub fn ceiling(&self, failure: u32) -> Duration {
        let doublings = failure.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// Returns the wait after the given number of failures in a row (at least 1): half of
    /// the ceiling plus a random part of the other half.
    pub fn wait(&self, failure: u32, rng: &Rng) -> Duration {
        let half = self.ceiling(failure) / 2;
        half + half.mul_f64(rng.unit())
    }
}

impl Default for Backoff {
    /// 100 ms, doubled up to 10 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn backoff(base_ms: u64, cap_ms: u64) -> Backoff {
        Backoff::new(
            Duration::from_millis(base_ms),
            Duration::from_millis(cap_ms),
        )
    }

    #[test]
    fn doubles_from_the_base_up_to_the_cap() {
        let ceilings = |backoff: Backoff| [1, 2, 3, 8].map(|retry| backoff.ceiling(retry));
        assert_eq!(
            ceilings(backoff(100, 10_000)),
            [100, 200, 400, 10_000].map(Duration::from_millis)
        );
    }

    proptest! {
        #[test]
        fn waits_between_half_and_all_of_the_ceiling(
            base in 0..=u64::MAX, cap in 0..=u64::MAX, retry: u32, seed: u64,
        ) {
            let backoff = backoff(base, cap);
            let ceiling = backoff.ceiling(retry);
            let wait = backoff.wait(retry, &Rng::seeded(seed));
            prop_assert!(wait >= ceiling / 2 && wait <= ceiling, "{wait:?} of {ceiling:?}");
        }

        #[test]
        fn never_waits_less_than_before_nor_more_than_the_cap(
            base in 0..=u64::MAX, cap in 0..=u64::MAX, retry in 0..u32::MAX,
        ) {
            let backoff = backoff(base, cap);
            prop_assert!(backoff.ceiling(retry) <= backoff.ceiling(retry + 1));
            prop_assert!(backoff.ceiling(retry) <= Duration::from_millis(cap));
        }

        #[test]
        fn doubles_while_below_the_cap(base in 1..1_000_u64, retry in 1..20_u32) {
            let backoff = backoff(base, u64::MAX);
            prop_assert_eq!(backoff.ceiling(retry) * 2, backoff.ceiling(retry + 1));
        }
    }
}
