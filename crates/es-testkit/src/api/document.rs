//! Single documents: index, create, get, `_source`, delete.

use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

use super::call::Call;
use super::error::ApiError;
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::json::{Json, object};
use crate::store::{Document, Expected, Index, NewSource, Store};
use crate::sync::lock;

pub(crate) fn index(call: &Call<'_>) -> Result<Reply, ApiError> {
    write(call, call.params.get("op_type") == Some("create"))
}

pub(crate) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    write(call, true)
}

fn write(call: &Call<'_>, absent: bool) -> Result<Reply, ApiError> {
    if call.body.is_empty() {
        return Err(ApiError::bad_request("parse_exception", "request body is required"));
    }
    if let Some(wrong) = call.params.get("op_type").filter(|op| !matches!(*op, "index" | "create"))
    {
        return Err(ApiError::illegal_argument(format!(
            "opType must be 'create' or 'index', found: [{wrong}]"
        )));
    }
    check_refresh(call)?;
    let source = NewSource::read(&call.body)?;
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
    refresh(call, index);
    let name = index.name.to_string();
    let (status, result) =
        if new { (StatusCode::CREATED, "created") } else { (StatusCode::OK, "updated") };
    let reply = Reply::json(status, written(call, &name, &document, result));
    Ok(if new { reply.header(LOCATION, &location(&name, &id)) } else { reply })
}

/// Refuses a `refresh` that there is not, before anything is written.
///
/// # Errors
/// 400 for it.
pub(crate) fn check_refresh(call: &Call<'_>) -> Result<(), ApiError> {
    match call.params.get("refresh") {
        None | Some("" | "true" | "false" | "wait_for") => Ok(()),
        Some(other) => {
            Err(ApiError::illegal_argument(format!("Unknown value for refresh: [{other}].")))
        }
    }
}

/// Refreshes an index where the request asks for it.
pub(crate) fn refresh(call: &Call<'_>, index: &mut Index) {
    if matches!(call.params.get("refresh"), Some("" | "true" | "wait_for")) {
        index.refresh();
    }
}

pub(crate) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_refresh(call)?;
    let expected = expected(call)?;
    let mut store = lock(&call.shared.store);
    let index = existing(&mut store, call.part("index"))?;
    count(call, index, index.shard_of(call.part("id"), call.params.get("routing")), Use::Write);
    let (gone, existed) = index.remove(call.part("id"), expected)?;
    refresh(call, index);
    let (status, result) =
        if existed { (StatusCode::OK, "deleted") } else { (StatusCode::NOT_FOUND, "not_found") };
    Ok(Reply::json(status, written(call, &index.name, &gone, result)))
}

pub(crate) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params)?.unwrap_or_default();
    let store = lock(&call.shared.store);
    let (index, found) = read(call, &store)?;
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok(Reply::json(status, shown(call, index, call.part("id"), found, &filter)))
}

pub(crate) fn source(call: &Call<'_>) -> Result<Reply, ApiError> {
    let filter = SourceFilter::from_params(&call.params)?.unwrap_or_default();
    if filter.is_hidden() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: fetching source can not be disabled;",
        ));
    }
    let store = lock(&call.shared.store);
    let (index, found) = read(call, &store)?;
    match found.and_then(|document| filter.apply(index, document)) {
        Some(source) => Ok(Reply::ok(source)),
        None => {
            let text = format!("Document not found [{}]/[{}]", index.name, call.part("id"));
            Err(ApiError::new(StatusCode::NOT_FOUND, "resource_not_found_exception", text))
        }
    }
}

/// The document of the request: as it was written last, or with `realtime=false` as searches see
/// it.
fn read<'s>(
    call: &Call<'_>,
    store: &'s Store,
) -> Result<(&'s Index, Option<&'s Document>), ApiError> {
    let id = call.part("id");
    let (index, found) = lookup(store, call.part("index"), id)?;
    count(call, index, index.shard_of(id, call.params.get("routing")), Use::Get);
    let realtime = call.params.flag("realtime")?.unwrap_or(true);
    let found = match (&index.searched, realtime) {
        (Some(seen), false) => seen.get(id).map(AsRef::as_ref),
        _ => found,
    };
    let found =
        found.filter(|document| document.shard == index.shard_of(id, call.params.get("routing")));
    if let (Some(wanted), Some(document)) = (call.params.number("version")?, found)
        && wanted != document.version
    {
        return Err(ApiError::conflict(
            &index.name,
            format!(
                "[{id}]: version conflict, current version [{}] is different than the one provided [{wanted}]",
                document.version
            ),
        ));
    }
    Ok((index, found))
}

/// The index that a deletion goes to, which is not made.
///
/// # Errors
/// 404 when it does not exist.
pub(crate) fn existing<'s>(store: &'s mut Store, name: &str) -> Result<&'s mut Index, ApiError> {
    let target = store.write_target(name)?.ok_or_else(|| ApiError::no_such_index(name))?;
    store.indices.get_mut(&target).ok_or_else(|| ApiError::no_such_index(name))
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
    let target = store.read_target(name)?.ok_or_else(|| ApiError::no_such_index(name))?;
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
    if call.params.flag("require_alias")? == Some(true)
        && (existing.is_none() || store.indices.contains_key(name))
    {
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

/// The response to a write.
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

/// The response to a read.
pub(crate) fn shown(
    call: &Call<'_>,
    index: &Index,
    id: &str,
    found: Option<&Document>,
    filter: &SourceFilter,
) -> Json {
    let mut body = object! {"_index": &*index.name};
    if call.typed() {
        body.insert("_type", "_doc");
    }
    body.insert("_id", id);
    if let Some(document) = found {
        body.insert("_version", document.version);
        body.insert("_seq_no", document.seq_no);
        body.insert("_primary_term", document.primary_term);
        if let Some(routing) = &document.routing {
            body.insert("_routing", routing.as_str());
        }
    }
    body.insert("found", found.is_some());
    if let Some(source) = found.and_then(|document| filter.apply(index, document)) {
        body.insert("_source", source);
    }
    body
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
        (None, None | Some("internal")) => None,
        (Some(_), None | Some("internal")) => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: internal versioning can not be used for optimistic concurrency control. Please use `if_seq_no` and `if_primary_term` instead;",
            ));
        }
        (None, Some("external" | "external_gte")) => {
            return Err(ApiError::bad_request(
                "action_request_validation_exception",
                "Validation Failed: 1: illegal version value [-3] for version type [EXTERNAL];",
            ));
        }
        (_, Some(other)) => {
            return Err(ApiError::illegal_argument(format!("No version type match [{other}]")));
        }
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
