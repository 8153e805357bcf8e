//! Bulk: many writes in one request, each with an outcome of its own.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{Kind, Target, check_id, check_refresh, refresh, written};
use super::error::ApiError;
use super::ingest::{self, Incoming, Plan, dropped};
use super::reply::Reply;
use super::state::{Use, count};
use super::update;
use crate::json::object;
use crate::store::{Expected, NewSource, Store};
use crate::sync::lock;

struct Item<'b> {
    verb: &'static str,
    meta: Map<String, Value>,
    source: &'b [u8],
}

pub(crate) fn bulk(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_refresh(call)?;
    let items = parse(&call.body)?;
    check_items(call, &items)?;
    let mut store = lock(&call.shared.store);
    let mut errors = false;
    let mut ingested = false;
    let outcomes: Vec<Value> = items
        .iter()
        .map(|item| {
            let (outcome, failed) = carry_out(call, &mut store, item, &mut ingested);
            errors |= failed;
            json!({item.verb: outcome})
        })
        .collect();
    let mut response = object! {"errors": errors, "took": 1};
    if ingested {
        response.insert("ingest_took", 0);
    }
    response.insert("items", Value::Array(outcomes));
    Ok(Reply::chunked(response))
}

/// Refuses the whole request for what can be seen to be wrong with an item before any is carried
/// out.
fn check_items(call: &Call<'_>, items: &[Item<'_>]) -> Result<(), ApiError> {
    for item in items {
        let named = item
            .meta
            .get("_index")
            .and_then(Value::as_str)
            .unwrap_or_else(|| call.part("index"));
        if named.is_empty() {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: index is missing;",
            ));
        }
        if item.verb == "update" {
            let request = serde_json::from_slice::<Map<String, Value>>(item.source)?;
            update::check(&request)?;
        }
    }
    Ok(())
}

fn parse(body: &[u8]) -> Result<Vec<Item<'_>>, ApiError> {
    if body.is_empty() {
        return Err(ApiError::bad_request(
            "parse_exception",
            "request body is required",
        ));
    }
    if body.last() != Some(&b'\n') {
        return Err(ApiError::illegal_argument(
            "The bulk request must be terminated by a newline [\\n]",
        ));
    }
    let mut lines = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace));
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
            Some(Value::Object(meta)) => {
                check_meta(&meta, number)?;
                if let Some(other) = fields.keys().next() {
                    return Err(malformed(&format!(
                        "expected END_OBJECT but found [{other}]"
                    )));
                }
                return Ok((verb, meta));
            }
            Some(_) => return Err(malformed("expected START_OBJECT")),
            None => {}
        }
    }
    Err(malformed(
        "expected field [create], [delete], [index] or [update]",
    ))
}

const META: [&str; 12] = [
    "_index",
    "_id",
    "routing",
    "version",
    "version_type",
    "if_seq_no",
    "if_primary_term",
    "require_alias",
    "require_data_stream",
    "pipeline",
    "retry_on_conflict",
    "_source",
];

fn check_meta(meta: &Map<String, Value>, number: usize) -> Result<(), ApiError> {
    for (name, value) in meta {
        if name == "dynamic_templates" {
            return Err(ApiError::unsupported(format!("[{name}] in a bulk action")));
        }
        if !META.contains(&name.as_str()) {
            return Err(ApiError::illegal_argument(format!(
                "Action/metadata line [{number}] contains an unknown parameter [{name}]"
            )));
        }
        if matches!(value, Value::Object(_) | Value::Array(_)) && name != "_source" {
            return Err(ApiError::illegal_argument(format!(
                "Malformed action/metadata line [{number}], expected a simple value for field [{name}] but found [{}]",
                crate::strict::token(value)
            )));
        }
    }
    Ok(())
}

/// The item's outcome, and whether it failed.
fn carry_out(
    call: &Call<'_>,
    store: &mut Store,
    item: &Item<'_>,
    ingested: &mut bool,
) -> (Value, bool) {
    let text = |name: &str| item.meta.get(name).and_then(Value::as_str);
    let index = text("_index")
        .unwrap_or_else(|| call.part("index"))
        .to_owned();
    let id = match item.meta.get("_id") {
        Some(Value::String(id)) => id.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => store.next_id(),
    };
    let mut named = Named {
        index: index.clone(),
        id: item.meta.get("_id").map(|_| id.clone()),
        ingested: false,
    };
    let written = write(call, store, item, &index, &id, &mut named);
    *ingested |= named.ingested;
    match written {
        Ok((mut outcome, status)) => {
            if let Some(fields) = outcome.as_object_mut() {
                fields.insert("status".to_owned(), status.as_u16().into());
            }
            (outcome, false)
        }
        Err(error) => {
            let outcome = json!({"_index": named.index, "_id": named.id, "status": error.status.as_u16(), "error": error.cause()});
            (outcome, true)
        }
    }
}

