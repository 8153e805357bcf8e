//! Partial updates: `doc`, `upsert`, `doc_as_upsert`, `detect_noop`.

use http::StatusCode;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::document::{Kind, Target, check_refresh, expected, refresh, status_of, written};
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
    let update = Update::read(&call.object()?, &call.body)?;
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
    let id = call.part("id");
    let shard = index.shard_of(id, routing.as_deref());
    count(call, index, shard, Use::Write);
    let (document, result) = update.apply(index, id, routing, expected)?;
    refresh(call, index);
    let mut body = written(call, index, &document, result);
    if result == "noop" {
        body.insert("_shards", json!({"total": 0, "successful": 0, "failed": 0}));
    }
    let asked = SourceFilter::from_params(&call.params)?;
    let filter = update.filter.or(asked);
    add_get(&mut body, filter.as_ref(), index, &document);
    Ok(Reply::json(status_of(result), body))
}

/// Adds the document after an update, as far as the request asks for it.
pub(crate) fn add_get(
    body: &mut Json,
    filter: Option<&SourceFilter>,
    index: &Index,
    document: &Document,
) {
    if let Some(source) = filter.and_then(|filter| filter.apply(index, document)) {
        let got = object! {
            "_seq_no": document.seq_no,
            "_primary_term": document.primary_term,
            "found": true,
            "_source": source,
        };
        body.insert("get", got);
    }
}

/// The body of an update.
pub(crate) struct Update {
    /// Members of the document that are changed.
    part: Option<Json>,
    /// The document where there is none.
    first: Option<Json>,
    detects_noop: bool,
    pub filter: Option<SourceFilter>,
}

impl Update {
    /// Reads a request, and once more its text, which has the order of members.
    ///
    /// # Errors
    /// 400 for what no update has, and for scripts.
    pub fn read(request: &Map<String, Value>, text: &[u8]) -> Result<Self, ApiError> {
        let fields = Fields::new(Reader::Section, "UpdateRequest", request);
        fields.unsupported(&["script", "scripted_upsert"])?;
        let object = |name: &str| match fields.get(name)? {
            Some(value) if !value.is_object() => Err(fields.wrong(name, value)),
            value => Ok(value),
        };
        let has_doc = object("doc")?.is_some();
        object("upsert")?;
        let part_is_first = fields.flag("doc_as_upsert")?.unwrap_or(false);
        let detects_noop = fields.flag("detect_noop")?.unwrap_or(true);
        let filter = fields.get("_source")?;
        for name in ["if_seq_no", "if_primary_term"] {
            fields.integer(name)?;
        }
        fields.finish()?;
        if !has_doc {
            return Err(nothing());
        }
        let ordered = Json::deserialize(&mut serde_json::Deserializer::from_slice(text))?;
        let member = |name: &str| match &ordered {
            Json::Object(members) => members
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone()),
            _ => None,
        };
        let part = member("doc");
        Ok(Self {
            first: member("upsert").or_else(|| part.clone().filter(|_| part_is_first)),
            part,
            detects_noop,
            filter: filter.map(SourceFilter::from_json).transpose()?,
        })
    }

    /// Carries out the update and says what came of it: `created`, `updated` or `noop`.
    ///
    /// # Errors
    /// 404 without a document to change or create, 409 when `expected` does not hold.
    pub fn apply(
        &self,
        index: &mut Index,
        id: &str,
        routing: Option<String>,
        expected: Expected,
    ) -> Result<(Document, &'static str), ApiError> {
        let shard = index.shard_of(id, routing.as_deref());
        let Some(current) = index.document(shard, id).cloned() else {
            let Some(first) = &self.first else {
                return Err(ApiError::new(
                    StatusCode::NOT_FOUND,
                    "document_missing_exception",
                    format!("[{id}]: document missing"),
                )
                .with("index", &*index.name)
                .with("shard", "0"));
            };
            let (document, _) = index.put(id, NewSource::of(first), routing, expected)?;
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
        let part = self.part.clone().ok_or_else(nothing)?;
        let mut source = Json::parse(&current.raw);
        merge(&mut source, part);
        let changed = NewSource::of(&source);
        if self.detects_noop && changed.value == current.source() {
            return Ok(((*current).clone(), "noop"));
        }
        let routing = routing.or_else(|| current.routing.clone());
        let (document, _) = index.put(id, changed, routing, expected)?;
        Ok(((*document).clone(), "updated"))
    }
}

fn nothing() -> ApiError {
    ApiError::bad_request(
        "action_request_validation_exception",
        "Validation Failed: 1: script or doc is missing;",
    )
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
