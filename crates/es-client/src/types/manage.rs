use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    object::{object, response},
    search::Shards,
};

/// The response of `ingest.get_pipeline`: pipelines by ID.
pub type Pipelines = BTreeMap<String, Pipeline>;

object! {
    /// An ingest pipeline.
    #[derive(Clone, Debug)]
    pub struct Pipeline {
        /// The description.
        pub description: Option<String>,
        /// The version, which users set.
        pub version: Option<i64>,
        /// The processors, each an object with its type as the only key.
        pub processors: Vec<Value>,
        /// The processors that run if another one fails.
        pub on_failure: Vec<Value>,
        /// The metadata of the pipeline.
        pub meta: Option<Value> = "_meta",
    }
}

/// The response of `ilm.get_lifecycle`: policies by name.
pub type LifecyclePolicies = BTreeMap<String, LifecyclePolicy>;

object! {
    /// An index lifecycle policy.
    #[derive(Clone, Debug)]
    pub struct LifecyclePolicy {
        /// The number of changes.
        pub version: i64,
        /// The time of the last change: text, or milliseconds since 1970.
        pub modified_date: Value,
        /// The `phases` of the policy by name.
        pub policy: Value,
        /// The indices, data streams and templates that use it.
        pub in_use_by: Value,
    }
}

response! {
    /// The response of `snapshot.create`.
    #[derive(Clone, Debug)]
    pub struct SnapshotCreated {
        /// Whether the snapshot is created in the background.
        pub accepted: bool,
        /// The snapshot, if the request waited for completion.
        pub snapshot: Option<SnapshotInfo>,
    }
}

response! {
    /// The response of `snapshot.restore`.
    #[derive(Clone, Debug)]
    pub struct SnapshotRestored {
        /// Whether the snapshot is restored in the background.
        pub accepted: bool,
        /// The restored parts, if the request waited for completion.
        pub snapshot: Option<RestoredSnapshot>,
    }
}

object! {
    /// The restored parts of a snapshot.
    #[derive(Clone, Debug)]
    pub struct RestoredSnapshot {
        /// The name of the snapshot.
        pub snapshot: String,
        /// The indices.
        pub indices: Vec<String>,
        /// The shards.
        pub shards: Shards,
    }
}

response! {
    /// The response of `snapshot.get`.
    #[derive(Clone, Debug)]
    pub struct Snapshots {
        /// The snapshots.
        pub snapshots: Vec<SnapshotInfo>,
        /// The number of further snapshots.
        pub remaining: i64,
        /// The value of `after` for the next page.
        pub next: Option<String>,
    }
}

object! {
    /// A snapshot.
    #[derive(Clone, Debug)]
    pub struct SnapshotInfo {
        /// The name.
        pub snapshot: String,
        /// The ID.
        pub uuid: String,
        /// The repository of the snapshot.
        pub repository: Option<String>,
        /// The version of the server that wrote it.
        pub version: Option<String>,
        /// The indices in it.
        pub indices: Vec<String>,
        /// The data streams in it.
        pub data_streams: Vec<String>,
        /// Whether it includes the settings and templates of the cluster.
        pub include_global_state: Option<bool>,
        /// `IN_PROGRESS`, `SUCCESS`, `PARTIAL` or `FAILED`.
        pub state: Option<String>,
        /// The reason for its failure.
        pub reason: Option<String>,
        /// The time of its start, in milliseconds since 1970.
        pub start_time_in_millis: Option<i64>,
        /// The time of its end, in milliseconds since 1970.
        pub end_time_in_millis: Option<i64>,
        /// The duration, in milliseconds.
        pub duration_in_millis: Option<i64>,
        /// The failures of shards.
        pub failures: Vec<Value>,
        /// The shards.
        pub shards: Shards,
        /// The metadata of the snapshot.
        pub metadata: Option<Map<String, Value>>,
    }
}

response! {
    /// The response of `snapshot.status`.
    #[derive(Clone, Debug)]
    pub struct SnapshotStatuses {
        /// The requested snapshots, or all that are in progress.
        pub snapshots: Vec<SnapshotStatus>,
    }
}

object! {
    /// The progress of a snapshot.
    #[derive(Clone, Debug)]
    pub struct SnapshotStatus {
        /// The name.
        pub snapshot: String,
        /// The repository of the snapshot.
        pub repository: String,
        /// The ID.
        pub uuid: String,
        /// `STARTED`, `SUCCESS`, `FAILED` and the like.
        pub state: String,
        /// The number of shards in each stage.
        pub shards_stats: Map<String, Value>,
        /// The files and bytes, in total and done.
        pub stats: Value,
        /// The progress of each index by name.
        pub indices: Map<String, Value>,
    }
}
