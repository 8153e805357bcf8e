//! The window of one node and thread pool: a state machine without a clock.
//!
//! Requests wait at a node if more of them are in flight than it serves at a time. Their
//! latency then rises in proportion, and nothing is served faster. So the window compares the
//! latency of requests that began while it was mostly used with that of requests that
//! began while at most half of it was. Where traffic does not leave half of the window
//! free by itself, a few requests at a time are held back now and then.
//!
//! Latencies are compared by the averages of their logarithms: single long searches among
//! many short ones would decide the mean.

use std::time::Duration;

use tokio::time::Instant;

use crate::rng;

/// The latency that a response may have, as a multiple of the calm one.
const TOLERANCE: f64 = 1.5;
/// The share of a latency in the average of those in use.
const SHARE: f64 = 1.0 / 16.0;
/// The share of the way to its target that a window moves in as many responses as it is wide.
const SMOOTHING: f64 = 0.5;
/// The factor of a window after a refusal.
const BACKOFF: f64 = 0.9;
/// Number of responses whose average is a calm latency.
const CALM: u32 = 32;
/// The time after which calm latencies are measured anew, if traffic leaves none.
const PROBE_EVERY: Duration = Duration::from_secs(30);
/// The time after which they are measured anew if the window has shrunk by half.
const PROBE_PAUSE: Duration = Duration::from_secs(2);

/// The bounds of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub initial: u32,
    pub min: u32,
    pub max: u32,
}

/// How a request ended, for its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The node did the work.
    Served,
    /// The node refused it, or did not respond in time.
    Refused,
    /// It says nothing.
    Unknown,
}

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    began: Instant,
    /// Whether at most half of the window was in use, this request included.
    is_calm: bool,
}

#[derive(Debug)]
pub(super) struct Limit {
    window: f64,
    in_flight: u32,
    /// The latency while half of the window is free; `None` before it was measured.
    calm: Option<f64>,
    /// The responses from which it is measured next.
    measured: u32,
    measured_sum: f64,
    /// The latency while more of the window is used.
    used: Option<f64>,
    /// Number of requests that are still to begin while half of the window is held back.
    to_probe: u32,
    /// When the calm latency was last measured, or asked for.
    probed_at: Option<Instant>,
    /// The window when it was last measured.
    measured_window: f64,
    /// The time after that until it is asked for again: random, so that nodes are not
    /// measured together.
    probe_after: Duration,
    shrunk_at: Option<Instant>,
}

impl Limit {
    pub fn new(bounds: Bounds) -> Self {
        let window = f64::from(bounds.initial.clamp(bounds.min, bounds.max));
        Self {
            window,
            in_flight: 0,
            calm: None,
            measured: 0,
            measured_sum: 0.0,
            used: None,
            to_probe: 0,
            probed_at: None,
            measured_window: window,
            probe_after: PROBE_PAUSE,
            shrunk_at: None,
        }
    }

    pub fn window(&self) -> u32 {
        self.window as u32
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Returns the number of requests that may begin, of those that may use so much of
    /// the window.
    pub fn free(&self, percent: u32) -> u32 {
        let window = if self.to_probe > 0 {
            self.half()
        } else {
            self.window()
        };
        let usable = u64::from(window) * u64::from(percent.min(100)) / 100;
        let usable = u32::try_from(usable).unwrap_or(u32::MAX).max(1);
        usable.saturating_sub(self.in_flight)
    }

    pub fn begin(&mut self, now: Instant) -> Flight {
        self.in_flight = self.in_flight.saturating_add(1);
        let is_calm = self.in_flight <= self.half();
        if is_calm {
            self.to_probe = self.to_probe.saturating_sub(1);
        }
        Flight {
            began: now,
            is_calm,
        }
    }

    pub fn end(&mut self, ended: Ended, flight: Flight, now: Instant, bounds: Bounds) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match ended {
            Ended::Unknown => return,
            Ended::Refused => {
                // Those that were in flight together are one reason.
                if self
                    .shrunk_at
                    .is_none_or(|shrunk_at| flight.began >= shrunk_at)
                {
                    self.window *= BACKOFF;
                    self.shrunk_at = Some(now);
                }
            }
            Ended::Served => {
                // A response within a microsecond is one: logarithms stay finite.
                let latency = now.saturating_duration_since(flight.began);
                let latency = latency.as_secs_f64().max(1e-6).ln();
                if flight.is_calm {
                    self.served_calmly(latency, now);
                }
                // A window of one request has no half.
                if !flight.is_calm || self.window() < 2 {
                    self.served(latency, now);
                }
            }
        }
        self.window = self
            .window
            .clamp(f64::from(bounds.min), f64::from(bounds.max));
    }

    fn served_calmly(&mut self, latency: f64, now: Instant) {
        self.measured += 1;
        self.measured_sum += latency;
        if self.measured < CALM {
            return;
        }
        let average = self.measured_sum / f64::from(self.measured);
        (self.measured, self.measured_sum) = (0, 0.0);
        let before = self.calm.unwrap_or(average);
        self.calm = Some((before + average) / 2.0);
        self.probe_after = PROBE_EVERY.mul_f64(0.75 + rng::unit() / 2.0);
        self.measured_window = self.window;
        self.probed_at = Some(now);
    }

