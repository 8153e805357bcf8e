//! The limit of batch requests at a node, learned from their latencies.
//!
//! Requests wait at a node if more of them are in flight than it processes at a time. Their
//! latency then rises in proportion, and nothing is processed faster. So the limit compares
//! two latencies: that of requests that began while at most half of the limit was in use, the
//! baseline, and that of the others. Where half of it is never free, a few requests at a time
//! are held back now and then. If holding them back changes nothing, the node is not loaded by
//! this client, whatever the latency is.
//!
//! Latencies are compared by the averages of their logarithms: single long requests among
//! many short ones would decide the mean.

use std::time::Duration;

use tokio::time::Instant;

use crate::rng;

const INITIAL: f64 = 10.0;
/// The latency that a response may have, as a multiple of the baseline.
const TOLERANCE: f64 = 1.5;
/// The share of a latency in the average while the limit is in use.
const SHARE: f64 = 1.0 / 16.0;
/// The share of the way to its target that the limit moves in as many responses as it is wide.
const SMOOTHING: f64 = 0.5;
/// Number of responses in a sample of the baseline.
const SAMPLE: u32 = 32;
/// The ratio of the latency in use to that of a sample below which there is no difference.
const ALIKE: f64 = 1.1;
/// The time after which the baseline is sampled again.
const SAMPLE_EVERY: Duration = Duration::from_secs(30);
/// The time after which it is sampled again if the limit has shrunk by half.
const SAMPLE_PAUSE: Duration = Duration::from_secs(2);
/// The maximum time for which requests are held back.
const HELD_BACK: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct BatchLimit {
    limit: f64,
    /// Averages of the logarithms of seconds; `None` before any.
    baseline: Option<f64>,
    used: Option<f64>,
    sampled: u32,
    sampled_sum: f64,
    /// Whether a sample was asked for and is not complete.
    is_sampling: bool,
    /// Number of requests that are still to begin while half of the limit is held back.
    to_sample: u32,
    /// When a sample was last completed or asked for.
    sampled_at: Option<Instant>,
    /// The time after that until the next one: random, so that nodes are not sampled together.
    sample_after: Duration,
    /// The limit when a sample was last completed.
    sampled_limit: f64,
}

impl Default for BatchLimit {
    fn default() -> Self {
        Self {
            limit: INITIAL,
            baseline: None,
            used: None,
            sampled: 0,
            sampled_sum: 0.0,
            is_sampling: true,
            to_sample: SAMPLE,
            sampled_at: None,
            sample_after: SAMPLE_PAUSE,
            sampled_limit: INITIAL,
        }
    }
}

impl BatchLimit {
    /// Returns the number of batch requests that may be in flight.
    pub fn get(&self) -> u32 {
        if self.to_sample > 0 {
            self.half()
        } else {
            self.limit as u32
        }
    }

    /// Counts a request that begins with so many in flight, live ones and itself included.
    /// Returns whether its latency belongs to the baseline.
    pub fn begin(&mut self, in_flight: u32, now: Instant) -> bool {
        let is_baseline = in_flight <= self.half();
        if is_baseline {
            self.to_sample = self.to_sample.saturating_sub(1);
        }
        let asked_at = *self.sampled_at.get_or_insert(now);
        if now.saturating_duration_since(asked_at) >= HELD_BACK {
            self.to_sample = 0;
        }
        is_baseline
    }

    /// Takes the latency of a response into account.
    pub fn served(&mut self, latency: Duration, is_baseline: bool, now: Instant, max: u32) {
        // At least a microsecond: logarithms stay finite.
        let latency = latency.as_secs_f64().max(1e-6).ln();
        if is_baseline {
            self.sampled += 1;
            self.sampled_sum += latency;
            if self.sampled >= SAMPLE {
                self.complete_sample(now);
            }
        }
        // A limit of one request has no half.
        if !is_baseline || self.limit < 2.0 {
            self.adapt(latency, now);
        }
        self.limit = self.limit.clamp(1.0, f64::from(max.max(1)));
    }

    fn complete_sample(&mut self, now: Instant) {
        let sample = self.sampled_sum / f64::from(self.sampled);
        (self.sampled, self.sampled_sum) = (0, 0.0);
        let is_alike = self.used.is_none_or(|used| used - sample < ALIKE.ln());
        self.baseline = Some(match self.baseline {
            Some(baseline) if !is_alike => (baseline + sample) / 2.0,
            _ => sample,
        });
        (self.to_sample, self.is_sampling) = (0, false);
        self.sampled_at = Some(now);
        self.sample_after = SAMPLE_EVERY.mul_f64(0.75 + rng::unit() / 2.0);
        self.sampled_limit = self.limit;
    }

    fn adapt(&mut self, latency: f64, now: Instant) {
        let used = self
            .used
            .map_or(latency, |used| used + (latency - used) * SHARE);
        self.used = Some(used);
        let excess = match self.baseline {
            Some(baseline) => used - baseline,
            // There may be no sample, if live requests alone use more than half of the limit.
            None if self.to_sample == 0 => 0.0,
            None => return,
        };
        let ratio = (TOLERANCE * (-excess).exp()).clamp(0.5, 1.0);
        let target = self.limit * ratio + self.limit.sqrt() / 2.0;
        self.limit += (target - self.limit) * SMOOTHING / self.limit.max(1.0);
        // Requests of another kind may be slower: the limit falls further only after a sample.
        let least = self.sampled_limit / 2.0;
        self.limit = self.limit.max(least);

        let since = now.saturating_duration_since(*self.sampled_at.get_or_insert(now));
        let is_due = since >= self.sample_after || (self.limit <= least && since >= SAMPLE_PAUSE);
        if is_due && self.to_sample == 0 {
            if !std::mem::replace(&mut self.is_sampling, true) {
                // Latencies from before may be those of other requests.
                (self.sampled, self.sampled_sum) = (0, 0.0);
            }
            self.to_sample = SAMPLE;
            self.sampled_at = Some(now);
        }
    }

    fn half(&self) -> u32 {
        ((self.limit / 2.0) as u32).max(1)
    }
}

#[cfg(test)]
mod tests;
