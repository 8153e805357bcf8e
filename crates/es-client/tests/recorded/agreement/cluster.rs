//! The cluster, its nodes and its tasks.

use es_client::types::{
    ClusterHealth, ClusterStats, NodeInfo, NodeStats, NodeTasks, NodesInfo, NodesStats, TaskInfo,
    TaskList, TaskResponse,
};
use serde_json::Value;

use super::{cause, compared, each, field, named, others, same};

pub(super) fn check(endpoint: &str, body: &[u8]) -> bool {
    match endpoint {
        "cluster.health" => compared(body, health),
        "cluster.stats" => compared(body, stats),
        "nodes.info" => compared(body, |json, typed: &NodesInfo| {
            same!(json, typed; cluster_name; "_nodes", "nodes");
            named(&json["nodes"], &typed.nodes, node);
        }),
        "nodes.stats" => compared(body, |json, typed: &NodesStats| {
            same!(json, typed; cluster_name; "_nodes", "nodes");
            named(&json["nodes"], &typed.nodes, node_stats);
        }),
        "tasks.list" | "tasks.cancel" => compared(body, tasks),
        "tasks.get" => compared(body, |json, typed: &TaskResponse| {
            same!(json, typed; completed, response; "task", "error");
            task(&json["task"], &typed.task);
            assert_eq!(json["error"].is_null(), typed.error.is_none());
        }),
        _ => false,
    }
}

fn health(json: &Value, typed: &ClusterHealth) {
    same!(
        json, typed;
        cluster_name, status, timed_out, number_of_nodes, number_of_data_nodes,
        active_primary_shards, active_shards, relocating_shards, initializing_shards,
        unassigned_shards, unassigned_primary_shards, delayed_unassigned_shards, number_of_pending_tasks,
        task_max_waiting_in_queue_millis, active_shards_percent_as_number;
        "indices", "number_of_in_flight_fetch", "discovered_master", "discovered_cluster_manager",
    );
    named(&json["indices"], &typed.indices, |json, index| {
        same!(
            json, index;
            status, number_of_shards, number_of_replicas, active_shards, unassigned_shards;
            "active_primary_shards", "relocating_shards", "initializing_shards",
            "unassigned_primary_shards",
        );
    });
}

fn stats(json: &Value, typed: &ClusterStats) {
    same!(json, typed; cluster_name, cluster_uuid, status, nodes; "indices");
    let (json, typed) = (&json["indices"], &typed.indices);
    field(json, "count", &typed.count);
    same!(&json["docs"], typed.docs; count, deleted; "total_size_in_bytes");
    same!(&json["store"], typed.store; size_in_bytes; "total_data_set_size_in_bytes", "reserved_in_bytes");
    others(json, &["count", "docs", "store"], &typed.other);
}

fn node(json: &Value, typed: &NodeInfo) {
    let fields = [
        ("name", &typed.name),
        ("transport_address", &typed.transport_address),
        ("host", &typed.host),
        ("ip", &typed.ip),
        ("version", &typed.version),
    ];
    for (key, typed) in fields {
        field(json, key, typed);
    }
    field(json, "roles", &typed.roles);
    field(json, "attributes", &typed.attributes);
    let mut known: Vec<_> = fields.iter().map(|(key, _)| *key).collect();
    known.extend(["roles", "attributes", "http"]);
    others(json, &known, &typed.other);
    match &typed.http {
        Some(http) => same!(
            &json["http"], http;
            publish_address, bound_address, max_content_length_in_bytes;
        ),
        None => assert!(json["http"].is_null()),
    }
}

fn node_stats(json: &Value, typed: &NodeStats) {
    field(json, "name", &typed.name);
    field(json, "timestamp", &typed.timestamp);
    field(json, "host", &typed.host);
    field(json, "roles", &typed.roles);
    others(
        json,
        &["name", "timestamp", "host", "roles", "indices"],
        &typed.other,
    );
    match &typed.indices {
        Some(indices) => super::indices::of_shards(&json["indices"], indices),
        None => assert!(json["indices"].is_null()),
    }
}

fn tasks(json: &Value, typed: &TaskList) {
    same!(json, typed; tasks, task_failures; "nodes", "node_failures");
    each(&json["node_failures"], &typed.node_failures, cause);
    named(&json["nodes"], &typed.nodes, |json, node: &NodeTasks| {
        same!(
            json, node;
            name, transport_address, roles;
            "tasks", "host", "ip", "attributes",
        );
        named(&json["tasks"], &node.tasks, task);
    });
}

fn task(json: &Value, typed: &TaskInfo) {
    same!(
        json, typed;
        node, id, kind = "type", action, description, status, start_time_in_millis,
        running_time_in_nanos, cancellable, cancelled, parent_task_id, headers; "resource_stats", "cancellation_time_millis"
    );
}
