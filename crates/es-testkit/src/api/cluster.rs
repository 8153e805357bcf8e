//! Cluster health.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::state::holders_of;
use crate::store::{Index, ResolveOptions};
use crate::sync::lock;

/// A replica without a node of its own makes the cluster yellow. Waiting for what does not hold
/// times out at once: 408.
pub(crate) fn health(call: &Call<'_>) -> Result<Reply, ApiError> {
    let nodes = call.shared.listed_nodes();
    let store = lock(&call.shared.store);
    // A missing index times out instead of failing.
    let options = ResolveOptions {
        ignore_unavailable: true,
        ..call.resolve_options()?
    };
    let mut names = store.resolve(call.part("index"), options)?;
    names.retain(|name| call.identity.may_read(store.owner(name)));
    let is_missing = call.part("index").split(',').any(|name| {
        let strict = ResolveOptions {
            ignore_unavailable: false,
            ..options
        };
        let found = store.resolve(name, strict);
        !name.contains('*') && matches!(found, Err(error) if error.status == StatusCode::NOT_FOUND)
    });
    let indices = names.iter().filter_map(|name| store.indices.get(name));
    let (primaries, active, wanted) = copies(call, indices);
    let green = active >= wanted;
    let status = match (is_missing, green) {
        (true, _) => "red",
        (false, true) => "green",
        (false, false) => "yellow",
    };
    let wanted_status = call
        .params
        .get("wait_for_status")
        .map(str::to_ascii_lowercase);
    if let Some(wanted) = &wanted_status
        && !["green", "yellow", "red"].contains(&wanted.as_str())
    {
        return Err(ApiError::illegal_argument(format!(
            "unknown cluster health status [{wanted}]"
        )));
    }
    let wants_green = wanted_status.as_deref() == Some("green");
    let enough = match call.params.get("wait_for_nodes") {
        Some(condition) => has_nodes(condition, nodes.len())?,
        None => true,
    };
    let timed_out = (wants_green && !green) || !enough || is_missing;
    let http_status = if timed_out {
        StatusCode::REQUEST_TIMEOUT
    } else {
        StatusCode::OK
    };
    let percent = if wanted == 0 {
        100.0
    } else {
        active as f64 / wanted as f64 * 100.0
    };
    let mut body = json!({
            "cluster_name": call.shared.settings.cluster_name,
            "status": status,
            "timed_out": timed_out,
            "number_of_nodes": nodes.len(),
            "number_of_data_nodes": nodes.iter().filter(|node| holds_data(&lock(&node.changing).roles)).count(),
            "active_primary_shards": primaries,
            "active_shards": active,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "unassigned_shards": wanted - active.min(wanted),
            "delayed_unassigned_shards": 0,
            "number_of_pending_tasks": 0,
            "number_of_in_flight_fetch": 0,
            "task_max_waiting_in_queue_millis": 0,
            "active_shards_percent_as_number": percent,
    });
    let settings = &call.shared.settings;
    let counts_primaries = (settings.version.major, settings.version.minor) >= (8, 16);
    if counts_primaries
        && !settings.is_opensearch()
        && let Some(fields) = body.as_object_mut()
    {
        fields.insert("unassigned_primary_shards".to_owned(), 0.into());
    }
    Ok(Reply::json(http_status, body))
}

/// Counts the primary shards of some indices, the copies that nodes hold, and those that there should
/// be.
fn copies<'i>(call: &Call<'_>, indices: impl Iterator<Item = &'i Index>) -> (usize, usize, usize) {
    let (mut primaries, mut active, mut wanted) = (0, 0, 0);
    for index in indices {
        for shard in 0..index.shards {
            primaries += 1;
            active += holders_of(call.shared, index, shard).len();
            wanted += usize::try_from(index.replicas).unwrap_or(0) + 1;
        }
    }
    (primaries, active, wanted)
}

/// Whether so many nodes are enough for `3`, `>=3`, `ge(3)` and the like.
fn has_nodes(condition: &str, nodes: usize) -> Result<bool, ApiError> {
    let condition = condition.trim();
    let number = condition.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let operator = condition.trim_end_matches(number).trim();
    let number = number.trim_end_matches(')').trim();
    let wanted: usize = number.parse().map_err(|_| {
        ApiError::bad_request(
            "number_format_exception",
            format!("For input string: \"{condition}\""),
        )
    })?;
    match operator {
        "" => Ok(nodes == wanted),
        ">=" | "ge(" => Ok(nodes >= wanted),
        "<=" | "le(" => Ok(nodes <= wanted),
        ">" | "gt(" => Ok(nodes > wanted),
        "<" | "lt(" => Ok(nodes < wanted),
        _ => Err(ApiError::unsupported(format!(
            "[wait_for_nodes={condition}]"
        ))),
    }
}

pub(crate) fn holds_data(roles: &[String]) -> bool {
    roles.iter().any(|role| role.starts_with("data"))
}
