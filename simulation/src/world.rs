//! A cluster, and a transport over it.

use es_testkit::{ClusterBuilder, SimulatedCluster};
use es_transport::{
    Transport, TransportBuilder, layer::media_type::CompatibilityMode, node::RoundRobin, rng::Rng,
};

use crate::{Attempt, Call, Log, Plan, Traffic};

/// A simulated cluster, a transport as its builder makes it, and what passes between both.
#[derive(Debug)]
pub struct World {
    /// The nodes.
    pub cluster: SimulatedCluster,
    /// The system under test.
    pub transport: Transport,
    /// Every attempt.
    pub log: Log,
}

impl World {
    /// Makes the cluster, and a transport that knows its nodes and has these settings beside.
    ///
    /// # Panics
    /// When the settings cannot be used.
    pub fn new(
        cluster: ClusterBuilder,
        settings: impl FnOnce(TransportBuilder) -> TransportBuilder,
    ) -> Self {
        let cluster = cluster.recording(false).simulated().expect("a cluster");
        let log = Log::new();
        let transport = connect(&cluster, &log, settings);
        Self {
            cluster,
            transport,
            log,
        }
    }

    /// Makes another transport with these settings, which shares nothing with the first one.
    pub fn another(
        &self,
        settings: impl FnOnce(TransportBuilder) -> TransportBuilder,
    ) -> Transport {
        connect(&self.cluster, &self.log, settings)
    }

    /// Lets the traffic pass while the plan is played, and returns its calls.
    pub async fn play(&self, traffic: Traffic, plan: Plan) -> Vec<Call> {
        tokio::join!(traffic.pass(self), plan.play(&self.cluster)).0
    }

    /// The attempts so far that were not for sniffing.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.log
            .attempts()
            .into_iter()
            .filter(|attempt| !attempt.is_sniff)
            .collect()
    }
}

fn connect(
    cluster: &SimulatedCluster,
    log: &Log,
    settings: impl FnOnce(TransportBuilder) -> TransportBuilder,
) -> Transport {
    let builder = Transport::builder()
        .nodes(cluster.urls())
        // Whatever the environment says.
        .compatibility_mode(CompatibilityMode::Fixed(9))
        // The default starts elsewhere on each thread, and a run must not depend on its thread.
        .node_selector(RoundRobin::starting_at(Rng::new().below(1_000)))
        .http_service(log.over(cluster.service()));
    settings(builder).build().expect("a transport")
}
