//! Points in time: a frozen view that many searches can read.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::scroll::KeepAlive;
use super::search::{shard_count, shards};
use crate::store::{Remaining, Snapshot, Store};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn open(call: &Call<'_>) -> Result<Reply, ApiError> {
    let Some(keep) = call.params.get("keep_alive") else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: [keep_alive] is not specified;",
        ));
    };
    let keep = KeepAlive::read("keep_alive", keep)?;
    let body = call.object()?;
    let fields = Fields::new(Reader::Section, "open_point_in_time_request", &body);
    fields.unsupported(&["index_filter"])?;
    fields.finish()?;
    if call.part("index").is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: [index] is not specified;",
        ));
    }
    let mut store = lock(&call.shared.store);
    let source = call.searched(&store, call.part("index"))?;
    let count = shard_count(&source);
    let until = keep.until()?;
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
    let body = call
        .required_object()
        .map_err(|error| error.retyped("parsing_exception", "illegal_argument_exception"))?;
    let fields = Fields::new(Reader::Body, "pit", &body);
    let id = fields.raw("id").and_then(Value::as_str).unwrap_or_default();
    if let Some((name, _)) = fields.rest().first() {
        return Err(ApiError::illegal_argument(format!(
            "Unknown parameter [{name}] in request body or parameter is of the wrong type"
        )));
    }
    check_id(id)?;
    let mut store = lock(&call.shared.store);
    store.expire();
    let closed = store.points_in_time.remove(id);
    // What was kept of an index ended with it.
    let closed = closed.is_some_and(|snapshot| remaining(&store, &snapshot) != Remaining::None);
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

fn remaining(store: &Store, snapshot: &Snapshot) -> Remaining {
    store.remaining(snapshot.indices.iter().map(|(index, _)| &index.uuid))
}

/// Refuses to search what was deleted.
///
/// # Errors
/// 503 without an index, as the shards say it.
pub(crate) fn check_indices(store: &Store, snapshot: &Snapshot) -> Result<(), ApiError> {
    match remaining(store, snapshot) {
        Remaining::All => Ok(()),
        Remaining::Some => Err(ApiError::unsupported(
            "a point in time of an index that was deleted",
        )),
        Remaining::None => Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_shard_available_action_exception",
            "the index was deleted",
        )
        .in_search()),
    }
}

/// Refuses what cannot be the identifier of a point in time.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_id(id: &str) -> Result<(), ApiError> {
    if id.starts_with("pit-") {
        Ok(())
    } else {
        Err(ApiError::illegal_argument(format!("invalid id: [{id}]")))
    }
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
