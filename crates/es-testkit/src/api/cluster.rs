//! Cluster health.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use crate::sync::lock;

/// One node is yellow (no place for replicas), more are green, as in a genuine cluster whose
/// indices have one replica. Waiting for what does not hold times out at once: 408.
pub(crate) fn health(call: &Call<'_>) -> Result<Reply, ApiError> {
    let nodes = call.shared.listed_nodes();
    let indices = call.indices(&lock(&call.shared.store))?.len();
    let copies = if nodes.len() > 1 { 2 } else { 1 };
    let green = indices == 0 || nodes.len() > 1;
    let status = if green { "green" } else { "yellow" };
    let wants_green = call.params.get("wait_for_status") == Some("green");
    let wants_nodes = call
        .params
        .get("wait_for_nodes")
        .map(|text| text.trim_start_matches([' ', '>', '=']));
    let too_few = wants_nodes
        .and_then(|text| text.parse::<usize>().ok())
        .is_some_and(|wanted| nodes.len() < wanted);
    let timed_out = (wants_green && !green) || too_few;
    let unassigned = if green { 0 } else { indices };
    let http_status = if timed_out {
        StatusCode::REQUEST_TIMEOUT
    } else {
        StatusCode::OK
    };
    Ok(Reply::json(
        http_status,
        json!({
            "cluster_name": call.shared.settings.cluster_name,
            "status": status,
            "timed_out": timed_out,
            "number_of_nodes": nodes.len(),
            "number_of_data_nodes": nodes.iter().filter(|node| holds_data(&lock(&node.changing).roles)).count(),
            "active_primary_shards": indices,
            "active_shards": indices * copies,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "unassigned_shards": unassigned,
            "delayed_unassigned_shards": 0,
            "number_of_pending_tasks": 0,
            "number_of_in_flight_fetch": 0,
            "task_max_waiting_in_queue_millis": 0,
            "active_shards_percent_as_number": if green { 100.0 } else { 50.0 },
        }),
    ))
}

pub(crate) fn holds_data(roles: &[String]) -> bool {
    roles.iter().any(|role| role.starts_with("data"))
}
