//! Points in time: a frozen view that many searches can read.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::scroll::check_keep_alive;
use super::search::shards;
use crate::store::Snapshot;
use crate::sync::lock;

pub(crate) fn open(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Some(keep) = call.params.get("keep_alive") else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: [keep_alive] is not specified;",
        ));
    };
    check_keep_alive("keep_alive", keep)?;
    let mut store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let indices = names
        .iter()
        .filter_map(|name| Some((name.clone(), store.indices.get(name)?.clone())))
        .collect();
    let id = format!("pit-{}", store.next_id());
    store.points_in_time.insert(id.clone(), Snapshot { indices });
    Ok(Reply::ok(json!({"id": id, "_shards": shards(names.len())})))
}

pub(crate) fn close(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let id = body.get("id").and_then(Value::as_str).unwrap_or("");
    let closed = lock(&call.shared.store).points_in_time.remove(id).is_some();
    let status = if closed { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(Reply::json(status, json!({"succeeded": closed, "num_freed": u8::from(closed)})))
}

/// A search that names a point in time which is closed or never was.
pub(crate) fn missing(id: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "search_context_missing_exception",
        format!("No search context found for id [{id}]"),
    )
    .in_search()
}
