//! The cluster as its operator sees it: nodes stopped, started and frozen.

use std::time::Duration;

use es_client::{Elasticsearch, params::HealthStatus};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    process::Command,
    sync::{Mutex, MutexGuard},
    time::{Instant, sleep},
};

use super::server::{builder, urls, var};

/// No cluster takes longer to be whole again, on however busy a machine.
const WHOLE: Duration = Duration::from_secs(240);

/// Time that the cluster is asked to wait for itself, each time.
const RESPONSE: Duration = Duration::from_secs(2);

/// A cluster of which all nodes run. Nobody else has one at the same time.
pub(crate) struct Cluster {
    client: Elasticsearch,
    nodes: usize,
    _turn: MutexGuard<'static, ()>,
}

impl Cluster {
    /// Starts what another test left stopped or frozen.
    pub(crate) async fn whole() -> Self {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        // A node that is frozen must not keep the operator waiting.
        let client = builder()
            .request_timeout(2 * RESPONSE)
            .retry_on_timeout(true);
        let client = client.build().unwrap();
        let cluster = Self {
            client,
            nodes: urls().len(),
            _turn: turn,
        };
        cluster.each("start").await;
        cluster.each("resume").await;
        cluster.is_green().await;
        cluster
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes
    }

    /// `stop`, `kill`, `pause`, `resume` or `start`, until it is done.
    pub(crate) async fn node(&self, node: usize, action: &str) {
        let command = format!("{} {node} {action}", var("ES_NODE_COMMAND"));
        let done = Command::new("sh")
            .arg("-c")
            .arg(&command)
            .output()
            .await
            .unwrap();
        assert!(
            done.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    /// The same to all nodes at once.
    pub(crate) async fn each(&self, action: &str) {
        join_all((0..self.nodes).map(|node| self.node(node, action))).await;
    }

    /// A node that is not the elected master.
    pub(crate) async fn follower(&self) -> usize {
        let parts = json!({"node_id": "_master", "metric": "http"});
        let master = self.client.call("nodes.info", parts, ()).await.unwrap();
        let master: Value = master.json().unwrap();
        let master = master["nodes"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap();
        let address = master["http"]["publish_address"].as_str().unwrap();
        urls()
            .iter()
            .position(|url| !url.ends_with(address))
            .unwrap()
    }

    /// Returns the ids of the nodes, in the order of their URLs.
    pub(crate) async fn node_ids(&self) -> Vec<String> {
        let http = json!({"metric": "http"});
        let info = self.client.call("nodes.info", http, ()).await.unwrap();
        let info: Value = info.json().unwrap();
        let nodes = info["nodes"].as_object().unwrap();
        let id = |url: &String| {
            let is_it =
                |node: &Value| url.ends_with(node["http"]["publish_address"].as_str().unwrap());
            nodes
                .iter()
                .find(|(_, node)| is_it(node))
                .unwrap()
                .0
                .clone()
        };
        urls().iter().map(id).collect()
    }

    /// Waits until all nodes are there with all copies of all shards, as who
    /// restarts nodes does before the next one.
    pub(crate) async fn is_green(&self) {
        self.becomes(&format!("green with {} nodes", self.nodes), async || {
            let health = self
                .client
                .cluster()
                .health()
                .wait_for_status(HealthStatus::Green);
            let health = health.wait_for_nodes(self.nodes.to_string());
            health
                .wait_for_no_relocating_shards(true)
                .timeout(RESPONSE)
                .await
        })
        .await;
    }

    /// Waits until the cluster has found out that a node is missing.
    pub(crate) async fn has_lost_a_node(&self) {
        let left = self.nodes - 1;
        self.becomes(&format!("{left} nodes"), async || {
            let health = self
                .client
                .cluster()
                .health()
                .wait_for_nodes(left.to_string());
            health.timeout(RESPONSE).await
        })
        .await;
    }

    async fn becomes(
        &self,
        what: &str,
        ask: impl AsyncFn() -> es_client::Result<es_client::types::ClusterHealth>,
    ) {
        let began = Instant::now();
        loop {
            let response = ask().await;
            if response
                .as_ref()
                .is_ok_and(|health| health.timed_out == Some(false))
            {
                return;
            }
            assert!(
                began.elapsed() < WHOLE,
                "not {what} after {WHOLE:?}: {response:?}"
            );
            sleep(Duration::from_millis(250)).await;
        }
    }
}
