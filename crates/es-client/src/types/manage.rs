use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::answer::answer;
use super::search::Shards;

/// The answer to `ingest.get_pipeline`: each pipeline by its id.
pub type Pipelines = BTreeMap<String, Pipeline>;

answer! {
    /// What documents go through before they are indexed.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct Pipeline {
        /// What its authors say of it.
        pub description: Option<String>,
        /// A number that its authors keep.
        pub version: Option<i64>,
        /// The steps, each an object with the kind of processor as its only key.
        pub processors: Vec<Value>,
        /// The steps to take when one fails.
        pub on_failure: Vec<Value>,
        /// Whatever else its authors keep with it.
        pub meta: Option<Value> = "_meta",
    }
}

/// The answer to `ilm.get_lifecycle`: each policy by its name.
pub type LifecyclePolicies = BTreeMap<String, LifecyclePolicy>;

answer! {
    /// A policy for the life of indices.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct LifecyclePolicy {
        /// How often it was changed.
        pub version: u64,
        /// When it was changed last: text, or milliseconds since 1970.
        pub modified_date: Value,
        /// What is done when: `phases` by their names.
        pub policy: Value,
        /// The indices, data streams and templates that use it.
        pub in_use_by: Value,
    }
}

answer! {
    /// The answer to `snapshot.create`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct SnapshotCreated {
        /// Whether it goes on in the background.
        pub accepted: bool,
        /// The snapshot, where the call waits for it.
        pub snapshot: Option<SnapshotInfo>,
    }
}

answer! {
    /// The answer to `snapshot.restore`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct SnapshotRestored {
        /// Whether it goes on in the background.
        pub accepted: bool,
        /// What was restored, where the call waits for it.
        pub snapshot: Option<RestoredSnapshot>,
    }
}

answer! {
    /// What was restored of a snapshot.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct RestoredSnapshot {
        /// The snapshot's name.
        pub snapshot: String,
        /// The indices.
        pub indices: Vec<String>,
        /// Their shards.
        pub shards: Shards,
    }
}

answer! {
    /// The answer to `snapshot.get`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct Snapshots {
        /// The snapshots.
        pub snapshots: Vec<SnapshotInfo>,
        /// How many there are beside those given.
        pub remaining: u64,
        /// What to ask with for the next ones.
        pub next: Option<String>,
    }
}

answer! {
    /// A snapshot.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct SnapshotInfo {
        /// Its name.
        pub snapshot: String,
        /// Its id.
        pub uuid: String,
        /// The repository that it is in.
        pub repository: Option<String>,
        /// The version of the server that wrote it.
        pub version: Option<String>,
        /// The indices in it.
        pub indices: Vec<String>,
        /// The data streams in it.
        pub data_streams: Vec<String>,
        /// Whether it holds the cluster's settings and templates.
        pub include_global_state: Option<bool>,
        /// `IN_PROGRESS`, `SUCCESS`, `PARTIAL` or `FAILED`.
        pub state: Option<String>,
        /// Why it failed.
        pub reason: Option<String>,
        /// When it started, in milliseconds since 1970.
        pub start_time_in_millis: Option<u64>,
        /// When it was done, in milliseconds since 1970.
        pub end_time_in_millis: Option<u64>,
        /// How long it took, in milliseconds.
        pub duration_in_millis: Option<u64>,
        /// The shards that are not in it, and why.
        pub failures: Vec<Value>,
        /// Its shards.
        pub shards: Shards,
        /// What its authors keep with it.
        pub metadata: Option<Map<String, Value>>,
    }
}

answer! {
    /// The answer to `snapshot.status`.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct SnapshotStatuses {
        /// The snapshots that were asked for, or all that are being made.
        pub snapshots: Vec<SnapshotStatus>,
    }
}

answer! {
    /// How far a snapshot is.
    #[derive(Clone, Debug, Default)]
    #[non_exhaustive]
    pub struct SnapshotStatus {
        /// Its name.
        pub snapshot: String,
        /// The repository that it goes to.
        pub repository: String,
        /// Its id.
        pub uuid: String,
        /// `STARTED`, `SUCCESS`, `FAILED` and the like.
        pub state: String,
        /// How many shards are in each stage.
        pub shards_stats: BTreeMap<String, u64>,
        /// How many files and bytes there are, and how many are done.
        pub stats: Value,
        /// The same for each index by its name.
        pub indices: Map<String, Value>,
    }
}
