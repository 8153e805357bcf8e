use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    indices::{DocsStats, ShardStats, StoreStats},
    object::{object, response},
};

response! {
    /// The response of `cluster.health`, including that of a request that timed out.
    #[derive(Clone, Debug)]
    pub struct ClusterHealth {
        /// The name of the cluster.
        pub cluster_name: String,
        /// `green`, `yellow` or `red`.
        pub status: String,
        /// Whether the request timed out before the cluster had the requested state.
        /// `None` if it is not in the response.
        pub timed_out: Option<bool>,
        /// The number of nodes.
        pub number_of_nodes: i32,
        /// The number of data nodes.
        pub number_of_data_nodes: i32,
        /// The number of active primary shards.
        pub active_primary_shards: i64,
        /// The number of active shards, including replicas.
        pub active_shards: i64,
        /// The number of shards that are being relocated.
        pub relocating_shards: i64,
        /// The number of shards that are initializing.
        pub initializing_shards: i64,
        /// The number of unassigned shards.
        pub unassigned_shards: i64,
        /// The number of unassigned primary shards.
        pub unassigned_primary_shards: i64,
        /// The number of unassigned shards whose allocation is delayed.
        pub delayed_unassigned_shards: i64,
        /// The number of pending changes of the cluster state.
        pub number_of_pending_tasks: i64,
        /// The time that the oldest pending task has waited, in milliseconds.
        pub task_max_waiting_in_queue_millis: i64,
        /// The percentage of active shards.
        pub active_shards_percent_as_number: f64,
        /// The health of each index by name, if `level` is `indices` or `shards`.
        pub indices: BTreeMap<String, IndexHealth>,
    }
}

object! {
    /// The health of one index.
    #[derive(Clone, Debug)]
    pub struct IndexHealth {
        /// `green`, `yellow` or `red`.
        pub status: String,
        /// The number of primary shards.
        pub number_of_shards: i32,
        /// The number of replicas of each primary shard.
        pub number_of_replicas: i32,
        /// The number of active shards, including replicas.
        pub active_shards: i64,
        /// The number of unassigned shards.
        pub unassigned_shards: i64,
    }
}

response! {
    /// The response of `cluster.stats`.
    #[derive(Clone, Debug)]
    pub struct ClusterStats {
        /// The name of the cluster.
        pub cluster_name: String,
        /// The ID of the cluster.
        pub cluster_uuid: String,
        /// `green`, `yellow` or `red`.
        pub status: Option<String>,
        /// Statistics of all indices.
        pub indices: ClusterIndicesStats,
        /// Statistics of all nodes.
        pub nodes: Value,
    }
}

object! {
    /// Statistics of all indices of a cluster.
    #[derive(Clone, Debug)]
    pub struct ClusterIndicesStats {
        /// The number of indices.
        pub count: i64,
        /// The documents.
        pub docs: DocsStats,
        /// The storage.
        pub store: StoreStats,
    }
}

response! {
    /// The response of `nodes.info`.
    #[derive(Clone, Debug)]
    pub struct NodesInfo {
        /// The name of the cluster.
        pub cluster_name: String,
        /// The nodes by ID.
        pub nodes: BTreeMap<String, NodeInfo>,
    }
}

object! {
    /// A node.
    #[derive(Clone, Debug)]
    pub struct NodeInfo {
        /// The name.
        pub name: String,
        /// The address for other nodes.
        pub transport_address: String,
        /// The host.
        pub host: String,
        /// The IP address.
        pub ip: String,
        /// The version of the server.
        pub version: String,
        /// The roles.
        pub roles: Vec<String>,
        /// The attributes that operators set, such as the zone.
        pub attributes: BTreeMap<String, String>,
        /// The address for clients.
        pub http: Option<NodeHttp>,
    }
}

object! {
    /// The HTTP addresses of a node.
    #[derive(Clone, Debug)]
    pub struct NodeHttp {
        /// `address:port` or `host/address:port`.
        pub publish_address: String,
        /// The addresses that the node listens on.
        pub bound_address: Vec<String>,
        /// The maximum size of a request body, in bytes.
        pub max_content_length_in_bytes: Option<i64>,
    }
}

response! {
    /// The response of `nodes.stats`.
    #[derive(Clone, Debug)]
    pub struct NodesStats {
        /// The name of the cluster.
        pub cluster_name: String,
        /// The nodes by ID.
        pub nodes: BTreeMap<String, NodeStats>,
    }
}

object! {
    /// The statistics of a node.
    #[derive(Clone, Debug)]
    pub struct NodeStats {
        /// The name.
        pub name: String,
        /// The time of the statistics, in milliseconds since 1970.
        pub timestamp: i64,
        /// The host.
        pub host: Option<String>,
        /// The roles.
        pub roles: Vec<String>,
        /// The statistics of its shards.
        pub indices: Option<ShardStats>,
    }
}
