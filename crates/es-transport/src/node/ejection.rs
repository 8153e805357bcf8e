//! Ejection of nodes that respond, but often with failures.

use std::time::Duration;

use super::recent::Counts;
use crate::events::DeathCause;

/// Rules for the ejection of nodes that respond, but fail more often than the others
/// (outlier detection).
///
/// A failure is a status of 500 or above, or a timeout. A refusal (429) is not a
/// failure, because ejecting the node would move its load to the others. Failed
/// connections and the statuses 502, 503 and 504 make a node dead immediately, with or
/// without ejection.
///
/// A node is ejected after a number of [failures in a row](Self::failures_in_a_row), or
/// if less than the [`success_percent`](Self::success_percent) of its requests within
/// the [`window`](Self::window) succeeded. It is not ejected
/// - while the other nodes together fail as often: the cause is then the requests or
///   the cluster, not the node;
/// - if [`max_percent`](Self::max_percent) of the nodes are already ejected;
/// - if less than [`panic_percent`](Self::panic_percent) of the nodes would then be
///   live. If nodes die and fewer than that are live, all ejected nodes are used again.
///
/// The first ejection lasts 30 s, the second in a row 60 s, the third 90 s, and so on,
/// up to 300 s ([`time`](Self::time)). After that, one request probes the node. The
/// count starts again after the node has been live for as long as its last ejection.
///
/// ```
/// use es_transport::{Node, NodePool, node::Ejection};
///
/// let pool = NodePool::builder(["http://a:9200".parse::<Node>()?])
///     .ejection(Ejection::new().failures_in_a_row(5))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ejection {
    window: Duration,
    success_percent: u32,
    min_requests: u32,
    failures_in_a_row: u32,
    max_percent: u32,
    panic_percent: u32,
    base_time: Duration,
    max_time: Duration,
}

impl Ejection {
    /// Creates rules with the default settings.
    pub const fn new() -> Self {
        Self {
            window: Duration::from_secs(10),
            success_percent: 80,
            min_requests: 20,
            failures_in_a_row: 7,
            max_percent: 10,
            panic_percent: 50,
            base_time: Duration::from_secs(30),
            max_time: Duration::from_secs(300),
        }
    }

    /// Sets the time over which the success rate is measured. Default: 10 s.
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Sets the minimum percentage of requests that must succeed; 0 disables this rule.
    /// Default: 80.
    #[must_use]
    pub const fn success_percent(mut self, percent: u32) -> Self {
        self.success_percent = percent;
        self
    }

    /// Sets the minimum number of requests within the window; with fewer, the success
    /// rate is ignored. Default: 20.
    #[must_use]
    pub const fn min_requests(mut self, requests: u32) -> Self {
        self.min_requests = requests;
        self
    }

    /// Sets the number of failures in a row after which a node is ejected; 0 disables
    /// this rule. Default: 7.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    /// use es_transport::node::{Ejection, NodeOutcome, NodeState, RequestContext, RoundRobin};
    ///
    /// let nodes = ["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?];
    /// let pool = NodePool::builder(nodes).ejection(Ejection::new().failures_in_a_row(2)).build()?;
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// for _ in 0..2 {
    ///     let mut selection = pool.select(&RoundRobin::starting_at(0), &request)?;
    ///     selection.finish(NodeOutcome::ServerError, request.now());
    /// }
    /// assert!(matches!(pool.nodes()[0].state(), NodeState::Ejected { .. }));
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub const fn failures_in_a_row(mut self, failures: u32) -> Self {
        self.failures_in_a_row = failures;
        self
    }

    /// Sets the maximum percentage of nodes that are ejected at the same time, rounded
    /// down, but never fewer than one node. Default: 10.
    #[must_use]
    pub const fn max_percent(mut self, percent: u32) -> Self {
        self.max_percent = percent;
        self
    }

    /// Sets the minimum percentage of nodes that must be live. Below it, or if no node is
    /// live, no further node is ejected, and all ejected nodes are used again.
    /// Default: 50.
    #[must_use]
    pub const fn panic_percent(mut self, percent: u32) -> Self {
        self.panic_percent = percent;
        self
    }

    /// Sets the duration of the first ejection, and the maximum. Each further ejection
    /// in a row lasts longer by the duration of the first one. Defaults: 30 s and
    /// 300 s.
    #[must_use]
    pub const fn time(mut self, base: Duration, max: Duration) -> Self {
        (self.base_time, self.max_time) = (base, max);
        self
    }

    pub(super) const fn observed_window(&self) -> Duration {
        self.window
    }

    /// Returns the time of the ejection that is this one in a row; the first is 1.
    pub(super) fn time_of(&self, ejection: u32) -> Duration {
        self.base_time.saturating_mul(ejection).min(self.max_time)
    }

    /// Returns the rule by which a node with these outcomes is to be ejected.
    pub(super) fn cause(&self, counts: Counts, in_a_row: u32) -> Option<DeathCause> {
        if self.failures_in_a_row > 0 && in_a_row >= self.failures_in_a_row {
            return Some(DeathCause::FailuresInARow(in_a_row));
        }
        let is_enough = counts.total() >= u64::from(self.min_requests.max(1));
        (is_enough && !self.is_good(counts)).then(|| DeathCause::SuccessRate {
            percent: percent(counts),
        })
    }

