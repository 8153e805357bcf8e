//! Several reads in one request: `_mget` and `_msearch`.

use serde_json::{Map, Value, json};

use super::access::{Action, authorize};
use super::call::Call;
use super::document::{lookup, shown};
use super::error::ApiError;
use super::reply::Reply;
use super::router::is_pattern;
use super::search::run;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::store::Store;
use crate::sync::lock;

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let body = call.required_object()?;
    let default = SourceFilter::from_params(&call.params);
    let store = lock(&call.shared.store);
    let mut documents = Vec::new();
    if let Some(Value::Array(entries)) = body.get("docs") {
        for entry in entries {
            let index =
                entry.get("_index").and_then(Value::as_str).unwrap_or_else(|| call.part("index"));
            let id = entry.get("_id").map(text).unwrap_or_default();
            let filter =
                entry.get("_source").map_or_else(|| default.clone(), SourceFilter::from_json);
            documents.push(one(call, &store, index, &id, &filter)?);
        }
    } else if let Some(Value::Array(ids)) = body.get("ids") {
        for id in ids {
            documents.push(one(call, &store, call.part("index"), &text(id), &default)?);
        }
    }
    if documents.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no documents to get;",
        ));
    }
    Ok(Reply::ok(json!({"docs": documents})))
}

fn one(
    call: &Call<'_>,
    store: &Store,
    index: &str,
    id: &str,
    filter: &SourceFilter,
) -> Result<Value, ApiError> {
    if index.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: index is missing for doc 0;",
        ));
    }
    let found = authorize(&call.identity, Action::Read, "_mget", &[index.to_owned()])
        .and_then(|()| lookup(store, index, id));
    Ok(match found {
        Ok((index, document)) => {
            count(call, index, index.shard_of(id, call.params.get("routing")), Use::Get);
            shown(call, &index.name, id, document, filter)
        }
        Err(error) => json!({"_index": index, "_id": id, "error": error.to_json().get("error")}),
    })
}

/// Ids may be numbers too.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn search(call: &Call<'_>) -> Result<Reply, ApiError> {
    if call.body.last() != Some(&b'\n') {
        return Err(ApiError::illegal_argument(
            "The msearch request must be terminated by a newline [\\n]",
        ));
    }
    let mut lines = call.body.split(|byte| *byte == b'\n');
    let store = lock(&call.shared.store);
    let mut responses = Vec::new();
    while let (Some(header), Some(body)) = (lines.next(), lines.next()) {
        if body.is_empty() {
            break;
        }
        let header = header_of(header)?;
        let body: Map<String, Value> = serde_json::from_slice(body)?;
        let index = header.get("index").map_or_else(|| call.part("index").to_owned(), index_list);
        responses.push(part(call, &store, &index, &body));
    }
    if responses.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    Ok(Reply::chunked(json!({"took": 1, "responses": responses})))
}

/// An empty header line stands for one without fields.
fn header_of(line: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    Ok(serde_json::from_slice(line)?)
}

fn index_list(value: &Value) -> String {
    match value {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        value => text(value),
    }
}

fn part(call: &Call<'_>, store: &Store, index: &str, body: &Map<String, Value>) -> Value {
    // Wildcards find only what the caller may read.
    let spelled = index.split(',').filter(|name| !name.is_empty() && !is_pattern(name));
    let names: Vec<String> = spelled.map(str::to_owned).collect();
    let outcome = authorize(&call.identity, Action::Read, "_msearch", &names)
        .and_then(|()| run(call, store, index, body));
    match outcome {
        Ok(mut answer) => {
            if let Some(fields) = answer.as_object_mut() {
                fields.insert("status".to_owned(), 200.into());
            }
            answer
        }
        Err(error) => error.to_json(),
    }
}
