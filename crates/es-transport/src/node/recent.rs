//! The recent outcomes of a node: a sliding window and the failures in a row.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// Parts of the window. The oldest part leaves as a whole, so that the window
/// is by up to one part shorter than its length.
const PARTS: usize = 8;

/// Number of bits of each of the two counters of a part.
const COUNTER: u32 = 20;
const MOST: u64 = (1 << COUNTER) - 1;

/// Outcomes within a sliding window; written only where ejection is on.
///
/// Every part is one atomic number: the time that it belongs to, and the
/// successes and failures of that time. An outcome that two threads write
/// together counts for both.
#[derive(Debug, Default)]
pub(super) struct Recent {
    parts: [AtomicU64; PARTS],
    in_a_row: AtomicU32,
}

/// Numbers of outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub good: u64,
    pub bad: u64,
}

impl Counts {
    pub fn total(self) -> u64 {
        self.good + self.bad
    }

    pub fn add(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            bad: self.bad + other.bad,
        }
    }
}

impl Recent {
    /// Counts a success at `clock`, the time since the pool was built.
    pub fn succeeded(&self, clock: Duration, window: Duration) {
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        self.count(clock, window, Counts { good: 1, bad: 0 });
    }

    /// Counts a failure; returns the number of failures in a row.
    pub fn failed(&self, clock: Duration, window: Duration) -> u32 {
        self.count(clock, window, Counts { good: 0, bad: 1 });
        let row = self.in_a_row.load(Ordering::Relaxed).saturating_add(1);
        self.in_a_row.store(row, Ordering::Relaxed);
        row
    }

    /// Returns the outcomes within the window that ends at `clock`.
    pub fn counts(&self, clock: Duration, window: Duration) -> Counts {
        let now = epoch(clock, window);
        let parts = self
            .parts
            .iter()
            .map(|part| unpack(part.load(Ordering::Relaxed)));
        let recent = parts.filter(|(at, _)| now.wrapping_sub(*at) & EPOCHS < PARTS as u64);
        recent.fold(Counts::default(), |sum, (_, counts)| sum.add(counts))
    }

    /// Forgets all outcomes.
    pub fn clear(&self) {
        self.in_a_row.store(0, Ordering::Relaxed);
        self.parts
            .iter()
            .for_each(|part| part.store(0, Ordering::Relaxed));
    }

    fn count(&self, clock: Duration, window: Duration, more: Counts) {
        let now = epoch(clock, window);
        let Some(part) = self.parts.get(now as usize % PARTS) else {
            return;
        };
        let add = |bits| {
            let (at, counts) = unpack(bits);
            let counts = if at == now { counts } else { Counts::default() };
            Some(pack(now, counts.add(more)))
        };
        // The closure never returns `None`, so this cannot fail.
        let _ = part.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

const EPOCHS: u64 = (1 << (64 - 2 * COUNTER)) - 1;

/// Returns the number of the part of time at `clock`, which is never 0 and wraps.
fn epoch(clock: Duration, window: Duration) -> u64 {
    let part = (window / PARTS as u32).as_millis().max(1);
    // The first part is 8, so that an empty part, whose time is 0, is old.
    let number = clock.as_millis() / part + PARTS as u128;
    number as u64 & EPOCHS
}

fn pack(epoch: u64, counts: Counts) -> u64 {
    epoch << (2 * COUNTER) | counts.good.min(MOST) << COUNTER | counts.bad.min(MOST)
}

fn unpack(bits: u64) -> (u64, Counts) {
    (
        bits >> (2 * COUNTER),
        Counts {
            good: bits >> COUNTER & MOST,
            bad: bits & MOST,
        },
    )
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    const WINDOW: Duration = Duration::from_secs(8);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn outcomes_leave_the_window() {
        let recent = Recent::default();
        assert_eq!(recent.counts(at(0), WINDOW), Counts::default());
        recent.succeeded(at(0), WINDOW);
        assert_eq!(recent.failed(at(5), WINDOW), 1);
        assert_eq!(recent.failed(at(5), WINDOW), 2);
        assert_eq!(recent.counts(at(7), WINDOW), Counts { good: 1, bad: 2 });
        assert_eq!(recent.counts(at(8), WINDOW), Counts { good: 0, bad: 2 });
        assert_eq!(recent.counts(at(13), WINDOW), Counts::default());
        // The row does not depend on the time.
        assert_eq!(recent.failed(at(1_000), WINDOW), 3);
    }

    #[test]
    fn a_success_ends_the_row() {
        let recent = Recent::default();
        recent.failed(at(1), WINDOW);
        recent.succeeded(at(1), WINDOW);
        assert_eq!(recent.failed(at(1), WINDOW), 1);
        recent.clear();
        assert_eq!(recent.counts(at(1), WINDOW), Counts::default());
    }

    #[test]
    fn a_window_of_no_length_counts_what_is_now() {
        let recent = Recent::default();
        recent.failed(at(1), Duration::ZERO);
        assert_eq!(recent.counts(at(1), Duration::ZERO).bad, 1);
        assert_eq!(recent.counts(at(2), Duration::ZERO).bad, 0);
    }

    proptest! {
        #[test]
        fn it_counts_the_last_eight_parts(steps in vec((0..3_000_u64, any::<bool>()), 0..200)) {
            let recent = Recent::default();
            let mut all = VecDeque::new();
            let mut now = 0;
            for (step, is_good) in steps {
                now += step;
                let clock = Duration::from_millis(now);
                if is_good {
                    recent.succeeded(clock, WINDOW);
                } else {
                    recent.failed(clock, WINDOW);
                }
                all.push_back((now / 1_000, is_good));
                all.retain(|(part, _)| part + 8 > now / 1_000);
                let good = all.iter().filter(|(_, is_good)| *is_good).count() as u64;
                let wanted = Counts { good, bad: all.len() as u64 - good };
                prop_assert_eq!(recent.counts(clock, WINDOW), wanted);
            }
        }
    }
}
