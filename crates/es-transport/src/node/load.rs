//! How loaded a node is: requests in flight, a latency average, and silence.
//!
//! The average includes only requests that have ended. A node that stops responding keeps a
//! low one, which even fades. The silence is the time for which requests have been in flight
//! without any response. A node with one long request must not be avoided for as long:
//! each time that the silence has doubled, it is tried again.

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
    /// When the silence began, in milliseconds: with the first request in flight or with
    /// the last response.
    silent_since: AtomicU32,
    /// When the node was last tried, in milliseconds: by the first request in flight, or by the
    /// first one after the silence had doubled.
    tried_at: AtomicU32,
}

/// The time that a try may take where no response is known, in milliseconds.
const UNKNOWN_LATENCY: u32 = 30;

impl Load {
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed) as usize
    }

    /// Counts a request that starts. `clock` is the time since the pool was made.
    pub fn start(&self, clock: Duration) {
        let now = milliseconds(clock);
        if self.is_try_due(now) {
            self.tried_at.store(now, Ordering::Relaxed);
        }
        // Before the request is counted: until then, there is no silence.
        if self.in_flight.load(Ordering::Relaxed) == 0 {
            self.silent_since.store(now, Ordering::Relaxed);
        }
        self.in_flight.fetch_add(1, Ordering::Release);
    }

    /// Counts a request that ends without a response.
    pub fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a request that ends with a response.
    pub fn end_with_response(&self, clock: Duration) {
        self.silent_since
            .store(milliseconds(clock), Ordering::Relaxed);
        self.end();
    }

    /// Returns for how long requests have been in flight without a response. It is 0 if it
    /// is time to try the node again, and while the last try may still succeed.
    pub fn silence(&self, clock: Duration) -> Duration {
        let now = milliseconds(clock);
        if self.in_flight.load(Ordering::Acquire) == 0 || self.is_try_due(now) {
            return Duration::ZERO;
        }
        let average = unpack(self.latency.load(Ordering::Relaxed));
        let patience = average.map_or(UNKNOWN_LATENCY, |(average, _)| (average / 1e3) as u32);
        if elapsed(self.tried_at.load(Ordering::Relaxed), now) < patience {
            return Duration::ZERO;
        }
        let silence = elapsed(self.silent_since.load(Ordering::Relaxed), now);
        // Both are whole milliseconds: it may be one less.
        Duration::from_millis(silence.saturating_sub(1).into())
    }

    /// Whether the silence has doubled since the last try.
    fn is_try_due(&self, now: u32) -> bool {
        let silence = elapsed(self.silent_since.load(Ordering::Relaxed), now);
        elapsed(self.tried_at.load(Ordering::Relaxed), now) >= silence / 2
    }

    /// A peak counts at once, anything lower pulls the average down over time,
    /// and by [`SHARE`] at least.
    /// `clock` is the time since the pool was made. Of two threads that write
    /// together one may be forgotten.
    pub fn observe(&self, latency: Duration, clock: Duration) {
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
    pub fn last_latency(&self) -> Option<Duration> {
        let (average, _) = unpack(self.latency.load(Ordering::Relaxed))?;
        Some(Duration::from_secs_f32(average / 1e6))
    }

    /// Returns the average, faded since the last response, so that a node that
    /// was slow once is used again.
    pub fn latency(&self, clock: Duration) -> Option<Duration> {
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
    (-(elapsed(from, to) as f32) / DECAY.as_millis() as f32).exp()
}

fn elapsed(from: u32, to: u32) -> u32 {
    // Clocks of two threads may be a moment apart; that is no time, not 49 days.
    to.wrapping_sub(from).cast_signed().max(0).cast_unsigned()
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
        load.start(SECOND);
        load.start(SECOND);
        load.end();
        assert_eq!(load.in_flight(), 1);
    }

    #[test]
    fn silence_lasts_until_any_response() {
        let load = Load::default();
        load.start(SECOND);
        load.observe(2 * MS, SECOND);
        load.end_with_response(SECOND);
        assert_eq!(load.silence(9 * SECOND), Duration::ZERO);

        load.start(2 * SECOND);
        load.start(2 * SECOND + 400 * MS);
        let silence = |at: Duration| load.silence(2 * SECOND + at);
        assert_eq!(silence(500 * MS), 499 * MS);
        load.end_with_response(2 * SECOND + 500 * MS);
        assert_eq!((load.in_flight(), silence(500 * MS)), (1, Duration::ZERO));
        load.end();
        assert_eq!(silence(30 * SECOND), Duration::ZERO);
    }

    #[test]
    fn a_silent_node_is_tried_when_silence_has_doubled() {
        let load = Load::default();
        load.observe(2 * MS, Duration::ZERO);
        let mut tried = Vec::new();
        for at in 0..20_000 {
            let now = MS * at;
            if load.silence(now) <= 2 * MS {
                load.start(now);
                tried.push(at);
            }
        }
        let late: Vec<_> = tried.into_iter().filter(|at| *at >= 20).collect();
        // Each try lasts for the 2 ms that a response takes.
        assert!((16..=24).contains(&late.len()), "{late:?}");
        let is_doubled = |pair: &[u32]| pair[1] == pair[0] + 1 || pair[1] >= 2 * pair[0] - 4;
        assert!(late.windows(2).all(is_doubled), "{late:?}");
    }

    #[test]
    fn a_burst_at_a_node_with_a_long_request_is_no_silence() {
        let load = Load::default();
        load.observe(10 * MS, Duration::ZERO);
        load.start(Duration::ZERO);
        for _ in 0..100 {
            assert_eq!(load.silence(8 * SECOND), Duration::ZERO);
            load.start(8 * SECOND);
        }
        assert!(load.silence(8 * SECOND + 11 * MS) > 8 * SECOND);
    }
}
