//! The state of a pool's nodes, for operators.

use std::time::Duration;

use tokio::time::Instant;

use crate::node::{Node, health::Health, snapshot::Record};

/// One node of a pool and its state at one moment.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    node: Node,
    state: NodeState,
    failures: u32,
    load: Option<(usize, Option<Duration>)>,
}

/// Whether a node is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeState {
    /// Requests go to the node.
    Live,
    /// No request goes to the node while another one lives.
    Dead {
        /// When a request may probe the node.
        until: Instant,
    },
    /// The node responds, but fails more often than the others
    /// ([`Ejection`](crate::node::Ejection)): no request goes to it while another
    /// one lives.
    Ejected {
        /// When a request may probe the node.
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

    /// Returns whether the node is live, or dead or ejected until when.
    pub fn state(&self) -> NodeState {
        self.state
    }

    /// Whether requests go to the node.
    pub fn is_live(&self) -> bool {
        self.state == NodeState::Live
    }

    /// Returns the number of dead times in a row; 0 after a response.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the number of attempts that have not ended. `None` if no
    /// selector of the pool [tracks the load](crate::NodeSelector::tracks_load).
    pub fn in_flight(&self) -> Option<usize> {
        self.load.map(|(in_flight, _)| in_flight)
    }

    /// Returns the average latency (peak EWMA) as of the last response. `None`
    /// before that, or if no selector of the pool
    /// [tracks the load](crate::NodeSelector::tracks_load).
    pub fn latency(&self) -> Option<Duration> {
        self.load.and_then(|(_, latency)| latency)
    }
}
