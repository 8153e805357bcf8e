//! Selectors without state.

use std::time::Duration;

use super::{NodeSelector, RequestContext};
use crate::{
    node::{Candidate, Candidates},
    rng,
};

/// A selector that chooses a random node, each with the same probability.
#[derive(Clone, Copy, Debug, Default)]
pub struct Random;

impl NodeSelector for Random {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        candidates.random()
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }

    fn tracks_load(&self) -> bool {
        false
    }
}

/// A selector that chooses the node with the fewest requests of this client in flight
/// ([`Candidates::least_in_flight`]).
///
/// ```
/// use es_transport::{Node, NodePool, node::{LeastInFlight, RequestContext}};
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?, "http://b:9200".parse()?])?;
/// let request = RequestContext::new(&http::Method::GET, "/");
/// // As long as the first attempt is in flight, the other node is chosen.
/// let first = pool.select(&LeastInFlight, &request)?;
/// let second = pool.select(&LeastInFlight, &request)?;
/// assert_ne!(first.node(), second.node());
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastInFlight;

impl NodeSelector for LeastInFlight {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        candidates.least_in_flight()
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }
}

/// A selector that chooses the cheaper of two random nodes. The cost of a node is its
/// latency (a peak EWMA with a decay of 10 s or about eight responses) times the number
/// of requests that it would then have in flight. A longer [silence](Candidate::silence)
/// replaces the latency, so that few requests wait for a node that no longer responds.
///
/// It avoids slow nodes without sending all requests to the fastest one (Mitzenmacher,
/// "The power of two choices"; also used by Finagle and linkerd). The cost of a choice
/// does not depend on the number of nodes.
///
/// ```
/// use std::time::Duration;
/// use es_transport::{Transport, node::PeakEwma};
///
/// let transport = Transport::builder()
///     .nodes(["http://a:9200", "http://b:9200"])
///     .node_selector(PeakEwma::default().default_latency(Duration::from_millis(5)))
///     .build()?;
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PeakEwma {
    default_latency: Duration,
}

impl PeakEwma {
    /// Sets the assumed latency of a node that has not responded yet. Default: 30 ms.
    #[must_use]
    pub fn default_latency(mut self, latency: Duration) -> Self {
        self.default_latency = latency;
        self
    }

    fn cost(&self, candidate: Candidate<'_>) -> f64 {
        let latency = candidate.latency().unwrap_or(self.default_latency);
        let latency = latency.max(candidate.silence());
        // One microsecond more, so that a latency that faded to nothing leaves
        // the requests in flight to decide.
        (latency.as_secs_f64() + 1e-6) * (candidate.in_flight() as f64 + 1.0)
    }
}

impl Default for PeakEwma {
    fn default() -> Self {
        Self {
            default_latency: Duration::from_millis(30),
        }
    }
}

impl NodeSelector for PeakEwma {
    fn select(&self, candidates: &Candidates<'_>, _: &RequestContext<'_>) -> usize {
        let len = candidates.len();
        if len < 2 {
            return 0;
        }
        let first = rng::below(len);
        let second = (first + 1 + rng::below(len - 1)) % len;
        match (candidates.get(first), candidates.get(second)) {
            (Some(a), Some(b)) if self.cost(b) < self.cost(a) => second,
            _ => first,
        }
    }

    fn is_constrained(&self, _: &RequestContext<'_>) -> bool {
        false
    }
}
