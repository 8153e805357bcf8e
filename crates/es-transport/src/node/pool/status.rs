//! The state of a pool's nodes, for operators.

use std::time::Duration;

use tokio::time::Instant;

use crate::node::{Node, health::Health, snapshot::Record};

/// A snapshot of the state of a node.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    node: Node,
    state: NodeState,
    failures: u32,
    load: Option<(usize, Option<Duration>)>,
}

/// The state of a node in its pool.
///
/// ```
/// use es_transport::{Node, NodePool};
/// use es_transport::node::{NodeOutcome, NodeState, RequestContext, RoundRobin};
///
/// let pool = NodePool::new(["http://a:9200".parse::<Node>()?])?;
/// let request = RequestContext::new(&http::Method::GET, "/");
/// let mut selection = pool.select(&RoundRobin::default(), &request)?;
/// selection.finish(NodeOutcome::Failed, request.now());
///
/// let status = &pool.nodes()[0];
/// assert!(matches!(status.state(), NodeState::Dead { until } if until > request.now()));
/// assert_eq!(status.failures(), 1);
/// # Ok::<(), es_transport::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeState {
    /// The node is used.
    Live,
    /// The node failed: no request is sent to it while another node is live.
    Dead {
        /// The time from which a request may probe the node.
        until: Instant,
    },
    /// The node responds, but fails more often than the others
    /// ([`Ejection`](crate::node::Ejection)): no request is sent to it while another
    /// node is live.
    Ejected {
        /// The time from which a request may probe the node.
        until: Instant,
    },
}

impl NodeStatus {
    pub(super) fn new(node: Node, health: &Health, record: &Record, is_tracked: bool) -> Self {
        let load = is_tracked.then(|| (record.load.in_flight(), record.load.last_latency()));
        let state = match health.dead_until() {
            Some(until) if health.is_ejected() => NodeState::Ejected { until },
            Some(until) => NodeState::Dead { until },
            None => NodeState::Live,
        };
        Self {
            node,
            state,
            failures: health.failures(),
            load,
        }
    }

    /// Returns the node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Returns the state of the node.
    pub fn state(&self) -> NodeState {
        self.state
    }

    /// Whether the node is live.
    pub fn is_live(&self) -> bool {
        self.state == NodeState::Live
    }

    /// Returns the number of dead times in a row, which is 0 after a response.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the number of attempts in flight. `None` if no selector of the pool
    /// [tracks the load](crate::NodeSelector::tracks_load).
    pub fn in_flight(&self) -> Option<usize> {
        self.load.map(|(in_flight, _)| in_flight)
    }

    /// Returns the average latency (peak EWMA) as of the last response. `None` before
    /// the first response, or if no selector of the pool [tracks the
    /// load](crate::NodeSelector::tracks_load).
    pub fn latency(&self) -> Option<Duration> {
        self.load.and_then(|(_, latency)| latency)
    }
}
