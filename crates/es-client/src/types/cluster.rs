use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::answer;
use super::indices::{DocsStats, ShardStats, StoreStats};

answer! {
    /// The answer to `cluster.health`, also where it did not become what was waited for.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ClusterHealth {
        /// The cluster's name.
        pub cluster_name: String,
        /// `green`, `yellow` or `red`.
        pub status: String,
        /// Whether the time was over before the state that was waited for.
        pub timed_out: bool,
        /// Nodes.
        pub number_of_nodes: u32,
        /// Those that hold data.
        pub number_of_data_nodes: u32,
        /// Primary shards that work.
        pub active_primary_shards: u64,
        /// Shards that work, copies included.
        pub active_shards: u64,
        /// Shards on their way to another node.
        pub relocating_shards: u64,
        /// Shards that start.
        pub initializing_shards: u64,
        /// Shards that are on no node.
        pub unassigned_shards: u64,
        /// Those of them that are primary shards.
        pub unassigned_primary_shards: u64,
        /// Unassigned shards that wait for a node to come back.
        pub delayed_unassigned_shards: u64,
        /// Changes of the cluster's state that wait.
        pub number_of_pending_tasks: u64,
        /// How long the first of them waits, in milliseconds.
        pub task_max_waiting_in_queue_millis: u64,
        /// How many percent of the shards work.
        pub active_shards_percent_as_number: f64,
        /// Each index by its name, where the level is `indices` or `shards`.
        pub indices: BTreeMap<String, IndexHealth>,
    }
}

answer! {
    /// The health of one index.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct IndexHealth {
        /// `green`, `yellow` or `red`.
        pub status: String,
        /// Primary shards.
        pub number_of_shards: u32,
        /// Copies of each.
        pub number_of_replicas: u32,
        /// Shards that work, copies included.
        pub active_shards: u64,
        /// Shards that are on no node.
        pub unassigned_shards: u64,
    }
}

answer! {
    /// The answer to `cluster.stats`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ClusterStats {
        /// The cluster's name.
        pub cluster_name: String,
        /// The cluster's id.
        pub cluster_uuid: String,
        /// `green`, `yellow` or `red`.
        pub status: Option<String>,
        /// Its indices together.
        pub indices: ClusterIndicesStats,
        /// Its nodes together, as it came.
        pub nodes: Value,
    }
}

answer! {
    /// All indices of a cluster together.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct ClusterIndicesStats {
        /// Indices.
        pub count: u64,
        /// How many documents.
        pub docs: DocsStats,
        /// How much room they take.
        pub store: StoreStats,
        ..
        /// What has no type here.
        pub other
    }
}

answer! {
    /// The answer to `nodes.info`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodesInfo {
        /// The cluster's name.
        pub cluster_name: String,
        /// Each node by its id.
        pub nodes: BTreeMap<String, NodeInfo>,
    }
}

answer! {
    /// What a node says of itself.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodeInfo {
        /// Its name.
        pub name: String,
        /// The address for other nodes.
        pub transport_address: String,
        /// Its host.
        pub host: String,
        /// Its address.
        pub ip: String,
        /// Its version.
        pub version: String,
        /// What it may do.
        pub roles: Vec<String>,
        /// What its operators say of it, such as its zone.
        pub attributes: BTreeMap<String, String>,
        /// The address for clients.
        pub http: Option<NodeHttp>,
        ..
        /// What has no type here, such as `jvm` or `plugins`.
        pub other
    }
}

answer! {
    /// Where a node listens for clients.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodeHttp {
        /// `address:port` or `host/address:port`.
        pub publish_address: String,
        /// The addresses that it listens on.
        pub bound_address: Vec<String>,
        /// The size of the greatest request, in bytes.
        pub max_content_length_in_bytes: Option<u64>,
    }
}

answer! {
    /// The answer to `nodes.stats`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodesStats {
        /// The cluster's name.
        pub cluster_name: String,
        /// Each node by its id.
        pub nodes: BTreeMap<String, NodeStats>,
    }
}

answer! {
    /// The numbers of one node.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct NodeStats {
        /// Its name.
        pub name: String,
        /// When they were taken, in milliseconds since 1970.
        pub timestamp: u64,
        /// Its host.
        pub host: Option<String>,
        /// What it may do.
        pub roles: Vec<String>,
        /// The shards on it.
        pub indices: Option<ShardStats>,
        ..
        /// What has no type here, such as `jvm`, `os`, `fs` or `thread_pool`.
        pub other
    }
}
