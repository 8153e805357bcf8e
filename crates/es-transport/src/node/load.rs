//! How loaded a node is: requests in flight and a latency average.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

/// The latency average halves its memory of a peak in about 7 s
/// (`e^(−t/decay)`), as in Finagle and linkerd.
const DECAY: Duration = Duration::from_secs(10);

/// The least weight of a response, as in TCP's average of round-trip times
/// (RFC 6298, section 2.3). Without it a busy node's average would be its worst
/// response of some seconds, beside which a slow node does not look slow.
const SHARE: f32 = 1.0 / 8.0;

/// Written at the start and the end of every attempt, but only for a selector
/// that reads it: threads would contend for it otherwise.
#[derive(Debug, Default)]
pub(crate) struct Load {
    in_flight: AtomicU32,
    /// Average in microseconds (the bits of an `f32`) in the upper half, the
    /// time of the last change in milliseconds in the lower. 0: never measured.
    latency: AtomicU64,
}

impl Load {
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed) as usize
    }

    pub(crate) fn start(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// A peak counts at once, anything lower pulls the average down over time,
    /// and by [`SHARE`] at least.
    /// `clock` is the time since the pool was made. Of two threads that write
    /// together one may be forgotten.
    pub(crate) fn observe(&self, latency: Duration, clock: Duration) {
        let latency = (latency.as_secs_f32() * 1e6).max(1.0);
        let now = milliseconds(clock);
        let average = match unpack(self.latency.load(Ordering::Relaxed)) {
            Some((average, at)) if average > latency => {
                let weight = decay(at, now).min(1.0 - SHARE);
                average * weight + latency * (1.0 - weight)
            }
            _ => latency,
        };
        self.latency.store(pack(average, now), Ordering::Relaxed);
    }

    /// Returns the average as of the last response.
    pub(crate) fn last_latency(&self) -> Option<Duration> {
        let (average, _) = unpack(self.latency.load(Ordering::Relaxed))?;
        Some(Duration::from_secs_f32(average / 1e6))
    }

    /// Returns the average, faded since the last response, so that a node that
    /// was slow once is used again.
    pub(crate) fn latency(&self, clock: Duration) -> Option<Duration> {
        let (average, at) = unpack(self.latency.load(Ordering::Relaxed))?;
        Some(Duration::from_secs_f32(
            average * decay(at, milliseconds(clock)) / 1e6,
        ))
    }
}

fn pack(average: f32, at: u32) -> u64 {
    u64::from(average.to_bits()) << 32 | u64::from(at)
}

fn unpack(bits: u64) -> Option<(f32, u32)> {
    (bits != 0).then_some((f32::from_bits((bits >> 32) as u32), bits as u32))
}

/// Wraps after 49 days, which a difference survives.
fn milliseconds(clock: Duration) -> u32 {
    clock.as_millis() as u32
}

fn decay(from: u32, to: u32) -> f32 {
    // Clocks of two threads may be a moment apart; that is no time, not 49 days.
    let elapsed = to.wrapping_sub(from).cast_signed().max(0) as f32;
    (-elapsed / DECAY.as_millis() as f32).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MS: Duration = Duration::from_millis(1);

    fn near(found: Option<Duration>, wanted: Duration) -> bool {
        found.is_some_and(|found| found.abs_diff(wanted) < wanted / 50)
    }

    #[test]
    fn a_peak_counts_at_once_and_fades() {
        let load = Load::default();
        assert_eq!(load.latency(SECOND), None);
        load.observe(10 * MS, SECOND);
        load.observe(200 * MS, 2 * SECOND);
        assert!(near(load.latency(2 * SECOND), 200 * MS));
        load.observe(10 * MS, 12 * SECOND);
        // 200 ms · e⁻¹ + 10 ms · (1 − e⁻¹)
        assert!(near(
            load.latency(12 * SECOND),
            Duration::from_micros(79_900)
        ));
        assert!(load.latency(200 * SECOND).unwrap() < MS);
    }

    #[test]
    fn a_busy_node_forgets_a_peak_within_8_responses() {
        let load = Load::default();
        load.observe(200 * MS, SECOND);
        for _ in 0..8 {
            load.observe(10 * MS, SECOND);
        }
        // 10 ms + 190 ms · (7/8)⁸
        assert!(near(load.latency(SECOND), Duration::from_micros(75_300)));
    }

    #[test]
    fn a_clock_that_is_a_moment_behind_changes_nothing() {
        let load = Load::default();
        load.observe(100 * MS, 5 * SECOND);
        assert!(near(load.latency(5 * SECOND - 2 * MS), 100 * MS));
    }

    #[test]
    fn requests_in_flight_are_counted() {
        let load = Load::default();
        load.start();
        load.start();
        load.end();
        assert_eq!(load.in_flight(), 1);
    }
}
