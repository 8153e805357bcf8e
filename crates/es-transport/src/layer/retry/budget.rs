//! A token bucket that limits retries to a share of the traffic.

use std::sync::atomic::{AtomicU64, Ordering};

/// A budget that limits retries to a share of the traffic of a transport.
///
/// It is a token bucket that starts full. Each retry takes one token; without a token,
/// no retry is made. Retries of requests that were not sent are free. Each request that
/// succeeds at its first attempt earns a part of a token. A burst of failures is thus
/// retried, but a cluster that keeps failing receives only little more traffic than
/// without retries, instead of four times as much.
///
/// By default, it holds 100 tokens, and each success earns a fifth of a token, as in
/// the standard retry mode of the AWS SDKs (500 units, 5 per retry, 1 returned).
///
/// It is a single atomic number: it needs no lock, and only a read while it is full.
///
/// ```
/// use es_transport::layer::retry::Budget;
///
/// let budget = Budget::new(1, 50);
/// assert!(budget.withdraw());
/// assert!(!budget.withdraw());
/// budget.deposit();
/// budget.deposit();
/// assert!(budget.withdraw());
/// ```
#[derive(Debug)]
pub struct Budget {
    /// The rest, in hundredths of a retry.
    left: AtomicU64,
    room: u64,
    gain: u64,
}

/// The price of a retry, in hundredths.
const COST: u64 = 100;

impl Budget {
    /// Creates a budget of `burst` retries, and then `percent` retries for every
    /// hundred requests that succeed at their first attempt.
    pub const fn new(burst: u32, percent: u32) -> Self {
        let room = burst as u64 * COST;
        Self {
            left: AtomicU64::new(room),
            room,
            gain: percent as u64,
        }
    }

    /// Creates a budget that never runs out.
    pub const fn unlimited() -> Self {
        Self {
            left: AtomicU64::new(u64::MAX),
            room: u64::MAX,
            gain: 0,
        }
    }

    /// Returns the same budget without tokens, which it must first earn.
    ///
    /// ```
    /// use es_transport::layer::retry::Budget;
    ///
    /// let budget = Budget::new(10, 50).starting_empty();
    /// assert!(!budget.withdraw());
    /// budget.deposit();
    /// budget.deposit();
    /// assert!(budget.withdraw());
    /// ```
    #[must_use]
    pub fn starting_empty(self) -> Self {
        if self.room == u64::MAX {
            return self;
        }
        Self {
            left: AtomicU64::new(0),
            ..self
        }
    }

    /// Whether less than half of the burst is left.
    ///
    /// ```
    /// use es_transport::layer::retry::Budget;
    ///
    /// let budget = Budget::new(2, 50);
    /// assert!(!budget.is_low() && budget.withdraw() && !budget.is_low());
    /// assert!(budget.withdraw() && budget.is_low());
    /// ```
    pub fn is_low(&self) -> bool {
        self.left.load(Ordering::Relaxed) < self.room / 2
    }

    /// Returns what [`withdraw`](Self::withdraw) took for a request that was not made.
    pub(crate) fn put_back(&self) {
        self.add(COST);
    }

    /// Takes the cost of one retry. Returns `false` if there is not enough.
    pub fn withdraw(&self) -> bool {
        if self.room == u64::MAX {
            return true;
        }
        let take = |left: u64| left.checked_sub(COST);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    /// Adds the part of a token that a success earns.
    pub fn deposit(&self) {
        self.add(self.gain);
    }

    fn add(&self, gain: u64) {
        if self.left.load(Ordering::Relaxed) >= self.room {
            return;
        }
        let add = |left: u64| Some(left.saturating_add(gain).min(self.room));
        // The closure never returns `None`, so this cannot fail.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Default for Budget {
    /// 100 retries at once, 20 % of the traffic in the long run.
    fn default() -> Self {
        Self::new(100, 20)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn an_unlimited_budget_never_runs_out() {
        let budget = Budget::unlimited();
        assert!((0..10_000).all(|_| budget.withdraw()));
    }

    #[test]
    fn tokens_taken_by_many_threads_are_counted_once() {
        let budget = Budget::new(1_000, 0);
        let granted = std::thread::scope(|scope| {
            let take = || (0..1_000).filter(|_| budget.withdraw()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum::<usize>()
        });
        assert_eq!(granted, 1_000);
    }

    proptest! {
        #[test]
        fn never_grants_more_than_the_burst_and_the_share(
            burst in 0..20_u32, percent in 0..=100_u32, succeeds in vec(proptest::bool::ANY, 0..500),
        ) {
            let budget = Budget::new(burst, percent);
            let (mut successes, mut retries) = (0_u64, 0_u64);
            for success in succeeds {
                if success {
                    budget.deposit();
                    successes += 1;
                } else if budget.withdraw() {
                    retries += 1;
                }
                let allowed = u64::from(burst) * 100 + successes * u64::from(percent);
                prop_assert!(retries * 100 <= allowed);
            }
        }

        #[test]
        fn a_long_calm_fills_it_to_the_burst_and_no_further(burst in 0..50_u32, percent in 1..=100_u32) {
            let budget = Budget::new(burst, percent);
            while budget.withdraw() {}
            (0..u64::from(burst) * 100 + 1).for_each(|_| budget.deposit());
            let granted = std::iter::repeat_with(|| budget.withdraw()).take_while(|ok| *ok).count();
            prop_assert_eq!(granted, burst as usize);
        }
    }
}
