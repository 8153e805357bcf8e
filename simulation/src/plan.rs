//! Faults, and when they happen.

use std::time::Duration;

use es_testkit::{Fault, Latency, SimulatedCluster};
use tokio::time::{Instant, sleep_until};

/// Something that happens to a node.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// It stops: what is under way breaks, connections are refused, it leaves the cluster.
    Kill,
    /// It refuses connections, and stays in the cluster.
    Refuse,
    /// It is back.
    Revive,
    /// It says nothing to new connections: a black hole.
    Silence,
    /// It takes every request and never responds.
    Hang,
    /// It responses every request with this status.
    Status(u16),
    /// It breaks the connection of every request.
    Reset,
    /// It takes so long from now on.
    Latency(Latency),
    /// It does nothing wrong any more, except that it is down.
    Heal,
}

impl Event {
    async fn happen(self, cluster: &SimulatedCluster, node: usize) {
        let node = cluster.node(node);
        match self {
            Self::Kill => node.kill().await,
            Self::Refuse => node.refuse().await,
            Self::Revive => node.revive().await.unwrap(),
            Self::Silence => node.hang_connections(),
            Self::Hang => node.inject(Fault::hang()),
            Self::Status(status) => node.inject(Fault::status(status)),
            Self::Reset => node.inject(Fault::reset()),
            Self::Latency(latency) => node.set_latency(latency),
            Self::Heal => {
                node.clear_faults();
                node.serve_connections();
            }
        }
    }
}

/// Events, each at its time and for its nodes.
#[derive(Clone, Debug, Default)]
pub struct Plan(Vec<(Duration, Event, Vec<usize>)>);

impl Plan {
    /// Nothing goes wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// At this time after its beginning, this happens to these nodes.
    #[must_use]
    pub fn at(
        mut self,
        time: Duration,
        event: Event,
        nodes: impl IntoIterator<Item = usize>,
    ) -> Self {
        self.0.push((time, event, nodes.into_iter().collect()));
        self
    }

    /// The nodes to which something happens.
    pub fn nodes(&self) -> Vec<usize> {
        let mut nodes: Vec<_> = self
            .0
            .iter()
            .flat_map(|(_, _, nodes)| nodes)
            .copied()
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Lets it all happen to the nodes of this cluster.
    pub async fn play(mut self, cluster: &SimulatedCluster) {
        let begun = Instant::now();
        self.0.sort_by_key(|(time, ..)| *time);
        for (time, event, nodes) in self.0 {
            sleep_until(begun + time).await;
            for node in nodes {
                event.happen(cluster, node).await;
            }
        }
    }
}
