//! Points in time: a frozen view that many searches can read.

use http::StatusCode;
use serde_json::json;

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::scroll::keep_alive;
use super::search::{shard_count, shards};
use crate::store::Snapshot;
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn open(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Some(keep) = call.params.get("keep_alive") else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: [keep_alive] is not specified;",
        ));
    };
    let until = keep_alive("keep_alive", keep)?;
    if !call.body.is_empty() {
        return Err(ApiError::unsupported("a body of [_pit]"));
    }
    let mut store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    let count = shard_count(&source);
    let indices = source
        .indices
        .iter()
        .map(|(index, restriction)| ((*index).clone(), restriction.clone()))
        .collect();
    let snapshot = Snapshot { indices, until };
    let id = format!("pit-{}", store.next_id());
    store.points_in_time.insert(id.clone(), snapshot);
    Ok(Reply::ok(json!({"id": id, "_shards": shards(count)})))
}

pub(crate) fn close(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let fields = Fields::new(Reader::Body, "pit", &body);
    let id = fields.text("id")?;
    if let Some((name, _)) = fields.rest().first() {
        return Err(ApiError::illegal_argument(format!(
            "Unknown parameter [{name}] in request body or parameter is of the wrong type"
        )));
    }
    let id = id.ok_or_else(|| ApiError::illegal_argument("Required [id]"))?;
    let mut store = lock(&call.shared.store);
    store.expire();
    let closed = store.points_in_time.remove(&id).is_some();
    let status = if closed {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    Ok(Reply::json(
        status,
        json!({"succeeded": closed, "num_freed": u8::from(closed)}),
    ))
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
