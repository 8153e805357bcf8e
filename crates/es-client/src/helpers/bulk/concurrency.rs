//! The number of requests in flight.

use std::{sync::Arc, time::Duration};

use es_transport::NodePool;

/// The number of requests in flight: fixed, or adapted to the cluster.
///
/// Found, it begins with one, grows by one whenever as many requests as it
/// allows went well, and shrinks when the cluster refuses (429, by half) or
/// takes three times as long as it did at its best (by a tenth): additive
/// increase, multiplicative decrease (Chiu and Jain, 1989).
#[derive(Debug)]
pub(super) struct Concurrency {
    limit: f64,
    most: f64,
    adaptive: bool,
    /// The least time for an operation, in seconds; it is slowly forgotten.
    best: f64,
    /// The number of requests in flight that were sent before the last decrease.
    stale: usize,
    /// Its live nodes raise the limit.
    nodes: Option<Arc<NodePool>>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LatencySample {
    /// Its time, and the number of its operations.
    Took(Duration, usize),
    /// The cluster had too much to do.
    Refused,
}

/// More requests in flight are of no use.
const MOST: usize = 1_000;
/// Slower than this, times the best, requests are waiting for each other.
const SLOW: f64 = 3.0;
/// By this much the best time is forgotten with each request.
const FORGET: f64 = 1.01;

impl Concurrency {
    pub fn fixed(requests: usize) -> Self {
        Self::new(requests, false)
    }

    pub fn adaptive(most: usize) -> Self {
        Self::new(most, true)
    }

    fn new(most: usize, adaptive: bool) -> Self {
        let most = most.clamp(1, MOST) as f64;
        let limit = if adaptive { 1.0 } else { most };
        Self {
            limit,
            most,
            adaptive,
            best: f64::INFINITY,
            stale: 0,
            nodes: None,
        }
    }

    /// Raises the limit to the number of live nodes of `pool`.
    pub fn at_least_nodes_of(self, pool: Arc<NodePool>) -> Self {
        Self {
            nodes: Some(pool),
            ..self
        }
    }

    /// Returns the maximum number of requests in flight.
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "from 1 to 1,000"
    )]
    pub fn limit(&self) -> usize {
        let nodes = self.nodes.as_ref().map_or(0, |pool| pool.live());
        (self.limit as usize).max(nodes.min(MOST))
    }

    /// Records how a request ended.
    pub fn ended(&mut self, sample: LatencySample) {
        if !self.adaptive {
            return;
        }
        match sample {
            LatencySample::Refused => self.decrease(0.5),
            LatencySample::Took(time, operations) => {
                let each = time.as_secs_f64() / operations.max(1) as f64;
                self.best = (self.best * FORGET).min(each);
                if each > self.best * SLOW {
                    self.decrease(0.9);
                } else {
                    self.limit = (self.limit + self.limit.recip()).min(self.most);
                }
            }
        }
        self.stale = self.stale.saturating_sub(1);
    }

    fn decrease(&mut self, factor: f64) {
        if self.stale == 0 {
            self.stale = self.limit();
            self.limit = (self.limit * factor).max(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use es_transport::Node;

    use super::*;

    const QUICK: LatencySample = LatencySample::Took(Duration::from_millis(10), 100);
    const SLUGGISH: LatencySample = LatencySample::Took(Duration::from_millis(100), 100);

    fn grown(most: usize) -> Concurrency {
        let mut concurrency = Concurrency::adaptive(most);
        (0..1_000).for_each(|_| concurrency.ended(QUICK));
        concurrency
    }

    #[test]
    fn it_begins_with_one_and_grows_to_the_most() {
        let mut concurrency = Concurrency::adaptive(8);
        assert_eq!(concurrency.limit(), 1);
        concurrency.ended(QUICK);
        assert_eq!(concurrency.limit(), 2);
        concurrency.ended(QUICK);
        assert_eq!(concurrency.limit(), 2);
        assert_eq!(grown(8).limit(), 8);
    }

    #[test]
    fn refusals_of_one_round_halve_it_once() {
        let mut concurrency = grown(16);
        (0..16).for_each(|_| concurrency.ended(LatencySample::Refused));
        assert_eq!(concurrency.limit(), 8);
        concurrency.ended(LatencySample::Refused);
        assert_eq!(concurrency.limit(), 4);
        (0..100).for_each(|_| concurrency.ended(LatencySample::Refused));
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn slowness_shrinks_it_until_it_is_the_new_best() {
        let mut concurrency = grown(16);
        (0..20).for_each(|_| concurrency.ended(SLUGGISH));
        assert!(concurrency.limit() < 16, "{concurrency:?}");
        (0..2_000).for_each(|_| concurrency.ended(SLUGGISH));
        assert_eq!(concurrency.limit(), 16, "{concurrency:?}");
    }

    #[test]
    fn live_nodes_raise_the_limit() {
        let node = |n: usize| format!("http://node-{n}:9200").parse::<Node>().unwrap();
        let pool = NodePool::new((0..6).map(node)).unwrap();
        let concurrency = Concurrency::fixed(4).at_least_nodes_of(Arc::clone(&pool));
        assert_eq!(concurrency.limit(), 6);
        pool.replace((0..9).map(node));
        assert_eq!(concurrency.limit(), 9);
        pool.replace((0..2).map(node));
        assert_eq!(concurrency.limit(), 4);
    }

    #[test]
    fn fixed_limit_stays() {
        let mut concurrency = Concurrency::fixed(4);
        concurrency.ended(LatencySample::Refused);
        assert_eq!(concurrency.limit(), 4);
        assert_eq!(Concurrency::fixed(0).limit(), 1);
    }
}
