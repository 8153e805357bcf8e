//! Partial updates: `doc`, `upsert`, `doc_as_upsert`, `detect_noop`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{Kind, Target, check_refresh, expected, refresh, written};
use super::error::ApiError;
use super::ingest;
use super::reply::Reply;
use super::source_filter::SourceFilter;
use super::state::{Use, count};
use crate::json::{Json, object};
use crate::store::{Document, Expected, Index, NewSource};
use crate::strict::{Fields, Reader};
use crate::sync::lock;

pub(crate) fn update(call: &Call<'_>) -> Result<Reply, ApiError> {
    check_refresh(call)?;
    let request = call.required_object()?;
    let expected = expected(call)?;
    let retries = call.params.count("retry_on_conflict")?.unwrap_or(0);
    if retries > 0 && expected.seq_no_and_term.is_some() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: compare and write operations can not be retried;",
        ));
    }
    let mut store = lock(&call.shared.store);
    ingest::refuse(&store, call.part("index"), None)?;
    let (index, routing) = Target::of(call, Kind::Change)?.open(&mut store)?;
    count(
        call,
        index,
        index.shard_of(call.part("id"), routing.as_deref()),
        Use::Write,
    );
    let (document, result) = apply(
        index,
        call.part("id"),
        &request,
        &call.body,
        routing,
        expected,
    )?;
    refresh(call, index);
    let status = if result == "created" {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut body = Json::from(written(call, index, &document, result)).opened();
    if result == "noop" {
        body.insert("_shards", json!({"total": 0, "successful": 0, "failed": 0}));
    }
    let filter = match SourceFilter::from_params(&call.params)? {
        Some(filter) => Some(filter),
        None => request
            .get("_source")
            .map(SourceFilter::from_json)
            .transpose()?,
    };
    if let Some(source) = filter.and_then(|filter| filter.apply(index, &document)) {
        let got = object! {
            "_seq_no": document.seq_no,
            "_primary_term": document.primary_term,
            "found": true,
            "_source": source,
        };
        body.insert("get", got);
    }
    Ok(Reply::json(status, body))
}

/// Refuses members that no update has.
///
/// # Errors
/// 400 for them.
pub(crate) fn check(request: &Map<String, Value>) -> Result<(), ApiError> {
    let fields = Fields::new(Reader::Section, "UpdateRequest", request);
    fields.unsupported(&["script", "scripted_upsert"])?;
    for name in [
        "doc",
        "upsert",
        "doc_as_upsert",
        "detect_noop",
        "_source",
        "if_seq_no",
        "if_primary_term",
    ] {
        fields.raw(name);
    }
    fields.finish()
}

/// Carries out an update and says what came of it: `created`, `updated` or `noop`.
///
/// # Errors
/// 404 without document and upsert, 400 for scripts (there are none here), 409.
pub(crate) fn apply(
    index: &mut Index,
    id: &str,
    request: &Map<String, Value>,
    text: &[u8],
    routing: Option<String>,
    expected: Expected,
) -> Result<(Document, &'static str), ApiError> {
    let fields = Fields::new(Reader::Section, "UpdateRequest", request);
    fields.unsupported(&["script", "scripted_upsert"])?;
    let object = |name: &str| match fields.get(name)? {
        Some(value) if !value.is_object() => Err(fields.wrong(name, value)),
        value => Ok(value),
    };
    let partial = object("doc")?;
    let upsert = object("upsert")?;
    let as_upsert = fields.flag("doc_as_upsert")?.unwrap_or(false);
    let detect = fields.flag("detect_noop")?.unwrap_or(true);
    fields.raw("_source");
    for name in ["if_seq_no", "if_primary_term"] {
        fields.integer(name)?;
    }
    fields.finish()?;
    // Once more, with the order of members.
    let ordered: Json = serde_json::from_slice(text)?;
    let part = |name: &str| match &ordered {
        Json::Object(members) => members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone()),
        _ => None,
    };
    if partial.is_none() && upsert.is_none() {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: script or doc is missing;",
        ));
    }
    let shard = index.shard_of(id, routing.as_deref());
    let Some(current) = index.document(shard, id).cloned() else {
        let first = if upsert.is_some() {
            part("upsert")
        } else {
            part("doc").filter(|_| as_upsert)
        };
        let Some(source) = first else {
            return Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "document_missing_exception",
                format!("[{id}]: document missing"),
            )
            .with("index", &*index.name)
            .with("shard", "0"));
        };
        let (document, _) = index.put(id, NewSource::of(&source), routing, expected)?;
        return Ok(((*document).clone(), "created"));
    };
    if !index.mapping.source_enabled {
        return Err(ApiError::bad_request(
            "document_source_missing_exception",
            format!("[{id}]: document source missing"),
        )
        .with("index", &*index.name));
    }
    index.check(id, shard, expected)?;
    let Some(partial) = part("doc") else {
        return Err(ApiError::bad_request(
            "action_request_validation_exception",
            "Validation Failed: 1: script or doc is missing;",
        ));
    };
    let mut source = Json::parse(&current.raw);
    merge(&mut source, partial);
    let changed = NewSource::of(&source);
    if detect && changed.value == current.source() {
        return Ok(((*current).clone(), "noop"));
    }
    let (document, _) = index.put(
        id,
        changed,
        routing.or_else(|| current.routing.clone()),
        expected,
    )?;
    Ok(((*document).clone(), "updated"))
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (name, value) in from {
                match into.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => merge(known, value),
                    None => into.push((name, value)),
                }
            }
        }
        (into, from) => *into = from,
    }
}
