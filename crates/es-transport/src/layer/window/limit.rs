//! The window of one node and thread pool: a state machine without a clock.

use std::time::Duration;

use tokio::time::Instant;

/// The latency that a response may have, as a multiple of the usual one.
const TOLERANCE: f64 = 1.5;
/// The requests by which a window grows where latencies are as usual.
const QUEUE: f64 = 4.0;
/// The share of the way to its target that a window moves with a response.
const SMOOTHING: f64 = 0.2;
/// The factor of a window after a refusal.
const BACKOFF: f64 = 0.9;

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

#[derive(Debug)]
pub(super) struct Limit {
    window: f64,
    in_flight: u32,
    /// Averages in seconds; 0: no response yet.
    usual: f64,
    recent: f64,
    shrunk_at: Option<Instant>,
}

impl Limit {
    pub fn new(bounds: Bounds) -> Self {
        let window = f64::from(bounds.initial.clamp(bounds.min, bounds.max));
        Self {
            window,
            in_flight: 0,
            usual: 0.0,
            recent: 0.0,
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
        let usable = u64::from(self.window()) * u64::from(percent.min(100)) / 100;
        let usable = u32::try_from(usable).unwrap_or(u32::MAX).max(1);
        usable.saturating_sub(self.in_flight)
    }

    pub fn begin(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    pub fn end(&mut self, ended: Ended, began: Instant, now: Instant, bounds: Bounds) {
        let used = f64::from(self.in_flight);
        self.in_flight = self.in_flight.saturating_sub(1);
        match ended {
            Ended::Unknown => return,
            Ended::Refused => {
                // Those that were in flight together are one reason.
                if self.shrunk_at.is_none_or(|shrunk_at| began >= shrunk_at) {
                    self.window *= BACKOFF;
                    self.shrunk_at = Some(now);
                }
            }
            Ended::Served => self.served(used, now.saturating_duration_since(began)),
        }
        self.window = self
            .window
            .clamp(f64::from(bounds.min), f64::from(bounds.max));
    }

    fn served(&mut self, used: f64, latency: Duration) {
        // A response within a microsecond is one: the ratio of averages stays finite.
        let latency = latency.as_secs_f64().max(1e-6);
        if self.usual == 0.0 {
            (self.usual, self.recent) = (latency, latency);
        }
        self.recent += (latency - self.recent) / 8.0;
        let steps = if self.recent < self.usual {
            50.0
        } else {
            500.0
        };
        self.usual += (self.recent - self.usual) / steps;

        let gradient = (TOLERANCE * self.usual / self.recent).clamp(0.5, 1.0);
        let target = self.window * gradient + QUEUE;
        let is_used = used * 2.0 >= self.window;
        if target < self.window || is_used {
            self.window += SMOOTHING * (target - self.window);
        }
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

    /// As many requests as the window has, one after the other in time.
    fn serve(limit: &mut Limit, rounds: usize, latency: Duration, ended: Ended) {
        let mut now = Instant::now();
        for _ in 0..rounds {
            let began = now;
            let together = limit.free(100);
            (0..together).for_each(|_| limit.begin());
            now += latency;
            (0..together).for_each(|_| limit.end(ended, began, now, BOUNDS));
        }
    }

    #[test]
    fn it_grows_while_latencies_are_as_usual() {
        let mut limit = Limit::new(BOUNDS);
        assert_eq!(
            (limit.window(), limit.free(100), limit.free(50)),
            (20, 20, 10)
        );
        serve(&mut limit, 100, 10 * MS, Ended::Served);
        assert_eq!(limit.window(), 200);
    }

    #[test]
    fn it_shrinks_when_latencies_rise() {
        let mut limit = Limit::new(BOUNDS);
        serve(&mut limit, 100, 10 * MS, Ended::Served);
        serve(&mut limit, 1, 100 * MS, Ended::Served);
        assert!(limit.window() < 30, "{}", limit.window());
    }

    #[test]
    fn refusals_of_one_time_shrink_it_once() {
        let mut limit = Limit::new(BOUNDS);
        serve(&mut limit, 1, MS, Ended::Refused);
        assert_eq!(limit.window(), 18);
        serve(&mut limit, 100, MS, Ended::Refused);
        assert_eq!(
            (limit.window(), limit.free(100)),
            (1, 1),
            "one may always begin"
        );
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        let mut limit = Limit::new(BOUNDS);
        for _ in 0..1_000 {
            let began = Instant::now();
            limit.begin();
            limit.end(Ended::Served, began, began + 10 * MS, BOUNDS);
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
                (0..together).for_each(|_| limit.begin());
                prop_assert!(limit.in_flight() <= limit.window());
                now += Duration::from_millis(ms);
                let ended = [Ended::Served, Ended::Refused, Ended::Unknown][usize::from(ended)];
                (0..together).for_each(|_| limit.end(ended, began, now, bounds));
                prop_assert_eq!(limit.in_flight(), 0);
                prop_assert!((bounds.min..=bounds.max).contains(&limit.window()));
                prop_assert!(limit.free(1) >= 1);
            }
        }
    }
}
