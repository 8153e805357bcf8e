//! The window of one node and thread pool: a state machine without a clock.

use tokio::time::Instant;

use super::batch::BatchLimit;

/// The factor of a window after a refusal.
const BACKOFF: f64 = 0.9;

/// The bounds of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub initial: u32,
    pub min: u32,
    pub max: u32,
    /// The share of a window that batch requests may use.
    pub batch_percent: u32,
}

/// The effect of an attempt on the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The node processed the request.
    Served,
    /// The node refused it, or did not respond in time.
    Refused,
    None,
}

/// A request in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    began: Instant,
    /// For a batch request, whether its latency belongs to the baseline.
    batch: Option<bool>,
}

#[derive(Debug)]
pub(super) struct Limit {
    window: f64,
    in_flight: u32,
    batch_in_flight: u32,
    shrunk_at: Option<Instant>,
    batch: BatchLimit,
}

impl Limit {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            window: f64::from(bounds.initial.clamp(bounds.min, bounds.max)),
            in_flight: 0,
            batch_in_flight: 0,
            shrunk_at: None,
            batch: BatchLimit::default(),
        }
    }

    pub fn window(&self) -> u32 {
        self.window as u32
    }

    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Returns the number of batch requests that may be in flight beside the live ones, at
    /// least 1.
    pub fn batch_window(&self, bounds: Bounds) -> u32 {
        let share = |of: u32| (u64::from(of) * u64::from(bounds.batch_percent) / 100) as u32;
        let learned = share(self.batch.get());
        let live = self.in_flight.saturating_sub(self.batch_in_flight);
        learned
            .min(share(self.window()))
            .saturating_sub(live)
            .max(1)
    }

    /// Returns the number of requests that may begin.
    pub fn free(&self, is_batch: bool, bounds: Bounds) -> u32 {
        let free = self.window().saturating_sub(self.in_flight);
        if !is_batch {
            return free;
        }
        // Live requests never keep the last batch request away.
        let least = u32::from(self.batch_in_flight == 0);
        let batch_window = self.batch_window(bounds);
        let batch_free = batch_window.saturating_sub(self.batch_in_flight);
        batch_free.min(free).max(least)
    }

    /// Whether a request should rather go to another node: its window is full, or beside batch
    /// requests it would probably wait there.
    pub fn is_busy(&self, is_batch: bool, bounds: Bounds) -> bool {
        let waits = self.batch_in_flight > 0 && self.in_flight >= self.batch.get();
        self.free(is_batch, bounds) == 0 || waits
    }

    pub fn begin(&mut self, is_batch: bool, now: Instant) -> Flight {
        self.in_flight = self.in_flight.saturating_add(1);
        let batch = is_batch.then(|| {
            self.batch_in_flight = self.batch_in_flight.saturating_add(1);
            self.batch.begin(self.in_flight, now)
        });
        Flight { began: now, batch }
    }

    pub fn end(&mut self, effect: Effect, flight: Flight, now: Instant, bounds: Bounds) {
        let is_used = self.in_flight.saturating_mul(2) >= self.window();
        self.in_flight = self.in_flight.saturating_sub(1);
        if flight.batch.is_some() {
            self.batch_in_flight = self.batch_in_flight.saturating_sub(1);
        }
        match effect {
            Effect::None => return,
            Effect::Refused => {
                // Those that were in flight together have one cause.
                if self
                    .shrunk_at
                    .is_none_or(|shrunk_at| flight.began >= shrunk_at)
                {
                    self.window *= BACKOFF;
                    self.shrunk_at = Some(now);
                }
            }
            Effect::Served => {
                if is_used {
                    self.window += 1.0 / self.window.max(1.0);
                }
                if let Some(is_baseline) = flight.batch {
                    let latency = now.saturating_duration_since(flight.began);
                    self.batch.served(latency, is_baseline, now, bounds.max);
                }
            }
        }
        self.window = self
            .window
            .clamp(f64::from(bounds.min), f64::from(bounds.max));
    }
}

#[cfg(test)]
mod tests;
