//! Pipelines and snapshots.

use es_client::types::{
    Pipelines, SnapshotCreated, SnapshotInfo, SnapshotRestored, SnapshotStatuses, Snapshots,
};
use serde_json::Value;

use super::{compared, each, named, same, shards};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint {
        "ingest.get_pipeline" => compared(body, |json, typed: &Pipelines| {
            named(json, typed, |json, typed| {
                same!(json, typed; description, version, processors, on_failure, meta = "_meta"; "created_date_millis", "modified_date_millis");
            });
        }),
        "snapshot.create" => compared(body, |json, typed: &SnapshotCreated| {
            same!(json, typed; accepted; "snapshot");
            match &typed.snapshot {
                Some(typed) => snapshot(&json["snapshot"], typed),
                None => assert!(json["snapshot"].is_null()),
            }
        }),
        "snapshot.get" => compared(body, |json, typed: &Snapshots| {
            same!(json, typed; remaining, next; "snapshots", "total");
            each(&json["snapshots"], &typed.snapshots, snapshot);
        }),
        "snapshot.restore" => compared(body, |json, typed: &SnapshotRestored| {
            same!(json, typed; accepted; "snapshot");
            let typed = typed.snapshot.as_ref().unwrap();
            same!(&json["snapshot"], typed; snapshot, indices; "shards");
            shards(&json["snapshot"]["shards"], &typed.shards);
        }),
        "snapshot.status" => compared(body, |json, typed: &SnapshotStatuses| {
            same!(json, typed;; "snapshots");
            each(&json["snapshots"], &typed.snapshots, |json, typed| {
                same!(
                    json, typed;
                    snapshot, repository, uuid, state, shards_stats, stats, indices;
                    "include_global_state",
                );
            });
        }),
        _ => false,
    }
}

fn snapshot(json: &Value, typed: &SnapshotInfo) {
    same!(
        json, typed;
        snapshot, uuid, repository, version, indices, data_streams, include_global_state, state,
        reason, start_time_in_millis, end_time_in_millis, duration_in_millis, failures, metadata;
        "shards", "end_time", "feature_states", "start_time", "version_id", "remote_store_index_shallow_copy",
    );
    shards(&json["shards"], &typed.shards);
}
