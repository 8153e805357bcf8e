//! Partial updates: `doc`, `upsert`, `doc_as_upsert`, `detect_noop`.

use http::StatusCode;
use serde_json::{Map, Value};

use super::call::Call;
use super::document::{expected, target, written};
use super::error::ApiError;
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::store::{Document, Expected, Index};
use crate::sync::lock;

pub(crate) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = call.required_object()?;
    let expected = expected(call)?;
    let mut store = lock(&call.shared.store);
    let index = target(call, &mut store, call.part("index"))?;
    count(call, index, index.shard_of(call.part("id"), call.params.get("routing")), Use::Write);
    let (document, result) = apply(index, call.part("id"), &request, expected)?;
    let status = if result == "created" { StatusCode::CREATED } else { StatusCode::OK };
    let mut body = written(call, &index.name, &document, result);
    let filter = SourceFilter::from_params(&call.params);
    let asked = call.params.get("_source").is_some() || request.get("_source").is_some();
    if let (true, Some(fields), Some(source)) =
        (asked, body.as_object_mut(), filter.apply(&document.source))
    {
        fields.insert("get".to_owned(), serde_json::json!({"found": true, "_source": source}));
    }
    Ok(Reply::json(status, body))
}

/// Carries out an update and says what came of it: `created`, `updated` or `noop`.
///
/// # Errors
/// 404 without document and upsert, 400 for scripts (there are none here), 409.
pub(crate) fn apply(
    index: &mut Index,
    id: &str,
    request: &Map<String, Value>,
    expected: Expected,
) -> Result<(Document, &'static str), ApiError> {
    if request.contains_key("script") {
        return Err(ApiError::illegal_argument("cannot execute [inline] scripts"));
    }
    let partial = request.get("doc");
    let current = index.documents.get(id).cloned();
    let Some(current) = current else {
        let as_upsert = request.get("doc_as_upsert").and_then(Value::as_bool).unwrap_or(false);
        let first = request.get("upsert").or_else(|| partial.filter(|_| as_upsert));
        let Some(source) = first else {
            return Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "document_missing_exception",
                format!("[{id}]: document missing"),
            )
            .with("index", &*index.name)
            .with("shard", "0"));
        };
        let (document, _) = index.put(id, source.clone(), None, expected)?;
        return Ok(((*document).clone(), "created"));
    };
    let Some(partial) = partial else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: script or doc is missing;",
        ));
    };
    let mut source = current.source.clone();
    merge(&mut source, partial);
    let detect = request.get("detect_noop").and_then(Value::as_bool).unwrap_or(true);
    if detect && source == current.source {
        return Ok(((*current).clone(), "noop"));
    }
    let (document, _) = index.put(id, source, current.routing.clone(), expected)?;
    Ok(((*document).clone(), "updated"))
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
