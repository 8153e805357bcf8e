//! Search and count.

mod execute;
mod request;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::state::{self, Use};
use crate::store::{Index, Store};
use crate::sync::lock;

pub(crate) use execute::{Results, execute};
pub(crate) use request::Request;

pub(crate) fn search(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.object()?;
    let mut store = lock(&call.shared.store);
    if let Some(keep) = call.params.get("scroll") {
        return super::scroll::start(call, &mut store, &body, keep);
    }
    Ok(Reply::chunked(run(call, &store, call.part("index"), &body)?))
}

/// One search of a request or of a multi-search.
///
/// # Errors
/// 400 for a bad request, 404 for an index or point in time that does not exist.
pub(crate) fn run(
    call: &Call<'_>,
    store: &Store,
    expression: &str,
    body: &Map<String, Value>,
) -> Result<Value, ApiError> {
    let pit = body.get("pit").and_then(|pit| pit.get("id")).and_then(Value::as_str);
    let request = Request::parse(call, body)?;
    request::check_window(&request)?;
    let (results, shards) = match pit {
        Some(id) => {
            if !expression.is_empty() {
                return Err(ApiError::bad_request(
                    "action_request_validation_exception",
                    "Validation Failed: 1: [indices] cannot be used with point in time. Do not specify any index with point in time.;",
                ));
            }
            let snapshot = store.points_in_time.get(id).ok_or_else(|| super::pit::missing(id))?;
            let indices: Vec<&Index> = snapshot.indices.values().collect();
            (execute(&indices, &request)?, indices.len())
        }
        None => {
            let names = call.resolve(store, expression)?;
            let indices: Vec<&Index> =
                names.iter().filter_map(|name| store.indices.get(name)).collect();
            count_shards(call, &indices);
            (execute(&indices, &request)?, indices.len())
        }
    };
    let mut answer = present(&request, results, shards);
    if let (Some(id), Some(fields)) = (pit, answer.as_object_mut()) {
        fields.insert("pit_id".to_owned(), id.into());
    }
    Ok(answer)
}

fn count_shards(call: &Call<'_>, indices: &[&Index]) {
    for index in indices {
        for shard in index.shards_for(call.params.get("routing")) {
            state::count(call, index, shard, Use::Search);
        }
    }
}

pub(crate) fn count(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.object()?;
    if let Some(name) = body.keys().find(|name| *name != "query") {
        return Err(ApiError::parsing(format!("request does not support [{name}]")));
    }
    let request = Request::parse(call, &body)?;
    let store = lock(&call.shared.store);
    let names = call.indices(&store)?;
    let indices: Vec<&Index> = names.iter().filter_map(|name| store.indices.get(name)).collect();
    count_shards(call, &indices);
    let total = execute(&indices, &request)?.total;
    Ok(Reply::ok(json!({"count": total, "_shards": shards(indices.len())})))
}

pub(crate) fn shards(count: usize) -> Value {
    json!({"total": count, "successful": count, "skipped": 0, "failed": 0})
}

/// The answer to a search.
pub(crate) fn present(request: &Request, results: Results, shard_count: usize) -> Value {
    let mut hits = json!({"max_score": results.max_score, "hits": results.hits});
    if let (Some(limit), Some(fields)) = (request.track_total, hits.as_object_mut()) {
        let relation = if results.total > limit { "gte" } else { "eq" };
        fields.insert(
            "total".to_owned(),
            json!({"value": results.total.min(limit), "relation": relation}),
        );
    }
    let mut answer =
        json!({"took": 1, "timed_out": false, "_shards": shards(shard_count), "hits": hits});
    if let (Some(aggregations), Some(fields)) = (results.aggregations, answer.as_object_mut()) {
        fields.insert("aggregations".to_owned(), aggregations);
    }
    answer
}
