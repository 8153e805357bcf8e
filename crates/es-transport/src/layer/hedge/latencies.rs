//! The recent latencies of an endpoint: a rolling histogram.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Number of buckets for each doubling: a bucket is an eighth wide.
const PARTS: usize = 8;
/// The least latency of a bucket of its own: 2⁷ µs.
const LEAST_BITS: u32 = 7;
/// From 128 µs to 134 s.
const BUCKETS: usize = 20 * PARTS;

/// Number of latencies after which the older ones are forgotten.
const GENERATION: u32 = 500;
/// Number of latencies below which no quantile is known.
const FEWEST: u32 = 100;
/// A request is not slow before this multiple of the median: where latencies are much alike, a
/// second attempt seldom wins against the last twentieth of them.
const MEDIANS: u64 = 3;
/// Number of latencies between two computations.
const STEP: u32 = 16;

/// The last 500 to 1,000 latencies, and after which time a request is slow.
#[derive(Debug)]
pub(super) struct Latencies {
    /// In microseconds; 0: not known.
    slow_after: AtomicU64,
    rolling: Mutex<Rolling>,
}

#[derive(Debug)]
struct Rolling {
    current: Box<[u32]>,
    previous: Box<[u32]>,
    /// Number of latencies in `current`.
    count: u32,
}

impl Default for Latencies {
    fn default() -> Self {
        let none = || vec![0; BUCKETS].into_boxed_slice();
        let rolling = Rolling {
            current: none(),
            previous: none(),
            count: 0,
        };
        Self {
            slow_after: AtomicU64::new(0),
            rolling: Mutex::new(rolling),
        }
    }
}

impl Latencies {
    /// Returns after which time a request is slow; `None` before there are a hundred latencies.
    pub fn slow_after(&self) -> Option<Duration> {
        let micros = self.slow_after.load(Ordering::Relaxed);
        (micros != 0).then(|| Duration::from_micros(micros))
    }

    /// Takes in a latency. A request is slow after the time within which `percent` of all
    /// have ended, and after three times the median.
    pub fn record(&self, latency: Duration, percent: u32) {
        let mut rolling = self.rolling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = rolling.current.get_mut(bucket(latency)) {
            *bucket += 1;
        }
        rolling.count += 1;
        if rolling.count.is_multiple_of(STEP)
            && let (Some(median), Some(quantile)) =
                (rolling.quantile(50), rolling.quantile(percent))
        {
            let slow_after = quantile.max(MEDIANS * median);
            self.slow_after.store(slow_after, Ordering::Relaxed);
        }
        if rolling.count >= GENERATION {
            rolling.count = 0;
            let Rolling {
                current, previous, ..
            } = &mut *rolling;
            std::mem::swap(current, previous);
            current.fill(0);
        }
    }
}

impl Rolling {
    fn quantile(&self, percent: u32) -> Option<u64> {
        let counts = self.current.iter().zip(&self.previous).map(|(a, b)| a + b);
        let total: u32 = counts.clone().sum();
        if total < FEWEST {
            return None;
        }
        let wanted = (u64::from(total) * u64::from(percent)).div_ceil(100);
        let sums = counts.scan(0_u64, |sum, count| {
            *sum += u64::from(count);
            Some(*sum)
        });
        let found = sums.enumerate().find(|(_, sum)| *sum >= wanted);
        found.map(|(number, _)| upper_bound(number))
    }
}

fn bucket(latency: Duration) -> usize {
    let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    let micros = micros.max(1 << LEAST_BITS);
    let bits = micros.ilog2();
    // The three bits after the highest one.
    let part = (micros >> (bits - 3)) as usize % PARTS;
    let octave = (bits - LEAST_BITS) as usize;
    (octave * PARTS + part).min(BUCKETS - 1)
}

/// Returns the end of a bucket in microseconds.
fn upper_bound(bucket: usize) -> u64 {
    let (octave, part) = (bucket / PARTS, bucket % PARTS);
    let eighth = 1_u64 << (octave as u32 + LEAST_BITS - 3);
    eighth * (PARTS + part + 1) as u64
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn it_needs_a_hundred_latencies() {
        let latencies = Latencies::default();
        (0..99).for_each(|_| latencies.record(10 * MS, 95));
        assert_eq!(latencies.slow_after(), None);
        (0..16).for_each(|_| latencies.record(10 * MS, 95));
        let found = latencies.slow_after().unwrap();
        assert!(found > 30 * MS && found < 36 * MS, "{found:?}");
    }

    #[test]
    fn old_latencies_are_forgotten() {
        let latencies = Latencies::default();
        (0..500).for_each(|_| latencies.record(1_000 * MS, 95));
        assert!(latencies.slow_after().unwrap() >= 3_000 * MS);
        (0..1_000).for_each(|_| latencies.record(MS, 95));
        assert!(latencies.slow_after().unwrap() < 4 * MS);
    }

    #[test]
    fn extremes_have_a_bucket() {
        for latency in [Duration::ZERO, Duration::from_micros(127), Duration::MAX] {
            assert!(bucket(latency) < BUCKETS);
        }
        assert_eq!(
            (bucket(Duration::ZERO), bucket(Duration::MAX)),
            (0, BUCKETS - 1)
        );
    }

    proptest! {
        #[test]
        fn a_bucket_is_at_most_an_eighth_wide(micros in 128_u64..100_000_000) {
            let upper = upper_bound(bucket(Duration::from_micros(micros)));
            prop_assert!(micros < upper, "{micros} {upper}");
            prop_assert!(upper <= micros + micros / 8 + 16, "{micros} {upper}");
        }

        #[test]
        fn it_is_an_eighth_off_at_most(
            mut micros in vec(128_u64..10_000_000, 112),
            percent in 50..=99_u32,
        ) {
            let latencies = Latencies::default();
            micros.iter().for_each(|us| latencies.record(Duration::from_micros(*us), percent));
            micros.sort_unstable();
            let exact = |percent: usize| micros[(112 * percent).div_ceil(100) - 1];
            let exact = exact(percent as usize).max(MEDIANS * exact(50));
            let found = latencies.slow_after().unwrap().as_micros() as u64;
            prop_assert!(exact < found && found <= exact + exact / 8 + 48, "{exact} {found}");
        }
    }
}