/// The index and id that a failed item shows: those of the request until the index is found.
struct Named {
    index: String,
    id: Option<String>,
    /// Whether the item has a pipeline.
    ingested: bool,
}

fn write(
    call: &Call<'_>,
    store: &mut Store,
    item: &Item<'_>,
    index: &str,
    id: &str,
    named: &mut Named,
) -> Result<(Value, StatusCode), ApiError> {
    if index.is_empty() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: index is missing;",
        ));
    }
    check_id(id)?;
    if item
        .meta
        .get("_id")
        .is_some_and(|id| id.as_str() == Some(""))
    {
        return Err(ApiError::bad_request(
            "illegal_argument_exception",
            "if _id is specified it must not be empty",
        ));
    }
    let number = |name: &str| item.meta.get(name).and_then(Value::as_u64);
    let expected = Expected {
        absent: item.verb == "create",
        seq_no_and_term: number("if_seq_no").zip(number("if_primary_term")),
        external_version: external_version(&item.meta),
    };
    let kind = if item.verb == "index" || item.verb == "create" {
        Kind::of(expected)
    } else {
        Kind::Change
    };
    let mut target = target(call, item, index, kind)?;
    let asked = item
        .meta
        .get("pipeline")
        .and_then(Value::as_str)
        .or(call.params.get("pipeline"));
    let mut changed = None;
    if item.verb == "update" {
        ingest::refuse(store, index, asked)?;
    } else if item.verb != "delete" {
        let plan = Plan::of(store, index, asked)?;
        if !plan.is_empty() {
            named.ingested = true;
            let own_id = named.id.clone();
            named.id.get_or_insert_with(|| "auto-generated".to_owned());
            let source = NewSource::read(item.source)?;
            let routing = target.routing.map(str::to_owned);
            let incoming = Incoming {
                index: index.to_owned(),
                id: own_id,
                routing,
                source,
            };
            changed = incoming.through(plan, store)?;
            if changed.is_none() {
                return Ok((dropped(index, named.id.as_deref()), StatusCode::OK));
            }
        }
    }
    let mut id = id;
    if let Some(changed) = &changed {
        target.name = &changed.index;
        target.routing = changed.routing.as_deref();
        id = changed.id.as_deref().unwrap_or(id);
    }
    let (index, routing) = match item.verb {
        "delete" if expected.external_version.is_none() => target.existing(store)?,
        _ => target.open(store)?,
    };
    let name = index.name.clone();
    (named.index, named.id) = (name.to_string(), Some(id.to_owned()));
    count(
        call,
        index,
        index.shard_of(id, routing.as_deref()),
        Use::Write,
    );
    match item.verb {
        "delete" => {
            let (gone, existed) = index.remove(id, routing.as_deref(), expected)?;
            refresh(call, index);
            let (status, result) = if existed {
                (StatusCode::OK, "deleted")
            } else {
                (StatusCode::NOT_FOUND, "not_found")
            };
            Ok((written(call, index, &gone, result), status))
        }
        "update" => {
            let request = serde_json::from_slice::<Map<String, Value>>(item.source)?;
            let (document, result) =
                update::apply(index, id, &request, item.source, routing, expected)?;
            refresh(call, index);
            let status = if result == "created" {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok((written(call, index, &document, result), status))
        }
        _ => {
            let source = match &changed {
                Some(changed) => changed.source.clone(),
                None => NewSource::read(item.source)?,
            };
            let (document, new) = index.put(id, source, routing, expected)?;
            refresh(call, index);
            let (status, result) = if new {
                (StatusCode::CREATED, "created")
            } else {
                (StatusCode::OK, "updated")
            };
            Ok((written(call, index, &document, result), status))
        }
    }
}

/// Reads the target of an item; its own members take precedence over the request's parameters.
fn target<'a>(
    call: &'a Call<'_>,
    item: &'a Item<'_>,
    index: &'a str,
    kind: Kind,
) -> Result<Target<'a>, ApiError> {
    let request = Target::of(call, kind)?;
    let flag = |name: &str| match item.meta.get(name) {
        Some(Value::String(text)) => Some(text == "true"),
        value => value.and_then(Value::as_bool),
    };
    Ok(Target {
        name: index,
        routing: item
            .meta
            .get("routing")
            .and_then(Value::as_str)
            .or(request.routing),
        require_alias: flag("require_alias").unwrap_or(request.require_alias),
        require_data_stream: flag("require_data_stream").unwrap_or(request.require_data_stream),
        ..request
    })
}

fn external_version(meta: &Map<String, Value>) -> Option<(u64, bool)> {
    let version = meta.get("version").and_then(Value::as_u64)?;
    match meta.get("version_type").and_then(Value::as_str) {
        Some("external") => Some((version, false)),
        Some("external_gte") => Some((version, true)),
        _ => None,
    }
}
