//! Bulk: many writes in one request, each with an outcome of its own.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{check_id, target, written};
use super::error::ApiError;
use super::reply::Reply;
use super::state::{Use, count};
use super::update;
use crate::store::{Expected, Store};
use crate::sync::lock;

struct Item<'b> {
    verb: &'static str,
    meta: Map<String, Value>,
    source: &'b [u8],
}

pub(crate) fn bulk(call: &Call<'_>) -> Result<Reply, ApiError> {
    let items = parse(&call.body)?;
    let mut store = lock(&call.shared.store);
    let mut errors = false;
    let outcomes: Vec<Value> = items
        .iter()
        .map(|item| {
            let (outcome, failed) = carry_out(call, &mut store, item);
            errors |= failed;
            json!({item.verb: outcome})
        })
        .collect();
    Ok(Reply::chunked(json!({"took": 1, "errors": errors, "items": outcomes})))
}

fn parse(body: &[u8]) -> Result<Vec<Item<'_>>, ApiError> {
    if body.is_empty() {
        return Err(ApiError::parsing("request body is required"));
    }
    if body.last() != Some(&b'\n') {
        return Err(ApiError::illegal_argument(
            "The bulk request must be terminated by a newline [\\n]",
        ));
    }
    let mut lines =
        body.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let mut items = Vec::new();
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        let (verb, meta) = action(line, number)?;
        let source = match verb {
            "delete" => &[],
            _ => lines.next().ok_or_else(|| {
                ApiError::bad_request(
                    "action_request_validation_exception",
                    "Validation Failed: 1: no requests added;",
                )
            })?,
        };
        items.push(Item { verb, meta, source });
    }
    if items.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    Ok(items)
}

fn action(line: &[u8], number: usize) -> Result<(&'static str, Map<String, Value>), ApiError> {
    let malformed = |what: &str| {
        ApiError::illegal_argument(format!("Malformed action/metadata line [{number}], {what}"))
    };
    let Value::Object(mut fields) = serde_json::from_slice::<Value>(line)? else {
        return Err(malformed("expected START_OBJECT"));
    };
    for verb in ["index", "create", "update", "delete"] {
        match fields.remove(verb) {
            Some(Value::Object(meta)) => return Ok((verb, meta)),
            Some(_) => return Err(malformed("expected START_OBJECT")),
            None => {}
        }
    }
    Err(malformed("expected field [create], [delete], [index] or [update]"))
}

/// The item's outcome, and whether it failed.
fn carry_out(call: &Call<'_>, store: &mut Store, item: &Item<'_>) -> (Value, bool) {
    let text = |name: &str| item.meta.get(name).and_then(Value::as_str);
    let index = text("_index").unwrap_or_else(|| call.part("index")).to_owned();
    let id = match text("_id") {
        Some(id) => id.to_owned(),
        None => store.next_id(),
    };
    match write(call, store, item, &index, &id) {
        Ok((mut outcome, status)) => {
            if let Some(fields) = outcome.as_object_mut() {
                fields.insert("status".to_owned(), status.as_u16().into());
            }
            (outcome, false)
        }
        Err(error) => {
            let outcome = json!({"_index": index, "_id": id, "status": error.status.as_u16(), "error": error.cause()});
            (outcome, true)
        }
    }
}

fn write(
    call: &Call<'_>,
    store: &mut Store,
    item: &Item<'_>,
    index: &str,
    id: &str,
) -> Result<(Value, StatusCode), ApiError> {
    if index.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: index is missing;",
        ));
    }
    check_id(id)?;
    let number = |name: &str| item.meta.get(name).and_then(Value::as_u64);
    let expected = Expected {
        absent: item.verb == "create",
        seq_no_and_term: number("if_seq_no").zip(number("if_primary_term")),
        external_version: external_version(&item.meta),
    };
    let index = target(call, store, index)?;
    let name = index.name.clone();
    let routing = item.meta.get("routing").and_then(Value::as_str).or(call.params.get("routing"));
    count(call, index, index.shard_of(id, routing), Use::Write);
    match item.verb {
        "delete" => {
            let (gone, existed) = index.remove(id, expected)?;
            let (status, result) = if existed {
                (StatusCode::OK, "deleted")
            } else {
                (StatusCode::NOT_FOUND, "not_found")
            };
            Ok((written(call, &name, &gone, result), status))
        }
        "update" => {
            let request = serde_json::from_slice::<Map<String, Value>>(item.source)?;
            let (document, result) = update::apply(index, id, &request, expected)?;
            let status = if result == "created" { StatusCode::CREATED } else { StatusCode::OK };
            Ok((written(call, &name, &document, result), status))
        }
        _ => {
            let source = serde_json::from_slice(item.source).map_err(|error| {
                ApiError::bad_request(
                    "document_parsing_exception",
                    format!("[1:{}] failed to parse: {error}", error.column()),
                )
            })?;
            let routing = routing.map(str::to_owned);
            let (document, new) = index.put(id, source, routing, expected)?;
            let (status, result) =
                if new { (StatusCode::CREATED, "created") } else { (StatusCode::OK, "updated") };
            Ok((written(call, &name, &document, result), status))
        }
    }
}

fn external_version(meta: &Map<String, Value>) -> Option<(u64, bool)> {
    let version = meta.get("version").and_then(Value::as_u64)?;
    match meta.get("version_type").and_then(Value::as_str) {
        Some("external") => Some((version, false)),
        Some("external_gte") => Some((version, true)),
        _ => None,
    }
}