    fn served(&mut self, latency: f64, now: Instant) {
        let used = self
            .used
            .map_or(latency, |used| used + (latency - used) * SHARE);
        self.used = Some(used);
        if let Some(calm) = self.calm {
            let ratio = (TOLERANCE * (calm - used).exp()).clamp(0.5, 1.0);
            let target = self.window * ratio + self.window.sqrt() / 2.0;
            self.window += (target - self.window) * SMOOTHING / self.window.max(1.0);
        }
        let since = now.saturating_duration_since(*self.probed_at.get_or_insert(now));
        let is_halved = self.window * 2.0 <= self.measured_window;
        if since >= self.probe_after || (is_halved && since >= PROBE_PAUSE) {
            self.to_probe = CALM;
            self.probed_at = Some(now);
        }
    }

    fn half(&self) -> u32 {
        (self.window() / 2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const BOUNDS: Bounds = Bounds {
        initial: 20,
        min: 1,
        max: 200,
    };
    const MS: Duration = Duration::from_millis(1);

    /// Serves requests at a node that works on so many of them at a time, and lets as many wait
    /// there as the window allows.
    fn serve(limit: &mut Limit, requests: u32, workers: usize, latency: impl Fn(u32) -> Duration) {
        let mut now = Instant::now();
        let (mut free, mut flights) = (vec![now; workers], Vec::<(Instant, Flight)>::new());
        for request in 0..requests {
            while limit.free(100) == 0 {
                let first = (0..flights.len()).min_by_key(|&index| flights[index].0);
                let (end, flight) = flights.swap_remove(first.unwrap());
                now = end;
                limit.end(Ended::Served, flight, now, BOUNDS);
            }
            let worker = free.iter_mut().min().unwrap();
            *worker = now.max(*worker) + latency(request);
            flights.push((*worker, limit.begin(now)));
        }
        flights.sort_by_key(|(end, _)| *end);
        for (end, flight) in flights {
            limit.end(Ended::Served, flight, end, BOUNDS);
        }
    }

    #[test]
    fn it_grows_until_requests_wait_at_the_node() {
        for workers in [8, 16, 64] {
            let mut limit = Limit::new(BOUNDS);
            serve(&mut limit, 20_000, workers, |_| 10 * MS);
            let range = workers as u32..3 * workers as u32;
            assert!(range.contains(&limit.window()), "{workers}: {limit:?}");
        }
        let mut limit = Limit::new(BOUNDS);
        serve(&mut limit, 20_000, 1_000, |_| 10 * MS);
        assert_eq!(limit.window(), 200);
    }

    #[test]
    fn it_shrinks_until_few_requests_wait_at_the_node() {
        for workers in [1, 2, 4] {
            let mut limit = Limit::new(BOUNDS);
            serve(&mut limit, 20_000, workers, |_| 10 * MS);
            assert!(
                limit.window() <= 12 + workers as u32,
                "{workers}: {limit:?}"
            );
        }
    }

    /// Other requests are slower, not those that wait.
    #[test]
    fn slower_requests_do_not_shrink_it_for_long() {
        let mut limit = Limit::new(BOUNDS);
        let latency = |request| if request < 5_000 { 10 * MS } else { 200 * MS };
        serve(&mut limit, 20_000, 16, latency);
        assert!((16..48).contains(&limit.window()), "{limit:?}");
    }

    #[test]
    fn a_few_long_requests_do_not_shrink_it() {
        let mut limit = Limit::new(BOUNDS);
        let latency = |request: u32| {
            if request.is_multiple_of(20) {
                500 * MS
            } else {
                5 * MS
            }
        };
        serve(&mut limit, 40_000, 32, latency);
        assert!(limit.window() >= 16, "{limit:?}");
    }

    #[test]
    fn refusals_of_one_time_shrink_it_once() {
        let mut limit = Limit::new(BOUNDS);
        let began = Instant::now();
        for round in 0..100 {
            let now = began + MS * round;
            let flights: Vec<_> = (0..limit.free(100)).map(|_| limit.begin(now)).collect();
            for flight in flights {
                limit.end(Ended::Refused, flight, now + MS, BOUNDS);
            }
            if round == 0 {
                assert_eq!(limit.window(), 18);
            }
        }
        let one_may_always_begin = (1, 1);
        assert_eq!((limit.window(), limit.free(100)), one_may_always_begin);
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        let mut limit = Limit::new(BOUNDS);
        for _ in 0..1_000 {
            let began = Instant::now();
            let flight = limit.begin(began);
            limit.end(Ended::Served, flight, began + 10 * MS, BOUNDS);
        }
        assert_eq!(limit.window(), 20);
    }

    proptest! {
        #[test]
        fn it_keeps_its_bounds(
            steps in vec((0..3_u8, 0..5_000_u64, 0..40_u8), 0..300),
            min in 1..10_u32,
            more in 0..300_u32,
            initial in 0..500_u32,
        ) {
            let bounds = Bounds { initial, min, max: min + more };
            let mut limit = Limit::new(bounds);
            let mut now = Instant::now();
            for (ended, ms, together) in steps {
                let began = now;
                let together = u32::from(together).min(limit.free(100));
                let flights: Vec<_> = (0..together).map(|_| limit.begin(began)).collect();
                prop_assert!(limit.in_flight() <= limit.window());
                now += Duration::from_millis(ms);
                let ended = [Ended::Served, Ended::Refused, Ended::Unknown][usize::from(ended)];
                flights.into_iter().for_each(|flight| limit.end(ended, flight, now, bounds));
                prop_assert_eq!(limit.in_flight(), 0);
                prop_assert!((bounds.min..=bounds.max).contains(&limit.window()));
                prop_assert!(limit.free(1) >= 1);
            }
        }
    }
}
