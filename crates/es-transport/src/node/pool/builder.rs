//! Settings of a pool.

use std::{
    fmt,
    sync::{Arc, Mutex, Weak, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time::Instant;

use super::{NodePool, Seed, Settings, State, membership};
use crate::{
    backoff::Backoff,
    error::{Error, Result},
    events::Events,
    node::{Ejection, Node, health::Health, snapshot::stripes},
    rng::Rng,
};

/// The dead time of nodes unless another one is set.
pub(crate) const DEAD_TIME: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));

/// A builder of a [`NodePool`].
pub struct NodePoolBuilder {
    nodes: Vec<Node>,
    settings: Settings,
    events: Events,
    rng: Rng,
}

impl NodePoolBuilder {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let settings = Settings {
            dead_time: DEAD_TIME,
            timeouts_until_dead: 3,
            keep_seeds: true,
            ejection: None,
            slow_start: None,
            failure_penalty: None,
        };
        Self {
            nodes,
            settings,
            events: Events::new(),
            rng: Rng::new(),
        }
    }

    /// Sets the time for which a dead node is not used. Default: 1 s after the first
    /// failure, doubling up to 30 s.
    ///
    /// ```
    /// use std::time::Duration;
    /// use es_transport::{Backoff, Node, NodePool};
    ///
    /// let pool = NodePool::builder(["http://a:9200".parse::<Node>()?])
    ///     .dead_time(Backoff::new(Duration::from_secs(5), Duration::from_secs(60)))
    ///     .timeouts_until_dead(1)
    ///     .build()?;
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn dead_time(mut self, dead_time: Backoff) -> Self {
        self.settings.dead_time = dead_time;
        self
    }

    /// Sets the number of timeouts in a row after which a node is marked as dead. Default:
    /// 3.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    /// use es_transport::node::{NodeOutcome, RequestContext, RoundRobin};
    ///
    /// let node = "http://a:9200".parse::<Node>()?;
    /// let pool = NodePool::builder([node]).timeouts_until_dead(2).build()?;
    /// let request = RequestContext::new(&http::Method::GET, "/");
    /// for live in [1, 0] {
    ///     let mut selection = pool.select(&RoundRobin::default(), &request)?;
    ///     selection.finish(NodeOutcome::Suspect, request.now());
    ///     assert_eq!(pool.live(), live);
    /// }
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn timeouts_until_dead(mut self, timeouts: u32) -> Self {
        self.settings.timeouts_until_dead = timeouts.max(1);
        self
    }

    /// Enables the ejection of nodes that respond, but fail more often than the others.
    /// Default: `None`.
    #[must_use]
    pub fn ejection(mut self, ejection: impl Into<Option<Ejection>>) -> Self {
        self.settings.ejection = ejection.into();
        self
    }

    /// Sets the time during which a node that joins the pool or comes back receives
    /// only a share of its requests: a tenth at first, growing linearly to all of them.
    /// Default: `None`.
    ///
    /// The initial nodes of a pool have no slow start. While all live nodes are in
    /// their slow start, each receives all of its requests.
    #[must_use]
    pub fn slow_start(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.slow_start = time.into();
        self
    }

    /// Sets the minimum latency that is recorded for a failed attempt: a status of 429,
    /// or 500 and above, a failed connection or a timeout. The `Retry-After` of a
    /// response replaces it, up to 60 s. Default: `None`, with which no latency is
    /// recorded for failures, except the duration of a timeout.
    ///
    /// It affects selectors that use [latencies](crate::node::Candidate::latency), such
    /// as [`PeakEwma`](crate::node::PeakEwma): without it, a node that fails fast looks
    /// like a fast node. Like any peak, the penalty decays within about eight responses
    /// or 10 s.
    #[must_use]
    pub fn failure_penalty(mut self, latency: impl Into<Option<Duration>>) -> Self {
        self.settings.failure_penalty = latency.into();
        self
    }

    /// Sets whether the configured nodes are used again if no sniffed node can be used.
    /// Default: `true`.
    ///
    /// If `false`, the first successful sniff replaces them permanently.
    ///
    /// ```
    /// use es_transport::{Node, NodePool};
    ///
    /// // The address of a load balancer, which is used only to find the nodes.
    /// let balancer = "http://balancer:9200".parse::<Node>()?;
    /// let pool = NodePool::builder([balancer]).keep_seeds(false).build()?;
    /// let found = "http://10.0.0.1:9200".parse::<Node>()?;
    /// pool.set_sniffed([found.clone()])?;
    /// # let now = tokio::time::Instant::now();
    /// pool.mark_dead(found.url(), now, std::time::Duration::from_secs(60))?;
    /// assert_eq!(pool.len(), 1);
    /// # Ok::<(), es_transport::Error>(())
    /// ```
    #[must_use]
    pub fn keep_seeds(mut self, keep: bool) -> Self {
        self.settings.keep_seeds = keep;
        self
    }

    /// Sets a seed that makes the jitter of dead times reproducible, for tests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.rng = Rng::seeded(seed);
        self
    }

    /// Builds the pool.
    ///
    /// # Errors
    /// Returns an error if there is no node, or if there are two nodes with the same URL.
    pub fn build(self) -> Result<Arc<NodePool>> {
        if self.nodes.is_empty() {
            return Err(Error::config("nodes", "there must be at least one node"));
        }
        if u32::try_from(self.nodes.len()).is_err() {
            return Err(Error::config("nodes", "there are too many nodes"));
        }
        if let Some(twice) = membership::duplicate(&self.nodes) {
            return Err(Error::config(
                "nodes",
                format!("{} is given twice", twice.url()),
            ));
        }
        let observing = self.settings.observing();
        let members = membership::members(&self.nodes, Instant::now(), observing);
        Ok(Arc::new_cyclic(|weak| {
            let state = State {
                stripes: stripes(&members, weak),
                health: self.nodes.iter().map(|_| Health::default()).collect(),
                members,
                seeds: self.nodes.into_iter().map(Seed::new).collect(),
                is_sniff_doubtful: false,
                rng: self.rng,
                last_probe: 0,
            };
            NodePool {
                current: ArcSwap::from_pointee(state.snapshot()),
                state: Mutex::new(state),
                settings: self.settings,
                events: self.events,
                is_load_tracked: AtomicBool::new(false),
                leave_hooks: Mutex::default(),
                weak: Weak::clone(weak),
            }
        }))
    }
}

impl fmt::Debug for NodePoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePoolBuilder")
            .field("nodes", &self.nodes)
            .field("dead_time", &self.settings.dead_time)
            .field("timeouts_until_dead", &self.settings.timeouts_until_dead)
            .field("keep_seeds", &self.settings.keep_seeds)
            .field("ejection", &self.settings.ejection)
            .field("slow_start", &self.settings.slow_start)
            .field("failure_penalty", &self.settings.failure_penalty)
            .finish_non_exhaustive()
    }
}
