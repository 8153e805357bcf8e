//! Single documents: index, create, get, `_source`, delete.

use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::store::{Document, Expected, Index, Store};
use crate::sync::lock;

pub(crate) fn index(call: &Call<'_>) -> Result<Reply, ApiError> {
    write(call, call.params.get("op_type") == Some("create"))
}

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    write(call, true)
}

fn write(call: &Call<'_>, absent: bool) -> Result<Reply, ApiError> {
    let source = Value::Object(call.required_object()?);
    let expected = Expected { absent, ..expected(call)? };
    let mut store = lock(&call.shared.store);
    let id = match call.part("id") {
        "" => store.next_id(),
        id => id.to_owned(),
    };
    check_id(&id)?;
    let routing = call.params.get("routing").map(str::to_owned);
    let index = target(call, &mut store, call.part("index"))?;
    count(call, index, index.shard_of(&id, routing.as_deref()), Use::Write);
    let (document, new) = index.put(&id, source, routing, expected)?;
    let name = index.name.to_string();
    let (status, result) =
        if new { (StatusCode::CREATED, "created") } else { (StatusCode::OK, "updated") };
    let reply = Reply::json(status, written(call, &name, &document, result));
    Ok(if new { reply.header(LOCATION, &location(&name, &id)) } else { reply })
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    let expected = expected(call)?;
    let mut store = lock(&call.shared.store);
    let index = target(call, &mut store, call.part("index"))?;
    count(call, index, index.shard_of(call.part("id"), call.params.get("routing")), Use::Write);
    let (gone, existed) = index.remove(call.part("id"), expected)?;
    let (status, result) =
        if existed { (StatusCode::OK, "deleted") } else { (StatusCode::NOT_FOUND, "not_found") };
    Ok(Reply::json(status, written(call, &index.name, &gone, result)))
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params);
    let store = lock(&call.shared.store);
    let (index, found) = lookup(&store, call.part("index"), call.part("id"))?;
    count(call, index, index.shard_of(call.part("id"), call.params.get("routing")), Use::Get);
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let id = call.part("id");
    Ok(Reply::json(status, shown(call, &index.name, id, found, &filter)))
}

pub(crate) fn source(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params);
    let store = lock(&call.shared.store);
    let (index, found) = lookup(&store, call.part("index"), call.part("id"))?;
    count(call, index, index.shard_of(call.part("id"), call.params.get("routing")), Use::Get);
    match found {
        Some(document) => Ok(Reply::ok(filter.apply(&document.source).unwrap_or(Value::Null))),
        None => {
            let text = format!("Document not found [{}]/[{}]", index.name, call.part("id"));
            Err(ApiError::new(StatusCode::NOT_FOUND, "resource_not_found_exception", text))
        }
    }
}

/// The index behind `name` (which may be an alias of one) and the document, if it is there.
///
/// # Errors
/// 404 for an index that does not exist.
pub(crate) fn lookup<'s>(
    store: &'s Store,
    name: &str,
    id: &str,
) -> Result<(&'s Index, Option<&'s Document>), ApiError> {
    let target = store.write_target(name)?.ok_or_else(|| ApiError::no_such_index(name))?;
    let index = store.indices.get(&target).ok_or_else(|| ApiError::no_such_index(name))?;
    Ok((index, index.documents.get(id).map(AsRef::as_ref)))
}

/// The index a write goes to, made when it does not exist.
///
/// # Errors
/// 400 for a name no index may have, 404 where `require_alias` or a wildcard stands in the way.
pub(crate) fn target<'s>(
    call: &Call<'_>,
    store: &'s mut Store,
    name: &str,
) -> Result<&'s mut Index, ApiError> {
    let existing = store.write_target(name)?;
    if existing.is_none() && call.params.flag("require_alias") == Some(true) {
        return Err(ApiError::no_such_index(name));
    }
    let target = match existing {
        Some(target) => target,
        None => {
            super::index::create_empty(store, name)?;
            name.to_owned()
        }
    };
    store.indices.get_mut(&target).ok_or_else(|| ApiError::no_such_index(name))
}

/// The longest id the genuine server takes is 512 bytes.
pub(crate) fn check_id(id: &str) -> Result<(), ApiError> {
    if id.len() <= 512 {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "action_request_validation_exception",
        format!(
            "Validation Failed: 1: id [{id}] is too long, must be no longer than 512 bytes but was: {};",
            id.len()
        ),
    ))
}

/// The answer to a write.
pub(crate) fn written(call: &Call<'_>, index: &str, document: &Document, result: &str) -> Value {
    let mut body = json!({
        "_index": index,
        "_id": document.id,
        "_version": document.version,
        "result": result,
        "_shards": {"total": 2, "successful": 1, "failed": 0},
        "_seq_no": document.seq_no,
        "_primary_term": document.primary_term,
    });
    let forced = matches!(call.params.get("refresh"), Some("" | "true"));
    if let Some(fields) = body.as_object_mut() {
        if forced {
            fields.insert("forced_refresh".to_owned(), true.into());
        }
        if call.typed() {
            fields.insert("_type".to_owned(), "_doc".into());
        }
    }
    body
}

/// The answer to a read.
pub(crate) fn shown(
    call: &Call<'_>,
    index: &str,
    id: &str,
    found: Option<&Document>,
    filter: &SourceFilter,
) -> Value {
    let mut body = Map::new();
    body.insert("_index".to_owned(), index.into());
    body.insert("_id".to_owned(), id.into());
    body.insert("found".to_owned(), found.is_some().into());
    if call.typed() {
        body.insert("_type".to_owned(), "_doc".into());
    }
    if let Some(document) = found {
        body.insert("_version".to_owned(), document.version.into());
        body.insert("_seq_no".to_owned(), document.seq_no.into());
        body.insert("_primary_term".to_owned(), document.primary_term.into());
        if let Some(routing) = &document.routing {
            body.insert("_routing".to_owned(), routing.as_str().into());
        }
        if let Some(source) = filter.apply(&document.source) {
            body.insert("_source".to_owned(), source);
        }
    }
    Value::Object(body)
}

/// The conditions in a request's parameters.
///
/// # Errors
/// 400 for half a condition.
pub(crate) fn expected(call: &Call<'_>) -> Result<Expected, ApiError> {
    let params = &call.params;
    let seq_no_and_term = match (params.number("if_seq_no")?, params.number("if_primary_term")?) {
        (Some(seq_no), Some(term)) => Some((seq_no, term)),
        (None, None) => None,
        _ => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: ifSeqNo and ifPrimaryTerm must be set together;",
            ));
        }
    };
    let external_version = match (params.number("version")?, params.get("version_type")) {
        (Some(version), Some("external")) => Some((version, false)),
        (Some(version), Some("external_gte")) => Some((version, true)),
        _ => None,
    };
    Ok(Expected { absent: false, seq_no_and_term, external_version })
}

/// `/index/_doc/id` with everything encoded that is not unreserved.
fn location(index: &str, id: &str) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
            encoded
        })
    };
    format!("/{}/_doc/{}", encode(index), encode(id))
}