    /// Whether enough of these requests succeeded; of none, all did.
    pub(super) fn is_good(&self, counts: Counts) -> bool {
        counts.good.saturating_mul(100)
            >= counts
                .total()
                .saturating_mul(u64::from(self.success_percent))
    }

    /// Whether one more live node may be ejected.
    pub(super) fn has_room(&self, fleet: Fleet) -> bool {
        let limit = (share(fleet.nodes, self.max_percent)).max(1);
        let left = fleet.live.saturating_sub(1);
        fleet.ejected < limit
            && left > 0
            && !self.is_panic(Fleet {
                live: left,
                ..fleet
            })
    }

    /// Whether so few nodes live, or none, that ejected ones are used.
    pub(super) fn is_panic(&self, fleet: Fleet) -> bool {
        fleet.live == 0
            || (fleet.live as u64).saturating_mul(100)
                < (fleet.nodes as u64).saturating_mul(u64::from(self.panic_percent.min(100)))
    }
}

impl Default for Ejection {
    fn default() -> Self {
        Self::new()
    }
}

/// Numbers of nodes of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fleet {
    pub nodes: usize,
    pub live: usize,
    pub ejected: usize,
}

fn share(of: usize, percent: u32) -> usize {
    let share = (of as u64).saturating_mul(u64::from(percent.min(100))) / 100;
    usize::try_from(share).unwrap_or(of)
}

fn percent(counts: Counts) -> u32 {
    let percent = (counts.good * 100)
        .checked_div(counts.total())
        .unwrap_or(100);
    u32::try_from(percent).unwrap_or(100)
}

/// Returns the share of its requests that a node gets in its slow start: a tenth
/// at the beginning, all at the end.
pub(super) fn slow_start_share(elapsed: Duration, whole: Duration) -> f64 {
    const FIRST: f64 = 0.1;
    if whole.is_zero() || elapsed >= whole {
        return 1.0;
    }
    FIRST + (1.0 - FIRST) * elapsed.as_secs_f64() / whole.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(good: u64, bad: u64) -> Counts {
        Counts { good, bad }
    }

    fn fleet(nodes: usize, live: usize, ejected: usize) -> Fleet {
        Fleet {
            nodes,
            live,
            ejected,
        }
    }

    #[test]
    fn a_row_or_a_low_rate_ejects() {
        let rules = Ejection::new();
        assert_eq!(rules.cause(counts(0, 6), 6), None);
        assert_eq!(
            rules.cause(counts(0, 7), 7),
            Some(DeathCause::FailuresInARow(7))
        );
        assert_eq!(rules.cause(counts(16, 4), 1), None);
        let rate = DeathCause::SuccessRate { percent: 75 };
        assert_eq!(rules.cause(counts(15, 5), 1), Some(rate));
        // Too few to tell.
        assert_eq!(rules.cause(counts(14, 5), 1), None);
        let off = rules.failures_in_a_row(0).success_percent(0);
        assert_eq!(off.cause(counts(0, 1_000), 1_000), None);
    }

    #[test]
    fn a_tenth_but_at_least_one_is_ejected() {
        let rules = Ejection::new();
        assert!(rules.has_room(fleet(3, 3, 0)) && !rules.has_room(fleet(3, 2, 1)));
        assert!(rules.has_room(fleet(30, 28, 2)) && !rules.has_room(fleet(30, 27, 3)));
        assert!(!rules.has_room(fleet(1, 1, 0)), "the last one stays");
        assert!(rules.has_room(fleet(2, 2, 0)));
    }

    #[test]
    fn none_is_ejected_in_panic() {
        let rules = Ejection::new().max_percent(100);
        assert!(rules.has_room(fleet(10, 6, 0)) && !rules.has_room(fleet(10, 5, 0)));
        assert!(rules.is_panic(fleet(10, 4, 0)) && !rules.is_panic(fleet(10, 5, 5)));
        assert!(!rules.panic_percent(0).has_room(fleet(10, 1, 0)));
        let zero = rules.panic_percent(0);
        assert!(zero.is_panic(fleet(2, 0, 1)) && !zero.is_panic(fleet(2, 1, 1)));
    }

    #[test]
    fn the_time_grows_up_to_its_limit() {
        let rules = Ejection::new();
        let times = [1, 2, 10, 11, u32::MAX].map(|n| rules.time_of(n).as_secs());
        assert_eq!(times, [30, 60, 300, 300, 300]);
    }

    #[test]
    fn a_slow_start_begins_with_a_tenth() {
        let share =
            |seconds| slow_start_share(Duration::from_secs(seconds), Duration::from_secs(10));
        assert!((share(0) - 0.1).abs() < 1e-9 && (share(5) - 0.55).abs() < 1e-9);
        assert!((share(10) - 1.0).abs() < 1e-9 && (share(99) - 1.0).abs() < 1e-9);
        assert!((slow_start_share(Duration::ZERO, Duration::ZERO) - 1.0).abs() < 1e-9);
    }
}
